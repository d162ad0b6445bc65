"""Reads the list of questions in a delimited text (CSV, TSV), whose delimiter is found in its first rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qeu_rag.faq.sheet import QuestionList, QuestionRow, checked_header
from qeu_rag.tables.columns import SEARCHED_ROWS
from qeu_rag.tables.delimited import records


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


def _fitted(row: Sequence[str], width: int) -> tuple[str, ...]:
    return tuple((*row, *[""] * (width - len(row)))[:width])
