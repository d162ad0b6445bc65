"""What an answer adds where its source and another piece of the evidence differ: both, each with its document and date."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qeu_rag.answer.conflict import Conflict, conflicts
from qeu_rag.answer.gate import Terms
from qeu_rag.index.rows import Origin
from qeu_rag.language import say
from qeu_rag.text.units import LIST_MARK, ROW
from qeu_rag.text.values import Value, folded, same, values
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

    Another chunk gets the next free marker. What ``said``, the answer so far, holds of the two is not said again.
    ``origin`` tells where a chunk comes from.
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


_JAPANESE_BEFORE = (
    r"(?:(?:改[定訂正]|更新|発行|制定|施行|作成|適用|発効)(?:年月)?日?|第\s?.{1,3}版|\d版"
    r"|(?:^|\n)\W*日付)[\s:|(はを、,]*"
)
_ENGLISH_BEFORE = (
    r"(?:^|[\n(\[|.;:_*>–—-]\s*|\blast |\bthis (?:\w+ ){1,3}(?:was|is) (?:last )?|\bit was (?:last )?"
    r"|\b(?:is|are) (?=valid|effective|in force))"
    r"(?:revised|updated|issued|effective|in force|published|created|approved|changed|modified|valid|version \d[\w.]*"
    r"|rev(?:ision)?\.? ?\d?[\w.]*|edition \d+|\d(?:st|nd|rd|th) edition|lastmod|last[_-](?:updated|modified|changed))"
    r"(?: date)?(?: on| from| since| in| of| as of)?[\s:|(,\"']*"
)
_BEFORE = re.compile(rf"(?:{_JAPANESE_BEFORE}|{_ENGLISH_BEFORE}|(?:^|\n)\W*date\W*)$", re.I)
"""What stands before a document's own date; in running text only where the sentence begins so, or speaks of "this" or "it"."""
_AFTER = re.compile(
    r"\s*(?:付け?で?|に|から|より|、)?\s*(?:改[定訂正]|施行|制定|発行|適用|発効|更新)(?!さ)|\s*版(?![画権])"
    r"|[\s,(]*\b(?:revision|edition|version|issue)\b",
    re.I,
)
_NOT_YET = re.compile(r"次回|予定|\bnext\b|\bto be\b|\bwill be\b|\bdue\b", re.I)
_AROUND = 40
_EDGE = 2500
"""Characters at a document's beginning and end in which it speaks of itself."""


def edition(chunk: Chunk, origin: Origin | None, lang: str) -> str:
    """The date of the source of ``chunk``, as it words it, else the day of its file in ``lang``; empty where neither is known."""
    if own := stated(chunk, origin):
        return own
    if origin is None or origin.changed is None:
        return ""
    return say("answer.file_of", lang, day=origin.changed.isoformat())


def stated(chunk: Chunk, origin: Origin | None) -> str:
    """The date that the source of ``chunk`` gives itself, as it words it; else empty.

    What the passage says goes before what the document says, and that before what its title and name say.
    """
    whole = "" if origin is None else origin.text
    edges = whole if len(whole) <= 2 * _EDGE else f"{whole[:_EDGE]}\n{whole[-_EDGE:]}"
    return own_date(chunk.text) or own_date(edges) or _named(chunk)


def is_later(first: str, second: str) -> bool:
    """Whether ``first`` is surely a later date than ``second``, both as documents word them."""
    return any(
        a.measure == b.measure == "date" and not same(a, b) and a.size > b.size
        for a, b in zip(values(first)[:1], values(second)[:1], strict=False)
    )


def own_date(text: str) -> str:
    """The latest date, month and year at least, by which ``text`` says when it was written, revised or in force; else empty."""
    plain = folded(text)
    found = [value for value in values(plain) if _is_own(value, plain)]
    return max(found, key=lambda value: value.size).words.strip() if found else ""


def _is_own(value: Value, text: str) -> bool:
    if value.measure != "date" or not (value.size[0] and value.size[1]):
        return False
    before = text[max(0, value.start - _AROUND) : value.start]
    # A place above the beginning of the stretch is no beginning of a line.
    before = before if value.start <= _AROUND else f" {before}"
    if _NOT_YET.search(before.rpartition("\n")[2]):
        return False
    return bool(_BEFORE.search(before) or _AFTER.match(text, value.end))


def _named(chunk: Chunk) -> str:
    """A date, with a year, in the title, the headings or the file's name."""
    for text in (chunk.context, re.sub(r"\.\w{1,5}$", "", chunk.source).replace("_", " ")):
        for value in values(text):
            if value.measure == "date" and value.size[0]:
                return value.words
    return ""
