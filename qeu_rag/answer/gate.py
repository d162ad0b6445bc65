"""Decides whether the evidence suffices to answer, and with what confidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qeu_rag.types import Lang, ScoredChunk

Terms = Callable[[str], list[str]]

THRESHOLD = 0.5
"""Below this confidence the answer abstains; the weights below are fitted so that this is the best balance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether to answer (``reason`` empty) or why not, and the confidence in 0..1."""

    confidence: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Logistic regression over the signals: confidence = 1 / (1 + exp(-(bias + sum of weight * signal)))."""

    bias: float
    coverage: float = 0.0
    rare: float = 0.0
    cosine: float = 0.0


LEXICAL_ONLY = Weights(bias=-6.5, coverage=12.9)
"""Fitted on half of ja-abstain-shared (Japanese; see docs/architecture.md)."""

WITH_DENSE = Weights(bias=-4.97, rare=3.09, cosine=6.44)
"""Fitted on English sets: their own questions, foreign ones, and (at weight 0.3, since another document may answer) their own
with the gold document left out; see docs/architecture.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What speaks for the evidence, each 0..1.

    ``coverage``: the share of the question's idf in one chunk of the first three; ``rare``: the same with idf squared, as a
    missing rare word says more than ten frequent ones; ``cosine``: the nearest chunk's.
    """

    coverage: float
    rare: float
    cosine: float


def coverage(weights: Mapping[str, float], terms: set[str]) -> float:
    """The share of the question's weight (idf) whose terms are among ``terms``; 0..1, and 0 for no terms."""
    whole = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in terms) / whole if whole else 0.0


def signals(evidence: Sequence[ScoredChunk], weights: Mapping[str, float], analyze: Terms) -> Signals:
    """The signals of ``evidence`` for the question whose terms weigh ``weights``."""
    tops = [set(analyze(f"{s.chunk.context}\n{s.chunk.passage}")) for s in evidence[:3]]
    squared = {term: weight * weight for term, weight in weights.items()}
    return Signals(
        coverage=max((coverage(weights, terms) for terms in tops), default=0.0),
        rare=max((coverage(squared, terms) for terms in tops), default=0.0),
        cosine=max((s.parts.get("cosine", 0.0) for s in evidence), default=0.0),
    )


def judge(
    evidence: Sequence[ScoredChunk],
    weights: Mapping[str, float],
    analyze: Terms,
    *,
    threshold: float | None = None,
) -> Verdict:
    """Whether ``evidence`` suffices for the question whose terms weigh ``weights``.

    ``threshold`` (0..1) replaces the shipped one.
    """
    if not evidence:
        return Verdict(confidence=0.0, reason="no_evidence")
    found = signals(evidence, weights, analyze)
    model = WITH_DENSE if any("cosine" in s.parts for s in evidence) else LEXICAL_ONLY
    logit = model.bias + model.coverage * found.coverage + model.rare * found.rare + model.cosine * found.cosine
    confidence = round(1.0 / (1.0 + math.exp(-logit)), 4)
    enough = confidence >= (THRESHOLD if threshold is None else threshold)
    return Verdict(confidence=confidence, reason="" if enough else "weak_evidence")


def answer_language(question_language: Lang, fallback: str) -> str:
    """The language to speak to the user in: the question's where we have a catalogue for it."""
    return question_language if question_language in ("ja", "en") else fallback
