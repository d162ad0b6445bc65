"""The lines of a printed page and the parts that they make, and which of them run on from page to page in its margins."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NO_SPACE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]")
ITEM = re.compile(
    r"^(?:[・•●○◦■□◆◇▪▶►※★☆✓✔✗✘☑☐☒❏❑❒–—*\uf0a7\uf0b7\uf06e-]\s*\S|[(（]?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4}|[ア-ン一二三四五六七八九十])[)）.．、](?:\s|(?=[^\d\s]))"
    r"|\d+(?:[.．-]\d+)+[.．]?\s|第\s*[0-9０-９一二三四五六七八九十百]+\s*[条章節項編部]|[①-⑳㋐-㋾]|[【〔<＜《])"
)
ENDED = re.compile(r"[.!?。！？：:;；」』）)】］\]]['\"”’]?$")
_WORD = re.compile(r"\w+(?:-\w+)*")
_MARGIN = 0.08
_FEW = 20  # pages; of more, two alike lines are a coincidence
_LETTER = re.compile(r"[^\W\d_]")
_DIGITS = re.compile(r"\d+|[ivxl]+$")
LEADERS = re.compile(r"(?:\s*[.．…・‥]){4,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text, its box from the lower left corner of the page, and the height of its font (over 0), in points.

    ``table`` is the number, from 1, of the page's table that it stands in; 0 is none. ``placed``: not printed text but a value
    or note that was put there. ``lost`` is how many characters were left out of its printed text, and ``down`` and ``up``
    say that it runs from the top down, or from the foot up.
    """

    text: str
    left: float
    right: float
    bottom: float
    top: float
    height: float
    bold: bool = False
    table: int = 0
    placed: bool = False
    lost: int = 0
    down: bool = False
    up: bool = False

    @property
    def first(self) -> float:
        """The bottom of the first of the lines that a hyphen made one."""
        return self.top - self.height

    @property
    def spread(self) -> float:
        """How wide the characters stand, in parts of the font's height; wide gaps between cells make it high."""
        units = len(self.text) + len(NO_SPACE.findall(self.text)) + self.lost
        return (self.right - self.left) / self.height / max(1, units)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The lines of one page in drawing order, and the height in points of the page's lower and upper edge."""

    lines: tuple[Line, ...]
    bottom: float
    top: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, a group of short lines or rows, or a heading (``level`` from 1; 0 is none).

    Of a table, only its number on the page (``table`` from 1) stands here, in the place of its first line. ``aside``: a note
    that was put beside the text.
    """

    text: str
    level: int = 0
    table: int = 0
    aside: bool = False
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a document's lines are compared with.

    ``height`` is the font height (points) of most characters, ``bold_stands_out`` whether few are bold, and ``words`` counts
    the document's words, by which a hyphen at a line's end is kept or mended away.
    """

    height: float
    bold_stands_out: bool
    words: Counter[str]

    @classmethod
    def of(cls, pages: Sequence[Sequence[Line]]) -> Body:
        """The measures of the document with these pages."""
        heights: Counter[float] = Counter()
        words: Counter[str] = Counter()
        bold = 0
        for line in (line for lines in pages for line in lines):
            heights[round(line.height * 2) / 2] += len(line.text)
            words.update(_WORD.findall(line.text))
            bold += len(line.text) * line.bold
        height = heights.most_common(1)[0][0] if heights else 0.0
        return cls(height=height, bold_stands_out=bold < 0.3 * heights.total(), words=words)


def without_running_lines(sheets: Sequence[Sheet]) -> list[list[Line]]:
    """The pages' lines without page numbers, and without running headers and footers but where these first stand.

    Those are lines in the upper or lower margin that return, but for digits, on at least a tenth of the pages (and on three
    at least, or on two at the same height); with the line of a table all its lines are looked at, as of a letterhead in a frame.
    """
    keys = [{i: _key(sheet.lines[i].text) for i in _marginal(sheet)} for sheet in sheets]
    counts = Counter(key for by_place in keys for key in set(by_place.values()))
    running = {key for key, count in counts.items() if count >= max(3, len(sheets) / 10)}
    if len(sheets) <= _FEW:
        placed = Counter(place for sheet, own in zip(sheets, keys, strict=True) for place in _places(sheet, own))
        running |= {key for (key, _), count in placed.items() if count > 1}
    seen: set[str] = set()
    kept: list[list[Line]] = []
    for sheet, by_place in zip(sheets, keys, strict=True):
        dropped = {key for key in by_place.values() if key in running and (key in seen or not _LETTER.search(key))}
        seen.update(by_place.values())
        kept.append([line for i, line in enumerate(sheet.lines) if by_place.get(i) not in dropped])
    return kept


def _places(sheet: Sheet, keys: Mapping[int, str]) -> set[tuple[str, int]]:
    """The lines of ``keys`` outside tables, each with its height on the page in steps of four points."""
    lines = [(key, sheet.lines[i]) for i, key in keys.items()]
    return {(key, round((line.bottom - sheet.bottom) / 4)) for key, line in lines if not line.table}


def _marginal(sheet: Sheet) -> list[int]:
    """The places of the lines in the margins, and of those in a table with one there."""
    tables = {line.table for line in sheet.lines if line.table and in_margin(line, sheet)}
    return [i for i, line in enumerate(sheet.lines) if line.table in tables or in_margin(line, sheet)]


def in_margin(line: Line, sheet: Sheet) -> bool:
    """Whether ``line`` stands where running headers and footers do."""
    margin = _MARGIN * (sheet.top - sheet.bottom)
    return line.bottom > sheet.top - margin or line.top < sheet.bottom + margin


def _key(text: str) -> str:
    return _DIGITS.sub("#", "".join(text.split()))


def beside(a: Line, b: Line) -> bool:
    """Whether ``b`` stands in the same row as ``a``, to its right, as the next cell of a table does."""
    overlap = min(a.top, b.top) - max(a.bottom, b.bottom)
    return overlap > 0.5 * min(a.height, b.height) and b.left >= a.right - 1
