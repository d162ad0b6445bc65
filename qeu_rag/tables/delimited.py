"""Reads the rows of a delimited text (CSV, TSV) in whatever encoding it has; its delimiter is found in its first rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from qeu_rag.errors import ReadError, UsageError
from qeu_rag.tables.columns import SEARCHED_ROWS, find_header

DELIMITERS = (",", "\t", ";", "|")
_NONE = "\x1f"
"""No delimiter: every line, or quoted cell, is one question."""


def read_bytes(path: Path) -> bytes:
    """The file's bytes. Raises UsageError(``batch_unreadable``)."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError("batch_unreadable", path=path, detail=error) from error


def decoded(data: bytes, path: Path | str) -> str:
    """The text in the encoding that its bytes tell. Raises UsageError(``batch_encoding``)."""
    from qeu_rag.text.encoding import decode

    try:
        return decode(data)[0] if data else ""
    except ReadError as error:
        raise UsageError("batch_encoding", path=path) from error


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
