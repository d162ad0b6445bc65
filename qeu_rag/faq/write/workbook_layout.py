"""Sets headers, widths, heights, filters and print settings on the sheets of an answered workbook."""

from __future__ import annotations

import copy
import math
import unicodedata
from collections.abc import Iterable
from typing import Any

from qeu_rag.faq.write.blocks import Bounds, runs
from qeu_rag.faq.write.workbook_stream import cell_text

_LINE, _HIGHEST = 15.0, 400.0  # points; Excel allows 409


def last_column(page: Any, top: int) -> int:
    """The last column that holds anything: a sheet may have styles, or a print area, far to the right of it."""
    held = max((cell.column for cell in page._cells.values() if cell.value is not None), default=1)
    last: int = max([held, *(area.max_col for area in page.merged_cells.ranges if area.max_row >= top)])
    return last


def quoted(title: str) -> str:
    """A sheet's title as it stands between quotation marks in a reference."""
    return title.replace("'", "''")


def put_heading(page: Any, first: int, names: Iterable[str], row: int = 1, style: Any = None) -> None:
    """Writes headers from column ``first`` on, in ``style`` or bold on blue."""
    from openpyxl.styles import Alignment, Font, PatternFill

    for column, name in enumerate(names, first):
        cell = page.cell(row, column)
        cell.value, cell.data_type = cell_text(name), "s"
        if style is not None:
            cell._style = copy.copy(style)
        else:
            cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DCE6F1")
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def put_widths(page: Any, first: int, widths: Iterable[float]) -> None:
    """Gives the columns from ``first`` on these widths, in half-width characters."""
    for column, width in enumerate(widths, first):
        column_of(page, column).width = width


def column_of(page: Any, column: int) -> Any:
    """The sizes of a column that counts from 1."""
    return page.column_dimensions[letter_of(column)]


def letter_of(column: int) -> str:
    """The letters of a column that counts from 1."""
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column))


def freeze(page: Any, top: int, last_column: int, last_row: int) -> None:
    """The frozen header and the filters, where the sheet has none of its own; a table on it has filters already."""
    if page.freeze_panes is None:
        page.freeze_panes = page.cell(top + 1, 1)
    if not page.tables:
        page.auto_filter.ref = f"A{top}:{letter_of(last_column)}{last_row}"


def print_wide(page: Any, top: int) -> None:
    """All columns on one page, on its long side, with the header on each."""
    from openpyxl.worksheet.properties import PageSetupProperties

    page.page_setup.orientation, page.page_setup.paperSize, page.page_setup.fitToHeight = (
        "landscape",
        page.PAPERSIZE_A3,
        0,
    )
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    page.print_title_rows = page.print_title_rows or f"{top}:{top}"


def emboldened(text: str, bold: Iterable[Bounds], like: Any = None) -> Any:
    """The text of a cell in the font of ``like`` with what ``bold`` names in bold, as openpyxl's ``CellRichText``.

    None where nothing is, or the cell cannot hold all of it.
    """
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont
    from openpyxl.styles import Font

    made = [(cell_text(run), strong) for run, strong in runs(text, bold)]
    if not any(strong for _, strong in made) or "".join(run for run, _ in made) != cell_text(text):
        return None
    # A run in another font than the cell's must name all of it.
    font = like.font if like is not None and like.has_style else Font(name="Calibri", sz=11)
    inline = InlineFont(rFont=font.name, sz=font.sz, color=font.color, i=font.i, strike=font.strike, u=font.u, b=True)
    return CellRichText([TextBlock(inline, run) if strong else run for run, strong in made])


def height_of(texts: Iterable[tuple[str, float]]) -> float:
    """Points that the wrapped texts need in columns of these widths: not every program makes rows as high itself."""
    lines = max(sum(math.ceil(max(_width(line), 1) / width) for line in text.split("\n")) for text, width in texts)
    return min(_LINE * max(lines, 1), _HIGHEST)


def widest(texts: Iterable[str]) -> float:
    """The width that the longest line of ``texts`` needs, within what reads well."""
    return min(max(max(_width(line) for text in texts for line in (text.split("\n") or [""])) + 2, 7), 40)


def _width(text: str) -> int:
    """The width of a line in half-width characters (UAX #11)."""
    if text.isascii():
        return len(text)
    wide = unicodedata.east_asian_width
    return len(text) + sum(wide(character) in "WFA" for character in text)
