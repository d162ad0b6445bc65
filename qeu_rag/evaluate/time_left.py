"""Estimates how long a run still takes, and tells the user once where that is long."""

from __future__ import annotations

import time
from collections.abc import Callable

from qeu_rag.ingest.report import Progress

LONG = 180.0
"""Seconds that a run may take without a word about it."""

_TRIED = 30  # the first few are slow, as files are read for the first time
_WAITED, _WAITED_LONG = 3.0, 30.0


class Pace:
    """Watches the first questions (or documents) go by and says, as a word, how many minutes the rest will take."""

    def __init__(self, total: int, tell: Callable[..., None], word: str = "slow") -> None:
        """``tell`` gets the word, ``minutes``, and as ``limit`` about how many questions fit into three minutes."""
        self._word = word
        self._total = total
        self._tell = tell
        self._began = time.monotonic()
        self._told = False

    def __call__(self, done: int, *, typical: bool = True) -> None:
        """Hears that ``done`` of them are done since it was made; unless that is ``typical`` it waits longer."""
        seconds = time.monotonic() - self._began
        if self._told or not done or seconds < (_WAITED if typical and done >= _TRIED else _WAITED_LONG):
            return
        if rest := outlook(done, self._total, seconds):
            self._told = True
            minutes, limit = rest
            self._tell(self._word, minutes=minutes, limit=limit)


class Reading:
    """Hands an ingest's progress on, and says where reading in will take long; the word tells whether that can be kept."""

    def __init__(self, progress: Callable[[Progress], None], tell: Callable[..., None], *, kept: bool) -> None:
        """The words are ``slow_reading`` and, with ``kept``, ``slow_reading_kept``."""
        self._progress = progress
        self._tell = tell
        self._word = "slow_reading_kept" if kept else "slow_reading"
        self._pace: Pace | None = None
        self._first = 0
        self._embedded = False

    def __call__(self, step: Progress) -> None:
        """Hears of one step."""
        self._progress(step)
        self._embedded = self._embedded or step.stage == "embed"
        if step.stage != "read":
            return
        if self._pace is None:  # after the first document, whose time holds the start of the readers
            self._pace, self._first = Pace(step.total - step.done, self._tell, self._word), step.done
        # Some hundreds are read before the first are embedded, which takes longer.
        self._pace(step.done - self._first, typical=self._embedded)


def outlook(done: int, total: int, seconds: float) -> tuple[int, int] | None:
    """From ``done`` questions in ``seconds``: the minutes that the rest of ``total`` takes, and how many fit into ``LONG``.

    The second is rounded down to one digit and zeros. None where the rest takes no longer than ``LONG``.
    """
    each = seconds / done
    if each * (total - done) <= LONG:
        return None
    fitting = max(1, int(LONG / each))
    place = 10 ** (len(str(fitting)) - 1)
    return round(each * (total - done) / 60), fitting // place * place
