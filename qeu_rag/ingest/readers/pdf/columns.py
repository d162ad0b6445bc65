"""Puts the lines of a page that was drawn row by row into the order of its columns, where a gutter runs down between them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from qeu_rag.ingest.readers.pdf.lines import ENDED, ITEM, NO_SPACE, Line
from qeu_rag.ingest.readers.pdf.ruled import grids
from qeu_rag.ingest.readers.pdf.strokes import Box, Rules, holds, holds_middle
from qeu_rag.ingest.readers.pdf.text import Found, Letter, PageText
from qeu_rag.ingest.readers.pdf.text_style import Looks

_LEAST = 3  # rows that a gutter runs along
_SHARE = 0.3  # of the rows that go so far
_GAP = 0.8  # of the font's height
_UNITS = 20  # half-widths of a line of running text; cells of a table are shorter
_RUN_ON = 0.3
_APART = 3.0  # of a line's height between parts of the page
_MOST_COLUMNS = 6
_NARROWEST = 40.0  # points of a column


class _Row(NamedTuple):
    """A line of the page with what stands left and right of a gutter; a line that crosses it has neither."""

    one: Found
    left: Found | None = None
    right: Found | None = None


class _Page(NamedTuple):
    """A page's text, and the boxes of its ruled tables."""

    text: PageText
    tables: Sequence[Box]


def by_column(text: PageText, found: Sequence[Found], looks: Looks, drawn: Rules) -> list[Found]:
    """The lines with those of columns one column after the other; rows of tables stay as they are."""
    rows = _rows(looks, ())
    if not _starts(rows):
        return list(found)
    boxes = [grid.box for grid in grids(drawn)]
    starts = _starts(_rows(looks, boxes) if boxes else rows)
    if not starts:
        return list(found)
    return _divided(_Page(text, boxes), list(found), starts, _MOST_COLUMNS)


def _rows(looks: Looks, tables: Sequence[Box]) -> list[list[float]]:
    """Where the stretches of each row of the page begin, but for those in ruled tables."""
    rows: defaultdict[int, list[float]] = defaultdict(list)
    for look in looks.of.values():
        if look.size >= 1 and not look.unseen and not any(holds(box, look.start, look.baseline) for box in tables):
            rows[round(look.baseline)].append(look.start)
    return [sorted(row) for row in rows.values() if max(row) > min(row) + _NARROWEST]


def _starts(rows: Sequence[Sequence[float]]) -> list[float]:
    """Where stretches begin at one place in several rows, and in a good part of those that go so far, most frequent first."""
    counts = Counter(round(start) for row in rows for start in set(row) if start > row[0] + _NARROWEST)
    many = [(start, count) for start, count in counts.most_common(2 * _MOST_COLUMNS) if count >= _LEAST]
    return [
        float(start)
        for start, count in many
        if count >= _SHARE * sum(row[0] < start - _NARROWEST and row[-1] > start - 2 for row in rows)
    ]


def _divided(page: _Page, found: list[Found], starts: Sequence[float], depth: int) -> list[Found]:
    """``found`` cut at the first of ``starts`` that is a gutter, and its sides at the others."""
    for n, at in enumerate(starts if depth > 1 else ()):
        rows = [_row(page, one, at) for one in found]
        made: list[Found] = []
        changed = False
        for part in _parts(rows):
            left, right = _sides(part)
            if (part[0].left is None and part[0].right is None) or not _are_columns(part, left, right):
                made += [row.one for row in part]
                continue
            changed = True
            if heights := _row_heights(left, right):
                made += _by_rows(left, right, heights)
                continue
            rest = starts[n + 1 :]
            made += _divided(page, left, [x for x in rest if x < at - _NARROWEST], depth - 1)
            made += _divided(page, right, [x for x in rest if x > at + _NARROWEST], depth - 1)
        if changed:
            return made
    return found


def _row(page: _Page, one: Found, at: float) -> _Row:
    line = one.line
    if any(holds_middle(box, (line.left, line.bottom, line.right, line.top)) for box in page.tables):
        return _Row(one)
    if line.left >= at - 2:
        return _Row(one, right=one)
    if line.right <= at:
        return _Row(one, left=one)
    run = page.text.letters(one)
    cut = next((i for i, letter in enumerate(run) if letter.number >= 0 and letter.ink[0] >= at - 2), -1)
    before = next((letter for letter in reversed(run[: max(0, cut)]) if letter.number >= 0), None)
    if cut < 1 or before is None or run[cut].quarter or before.quarter:
        return _Row(one)
    if run[cut].ink[0] - before.ink[2] < _GAP * line.height or not _all_left(run[:cut], at):
        return _Row(one)
    if any(letter.number >= 0 and letter.ink[0] < at - 2 for letter in run[cut:]):
        return _Row(one)
    return _Row(one, page.text.found_of(run[:cut]), page.text.found_of(run[cut:]))


def _all_left(run: Sequence[Letter], at: float) -> bool:
    return all(letter.ink[2] <= at for letter in run if letter.number >= 0)


def _parts(rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    """Runs of lines beside the gutter, and of those across it; what stands far below the rest is another run."""
    part: list[_Row] = []
    for row in rows:
        if part and (_is_across(row) != _is_across(part[-1]) or _is_apart(part, row.one.line)):
            yield part
            part = []
        part.append(row)
    if part:
        yield part


def _is_across(row: _Row) -> bool:
    return row.left is None and row.right is None


def _is_apart(part: Sequence[_Row], line: Line) -> bool:
    bottom, top = min(row.one.line.bottom for row in part[-8:]), max(row.one.line.top for row in part[-8:])
    return bottom - line.top > _APART * line.height or line.bottom - top > _APART * line.height


def _sides(part: Sequence[_Row]) -> tuple[list[Found], list[Found]]:
    """The lines at either side of the gutter, each from the top down."""
    left = [row.left for row in part if row.left]
    right = [row.right for row in part if row.right]
    return sorted(left, key=lambda one: -one.line.top), sorted(right, key=lambda one: -one.line.top)


def _are_columns(part: Sequence[_Row], left: Sequence[Found], right: Sequence[Found]) -> bool:
    """Whether both sides are running text that was drawn row by row."""
    crossing = sum(row.left is not None and row.right is not None for row in part)
    turns = sum((a.right is None) != (b.right is None) for a, b in pairwise(part))
    if min(len(left), len(right)) < _LEAST or (crossing < _LEAST and turns < 2 * _LEAST):
        return False
    return all(
        median(_units(one.line.text) for one in side) >= _UNITS and _run_on(side) >= _RUN_ON for side in (left, right)
    )


def _units(text: str) -> int:
    return len(text) + len(NO_SPACE.findall(text))


def _run_on(side: Sequence[Found]) -> float:
    """The share of lines whose sentence goes on in the next."""
    edge = max(one.line.right for one in side)
    on = 0
    for a, b in pairwise(one.line for one in side):
        wide = NO_SPACE.match(b.text)
        full = a.right > edge - (1.5 if wide else 8) * a.height
        on += not ENDED.search(a.text) and full and not ITEM.match(b.text) and (bool(wide) or b.text[0].islower())
    return on / max(1, len(side) - 1)


def _row_heights(left: Sequence[Found], right: Sequence[Found]) -> list[float]:
    """The heights at which both sides leave more room, two or more and few others: between the rows of a table, from the top."""
    gaps = [_gaps(side) for side in (left, right)]
    common = [y for y in gaps[0] if any(abs(y - other) < 2 for other in gaps[1])]
    return common if len(common) >= 2 and 2 * len(common) > max(len(gaps[0]), len(gaps[1])) else []


def _by_rows(left: Sequence[Found], right: Sequence[Found], heights: Sequence[float]) -> Iterator[Found]:
    """The lines of a table without ruled lines: of each row the left cell and then the right one."""
    tops = [*heights, float("-inf")]
    above = float("inf")
    for top in tops:
        for side in (left, right):
            yield from (one for one in side if top + 1 < one.line.top <= above + 1)
        above = top


def _gaps(side: Sequence[Found]) -> list[float]:
    steps = [a.line.bottom - b.line.bottom for a, b in pairwise(side)]
    pitch = median(steps) if steps else 0.0
    least = min((step for step in steps if step > 0.5 * side[0].line.height), default=pitch)
    return [b.line.top for (a, b), step in zip(pairwise(side), steps, strict=True) if step > 1.25 * least]
