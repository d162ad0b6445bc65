"""Places on a sheet as its file writes them, columns by letters and areas such as A1:D9, and texts that are put there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qeu_rag.ingest.readers.table.grid import Area, Grid
from qeu_rag.tables.columns import column_of

_MOST = 5_000
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?$")


def within(area: Area, row: int, column: int) -> bool:
    """Whether a cell lies in an area."""
    return area[0] <= row <= area[2] and area[1] <= column <= area[3]


def areas(references: str) -> list[Area]:
    """First row, first column, last row and last column of each area in ``A1:B2 D4``; what is none is left out."""
    return list(_areas(references))


def _areas(references: str) -> Iterator[Area]:
    for reference in references.split()[:_MOST]:
        if found := _REFERENCE.match(reference):
            left, top = column_of(found[1]), int(found[2])
            right, bottom = (column_of(found[3]), int(found[4])) if found[3] else (left, top)
            yield min(top, bottom), min(left, right), max(top, bottom), max(left, right)


def put(grid: Grid, row: int, column: int, text: str, *, before: bool = False) -> None:
    """Adds ``text`` to a cell of the grid, which may be empty; nothing is added to rows and columns that were left out."""
    if row in grid.gone_rows or column in grid.gone_columns:
        return
    cells = grid.cells.setdefault(row, {})
    held = cells.get(column, "")
    cells[column] = " ".join(filter(None, (text, held) if before else (held, text)))
