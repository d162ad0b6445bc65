"""What speaks for the evidence that was found for a question: thirteen numbers, each within 0..1."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from qeu_rag.answer.gate.asked import missing, names
from qeu_rag.answer.gate.everyday import uncommon
from qeu_rag.answer.gate.kind import holds_kind
from qeu_rag.index.notation import normalise
from qeu_rag.index.word_forms import stands
from qeu_rag.types import ScoredChunk

Terms = Callable[[str], list[str]]

OF_QUOTE = ("kind", "said", "heaviest_said")

LEXICAL = ("chunk", "found_anywhere", "rarest_found", "names_missing", "strange", "odds", "ahead", *OF_QUOTE)
"""The signals that need no embedding.

``chunk``: the share of the question's idf in one chunk of the first three, title and headings included; ``found_anywhere``: in
all evidence together; ``rarest_found``: 1 less the weight of the heaviest word that the best chunk lacks, beside the heaviest of
all; ``names_missing``: the share of the question's names and numbers that the best chunk lacks; ``strange``: how much of the
question's uncommon words (idf times ``uncommon``) the best of the first three chunks lacks: colleagues ask in everyday words
that no document has, strangers for things that it does not know; ``odds``: the logarithm of the first
chunk's odds, ``ahead``: by how much it beats the mean of the others'. Of the sentence that would be quoted, below its headings:
``kind``: whether it holds a thing of the kind that is asked for (see ``holds_kind``); ``said``: the share of the weight of the
question's words of which it has a form; ``heaviest_said``: 1 less the weight of the heaviest of which it has none, beside the
heaviest of all.
"""

DENSE = ("cosine", "cosine_of_first", "cosine_of_quote")
"""The signals of an embedder that knows the question's language: the nearest chunk's cosine, the first chunk's, and that of the
sentence that would be quoted."""

_FIRST = 3
_STRANGE = 40.0
_LEAST, _EVEN, _ODDS = 1e-4, 8.0, 14.0
"""Scores within the first and 1 less the first; their odds are moved by the second and divided by the third, to be in 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What would be quoted: its text (a table row below its header), its headings, and its likeness with the question."""

    text: str
    headings: str
    cosine: float | None


def coverage(weights: Mapping[str, float], terms: Set[str]) -> float:
    """The share of the question's weight (idf) whose terms are among ``terms``; 0..1, and 0 for no terms."""
    whole = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in terms) / whole if whole else 0.0


def has_dense(evidence: Sequence[ScoredChunk]) -> bool:
    """Whether an embedder that knows the question's language had its say."""
    return any("cosine" in scored.parts for scored in evidence)


def measure(
    question: str,
    evidence: Sequence[ScoredChunk],
    weights: Mapping[str, float],
    analyze: Terms,
    quote: Quote | None = None,
) -> dict[str, float]:
    """The signals of ``evidence``, best first, for ``question``, whose terms weigh ``weights`` (idf); see ``LEXICAL``, ``DENSE``.

    ``quote`` is what would be quoted; None: there is nothing to quote. Those of ``DENSE`` are left out where no chunk has a
    cosine. All are 0 for no evidence.
    """
    found = _lexical(question, evidence, weights, analyze) | _of_quote(question, quote, weights, analyze)
    if has_dense(evidence):
        found |= _dense(evidence, quote)
    return {name: round(min(1.0, max(0.0, value)), 6) for name, value in found.items()}


def _lexical(
    question: str, evidence: Sequence[ScoredChunk], weights: Mapping[str, float], analyze: Terms
) -> dict[str, float]:
    if not evidence:
        return dict.fromkeys(LEXICAL[: -len(OF_QUOTE)], 0.0)
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


def _of_quote(question: str, quote: Quote | None, weights: Mapping[str, float], analyze: Terms) -> dict[str, float]:
    if quote is None:
        return dict.fromkeys(OF_QUOTE, 0.0)
    held = set(analyze(f"{quote.headings}\n{quote.text}"))
    words = {term: weight for term, weight in weights.items() if term.startswith("w:")}
    lacking = [weight for term, weight in words.items() if not stands(term, held)]
    return {
        "kind": float(holds_kind(question, quote.text)),
        "said": 1.0 - sum(lacking) / (sum(words.values()) or 1.0),
        "heaviest_said": 1.0 - max(lacking, default=0.0) / (max(words.values(), default=0.0) or 1.0),
    }


def _dense(evidence: Sequence[ScoredChunk], quote: Quote | None) -> dict[str, float]:
    cosines = [scored.parts.get("cosine", 0.0) for scored in evidence]
    of_quote = quote.cosine if quote is not None and quote.cosine is not None else 0.0
    return {"cosine": max(cosines), "cosine_of_first": cosines[0], "cosine_of_quote": of_quote}
