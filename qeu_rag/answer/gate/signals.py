"""What speaks for the evidence that was found for a question: nine numbers, each within 0..1."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set

from qeu_rag.answer.gate.asked import missing, names
from qeu_rag.answer.gate.everyday import uncommon
from qeu_rag.index.notation import normalise
from qeu_rag.types import ScoredChunk

Terms = Callable[[str], list[str]]

LEXICAL = ("chunk", "found_anywhere", "rarest_found", "names_missing", "strange", "odds", "ahead")
"""The signals that need no embedding.

``chunk``: the share of the question's idf in one chunk of the first three, title and headings included; ``found_anywhere``: in
all evidence together; ``rarest_found``: 1 less the weight of the heaviest word that the best chunk lacks, beside the heaviest of
all; ``names_missing``: the share of the question's names and numbers that the best chunk lacks; ``strange``: how much of the
question's uncommon words (idf times ``uncommon``) the best of the first three chunks lacks: colleagues ask in everyday words
that no document has, strangers for things that it does not know; ``odds``: the logarithm of the first
chunk's odds, ``ahead``: by how much it beats the mean of the others'.
"""

DENSE = ("cosine", "cosine_of_first")
"""The signals of an embedder that knows the question's language: the nearest chunk's cosine, and the first chunk's."""

_FIRST = 3
_STRANGE = 40.0
_LEAST, _EVEN, _ODDS = 1e-4, 8.0, 14.0
"""Scores within the first and 1 less the first; their odds are moved by the second and divided by the third, to be in 0..1."""


def coverage(weights: Mapping[str, float], terms: Set[str]) -> float:
    """The share of the question's weight (idf) whose terms are among ``terms``; 0..1, and 0 for no terms."""
    whole = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in terms) / whole if whole else 0.0


def has_dense(evidence: Sequence[ScoredChunk]) -> bool:
    """Whether an embedder that knows the question's language had its say."""
    return any("cosine" in scored.parts for scored in evidence)


def measure(
    question: str, evidence: Sequence[ScoredChunk], weights: Mapping[str, float], analyze: Terms
) -> dict[str, float]:
    """The signals of ``evidence``, best first, for ``question``, whose terms weigh ``weights`` (idf); see ``LEXICAL``, ``DENSE``.

    Those of ``DENSE`` are left out where no chunk has a cosine. All are 0 for no evidence.
    """
    found = _lexical(question, evidence, weights, analyze)
    if has_dense(evidence):
        found |= _dense(evidence)
    return {name: round(min(1.0, max(0.0, value)), 6) for name, value in found.items()}


def _lexical(
    question: str, evidence: Sequence[ScoredChunk], weights: Mapping[str, float], analyze: Terms
) -> dict[str, float]:
    if not evidence:
        return dict.fromkeys(LEXICAL, 0.0)
    tops = [frozenset(analyze(f"{s.chunk.context}\n{s.chunk.passage}")) for s in evidence]
    near = tops[:_FIRST]
    best = max(range(len(near)), key=lambda n: (coverage(weights, near[n]), -n))
    text = normalise(f"{evidence[best].chunk.context}\n{evidence[best].chunk.passage}")
    words = {term: weight for term, weight in weights.items() if term.startswith("w:")}
    strange = {term: weight * uncommon(term) for term, weight in words.items()}
    heaviest = max(words.values(), default=0.0)
    lacking = max((weight for term, weight in words.items() if term not in near[best]), default=0.0)
    first, *rest = (_log_odds(scored.score) for scored in evidence)
    return {
        "chunk": coverage(weights, near[best]),
        "found_anywhere": coverage(weights, frozenset().union(*tops)),
        "rarest_found": 1.0 - lacking / heaviest if heaviest else 0.0,
        "names_missing": missing(names(question), text),
        "strange": min(sum(w for term, w in strange.items() if term not in terms) for terms in near) / _STRANGE,
        "odds": (first + _EVEN) / _ODDS,
        "ahead": (first - sum(rest) / len(rest)) / _ODDS if rest else 0.0,
    }


def _log_odds(score: float) -> float:
    kept = min(max(score, _LEAST), 1.0 - _LEAST)
    return math.log(kept / (1.0 - kept))


def _dense(evidence: Sequence[ScoredChunk]) -> dict[str, float]:
    cosines = [scored.parts.get("cosine", 0.0) for scored in evidence]
    return {"cosine": max(cosines), "cosine_of_first": cosines[0]}
