"""Reads a list of questions, as people keep them: Excel, CSV, JSON lines, a Markdown list, plain lines, a pipe.

What an output of ``qeu-rag batch`` holds beside the questions is read by ``answers.read_answers``.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qeu_rag.errors import ReadError, UsageError
from qeu_rag.faq.columns import QUESTION_HEADERS, SEARCHED_ROWS, Header, find_header, folded

Kind = Literal["xlsx", "csv", "jsonl", "md", "lines"]

KINDS: dict[str, Kind] = {
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".md": "md",
    ".markdown": "md", ".txt": "lines",
}  # fmt: skip
"""What a file is read as, by its ending."""

STDIN = "-"
_DELIMITERS = (",", "\t", ";", "|")
_ITEM = re.compile(r"(\s*)(?:[-*+•・]|\d{1,6}[.)、．])\s+(?:\[[ xX]\]\s+)?(\S.*)")
_FENCE = re.compile(r"\s*(```|~~~)")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRow:
    """One question: ``number`` as a person sees it (the sheet's row, the file's line, the list's item), ``cells`` of all columns.

    ``problem`` is empty, else the key of what keeps the question from being asked (``row_formula``: a formula without a
    stored result).
    """

    number: int
    question: str
    cells: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionList:
    """A list of questions: ``names`` of its columns (of JSON: its keys), ``question`` the place of the questions among them.

    ``sheet`` and ``header_row`` (from 1) say where in a workbook the list stands; elsewhere "" and 0.
    """

    kind: Kind
    names: tuple[str, ...]
    question: int
    rows: tuple[QuestionRow, ...]
    sheet: str = ""
    header_row: int = 0


def read_questions(source: Path | bytes, *, column: str | None = None) -> QuestionList:
    """The questions of a file, or of the bytes of a pipe, in their order; rows without a question are left out.

    ``column`` names the column of questions by header, letter or number. Raises UsageError: ``batch_unreadable``,
    ``batch_kind``, ``batch_encoding``, ``batch_damaged``, ``batch_encrypted``, ``batch_no_column``, ``batch_no_questions``,
    ``batch_line``.
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
        return _some(_table(text, path, column), path)
    if kind == "jsonl":
        return _some(_json_lines(text, path, column), path)
    lines = _items(text) if kind == "md" else _lines(text)
    rows = tuple(QuestionRow(number=number, question=line, cells=(line,)) for number, line in lines)
    return _some(QuestionList(kind=kind, names=("question",), question=0, rows=rows), path)


def kind_of(path: Path) -> Kind:
    """What ``path`` is read as. Raises UsageError(``batch_kind``) for another ending."""
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise UsageError("batch_kind", path=path, endings=", ".join(KINDS))
    return kind


def read_bytes(path: Path) -> bytes:
    """The file's bytes. Raises UsageError(``batch_unreadable``)."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError("batch_unreadable", path=path, detail=error.strerror or error) from error


def decoded(data: bytes, path: Path | str) -> str:
    """The text in the encoding that its bytes tell. Raises UsageError(``batch_encoding``)."""
    from qeu_rag.ingest.readers.encoding import decode

    try:
        return decode(data)[0] if data else ""
    except ReadError as error:
        raise UsageError("batch_encoding", path=path) from error


def records(text: str, path: Path | str, column: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """The rows of a delimited text with the line that each begins on; the delimiter is found in the first rows.

    Raises UsageError(``batch_line``) with the line where the text is no CSV (RFC 4180).
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, column), strict=True)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError("batch_line", path=path, line=line, detail=error) from error


def _some(found: QuestionList, path: Path) -> QuestionList:
    if not found.rows:
        raise UsageError("batch_no_questions", path=path)
    return found


def _sniffed(text: str) -> Kind:
    """What a pipe holds: JSON lines, a table whose first row names a column of questions, or plain lines."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if first.lstrip().startswith("{"):
        return "jsonl"
    cells = [part for mark in _DELIMITERS for part in first.replace('"', "").split(mark)]
    return "csv" if any(folded(cell) in QUESTION_HEADERS for cell in cells) else "lines"


def _delimiter(text: str, column: str | None) -> str:
    """The delimiter with which a header is found, and of these the one that gives most columns."""

    def worth(mark: str) -> tuple[bool, int]:
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
            head = [row for row, _ in zip(reader, range(SEARCHED_ROWS), strict=False)]
        except csv.Error:
            return False, 0
        return find_header(head, column) is not None, max(map(len, head), default=0)

    return max(_DELIMITERS, key=worth)


def _table(text: str, path: Path, column: str | None) -> QuestionList:
    head = [row for (_, row), _ in zip(records(text, path, column), range(SEARCHED_ROWS), strict=False)]
    header = checked_header(head, column, path)
    found = []
    for number, (line, row) in enumerate(records(text, path, column)):
        if number > header.row and header.question < len(row) and (question := row[header.question].strip()):
            found.append((line, question, row))
    # Cells beyond the header's last are the client's, too: their columns have no name.
    width = max([len(header.names), *(len(row) for *_, row in found)])
    rows = tuple(QuestionRow(number=line, question=said, cells=_fitted(row, width)) for line, said, row in found)
    return QuestionList(kind="csv", names=_fitted(header.names, width), question=header.question, rows=rows)


def checked_header(head: Sequence[Sequence[str]], column: str | None, path: Path) -> Header:
    """The header among the first rows. Raises UsageError: ``batch_no_questions`` (nothing there), ``batch_no_column``."""
    if not any(any(cell.strip() for cell in row) for row in head):
        raise UsageError("batch_no_questions", path=path)
    header = find_header(head, column)
    if header is None:
        names = next(row for row in head if any(row))
        shown = ", ".join(name.strip()[:40] for name in names[:20] if name.strip())
        raise UsageError("batch_no_column", path=path, columns=shown, wanted=column or "question, 質問")
    return header


def _fitted(row: Sequence[str], width: int) -> tuple[str, ...]:
    return tuple((*row, *[""] * (width - len(row)))[:width])


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
        raise UsageError("batch_line", path=path, line=number, detail=error) from error
    if isinstance(value, str):
        value = {"question": value}
    if not isinstance(value, dict):
        raise UsageError("batch_line", path=path, line=number, detail=type(value).__name__)
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
