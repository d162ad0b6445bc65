"""Reads the sheets of an OpenDocument spreadsheet into grids: values as they are shown, without what is hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from qeu_rag.ingest.readers.odf.inline import SHAPES
from qeu_rag.ingest.readers.odf.package import DRAW, OFFICE, TABLE, TEXT, Look
from qeu_rag.ingest.readers.odf.text import Blocks, rows_of
from qeu_rag.ingest.readers.page import html_paragraph
from qeu_rag.ingest.readers.table.grid import Grid
from qeu_rag.ingest.readers.xml_elements import local, whole

_MOST_REPEATED = 1_000
_MOST_COPIES = 50_000
"""Cells of a sheet that stand in its file once and are shown several times."""
_MOST_COLUMNS = 16_384
_ERROR = re.compile(r"^(?:#(?:REF|N/A|NAME\?|VALUE|DIV/0|NUM|NULL)!?|Err:5\d\d)")


@dataclass(slots=True)
class OdsSheet:
    """A sheet: its name, its cells, and the HTML of the text boxes and charts that lie on it."""

    name: str
    grid: Grid = field(default_factory=Grid)
    drawings: str = ""


@dataclass(slots=True)
class _Columns:
    """What the columns say of their cells, by column: the style, and whether they are hidden."""

    styles: dict[int, str] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)


class Sheets:
    """Reads the sheets of one file."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks, self._styles, self._counts = blocks, blocks.styles, blocks.counts
        self._copies = 0

    def read(self, body: Any) -> Iterator[OdsSheet | None]:
        """Each sheet in the order of their tabs; None for one that is hidden."""
        for table in body.iterfind(TABLE + "table"):
            style = self._styles.properties("table", table.get(TABLE + "style-name", ""), "table-properties")
            if style.get("display") == "false":
                self._counts["hidden_sheets"] += 1
                yield None
            else:
                yield self._sheet(table)

    def _sheet(self, table: Any) -> OdsSheet:
        sheet = OdsSheet(" ".join(table.get(TABLE + "name", "").split()))
        columns = _columns(table)
        self._copies = 0
        used: set[int] = set()
        number = 1
        for row, _ in rows_of(table):
            times = max(1, whole(row.get(TABLE + "number-rows-repeated"), 1))
            state = row.get(TABLE + "visibility", "visible")
            if state in {"collapse", "filter"}:
                if "".join(row.itertext()).strip():
                    self._counts["hidden_rows" if state == "collapse" else "filtered_rows"] += min(
                        times, _MOST_REPEATED
                    )
                sheet.grid.gone_rows |= set(range(number, number + min(times, _MOST_REPEATED)))
            else:
                self._row(sheet, row, number, times, columns, used)
            number += times
        self._counts["hidden_columns"] += len(used & columns.hidden)
        sheet.grid.gone_columns |= used & columns.hidden
        for shapes in table.iterfind(TABLE + "shapes"):
            sheet.drawings += self._drawings(shapes)
        return sheet

    def _row(self, sheet: OdsSheet, row: Any, number: int, times: int, columns: _Columns, used: set[int]) -> None:
        texts: dict[int, str] = {}
        heavy: list[bool] = []
        column = 1
        for cell in row:
            kind = local(cell)
            if kind not in {"table-cell", "covered-table-cell"}:
                continue
            repeated = max(1, whole(cell.get(TABLE + "number-columns-repeated"), 1))
            style = cell.get(TABLE + "style-name") or columns.styles.get(column, "")
            look = self._styles.look("table-cell", style, Look())
            text = self._text(cell, look) if kind == "table-cell" else ""
            if text:
                for at in range(column, min(column + self._times(repeated, 1), _MOST_COLUMNS)):
                    used.add(at)
                    if at not in columns.hidden:
                        texts[at] = text
                        heavy.append(look.bold or look.ground not in {"", "transparent", "#ffffff"})
            down, across = (whole(cell.get(f"{TABLE}number-{what}-spanned"), 1) for what in ("rows", "columns"))
            if down > 1 or across > 1:
                sheet.grid.merges.append((number, column, number + down - 1, column + across - 1))
            sheet.drawings += self._drawings(cell)
            column += repeated
        if texts:
            for at in range(number, number + self._times(times, len(texts))):
                sheet.grid.cells[at] = dict(texts)
                if all(heavy):
                    sheet.grid.heavy.add(at)

    def _times(self, times: int, size: int) -> int:
        """How often ``size`` cells that are to be shown ``times`` are shown."""
        kept = max(1, min(times, _MOST_REPEATED, 1 + (_MOST_COPIES - self._copies) // size))
        self._copies += (kept - 1) * size
        return kept

    def _text(self, cell: Any, look: Look) -> str:
        """What a cell shows, with the comment on it."""
        lines = [self._blocks.inline.read(p, look)[0].strip() for p in cell.iterfind(TEXT + "p")]
        shown = "\n".join(filter(None, lines))
        if not lines and not look.left_out():
            shown = _value(cell)
            if not shown and cell.get(TABLE + "formula") and cell.get(OFFICE + "value-type") != "string":
                self._counts["formulas"] += 1
        self._counts["errors"] += bool(_ERROR.match(shown))
        remarks = [self._blocks.inline.comment(note) for note in cell.iterfind(OFFICE + "annotation")]
        return " ".join(filter(None, [shown, *remarks]))

    def _drawings(self, element: Any) -> str:
        made = ""
        for child in element:
            if str(child.tag).startswith(DRAW) and local(child) in SHAPES:
                within, below = self._blocks.shape(child, Look())
                made += html_paragraph(within) + below
        return made


def _columns(table: Any) -> _Columns:
    found, number = _Columns(), 1
    for column in table.iter(TABLE + "table-column"):
        times = max(1, whole(column.get(TABLE + "number-columns-repeated"), 1))
        for at in range(number, min(number + times, _MOST_COLUMNS)):
            if style := column.get(TABLE + "default-cell-style-name"):
                found.styles[at] = style
            if column.get(TABLE + "visibility", "visible") != "visible":
                found.hidden.add(at)
        number += times
    return found


def _value(cell: Any) -> str:
    """The value of a cell that holds no text, as some programs write them."""
    kind = cell.get(OFFICE + "value-type", "")
    value = cell.get(OFFICE + "value", "")
    if kind == "boolean":
        return str(cell.get(OFFICE + "boolean-value", "")).upper()
    if kind == "date":
        return str(cell.get(OFFICE + "date-value", "")).removesuffix("T00:00:00").replace("T", " ")
    if kind == "time":
        parts = re.fullmatch(r"PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S", cell.get(OFFICE + "time-value", ""))
        return f"{int(parts[1])}:{parts[2]:0>2}:{parts[3]:0>2}" if parts else ""
    if kind == "percentage":
        try:
            return f"{float(value) * 100:.10g}%"
        except ValueError:
            return str(value)
    if kind == "currency":
        return f"{value} {cell.get(OFFICE + 'currency', '')}".strip()
    return str(cell.get(OFFICE + "string-value") or value)
