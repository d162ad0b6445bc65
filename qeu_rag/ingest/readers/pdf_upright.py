"""Turns lines of upright Japanese writing as if they were level, so that columns are read from the right to the left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from qeu_rag.ingest.readers.layout import NO_SPACE, Line
from qeu_rag.ingest.readers.strokes import turned

_SHARE = 0.5  # of a page's characters


def levelled(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page, which are level but for upright ones; where these are most of the text, in their order and turned."""
    upright = [line for line in lines if line.down and not line.table and NO_SPACE.search(line.text)]
    if len(upright) < 2 or sum(len(line.text) for line in upright) < _SHARE * sum(len(line.text) for line in lines):
        return list(lines)
    wide = median(line.height for line in upright)
    columns = sorted(upright, key=lambda line: (-round(line.right / wide), -line.top))
    first = next(i for i, line in enumerate(lines) if line in upright)
    others = [line for line in lines if line not in upright]
    before = [line for line in lines[:first] if line not in upright]
    return [*before, *map(_turned, columns), *others[len(before) :]]


def _turned(line: Line) -> Line:
    left, bottom, right, top = turned((line.left, line.bottom, line.right, line.top), 1)
    return replace(line, left=left, bottom=bottom, right=right, top=top, height=max(0.1, top - bottom))
