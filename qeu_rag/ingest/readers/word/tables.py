"""Lays out a Word table: merged cells, columns that a row leaves out, headings of several rows, titles above the header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from qeu_rag.ingest.readers.table.blocks import told_above
from qeu_rag.ingest.readers.table.grid import Grid
from qeu_rag.ingest.readers.word.styles import is_contents
from qeu_rag.ingest.readers.xml_elements import ALTERNATE, W, first_shown, is_on, whole

_WRAPPERS = frozenset(W + name for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"))
_MOST_COLUMNS = 200
_LOOKED_AT = 250
"""How many first rows tell where the header stands."""
_LONGEST_REPEAT = 500
"""A longer text that spans rows stands in the first of them only."""


@dataclass(slots=True)
class Cell:
    """A cell: its text, how many columns it spans, whether it goes on from the cell above, and the tables in it."""

    text: str
    across: int = 1
    continues: bool = False
    tables: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Row:
    """A row: its cells, and whether it repeats as a header on each page."""

    cells: list[Cell]
    header: bool = False

    def starts(self) -> Iterator[tuple[int, Cell]]:
        """The cells with their first columns."""
        column = 0
        for cell in self.cells:
            yield column, cell
            column += cell.across


def descend(element: Any, *tags: str) -> Iterator[Any]:
    """The children with one of ``tags``, also inside content controls, but tables of contents, and accepted insertions."""
    for child in element:
        if child.tag in tags:
            yield child
        elif child.tag == ALTERNATE:
            yield from first_shown(child, lambda each: descend(each, *tags))
        elif child.tag in _WRAPPERS and not is_contents(child):
            yield from descend(child, *tags)


def row_state(row: Any) -> tuple[str, int, int, bool]:
    """Why a row is left out ("deleted", "hidden" or empty), the columns it leaves out on each side, whether it is a header."""
    properties = row.find(W + "trPr")
    if properties is None:
        return "", 0, 0, False
    gone = (
        "deleted"
        if properties.find(W + "del") is not None
        else "hidden"
        if is_on(properties.find(W + "hidden"))
        else ""
    )
    before, after = (_count(properties.find(W + name), 0) for name in ("gridBefore", "gridAfter"))
    return gone, before, after, is_on(properties.find(W + "tblHeader"))


def cell_state(cell: Any) -> tuple[int, bool, str]:
    """How many columns a cell spans, whether it goes on from above, and "left" or "deleted" where its text does not count."""
    properties = cell.find(W + "tcPr")
    if properties is None:
        return 1, False, ""
    merge, beside = properties.find(W + "vMerge"), properties.find(W + "hMerge")
    continues = merge is not None and merge.get(W + "val", "continue") == "continue"
    gone = "left" if beside is not None and beside.get(W + "val", "continue") == "continue" else ""
    if properties.find(W + "cellDel") is not None:
        gone = "deleted"
    return _count(properties.find(W + "gridSpan"), 1), continues, gone


def _count(element: Any, least: int) -> int:
    value = element.get(W + "val") if element is not None else None
    return max(least, min(whole(value, least), _MOST_COLUMNS))


def merged_beside(cells: list[Cell], gone: Sequence[str]) -> list[Cell]:
    """The cells with those that an old file joins to the cell at their left made part of it."""
    kept: list[Cell] = []
    for cell, why in zip(cells, gone, strict=True):
        if why == "left" and kept:
            kept[-1].across = min(kept[-1].across + cell.across, _MOST_COLUMNS)
        else:
            kept.append(cell)
    return kept


def lay_out(rows: list[Row]) -> tuple[list[str], list[list[str]]]:
    """The titles above the header (rows of one cell over all columns), and the grid with its header in one row.

    What spans rows is repeated in each; what spans columns stands in the first, but over each of them in a header of
    several rows, so that 上期 below 2025年度 is 2025年度 上期.
    """
    width = max((sum(cell.across for cell in row.cells) for row in rows), default=0)
    filled = _filled(rows)
    titles: list[str] = []
    while len(rows) > 2 and width > 1 and len(rows[0].cells) == 1 and rows[0].cells[0].across >= width:
        titles += [text for text in filled[0][:1] if text]
        rows, filled = rows[1:], filled[1:]
    start, lines = _told_above(rows, filled)
    titles, rows, filled = titles + lines, rows[start:], filled[start:]
    depth = _header_rows(rows, filled)
    if depth < 2:
        return titles, [_first_only(row, line) for row, line in zip(rows, filled, strict=True)]
    head = [_joined([line[c] for line in filled[:depth] if c < len(line)]) for c in range(width)]
    return titles, [head, *(_first_only(row, line) for row, line in zip(rows[depth:], filled[depth:], strict=True))]


def _told_above(rows: Sequence[Row], filled: Sequence[Sequence[str]]) -> tuple[int, list[str]]:
    """How many first rows tell about the table, and what, as ``作成日: 2025-04-01``; none where a header is marked."""
    if len(rows) < 3 or any(row.header for row in rows):
        return 0, []
    grid = Grid()
    for number, row in enumerate(rows[:_LOOKED_AT], 1):
        for column, cell in row.starts():
            text = filled[number - 1][column]
            if text:
                grid.cells.setdefault(number, {})[column] = text
            if cell.across > 1:
                grid.merges.append((number, column, number, column + cell.across - 1))
    lines, table = told_above(grid)
    return (table[0][0] - 1 if table else 0), lines


def _filled(rows: Sequence[Row]) -> list[list[str]]:
    """The texts by row and column, each in every column and row that it spans."""
    lines = []
    above: dict[int, str] = {}
    for row in rows:
        line: list[str] = []
        for column, cell in row.starts():
            text = above.get(column, "") if cell.continues else cell.text
            above[column] = text if len(text) <= _LONGEST_REPEAT else ""
            line += [text] * cell.across
        lines.append(line)
    return lines


def _first_only(row: Row, line: Sequence[str]) -> list[str]:
    kept = [""] * len(line)
    for column, _ in row.starts():
        kept[column] = line[column]
    return kept


def _header_rows(rows: Sequence[Row], filled: Sequence[Sequence[str]]) -> int:
    """How many rows the header has: those so marked, else as many as columns that are joined stand above columns that are not."""
    marked = next((i for i, row in enumerate(rows) if not row.header), len(rows))
    if 2 <= marked < len(rows):
        return marked
    depth = 1
    while depth + 1 < len(rows) and depth < 4 and _goes_on(rows[depth - 1], rows[depth], filled[depth]):
        depth += 1
    return depth


def _goes_on(row: Row, below: Row, line: Sequence[str]) -> bool:
    single = {column for column, cell in row.starts() if cell.across == 1 and (cell.text or cell.continues)}
    joined = [range(column, column + cell.across) for column, cell in row.starts() if cell.across > 1 and cell.text]
    if not joined:
        return False
    under = dict(below.starts())
    if any(column in under and under[column].text and not under[column].continues for column in single):
        return False
    return all(sum(c in under and bool(c < len(line) and line[c]) for c in span) > 1 for span in joined)


def _joined(parts: Sequence[str]) -> str:
    return " ".join(part for i, part in enumerate(parts) if part and part not in parts[:i])
