"""Tells readers how much of the time for the file at hand is left, so that they end with what they have and not with nothing."""

from __future__ import annotations

import math
import time

_KEPT = 0.25
"""The share of the time that is kept for what comes after reading: joining and splitting."""

_end = math.inf


def begin(seconds: float) -> None:
    """Starts the clock for one file."""
    global _end
    _end = time.monotonic() + seconds * (1 - _KEPT)


def left() -> float:
    """Seconds left for reading; without end where nobody set a limit."""
    return _end - time.monotonic()
