"""Reads comma, tab, semicolon and pipe separated files as one Markdown table."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.encoding import decode
from qeu_rag.ingest.readers.markdown import table
from qeu_rag.ingest.readers.page import page
from qeu_rag.ingest.readers.plain import encoding_notes
from qeu_rag.ingest.remark import Remark

_SNIFFED_ROWS = 50
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
        notes = (*encoding_notes(found.encoding), *unclosed)
        return [page(table(found.rows), title="", markup=False, notes=notes)]


def rows_of(file: Path) -> Rows:
    """The rows of a file. Raises ReadError("undecodable").

    A quotation mark that is never closed would swallow every row after it: such a row is read by itself, as if its quotation
    marks were not there.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    text, encoding = decode(file.read_bytes())
    lines = text.replace("\x00", "").splitlines(keepends=True)
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        delimiter = lines.pop(0).strip()[4]
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
    for candidate in dict.fromkeys((usual, ",", "\t", ";", "|")):
        widths = [len(row) for row in csv.reader(lines[:_SNIFFED_ROWS], delimiter=candidate) if row]
        common = max(set(widths), key=lambda w: (widths.count(w), w), default=1)
        scores[candidate] = (common > 1) * (widths.count(common) / max(1, len(widths)) + min(common, 20) / 100)
    best = max(scores, key=lambda c: scores[c])
    return best if scores[best] > 0 else usual
