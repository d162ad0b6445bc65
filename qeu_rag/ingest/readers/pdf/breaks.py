"""Finds the tables of a PDF that go on from the page before, and gives them the header that they had there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from qeu_rag.ingest.readers.pdf.lines import Line, Sheet, in_margin
from qeu_rag.ingest.readers.pdf.notes import Notes
from qeu_rag.ingest.readers.pdf.rows import Row, rows_of
from qeu_rag.ingest.readers.pdf.strokes import turned
from qeu_rag.ingest.readers.pdf.table import PdfTable

_SAME_COLUMN, _LIKE_COLUMN = 3.0, 25.0  # points; without lines the text alone says where they are
_REACH = 0.35  # of the page's height, from the edge to a table that was cut there


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A page: its lines and tables, whether it draws too much to look for any, whether its fonts leave letters without meaning,
    how much of it was left out, and the notes on it.
    """

    sheet: Sheet
    tables: tuple[PdfTable, ...] = ()
    crowded: bool = False
    unnamed: bool = False
    left: Counter[str] = field(default_factory=Counter)
    notes: Notes = field(default_factory=Notes)


def written_tables(
    leaves: Sequence[Leaf], pages: Sequence[Sequence[Line]], known: Counter[str]
) -> Iterator[list[list[Row]]]:
    """The rows of the tables of each page, header first; ``pages`` are the lines of each without the running ones."""
    above: PdfTable | None = None
    header: Row = ()
    label = ""
    for leaf, lines in zip(leaves, pages, strict=True):
        written = [rows_of(table, known) for table in leaf.tables]
        first, last = _outer(leaf, lines)
        if above and first:
            below, rows = leaf.tables[first - 1], written[first - 1]
            bare = not any(rows[0])
            if _continues(above, below) and (rows[0] == header or bare or not _has_own_header(above, below)):
                _go_on(rows, header, below, label)
        above = leaf.tables[last - 1] if last else None
        header = written[last - 1][0] if last else ()
        label = _label(written[last - 1]) if last else ""
        yield written


def _label(rows: Sequence[Row]) -> str:
    """What the last row has in the first column; nothing where the table leaves cells there blank."""
    return rows[-1][0] if all(row[0] for row in rows[1:]) else ""


def _go_on(rows: list[Row], header: Row, below: PdfTable, label: str) -> None:
    """Gives ``rows`` of ``below`` the ``header`` unless they have it, and the rest of a merged first cell its ``label``.

    An empty cell of one row may be blank in its own right.
    """
    if not any(rows[0]):
        rows[0] = header
    elif rows[0] != header:
        rows.insert(0, header)
    first = len(below.grid.squares) - len(rows) + 1
    cell = below.grid.squares[first][0] if first >= 0 else -1
    if label and cell >= 0 and not rows[1][0] and (cut := below.grid.cells[cell].rows) > 1:
        rows[1 : 1 + cut] = [(label, *row[1:]) for row in rows[1 : 1 + cut]]


def _outer(leaf: Leaf, lines: Sequence[Line]) -> tuple[int, int]:
    """The numbers of the table that opens the page and of the one that closes it, each near that edge; 0 for none."""
    boxes = [turned(table.grid.box, -table.quarter % 4) for table in leaf.tables]
    inner = [
        line.table
        for line in lines
        if line.table
        or not in_margin(line, leaf.sheet)
        or any(max(line.bottom - box[3], box[1] - line.top) < line.height for box in boxes)
    ]
    first, last = (inner[0], inner[-1]) if inner else (0, 0)
    reach = _REACH * (leaf.sheet.top - leaf.sheet.bottom)
    if first and leaf.tables[first - 1].quarter == 0 and boxes[first - 1][3] < leaf.sheet.top - reach:
        first = 0
    if last and leaf.tables[last - 1].quarter == 0 and boxes[last - 1][1] > leaf.sheet.bottom + reach:
        last = 0
    return first, last


def _continues(above: PdfTable, below: PdfTable) -> bool:
    """Whether two tables have the same columns."""
    xs = zip(above.grid.xs, below.grid.xs, strict=False)
    reach = _SAME_COLUMN if above.grid.ruled else _LIKE_COLUMN
    same = len(above.grid.xs) == len(below.grid.xs) and all(abs(a - b) <= reach for a, b in xs)
    return same and above.grid.ruled == below.grid.ruled and above.quarter == below.quarter


def _has_own_header(above: PdfTable, below: PdfTable) -> bool:
    """Whether bold type marks the first row of both tables as a header, and no other row of the first."""
    if not below.grid.ruled:
        return True
    return _bold(below, 0) and _bold(above, 0) and not all(_bold(above, r) for r in range(1, len(above.grid.squares)))


def _bold(table: PdfTable, row: int) -> bool:
    lines = [line for i in set(table.grid.squares[row]) if i >= 0 for line in table.lines[i]]
    return bool(lines) and all(line.bold for line in lines)
