"""The figures of an evaluation in a terminal: tables in fixed-width text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qeu_rag.cli.present import one_line
from qeu_rag.evaluate.tables import changes, partial, tables, title
from qeu_rag.language import say

_LISTED = 20


def lines(figures: Mapping[str, Any], lang: str) -> Iterator[str]:
    """The whole of a run's figures, line by line."""
    yield one_line(title(figures, lang))
    if figures["partial"]:
        yield partial(figures, lang)
    if figures["unusable"]:
        yield say("eval.unusable", lang, count=figures["unusable"])
    if figures["no_gold"]:
        yield say("eval.no_gold", lang, count=figures["no_gold"])
    for table in tables(figures, lang):
        yield ""
        if table.about:
            yield one_line(table.about)
        yield from _laid_out(table.rows)
    if "compare" in figures:
        yield from _changed(figures["compare"]["changed"], lang)


def _changed(changed: Sequence[Mapping[str, Any]], lang: str) -> Iterator[str]:
    yield say("eval.changed", lang, count=len(changed))
    for change in changed[:_LISTED]:
        yield f"  {one_line(change['id'])}  {one_line(change['question'])[:60]}  {changes(change, lang)}"
    if len(changed) > _LISTED:
        yield say("eval.changed_more", lang, count=len(changed) - _LISTED)


def _laid_out(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as their widest cell; all but the first are set right."""
    clean = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*clean, strict=True)]
    for row in clean:
        spaces = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        cells = [
            cell + space if n == 0 else space + cell for n, (cell, space) in enumerate(zip(row, spaces, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _width(text: str) -> int:
    """Columns that a terminal gives to ``text``: two for a wide character (Unicode Standard Annex 11)."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
