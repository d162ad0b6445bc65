"""The extractive engine: the sentences, list items and table rows of the evidence that answer the question, verbatim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qeu_rag.answer.items import Lists, is_item, leads_over, lists_of
from qeu_rag.answer.units import (
    ASKS_ALL,
    ASKS_DIFFERENCE,
    ASKS_NUMBER,
    HEADING,
    LIST_MARK,
    POINTS_BACK,
    ROW,
    RULE,
    is_caption,
    table_after,
    table_header,
)
from qeu_rag.answer.weigh import Unit
from qeu_rag.index.procedure import asks_way
from qeu_rag.types import Chunk, Span

ENGINE = "extractive"

Following = Callable[[Chunk], Chunk | None]
"""The chunk that comes next in the document of a chunk; None at the end."""

MORE = "…"
"""Stands below a list of which there was no room for the rest."""

_SECOND_SHARE = 0.6
_ALIKE = 0.1
"""Rows that score so near the best are named by the question as much as it, whatever their sense."""


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


def extract(
    question: str, ranked: Sequence[Unit], *, max_chars: int = 400, following: Following = lambda chunk: None
) -> tuple[Piece, ...]:
    """The pieces that answer ``question``, from its units, best first, together at most about ``max_chars`` characters.

    Every piece's ``quote`` is verbatim in its chunk. Empty where there is no unit. A list that the first piece leads over to, or
    that it begins, goes on in the chunk that is ``following``.
    """
    if not ranked:
        return ()
    best = ranked[0]
    first = _piece(best, ranked, 1, max(max_chars, len(best.span.of(best.chunk.text))), question)
    rest = _rest_of(first, following, max(2 * max_chars - len(first.text), max_chars // 2), question)
    pieces = [first, *([rest] if rest else [])]
    if asks_way(question) and (rest or lists_of(first.chunk).inside(first.quote)):
        return tuple(pieces)  # one way to do it: another's steps below it would read as its own
    room = max_chars - sum(len(piece.text) for piece in pieces)
    most = 3 if max_chars <= 500 else 6
    covered = set(best.terms)
    used = {piece.chunk.id for piece in pieces}
    for unit in ranked:
        enough = unit.score >= _SECOND_SHARE * best.score and unit.terms - covered
        # Two languages in one answer read badly; where the other one disagrees, it is shown for that.
        if unit.chunk.id in used or not enough or unit.chunk.lang != best.chunk.lang or len(pieces) == most:
            continue
        piece = _piece(unit, ranked, len(pieces) + 1, room, question)
        size = len(piece.text)
        if size > max(room, 0):
            continue
        pieces.append(piece)
        used.add(unit.chunk.id)
        covered |= unit.terms
        room -= size
    return tuple(pieces)


def _rest_of(piece: Piece, following: Following, room: int, question: str) -> Piece | None:
    """The list, as far as there is room, that begins the next chunk where ``piece`` ends its own and leads over to it."""
    if ROW.match(piece.quote) or not piece.chunk.text.rstrip().endswith(piece.quote.rstrip()):
        return None
    if not (asks_way(question) or ASKS_ALL.search(question) or leads_over(piece.quote)):
        return None
    chunk = following(piece.chunk)
    lists = lists_of(chunk) if chunk and chunk.headings == piece.chunk.headings else None
    found = lists.after(0) if lists else None
    span = lists.fitting(found, lists.spans[0].start, room) if lists and found else None
    return _shown(lists, piece.marker + 1, span) if lists and span else None


def _piece(unit: Unit, ranked: Sequence[Unit], marker: int, room: int, question: str) -> Piece:
    """``unit`` with what stands beside it in its chunk: its table or the table's header, its list, or what follows it."""
    chunk = unit.chunk
    text = unit.span.of(chunk.text)
    lists = lists_of(chunk)
    if ASKS_DIFFERENCE.search(question) and (whole := _section(lists, unit, room)) is not None:
        return _shown(lists, marker, whole)
    if ROW.match(text):
        return _rows(unit, ranked, marker, room)
    if asks_way(question) or ASKS_ALL.search(question):
        whole = _list(lists, unit, room)
        if whole is not None:
            return _shown(lists, marker, whole)
    beside = _with_neighbours(unit, ranked, room)
    return _shown(lists, marker, _completed(beside, unit, lists, room, question))


def _list(lists: Lists, unit: Unit, room: int) -> Span | None:
    """The list in which ``unit`` stands, with what leads over to it, as far as there is room for it twice; None: no list."""
    found = lists.around(unit.span)
    if found is None:
        return None
    start = lists.spans[found.first if found.lead is None else found.lead].start
    return lists.fitting(found, start, 2 * room)


def _section(lists: Lists, unit: Unit, room: int) -> Span | None:
    """All of the chunk that there is room for twice, if ``unit`` is in it: what is compared seldom stands in one sentence."""
    spans = [span for span in lists.spans if not HEADING.match(span.of(lists.chunk.text))]
    ends = [span.end for span in spans if span.end - spans[0].start <= 2 * room]
    return Span(start=spans[0].start, end=ends[-1]) if ends and ends[-1] >= unit.span.end else None


def _completed(shown: Span, unit: Unit, lists: Lists, room: int, question: str) -> Span:
    """``shown`` with the list or the table that it leads over to: of a list what there is room for twice, a table whole."""
    chunk, text = unit.chunk, unit.span.of(unit.chunk.text)
    announced = leads_over(shown.of(chunk.text))
    wants_steps = asks_way(question)
    found = lists.after(shown.end) or (lists.below(shown.end) if wants_steps else None)
    if found and not is_item(text) and (wants_steps or announced or lists.goes_on(shown.start, shown.end)):
        return lists.fitting(found, shown.start, 2 * room) or shown
    # A caption holds no figure that is asked for; the rows of its table do.
    captioned = bool(ASKS_NUMBER.search(question)) and not any(map(str.isdigit, text)) and is_caption(text)
    table = table_after(chunk, shown.end) if announced or captioned else None
    return Span(start=shown.start, end=table.end) if table and table.end - shown.start <= 2 * room else shown


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
        if "\n\n" in chunk.text[end : following.span.start] and not leads_over(chunk.text[start:end]):
            break
        if following.span.end - start > 0.75 * room:
            break
        end = following.span.end
    return Span(start=start, end=end)


def _shown(lists: Lists, marker: int, span: Span) -> Piece:
    chunk = lists.chunk
    quote = span.of(chunk.text)
    lines = tuple(
        LIST_MARK.sub("", line).strip() for line in quote.split("\n") if line.strip() and not RULE.match(line)
    )
    if lists.goes_on(span.start, span.end):
        lines = (*lines, MORE)
    return Piece(marker=marker, chunk=chunk, quote=quote, lines=lines)


def _rows(unit: Unit, ranked: Sequence[Unit], marker: int, room: int) -> Piece:
    """A table row below its header line, with the other rows that the question names no less: which is meant, it does not say."""
    chunk = unit.chunk
    header = table_header(chunk, unit.span)
    rows = _named_alike(unit, ranked, header)
    best = unit.span.of(chunk.text)
    left = 2 * room - len(header) - len(best)
    shown = {best}
    for row in (span.of(chunk.text) for span in rows):
        if row not in shown and left >= len(row):
            shown.add(row)
            left -= len(row)
    kept = [span for span in rows if span.of(chunk.text) in shown]
    lines = tuple(span.of(chunk.text) for span in kept)
    lines = (header, *lines) if header and header not in lines and len(header) + len(best) <= 2 * room else lines
    lines = lines if len(kept) == len(rows) else (*lines, MORE)
    return Piece(marker=marker, chunk=chunk, quote=chunk.text[kept[0].start : kept[-1].end], lines=lines)


def _named_alike(unit: Unit, ranked: Sequence[Unit], header: str) -> list[Span]:
    """The rows of the table of ``unit`` that the question names, too, or else no less than it, in their order.

    Such hold the same of its terms and score about as high.
    """
    chunk = unit.chunk
    alike = [
        other.span
        for other in ranked
        if other.chunk.id == chunk.id
        and ROW.match(other.span.of(chunk.text))
        and (other.named if unit.named else other.terms == unit.terms and other.score >= unit.score - _ALIKE)
        and table_header(chunk, other.span) == header
    ]
    return sorted({*alike, unit.span}, key=lambda span: span.start)
