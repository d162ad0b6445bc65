"""Reads Excel files: each sheet's blocks of cells as Markdown tables, with values as a person sees them."""

from __future__ import annotations

import contextlib
import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.archive import check_ooxml, is_encrypted_ole
from qeu_rag.ingest.readers.cells import shown
from qeu_rag.ingest.readers.markdown import escape, table
from qeu_rag.ingest.readers.page import one_line, page, sensible_title
from qeu_rag.ingest.remark import Remark

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_MAX_MERGES = 20_000
_MAX_FILL = 5_000
_TAIL = 2 << 20

Grid = dict[int, dict[int, str]]
"""The texts of the cells that are not empty, by row and column, both from 1."""


class XlsxReader(BaseReader):
    """An Excel file (.xlsx, .xlsm), one document a sheet; formulas give the results that were stored with them."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document a sheet. Raises ReadError: "encrypted", "damaged", "too_large"."""
        import openpyxl

        check_ooxml(Path(file), "xl/workbook.xml")
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            title = sensible_title(book.properties.title)
            sheets = [(s.title, _fill(_xlsx_grid(s), _merges(file, s)), s.sheet_state) for s in book.worksheets]
        finally:
            book.close()
        return _pages(sheets, title)


class XlsReader(BaseReader):
    """An Excel 97-2003 file (.xls), one document a sheet."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document a sheet. Raises ReadError: "encrypted", "damaged"."""
        import xlrd

        if is_encrypted_ole(Path(file)):
            raise ReadError("encrypted")
        try:
            book = xlrd.open_workbook(str(file), formatting_info=True, logfile=io.StringIO())
        except xlrd.XLRDError as e:
            if "encrypt" in str(e).lower() or "password" in str(e).lower():
                raise ReadError("encrypted") from e
            raise ReadError("damaged", " (\u2260 XLS)" if "Unsupported format" in str(e) else "") from e
        states = ("visible", "hidden", "veryHidden")
        sheets = [
            (s.name, _fill(_xls_grid(book, s), list(_xls_merges(s))), states[s.visibility]) for s in book.sheets()
        ]
        return _pages(sheets, "")


def _pages(sheets: list[tuple[str, Grid, str]], title: str) -> list[LlamaDocument]:
    hidden = sum(state != "visible" for _, _, state in sheets)
    notes = [Remark(key="hidden_sheets", values={"count": hidden})] if hidden else []
    pages = []
    for number, (name, grid, state) in enumerate(sheets, 1):
        if grid and state == "visible":
            text = "\n\n".join([f"# {one_line(name)}", *_blocks(grid)])
            pages.append(page(text, number=number, title=title, notes=notes))
    return pages


def _xlsx_grid(sheet: Any) -> Grid:
    sheet.reset_dimensions()  # The declared size may be the whole sheet: a billion cells.
    grid: Grid = {}
    for cells in sheet.iter_rows():
        for cell in cells:
            if cell.value is not None and (text := shown(cell.value, cell.number_format or "General")):
                grid.setdefault(cell.row, {})[cell.column] = text
    return grid


def _merges(file: Path, sheet: Any) -> list[tuple[int, int, int, int]]:
    """First row, first column, last row and last column of the merged cells, which read-only sheets do not tell.

    They stand behind the cells, so the end of the sheet's part is enough.
    """
    from openpyxl.utils import column_index_from_string

    part = posixpath.normpath(str(getattr(sheet, "_worksheet_path", ""))).lstrip("/")
    tail = b""
    with zipfile.ZipFile(file) as archive:
        if part not in archive.namelist():
            return []
        with archive.open(part) as stream:
            while block := stream.read(1 << 20):
                tail = (tail + block)[-_TAIL:]
    column = column_index_from_string
    found = islice(_MERGED.finditer(tail), _MAX_MERGES)
    return [(int(m[2]), column(m[1].decode()), int(m[4]), column(m[3].decode())) for m in found]


def _xls_grid(book: Any, sheet: Any) -> Grid:
    import xlrd

    grid: Grid = {}
    for row in range(sheet.nrows):
        for column, cell in enumerate(sheet.row(row)):
            form = (
                book.format_map[book.xf_list[cell.xf_index].format_key].format_str if cell.xf_index is not None else ""
            )
            value: object = cell.value
            if cell.ctype == xlrd.XL_CELL_DATE:
                with contextlib.suppress(ValueError, OverflowError, xlrd.xldate.XLDateError):
                    value = xlrd.xldate_as_datetime(cell.value, book.datemode)
            elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
                value = bool(cell.value)
            elif cell.ctype == xlrd.XL_CELL_ERROR:
                value = xlrd.error_text_from_code.get(cell.value, "")
            if value not in ("", None) and (text := shown(value, form or "General")):
                grid.setdefault(row + 1, {})[column + 1] = text
    return grid


def _xls_merges(sheet: Any) -> Iterator[tuple[int, int, int, int]]:
    for top, below, left, right in sheet.merged_cells[:_MAX_MERGES]:
        yield top + 1, left + 1, below, right


def _fill(grid: Grid, merges: list[tuple[int, int, int, int]]) -> Grid:
    """The grid with what spans several rows repeated in each, so that every row of a table can be read alone."""
    for top, left, bottom, _ in merges:
        text = grid.get(top, {}).get(left)
        if text and top < bottom < top + _MAX_FILL:
            for row in range(top + 1, bottom + 1):
                if row in grid:
                    grid[row].setdefault(left, text)
    return grid


def _blocks(grid: Grid) -> Iterator[str]:
    """The blocks that empty rows separate, each as text or as a table below its title lines."""
    rows = sorted(grid)
    start = 0
    for i in range(1, len(rows) + 1):
        if i == len(rows) or rows[i] != rows[i - 1] + 1:
            yield from _block([grid[row] for row in rows[start:i]])
            start = i


def _block(rows: list[dict[int, str]]) -> Iterator[str]:
    """One block: leading rows of a single cell are its title, further rows of a single cell alone are text."""
    titles = 0
    while titles < len(rows) and len(rows[titles]) == 1:
        titles += 1
    if titles:
        yield "\n".join(escape(next(iter(row.values()))) for row in rows[:titles])
    if rest := rows[titles:]:
        columns = sorted({column for row in rest for column in row})
        yield table([[row.get(column, "") for column in columns] for row in rest])
