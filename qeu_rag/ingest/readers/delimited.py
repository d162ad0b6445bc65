"""Reads comma, tab, semicolon and pipe separated files as one Markdown table."""

from __future__ import annotations

import csv
from pathlib import Path

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.encoding import decode
from qeu_rag.ingest.readers.markdown import table
from qeu_rag.ingest.readers.page import page
from qeu_rag.ingest.readers.plain import encoding_notes

_SNIFFED_ROWS = 50
_LONGEST_FIELD = 10_000_000


class DelimitedReader(BaseReader):
    """A CSV or TSV file; the delimiter is the one that splits the first rows most evenly."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError("undecodable")."""
        rows, encoding = rows_of(Path(file))
        return [page(table(rows), title="", markup=False, notes=encoding_notes(encoding))]


def rows_of(file: Path) -> tuple[list[list[str]], str]:
    """The rows of a file, empty ones too, and its encoding. Raises ReadError("undecodable")."""
    text, encoding = decode(file.read_bytes())
    lines = text.replace("\x00", "").splitlines(keepends=True)
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        delimiter = lines.pop(0).strip()[4]
    else:
        delimiter = _delimiter(lines, "\t" if file.suffix.lower() == ".tsv" else ",")
    csv.field_size_limit(_LONGEST_FIELD)
    return [[field.strip() for field in row] for row in csv.reader(lines, delimiter=delimiter)], encoding


def _delimiter(lines: list[str], usual: str) -> str:
    """The delimiter of ``lines``; ``usual`` where nothing speaks for another."""
    scores = {}
    for candidate in dict.fromkeys((usual, ",", "\t", ";", "|")):
        widths = [len(row) for row in csv.reader(lines[:_SNIFFED_ROWS], delimiter=candidate) if row]
        common = max(set(widths), key=lambda w: (widths.count(w), w), default=1)
        scores[candidate] = (common > 1) * (widths.count(common) / max(1, len(widths)) + min(common, 20) / 100)
    best = max(scores, key=lambda c: scores[c])
    return best if scores[best] > 0 else usual
