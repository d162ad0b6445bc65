"""The answered list as an Excel workbook: the client's own with columns added, a summary with a chart, and every quote."""

from __future__ import annotations

import copy
import math
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qeu_rag.faq.answers import LONGEST_CELL, TRACE, is_formula
from qeu_rag.faq.fields import COLUMNS, quotes, status, titles, values
from qeu_rag.faq.write import Row, Sheet, Tally
from qeu_rag.faq.write_html import COLOURS
from qeu_rag.language import say

MOST_LINKS = 65_000
"""Excel repairs a sheet with more links than 65,530."""

_WIDTHS = {"answer": 60, "status": 16, "confidence": 11, "quotes": 50, "source": 42, "version": 30, "engine": 16, "seconds": 9,
           "approved": 11}  # fmt: skip
_LINE, _HIGHEST = 15.0, 400.0  # points; Excel allows 409
_NUMBERS = ("confidence", "seconds")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_xlsx(path: Path, sheet: Sheet, tally: Tally) -> None:
    """Adds the columns to the list's own sheet, or to a new workbook, then the summary and the evidence."""
    from openpyxl import Workbook

    if sheet.source is not None:
        from qeu_rag.faq.sheet_xlsx import opened

        with opened(sheet.source, values=False, changing=True) as book:
            page = book[sheet.questions.sheet]
            _fill(book, page, sheet, tally, top=sheet.questions.header_row, own=True)
            book.save(path)
        return
    book = Workbook()
    page = book.active
    page.title = say("batch.sheet.answers", sheet.lang)
    _fill(book, page, sheet, tally, top=1, own=False)
    book.save(path)


def put(cell: Any, text: str) -> Any:
    """Writes ``text`` as text, whatever it begins with; what a cell cannot hold is left out."""
    clean = _ILLEGAL.sub("", text)
    cell.value = clean if len(clean) <= LONGEST_CELL else clean[: LONGEST_CELL - 1] + "…"
    cell.data_type = "s"
    if is_formula(clean):
        # Else it would become a formula when a person edits the cell.
        cell.quotePrefix = True
    return cell


def _fill(book: Any, page: Any, sheet: Sheet, tally: Tally, *, top: int, own: bool) -> None:
    first = (page.max_column if own else len(sheet.questions.names)) + 1
    _header(page, sheet, top, first, own=own)
    links, line = 0, 1
    evidence = book.create_sheet(_free(book, say("batch.sheet.evidence", sheet.lang)))
    _evidence_header(evidence, sheet.lang)
    for place, row in enumerate(tally.taking(sheet.rows()), top + 1):
        at = row[0].number if own else place
        if not own:
            for column, text in enumerate(row[0].cells, 1):
                _wrapped(put(page.cell(at, column), text))
        links += _answer(page, at, first, row, sheet.lang, links)
        line = _evidence(evidence, page, (line, at), row, sheet.lang)
    _finish(page, top, first)
    _finish(evidence, 1, 1)
    _summary(book, sheet, tally)


def _header(page: Any, sheet: Sheet, top: int, first: int, *, own: bool) -> None:
    """The headers of the added columns, in the style of the list's own."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    if not own:
        for column, name in enumerate(sheet.questions.names, 1):
            put(page.cell(top, column), name).font = Font(bold=True)
            page.column_dimensions[get_column_letter(column)].width = (
                50 if column == sheet.questions.question + 1 else 18
            )
    like = page.cell(top, sheet.questions.question + 1)
    for column, name in enumerate(titles(sheet.lang), first):
        cell = put(page.cell(top, column), name)
        if like.has_style:
            cell._style = copy.copy(like._style)
        else:
            cell.font = Font(bold=True)
    for column, key in enumerate(COLUMNS, first):
        page.column_dimensions[get_column_letter(column)].width = _WIDTHS[key]
    last = page.column_dimensions[get_column_letter(first + len(COLUMNS))]
    last.hidden = True


def _answer(page: Any, at: int, first: int, row: Row, lang: str, links: int) -> int:
    """The added cells of a row; gives the number of links made, none beyond ``MOST_LINKS``."""
    from openpyxl.styles import PatternFill

    _, outcome, record = row
    made = 0
    texts = values(outcome, record, lang)
    _raise(page, at, ((text, _WIDTHS[key]) for key, text in zip(COLUMNS, texts, strict=False)))
    for column, (key, text) in enumerate(zip((*COLUMNS, TRACE), texts, strict=True), first):
        cell = page.cell(at, column)
        if key in _NUMBERS and text:
            cell.value, cell.number_format = float(text), "0.00"
        elif text:
            put(cell, text)
        if key != TRACE:
            _wrapped(cell)
        if key == "status":
            cell.fill = PatternFill("solid", fgColor=COLOURS[outcome])
        elif key == "source" and record is not None and links < MOST_LINKS:
            link = next((one.link for one in quotes(record, lang) if one.link), "")
            made += bool(link) and _linked(cell, link)
    return made


def _raise(page: Any, at: int, texts: Iterable[tuple[str, float]]) -> None:
    """Makes a row as high as its wrapped texts need in columns of these widths: not every program does so itself."""
    lines = max(sum(math.ceil(max(_width(line), 1) / width) for line in text.split("\n")) for text, width in texts)
    row = page.row_dimensions[at]
    row.height = max(row.height or 0, min(_LINE * max(lines, 1), _HIGHEST))


def _width(text: str) -> int:
    """The width of a line in half-width characters (UAX #11)."""
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)


def _linked(cell: Any, link: str) -> int:
    from openpyxl.styles import Font

    cell.hyperlink = link
    cell.font = Font(color="0563C1", underline="single")
    return 1


def _wrapped(cell: Any) -> Any:
    from openpyxl.styles import Alignment

    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _evidence_header(page: Any, lang: str) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    for column, (key, width) in enumerate(
        (("row", 7), ("question", 40), ("marker", 9), ("quote", 70), ("document", 40), ("file", 36), ("version", 34),
         ("passage", 36)), 1
    ):  # fmt: skip
        put(page.cell(1, column), say(f"batch.evidence.{key}", lang)).font = Font(bold=True)
        page.column_dimensions[get_column_letter(column)].width = width


def _evidence(page: Any, answers: Any, lines: tuple[int, int], row: Row, lang: str) -> int:
    """A line a quote below the last one (``lines[0]``), led by the number of its answer's row; gives the last line."""
    question, _, record = row
    line, at = lines
    if record is None:
        return line
    for one in quotes(record, lang):
        line += 1
        number = page.cell(line, 1, question.number)
        if line < MOST_LINKS // 2:
            number.hyperlink = f"#'{answers.title.replace(chr(39), chr(39) * 2)}'!A{at}"
        place = f"{one.file}{one.page}"
        texts = (question.question, f"[{one.marker}]", one.words, one.title, place, one.version, one.passage_hash)
        _raise(page, line, ((one.words, 70.0), (one.title, 40.0), (question.question, 40.0)))
        for column, text in enumerate(texts, 2):
            cell = _wrapped(put(page.cell(line, column), text))
            if column == 6 and one.link and line < MOST_LINKS // 2:
                _linked(cell, one.link)
    return line


def _finish(page: Any, top: int, first: int) -> None:
    """The frozen header and the filters, where the sheet has none of its own; a table on it has filters already."""
    from openpyxl.utils import get_column_letter

    if page.freeze_panes is None:
        page.freeze_panes = page.cell(top + 1, 1)
    if not page.tables:
        last = get_column_letter(max(page.max_column - (first > 1), 1))
        page.auto_filter.ref = f"A{top}:{last}{max(page.max_row, top + 1)}"


def _summary(book: Any, sheet: Sheet, tally: Tally) -> None:
    """What was answered by what, the counts with a chart, and the rows that failed."""
    from openpyxl.chart import BarChart, Reference
    from openpyxl.chart.series import DataPoint
    from openpyxl.styles import Font, PatternFill

    lang = sheet.lang
    page = book.create_sheet(_free(book, say("batch.sheet.summary", lang)))
    page.column_dimensions["A"].width, page.column_dimensions["B"].width = 26, 60
    put(page["A1"], sheet.title).font = Font(bold=True, size=14)
    line = 2
    failed = ", ".join(map(str, tally.failed[:1000]))
    for name, value in (*sheet.facts, *([(say("batch.failed_rows", lang), failed)] if failed else [])):
        line += 1
        put(page.cell(line, 1), name)
        _wrapped(put(page.cell(line, 2), value))
    line += 2
    put(page.cell(line, 1), say("batch.column.status", lang)).font = Font(bold=True)
    put(page.cell(line, 2), say("batch.rows", lang)).font = Font(bold=True)
    shares = tally.shares()
    for at, (name, count) in enumerate(shares, line + 1):
        put(page.cell(at, 1), status(name, lang)).fill = PatternFill("solid", fgColor=COLOURS[name])
        page.cell(at, 2, count)
    chart = BarChart()
    chart.type, chart.legend, chart.title = "bar", None, say("batch.summary", lang)
    chart.add_data(Reference(page, min_col=2, min_row=line, max_row=line + len(shares)), titles_from_data=True)
    chart.set_categories(Reference(page, min_col=1, min_row=line + 1, max_row=line + len(shares)))
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.x_axis.scaling.orientation = "maxMin"
    for place, (name, _) in enumerate(shares):
        point = DataPoint(idx=place)
        point.graphicalProperties.solidFill = COLOURS[name] if name != "waiting" else "BBBBBB"
        chart.series[0].dPt.append(point)
    chart.width, chart.height = 18, 8
    page.add_chart(chart, f"A{line + len(shares) + 2}")


def _free(book: Any, name: str) -> str:
    """``name``, with a number where the workbook has such a sheet."""
    taken = {title.casefold() for title in book.sheetnames}
    candidates = (name, *(f"{name} {number}" for number in range(2, len(taken) + 3)))
    return next(one for one in candidates if one.casefold() not in taken)
