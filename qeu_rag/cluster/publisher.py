"""Looks at the collections of a home again and again, and publishes each new state of them for replicas to copy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from qeu_rag.cluster.heartbeat import Approvals
from qeu_rag.cluster.tell_once import Telling
from qeu_rag.errors import CollectionError
from qeu_rag.index.approved import approvals_mark, approved_answers
from qeu_rag.index.collection import Collection
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.published import Published, publish, stamp_of

_LOOK_S = 0.25


class Publisher:
    """The published states of a home and its approved answers, up to date within a quarter of a second. Safe between threads."""

    def __init__(self, home: Path, *, tell: Callable[[str], None], lang: str) -> None:
        """``tell`` gets a line for what cannot be published. Nothing is read before ``look``."""
        self._folder = home / "collections"
        self._into = home / "serve" / "published"
        self._tell = tell
        self._lang = lang
        self._telling = Telling(tell, lang)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="publisher", daemon=True)
        self._published: dict[str, Published] = {}
        self._approvals: dict[str, Approvals] = {}

    @property
    def published(self) -> tuple[Published, ...]:
        """The newest published state of each collection."""
        return tuple(self._published.values())

    def approvals(self, marks: Mapping[str, str]) -> dict[str, Approvals]:
        """The approvals of every collection that ``marks`` name, where they are others than those with that mark."""
        known = self._approvals
        return {name: known[name] for name, mark in marks.items() if name in known and known[name].mark != mark}

    def start(self) -> None:
        """Looks from now on, in a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """Looks no more; waits for what is being published."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Publishes what is new; what cannot be is told once and tried again with the next look."""
        names = sorted(path.parent.name for path in self._folder.glob("*/ledger.sqlite"))
        for name in names:
            with self._telling.trying(name):
                self._look_at(name)
        for gone in self._published.keys() - set(names):
            self._published = {name: one for name, one in self._published.items() if name != gone}

    def _look_at(self, name: str) -> None:
        folder = self._folder / name
        with Ledger(folder / "ledger.sqlite") as ledger, ledger.snapshot():
            stamp, mark = stamp_of(ledger), approvals_mark(ledger)
            known = self._approvals.get(name)
            if known is None or known.mark != mark:
                self._approvals = {**self._approvals, name: Approvals(mark=mark, answers=approved_answers(ledger))}
        before = self._published.get(name)
        if not stamp or (before is not None and before.stamp == stamp):
            return
        try:
            self._published = {**self._published, name: publish(folder, self._into / name)}
        except CollectionError as error:
            if error.key != "index_damaged":
                raise
            # Opening mends it, from the ledger; the next look publishes what was made.
            mended, generation = Collection(folder, notify=self._tell, lang=self._lang).open()
            generation.close()
            mended.close()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_S):
            with self._telling.trying("published"):
                self.look()
