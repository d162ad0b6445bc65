"""Finds the names of a table's columns below lines about the table, in one row or several, and writes it as Markdown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from qeu_rag.ingest.readers.markup.markdown import escape, table
from qeu_rag.ingest.readers.table.again import with_keys_again
from qeu_rag.ingest.readers.table.grid import BARE, NAME, Grid, Row, digit_columns, parts, starts_table
from qeu_rag.ingest.readers.table.lines import about, is_note, labelled, line_of, pairs

_SEARCHED = 15
_DEEPEST = 5
_SAMPLE = 200
_UNIT = re.compile(r"^[(（\[［〔].{1,12}[)）\]］〕]$")
_COMMENT = re.compile(r"\s*(?:【コメント|\[Comment)[^:]*: .*")
_LONGEST_REPEATED = 12
_DIGIT = re.compile(r"\d")
_TITLE = re.compile(
    r"^\s*([表図]|table|fig|[■□◆◇●○▼▽【［\[(（<＜〔]|[\d０-９]+[.．)）])|([表図覧]|リスト|list|table)\s*$", re.I
)
"""What stands above a table as its title, rather than in it as a key without a value."""


def blocks(grid: Grid) -> Iterator[str]:
    """Everything on the sheet as Markdown: texts, and tables below what is told about them."""
    grid.fill()
    for rows in parts(grid, grid.rows()):
        yield from _block(grid, rows)


def _block(grid: Grid, rows: Sequence[Row]) -> Iterator[str]:
    titles = 0
    while titles < len(rows) and grid.width(rows[titles]) == 1:
        titles += 1
    if titles:
        yield "\n".join(line_of(row) for row in rows[:titles])
    rows = rows[titles:]
    if not rows:
        return
    if labelled(grid, rows):
        yield from (line for row in rows for line in pairs(grid, row))
        return
    start = header_row(grid, rows)
    if start:
        yield from (line for row in rows[:start] for line in pairs(grid, row))
    rows = rows[start:]
    depth = header_depth(grid, rows)
    end = _end(grid, rows, depth)
    notes = end
    while notes > depth and grid.width(rows[notes - 1]) == 1 and is_note(rows[notes - 1]):
        notes -= 1
    yield _table(grid, rows[:notes], depth)
    if notes < end:
        yield "\n".join(line_of(row) for row in rows[notes:end])
    if end < len(rows):
        yield from _block(grid, rows[end:])


def _end(grid: Grid, rows: Sequence[Row], depth: int) -> int:
    """Where the next table begins, with its title, in rows that no empty row parts; else how many rows there are."""
    if not grid.heavy and len(rows) > _SAMPLE * 10:
        return len(rows)  # a list this long is one
    for i in range(depth + 1, len(rows) - 1):
        if grid.width(rows[i]) > 1:
            if _renamed(rows, i, depth):
                return i
        elif grid.width(rows[i + 1]) > 1 and i + 2 < len(rows):
            near = [*rows[:_SAMPLE], *rows[max(_SAMPLE, i - _SAMPLE) : i]] if i > _SAMPLE else rows[:i]
            if _titled(grid, rows[i], rows[i + 1]) and starts_table(grid, near, rows, i + 1):
                return i
    return len(rows)


def _titled(grid: Grid, title: Row, names: Row) -> bool:
    """Whether a row of one cell is a title with names of columns below it, and not a key whose value was left empty."""
    if names[0] in grid.heavy or min(title[1]) > min(names[1]) or _TITLE.search(next(iter(title[1].values()))):
        return True
    return any(NAME.match(text) for text in list(names[1].values())[1:])


def _renamed(rows: Sequence[Row], i: int, depth: int) -> bool:
    """Whether a row inside a table holds names of other columns: where figures stand above and below it are words."""
    texts = rows[i][1].values()
    if (
        len(texts) < 2
        or any(map(_DIGIT.search, texts))
        or sum(bool(NAME.match(text)) for text in texts) * 2 <= len(texts)
    ):
        return False
    above, below = digit_columns(rows[max(depth, i - _SAMPLE) : i]), digit_columns(rows[i + 1 : i + 1 + _SAMPLE])
    return bool(above & below & rows[i][1].keys())


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


def _table(grid: Grid, rows: Sequence[Row], depth: int) -> str:
    columns = sorted({column for _, cells in rows for column in cells})
    beside = {column for number, _ in rows for column in grid.across.get(number, ())}
    if beside:
        own = {c for number, cells in rows for c in cells if c not in grid.across.get(number, ())}
        columns = [column for column in columns if column in own]
    names, asides = _without_comments(_column_names(rows[:depth], columns))
    body = [[_repeated(grid, row, column) for column in columns] for row in rows[depth:]]
    half = _period(names)
    if half:
        lined = [row[at : at + half] for at in range(0, len(names), half) for row in body]
        names, body = names[:half], lined
    return "\n\n".join(filter(None, [table([names, *with_keys_again(body)]), escape("\n".join(asides))]))


def one_table(grid: Grid) -> str:
    """All cells as one table, as those of a slide are."""
    lines, rows = told_above(grid)
    return "\n\n".join([*lines, _table(grid, rows, header_depth(grid, rows))]) if rows else ""


def told_above(grid: Grid) -> tuple[list[str], list[Row]]:
    """What the first rows of one table tell about it, as ``作成日: 2025-04-01``, and its rows from the header on.

    A form, which is labels with values to its end, has all of its rows. A row of one cell is a title where names stand below.
    """
    grid.fill()
    rows = grid.rows()
    titles = 0
    while titles < len(rows) and grid.width(rows[titles]) == 1:
        titles += 1
    rest = rows[titles:]
    start = header_row(grid, rest) if rest and not labelled(grid, rest) else 0
    if titles:
        named = rest and 2 * sum(bool(NAME.match(text)) for text in rest[0][1].values()) > len(rest[0][1])
        above = bool(rest) and max(min(row[1]) for row in rows[:titles]) <= min(rest[0][1])
        start = titles + start if above and len(rest) > 1 and (start or named) else 0
    return [line for row in rows[:start] for line in pairs(grid, row)], rows[start:]


def _repeated(grid: Grid, row: Row, column: int) -> str:
    """The text of a cell of the body; a long one that stands over several columns is not repeated in each."""
    text = row[1].get(column, "")
    return "" if len(text) > _LONGEST_REPEATED and column in grid.across.get(row[0], ()) else text


def _without_comments(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of columns without comments on them, which follow the table."""
    asides = [name for name in names if _COMMENT.search(name)]
    return [_COMMENT.sub("", name) for name in names], list(dict.fromkeys(asides))


def _column_names(rows: Sequence[Row], columns: Sequence[int]) -> list[str]:
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


def _period(names: Sequence[str]) -> int:
    """After how many columns their names begin anew, as in a list that goes on beside itself; 0 where they do not."""
    for size in range(2, len(names) // 2 + 1):
        if len(names) % size == 0 and all(names[i] == names[i % size] for i in range(len(names))) and any(names):
            return size if len(set(names[:size])) == size else 0
    return 0
