"""Reads the list of questions in an Excel workbook, a row at a time, with values as a person sees them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from qeu_rag.errors import UsageError
from qeu_rag.faq.sheet import QuestionList, QuestionRow, checked_header
from qeu_rag.lists.columns import SEARCHED_ROWS, Header, find_header, guess_header
from qeu_rag.lists.workbook import Row, opened, rows_of, sound


def read_workbook(path: Path, *, column: str | None = None) -> QuestionList:
    """The questions on the first visible sheet that has a column of questions; raises as ``sheet.read_questions`` does.

    Of merged cells the first holds the value; the others are empty, and a row without a question is left out.
    """
    with opened(path, values=True) as book:
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        heads = [[row for _, row in islice(rows_of(sheet), SEARCHED_ROWS)] for sheet in sheets]
        found = [n for n, head in enumerate(heads) if find_header(head, column)]
        asking = [n for n, head in enumerate(heads) if column is None and guess_header(head)]
        filled = [n for n, head in enumerate(heads) if any(any(row) for row in head)]
        chosen = (found or asking or filled or [0])[0]
        if not sheets:
            raise UsageError("batch_no_questions", path=path)
        header = checked_header(heads[chosen], column, path)
        sheet = sheets[chosen]
        rows, blank = _rows(rows_of(sheet), header)
        name = sheet.title
    if blank or any(not row.question for row in rows):
        rows = _marked(path, name, header, rows, blank)
    width = max([len(header.names), *(len(row.cells) for row in rows)])
    return QuestionList(
        kind="xlsx",
        names=(*header.names, *[""] * (width - len(header.names))),
        question=header.question,
        rows=tuple(row for row in rows if row.question),
        sheet=name,
        header_row=header.row + 1,
        guessed=header.guessed,
    )


def _rows(rows: Iterable[tuple[int, Row]], header: Header) -> tuple[list[QuestionRow], list[int]]:
    """The rows below the header that hold anything (``question`` may be empty), and the numbers of those that hold nothing."""
    found: list[tuple[int, Row]] = []
    blank = []
    for place, (number, row) in enumerate(rows):
        if place > header.row and any(row):
            found.append((number, row[: max(at for at, cell in enumerate(row, 1) if cell)]))
        elif place > header.row:
            blank.append(number)
    # Cells beyond the header's last are the client's, too: their columns have no name.
    width = max([len(header.names), header.question + 1, *(len(row) for _, row in found)])
    fitted = ((number, (*row, *[""] * (width - len(row)))) for number, row in found)
    return [QuestionRow(number=n, question=cells[header.question].strip(), cells=cells) for n, cells in fitted], blank


def _marked(path: Path, name: str, header: Header, rows: list[QuestionRow], blank: list[int]) -> list[QuestionRow]:
    """The rows, where those whose question is a formula without a stored result say so.

    Of a formula that stands alone in its row, a reader of results sees a ``blank`` row.
    """
    empty = {row.number for row in rows if not row.question} | set(blank)
    formulas: dict[int, str] = {}
    with opened(path, values=False) as book:
        column = header.question + 1
        for number, cells in enumerate(sound(book[name].iter_rows(min_col=column, max_col=column)), 1):
            if number in empty and cells and isinstance(cells[0].value, str) and cells[0].value.startswith("="):
                formulas[number] = cells[0].value
    width = max([len(header.names), header.question + 1, *(len(row.cells) for row in rows)])
    cells_of = {number: ("",) * width for number in blank if number in formulas}
    cells_of |= {row.number: row.cells for row in rows if row.number in formulas}
    marked = [
        QuestionRow(number=number, question=formulas[number], cells=cells, problem="row_formula")
        for number, cells in cells_of.items()
    ]
    return sorted([*(row for row in rows if row.number not in formulas), *marked], key=lambda row: row.number)
