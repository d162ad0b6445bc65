"""A list of questions as values: its rows, its columns, where in a file it stands, and how several lists become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from qeu_rag.errors import UsageError
from qeu_rag.tables.columns import Header, column_letters, find_header, folded, guess_header

Kind = Literal["xlsx", "csv", "jsonl", "md", "lines"]

KINDS: dict[str, Kind] = {
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".md": "md",
    ".markdown": "md", ".txt": "lines",
}  # fmt: skip
"""What a file is read as, by its ending."""

_QUESTION = "\0question"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRow:
    """One question: ``number`` of its row as a spreadsheet or, of what is no table, an editor shows it; ``cells`` of all columns.

    ``problem`` is empty, else the key of what keeps the question from being asked (``row_formula``: a formula without a
    stored result). ``sheet`` names its sheet where questions stand on several.
    """

    number: int
    question: str
    cells: tuple[str, ...]
    problem: str = ""
    sheet: str = ""

    @property
    def place(self) -> str:
        """The row's number, with its sheet where the list is of several."""
        return f"{self.sheet}!{self.number}" if self.sheet else str(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionList:
    """A list of questions: ``names`` of its columns (of JSON: its keys; "" where there is none), ``question`` the place of the
    questions among them.

    ``sheet`` and ``header_row`` (from 1) say where in a workbook the list stands, 0 where no row is above it; elsewhere "" and 0.
    ``guessed``: nothing named the column of questions, so that people should be told which one was taken from which row on.
    ``parts`` are the lists of several sheets, or below several headers of one, whose rows are all here, in order; ``passed``
    names sheets that seem to hold questions, too, and were not taken, ``unasked`` the places of rows that ask in another column.
    """

    kind: Kind
    names: tuple[str, ...]
    question: int
    rows: tuple[QuestionRow, ...]
    sheet: str = ""
    header_row: int = 0
    guessed: bool = False
    parts: tuple[QuestionList, ...] = ()
    passed: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()

    @property
    def headed(self) -> bool:
        """Whether a row of the list names its columns."""
        return any(self.names)

    @property
    def letters(self) -> str:
        """The column of the questions, as a spreadsheet names it."""
        return column_letters(self.question)


def kind_of(path: Path) -> Kind:
    """What ``path`` is read as. Raises UsageError(``batch_kind``) for another ending."""
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise UsageError("batch_kind", path=path, endings=", ".join(KINDS))
    return kind


def checked_header(head: Sequence[Sequence[str]], column: str | None, path: Path) -> Header:
    """The header among the first rows, or where the questions begin without one.

    Raises UsageError: ``batch_no_questions`` (nothing there), ``batch_no_column``.
    """
    if not any(any(cell.strip() for cell in row) for row in head):
        raise UsageError("batch_no_questions", path=path)
    header = find_header(head, column) or (guess_header(head) if column is None else None)
    if header is None:
        number, names = next((number, row) for number, row in enumerate(head, 1) if any(row))
        filled = [(place, name.strip()) for place, name in enumerate(names) if name.strip()]
        shown = ", ".join(f"{column_letters(place)}: {name[:40]}" for place, name in filled[:20])
        cell = f"{column_letters(filled[0][0])}{number}"
        raise UsageError("batch_no_column", path=path, columns=shown, wanted=column or "question, 質問", cell=cell)
    return header


def combined(lists: Sequence[QuestionList]) -> QuestionList:
    """One list of several: columns of one name are one; of several sheets the first column says on which a row stands."""
    first = lists[0]
    columns: dict[str, str] = {}
    for one in lists:
        for place, name in enumerate(one.names):
            columns.setdefault(_key(one, place), name)
    keys = list(columns)
    several = len({one.sheet for one in lists}) > 1
    rows = []
    for one in lists:
        for row in one.rows:
            cells = {_key(one, place): cell for place, cell in enumerate(row.cells)}
            kept = tuple(cells.get(key, "") for key in keys)
            rows.append(
                replace(row, cells=(one.sheet, *kept), sheet=one.sheet) if several else replace(row, cells=kept)
            )
    question, names = keys.index(_QUESTION), tuple(columns.values())
    if several:
        title = "sheet" if (first.names[first.question] or first.rows[0].question).isascii() else "シート"
        question, names = question + 1, (title, *names)
    return replace(first, names=names, question=question, rows=tuple(rows), parts=tuple(lists))


def _key(one: QuestionList, place: int) -> str:
    if place == one.question:
        return _QUESTION
    return folded(one.names[place]) or f"#{place}"
