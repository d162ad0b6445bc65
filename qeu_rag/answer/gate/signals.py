"""What speaks for the best of the windows that were found for a question: numbers within 0..1."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from qeu_rag.answer.exact import lacking
from qeu_rag.types import ScoredWindow

Terms = Callable[[str], list[str]]

NAMES = ("reads", "unit", "ahead_of_next", "words", "words_anywhere", "foreign", "exact")
"""The signals, of the best window unless said otherwise.

``reads``: the reader's logit that it answers, from -5 to 3 as 0 to 1; ``unit``: the likeness of the question with the likest unit
in it, cosines from .3 to .8 as 0 to 1; ``ahead_of_next``: by how much its score's logit is above that of the best window of
another chunk; ``words``: the share of the question's words in it or above it, each counting alike, so that it says the same in a
collection of any size; ``words_anywhere``: in any window; ``foreign``: it is in another language; ``exact``: it says all codes
and dates that are asked about.
"""

_LEAST_COSINE, _COSINES = 0.3, 0.5
_LEAST_READ, _READS = -5.0, 8.0
_LOGITS = 4.0
_ALONE = 0.45
"""``ahead_of_next`` where there is no other chunk, which says nothing: as far as right windows are ahead in the middle."""


def measure(question: str, windows: Sequence[ScoredWindow]) -> dict[str, float]:
    """The signals of ``windows``, best first, for ``question``; all are 0 for no windows."""
    if not windows:
        return dict.fromkeys(NAMES, 0.0)
    first = windows[0]
    best: dict[str, ScoredWindow] = {}
    for one in windows:
        best.setdefault(one.chunk.id, one)
    others = [one for one in best.values() if one.chunk.id != first.chunk.id]
    ahead = (_logit(first.score) - _logit(others[0].score)) / _LOGITS if others else _ALONE
    return {
        "reads": _within((_logit(first.parts["reads"]) - _LEAST_READ) / _READS),
        "unit": _within((first.parts["unit"] - _LEAST_COSINE) / _COSINES),
        "ahead_of_next": _within(ahead),
        "words": first.parts["words"],
        "words_anywhere": max(one.parts["words"] for one in windows),
        "foreign": first.parts["foreign"],
        "exact": 0.0 if lacking(question, first.chunk, [one.chunk for one in best.values()]) else 1.0,
    }


def _within(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 6)


def _logit(score: float) -> float:
    kept = min(1 - 1e-6, max(1e-6, score))
    return math.log(kept / (1 - kept))
