"""What speaks for the evidence that was found for a question: a dozen and a half numbers, each within 0..1."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from qeu_rag.answer.gate.asked import holds, kind_of, missing, names
from qeu_rag.answer.units import units
from qeu_rag.index.analyze import normalise
from qeu_rag.types import ScoredChunk

Terms = Callable[[str], list[str]]

LEXICAL = (
    "chunk",
    "chunk_squared",
    "sentence",
    "sentence_squared",
    "sentence_heading",
    "words",
    "words_squared",
    "union",
    "found_anywhere",
    "rarest_found",
    "names_missing",
    "names_missing_sentence",
    "pairs",
    "kind_held",
    "kind_any",
    "length",
    "gap",
    "lead",
    "same_document",
    "score",
    "score_sentence",
)
"""The signals that need no embedding.

``chunk``: the share of the question's idf in one chunk of the first three, title and headings included; ``chunk_squared``: the
same with idf squared, as a missing rare word says more than ten frequent ones; ``sentence``, ``sentence_squared``: in one
sentence of these; ``sentence_heading``: in one sentence with its title and headings; ``words``, ``words_squared``: in one
chunk, by words without character pairs; ``union``: in the first three together; ``found_anywhere``: in all evidence together;
``rarest_found``: 1 less the weight of the heaviest word that the best chunk lacks, beside the heaviest of all;
``names_missing``, ``names_missing_sentence``: the share of the question's names and numbers that the best chunk (sentence)
lacks; ``pairs``: the share of the question's neighbouring words that stand near each other in the best sentence;
``kind_held``: whether it has the number, date or name that is asked for (0.5: nothing such is asked); ``kind_any``: whether
nothing such is asked; ``length``: of the question in terms (log); ``gap``, ``lead``: by how much the first chunk's score beats
the second's, and the mean of the rest; ``same_document``: the share of the first five chunks from the first one's document;
``score``: the first chunk's, ``score_sentence``: the most that the ranking gives a best sentence among the first three.
"""

DENSE = ("cosine", "cosine_gap", "lexical_of_nearest", "cosine_of_first")
"""The signals of an embedder that knows the question's language.

``cosine``: the nearest chunk's; ``cosine_gap``: by how much it beats the mean of the evidence; ``lexical_of_nearest``: what the
word search gives the nearest chunk (its best is 1); ``cosine_of_first``: the first chunk's.
"""

_READ = 3
_NEAR = 3
_LONGEST = math.log(61)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sentence:
    text: str
    words: tuple[str, ...]
    terms: frozenset[str]
    around: frozenset[str]


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
    best = max(range(len(near)), key=lambda n: (coverage(weights, near[n]), -n))
    sentences = [s for scored in evidence[:_READ] for s in _sentences(scored, analyze)]
    said = max(sentences, key=lambda s: coverage(weights, s.terms), default=None)
    text = normalise(f"{evidence[best].chunk.context}\n{evidence[best].chunk.passage}")
    wanted, kind = names(question), kind_of(question)
    words = {term: weight for term, weight in weights.items() if term.startswith("w:")}
    words_squared = {term: weight * weight for term, weight in words.items()}
    heaviest = max(words.values(), default=0.0)
    lacking = max((weight for term, weight in words.items() if term not in near[best]), default=0.0)
    scores = [scored.score for scored in evidence]
    first = evidence[0].chunk.document_id
    return {
        "chunk": coverage(weights, near[best]),
        "chunk_squared": max(coverage(squared, terms) for terms in near),
        "sentence": coverage(weights, said.terms) if said else 0.0,
        "sentence_squared": max((coverage(squared, s.terms) for s in sentences), default=0.0),
        "sentence_heading": max((coverage(weights, s.terms | s.around) for s in sentences), default=0.0),
        "words": max(coverage(words, terms) for terms in near),
        "words_squared": max(coverage(words_squared, terms) for terms in near),
        "union": coverage(weights, frozenset().union(*near)),
        "found_anywhere": coverage(weights, frozenset().union(*tops)),
        "rarest_found": 1.0 - lacking / heaviest if heaviest else 0.0,
        "names_missing": missing(wanted, text),
        "names_missing_sentence": missing(wanted, normalise(said.text)) if said else 1.0,
        "pairs": _pairs([t for t in analyze(question) if t in weights], said.words) if said else 0.0,
        "kind_held": holds(kind, said.text, question) if said else 0.0,
        "kind_any": float(kind == "any"),
        "length": math.log(1 + len(weights)) / _LONGEST,
        "gap": 1.0 - scores[1] / scores[0] if len(scores) > 1 and scores[0] > 0 else 0.0,
        "lead": 1.0 - sum(scores[1:]) / (len(scores) - 1) / scores[0] if len(scores) > 1 and scores[0] > 0 else 0.0,
        "same_document": sum(s.chunk.document_id == first for s in evidence[:5]) / len(evidence[:5]),
        "score": scores[0],
        "score_sentence": max(scored.parts.get("sentence", 0.0) for scored in evidence[:_READ]),
    }


def _sentences(scored: ScoredChunk, analyze: Terms) -> list[_Sentence]:
    chunk = scored.chunk
    around = frozenset(analyze(f"{chunk.context}\n{chunk.header}"))
    found = []
    for span in units(chunk):
        terms = analyze(span.of(chunk.text))
        words = tuple(term for term in terms if term.startswith("w:"))
        found.append(_Sentence(text=span.of(chunk.text), words=words, terms=frozenset(terms), around=around))
    return found


def _pairs(question: Sequence[str], sentence: Sequence[str]) -> float:
    """The share of neighbouring words of the question that stand at most three words apart in the sentence."""
    words = [term for term in question if term.startswith("w:")]
    wanted = set(pairwise(words))
    if not wanted:
        return float(bool(words) and words[0] in sentence)
    places: dict[str, list[int]] = {}
    for at, word in enumerate(sentence):
        places.setdefault(word, []).append(at)
    near = sum(
        any(abs(a - b) <= _NEAR for a in places.get(one, ()) for b in places.get(other, ())) for one, other in wanted
    )
    return near / len(wanted)


def _dense(evidence: Sequence[ScoredChunk]) -> dict[str, float]:
    cosines = [scored.parts.get("cosine", 0.0) for scored in evidence]
    nearest = max(range(len(cosines)), key=lambda n: (cosines[n], -n))
    known = [scored.parts["cosine"] for scored in evidence if "cosine" in scored.parts]
    return {
        "cosine": cosines[nearest],
        "cosine_gap": cosines[nearest] - sum(known) / len(known),
        "lexical_of_nearest": evidence[nearest].parts.get("lexical", 0.0),
        "cosine_of_first": cosines[0],
    }
