"""The cells of a sheet as rows of texts, cut into the tables and texts that stand on it, one below or beside the other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Area = tuple[int, int, int, int]
"""First row, first column, last row, last column."""

Row = tuple[int, Mapping[int, str]]
"""A row's number and its texts by column, from 1."""

_MAX_FILL = 5_000
_MAX_FILLED = 500_000
_MOST_BESIDE = 30
_FAR = 2_000
_SAMPLE = 50
_MOSTLY = 0.6
_DIGIT = re.compile(r"\d")
BARE = re.compile(r"^[-+±△▲(]?\s*[¥$€£￥]?\s*\d[\d,.:/-]*\s*[%％)]?$|^\d{4}-\d\d(-\d\d)?( \d\d:\d\d(:\d\d)?)?$")
"""What is nothing but a number, a date or a time."""
NAME = re.compile(
    r"^(no\.?|番号|項番|#|id|.*コード|.*名称?|氏名|項目|品[名目番]|区分|分類|種[別類]|内容|備考|担当(者|部署?|課)?|部[署門品]|役[職割]|電話(番号)?|内線"
    r"|.*日付?|年月日|数量|単価|金額|値|単位|条件|基準|.*方法|期[間限]|周期|場所|置き?場|用途|対象|状態|理由|[規価]格|工程|装置|設備|手段|質問|回答|時間|時刻|[人台個件回枚本]数"
    r"|長さ|重さ|幅|高さ|温度|圧力|速度|[科費]目|薬品|[製商]品|材料|原因|対策|結果|判定|目標|実績|計画|[上下]限|基準値|規格値|頻度|間隔|地区|拠点|.*率"
    r"|items?|names?|dates?|units?|prices?|notes?|remarks?|status|owners?|types?|.* (name|date|code|number))$",
    re.I,
)
"""Names that columns of tables commonly have."""

_KEY = re.compile(
    r"^(no\.?|#|((項目?|管理|社員|顧客|[品部商製]品?目?|注文|伝票|受付|文書|図面)(番号?|コード)|番号|コード)|年度?|年月日?|日付?|月"
    r"|(.* )?id|years?|months?|dates?|(.* )?(code|key))$",
    re.I,
)
"""Names of columns by which rows are known, also where numbers stand in them."""


@dataclass(slots=True)
class Grid:
    """The texts that stand on a sheet; ``heavy`` rows are bold or filled throughout; what is ``gone`` was left out, and the
    rows and columns about it are neighbours. ``across`` and ``down`` tell what merged cells were filled from the left, and
    the last row of those that reach down."""

    cells: dict[int, dict[int, str]] = field(default_factory=dict)
    merges: list[Area] = field(default_factory=list)
    heavy: set[int] = field(default_factory=set)
    gone_rows: set[int] = field(default_factory=set)
    gone_columns: set[int] = field(default_factory=set)
    across: dict[int, set[int]] = field(default_factory=dict)
    down: dict[tuple[int, int], int] = field(default_factory=dict)

    def fill(self) -> None:
        """Repeats the text of merged cells in each of them, in rows that have texts, so that each row can be read alone."""
        left_over = _MAX_FILLED
        for top, left, bottom, right in self.merges:
            text = self.cells.get(top, {}).get(left)
            if not text or bottom - top >= _MAX_FILL or right - left >= _MAX_FILL or left_over <= 0:
                continue
            if bottom > top:
                self.down[top, left] = bottom
            left_over -= bottom - top
            for row in range(top, bottom + 1):
                if row not in self.cells:
                    continue
                for column in range(left, right + 1):
                    if column not in self.gone_columns and (row, column) != (top, left):
                        self.cells[row].setdefault(column, text)
                        if column > left:
                            self.across.setdefault(row, set()).add(column)
                            if bottom > top:
                                self.down[top, column] = bottom
                        left_over -= 1

    def width(self, row: Row) -> int:
        """How many cells a row has, merged ones counted once."""
        beside = self.across.get(row[0])
        return len(row[1]) if not beside else sum(column not in beside for column in row[1])

    def titles(self, rows: Sequence[Row]) -> int:
        """How many of the first of ``rows`` have one cell alone."""
        return next((at for at, row in enumerate(rows) if self.width(row) != 1), len(rows))

    def rows(self) -> list[Row]:
        """All rows with texts, from the top."""
        return [(number, self.cells[number]) for number in sorted(self.cells)]


def parts(grid: Grid, rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows of each table or text on the sheet, what stands on the left first; empty rows inside a table do not end it."""
    sides = _sides(grid, rows)
    if len(sides) > 1:
        for side in sides:
            yield from parts(grid, side)
        return
    pending: list[Row] = []
    for band in _bands(grid, rows):
        sides = _sides(grid, band)
        if len(sides) > 1 or not pending or not continues(grid, _ends(pending), band):
            if pending:
                yield pending
            pending = []
        if len(sides) > 1:
            for side in sides:
                yield from parts(grid, side)
        else:
            pending.extend(band)
    if pending:
        yield pending


def _ends(rows: list[Row]) -> list[Row]:
    """The first and the last rows of a table, which tell what it is like."""
    return rows if len(rows) <= 2 * _SAMPLE else [*rows[:_SAMPLE], *rows[-_SAMPLE:]]


def _bands(grid: Grid, rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Runs of rows without an empty row between them."""
    start = 0
    for i in range(1, len(rows) + 1):
        if i == len(rows) or _gap(rows[i - 1][0], rows[i][0], grid.gone_rows):
            yield rows[start:i]
            start = i


def _gap(before: int, after: int, gone: set[int]) -> bool:
    if after - before > _FAR:
        return True
    return any(place not in gone for place in range(before + 1, after))


def _sides(grid: Grid, rows: Sequence[Row]) -> list[Sequence[Row]]:
    """The rows of tables that stand side by side with an empty column between them, below what stands over all of them."""
    start = grid.titles(rows)
    body = rows[start:]
    used = sorted({column for _, cells in body for column in cells})
    runs: list[list[int]] = []
    for column in used:
        if runs and not _gap(runs[-1][-1], column, grid.gone_columns):
            runs[-1].append(column)
        else:
            runs.append([column])
    if not 1 < len(runs) <= _MOST_BESIDE:
        return [rows]
    sides = [_only(body, runs[0])]
    kept = [runs[0]]
    for run in runs[1:]:
        side = _only(body, run)
        if _apart(grid, sides[-1], side):
            sides.append(side)
            kept.append(run)
        else:
            kept[-1] = kept[-1] + run
            sides[-1] = _only(body, kept[-1])
    if len(sides) == 1:
        return [rows]
    return [rows[:start], *sides] if start else list(sides)


def _only(rows: Sequence[Row], columns: Sequence[int]) -> list[Row]:
    wanted = set(columns)
    cut = ((number, {c: text for c, text in cells.items() if c in wanted}) for number, cells in rows)
    return [row for row in cut if row[1]]


def _apart(grid: Grid, left: Sequence[Row], right: Sequence[Row]) -> bool:
    """Whether what stands on either side of an empty column are two tables: the right one has names and keys of its own."""
    sides = [[row for row in side if grid.width(row) > 1] for side in (left, right)]
    if min(map(len, sides)) < 2:
        return False
    if sides[0][0][0] != sides[1][0][0] or sides[0][-1][0] != sides[1][-1][0]:
        return True
    if set(sides[0][0][1].values()) & set(sides[1][0][1].values()):
        return True
    name, keys = _keys(sides[1])
    if len(keys) < 0.8 * min(_SAMPLE, len(sides[1]) - 1):
        return False
    if sum(not BARE.match(key) for key in keys) > _MOSTLY * len(keys) or _KEY.match(name):
        return True
    own, keys_left = _keys(sides[0])
    return not _KEY.match(own) and _run_up(keys_left) and _run_up(keys)


def _keys(side: Sequence[Row]) -> tuple[str, list[str]]:
    """The name of a table's first column, and what stands in it."""
    first = min(side[0][1])
    return side[0][1][first], [cells[first] for _, cells in side[1 : _SAMPLE + 1] if first in cells]


def _run_up(keys: Sequence[str]) -> bool:
    """Whether ``keys`` are numbers at even steps, as those are for which values were measured."""
    if len(keys) < 3 or not all(re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", key) for key in keys):
        return False
    steps = {round(float(b) - float(a), 9) for a, b in pairwise(keys)}
    return len(steps) == 1 and steps != {0.0}


def continues(grid: Grid, table: Sequence[Row], band: Sequence[Row]) -> bool:
    """Whether the rows of ``band`` go on with a ``table`` that stands above it beyond an empty row."""
    wide = [row for row in table if grid.width(row) > 1]
    first = next((row for row in band if grid.width(row) > 1), None)
    if wide and len(band) == 1 and first is None:
        ((column, text),) = list(band[0][1].items())[:1]
        return column > min(wide[0][1]) and column in wide[0][1] and bool(BARE.match(text))  # a sum below its column
    if not wide or first is None or band[0][1].keys() - {c for _, cells in wide for c in cells}:
        return False
    if len(wide) == len(band) == 1 and any(map(_DIGIT.search, wide[0][1].values())):
        return False  # labels with their values
    known = {column for _, cells in wide for column in cells}
    if first[1].keys() - known or (len(first[1]) * 2 < len(known) and len(band) > 1):
        return False
    if first is not band[0] and len(band) > 2 and starts_table(grid, table, band, band.index(first)):
        return False
    return not starts_table(grid, table, band, band.index(first))


def starts_table(grid: Grid, table: Sequence[Row], rows: Sequence[Row], at: int) -> bool:
    """Whether ``rows[at]`` has the names of the columns of another table than the one of the rows of ``table`` above it."""
    wide = [row for row in table if grid.width(row) > 1]
    number, cells = rows[at]
    if not wide:
        return True
    if list(cells.values()) == list(wide[0][1].values()):
        return True
    if number in grid.heavy:
        below = rows[at + 1 : at + 4]
        return (
            bool(below) and not all(row[0] in grid.heavy for row in below) and not any(map(BARE.match, cells.values()))
        )
    if wide[0][0] in grid.heavy and any(row[0] not in grid.heavy for row in wide):
        return False
    if any(map(BARE.match, cells.values())):
        return False
    figures = digit_columns(wide[1 : _SAMPLE + 1]) if len(wide) > 1 else set()
    if any(_DIGIT.search(cells[column]) for column in figures if column in cells):
        return False
    below = rows[at + 1 : at + 1 + _SAMPLE]
    if digit_columns(below) - {c for c, text in cells.items() if _DIGIT.search(text)} and below:
        return len(wide) > 1
    return bool(below) and sum(bool(NAME.match(text)) for text in cells.values()) * 2 > len(cells)


def digit_columns(rows: Sequence[Row]) -> set[int]:
    """The columns most of whose cells have digits."""
    filled: Counter[int] = Counter()
    digits: Counter[int] = Counter()
    for _, cells in rows:
        filled.update(cells.keys())
        digits.update(column for column, text in cells.items() if _DIGIT.search(text))
    return {column for column, count in digits.items() if count > _MOSTLY * filled[column]}
