"""Puts coloured areas of a page together to the bands that set off the rows of a table, such as its header."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from qeu_rag.ingest.readers.pdf.strokes import TOUCH, Box, Fill

_LEVEL = 1.0
_WHITE = (255, 255, 255)


def bands(fills: Sequence[Fill]) -> list[Box]:
    """The areas of one colour that rectangles side by side and one above the other make; white is none.

    Office programs fill a row cell by cell, and a cell by lines: only where the colour changes is an edge to be seen.
    """
    made: list[Box] = []
    for _, same in groupby(sorted(fills, key=lambda fill: fill.colour), key=lambda fill: fill.colour):
        boxes = [fill.box for fill in same if fill.colour != _WHITE]
        made += _stacked(_rows(boxes))
    return made


def _rows(boxes: Iterable[Box]) -> Iterator[Box]:
    """Boxes of one height that stand side by side as one."""
    row: list[Box] = []
    for box in sorted(boxes, key=lambda box: (round(box[3] / _LEVEL), round(box[1] / _LEVEL), box[0])):
        if row and (_apart(row[-1], box) or box[0] > max(each[2] for each in row) + TOUCH):
            yield _around(row)
            row = []
        row.append(box)
    if row:
        yield _around(row)


def _apart(a: Box, b: Box) -> bool:
    return abs(a[1] - b[1]) > _LEVEL or abs(a[3] - b[3]) > _LEVEL


def _stacked(rows: Iterable[Box]) -> Iterator[Box]:
    """Boxes of one width that stand one above the other as one."""
    stack: list[Box] = []
    for box in sorted(rows, key=lambda box: (round(box[0] / TOUCH), round(box[2] / TOUCH), box[1])):
        same = stack and abs(stack[-1][0] - box[0]) <= TOUCH and abs(stack[-1][2] - box[2]) <= TOUCH
        if stack and not (same and box[1] <= stack[-1][3] + _LEVEL):
            yield _around(stack)
            stack = []
        stack.append(box)
    if stack:
        yield _around(stack)


def _around(boxes: Sequence[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
