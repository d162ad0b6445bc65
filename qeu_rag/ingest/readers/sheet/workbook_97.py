"""Reads Excel 97-2003 files (.xls): each sheet's cells and notes, with values as a person sees them."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import Any

from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.notes_and_comments import comment
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.page import FileReader, one_line
from qeu_rag.ingest.readers.sheet.places import put
from qeu_rag.ingest.readers.sheet.reader import Page, documents
from qeu_rag.ingest.readers.sheet.xml import Sheet
from qeu_rag.ingest.readers.typeset.runs import Line, joined
from qeu_rag.tables.cells import hides, shown
from qeu_rag.tables.office_file import is_encrypted_ole

_MAX_MERGES = 20_000
_SHIFTS = {1: "raised", 2: "lowered"}


class XlsReader(FileReader):
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
        counts: Counter[str] = Counter()
        pages = []
        for number, sheet in enumerate(book.sheets(), 1):
            if sheet.visibility:
                counts["hidden_sheets"] += 1
            else:
                pages.append(Page(sheet.name, number, _sheet(book, sheet, counts, self._way), [], []))
        return documents(pages, counts, "")


def _sheet(book: Any, sheet: Any, counts: Counter[str], way: Way) -> Sheet:
    made = Sheet()
    grid = made.grid
    grid.gone_columns = {c + 1 for c, look in sheet.colinfo_map.items() if look.hidden}
    hidden_rows = {r for r, look in sheet.rowinfo_map.items() if look.hidden}
    lost: set[int] = set()
    for row in range(sheet.nrows):
        cells: dict[int, str] = {}
        heavy = 0
        for column, cell in enumerate(sheet.row(row)):
            if cell.value in ("", None):
                continue
            if row in hidden_rows:
                grid.gone_rows.add(row + 1)
            elif column + 1 in grid.gone_columns:
                lost.add(column)
            elif text := _cell(book, sheet, cell, (row, column), counts):
                cells[column + 1] = text
                heavy += bool(_font(book, cell) and _font(book, cell).bold)
        if cells:
            grid.cells[row + 1] = cells
            if heavy == len(cells):
                grid.heavy.add(row + 1)
    counts["hidden_rows"] += len(grid.gone_rows)
    counts["hidden_columns"] += len(lost)
    grid.merges = [(t + 1, left + 1, b, r) for t, b, left, r in sheet.merged_cells[:_MAX_MERGES]]
    for (row, column), note in sheet.cell_note_map.items():
        if way.comments and note.text.strip():
            put(grid, row + 1, column + 1, comment("", one_line(note.text), ""))
        counts["comments_off"] += not way.comments
    return made


def _cell(book: Any, sheet: Any, cell: Any, place: tuple[int, int], counts: Counter[str]) -> str:
    import xlrd

    font = _font(book, cell)
    form = "General"
    if cell.xf_index is not None:
        form = book.format_map[book.xf_list[cell.xf_index].format_key].format_str or form
    runs = sheet.rich_text_runlist_map.get(place, ()) if cell.ctype == xlrd.XL_CELL_TEXT else ()
    if font is not None and font.struck_out and not runs:
        counts["struck"] += 1
        return ""
    if hides(form):
        counts["white"] += 1
        return ""
    if cell.ctype == xlrd.XL_CELL_TEXT:
        text = _rich(book, cell.value, runs, font, counts)
        return shown(text, form) if text.strip() else ""
    if cell.ctype == xlrd.XL_CELL_ERROR:
        counts["errors"] += 1
        return str(xlrd.error_text_from_code.get(cell.value, ""))
    value = bool(cell.value) if cell.ctype == xlrd.XL_CELL_BOOLEAN else cell.value
    return shown(value, form, from_1904=book.datemode == 1)


def _font(book: Any, cell: Any) -> Any:
    if cell.xf_index is None:
        return None
    place = book.xf_list[cell.xf_index].font_index
    return book.font_list[place] if place < len(book.font_list) else None


def _rich(book: Any, text: str, runs: Any, font: Any, counts: Counter[str]) -> str:
    """A text by the fonts of its stretches: each run tells where it begins and which font it has."""
    starts = [(0, font), *((at, book.font_list[i] if i < len(book.font_list) else None) for at, i in runs)]
    line = Line(counts)
    for i, (start, look) in enumerate(starts):
        piece = text[start : starts[i + 1][0] if i + 1 < len(starts) else len(text)]
        if look is not None and look.struck_out:
            line.leave_out("struck", piece)
        else:
            line.add(piece, _SHIFTS.get(look.escapement, "") if look is not None else "")
    return joined(line.runs)
