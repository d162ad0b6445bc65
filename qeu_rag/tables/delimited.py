"""Reads the rows of a delimited text (CSV, TSV) in whatever encoding it has; its delimiter is found in its first rows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from qeu_rag.errors import ReadError, UsageError
from qeu_rag.tables.columns import SEARCHED_ROWS, find_header

DELIMITERS = (",", "\t", ";", "|")
_SNIFFED_ROWS = 50
_EVEN = 0.7
_RARE = "~^¦§:!、，；｜"
"""Signs that some programs separate cells with; looked for where the usual ones make no even rows."""

_TOLD = re.compile(r'\s*"?sep=(\\t|[^\r\n])"?\s*$', re.I)
_ROOM = re.compile(r"(?<=[^\s,;|:!、，])(?: {2,}|\u3000+)(?=\S)")
"""Room between columns of figures that are set below each other; looked for as those signs are."""
_LONGEST_FIELD = 10_000_000
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
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_column_mark(text, column), strict=True)
    line = 1
    try:
        for number, row in enumerate(reader, 1):
            yield number, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError("batch_no_csv", path=path, line=line) from error


def _column_mark(text: str, column: str | None) -> str:
    """The delimiter that gives the header most columns; where no header is found, the one that makes the rows most alike.

    ``_NONE`` where no delimiter parts a header: the commas of a list of one column are its questions' own.
    """
    lines = text.splitlines(keepends=True)[:SEARCHED_ROWS]

    def head(mark: str) -> list[list[str]]:
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
            return [row for row, _ in zip(reader, range(SEARCHED_ROWS), strict=False)]
        except csv.Error:
            return []

    def worth(mark: str) -> tuple[int, float]:
        header = find_header(head(mark), column)
        if header is not None and header.names:
            return 2, len(header.names)
        return 1, _evenness(lines, mark)

    best = max(DELIMITERS, key=worth)
    return best if worth(best)[1] > 1 else _NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of a file, empty ones too, its encoding, and the numbers (from 1) of those whose quotation mark never closes."""

    rows: list[list[str]]
    encoding: str
    unclosed: tuple[int, ...]


def rows_of(file: Path) -> Rows:
    """The rows of a file. Raises ReadError("undecodable").

    A quotation mark that is never closed would swallow every row after it: such a row is read by itself, as if its quotation
    marks were not there.
    """
    from qeu_rag.text.encoding import decode

    csv.field_size_limit(_LONGEST_FIELD)
    text, encoding = decode(file.read_bytes())
    lines = text.replace("\x00", "").splitlines(keepends=True)
    if lines and (told := _TOLD.match(lines[0])):
        lines.pop(0)
        delimiter = "\t" if told[1] == "\\t" else told[1]
    else:
        delimiter = _delimiter(lines, "\t" if file.suffix.lower() == ".tsv" else ",")
        spaced = [_ROOM.sub("\t", line.lstrip(" \u3000")) for line in lines]
        if max(_evenness(lines[:_SNIFFED_ROWS], delimiter), _EVEN) < _evenness(spaced[:_SNIFFED_ROWS], "\t"):
            lines, delimiter = spaced, "\t"
    read = list(_read(lines, delimiter))
    unclosed = tuple(number for number, (_, closed) in enumerate(read, 1) if not closed)
    return Rows(rows=[[field.strip() for field in row] for row, _ in read], encoding=encoding, unclosed=unclosed)


def _read(lines: Sequence[str], delimiter: str) -> Iterator[tuple[list[str], bool]]:
    """Each row of ``lines``, and whether its quotation marks are closed."""
    at = 0
    while at < len(lines):
        reader = csv.reader(map(lines.__getitem__, range(at, len(lines))), delimiter=delimiter, strict=True)
        taken = 0
        try:
            for row in reader:
                yield row, True
                taken = reader.line_num
            return
        except csv.Error:
            yield _alone(lines[at + taken], delimiter)
            at += taken + 1


def _alone(line: str, delimiter: str) -> tuple[list[str], bool]:
    """The cells of one line that strict rules refuse, and whether it ends outside quotation marks, as ``"a"b,c`` does."""
    loose = list(csv.reader([line.rstrip("\r\n") + "\n", "end"], delimiter=delimiter))
    if len(loose) == 2:
        return loose[0], True
    return line.replace('"', "").rstrip("\r\n").split(delimiter), False


def _delimiter(lines: list[str], usual: str) -> str:
    """The delimiter of ``lines``; ``usual`` where nothing speaks for another."""
    scores = {}
    sample = lines[:_SNIFFED_ROWS]
    for candidate in dict.fromkeys((usual, *DELIMITERS)):
        scores[candidate] = _evenness(sample, candidate)
    best = max(scores, key=lambda c: scores[c])
    if scores[best] < _EVEN:
        signs = {sign: _evenness(sample, sign) for sign in _RARE if sum(sign in line for line in sample) > 1}
        rare = max(signs, key=lambda c: signs[c], default="")
        if rare and signs[rare] > max(_EVEN, scores[best]):
            return rare
    return best if scores[best] > 0 else usual


def _evenness(lines: list[str], delimiter: str) -> float:
    """How alike the rows are that a delimiter makes; a sign between digits or before spaces is part of them."""
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if any(map(str.strip, row))]
    except csv.Error:
        return 0
    widths = [len(row) for row in rows]
    common = max(set(widths), key=lambda w: (widths.count(w), w), default=1)
    if common < 2:
        return 0
    bounds = [(a[-1:], b[:1]) for row in rows for a, b in pairwise(row)]
    inside = sum(a.isdigit() and b.isdigit() for a, b in bounds) if delimiter in ",:.-/" else 0
    prose = sum(b == " " and a not in {" ", ""} for a, b in bounds) if delimiter not in "\t|" else 0
    share = widths.count(common) / max(1, len(widths)) + min(common, 20) / 100
    least = 0.9 if delimiter in ",:.-/" else 2.0
    return share * (0.5 if inside >= least * len(bounds) or prose > 0.9 * len(bounds) else 1)
