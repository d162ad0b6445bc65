"""Finds the cells of ruled tables from the straight lines on a page; what is not closed into a grid is no table."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

_TOUCH = 3.0  # points between the ends of lines that meet
_SAME = 2.0  # points between lines that are one, such as the two of a double border
_THICK = 4.0  # points across all lines that are one
_SHORTEST = 4.0
_MOST_CELLS = 20_000
_FILLED = 0.85
_FRAME = 0.8

Box = tuple[float, float, float, float]
"""Left, bottom, right and top in points, y upwards."""


class Rule(NamedTuple):
    """A straight line along one axis: its place on the other axis, where it starts and where it ends."""

    at: float
    start: float
    end: float


class Rules(NamedTuple):
    """The level and the upright lines of a page."""

    across: tuple[Rule, ...]
    down: tuple[Rule, ...]


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

    ``xs`` run from the left, ``ys`` from the top down; ``squares`` holds a list for every row.
    """

    cells: tuple[Cell, ...]
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    squares: tuple[tuple[int, ...], ...]

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


def turned(box: Box, quarter: int) -> Box:
    """``box`` as it stands when text that was turned by ``quarter`` quarters clockwise stands upright."""
    left, bottom, right, top = box
    if quarter == 1:
        return (-top, left, -bottom, right)
    if quarter == 2:
        return (-right, -top, -left, -bottom)
    return (bottom, -right, top, -left) if quarter == 3 else box


def turned_rules(rules: Rules, quarter: int) -> Rules:
    """``rules`` as they stand when text that was turned by ``quarter`` quarters clockwise stands upright."""
    across = [turned((rule.start, rule.at, rule.end, rule.at), quarter) for rule in rules.across]
    down = [turned((rule.at, rule.start, rule.at, rule.end), quarter) for rule in rules.down]
    level, upright = (down, across) if quarter % 2 else (across, down)
    return Rules(
        across=tuple(Rule(box[1], box[0], box[2]) for box in level),
        down=tuple(Rule(box[0], box[1], box[3]) for box in upright),
    )


def grids(rules: Rules) -> list[Grid]:
    """The ruled tables of two or more rows and columns, the largest first."""
    across, down = _whole(rules.across), _whole(rules.down)
    found = [grid for part in _parts(across, down) if (grid := _grid(*part))]
    return sorted(found, key=lambda grid: -_area(grid.box))


def _whole(rules: Sequence[Rule]) -> list[Rule]:
    """Lines put together from their pieces, and double lines as one, in order of their places."""
    made: list[Rule] = []
    for level in _levels(rules):
        at = sum(rule.at for rule in level) / len(level)
        start, end = level[0].start, level[0].end
        for rule in level[1:]:
            if rule.start > end + _TOUCH:
                made.append(Rule(at, start, end))
                start, end = rule.start, rule.end
            end = max(end, rule.end)
        made.append(Rule(at, start, end))
    return [rule for rule in made if rule.end - rule.start >= _SHORTEST]


def _levels(rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    """Groups of lines at one place, each in order of their starts."""
    level: list[Rule] = []
    for rule in sorted(rules):
        if level and (rule.at - level[-1].at > _SAME or rule.at - level[0].at > _THICK):
            yield sorted(level, key=lambda r: r.start)
            level = []
        level.append(rule)
    if level:
        yield sorted(level, key=lambda r: r.start)


def _parts(across: Sequence[Rule], down: Sequence[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """The lines that hang together, directly or by others."""
    places = [rule.at for rule in down]
    meets: list[list[int]] = []
    for rule in across:
        near = range(bisect_left(places, rule.start - _TOUCH), bisect_right(places, rule.end + _TOUCH))
        meets.append([i for i in near if down[i].start - _TOUCH <= rule.at <= down[i].end + _TOUCH])
    crossed: list[list[int]] = [[] for _ in down]
    for i, those in enumerate(meets):
        for j in those:
            crossed[j].append(i)
    seen: set[int] = set()
    for first in range(len(across)):
        if first in seen:
            continue
        level, upright, waiting = {first}, set[int](), [first]
        while waiting:
            for j in meets[waiting.pop()]:
                if j not in upright:
                    upright.add(j)
                    waiting += [i for i in crossed[j] if i not in level]
                    level.update(crossed[j])
        seen |= level
        yield [across[i] for i in sorted(level)], [down[j] for j in sorted(upright)]


def _grid(across: list[Rule], down: list[Rule]) -> Grid | None:
    across, down = _closed(across, down)
    xs, ys = _edges(down), _edges(across)[::-1]
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


def _closed(across: list[Rule], down: list[Rule]) -> tuple[list[Rule], list[Rule]]:
    """The lines with those that close a table whose level or upright lines all end beyond the outermost of the others."""
    if not down:
        return across, down
    return sorted([*across, *_closing(down, across)]), sorted([*down, *_closing(across, down)])


def _closing(rules: Sequence[Rule], others: Sequence[Rule]) -> Iterator[Rule]:
    """The lines through the ends of ``rules`` where the first and the last of these go further than any of ``others``."""
    first, last = min(rules).at, max(rules).at
    start, end = min(rule.start for rule in rules), max(rule.end for rule in rules)
    low, high = min(first, *(rule.start for rule in others)), max(last, *(rule.end for rule in others))
    if start < min(others).at - 2 * _TOUCH and {first, last} <= {r.at for r in rules if r.start <= start + _TOUCH}:
        yield Rule(start, low, high)
    if end > max(others).at + 2 * _TOUCH and {first, last} <= {r.at for r in rules if r.end >= end - _TOUCH}:
        yield Rule(end, low, high)


def _edges(rules: Sequence[Rule]) -> list[float]:
    """The places of ``rules`` from the lowest up, without those that stand closer than lines that meet."""
    edges: list[float] = []
    for at in sorted({rule.at for rule in rules}):
        if not edges or at - edges[-1] > _TOUCH:
            edges.append(at)
    return edges


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
        for rule in across:
            row = _nearest(ys, rule.at)
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
    return min(range(len(edges)), key=lambda i: abs(edges[i] - at))


def _covers(rule: Rule, start: float, end: float) -> bool:
    slack = min(_TOUCH, 0.3 * (end - start))
    return rule.start <= start + slack and rule.end >= end - slack
