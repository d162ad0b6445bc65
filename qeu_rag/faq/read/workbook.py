"""Reads the lists of questions on the sheets of an Excel workbook, a row at a time, with values as a person sees them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from qeu_rag.errors import UsageError
from qeu_rag.faq.read.question_list import QuestionList, QuestionRow, checked_header, combined
from qeu_rag.faq.read.sections import Numbered, Section, sections
from qeu_rag.language import CATALOGUES
from qeu_rag.tables.columns import SEARCHED_ROWS, Header, find_header, folded, guess_header, is_form
from qeu_rag.tables.workbook import Row, opened, rows_of, sound

_EVIDENCE = frozenset(folded(messages["batch.evidence.passage"]) for messages in CATALOGUES.values())
_ASKED = re.compile(r"[?？]\s*$|か[。．]?\s*$")


def read_workbook(path: Path, *, column: str | None = None) -> QuestionList:
    """The questions on the visible sheets that have a column of questions; raises as ``read_questions`` does.

    Of merged cells the first holds the value; the others are empty, and a row without a question is left out.
    """
    with opened(path, values=True) as book:
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not sheets:
            raise UsageError("batch_no_questions", path=path)
        heads = [[row for _, row in islice(rows_of(sheet), SEARCHED_ROWS)] for sheet in sheets]
        chosen = _chosen(heads, column)
        named = len(chosen) > 1 or find_header(heads[chosen[0]], column) is not None
        read = []
        for n in chosen:
            header = checked_header(heads[n], column, path)
            rows = [row for place, row in enumerate(rows_of(sheets[n])) if place > header.row]
            read += [(sheets[n].title, section) for section in sections(rows, header, column)]
        passed = [sheet.title for n, sheet in enumerate(sheets) if n not in chosen and _asks(heads[n])]
        passed += [
            sheet.title
            for sheet in book.worksheets
            if sheet.sheet_state != "visible" and _lists([row for _, row in islice(rows_of(sheet), SEARCHED_ROWS)])
        ]
    lists = [_list(path, title, section) for title, section in read]
    kept = [one for one in lists if one.rows] or lists[:1]
    unasked = [f"{title}!{number}" for title, section in read for number in section.unasked]
    found = kept[0] if len(kept) == 1 else combined(kept)
    return replace(found, passed=tuple(passed) if named else (), unasked=tuple(unasked))


def _chosen(heads: Sequence[Sequence[Row]], column: str | None) -> list[int]:
    """The sheets that hold questions; one at least, which may turn out to hold none."""
    lists = [n for n, head in enumerate(heads) if _lists(head)]
    found = [n for n, head in enumerate(heads) if find_header(head, column)]
    filled = [n for n, head in enumerate(heads) if any(any(row) for row in head)]
    if column is None:
        asking = [n for n, head in enumerate(heads) if guess_header(head)]
        tables = [n for n in found if (header := find_header(heads[n])) and not is_form(heads[n], header)]
        return lists or (tables or asking or found or filled or [0])[:1]
    named = [n for n in found if any(folded(cell) == folded(column) for row in heads[n] for cell in row)]
    return named or ([n for n in found if n in lists] or found or filled or [0])[:1]


def _lists(head: Sequence[Row]) -> bool:
    """Whether a sheet, by its first rows, has a column of questions with something in it, and is no cover or evidence of ours."""
    header = find_header(head)
    if header is None or is_form(head, header) or _EVIDENCE & {folded(name) for name in header.names}:
        return False
    return any(header.question < len(row) and row[header.question].strip() for row in head[header.row + 1 :])


def _asks(head: Sequence[Row]) -> bool:
    """Whether a sheet that was not taken holds questions, by its header or by their marks."""
    guessed = guess_header(head)
    if guessed is None or ((found := find_header(head)) and _EVIDENCE & {folded(name) for name in found.names}):
        return False
    return _lists(head) or any(_ASKED.search(row[guessed.question]) for row in head if guessed.question < len(row))


def _list(path: Path, name: str, section: Section) -> QuestionList:
    header = section.header
    rows, blank = _rows(section.rows, header)
    if blank or any(not row.question for row in rows):
        rows = _with_formulas(path, name, header, rows, blank)
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


def _rows(rows: Iterable[Numbered], header: Header) -> tuple[list[QuestionRow], list[int]]:
    """The rows below the header that hold anything (``question`` may be empty), and the numbers of those that hold nothing."""
    found: list[tuple[int, Row]] = []
    blank = []
    for number, row in rows:
        if any(row):
            found.append((number, tuple(row[: max(at for at, cell in enumerate(row, 1) if cell)])))
        else:
            blank.append(number)
    # Cells beyond the header's last are the client's, too: their columns have no name.
    width = max([len(header.names), header.question + 1, *(len(row) for _, row in found)])
    fitted = ((number, (*row, *[""] * (width - len(row)))) for number, row in found)
    return [QuestionRow(number=n, question=cells[header.question].strip(), cells=cells) for n, cells in fitted], blank


def _with_formulas(
    path: Path, name: str, header: Header, rows: list[QuestionRow], blank: list[int]
) -> list[QuestionRow]:
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
