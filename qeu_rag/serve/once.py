"""Keeps what takes long to find out, such as conflicts, until what it was found from has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

T = TypeVar("T")


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
