"""Reads a list of questions, as people keep them: Excel, CSV, JSON lines, a Markdown list, plain lines, a pipe.

What an output of ``qeu-rag batch`` holds beside the questions is read by ``answers.read_answers``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qeu_rag.errors import UsageError
from qeu_rag.tables.columns import (
    QUESTION_HEADERS,
    Header,
    column_letters,
    find_header,
    folded,
    guess_header,
)
from qeu_rag.tables.delimited import DELIMITERS, decoded, read_bytes

Kind = Literal["xlsx", "csv", "jsonl", "md", "lines"]

KINDS: dict[str, Kind] = {
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".md": "md",
    ".markdown": "md", ".txt": "lines",
}  # fmt: skip
"""What a file is read as, by its ending."""

STDIN = "-"
_ITEM = re.compile(r"(\s*)(?:[-*+•・]|\d{1,6}[.)、．])\s+(?:\[[ xX]\]\s+)?(\S.*)")
_FENCE = re.compile(r"\s*(```|~~~)")


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
    ``parts`` are the lists of several sheets, whose rows are all here, in order; ``passed`` names sheets that seem to hold
    questions, too, and were not taken.
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

    @property
    def headed(self) -> bool:
        """Whether a row of the list names its columns."""
        return any(self.names)

    @property
    def letters(self) -> str:
        """The column of the questions, as a spreadsheet names it."""
        return column_letters(self.question)


def read_questions(source: Path | bytes, *, column: str | None = None) -> QuestionList:
    """The questions of a file, or of the bytes of a pipe, in their order; rows without a question are left out.

    ``column`` names the column of questions by header, letter, number or first cell (``B2``). Raises UsageError:
    ``batch_unreadable``, ``batch_kind``, ``batch_encoding``, ``batch_damaged``, ``batch_encrypted``, ``batch_no_column``,
    ``batch_no_questions``, ``batch_no_csv``, ``batch_no_json``.
    """
    if isinstance(source, bytes):
        text = decoded(source, STDIN)
        kind, path = _sniffed(text), Path(STDIN)
    else:
        path = source
        kind = kind_of(path)
        if kind == "xlsx":
            from qeu_rag.faq.sheet_xlsx import read_workbook

            return _some(read_workbook(path, column=column), path)
        text = decoded(read_bytes(path), path)
    if kind == "csv":
        from qeu_rag.faq.sheet_csv import read_table

        return _some(read_table(text, path, column), path)
    if kind == "jsonl":
        return _some(_json_lines(text, path, column), path)
    lines = _items(text) if kind == "md" else _lines(text)
    rows = tuple(QuestionRow(number=number, question=line, cells=(line,)) for number, line in lines)
    if kind == "lines" and rows and folded(rows[0].question) in QUESTION_HEADERS:
        rows = rows[1:]
    return _some(QuestionList(kind=kind, names=("",), question=0, rows=rows), path)


def kind_of(path: Path) -> Kind:
    """What ``path`` is read as. Raises UsageError(``batch_kind``) for another ending."""
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise UsageError("batch_kind", path=path, endings=", ".join(KINDS))
    return kind


def _some(found: QuestionList, path: Path) -> QuestionList:
    if not found.rows:
        raise UsageError("batch_no_questions", path=path)
    return found


def _sniffed(text: str) -> Kind:
    """What a pipe holds: JSON lines, a table whose first row names a column of questions, or plain lines."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if first.lstrip().startswith("{"):
        return "jsonl"
    cells = [part for mark in DELIMITERS for part in first.replace('"', "").split(mark)]
    return "csv" if any(folded(cell) in QUESTION_HEADERS for cell in cells) else "lines"


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


def _json_lines(text: str, path: Path, column: str | None) -> QuestionList:
    found: list[tuple[int, dict[str, str]]] = []
    names: dict[str, None] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            values = _json_object(line, path, number)
            found.append((number, values))
            names |= dict.fromkeys(values)
    header = checked_header([list(names)], column, path) if found else Header(row=0, question=0, names=())
    rows = []
    for number, values in found:
        cells = tuple(values.get(name, "") for name in header.names)
        if question := cells[header.question].strip():
            rows.append(QuestionRow(number=number, question=question, cells=cells))
    return QuestionList(kind="jsonl", names=header.names, question=header.question, rows=tuple(rows))


def _json_object(line: str, path: Path, number: int) -> dict[str, str]:
    """A line's keys and values, each as text; a mere string is a question."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError("batch_no_json", path=path, line=number) from error
    if isinstance(value, str):
        value = {"question": value}
    if not isinstance(value, dict):
        raise UsageError("batch_no_json", path=path, line=number)
    return {
        str(name): one if isinstance(one, str) else "" if one is None else json.dumps(one, ensure_ascii=False)
        for name, one in value.items()
    }


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.strip()


def _items(text: str) -> Iterator[tuple[int, str]]:
    """The items of Markdown lists with the line each begins on; what is indented below an item belongs to it."""
    fenced = False
    began, parts, indent = 0, [""], 0
    for number, line in enumerate([*text.split("\n"), ""], 1):
        fenced ^= bool(_FENCE.match(line))
        item = None if fenced else _ITEM.match(line)
        goes_on = began and not item and line.strip() and len(line) - len(line.lstrip()) > indent
        if goes_on:
            parts.append(line.strip())
            continue
        if began:
            yield began, " ".join(parts)
            began = 0
        if item:
            began, parts, indent = number, [item[2].strip()], len(item[1])
