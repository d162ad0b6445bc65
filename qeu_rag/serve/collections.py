"""The collections of a home, each opened once and ready to answer, with one embedder and model; and what was found in them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Protocol, TypeVar, cast

from qeu_rag.app import KnowHow
from qeu_rag.config import Settings
from qeu_rag.errors import UsageError
from qeu_rag.types import Answer

T = TypeVar("T")


class Collections:
    """Opens collections by name; safe between threads."""

    def __init__(
        self, settings: Settings, *, notify: Callable[[str], None], told: Callable[[Answer], None] | None = None
    ) -> None:
        """``settings`` name the default collection; ``notify`` gets one line for each thing worth telling who runs the server.

        ``told`` gets every answer.
        """
        self.default = settings.collection
        self._folder = settings.home / "collections"
        self._lock = threading.Lock()
        self._first = KnowHow.open(settings=settings, notify=notify, told=told)
        self._opened = {settings.collection: self._first}
        self._ready: set[str] = set()

    def names(self) -> list[str]:
        """Every collection that holds something, and the default one."""
        found = {path.parent.name for path in self._folder.glob("*/ledger.sqlite")}
        return sorted(found | {self.default})

    def open(self, name: str) -> KnowHow:
        """The collection, for reading its ledger. Raises UsageError("collection_unknown")."""
        if name not in self.names():
            raise UsageError("collection_unknown", name=name)
        with self._lock:
            if name not in self._opened:
                self._opened[name] = self._first.beside(name)
            return self._opened[name]

    def ready(self, name: str) -> KnowHow:
        """The collection with all that answers built; raises as ``KnowHow.prepare``. The first call takes seconds."""
        know_how = self.open(name)
        if name not in self._ready:
            with self._lock:
                if name not in self._ready:
                    know_how.prepare()
                    self._ready.add(name)
        return know_how

    def close(self) -> None:
        """Lets go of all files and of the model."""
        with self._lock:
            for know_how in self._opened.values():
                know_how.close()


class HasCollections(Protocol):
    """Whatever serves collections: the server of a team, or of one assistant."""

    @property
    def collections(self) -> Collections: ...  # noqa: D102


class Once:
    """The last finding for each name; two who ask for one at the same time wait for the same work. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._found: dict[Hashable, tuple[Hashable, object]] = {}

    def get(self, name: Hashable, state: Hashable, find: Callable[[], T]) -> T:
        """What ``find`` gives, or gave before in the same ``state``; raises what it raises."""
        with self._lock:
            own = self._locks.setdefault(name, threading.Lock())
        with own:
            known = self._found.get(name)
            if known is None or known[0] != state:
                known = self._found[name] = (state, find())
            return cast(T, known[1])

    def hold(self, name: Hashable) -> threading.Lock:
        """The lock of ``name``, for what must happen one after another."""
        with self._lock:
            return self._locks.setdefault(name, threading.Lock())
