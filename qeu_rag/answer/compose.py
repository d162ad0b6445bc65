"""The extractive answer: the best windows, readable, each with its citation and the unit in it that answers emphasised."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qeu_rag.answer.passage import Passage
from qeu_rag.text.markup import plain
from qeu_rag.text.units import HEADING, ROW, cells, table_header
from qeu_rag.text.windows import readable
from qeu_rag.types import Chunk, ScoredWindow, Span

ENGINE = "extractive"
"""The name of the engine that gives the documents' own words."""

_LEAST = {"sure": 0.5, "likely": 0.08, "long": 0.0}
"""The least odds of a further window beside the best one's: in a sure answer it is nearly as good; in a likely one it may be the
answer (of 180 that stood second or third 178 are within .08); one that was asked to be long shows more."""

_LOOSE = re.compile(r"(?<![A-Za-z0-9)\\])\*\*(?=\S)|(?<=[^\s\\])\*\*(?![A-Za-z0-9(])")
"""A mark of an emphasis that goes over several units: it begins in one and ends in another."""

_QUOTING = re.compile(r"(?:Quoted|Forwarded|引用|転送)(?:: .+)?$")
"""The headings that a mail's reader sets above what the mail does not say itself."""

_WIDE = re.compile(r"[\u3000-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Japanese letters and punctuation: no space stands beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of one chunk as it is shown: its ``text`` without marks, and where in it the ``emphasised`` unit stands.

    ``quote`` is that unit and ``span`` the whole stretch, both verbatim in the chunk.
    """

    marker: int
    chunk: Chunk
    span: Span
    quote: str
    text: str
    emphasised: Span


def compose(
    windows: Sequence[ScoredWindow], *, certainty: str, max_chars: int, most: int = 3, marker: int = 1
) -> tuple[Piece, ...]:
    """The pieces of an answer from ``windows``, best first, ``most`` at most, without those that are too far behind the best for
    an answer that is ``sure``, ``likely`` or asked to be ``long``. No piece but the first goes beyond ``max_chars`` characters
    in all. ``marker`` is the first piece's.
    """
    pieces: list[Piece] = []
    left = max_chars
    for passage in passages(windows, least=_LEAST[certainty], most=most):
        piece = shown(passage, marker=marker + len(pieces))
        if pieces and len(piece.text) > left:
            continue
        pieces.append(piece)
        left -= len(piece.text)
    return tuple(pieces)


def passages(windows: Sequence[ScoredWindow], *, least: float, most: int) -> tuple[Passage, ...]:
    """The first ``most`` of ``windows`` whose odds are at least ``least`` of the best one's; touching ones of a chunk as one."""
    joined: list[Passage] = []
    for one in windows[:most]:
        if joined and _odds(one.score) < least * _odds(windows[0].score):
            break
        passage = Passage.of(one)
        for at, other in enumerate(joined):
            if passage.touches(other):
                joined[at] = other.joined(passage)
                break
        else:
            joined.append(passage)
    return tuple(joined)


def _odds(score: float) -> float:
    return score / max(1e-9, 1.0 - score)


def shown(passage: Passage, *, marker: int) -> Piece:
    """The passage as people read it: wrapped lines put together, table rows below their header, no marks."""
    chunk, window, spans = passage.chunk, passage.window, passage.spans
    text = "\n".join([*_whose(chunk), *readable(window.lead)])
    emphasised = Span(start=0, end=0)
    before: Span | None = None
    for at in range(window.first, window.last + 1):
        span = spans[at]
        said = _said(span.of(chunk.text))
        if before is not None and _begins_table(chunk, before, span):
            text += "\n" + "\n".join(readable(table_header(chunk, span)))
        if text:
            between = chunk.text[before.end : span.start] if before is not None else "\n"
            text += "\n" if "\n" in between else between
        if at == passage.unit:
            emphasised = Span(start=len(text), end=len(text) + len(said))
        text, before = text + said, span
    return Piece(
        marker=marker,
        chunk=chunk,
        span=window.span,
        quote=spans[passage.unit].of(chunk.text),
        text=text,
        emphasised=emphasised,
    )


def _whose(chunk: Chunk) -> tuple[str, ...]:
    """Whose words these are, where a mail only quotes or forwards them: a line that no answer from them is shown without."""
    heading = chunk.headings[-1] if chunk.headings else ""
    return (f"{plain(heading)}:",) if _QUOTING.match(heading) else ()


def _begins_table(chunk: Chunk, before: Span, span: Span) -> bool:
    """Whether ``span`` is the first row of a table, after a unit ``before`` that is none of it."""
    if not ROW.match(span.of(chunk.text)):
        return False
    return not ROW.match(before.of(chunk.text)) or table_header(chunk, span) != table_header(chunk, before)


def _said(unit: str) -> str:
    """A unit on one line without marks; a wrapped Japanese line goes on without a space."""
    if ROW.match(unit):
        return plain(" | ".join(cells(unit)))
    unit = HEADING.sub("", unit)
    if "`" not in unit:
        unit = _LOOSE.sub("", unit)
    lines = [line.strip() for line in plain(unit).split("\n") if line.strip()]
    whole = lines[0] if lines else ""
    for line in lines[1:]:
        whole += line if _WIDE.match(whole[-1:]) or _WIDE.match(line) else f" {line}"
    return whole
