"""Reads the list of questions in a delimited text (CSV, TSV), whose delimiter is found in its first rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from qeu_rag.errors import UsageError
from qeu_rag.faq.columns import SEARCHED_ROWS, find_header
from qeu_rag.faq.sheet import DELIMITERS, QuestionList, QuestionRow, checked_header

_NONE = "\x1f"
"""No delimiter: every line, or quoted cell, is one question."""


def read_table(text: str, path: Path, column: str | None) -> QuestionList:
    """The questions of a delimited text. Raises UsageError: ``batch_no_csv``, ``batch_no_column``, ``batch_no_questions``."""
    head = [row for (_, row), _ in zip(records(text, path, column), range(SEARCHED_ROWS), strict=False)]
    header = checked_header(head, column, path)
    found = []
    for place, (number, row) in enumerate(records(text, path, column)):
        if place > header.row and header.question < len(row) and (question := row[header.question].strip()):
            found.append((number, question, row))
    # Cells beyond the header's last are the client's, too: their columns have no name.
    width = max([len(header.names), header.question + 1, *(len(row) for *_, row in found)])
    rows = tuple(QuestionRow(number=number, question=said, cells=_fitted(row, width)) for number, said, row in found)
    return QuestionList(
        kind="csv",
        names=_fitted(header.names, width),
        question=header.question,
        rows=rows,
        guessed=header.guessed,
    )


def records(text: str, path: Path | str, column: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """The rows of a delimited text, numbered from 1 as a spreadsheet does; the delimiter is found in the first rows.

    Raises UsageError(``batch_no_csv``) with the line where the text is no CSV (RFC 4180).
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, column), strict=True)
    line = 1
    try:
        for number, row in enumerate(reader, 1):
            yield number, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError("batch_no_csv", path=path, line=line) from error


def _delimiter(text: str, column: str | None) -> str:
    """The delimiter that gives the header most columns; where no header is found, the rows, if it gives all of them as many.

    ``_NONE`` where no delimiter parts a header: the commas of a list of one column are its questions' own.
    """

    def head(mark: str) -> list[list[str]]:
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
            return [row for row, _ in zip(reader, range(SEARCHED_ROWS), strict=False)]
        except csv.Error:
            return []

    def worth(mark: str) -> tuple[int, int]:
        rows = head(mark)
        header = find_header(rows, column)
        if header is not None and header.names:
            return 2, len(header.names)
        filled = [row for row in rows if row]
        widths = {len(row) for row in filled}
        # A mark with a space behind it parts the words of a sentence.
        prose = sum(cell.startswith(" ") for row in filled for cell in row[1:])
        even = len(widths) == 1 and 2 * prose <= sum(len(row) - 1 for row in filled)
        return 1, max(widths) if even else 1

    best = max(DELIMITERS, key=worth)
    return best if worth(best)[1] > 1 else _NONE


def _fitted(row: Sequence[str], width: int) -> tuple[str, ...]:
    return tuple((*row, *[""] * (width - len(row)))[:width])
