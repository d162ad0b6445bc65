"""What an answer adds where its source and another piece of the evidence differ: both, each with its document and date."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qeu_rag.answer.conflict import Conflict, conflicts
from qeu_rag.answer.edition import edition, is_later, stated
from qeu_rag.answer.gate import Terms
from qeu_rag.index.origin import Origin
from qeu_rag.language import say
from qeu_rag.text.units import LIST_MARK, ROW
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
    said: str = "",
    origin: Callable[[Chunk], Origin | None] = lambda chunk: None,
) -> Dispute | None:
    """The first conflict between what is cited and another document among the evidence; None where there is none.

    Another chunk gets the next free marker. What ``said``, the answer so far, holds of the two is not said again. ``origin`` tells where a chunk comes from.
    """
    marked = {citation.chunk.id: citation.marker for citation in citations}
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
                    tell = _Teller(said=_flat(said), origin=origin, lang=lang)
                    return Dispute(text=tell.both(first, second, found), citations=(first, second))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Teller:
    """Words two sources that differ, after the text ``said``."""

    said: str
    origin: Callable[[Chunk], Origin | None]
    lang: str

    def both(self, first: Citation, second: Citation, found: Conflict) -> str:
        """A line for each of the two; what is surely of a later date, by the documents' own word, goes first."""
        named = _names(first.chunk, second.chunk)
        told = [self._told(*each) for each in zip((first, second), found.values, named, strict=True)]
        if is_later(*(stated(one.chunk, self.origin(one.chunk)) for one in (second, first))):
            told.reverse()
        return say("answer.sources_differ", self.lang, first=told[0], second=told[1])

    def _told(self, citation: Citation, value: str, name: str) -> str:
        date = edition(citation.chunk, self.origin(citation.chunk), self.lang)
        document = say("answer.dated", self.lang, document=name, date=date) if date else name
        quote = citation.quote.strip()
        if _flat(quote) not in self.said:
            return say("answer.source", self.lang, document=document, quote=quote, marker=citation.marker)
        # A denial is told by its whole sentence.
        if not value or value == quote:
            return say("answer.source_above", self.lang, document=document, marker=citation.marker)
        return say("answer.source_value", self.lang, document=document, value=value, marker=citation.marker)


def _names(first: Chunk, second: Chunk) -> tuple[str, ...]:
    """What two documents are called: their titles, with the files' names where those are one."""
    names = [chunk.title or chunk.source.rsplit("/", 1)[-1] for chunk in (first, second)]
    if names[0] == names[1] and first.source != second.source:
        names = [f"{name} ({chunk.source})" for name, chunk in zip(names, (first, second), strict=True)]
    return tuple(names)


def _flat(text: str) -> str:
    """``text`` on one line, as an answer shows it: without the marks of list items."""
    lines = (line if ROW.match(line) else LIST_MARK.sub("", line) for line in text.split("\n"))
    return " ".join(" ".join(lines).split())
