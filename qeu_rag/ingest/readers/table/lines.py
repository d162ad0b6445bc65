"""Lines that tell about a table rather than stand in it: titles, notes, and labels with their values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.ingest.readers.table.grid import NAME, Grid, Row

_LONGEST_FORM = 30
_DIGIT = re.compile(r"\d")
_NOTE = re.compile(r"^\s*([※＊*]|注\s*[\d０-９]*\s*[)）:：.]|[(（]注|備考\s*[:：]|注記|notes?\s*[:.])", re.I)
_ABOUT = re.compile(
    r"(作成|発行|出力|印刷|更新|改[訂定]|承認|制定|施行|報告|提出|登録|集計|抽出)(者|日|日時|部署|番号)?$|^(部署|部門|所属|担当(者|部署)?|宛先|件名|版(数)?|期間"
    r"|対象(期間)?|(管理|文書|帳票)番号|会社名?|事業所|工場|単位|条件)$|^(date|author|created|department|version|revision|period|title|exported?|printed?|"
    r"prepared|report)\b|[:：]$",
    re.I,
)
"""Labels of what is told about a table rather than in it."""


def labelled(grid: Grid, rows: Sequence[Row]) -> bool:
    """Whether rows are nothing but labels with their values, as in a form, without names of columns."""
    if len(rows) > _LONGEST_FORM:
        return False
    lines = [own_texts(grid, row) for row in rows]
    if len(rows) == 1:
        names = sum(bool(NAME.match(text)) for text in lines[0])
        return names < len(lines[0]) and (len(lines[0]) == 2 or about(grid, rows))
    if any(len(line) % 2 for line in lines):
        return False
    if all(len(line) == 2 for line in lines):
        labels = sum(bool(_ABOUT.search(line[0].strip())) for line in lines)
        return labels > 1 and labels * 3 >= len(rows) * 2
    known = [bool(NAME.match(label) or _ABOUT.search(label.strip())) for line in lines[1:] for label in line[::2]]
    named = [bool(NAME.match(value)) for line in lines for value in line[1::2]]
    return sum(known) * 3 >= len(known) * 2 and sum(named) * 5 <= len(named)


def own_texts(grid: Grid, row: Row) -> list[str]:
    """The texts of a row from the left, those of merged cells once."""
    beside = grid.across.get(row[0], ())
    return [row[1][column] for column in sorted(row[1]) if column not in beside]


def line_of(row: Row) -> str:
    """The text of a row of one cell."""
    return escape(next(iter(row[1].values())))


def pairs(grid: Grid, row: Row) -> list[str]:
    """A row of labels with their values, as ``作成日: 2025-04-01``, each pair by itself."""
    texts = own_texts(grid, row)
    lines = [texts.pop(0)] if len(texts) % 2 else []
    for label, value in zip(texts[::2], texts[1::2], strict=True):
        lines.append(f"{label}{' ' if label.endswith((':', '：')) else ': '}{value}")
    return list(map(escape, lines))


def about(grid: Grid, rows: Sequence[Row]) -> bool:
    """Whether rows hold labels with their values."""
    known = 0
    for row in rows:
        texts = own_texts(grid, row)
        if len(texts) > 1 and len(texts) % 2:
            texts = texts[1:]
        if sum(bool(NAME.match(text)) for text in texts[1::2]) > len(texts) // 4 and not _ABOUT.search(
            texts[0].strip()
        ):
            return False
        known += any(_ABOUT.search(text.strip()) for text in texts[::2]) or (
            any(_DIGIT.search(text) for text in texts[1::2]) and not any(_DIGIT.search(text) for text in texts[::2])
        )
    return known * 2 > len(rows)


def is_note(row: Row) -> bool:
    """Whether a row of one cell is a note on the table above it."""
    return bool(_NOTE.match(next(iter(row[1].values()))))
