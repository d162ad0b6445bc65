"""Reads files whose cells a comma, tab, semicolon, bar or another sign separates, as Markdown tables."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.markup.markdown import table
from qeu_rag.ingest.readers.markup.plain import encoding_notes
from qeu_rag.ingest.readers.page import page
from qeu_rag.ingest.readers.table.grid import BARE, Grid
from qeu_rag.ingest.readers.table.head import blocks
from qeu_rag.ingest.remark import Remark
from qeu_rag.text.encoding import decode

_SNIFFED_ROWS = 50
_EVEN = 0.7
_USUAL = (",", "\t", ";", "|")
_RARE = "~^¦§:!、，；｜"
"""Signs that some programs separate cells with; looked for where the usual ones make no even rows."""

_TOLD = re.compile(r'\s*"?sep=(\\t|[^\r\n])"?\s*$', re.I)
_LONGEST_FIELD = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of a file, empty ones too, its encoding, and the numbers (from 1) of those whose quotation mark never closes."""

    rows: list[list[str]]
    encoding: str
    unclosed: tuple[int, ...]


class DelimitedReader(BaseReader):
    """A CSV or TSV file; the delimiter is the one that splits the first rows most evenly."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError("undecodable")."""
        found = rows_of(Path(file))
        unclosed = (Remark(key="unclosed", values={"rows": found.unclosed}),) if found.unclosed else ()
        rows = _with_keys(found.rows)
        long = _too_long(rows)
        ragged = (Remark(key="ragged", values={"rows": long}),) if long else ()
        notes = (*encoding_notes(found.encoding), *unclosed, *ragged)
        return [page(_markdown(rows), title="", markup=False, notes=notes)]


def _with_keys(rows: list[list[str]]) -> list[list[str]]:
    """``rows`` with an empty name before the others where the column of keys has none, as R writes its tables.

    That is so where every row has just one cell more than there are names, and each of these first cells is a word.
    """
    filled = [row for row in rows if any(row)]
    body = filled[1:]
    if len(body) < 2 or any(len(row) != len(filled[0]) + 1 or not row[-1] for row in body):
        return rows
    if not all(filled[0]) or any(not row[0] or BARE.match(row[0]) for row in body):
        return rows
    at = rows.index(filled[0])
    return [*rows[:at], ["", *rows[at]], *rows[at + 1 :]]


def _too_long(rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """The numbers (from 1) of rows with texts beyond the last name of their table, whose values may have moved.

    A sign inside a value moves the values behind it, as in ``1,234`` without quotation marks.
    """
    found: list[int] = []
    for filled, run in groupby(enumerate(rows, 1), key=lambda numbered: any(numbered[1])):
        lines = list(run)
        usual = Counter(len(row) for _, row in lines).most_common(1)[0][0]
        names = next(i for i, (_, row) in enumerate(lines) if len(row) == usual)
        words = [not any(map(BARE.match, row)) for _, row in lines[: names + 1]]
        if names and words[-2] and not words[-1] and len(lines[names - 1][1]) == usual - 1:
            names, usual = names - 1, usual - 1  # the row above the first one with figures has one name too few
        if filled and usual > 1:
            found += [number for number, row in lines[names + 1 :] if any(row[usual:])]
    return tuple(found)


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    """The tables in the rows of a file, below the lines that stand above them."""
    if sum(map(any, rows)) < 2 or max(sum(map(bool, row)) for row in rows) < 2:
        return table(rows)  # names without values, or a list
    cells = {r: line for r, row in enumerate(rows, 1) if (line := {c: t for c, t in enumerate(row, 1) if t})}
    return "\n\n".join(blocks(Grid(cells=cells)))


def rows_of(file: Path) -> Rows:
    """The rows of a file. Raises ReadError("undecodable").

    A quotation mark that is never closed would swallow every row after it: such a row is read by itself, as if its quotation
    marks were not there.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    text, encoding = decode(file.read_bytes())
    lines = text.replace("\x00", "").splitlines(keepends=True)
    if lines and (told := _TOLD.match(lines[0])):
        lines.pop(0)
        delimiter = "\t" if told[1] == "\\t" else told[1]
    else:
        delimiter = _delimiter(lines, "\t" if file.suffix.lower() == ".tsv" else ",")
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
    for candidate in dict.fromkeys((usual, *_USUAL)):
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
