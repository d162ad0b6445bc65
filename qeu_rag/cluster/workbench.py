"""What a worker's process keeps open from one task of a run to the next: the home, its embedder, and what reads files."""

from __future__ import annotations

import pickle
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from qeu_rag.errors import ConfigError

if TYPE_CHECKING:
    from qeu_rag.app import KnowHow
    from qeu_rag.config import Settings
    from qeu_rag.ingest.sync import Pool


class Workbench:
    """What one run has open in a worker; nothing is opened before it is needed."""

    def __init__(self, settings: bytes) -> None:
        """``settings`` are the driver's, pickled."""
        self._settings = settings
        self._ends = ExitStack()
        self._passed: set[tuple[str, str]] = set()

    @cached_property
    def know_how(self) -> KnowHow:
        """The home of the run where it is seen from here, else this machine's own, which then keeps only the embedder's cache."""
        from qeu_rag.app import KnowHow
        from qeu_rag.config import Settings

        wanted: Settings = pickle.loads(self._settings)
        if not wanted.home.is_dir():
            wanted = wanted.model_copy(update={"home": Settings().home})
        return self._ends.enter_context(KnowHow.open(settings=wanted))

    @cached_property
    def readers(self) -> Pool:
        """A process that reads one file at a time."""
        return self._ends.enter_context(self.know_how.parts.open_pool())

    def check(self, *, here: str, program: str, fingerprint: str) -> None:
        """Passes where this worker is as the driver: its program is ``here``, the others are the driver's.

        A node may join after all were looked at. Raises ConfigError: "cluster_program", "cluster_vectors".
        """
        if (program, fingerprint) in self._passed:
            return
        if program != here:
            raise ConfigError("cluster_program", node="", theirs=here, ours=program)
        if self.know_how.networks.fingerprint(threads=1) != fingerprint:
            raise ConfigError("cluster_vectors", node="")
        self._passed.add((program, fingerprint))

    def close(self) -> None:
        """Lets go of all of it."""
        self._ends.close()


# Ray gives each task to whatever process is idle, on whatever node, so what outlives a task can belong to the process alone.
# An actor's state would live and die with a process just so; but this program would then have to share the files out among
# actors, begin lost ones anew elsewhere and find nodes that join, all of which Ray does for tasks.
_kept: dict[bytes, Workbench] = {}


def workbench(settings: bytes) -> Workbench:
    """That of the run with these ``settings``, after any other run's was closed: a worker does one task at a time."""
    if settings not in _kept:
        while _kept:
            _kept.popitem()[1].close()
        _kept[settings] = Workbench(settings)
    return _kept[settings]
