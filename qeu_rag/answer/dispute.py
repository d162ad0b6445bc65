"""What an answer adds where its source and another piece of the evidence differ: both, each with its document and date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qeu_rag.answer.conflict import conflicts, stated_date
from qeu_rag.answer.gate import Terms
from qeu_rag.language import say
from qeu_rag.types import Chunk, Citation, ScoredChunk

DIFFER = "sources_differ"
"""The note that two documents differ in a number, a unit, a date or a negation that bears on the question."""

_OTHERS = 4
"""How many chunks are compared with what was cited; those further down are seldom on the subject."""
_CITED = 2
"""How many citations are compared: the answer proper comes first."""
_SHARE = 0.3
"""The least share of the question's weight that the disputed sentence and where it stands must cover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """Two sources that differ: the line that says so, with both markers, and the citations of both."""

    text: str
    citations: tuple[Citation, Citation]


def dispute(
    citations: Sequence[Citation],
    evidence: Sequence[ScoredChunk],
    weights: Mapping[str, float],
    analyze: Terms,
    lang: str,
    *,
    numbers: Mapping[str, int] | None = None,
) -> Dispute | None:
    """The first conflict between what is cited and another document among the evidence; None where there is none.

    ``numbers`` are the markers of chunks by id, beside those of ``citations``; another chunk gets the next free one.
    """
    marked = dict(numbers or {}) | {citation.chunk.id: citation.marker for citation in citations}
    whole = sum(weights.values()) or 1.0
    for citation in citations[:_CITED]:
        for other in (scored.chunk for scored in evidence[:_OTHERS]):
            if other.document_id == citation.chunk.document_id:
                continue
            contexts = citation.chunk.context, other.context
            for found in conflicts(
                citation.quote, other.text, analyze, first_context=contexts[0], second_context=contexts[1]
            ):
                about = {*analyze(found.first), *analyze(contexts[0])}
                if sum(weight for term, weight in weights.items() if term in about) >= _SHARE * whole:
                    marker = marked.get(other.id, max(marked.values(), default=0) + 1)
                    second = Citation(marker=marker, chunk=other, quote=found.second)
                    first = Citation(marker=citation.marker, chunk=citation.chunk, quote=found.first)
                    return Dispute(text=_line(first, second, lang), citations=(first, second))
    return None


def _line(first: Citation, second: Citation, lang: str) -> str:
    return say("answer.sources_differ", lang, first=_told(first, lang), second=_told(second, lang))


def _told(citation: Citation, lang: str) -> str:
    date = stated_date(citation.chunk)
    key = "answer.source_dated" if date else "answer.source"
    return say(
        key, lang, quote=citation.quote.strip(), marker=citation.marker, document=_name(citation.chunk), date=date
    )


def _name(chunk: Chunk) -> str:
    return chunk.title or chunk.source.rsplit("/", 1)[-1]
