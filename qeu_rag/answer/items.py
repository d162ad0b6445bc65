"""The lists of a chunk: where each begins and ends, what leads over to it, and how much of it there is room for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qeu_rag.index.sentences import sentences
from qeu_rag.types import Chunk, Span

_ITEM = re.compile(r"\s*(?:[-*+]\s+\S|[•・●○■□◆◇▪◦①-⑳]\s*\S|\(?\d{1,3}[.)．）](?!\d))")
_BREAK = re.compile(r"^\s*(?:#{1,6}\s|\|)", re.M)
_LEADS_OVER = re.compile(
    r"[:：]\s*$|次の|以下|下記|\bas follows|\bfollowing\b|\bbelow\b"
    r"|(?:\d+|[一二三四五六七八九十])(?:つ|種類|段階|通り|点|項目)[^。]{0,8}(?:ある|あります|いる|います|分かれる|分けられる|考えられる|からなる)。?\s*$",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSpan:
    """A list of at least one item: its items' first and last place among the chunk's sentences.

    ``lead`` is the place of the sentence right before it, if that leads over to it.
    """

    first: int
    last: int
    lead: int | None

    def holds(self, place: int) -> bool:
        """Whether the sentence at ``place`` is of the list."""
        return self.first <= place <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The sentences of ``chunk`` in order, and its lists among them."""

    chunk: Chunk
    spans: tuple[Span, ...]
    lists: tuple[ListSpan, ...]

    def at(self, span: Span) -> int | None:
        """The place of ``span``; None for one that is no sentence of the chunk."""
        return next((place for place, one in enumerate(self.spans) if one == span), None)

    def around(self, span: Span) -> ListSpan | None:
        """The list of several items in which ``span`` stands; None: it stands in none."""
        place = self.at(span)
        found = next((one for one in self.lists if place is not None and one.holds(place)), None)
        return found if found and found.first < found.last else None

    def near(self, span: Span) -> bool:
        """Whether ``span`` stands in a list of several items, or leads over to one."""
        place = self.at(span)
        several = (one for one in self.lists if one.first < one.last)
        return place is not None and any(one.holds(place) or one.lead == place for one in several)

    def inside(self, quote: str) -> bool:
        """Whether ``quote``, of the chunk, holds two items of one list or more."""
        start = self.chunk.text.find(quote)
        held = [n for n, one in enumerate(self.spans) if start <= one.start and one.end <= start + len(quote)]
        return any(sum(map(one.holds, held)) > 1 for one in self.lists)

    def after(self, end: int) -> ListSpan | None:
        """The list that begins with the first sentence after ``end``, or goes on there; None where something else does."""
        place = next((n for n, one in enumerate(self.spans) if one.start >= end), None)
        found = next((one for one in self.lists if place is not None and one.holds(place)), None)
        return ListSpan(first=place, last=found.last, lead=None) if found and place is not None else None

    def below(self, end: int) -> ListSpan | None:
        """The list that stands below the paragraph in which ``end`` is; None where something else does."""
        found = next((one for one in self.lists if self.spans[one.first].start >= end), None)
        if found is None:
            return None
        between = self.chunk.text[end : self.spans[found.first].start]
        return found if between.rstrip().count("\n\n") == 0 and not _BREAK.search(between) else None

    def fitting(self, found: ListSpan, start: int, room: int) -> Span | None:
        """From ``start`` to the last of the list's items that ends within ``room`` characters; None: not even the first does."""
        ends = [one.end for one in self.spans[found.first : found.last + 1] if one.end - start <= room]
        return Span(start=start, end=ends[-1]) if ends else None

    def goes_on(self, start: int, end: int) -> bool:
        """Whether ``start`` to ``end`` stops in the middle of a list; a lone item is whole."""
        inside = [place for place, one in enumerate(self.spans) if start <= one.start < end]
        if len(inside) < 2:
            return False
        return any(one.holds(inside[-1]) and one.holds(inside[-1] + 1) for one in self.lists)


def lists_of(chunk: Chunk) -> Lists:
    """The lists of ``chunk``. An item goes on with the sentences on its line, and with lines that are set in below it."""
    spans = sentences(chunk.text)
    found: list[ListSpan] = []
    first = -1
    for place, span in enumerate(spans):
        item = is_item(span.of(chunk.text))
        if first >= 0 and not item and not _goes_on(chunk.text, spans, place):
            found.append(_list(chunk, spans, first, place - 1))
            first = -1
        elif first < 0 and item:
            first = place
    if first >= 0:
        found.append(_list(chunk, spans, first, len(spans) - 1))
    return Lists(chunk=chunk, spans=tuple(spans), lists=tuple(found))


def is_item(text: str) -> bool:
    """Whether ``text`` is a list item."""
    return bool(_ITEM.match(text))


def leads_over(text: str) -> bool:
    """Whether ``text`` announces the list or the table that comes after it."""
    return bool(_LEADS_OVER.search(text))


def _goes_on(text: str, spans: Sequence[Span], place: int) -> bool:
    between = text[spans[place - 1].end : spans[place].start]
    return "\n" not in between or ("\n\n" not in between and between.endswith((" ", "\t", "\u3000")))


def _list(chunk: Chunk, spans: Sequence[Span], first: int, last: int) -> ListSpan:
    before = spans[first - 1].of(chunk.text) if first else ""
    lead = first - 1 if leads_over(before) and not _BREAK.match(before) else None
    return ListSpan(first=first, last=last, lead=lead)
