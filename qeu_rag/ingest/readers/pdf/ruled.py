"""Finds the cells of tables from the lines and coloured areas of a page; what is not closed into a grid is no table."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from qeu_rag.ingest.readers.pdf.coloured import bands
from qeu_rag.ingest.readers.pdf.strokes import TOUCH, Box, Fill, Rule, Rules, closed, edges, holds_middle, parts, whole

_MOST_CELLS = 20_000
_FILLED = 0.85
_FRAME = 0.8
_TILE = 12.0  # points; what is narrower is a margin that was filled by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell: its first row and column, how many of each it covers, and its box."""

    row: int
    column: int
    rows: int
    columns: int
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table's cells in reading order, its columns' and rows' edges, and the cell (its index or -1) in every square.

    ``xs`` run from the left, ``ys`` from the top down; ``squares`` holds a list for every row. ``ruled``: by lines or colours.
    """

    cells: tuple[Cell, ...]
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    squares: tuple[tuple[int, ...], ...]
    ruled: bool = True

    @property
    def box(self) -> Box:
        """The box around the whole table."""
        return (self.xs[0], self.ys[-1], self.xs[-1], self.ys[0])

    def at(self, x: float, y: float) -> int:
        """The index of the cell at a point, or -1."""
        column = bisect_right(self.xs, x) - 1
        row = bisect_right(self.ys, -y, key=lambda edge: -edge) - 1
        inside = 0 <= column < len(self.xs) - 1 and 0 <= row < len(self.ys) - 1
        return self.squares[row][column] if inside else -1


def grids(rules: Rules) -> list[Grid]:
    """The tables of two or more rows and columns that lines rule or filled cells make, the largest first."""
    across, down = whole(rules.across), whole(rules.down)
    coloured = bands(rules.fills)
    ruled = [grid for part in parts(across, down) if (grid := _grid(*_with_bands(*part, coloured)))]
    return sorted([*ruled, *_tilings(rules.fills, ruled)], key=lambda grid: -_area(grid.box))


def _with_bands(across: list[Rule], down: list[Rule], coloured: Sequence[Box]) -> tuple[list[Rule], list[Rule]]:
    """The lines of a table with the edges of bands that colour it from side to side."""
    if not down:
        return across, down
    left = min(rule.start for rule in across)
    right = max(rule.end for rule in across)
    low, high = min(rule.start for rule in down), max(rule.end for rule in down)
    added = [
        Rule(at, left, right)
        for box in coloured
        if abs(box[0] - left) <= TOUCH >= abs(box[2] - right) and box[1] < high + TOUCH and box[3] > low - TOUCH
        for at in (box[1], box[3])
    ]
    return whole([*across, *added]) if added else across, down


def _tilings(fills: Sequence[Fill], ruled: Sequence[Grid]) -> Iterator[Grid]:
    """The tables without lines whose cells are filled rectangles, one each, as slides have them."""
    boxes = [grid.box for grid in ruled]
    tiles = [fill.box for fill in fills if not any(holds_middle(box, fill.box) for box in boxes)]
    tiles = [box for box in tiles if min(box[2] - box[0], box[3] - box[1]) >= _TILE]
    across = [Rule(at, box[0], box[2]) for box in tiles for at in (box[1], box[3])]
    down = [Rule(at, box[1], box[3]) for box in tiles for at in (box[0], box[2])]
    for part in parts(whole(across), whole(down)):
        grid = _grid(*part)
        if grid and _is_tiled(grid, tiles):
            yield grid


def _is_tiled(grid: Grid, tiles: Sequence[Box]) -> bool:
    """Whether each cell is a tile, and most are one row high and one column wide."""
    covered = set()
    for box in tiles:
        i = grid.at((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        if i >= 0 and 0.85 <= _area(box) / _area(grid.cells[i].box) <= 1.15:
            covered.add(i)
    single = sum(cell.rows == cell.columns == 1 for cell in grid.cells)
    return len(covered) == len(grid.cells) and 2 * single >= len(grid.cells)


def _grid(across: list[Rule], down: list[Rule]) -> Grid | None:
    across, down = closed(across, down)
    xs, ys = edges(down), edges(across)[::-1]
    if len(xs) < 3 or len(ys) < 3 or (len(xs) - 1) * (len(ys) - 1) > _MOST_CELLS:
        return None
    walls = _Walls(across, down, xs, ys)
    cells = []
    for squares in walls.regions():
        rows, columns = [row for row, _ in squares], [column for _, column in squares]
        cell = (min(rows), min(columns), max(rows) + 1, max(columns) + 1)
        if (cell[2] - cell[0]) * (cell[3] - cell[1]) != len(squares):
            return None  # a corner in it: lines are missing, and which row a text belongs to cannot be told
        cells.append(cell)
    return _numbered(_without_captions(sorted(cells)), xs, ys)


def _without_captions(cells: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """``cells`` without the rows at either end that are one cell from side to side: titles, notes, prose in a frame."""
    first, last = min((cell[1] for cell in cells), default=0), max((cell[3] for cell in cells), default=0)
    while cells and (cells[0][1], cells[0][3]) == (first, last):
        del cells[0]
    while cells and (cells[-1][1], cells[-1][3]) == (first, last):
        del cells[-1]
    return cells


def _numbered(cells: Sequence[tuple[int, int, int, int]], xs: Sequence[float], ys: Sequence[float]) -> Grid | None:
    """The grid of these cells, with edges only where a cell begins or ends; None for what is not filled by its cells."""
    if not cells:
        return None
    rows = sorted({edge for cell in cells for edge in (cell[0], cell[2])})
    columns = sorted({edge for cell in cells for edge in (cell[1], cell[3])})
    row_of, column_of = ({edge: i for i, edge in enumerate(edges)} for edges in (rows, columns))
    made = []
    squares = [[-1] * (len(columns) - 1) for _ in rows[1:]]
    for i, (top, left, bottom, right) in enumerate(cells):
        row, column = row_of[top], column_of[left]
        height, width = row_of[bottom] - row, column_of[right] - column
        box = (xs[left], ys[bottom], xs[right], ys[top])
        made.append(Cell(row=row, column=column, rows=height, columns=width, box=box))
        for r in range(row, row + height):
            squares[r][column : column + width] = [i] * width
    grid = Grid(
        cells=tuple(made),
        xs=tuple(xs[i] for i in columns),
        ys=tuple(ys[i] for i in rows),
        squares=tuple(map(tuple, squares)),
    )
    areas = [_area(cell.box) for cell in made]
    whole = _area(grid.box)
    table = len(rows) > 2 and len(columns) > 2 and sum(areas) >= _FILLED * whole and max(areas) <= _FRAME * whole
    return grid if table else None


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


class _Walls:
    """Where lines stand between the squares of a grid: ``above[row][column]`` and ``before[row][column]``."""

    def __init__(self, across: Sequence[Rule], down: Sequence[Rule], xs: Sequence[float], ys: Sequence[float]) -> None:
        self._rows, self._columns = len(ys) - 1, len(xs) - 1
        self._above = [[False] * self._columns for _ in ys]
        self._before = [[False] * len(xs) for _ in range(self._rows)]
        upwards = ys[::-1]
        for rule in across:
            row = self._rows - _nearest(upwards, rule.at)
            for column, (left, right) in enumerate(pairwise(xs)):
                self._above[row][column] |= _covers(rule, left, right)
        for rule in down:
            column = _nearest(xs, rule.at)
            for row, (top, bottom) in enumerate(pairwise(ys)):
                self._before[row][column] |= _covers(rule, bottom, top)

    def regions(self) -> Iterator[list[tuple[int, int]]]:
        """The squares with no line between them, as (row, column), without those that lie open to the page."""
        seen: set[tuple[int, int]] = set()
        for start in ((row, column) for row in range(self._rows) for column in range(self._columns)):
            if start in seen:
                continue
            seen.add(start)
            region, is_open = [start], False
            for square in region:
                for near in self._open(*square):
                    if not (0 <= near[0] < self._rows and 0 <= near[1] < self._columns):
                        is_open = True
                    elif near not in seen:
                        seen.add(near)
                        region.append(near)
            if not is_open:
                yield region

    def _open(self, row: int, column: int) -> Iterator[tuple[int, int]]:
        if not self._above[row][column]:
            yield row - 1, column
        if not self._above[row + 1][column]:
            yield row + 1, column
        if not self._before[row][column]:
            yield row, column - 1
        if not self._before[row][column + 1]:
            yield row, column + 1


def _nearest(edges: Sequence[float], at: float) -> int:
    """The index in ``edges`` (from the lowest up) of the one next to ``at``."""
    i = bisect_left(edges, at)
    return min(range(max(0, i - 1), min(i + 1, len(edges))), key=lambda k: abs(edges[k] - at))


def _covers(rule: Rule, start: float, end: float) -> bool:
    slack = min(TOUCH, 0.3 * (end - start))
    return rule.start <= start + slack and rule.end >= end - slack
