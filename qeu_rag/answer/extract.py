"""The extractive engine: the sentences, list items and table rows of the evidence that answer the question, verbatim."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qeu_rag.answer.gate import Terms, coverage
from qeu_rag.answer.units import ASKS_NUMBER, LIST_MARK, POINTS_BACK, REFERENCES, ROW, introduces, table_header, units
from qeu_rag.types import Chunk, ScoredChunk, Span

ENGINE = "extractive"

_ABOUT_ITSELF = re.compile(
    r"^(?:this|the present) (?:\w+ )?(?:guide|document|handbook|page|catalogue|rule|manual|policy|text|note)\b"
    r"|^(?:この|本)(?:文書|手引き|規程|資料|ページ|章|書|テキスト)",
    re.I,
)
_CONTEXT_SHARE = 0.35
_NUMBER_BONUS = 0.08
_SECOND_SHARE = 0.6
_CHUNKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of one chunk, cited as ``marker``; ``lines`` are the verbatim lines to show, in order."""

    marker: int
    chunk: Chunk
    quote: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines with their marker at the end."""
        return "\n".join(self.lines) + f" [{self.marker}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    chunk: Chunk
    order: int
    span: Span
    score: float
    terms: frozenset[str]


def extract(
    question: str,
    evidence: Sequence[ScoredChunk],
    weights: Mapping[str, float],
    analyze: Terms,
    *,
    max_chars: int = 400,
) -> tuple[Piece, ...]:
    """The pieces that answer ``question``, best first, together at most about ``max_chars`` characters.

    Every piece's ``quote`` is verbatim in its chunk. Empty where no unit shares a term with the question and no chunk
    has any text but headings.
    """
    ranked = _ranked(question, evidence, weights, analyze)
    if not ranked:
        return ()
    best = ranked[0]
    room = max_chars
    pieces: list[Piece] = []
    covered: set[str] = set()
    used: set[str] = set()
    for unit in ranked:
        enough = unit.score >= _SECOND_SHARE * best.score and unit.terms - covered
        if unit.chunk.id in used or (pieces and not enough) or len(pieces) == 3:
            continue
        piece = _piece(unit, ranked, len(pieces) + 1, room if pieces else max(room, len(unit.span.of(unit.chunk.text))))
        size = len(piece.text)
        if pieces and size > room:
            continue
        pieces.append(piece)
        used.add(unit.chunk.id)
        covered |= unit.terms
        room -= size
    return tuple(pieces)


def _ranked(
    question: str, evidence: Sequence[ScoredChunk], weights: Mapping[str, float], analyze: Terms
) -> list[_Unit]:
    top = max((scored.score for scored in evidence), default=0.0) or 1.0
    wants_number = bool(ASKS_NUMBER.search(question))
    scored_units: list[_Unit] = []
    for scored in evidence[:_CHUNKS]:
        chunk = scored.chunk
        if chunk.headings and REFERENCES.match(chunk.headings[-1]):
            continue  # a list of books names every subject and answers nothing
        around = set(analyze(chunk.context))
        for order, span in enumerate(units(chunk)):
            text = span.of(chunk.text)
            terms = set(analyze(f"{chunk.header}\n{text}" if chunk.header and ROW.match(text) else text))
            own = coverage(weights, terms)
            score = own + _CONTEXT_SHARE * (coverage(weights, terms | around) - own)
            score += _NUMBER_BONUS * (wants_number and bool(re.search(r"\d", text)))
            score -= 0.3 * text.rstrip().endswith(("?", "？", ":", "："))
            score *= (0.4 + 0.6 * scored.score / top) * (0.6 if _ABOUT_ITSELF.match(text) else 1.0)
            scored_units.append(
                _Unit(chunk=chunk, order=order, span=span, score=score, terms=frozenset(terms & weights.keys()))
            )
    return sorted(scored_units, key=lambda unit: (-unit.score, unit.chunk.id, unit.order))


def _piece(unit: _Unit, ranked: Sequence[_Unit], marker: int, room: int) -> Piece:
    """``unit`` with what stands beside it in its chunk: its table's header, or the sentences that follow it."""
    chunk = unit.chunk
    text = unit.span.of(chunk.text)
    if ROW.match(text):
        return _rows(unit, ranked, marker, room)
    start, end = unit.span.start, unit.span.end
    beside = {other.order: other for other in ranked if other.chunk.id == chunk.id}
    before = beside.get(unit.order - 1)
    if before and POINTS_BACK.match(text) and "\n\n" not in chunk.text[before.span.end : start]:
        start = before.span.start
    for order in range(unit.order + 1, unit.order + 4):
        following = beside.get(order)
        if following is None or ROW.match(following.span.of(chunk.text)):
            break
        if "\n\n" in chunk.text[end : following.span.start] and not introduces(chunk.text[start:end]):
            break
        if following.span.end - start > 0.75 * room:
            break
        end = following.span.end
    quote = chunk.text[start:end]
    lines = tuple(LIST_MARK.sub("", line).strip() for line in quote.split("\n") if line.strip())
    return Piece(marker=marker, chunk=chunk, quote=quote, lines=lines)


def _rows(unit: _Unit, ranked: Sequence[_Unit], marker: int, room: int) -> Piece:
    """A table row below its header line."""
    chunk = unit.chunk
    row = unit.span.of(chunk.text)
    header = table_header(chunk, unit.span)
    lines = (header, row) if header and header != row and len(header) + len(row) <= room * 2 else (row,)
    return Piece(marker=marker, chunk=chunk, quote=row, lines=lines)
