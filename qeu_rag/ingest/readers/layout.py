"""Puts the lines of a printed page together again: paragraphs, table rows and headings, by where the lines stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

_NO_SPACE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]")
_ITEM = re.compile(
    r"^(?:[・•●○◦■□◆◇▪▶►※★☆✓–—*\uf0a7\uf0b7\uf06e-]\s*\S|[(（]?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4}|[ア-ン一二三四五六七八九十])[)）.．、](?:\s|(?=[^\d\s]))"
    r"|\d+(?:[.．-]\d+)+[.．]?\s|第\s*[0-9０-９一二三四五六七八九十百]+\s*[条章節項編部]|[①-⑳㋐-㋾]|[【〔<＜《])"
)
_ENDED = re.compile(r"[.!?。！？：:;；」』）)】］\]]['\"”’]?$")
_DIGITS = re.compile(r"\d+|[ivxl]+$")
_LEADERS = re.compile(r"(?:\s*[.．…・‥]){4,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text, its box from the lower left corner of the page, and the height of its font (over 0), in points."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, a group of short lines or rows, or a heading (``level`` from 1; 0 is none)."""

    text: str
    level: int = 0


def body_height(pages: Sequence[Sequence[Line]]) -> float:
    """The height of the font that most characters are set in, in points."""
    weights: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            weights[round(line.height * 2) / 2] += len(line.text)
    return weights.most_common(1)[0][0] if weights else 0.0


def without_running_lines(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The pages without their running headers, footers and page numbers.

    Those are lines at the upper or lower edge of their page that return, but for digits, on at least half the pages (and on
    three at least).
    """
    keys = [{i: _key(lines[i].text) for i in _edges(lines)} for lines in pages]
    counts = Counter(key for by_place in keys for key in set(by_place.values()))
    limit = max(3, len(pages) / 2)
    return [
        [line for i, line in enumerate(lines) if not (i in by_place and counts[by_place[i]] >= limit)]
        for lines, by_place in zip(pages, keys, strict=True)
    ]


def _key(text: str) -> str:
    return _DIGITS.sub("#", "".join(text.split()))


def _edges(lines: Sequence[Line]) -> set[int]:
    """The places of the two highest and two lowest lines of a page, beside others at the same height."""
    if len(lines) < 5:
        return {i for i in range(len(lines)) if _key(lines[i].text) in {"#", "-#-", "#/#"}}
    tops = sorted({round(line.top) for line in lines})
    chosen = {*tops[:2], *tops[-2:]}
    return {i for i, line in enumerate(lines) if round(line.top) in chosen}


def blocks(lines: Sequence[Line], body: float, known: Counter[str]) -> Iterator[Block]:
    """The blocks of one page in the order of ``lines``; ``body`` is the document's ``body_height``.

    ``known`` counts the document's words, by which a hyphen at a line's end is kept or mended away.
    """
    for group in _groups(lines, body):
        joined = _joined(group, known)
        level = _level(group, joined, body)
        yield Block(text=" ".join(joined.split()) if level else joined, level=level)


def _groups(lines: Sequence[Line], body: float) -> Iterator[list[Line]]:
    """Runs of lines of like height and even distance."""
    steps = [
        a.top - b.top
        for a, b in zip(lines, lines[1:], strict=False)
        if 0.5 * a.height < a.top - b.top < 3 * a.height and _alike(a, b)
    ]
    pitch = median(steps) if steps else 0.0
    group: list[Line] = []
    for i, line in enumerate(lines):
        if group and not _follows(group[-1], line, pitch, body) and not _even(lines[max(0, i - 2) : i + 2]):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _even(around: Sequence[Line]) -> bool:
    """Whether the lines around a place, two on each side, stand at even distances, as the rows of a table do."""
    if len(around) < 4 or not all(_alike(a, b) for a, b in zip(around, around[1:], strict=False)):
        return False
    steps = [a.top - b.top for a, b in zip(around, around[1:], strict=False)]
    return 0 < min(steps) and max(steps) < min(1.1 * min(steps), 2.5 * around[0].height)


def _alike(a: Line, b: Line) -> bool:
    return abs(a.height - b.height) <= 0.15 * max(a.height, b.height)


def _follows(above: Line, line: Line, pitch: float, body: float) -> bool:
    if _beside(above, line):
        return True
    step = above.top - line.top
    large = 1.8 if above.height > 1.15 * body else 1.1
    near = 0 < step <= max(1.3 * pitch, large * above.height)
    if near and _alike(above, line):
        return True
    # A paragraph that goes on at the top of the next column.
    return step < 0 and _alike(above, line) and not _ENDED.search(above.text) and line.text[0].islower()


def _beside(a: Line, b: Line) -> bool:
    """Whether ``b`` stands in the same row as ``a``, to its right, as the next cell of a table does."""
    overlap = min(a.top, b.top) - max(a.bottom, b.bottom)
    return overlap > 0.5 * min(a.height, b.height) and b.left >= a.right - 1


def _joined(group: Sequence[Line], known: Counter[str]) -> str:
    """The text of a group: broken lines made whole, short lines and items on their own, cells of a row side by side."""
    edge = max(line.right for line in group)
    start = min(line.left for line in group)
    text = group[0].text
    for above, line in zip(group, group[1:], strict=False):
        if _beside(above, line):
            text += "  " + line.text
        elif _broken(above, line, edge, start):
            text = _glued(text, line.text, known)
        else:
            text += "\n" + line.text
    return _LEADERS.sub(" … ", text)


def _broken(above: Line, line: Line, edge: float, start: float) -> bool:
    """Whether ``above`` ends only because the line was full: the first word of ``line`` had no room in it."""
    if _ITEM.match(line.text) or _LEADERS.search(above.text):
        return False
    if line.top > above.top:
        return True
    indented = line.left - start > 0.8 * line.height and above.left - start < 0.5 * line.height
    if indented and _ENDED.search(above.text):
        return False
    width = (line.right - line.left) / max(1, len(line.text))
    word = 2 if _NO_SPACE.match(line.text) else len(line.text.split(" ", 1)[0]) + 1
    return edge - above.right <= width * word + 0.6 * above.height


def _glued(text: str, more: str, known: Counter[str]) -> str:
    if text.endswith("-") and len(text) > 1 and text[-2].isalpha() and more[0].islower():
        first, second = text[:-1].split()[-1], re.match(r"\w+", more)
        compound = f"{first}-{second[0]}" if second else ""
        return text + more if known[compound] else text[:-1] + more
    if _NO_SPACE.match(text[-1]) and _NO_SPACE.match(more[0]):
        return text + more
    if _NO_SPACE.match(text[-1]) or _NO_SPACE.match(more[0]):
        return text + more
    return f"{text} {more}"


def _level(group: Sequence[Line], text: str, body: float) -> int:
    """The heading level of a group by the size of its font against the body's; 0 for text."""
    ratio = min(line.height for line in group) / body if body else 1.0
    words = text.replace("\n", " ")
    letters = sum(c.isalpha() for c in words)
    if ratio < 1.15 or len(group) > 3 or len(words) > 120 or letters < 2 or letters * 2 < len(words.replace(" ", "")):
        return 0
    if words.endswith(("。", "、", ",")) or "  " in words:
        return 0
    return 1 if ratio >= 1.6 else 2 if ratio >= 1.3 else 3
