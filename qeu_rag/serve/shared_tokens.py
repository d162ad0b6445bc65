"""What many servers of one home hold in common: the tokens as the head told them, and how often each was used anywhere."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from qeu_rag.errors import QeuRagError
from qeu_rag.serve.tokens import Rate, Token, holder_of

SILENCE_S = 60.0
"""A token that was taken back is refused everywhere within a second; where nothing is heard for so long, all are refused."""
RETRY_S = 5


class ToldTokens:
    """The tokens of the home as they were told last. Safe between threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: tuple[Token, ...] = ()
        self._told = -math.inf

    def learn(self, tokens: Sequence[Token]) -> None:
        """From now on these are the tokens."""
        self._known, self._told = tuple(tokens), self._clock()

    def find(self, secret: str) -> Token | None:
        """The token whose secret this is. Raises QeuRagError("head_silent") where what is known is too old to be trusted."""
        if self._clock() - self._told > SILENCE_S:
            raise QeuRagError("head_silent", seconds=RETRY_S)
        return holder_of(self._known, secret)


class SharedRate(Rate):
    """A token bucket for each name that heeds what was taken at other servers, too. Safe between threads."""

    def __init__(self, a_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """As ``Rate``."""
        super().__init__(a_minute, clock=clock)
        self._counting = threading.Lock()
        self._taken: Counter[str] = Counter()

    def take(self, name: str) -> None:
        """As ``Rate.take``."""
        super().take(name)
        with self._counting:
            self._taken[name] += 1

    def taken(self) -> dict[str, int]:
        """What was taken here since this was last asked."""
        with self._counting:
            found, self._taken = self._taken, Counter()
        return dict(found)

    def taken_elsewhere(self, counts: Mapping[str, int]) -> None:
        """Takes as many as others took; what was taken too often is owed."""
        for name, count in counts.items():
            self._reduce(name, count)
