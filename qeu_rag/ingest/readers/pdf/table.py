"""Finds which letters of a PDF page stand in the cells of its ruled tables, and takes those tables out of the text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from qeu_rag.ingest.readers.pdf.aligned import aligned
from qeu_rag.ingest.readers.pdf.lines import Line
from qeu_rag.ingest.readers.pdf.ruled import Grid, grids
from qeu_rag.ingest.readers.pdf.strokes import Box, Rules, turned, turned_rules
from qeu_rag.ingest.readers.pdf.text import Letter

_CUT_LETTERS = 0.02
_OVER_LETTERS = 0.5
_CLOSE = 0.15
_OVERHANG = 0.25
_LEAST_CELLS = 4
_LEAST_FILLED = 0.25

LineOf = Callable[[Sequence[Letter], int], Line]
Held = Mapping[int, list[int]]
"""By the number of a line, the cell (or -1) of each of its letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfTable:
    """A ruled table of one page and the lines in each of its cells, both as they stand when the text is upright."""

    grid: Grid
    lines: tuple[tuple[Line, ...], ...]
    quarter: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tabled:
    """The lines of a page, each with the number of the table that it stands in, and the tables in order of number."""

    lines: tuple[Line, ...]
    tables: tuple[PdfTable, ...] = ()


def tabled(
    rules: Rules, lines: Sequence[Line], letters_of: Callable[[int], list[Letter]], line_of: LineOf, quarter: int = 0
) -> Tabled:
    """``lines`` with the tables that ``rules`` make of them, and those of other lines that stand in columns.

    ``letters_of`` spells the line of a number; most text is turned by ``quarter`` clockwise.
    A line that stands only in part in a table is divided; any other stays as it is.
    """
    candidates = grids(rules)
    boxes = [grid.box for grid in candidates]
    letters = [letters_of(i) if _touches(line, boxes) else [] for i, line in enumerate(lines)]
    reach = [_reach(run) for run in letters]
    owners = [[0] * len(run) for run in letters]
    tables: list[PdfTable] = []

    def take(grid: Grid, turn: int) -> None:
        near = [i for i, box in enumerate(reach) if box and _meet(box, turned(grid.box, -turn % 4))]
        held, over = _held(grid, near, letters, owners, turn)
        if _is_table(grid, letters, held, turn, over):
            tables.append(PdfTable(grid=grid, lines=_in_cells(grid, letters, held, turn, line_of), quarter=turn))
            for i, cells in held.items():
                owners[i] = [len(tables) if cell >= 0 else owner for cell, owner in zip(cells, owners[i], strict=True)]

    for turn in sorted({letter.quarter for run in letters for letter in run if letter.number >= 0}):
        for grid in grids(turned_rules(rules, turn)) if turn else candidates:
            take(grid, turn)
    place = {id(line): i for i, line in enumerate(lines)}
    free = [line for line, own in zip(lines, owners, strict=True) if not any(own)]
    for grid in list(aligned(free, lambda line: letters_of(place[id(line)]), quarter)):
        box = turned(grid.box, -quarter % 4)
        for i, line in enumerate(lines):
            if not letters[i] and _touches(line, [box]):
                letters[i] = letters_of(i)
                reach[i], owners[i] = _reach(letters[i]), [0] * len(letters[i])
        take(grid, quarter)
    divided = (
        part for line, run, own in zip(lines, letters, owners, strict=True) for part in _parts(line, run, own, line_of)
    )
    return Tabled(lines=tuple(divided), tables=tuple(tables))


def _touches(line: Line, boxes: Sequence[Box]) -> bool:
    """Whether ``line`` may reach into one of ``boxes``; of one that a hyphen made of two the box is not that of both."""
    own = (line.left, line.bottom, line.right, line.top)
    return "\ufffe" in line.text or any(_meet(own, box) for box in boxes)


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and a[2] > b[0] and a[1] < b[3] and a[3] > b[1]


def _reach(run: Sequence[Letter]) -> Box | None:
    """The box around the letters of a line."""
    inks = [letter.ink for letter in run if letter.number >= 0]
    if not inks:
        return None
    left, bottom, right, top = zip(*inks, strict=True)
    return min(left), min(bottom), max(right), max(top)


def _held(
    grid: Grid, near: Sequence[int], letters: Sequence[Sequence[Letter]], owners: Sequence[Sequence[int]], quarter: int
) -> tuple[Held, int]:
    """The cells of the letters of each line (of those ``near``) that has one in ``grid`` and in no other table, and how many
    are written over it. Spaces go with what is before.
    """
    held, over = {}, 0
    for i in near:
        run = letters[i]
        cells = [
            -1 if owner or letter.number < 0 else grid.at(*_middle(turned(letter.ink, quarter)))
            for letter, owner in zip(run, owners[i], strict=True)
        ]
        if all(cell < 0 for cell in cells):
            continue
        for start, end in _pieces(run, quarter):
            if _is_over(grid, run[start:end], cells[start:end], quarter):
                cells[start:end] = [-1] * (end - start)
                over += end - start
        for at in range(1, len(run)):
            if run[at].number < 0:
                cells[at] = cells[at - 1]
        held[i] = cells
    return held, over


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _pieces(run: Sequence[Letter], quarter: int) -> list[tuple[int, int]]:
    """Where the words of a line start and end; words side by side that are turned another way are one piece."""
    pieces: list[tuple[int, int]] = []
    for at, letter in enumerate(run):
        if letter.number < 0:
            continue
        start, end = pieces[-1] if pieces else (0, 0)
        if pieces and letter.quarter == run[start].quarter and (end == at or letter.quarter != quarter):
            pieces[-1] = (start, at + 1)
        else:
            pieces.append((at, at + 1))
    return pieces


def _is_over(grid: Grid, run: Sequence[Letter], cells: Sequence[int], quarter: int) -> bool:
    """Whether a piece of text is written over the table: in letters taller than a cell, or from one cell into another."""
    for letter, cell in zip(run, cells, strict=True):
        ink, box = turned(letter.ink, quarter), grid.cells[cell].box
        if cell >= 0 and letter.quarter == quarter and ink[3] - ink[1] > box[3] - box[1]:
            return True
    if run[0].quarter != quarter:
        return len(set(cells)) > 1
    for (a, cell), (b, following) in pairwise(zip(run, cells, strict=True)):
        before, after = turned(a.ink, quarter), turned(b.ink, quarter)
        near = abs(after[0] - before[2]) < _CLOSE * (before[3] - before[1])
        if cell != following and near and after[1] < before[3] and after[3] > before[1]:
            return True
    return False


def _is_table(grid: Grid, letters: Sequence[Sequence[Letter]], held: Held, quarter: int, over: int) -> bool:
    """Whether enough cells hold text, in rows and columns, along the rows, and few letters (``over``) are written over it."""
    inside = [
        (letter, cell)
        for i, cells in held.items()
        for letter, cell in zip(letters[i], cells, strict=True)
        if cell >= 0 and letter.number >= 0
    ]
    filled = {cell for _, cell in inside}
    spread = min(len({grid.cells[i].row for i in filled}), len({grid.cells[i].column for i in filled}))
    if spread < 2 or len(filled) < max(_LEAST_CELLS, _LEAST_FILLED * len(grid.cells)):
        return False
    quarters = Counter(letter.quarter for letter, _ in inside)
    cut = sum(_is_cut(letter, grid, cell, quarter) for letter, cell in inside)
    even = quarters.most_common(1)[0][0] == quarter
    return even and cut <= _CUT_LETTERS * len(inside) and over <= _OVER_LETTERS * len(inside)


def _is_cut(letter: Letter, grid: Grid, cell: int, quarter: int) -> bool:
    ink, box = turned(letter.ink, quarter), grid.cells[cell].box
    across, along = (max(0.5, _OVERHANG * (ink[i + 2] - ink[i])) for i in (0, 1))
    return ink[0] < box[0] - across or ink[2] > box[2] + across or ink[1] < box[1] - along or ink[3] > box[3] + along


def _in_cells(
    grid: Grid, letters: Sequence[Sequence[Letter]], held: Held, quarter: int, line_of: LineOf
) -> tuple[tuple[Line, ...], ...]:
    """The lines in each cell, in the order of the page."""
    lines: list[list[Line]] = [[] for _ in grid.cells]
    for i, cells in held.items():
        for cell, pairs in groupby(zip(cells, letters[i], strict=True), key=lambda pair: pair[0]):
            for run in _levels([letter for _, letter in pairs], quarter) if cell >= 0 else ():
                lines[cell].append(line_of(run, quarter))
    return tuple(map(tuple, lines))


def _levels(run: Sequence[Letter], quarter: int) -> Iterator[list[Letter]]:
    """``run`` cut where a letter stands lower and no further than the one before: PDFium takes short lines for one."""
    part: list[Letter] = []
    before: Box | None = None
    for letter in run:
        ink = turned(letter.ink, quarter)
        if letter.number >= 0:
            if before and letter.quarter == quarter and ink[3] < before[1] and ink[0] <= before[0]:
                yield part
                part = []
            before = ink
        part.append(letter)
    if before:
        yield part


def _parts(line: Line, run: Sequence[Letter], owners: Sequence[int], line_of: LineOf) -> Iterator[Line]:
    """``line`` cut where it goes into a table or out of it."""
    if len(set(owners)) < 2:
        yield replace(line, table=owners[0]) if owners and owners[0] else line
        return
    for owner, pairs in groupby(zip(owners, run, strict=True), key=lambda pair: pair[0]):
        part = [letter for _, letter in pairs]
        if any(letter.number >= 0 for letter in part):
            yield replace(line_of(part, 0), table=owner)
