"""What speaks for the evidence that was found for a question: a dozen numbers, each within 0..1."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from qeu_rag.answer.gate.asked import holds, kind_of, missing, names
from qeu_rag.answer.gate.everyday import uncommon
from qeu_rag.answer.units import units
from qeu_rag.index.analyze import normalise
from qeu_rag.types import ScoredChunk

Terms = Callable[[str], list[str]]

LEXICAL = (
    "chunk",
    "chunk_squared",
    "sentence_heading",
    "found_anywhere",
    "rarest_found",
    "names_missing",
    "kind_held",
    "kind_any",
    "strange",
    "strange_share",
    "strange_anywhere",
    "score",
    "lead",
    "same_document",
)
"""The signals that need no embedding.

``chunk``: the share of the question's idf in one chunk of the first three, title and headings included; ``chunk_squared``: the
same with idf squared, as a missing rare word says more than ten frequent ones; ``sentence_heading``: in one sentence of these
with its title and headings; ``found_anywhere``: in all evidence together; ``rarest_found``: 1 less the weight of the heaviest
word that the best chunk lacks, beside the heaviest of all; ``names_missing``: the share of the question's names and numbers
that the best chunk lacks; ``kind_held``: whether the best sentence has the number, date or name that is asked for (0.5: nothing
such is asked); ``strange``: how much of uncommon words (idf times ``uncommon``) the best of the first three chunks lacks;
``score``: the first chunk's; ``lead``: by how much it beats the mean of the rest.
"""

DENSE = ("cosine", "cosine_of_first", "cosine_mean", "lexical_of_nearest")
"""The signals of an embedder that knows the question's language: the nearest chunk's cosine, and the first chunk's."""

_READ = 3
_STRANGE = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sentence:
    text: str
    terms: frozenset[str]


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
    *,
    answered: float | None = None,
) -> dict[str, float]:
    """The signals of ``evidence``, best first, for ``question``, whose terms weigh ``weights`` (idf); see ``LEXICAL``, ``DENSE``.

    Those of ``DENSE`` are left out where no chunk has a cosine, ``reader`` (``answered``: how likely one of the sentences that
    were read answers) where none was read. All are 0 for no evidence.
    """
    found = _lexical(question, evidence, weights, analyze)
    if has_dense(evidence):
        found |= _dense(evidence)
    if answered is not None:
        found["reader"] = answered
    return {name: round(min(1.0, max(0.0, value)), 6) for name, value in found.items()}


def _lexical(
    question: str, evidence: Sequence[ScoredChunk], weights: Mapping[str, float], analyze: Terms
) -> dict[str, float]:
    if not evidence:
        return dict.fromkeys(LEXICAL, 0.0)
    squared = {term: weight * weight for term, weight in weights.items()}
    tops = [frozenset(analyze(f"{s.chunk.context}\n{s.chunk.passage}")) for s in evidence]
    near = tops[:_READ]
    anywhere = frozenset().union(*tops)
    best = max(range(len(near)), key=lambda n: (coverage(weights, near[n]), -n))
    sentences = [s for scored in evidence[:_READ] for s in _sentences(scored, analyze)]
    said = max(sentences, key=lambda s: coverage(weights, s.terms), default=None)
    text = normalise(f"{evidence[best].chunk.context}\n{evidence[best].chunk.passage}")
    words = {term: weight for term, weight in weights.items() if term.startswith("w:")}
    strange = {term: weight * uncommon(term) for term, weight in words.items()}
    heaviest = max(words.values(), default=0.0)
    lacking = max((weight for term, weight in words.items() if term not in near[best]), default=0.0)
    scores = [scored.score for scored in evidence]
    first = evidence[0].chunk.document_id
    kind = kind_of(question)
    lacks = min(sum(w for t, w in strange.items() if t not in terms) for terms in near)
    return {
        "chunk": coverage(weights, near[best]),
        "chunk_squared": max(coverage(squared, terms) for terms in near),
        "sentence_heading": max((coverage(weights, s.terms) for s in sentences), default=0.0),
        "found_anywhere": coverage(weights, anywhere),
        "rarest_found": 1.0 - lacking / heaviest if heaviest else 0.0,
        "names_missing": missing(names(question), text),
        "kind_held": holds(kind, said.text, question) if said else 0.0,
        "kind_any": float(kind == "any"),
        "strange": lacks / _STRANGE,
        "strange_share": lacks / (heaviest or 1.0) / 6,
        "strange_anywhere": sum(w for t, w in strange.items() if t not in anywhere) / _STRANGE,
        "score": scores[0],
        "lead": 1.0 - sum(scores[1:]) / (len(scores) - 1) / scores[0] if len(scores) > 1 and scores[0] > 0 else 0.0,
        "same_document": sum(s.chunk.document_id == first for s in evidence[:5]) / len(evidence[:5]),
    }


def _sentences(scored: ScoredChunk, analyze: Terms) -> list[_Sentence]:
    chunk = scored.chunk
    around = frozenset(analyze(f"{chunk.context}\n{chunk.header}"))
    texts = (span.of(chunk.text) for span in units(chunk))
    return [_Sentence(text=text, terms=around.union(analyze(text))) for text in texts]


def _dense(evidence: Sequence[ScoredChunk]) -> dict[str, float]:
    cosines = [scored.parts.get("cosine", 0.0) for scored in evidence]
    nearest = max(range(len(cosines)), key=lambda n: (cosines[n], -n))
    return {
        "cosine": max(cosines),
        "cosine_of_first": cosines[0],
        "cosine_mean": sum(sorted(cosines)[-3:]) / 3,
        "lexical_of_nearest": evidence[nearest].parts.get("lexical", 0.0),
    }
