"""The extractive engine: the sentences, list items and table rows of the evidence that answer the question, verbatim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qeu_rag.answer.units import (
    ASKS_ALL,
    ASKS_HOW,
    ASKS_NUMBER,
    LIST_MARK,
    POINTS_BACK,
    ROW,
    RULE,
    goes_on,
    introduces,
    is_caption,
    is_item,
    leads_over,
    list_after,
    list_around,
    table_after,
    table_header,
)
from qeu_rag.answer.weigh import Unit
from qeu_rag.types import Chunk, Span

ENGINE = "extractive"

MORE = "…"
"""Stands below a list of which there was no room for the rest."""

_SECOND_SHARE = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of one chunk, cited as ``marker``; ``lines`` are to be shown, with MORE below a list that is cut."""

    marker: int
    chunk: Chunk
    quote: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines with their marker at the end."""
        return "\n".join(self.lines) + f" [{self.marker}]"


def extract(question: str, ranked: Sequence[Unit], *, max_chars: int = 400) -> tuple[Piece, ...]:
    """The pieces that answer ``question``, from its units, best first, together at most about ``max_chars`` characters.

    Every piece's ``quote`` is verbatim in its chunk. Empty where there is no unit.
    """
    if not ranked:
        return ()
    best = ranked[0]
    room = max_chars
    most = 3 if max_chars <= 500 else 6
    pieces: list[Piece] = []
    covered: set[str] = set()
    used: set[str] = set()
    for unit in ranked:
        enough = unit.score >= _SECOND_SHARE * best.score and unit.terms - covered
        if unit.chunk.id in used or (pieces and not enough) or len(pieces) == most:
            continue
        if pieces and unit.chunk.lang != best.chunk.lang:
            continue  # two languages in one answer read badly; where the other one disagrees, it is shown for that
        space = room if pieces else max(room, len(unit.span.of(unit.chunk.text)))
        piece = _piece(unit, ranked, len(pieces) + 1, space, question)
        size = len(piece.text)
        if pieces and size > max(room, 0):
            continue
        pieces.append(piece)
        used.add(unit.chunk.id)
        covered |= unit.terms
        room -= size
    return tuple(pieces)


def _piece(unit: Unit, ranked: Sequence[Unit], marker: int, room: int, question: str) -> Piece:
    """``unit`` with what stands beside it in its chunk: its table or the table's header, its list, or what follows it."""
    chunk = unit.chunk
    text = unit.span.of(chunk.text)
    if ROW.match(text):
        return _rows(unit, ranked, marker, room)
    wants_all = bool(ASKS_HOW.search(question) or ASKS_ALL.search(question))
    around = list_around(chunk, unit.span) if wants_all else None
    if around is not None and around.end - around.start <= 2 * room:
        return _shown(chunk, marker, around)
    whole = _with_neighbours(unit, ranked, room)
    return _shown(chunk, marker, _completed(whole, unit, room, question))


def _completed(shown: Span, unit: Unit, room: int, question: str) -> Span:
    """``shown`` with the list or the table that it leads over to, if there is room for all of it twice."""
    chunk, text = unit.chunk, unit.span.of(unit.chunk.text)
    announced = leads_over(shown.of(chunk.text))
    rest = (
        list_after(chunk, shown.end)
        if not is_item(text) and (announced or goes_on(chunk, shown.start, shown.end))
        else None
    )
    # A caption holds no figure that is asked for; the rows of its table do.
    captioned = bool(ASKS_NUMBER.search(question)) and not any(map(str.isdigit, text)) and is_caption(text)
    rest = rest or (table_after(chunk, shown.end) if announced or captioned else None)
    return Span(start=shown.start, end=rest.end) if rest and rest.end - shown.start <= 2 * room else shown


def _with_neighbours(unit: Unit, ranked: Sequence[Unit], room: int) -> Span:
    """``unit`` with the sentence that it points back to and those that follow it, as far as there is room."""
    chunk = unit.chunk
    start, end = unit.span.start, unit.span.end
    beside = {other.order: other for other in ranked if other.chunk.id == chunk.id}
    before = beside.get(unit.order - 1)
    if before and POINTS_BACK.match(unit.span.of(chunk.text)) and "\n\n" not in chunk.text[before.span.end : start]:
        start = before.span.start
    for order in range(unit.order + 1, unit.order + max(4, room // 100)):
        following = beside.get(order)
        if following is None or ROW.match(following.span.of(chunk.text)):
            break
        if "\n\n" in chunk.text[end : following.span.start] and not introduces(chunk.text[start:end]):
            break
        if following.span.end - start > 0.75 * room:
            break
        end = following.span.end
    return Span(start=start, end=end)


def _shown(chunk: Chunk, marker: int, span: Span) -> Piece:
    quote = span.of(chunk.text)
    lines = tuple(
        LIST_MARK.sub("", line).strip() for line in quote.split("\n") if line.strip() and not RULE.match(line)
    )
    if goes_on(chunk, span.start, span.end):
        lines = (*lines, MORE)
    return Piece(marker=marker, chunk=chunk, quote=quote, lines=lines)


def _rows(unit: Unit, ranked: Sequence[Unit], marker: int, room: int) -> Piece:
    """A table row below its header line."""
    chunk = unit.chunk
    row = unit.span.of(chunk.text)
    header = table_header(chunk, unit.span)
    lines = (header, row) if header and header != row and len(header) + len(row) <= room * 2 else (row,)
    return Piece(marker=marker, chunk=chunk, quote=row, lines=lines)
