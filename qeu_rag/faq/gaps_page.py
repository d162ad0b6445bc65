"""Writes the gaps as Markdown to read, and as a workbook to plan with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from qeu_rag.errors import StorageError
from qeu_rag.faq.gaps import Gap
from qeu_rag.language import say

_WIDTHS = (8, 10, 60, 16, 12, 12, 60, 30)
_COLUMNS = ("group", "count", "question", "status", "confidence", "last", "nearest", "folders")


def markdown(gaps: Sequence[Gap], lang: str) -> str:
    """One section a gap: its most asked question, how often, the other wordings, the nearest passages and their folders."""
    return "\n".join(_markdown(gaps, lang))


def _markdown(gaps: Sequence[Gap], lang: str) -> Iterator[str]:
    yield f"# {say('gaps.title', lang)}\n"
    if not gaps:
        yield f"{say('gaps.none', lang)}\n"
    for number, gap in enumerate(gaps, 1):
        yield f"## {number}. {_flat(gap.questions[0].question)} ({_times(gap.count, lang)})\n"
        for question in gap.questions:
            state = say(f"log.{question.outcome}", lang)
            yield f"- {question.count} × {_flat(question.question)} ({state}, {question.confidence:.2f}, {question.last[:10]})"
        if gap.nearest:
            yield f"\n{say('gaps.nearest', lang, folders=', '.join(gap.folders))}\n"
        for chunk in gap.nearest:
            yield f"- {_flat(chunk.context)} ({chunk.source})"
        yield ""


def _times(count: int, lang: str) -> str:
    return say("gaps.once", lang) if count == 1 else say("gaps.times", lang, count=count)


def write_workbook(gaps: Sequence[Gap], path: Path, lang: str) -> None:
    """One row a question, in groups, with filters and a frozen header. Raises StorageError where it cannot be written."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    page = book.active
    page.title = say("gaps.sheet", lang)
    page.append([say(f"gaps.column.{name}", lang) for name in _COLUMNS])
    for row in _rows(gaps, lang):
        page.append(row)
    for line in page.iter_rows():
        for cell in line:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if cell.row == 1:
                cell.font = Font(bold=True)
            elif isinstance(cell.value, str):
                cell.data_type = "s"  # a question that begins with = is no formula
    for at, width in enumerate(_WIDTHS, 1):
        page.column_dimensions[get_column_letter(at)].width = width
    page.freeze_panes = "A2"
    page.auto_filter.ref = page.dimensions
    try:
        book.save(path)
    except OSError as error:
        raise StorageError("save_failed", path=path, detail=error.strerror or error) from error


def _rows(gaps: Sequence[Gap], lang: str) -> Iterator[list[object]]:
    for number, gap in enumerate(gaps, 1):
        nearest = "\n".join(f"{_flat(chunk.context)} ({chunk.source})" for chunk in gap.nearest)
        for question in gap.questions:
            state = say(f"log.{question.outcome}", lang)
            facts = [number, question.count, _flat(question.question), state, round(question.confidence, 2)]
            yield [*facts, question.last[:10], nearest, "\n".join(gap.folders)]


def _flat(text: str) -> str:
    """On one line, without characters that a workbook cannot hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
