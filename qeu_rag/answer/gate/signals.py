"""What speaks for the best of the windows that were found for a question: numbers within 0..1."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set

from qeu_rag.answer.exact import lacking
from qeu_rag.types import ScoredWindow

Terms = Callable[[str], list[str]]

NAMES = (
    "cosine",
    "unit",
    "nearest",
    "ahead_of_next",
    "ahead",
    "agrees",
    "held",
    "held_anywhere",
    "words",
    "words_anywhere",
    "lexical",
    "foreign",
    "exact",
    "short",
)
"""The signals, of the best window unless said otherwise.

``cosine``: its likeness with the question, from .3 to .8 as 0 to 1; ``unit``: that of the likest unit in it; ``nearest``: the
greatest likeness of any window;
``ahead_of_next``: by how much its score's logit is above that of the best window of another chunk; ``ahead``: by how much its
cosine is above the mean of the others' best; ``agrees``: 1 / its rank by cosine alone; ``held``: the share of the question's
words, by weight, in it; ``held_anywhere``: in any window; ``words`` and ``words_anywhere``: the same, each word counting alike;
``lexical``: its chunk's BM25 beside the best; ``foreign``: it is in another language; ``exact``: it says all codes and dates
that are asked about; ``short``: the question has few words.
"""

_LEAST_COSINE, _COSINES = 0.3, 0.5
_LOGITS = 4.0
_LEAD = 0.3
_WORDS = 12.0


def coverage(weights: Mapping[str, float], terms: Set[str]) -> float:
    """The share of the question's weight (idf) whose terms are among ``terms``; 0..1, and 0 for no terms."""
    whole = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in terms) / whole if whole else 0.0


def measure(question: str, windows: Sequence[ScoredWindow], weights: Mapping[str, float]) -> dict[str, float]:
    """The signals of ``windows``, best first, for ``question``, whose terms weigh ``weights``; all are 0 for no windows."""
    if not windows:
        return dict.fromkeys(NAMES, 0.0)
    first = windows[0]
    best: dict[str, ScoredWindow] = {}
    for one in windows:
        best.setdefault(one.chunk.id, one)
    others = [one for one in best.values() if one.chunk.id != first.chunk.id]
    cosines = sorted((one.parts["cosine"] for one in windows), reverse=True)
    mean = sum(one.parts["cosine"] for one in others) / len(others) if others else _LEAST_COSINE
    next_best = _logit(others[0].score) if others else _logit(first.score) - _LOGITS
    chunks = [one.chunk for one in best.values()]
    return {
        "cosine": _within((first.parts["cosine"] - _LEAST_COSINE) / _COSINES),
        "unit": _within((first.parts.get("unit", _LEAST_COSINE) - _LEAST_COSINE) / _COSINES),
        "nearest": _within((cosines[0] - _LEAST_COSINE) / _COSINES),
        "ahead_of_next": _within((_logit(first.score) - next_best) / _LOGITS),
        "ahead": _within((first.parts["cosine"] - mean) / _LEAD),
        "agrees": 1.0 / (1 + sum(cosine > first.parts["cosine"] for cosine in cosines)),
        "held": first.parts["held"],
        "held_anywhere": max(one.parts["held"] for one in windows),
        "words": first.parts["words"],
        "words_anywhere": max(one.parts["words"] for one in windows),
        "lexical": first.parts["lexical"],
        "foreign": first.parts["foreign"],
        "exact": 0.0 if lacking(question, first.chunk, chunks) else 1.0,
        "short": 1.0 - min(1.0, len(weights) / _WORDS),
    }


def _within(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 6)


def _logit(score: float) -> float:
    kept = min(1 - 1e-6, max(1e-6, score))
    return math.log(kept / (1 - kept))
