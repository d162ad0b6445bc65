"""Turns lines of upright Japanese writing, and of pages that stand on their side, as if they were level, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from qeu_rag.ingest.readers.pdf.lines import NO_SPACE, Line
from qeu_rag.ingest.readers.pdf.strokes import turned

_SHARE = 0.5  # of a page's characters


def levelled(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page, which are level but for upright ones; where these are most of the text, in their order and turned."""
    for upright, quarter in (([line for line in lines if line.down], 1), ([line for line in lines if line.up], 3)):
        if len(upright) > 1 and sum(len(line.text) for line in upright) >= _SHARE * sum(
            len(line.text) for line in lines
        ):
            return _ordered(lines, upright, quarter)
    return list(lines)


def _ordered(lines: Sequence[Line], upright: Sequence[Line], quarter: int) -> list[Line]:
    """Lines that run down from the right to the left, those that run up from the left to the right, and others around.

    Lines of scripts with spaces stay as they were drawn, part by part, unless most of them go the wrong way.
    """
    way = -1 if quarter == 1 else 1
    level = {id(line): turned_line(line, quarter) for line in upright}
    free = [line for line in upright if not line.table]
    wrong = sum(way * (b.left - a.left) < 0 for a, b in pairwise(free))
    wide = median(line.right - line.left for line in upright)
    if not any(NO_SPACE.search(line.text) for line in free) and (2 * wrong < len(free) or len(free) < len(upright)):
        return [level.get(id(line), line) for line in lines]
    columns = sorted(free, key=lambda line: (way * round(line.right / wide), way * line.top))
    moved = {id(line) for line in free}
    first = next(i for i, line in enumerate(lines) if id(line) in moved)
    ordered = [*lines[:first], *columns, *(line for line in lines[first:] if id(line) not in moved)]
    return [level.get(id(line), line) for line in ordered]


def turned_line(line: Line, quarter: int) -> Line:
    """``line`` as it stands when text that is turned by ``quarter`` stands upright."""
    left, bottom, right, top = turned((line.left, line.bottom, line.right, line.top), quarter)
    return replace(line, left=left, bottom=bottom, right=right, top=top, height=max(0.1, top - bottom))
