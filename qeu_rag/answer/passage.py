"""A window of a chunk with its units, each with what stands above it: what is composed, prompted, verified and cited."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from qeu_rag.text.units import HEADING, ROW, cells, introduction, table_header, units
from qeu_rag.text.windows import readable
from qeu_rag.types import Chunk, ScoredWindow, Span, Window

_IN_BRACKETS = re.compile(r"[(（]([^)）]*)[)）]")
_BARE_NUMBER = re.compile(r"-?[\d.,]+")
_PER = re.compile(r"[/／]| per ")


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A sentence, item or row: its ``span`` and ``text`` in the chunk, as people read it (``said``), and what it needs.

    ``header`` are the cells of the table's header, ``heading`` is the nearest one, ``lead`` the list's introduction, ``above``
    both with the heading path.
    """

    chunk: Chunk
    span: Span
    text: str
    said: str
    header: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    heading: str = ""
    lead: str = ""
    above: str = ""

    @property
    def is_row(self) -> bool:
        """Whether it is a table's row."""
        return bool(self.cells)

    @cached_property
    def figured(self) -> tuple[str, ...]:
        """The texts whose figures it states; a bare number in a cell has the unit that its column's header names."""
        found = [self.said, self.above, *self.header]
        for name, cell in zip(self.header, self.cells, strict=False):
            if (named := _IN_BRACKETS.search(name)) and _BARE_NUMBER.fullmatch(cell):
                found.append(f"{cell} {_PER.split(named[1])[0]}")
        return tuple(found)

    @cached_property
    def shown(self) -> str:
        """The unit as a model reads it: a row as "column: value", one line."""
        if not self.cells:
            return " ".join(self.said.split())
        named = [
            f"{name}: {cell}" if name else cell for name, cell in zip(self.header, self.cells, strict=False) if cell
        ]
        return "; ".join(named) if self.header else " | ".join(self.cells)


@dataclass(frozen=True, kw_only=True)
class Passage:
    """The units ``first`` to ``last`` (both inside) of a chunk; ``unit`` is the place, in the chunk, of the one that answers."""

    chunk: Chunk
    window: Window
    unit: int
    score: float
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, found: ScoredWindow) -> Passage:
        """The passage that a search found."""
        spans = tuple(units(found.chunk))
        return cls(chunk=found.chunk, window=found.window, unit=found.unit, score=found.score, spans=spans)

    def touches(self, other: Passage) -> bool:
        """Whether both are of one chunk, and nothing stands between them."""
        near = other.window.first <= self.window.last + 1 and self.window.first <= other.window.last + 1
        return other.chunk.id == self.chunk.id and near

    def joined(self, other: Passage) -> Passage:
        """This passage with ``other``, which touches it, and the unit that answers here."""
        earlier = min(self.window, other.window, key=lambda window: window.first)
        last = max(self.window.last, other.window.last)
        end = max(self.window.span.end, other.window.span.end)
        window = Window(first=earlier.first, last=last, span=Span(start=earlier.span.start, end=end), lead=earlier.lead)
        return replace(self, window=window)

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Its units, in order."""
        return tuple(_unit(self.chunk, self.spans, at) for at in range(self.window.first, self.window.last + 1))

    @cached_property
    def ranked(self) -> tuple[Unit, ...]:
        """Its units, the one that answers first, then those nearest to it."""
        here = self.unit - self.window.first
        order = sorted(range(len(self.units)), key=lambda at: (abs(at - here), at))
        return tuple(self.units[at] for at in order)


def whole(chunk: Chunk) -> Passage:
    """All of ``chunk`` as one passage."""
    spans = tuple(units(chunk))
    window = Window(first=0, last=len(spans) - 1, span=Span(start=spans[0].start, end=spans[-1].end))
    return Passage(chunk=chunk, window=window, unit=0, score=1.0, spans=spans)


def _unit(chunk: Chunk, spans: Sequence[Span], at: int) -> Unit:
    span = spans[at]
    text = span.of(chunk.text)
    own = tuple(cells(text)) if ROW.match(text) else ()
    inside = _headings(chunk.text[: span.start])
    above = [chunk.context, *inside]
    intro = introduction(chunk, spans, at)
    lead = "" if intro is None else "\n".join(readable(spans[intro].of(chunk.text)))
    return Unit(
        chunk=chunk,
        span=span,
        text=text,
        said="\n".join(readable(text)),
        header=tuple(cells(table_header(chunk, span))) if own else (),
        cells=own,
        heading=(inside or chunk.headings or (chunk.title,))[-1],
        lead=lead,
        above="\n".join(part for part in (*above, lead) if part),
    )


def _headings(before: str) -> list[str]:
    """The nearest heading that stands inside the chunk's own text, above a unit."""
    lines = [line for line in before.split("\n") if HEADING.match(line)]
    return [HEADING.sub("", lines[-1])] if lines else []
