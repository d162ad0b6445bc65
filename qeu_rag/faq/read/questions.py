"""Reads a list of questions, as people keep them: Excel, CSV, JSON lines, a Markdown list, plain lines, a pipe.

What an output of ``qeu-rag batch`` holds beside the questions is read by ``answers.read_answers``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from qeu_rag.errors import UsageError
from qeu_rag.faq.read.question_list import Kind, QuestionList, QuestionRow, checked_header, combined, kind_of
from qeu_rag.faq.read.sections import Section, sections
from qeu_rag.faq.read.workbook import read_workbook
from qeu_rag.tables.columns import QUESTION_HEADERS, SEARCHED_ROWS, Header, folded
from qeu_rag.tables.delimited import DELIMITERS, decoded, read_bytes, records

STDIN = "-"
_ITEM = re.compile(r"(\s*)(?:[-*+•・]|\d{1,6}[.)、．])\s+(?:\[[ xX]\]\s+)?(\S.*)")
_FENCE = re.compile(r"\s*(```|~~~)")


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
            return _some(read_workbook(path, column=column), path)
        text = decoded(read_bytes(path), path)
    if kind == "csv":
        return _some(_table(text, path, column), path)
    if kind == "jsonl":
        return _some(_json_lines(text, path, column), path)
    lines = _items(text) if kind == "md" else _lines(text)
    rows = tuple(QuestionRow(number=number, question=line, cells=(line,)) for number, line in lines)
    if kind == "lines" and rows and folded(rows[0].question) in QUESTION_HEADERS:
        rows = rows[1:]
    return _some(QuestionList(kind=kind, names=("",), question=0, rows=rows), path)


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


def _table(text: str, path: Path, column: str | None) -> QuestionList:
    """The questions of a delimited text (CSV, TSV), whose delimiter is found in its first rows."""
    head = [row for (_, row), _ in zip(records(text, path, column), range(SEARCHED_ROWS), strict=False)]
    header = checked_header(head, column, path)
    below = [row for place, row in enumerate(records(text, path, column)) if place > header.row]
    found = list(sections(below, header, column))
    lists = [one for section in found if (one := _section(section)).rows]
    # The answers go into a table of their own, so that the lists need not be told apart any more.
    whole = replace(combined(lists), parts=()) if len(lists) > 1 else lists[0] if lists else _section(found[0])
    return replace(whole, unasked=tuple(str(number) for section in found for number in section.unasked))


def _section(section: Section) -> QuestionList:
    header = section.header
    found = [
        (number, question, row)
        for number, row in section.rows
        if header.question < len(row) and (question := row[header.question].strip())
    ]
    # Cells beyond the header's last are the client's, too: their columns have no name.
    width = max([len(header.names), header.question + 1, *(len(row) for *_, row in found)])
    rows = tuple(QuestionRow(number=number, question=said, cells=_fitted(row, width)) for number, said, row in found)
    names = _fitted(header.names, width)
    return QuestionList(kind="csv", names=names, question=header.question, rows=rows, guessed=header.guessed)


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
