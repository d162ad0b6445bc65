"""How many requests a token may make: a bucket that fills steadily and that each request takes one from."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from qeu_rag.errors import UsageError


class Rate:
    """A token bucket for each name; safe between threads. https://en.wikipedia.org/wiki/Token_bucket"""

    def __init__(self, a_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """``a_minute`` requests at most, all of them at once if need be; 0: as many as come."""
        self._full = float(a_minute)
        self._clock = clock
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> None:
        """Takes one for ``name``. Raises UsageError("serve_rate") where none is left, with the seconds until there is."""
        if not self._full:
            return
        with self._lock:
            now = self._clock()
            left, since = self._left.get(name, (self._full, now))
            left = min(self._full, left + (now - since) * self._full / 60)
            if left < 1:
                raise UsageError("serve_rate", seconds=math.ceil((1 - left) * 60 / self._full))
            self._left[name] = (left - 1, now)
