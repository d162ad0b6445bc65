"""Reads files whose cells a comma, tab, semicolon, bar or another sign separates, as Markdown tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.markup.markdown import table
from qeu_rag.ingest.readers.markup.plain import encoding_notes
from qeu_rag.ingest.readers.page import page
from qeu_rag.ingest.readers.table.blocks import blocks
from qeu_rag.ingest.readers.table.grid import BARE, Grid
from qeu_rag.ingest.remark import Remark
from qeu_rag.tables.delimited import rows_of


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
