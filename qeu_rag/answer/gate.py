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
    """Logistic regression: confidence = 1 / (1 + exp(-(bias + coverage·c + joint·j + cosine·d)))."""

    bias: float
    coverage: float
    joint: float
    cosine: float


WITH_DENSE = Weights(bias=-6.0, coverage=4.0, joint=1.5, cosine=5.0)
LEXICAL_ONLY = Weights(bias=-4.0, coverage=5.0, joint=3.0, cosine=0.0)


def coverage(weights: Mapping[str, float], terms: set[str]) -> float:
    """The share of the question's weight (idf) whose terms are among ``terms``; 0..1, and 0 for no terms."""
    whole = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in terms) / whole if whole else 0.0


def features(
    evidence: Sequence[ScoredChunk], weights: Mapping[str, float], analyze: Terms
) -> tuple[float, float, float]:
    """(coverage by the best single chunk, coverage by the first three together, highest cosine), each 0..1."""
    tops = [set(analyze(f"{s.chunk.context}\n{s.chunk.passage}")) for s in evidence[:3]]
    single = max((coverage(weights, terms) for terms in tops), default=0.0)
    joint = coverage(weights, set().union(*tops)) if tops else 0.0
    cosine = max((s.parts.get("cosine", 0.0) for s in evidence), default=0.0)
    return single, joint, max(cosine, 0.0)


def judge(
    evidence: Sequence[ScoredChunk],
    weights: Mapping[str, float],
    analyze: Terms,
    *,
    threshold: float | None = None,
) -> Verdict:
    """Whether ``evidence`` suffices for the question whose terms weigh ``weights``.

    ``threshold`` (0..1) replaces the shipped one. The method is idf coverage, which on the shared Japanese set tells
    answerable questions from others at AUROC .965, with the embedder's cosine where it knows the language.
    """
    if not evidence:
        return Verdict(confidence=0.0, reason="no_evidence")
    single, joint, cosine = features(evidence, weights, analyze)
    model = WITH_DENSE if any("cosine" in s.parts for s in evidence) else LEXICAL_ONLY
    logit = model.bias + model.coverage * single + model.joint * joint + model.cosine * cosine
    confidence = round(1.0 / (1.0 + math.exp(-logit)), 4)
    enough = confidence >= (THRESHOLD if threshold is None else threshold)
    return Verdict(confidence=confidence, reason="" if enough else "weak_evidence")


def answer_language(question_language: Lang, fallback: str) -> str:
    """The language to speak to the user in: the question's where we have a catalogue for it."""
    return question_language if question_language in ("ja", "en") else fallback
