"""Finds the names of a table's columns, in one row or several, below lines that tell about the table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from qeu_rag.ingest.readers.table.grid import BARE, Grid, Row, digit_columns
from qeu_rag.ingest.readers.table.lines import about

_SEARCHED = 15
_DEEPEST = 5
_SAMPLE = 200
_UNIT = re.compile(r"^[(（\[［〔].{1,12}[)）\]］〕]$")
_DIGIT = re.compile(r"\d")


def header_row(grid: Grid, rows: Sequence[Row]) -> int:
    """Which of ``rows`` has the names of the columns: the first, or the first below rows that tell about the table."""
    last = min(_SEARCHED, len(rows) - 1)
    if len(rows) > 1 and _groups(grid, rows[0], rows[1]):
        return 0
    if rows[0][0] in grid.heavy or (len(rows) > 2 and _reaches_down(grid, rows[0], rows[1])):
        return 0
    for i in range(1, last):
        width = grid.width(rows[i])
        if width < 2 or not _names(rows[i]):
            continue
        above = [row for row in rows[:i] if grid.width(row) > 1]
        if rows[i][0] in grid.heavy and not all(row[0] in grid.heavy for row in rows[i + 1 : i + 4]):
            return i - _groups(grid, rows[i - 1], rows[i])
        after = [grid.width(row) for row in rows[i + 1 : i + 1 + _SAMPLE]]
        usual = Counter(after).most_common(1)[0][0]
        if max(map(grid.width, above)) < width and width * 4 >= usual * 3 and about(grid, above):
            return i - _groups(grid, rows[i - 1], rows[i])
        figures = digit_columns(rows[i + 1 : i + 1 + _SAMPLE]) - digit_columns(rows[i : i + 1])
        if width >= usual and figures and about(grid, above) and not figures & digit_columns(above):
            return i
    return 0


def _reaches_down(grid: Grid, upper: Row, lower: Row) -> bool:
    """Whether names of the upper row are merged with cells of the lower, which has a name of its own below another."""
    reach = {column for column in upper[1] if grid.down.get((upper[0], column), 0) >= lower[0]}
    own = lower[1].keys() - reach
    return bool(reach and own and own <= upper[1].keys()) and not any(BARE.match(lower[1][column]) for column in own)


def _names(row: Row) -> bool:
    """Whether a row may hold names of columns: no bare numbers or dates, and few digits."""
    texts = list(row[1].values())
    return not any(map(BARE.match, texts)) and 2 * sum(bool(_DIGIT.search(text)) for text in texts) <= len(texts)


def _groups(grid: Grid, upper: Row, lower: Row) -> bool:
    """Whether the upper of two rows holds names that several names of the lower one share."""
    if grid.width(upper) < 2:
        return bool(grid.across.get(upper[0])) and not about(grid, [upper]) and len(upper[1]) < len(lower[1])
    merged = grid.across.get(upper[0], set()) & lower[1].keys()
    reaching = any(grid.down.get((upper[0], column), 0) >= lower[0] for column in upper[1])
    if merged:
        under = [lower[1][column] for column in merged]
        own = [column for column in lower[1] if column not in grid.across.get(lower[0], set())]
        return not any(map(BARE.match, under)) and (reaching or len(own) > grid.width(upper) or _repeats(under))
    gaps = [column for column in lower[1] if column not in upper[1] and column > min(upper[1])]
    if not gaps or any(map(BARE.match, lower[1].values())):
        return False
    open_below = upper[1].keys() - lower[1].keys()
    return bool(open_below or _repeats(list(lower[1].values()))) and not about(grid, [upper])


def _repeats(texts: Sequence[str]) -> bool:
    return len(set(texts)) < len(texts)


def header_depth(grid: Grid, rows: Sequence[Row]) -> int:
    """How many of the first rows hold names of columns: those that merged names reach, share, or give a unit to."""
    depth = 1
    while depth < min(_DEEPEST, len(rows) - 1) and _goes_on(grid, rows, depth):
        depth += 1
    return depth


def _goes_on(grid: Grid, rows: Sequence[Row], depth: int) -> bool:
    """Whether the row behind the first ``depth`` rows of a header belongs to it, too."""
    upper, lower = rows[depth - 1], rows[depth]
    reach = {column for column in upper[1] if grid.down.get((rows[0][0], column), 0) >= lower[0]}
    own = {column: text for column, text in lower[1].items() if column not in reach}
    if not own:
        return False
    if all(_UNIT.match(text) for text in own.values()):
        return True
    first = min(column for _, cells in rows[: depth + 2] for column in cells)
    if first in own and first + 1 not in grid.across.get(upper[0], ()):
        figures = digit_columns(rows[depth + 1 : depth + 1 + _SAMPLE]) - digit_columns([lower])
        if first in upper[1] or depth > 1 or not (_repeats(list(own.values())) or figures):
            return False
    merged = bool(grid.across.get(upper[0]))
    if reach and len(reach) < len(upper[1]) and (merged or not any(map(BARE.match, own.values()))):
        return True
    return _groups(grid, upper, lower)


def column_names(rows: Sequence[Row], columns: Sequence[int]) -> list[str]:
    """The name of each column: the names in all header rows above it, where one stands over several, over each of them."""
    names: list[list[str]] = [[] for _ in columns]
    for level, (_, cells) in enumerate(rows):
        below = rows[level + 1][1] if level + 1 < len(rows) else {}
        before = ""
        for i, column in enumerate(columns):
            text = cells.get(column, "")
            if not text and before and column in below and _shared(rows, level, columns, i):
                text = before
            elif text:
                before = text
            if text and (not names[i] or names[i][-1] != text):
                names[i].append(text)
    return [" ".join(parts) for parts in names]


def _shared(rows: Sequence[Row], level: int, columns: Sequence[int], i: int) -> bool:
    """Whether a column without a name in a header row stands under the name on its left: nothing stands above it."""
    return not any(columns[i] in cells for _, cells in rows[:level]) and not all(
        _UNIT.match(text) for text in rows[level + 1][1].values()
    )
