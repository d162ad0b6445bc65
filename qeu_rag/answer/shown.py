"""One sentence, list item or table row as it is compared with a question: its text and what it needs beside it."""

from __future__ import annotations

from collections.abc import Sequence

from qeu_rag.answer.units import LIST_MARK, ROW, needed, table_header
from qeu_rag.index.asked import question_and_answer
from qeu_rag.types import Chunk, Span

_WHERE = 60
"""Characters of the heading: it says what the sentence speaks of, the sentence says the rest."""


def shown(chunk: Chunk, spans: Sequence[Span], at: int) -> str:
    """``spans[at]`` of ``chunk`` in one line, below its nearest heading (or the title).

    A table row reads as "column: cell", one of questions and answers as both alone; a list item brings its introduction, and a
    sentence that points back the one before.
    """
    text = spans[at].of(chunk.text)
    if ROW.match(text):
        text = _row(text, table_header(chunk, spans[at]))
    elif (before := needed(chunk, spans, at)) is not None:
        text = f"{spans[before].of(chunk.text)} {LIST_MARK.sub('', text)}"
    else:
        text = LIST_MARK.sub("", text)
    where = (chunk.headings[-1] if chunk.headings else chunk.title).replace("_", " ").strip()[:_WHERE]
    return " ".join((f"{where}: {text}" if where else text).split())


def _row(row: str, header: str) -> str:
    cells, columns = _cells(row), _cells(header)
    if header == row or len(cells) != len(columns):
        return ", ".join(filter(None, cells))
    if (both := question_and_answer(columns)) is not None:
        return " ".join(cells[place] for place in both)
    return ", ".join(
        f"{column}: {cell}" if column else cell for column, cell in zip(columns, cells, strict=True) if cell
    )


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]
