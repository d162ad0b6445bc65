"""How much longer a run's questions take, told once where that is long."""

from __future__ import annotations

import time
from collections.abc import Callable

LONG = 180.0
"""Seconds that a run may take without a word about it."""

_TRIED = 30  # the first few are slow, as files are read for the first time
_WAITED, _WAITED_LONG = 3.0, 30.0


class Pace:
    """Watches the first questions go by and says, as the word ``slow``, in how many minutes the rest will be asked."""

    def __init__(self, total: int, tell: Callable[..., None]) -> None:
        """``tell`` gets the word, ``minutes``, and as ``limit`` about how many questions fit into three minutes."""
        self._total = total
        self._tell = tell
        self._began = time.monotonic()
        self._told = False

    def __call__(self, done: int) -> None:
        """Hears that ``done`` questions were asked since it was made."""
        seconds = time.monotonic() - self._began
        if self._told or not done or seconds < (_WAITED if done >= _TRIED else _WAITED_LONG):
            return
        self._told = True
        if rest := outlook(done, self._total, seconds):
            minutes, limit = rest
            self._tell("slow", minutes=minutes, limit=limit)


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
