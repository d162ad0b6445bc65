"""Finds tables without ruled lines: rows whose pieces stand below each other, in columns that no piece of them crosses."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from qeu_rag.ingest.readers.pdf.lines import LEADERS, Line, beside
from qeu_rag.ingest.readers.pdf.ruled import Cell, Grid
from qeu_rag.ingest.readers.pdf.strokes import Box, turned
from qeu_rag.ingest.readers.pdf.text import Letter
from qeu_rag.ingest.readers.pdf.upright import turned_line

_GAP = 0.9  # of the font's height between pieces of a row; between words it is less
_RUNNING = 0.58  # of the font's height, a character: of less in running text, so that there are no such gaps
_SHORT, _NARROW = 60, 0.42  # in lines of so few characters there may be, where the letters are narrow
_FAR = 2.2  # times the usual step: what stands lower is no row of the table
_NEAR = 0.8  # of it: what stands higher goes on in the row above
_LEAST_ROWS, _LEAST_COLUMNS = 3, 3
_LEAST_FULL = 0.2  # of the rows that have all columns but one
_TEXT = 0.6  # of the table's width: a single piece this wide is text
_FULL = 0.75  # of a column's width, of a line that goes on below


_FIGURE = re.compile(r"[-+−±△▲¥$€£(]*\d")


class _Piece(NamedTuple):
    """Words of a row between two gaps, and where they start and end."""

    start: float
    end: float
    text: str

    @property
    def figure(self) -> bool:
        """Whether it is a number."""
        return bool(_FIGURE.match(self.text))


class _Row(NamedTuple):
    """A row of the page: its pieces from the left, and its box."""

    pieces: list[_Piece]
    box: Box
    height: float


Letters = Callable[[Line], Sequence[Letter]]


def aligned(lines: Sequence[Line], letters_of: Letters, quarter: int) -> Iterator[Grid]:
    """The grids of such tables of three columns or more, as they stand when text turned by ``quarter`` stands upright.

    Lines that go on in a row are part of it, and names over several columns are cells over these. What fits into no such
    order is no table, nor are two columns, which read alike as lines.
    """
    for run in _runs(_rows(lines, letters_of, quarter)):
        at = 0
        while len(run) - at >= _LEAST_ROWS:
            end = _reach(run, at)
            grid = _grid(run[at:end])
            if grid:
                yield grid
            at = end if grid else at + 1


def _rows(lines: Sequence[Line], letters_of: Letters, quarter: int) -> Iterator[_Row]:
    row: list[tuple[Line, Line]] = []
    long = [line.spread for line in lines if len(line.text) > 40 and not line.down and not line.up]
    running = min(max(_RUNNING, 1.1 * median(long)), 1.1 * _RUNNING) if long else _RUNNING
    for line in lines:
        upright = turned_line(line, quarter) if quarter else line
        if row and not beside(row[-1][1], upright):
            yield _row(row, letters_of, quarter, running)
            row = []
        row.append((line, upright))
    if row:
        yield _row(row, letters_of, quarter, running)


def _row(row: Sequence[tuple[Line, Line]], letters_of: Letters, quarter: int, running: float) -> _Row:
    pieces: list[_Piece] = []
    height = min(line.height for _, line in row)
    for own, line in row:
        least = running if len(line.text) > _SHORT else min(running, _NARROW)
        if line.spread < least or " " not in line.text or LEADERS.search(line.text):
            pieces.append(_Piece(line.left, line.right, line.text))
        else:
            pieces += _pieces(letters_of(own), _GAP * height, quarter)
    low, high = min(line.bottom for _, line in row), max(line.top for _, line in row)
    return _Row(sorted(pieces), (row[0][1].left, low, row[-1][1].right, high), height)


def _pieces(letters: Sequence[Letter], gap: float, quarter: int) -> Iterator[_Piece]:
    piece: _Piece | None = None
    for letter in letters:
        if letter.number < 0:
            continue
        left, _, right, _ = turned(letter.ink, quarter)
        if piece and left - piece.end <= gap:
            piece = piece._replace(end=max(piece.end, right), text=piece.text + letter.char)
            continue
        if piece:
            yield piece
        piece = _Piece(left, right, letter.char)
    if piece:
        yield piece


def _runs(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    """Rows at distances that go together, the first of several pieces."""
    run: list[_Row] = []
    for row in rows:
        if run and _parts(run, row):
            yield run
            run = []
        if run or len(row.pieces) > 1:
            run.append(row)
    yield run


def _parts(run: Sequence[_Row], row: _Row) -> bool:
    """Whether ``row`` is none of a table's that ``run`` may be."""
    above = run[-1]
    steps = [a.box[1] - b.box[1] for a, b in pairwise(run[-20:])]
    usual = max(1.2 * row.height, median(steps) if steps else 0.0)
    if not 0 < above.box[1] - row.box[1] <= _FAR * usual or abs(row.height - above.height) > 0.3 * row.height:
        return True
    width = max(each.box[2] for each in (*run, row)) - min(each.box[0] for each in (*run, row))
    return len(row.pieces) == 1 and row.box[2] - row.box[0] > _TEXT * width and len(above.pieces) > 1


def _reach(run: Sequence[_Row], at: int) -> int:
    """Where the rows end that from ``at`` on have columns of their own for all their pieces."""
    start = at + _heads(run[at:])
    end = min(start + _LEAST_ROWS - 1, len(run))
    while end < len(run) and _placed(run[start : end + 1], _columns(run[start : end + 1])):
        end += 1
    return end


def _grid(run: Sequence[_Row]) -> Grid | None:
    """The grid of a run of rows; None where they have no columns in common."""
    heads = _heads(run)
    last = max((i for i, row in enumerate(run) if len(row.pieces) > 1), default=0)
    body, tail = run[heads : last + 1], run[last + 1 :]
    columns = _columns(body)
    if len(run[0].pieces) < 2 or len(columns) < _LEAST_COLUMNS or len(body) < _LEAST_ROWS - heads:
        return None
    placed = _placed(body, columns)
    full = sum(len(row) >= len(columns) - 1 for row in placed)
    if full < max(2, _LEAST_FULL * len(body)):
        return None
    if any(sum(column in row for row in placed) < 2 for column in range(len(columns))):
        return None
    rows = [[row] for row in run[:heads]] + _joined(body, tail, columns)
    names = _names(run[0], columns) if heads else []
    return _made(rows, columns, names) if len(rows) >= _LEAST_ROWS else None


def _heads(run: Sequence[_Row]) -> int:
    """1 where the first row has names over several columns: two of the second stand below one, or are said twice; else 0."""
    if len(run) <= _LEAST_ROWS:
        return 0
    first, second = run[0].pieces, run[1].pieces
    over = max(sum(a.start < b.end and b.start < a.end for b in second) for a in first)
    names = [piece.text for piece in second if not piece.figure]
    return int(1 < len(first) < len(second) and (over > 1 or len(set(names)) < len(names)))


def _columns(rows: Sequence[_Row]) -> list[tuple[float, float]]:
    """The stretches from side to side that pieces fill, with nothing but room between them."""
    columns: list[tuple[float, float]] = []
    for start, end, _ in sorted(piece for row in rows for piece in row.pieces):
        if columns and start <= columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], end))
        else:
            columns.append((start, end))
    return columns


def _placed(rows: Sequence[_Row], columns: Sequence[tuple[float, float]]) -> list[list[int]]:
    """The columns of the pieces of each row; nothing at all where two pieces of a row stand in one."""
    ends = [end for _, end in columns]
    placed = [[bisect_right(ends, piece.start) for piece in row.pieces] for row in rows]
    return placed if all(len(set(row)) == len(row) for row in placed) else []


def _joined(body: Sequence[_Row], tail: Sequence[_Row], columns: Sequence[tuple[float, float]]) -> list[list[_Row]]:
    """The rows of the table, each of the lines that it goes over; of the ``tail`` below it those that its last row goes on in."""
    run = [*body, *tail]
    placed = [[bisect_right([end for _, end in columns], piece.start) for piece in row.pieces] for row in run]
    steps = [a.box[1] - b.box[1] for a, b in pairwise(run)]
    keyed = [step for step, a, b in zip(steps, placed, placed[1:], strict=False) if 0 in a and 0 in b]
    usual = median(keyed) if keyed else median(steps)
    rows = [[run[0]]]
    for i, step in enumerate(steps, 1):
        goes_on = _goes_on(run[i - 1], run[i], placed[i - 1], placed[i], columns)
        if i >= len(body) and not goes_on:
            break
        if goes_on or step < _NEAR * usual:
            rows[-1].append(run[i])
        else:
            rows.append([run[i]])
    return rows


def _goes_on(
    above: _Row, row: _Row, over: Sequence[int], own: Sequence[int], columns: Sequence[tuple[float, float]]
) -> bool:
    """Whether ``row`` has only words, in few columns and not the first, below such as fill these columns."""
    if 0 in own or 2 * len(own) >= len(columns) or any(piece.figure for piece in row.pieces):
        return False
    widths = {column: piece.end - piece.start for column, piece in zip(over, above.pieces, strict=True)}
    return all(c < len(columns) and widths.get(c, 0) > _FULL * (columns[c][1] - columns[c][0]) for c in own)


def _names(row: _Row, columns: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """The first and the last column that each name of ``row`` stands over, as far as it stands in their middle."""
    over = []
    for piece in row.pieces:
        held = [i for i, (start, end) in enumerate(columns) if piece.start < end and start < piece.end]
        near = min(range(len(columns)), key=lambda i: abs(columns[i][0] - piece.start))
        over.append((held[0], held[-1]) if held else (near, near))
    made = []
    left = not any(last > first for first, last in over)  # at the left of what they stand over
    for n, (first, last) in enumerate(over):
        low = over[n - 1][1] + 1 if n else 0
        high = over[n + 1][0] - 1 if n + 1 < len(over) else len(columns) - 1
        middle = row.pieces[n].start + row.pieces[n].end
        spans = [(a, b) for a in {first, max(low, first - 1)} for b in {last, min(high, last + 1)}]
        middling = min(spans, key=lambda s: abs(columns[s[0]][0] + columns[s[1]][1] - middle))
        made.append(middling if last > first or not left else (first, high))
    return made


def _made(
    rows: Sequence[Sequence[_Row]], columns: Sequence[tuple[float, float]], names: Sequence[tuple[int, int]]
) -> Grid:
    """The grid with a cell for every row and column, but for ``names`` over columns and those beside them."""
    xs = [columns[0][0] - 1, *((a[1] + b[0]) / 2 for a, b in pairwise(columns)), columns[-1][1] + 1]
    ys = [max(row.box[3] for row in rows[0]) + 1]
    ys += [(min(r.box[1] for r in a) + max(r.box[3] for r in b)) / 2 for a, b in pairwise(rows)]
    ys.append(min(row.box[1] for row in rows[-1]) - 1)
    areas = {(0, a): (1, b - a + 1) for a, b in names if b > a}
    under = {c for a, b in names if b > a for c in range(a, b + 1)}
    if names:
        areas |= {(0, c): (2, 1) for c in range(len(columns)) if c not in under}
    cells: list[Cell] = []
    squares = [[-1] * len(columns) for _ in rows]
    for r in range(len(rows)):
        for c in range(len(columns)):
            if squares[r][c] >= 0:
                continue
            down, across = areas.get((r, c), (1, 1))
            for each in squares[r : r + down]:
                each[c : c + across] = [len(cells)] * across
            box = (xs[c], ys[r + down], xs[c + across], ys[r])
            cells.append(Cell(row=r, column=c, rows=down, columns=across, box=box))
    return Grid(cells=tuple(cells), xs=tuple(xs), ys=tuple(ys), squares=tuple(map(tuple, squares)), ruled=False)
