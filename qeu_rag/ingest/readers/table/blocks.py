"""Writes the tables and texts on a sheet as Markdown: each table below what is told about it, its notes below it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qeu_rag.ingest.readers.markup.markdown import escape, table
from qeu_rag.ingest.readers.table.grid import NAME, Grid, Row, digit_columns, parts, starts_table
from qeu_rag.ingest.readers.table.head import column_names, header_depth, header_row
from qeu_rag.ingest.readers.table.lines import is_note, labelled, line_of, pairs
from qeu_rag.ingest.readers.table.repeated_keys import with_keys_again

_SAMPLE = 200
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
    titles = grid.titles(rows)
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


def _table(grid: Grid, rows: Sequence[Row], depth: int) -> str:
    columns = sorted({column for _, cells in rows for column in cells})
    beside = {column for number, _ in rows for column in grid.across.get(number, ())}
    if beside:
        own = {c for number, cells in rows for c in cells if c not in grid.across.get(number, ())}
        columns = [column for column in columns if column in own]
    names, asides = _without_comments(column_names(rows[:depth], columns))
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
    titles = grid.titles(rows)
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


def _period(names: Sequence[str]) -> int:
    """After how many columns their names begin anew, as in a list that goes on beside itself; 0 where they do not."""
    for size in range(2, len(names) // 2 + 1):
        if len(names) % size == 0 and all(names[i] == names[i % size] for i in range(len(names))) and any(names):
            return size if len(set(names[:size])) == size else 0
    return 0
