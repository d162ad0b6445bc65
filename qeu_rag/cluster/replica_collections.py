"""The collections of a home as a replica has them: copied, opened beside the last ones, and only then put in their place."""

from __future__ import annotations

import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qeu_rag.app import KnowHow
from qeu_rag.cluster.heartbeat import Approvals, Beat, Noted, Told
from qeu_rag.cluster.tell_once import Telling
from qeu_rag.errors import CollectionError, QeuRagError, UsageError
from qeu_rag.index.approved import approvals_mark, mirror_approved
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.published import Published, copied
from qeu_rag.serve.collections import Collections
from qeu_rag.serve.shared_tokens import SharedRate, ToldTokens
from qeu_rag.types import Answer

if TYPE_CHECKING:
    from qeu_rag.config import Settings

BEAT_S = 0.5
_REST_S = 600.0
"""So long a state that was replaced stays on the disk, for questions that began on it and look once more."""
_NOTED = 10_000
"""So many answers wait for the log of questions while the head is away; then the oldest are dropped, which is told."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """One state of a collection, copied and open."""

    published: Published
    home: Path
    know_how: KnowHow

    def mark(self) -> str:
        """Which approvals it has."""
        with Ledger(self.know_how.collection.ledger_path) as ledger:
            return approvals_mark(ledger)

    def approve(self, approvals: Approvals) -> None:
        """From now on it has these."""
        with Ledger(self.know_how.collection.ledger_path, write=True) as ledger:
            mirror_approved(ledger, approvals.answers, approvals.mark)

    def drop(self) -> None:
        """Closes it and takes it off the disk."""
        self.know_how.close()
        shutil.rmtree(self.home, ignore_errors=True)


class Following(Collections):
    """The collections as the head published them last, followed in a thread. Safe between threads."""

    def __init__(
        self,
        settings: Settings,
        *,
        replica: str,
        ask: Callable[[Beat], Told],
        tokens: ToldTokens,
        rate: SharedRate,
        notify: Callable[[str], None],
        told: Callable[[Answer], None],
        lang: str,
    ) -> None:
        """``settings.home`` is the replica's own folder; ``ask`` asks the head. Nothing is asked before ``begin``."""
        super().__init__(settings, notify=notify, told=told)
        self._settings = settings
        self._replica = replica
        self._ask = ask
        self._tokens = tokens
        self._rate = rate
        self._telling = Telling(notify, lang)
        self._held: dict[str, State] = {}
        self._resting: list[tuple[float, State]] = []
        self._coming: dict[str, Future[State]] = {}
        self._copies = 0
        self._noted: deque[Noted] = deque()
        self._copying = ThreadPoolExecutor(1, thread_name_prefix="copy")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="following", daemon=True)

    def begin(self) -> None:
        """Copies and opens all that is published, and follows from then on. Raises QeuRagError where the head is away."""
        told = self._beat()
        while {one.collection for one in told.published} - self._held.keys():
            for future in list(self._coming.values()):
                future.result()
            told = self._beat()
        self._thread.start()

    def names(self) -> list[str]:
        """Every collection that the head published, and the default one."""
        return sorted({*self._held, self.default})

    def open(self, name: str) -> KnowHow:
        """The collection in its newest state. Raises UsageError("collection_unknown")."""
        if (state := self._held.get(name)) is not None:
            return state.know_how
        if name == self.default:
            return self._first
        raise UsageError("collection_unknown", name=name)

    def ready(self, name: str) -> KnowHow:
        """As ``open``; what is here can answer."""
        know_how = self.open(name)
        if name not in self._held:
            know_how.prepare()  # says what to do where there is nothing
        return know_how

    def close(self) -> None:
        """Follows no more, tells the head what is still to be logged, and lets go of all files."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._copying.shutdown(wait=True, cancel_futures=True)
        for state in (*self._held.values(), *(one for _, one in self._resting)):
            state.know_how.close()
        super().close()

    def _follow(self) -> None:
        last = False
        while not last:
            last = self._ended.wait(BEAT_S)  # and once more at the end, with what is still to be logged
            with self._telling.trying("head"):
                self._beat()

    def _beat(self) -> Told:
        """Asks the head once and does what it tells."""
        fresh = self._arrived()
        current = {**self._held, **fresh}
        noted = [self._noted.popleft() for _ in range(len(self._noted))]
        taken = self._rate.taken()
        try:
            told = self._ask(
                Beat(
                    replica=self._replica,
                    marks={name: state.mark() for name, state in current.items()},
                    taken=taken,
                    noted=tuple(noted),
                )
            )
        except BaseException:
            self._noted.extendleft(reversed(noted))
            self._coming |= {name: _done(state) for name, state in fresh.items()}
            raise
        self._tokens.learn(told.tokens)
        self._rate.taken_elsewhere(told.taken)
        for name, approvals in told.approvals.items():
            current[name].approve(approvals)
        self._put(current, {one.collection for one in told.published})
        for one in told.published:
            held = self._held.get(one.collection)
            if (held is None or held.published.stamp != one.stamp) and one.collection not in self._coming:
                self._coming[one.collection] = self._copying.submit(self._copy, one)
        return told

    def _arrived(self) -> dict[str, State]:
        """The copies that are there now; one that failed is told, and made again where it is still wanted."""
        done = {name: future for name, future in self._coming.items() if future.done()}
        self._coming = {name: future for name, future in self._coming.items() if name not in done}
        arrived = {}
        for name, future in done.items():
            with self._telling.trying(name):
                arrived[name] = future.result()
        return arrived

    def _put(self, current: dict[str, State], published: set[str]) -> None:
        """Puts the newest states in the place of the last ones, which end with the questions that are in them."""
        before = list(self._held.values())
        self._held = {name: state for name, state in current.items() if name in published}
        now = time.monotonic()
        for state in before:
            if state not in self._held.values():
                state.know_how.close()
                self._resting.append((now, state))
        for at, state in self._resting:
            if now - at > _REST_S:
                state.drop()
        self._resting = [(at, state) for at, state in self._resting if now - at <= _REST_S]

    def _copy(self, published: Published) -> State:
        """Copies a state into a folder of its own and makes all ready that answers."""
        self._copies += 1
        name = published.collection
        home = self._settings.home / "states" / f"{self._copies:06d}"
        (home / "collections").mkdir(parents=True)
        try:
            copied(published, home / "collections" / name)
            know_how = self._first.beside(name, home=home, noted=lambda answer: self._note(name, answer))
            with suppress(
                CollectionError
            ):  # who asks is told, as by one server; other collections are not kept waiting
                know_how.prepare()
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise
        return State(published=published, home=home, know_how=know_how)

    def _note(self, collection: str, answer: Answer) -> None:
        """Keeps what the log of questions wants of an answer for the next beat."""
        if len(self._noted) >= _NOTED:
            self._noted.popleft()
            self._telling.wrong("log", QeuRagError("log_overflow", count=_NOTED))
        plain = replace(answer, text="", citations=(), highlights=(), evidence=(), nearest=())
        self._noted.append(Noted(collection=collection, answer=plain, at=datetime.now(UTC)))


def _done(state: State) -> Future[State]:
    future: Future[State] = Future()
    future.set_result(state)
    return future
