"""Puts lines found all over a picture into reading order: rows from above, columns of running text one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Protocol, TypeVar

from qeu_rag.ingest.readers.pdf.lines import NO_SPACE

_LEAST = 4  # lines of a column
_UNITS = 20  # half-widths of a line of running text; cells of a table are shorter
_GAP = 0.8  # of a line's height
_MOST_COLUMNS = 3


class Placed(Protocol):
    """A line with its box, measured from the upper left."""

    @property
    def text(self) -> str:
        """What it says."""
        ...

    @property
    def left(self) -> float:
        """Where it begins."""
        ...

    @property
    def right(self) -> float:
        """Where it ends."""
        ...

    @property
    def top(self) -> float:
        """Its upper edge."""
        ...

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        ...


_L = TypeVar("_L", bound=Placed)


def in_order(lines: Sequence[_L], columns: int = _MOST_COLUMNS) -> list[_L]:
    """``lines`` as they are read; at most ``columns`` columns side by side are told apart."""
    gutter = _gutter(lines) if columns > 1 else None
    if gutter is None:
        return [line for row in _rows(lines) for line in row]
    made: list[_L] = []
    left: list[_L] = []
    right: list[_L] = []
    for line in sorted(lines, key=_middle):
        if line.right <= gutter:
            left.append(line)
        elif line.left >= gutter:
            right.append(line)
        else:  # A line across both ends them.
            made += [*in_order(left, columns - 1), *in_order(right, columns - 1), line]
            left, right = [], []
    return [*made, *in_order(left, columns - 1), *in_order(right, columns - 1)]


def _gutter(lines: Sequence[_L]) -> float | None:
    """Where two columns of running text part: with most lines at its lesser side; None where they do not."""
    best: tuple[int, float] = (0, 0.0)
    for at in sorted({line.left for line in lines})[:400]:
        left = [line for line in lines if line.right <= at]
        right = [line for line in lines if line.left >= at]
        if 3 * (len(lines) - len(left) - len(right)) < len(lines) and _is_text(left) and _is_text(right):
            near = max(line.right for line in sorted(left, key=lambda line: line.right)[: -max(1, len(left) // 10)])
            if at - near >= _GAP * median(line.bottom - line.top for line in left):
                best = max(best, (min(len(left), len(right)), at))
    return best[1] if best[0] else None


def _is_text(lines: Sequence[_L]) -> bool:
    return (
        len(lines) >= _LEAST and median(len(line.text) + len(NO_SPACE.findall(line.text)) for line in lines) >= _UNITS
    )


def _middle(line: Placed) -> float:
    return (line.top + line.bottom) / 2


def _rows(lines: Sequence[_L]) -> Iterator[list[_L]]:
    """Lines at one height, from the left, row by row."""
    row: list[_L] = []
    for line in sorted(lines, key=_middle):
        if row and _middle(line) - _middle(row[0]) > 0.5 * min(line.bottom - line.top, row[0].bottom - row[0].top):
            yield sorted(row, key=lambda one: one.left)
            row = []
        row.append(line)
    if row:
        yield sorted(row, key=lambda one: one.left)
