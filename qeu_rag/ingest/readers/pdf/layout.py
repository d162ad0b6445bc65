"""Puts the lines of a printed page together again: paragraphs, table rows and headings, by where the lines stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from qeu_rag.ingest.readers.pdf.lines import ENDED, ITEM, LEADERS, NO_SPACE, Block, Body, Line, beside

_USUAL_SPREAD = 0.5  # of running text; counts on a page without any
_TWO_APART = 2.5  # times as wide as running text: two cells of a row
_LONGEST_MARK = 3  # characters of what stands before an item: more is a cell


def blocks(lines: Sequence[Line], body: Body) -> Iterator[Block]:
    """The blocks of one page in the order of ``lines``."""
    spreads = [line.spread for line in lines if len(line.text) > 20 and "\ufffe" not in line.text]
    spread = median(spreads) if spreads else _USUAL_SPREAD
    tables: set[int] = set()
    for group in _groups(lines, body):
        if table := group[0].table:
            if table not in tables:
                tables.add(table)
                yield Block(text="", table=table, lines=tuple(group))
            continue
        joined = _joined(group, body.words, spread)
        level = _level(group, joined, body)
        yield Block(text=" ".join(joined.split()) if level else joined, level=level, lines=tuple(group))


def _groups(lines: Sequence[Line], body: Body) -> Iterator[list[Line]]:
    """Runs of lines of like height and even distance."""
    steps = [
        a.bottom - b.first
        for a, b in pairwise(lines)
        if 0.5 * a.height < a.bottom - b.first < 3 * a.height and _alike(a, b)
    ]
    pitch = median(steps) if steps else 0.0
    group: list[Line] = []
    for i, line in enumerate(lines):
        if group and _parts(lines, i, pitch, body):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _parts(lines: Sequence[Line], i: int, pitch: float, body: Body) -> bool:
    """Whether the line at ``i`` belongs to another group than the one before it."""
    above, line = lines[i - 1], lines[i]
    if above.table or line.table:
        return above.table != line.table
    return not _follows(above, line, pitch, body) and not _even(lines[max(0, i - 2) : i + 2])


def _even(around: Sequence[Line]) -> bool:
    """Whether the lines around a place, two on each side, stand at even distances, as the rows of a table do."""
    if len(around) < 4 or not all(_alike(a, b) for a, b in pairwise(around)):
        return False
    steps = [a.bottom - b.first for a, b in pairwise(around)]
    return min(steps) > 0 and max(steps) < min(1.1 * min(steps), 2.5 * around[0].height)


def _alike(a: Line, b: Line) -> bool:
    return abs(a.height - b.height) <= 0.15 * max(a.height, b.height)


def _follows(above: Line, line: Line, pitch: float, body: Body) -> bool:
    if beside(above, line):
        return True
    if body.bold_stands_out and above.bold != line.bold:
        return False
    step = above.bottom - line.first
    large = 1.8 if above.height > 1.15 * body.height else 1.1
    near = 0 < step <= max(1.3 * pitch, large * above.height)
    if near and _alike(above, line):
        return True
    # A paragraph that goes on at the top of the next column.
    return step < 0 and _alike(above, line) and not ENDED.search(above.text) and line.text[0].islower()


def _joined(group: Sequence[Line], known: Counter[str], spread: float) -> str:
    """The text of a group: broken lines made whole, short lines and items on their own, cells of a row side by side."""
    edge = max(line.right for line in group)
    start = min(line.left for line in group)
    text = group[0].text
    in_row = False
    for above, line in pairwise(group):
        if beside(above, line):
            text += "  " + line.text
            in_row = in_row or (len(above.text) > _LONGEST_MARK and line.left - above.right > 1.5 * line.height)
        elif in_row:
            text, in_row = text + "\n" + line.text, False
        elif _broken(above, line, edge, start, spread):
            text = glued(text, line.text, known)
        else:
            text += "\n" + line.text
    return LEADERS.sub(" … ", mended(text, known))


def mended(text: str, known: Counter[str]) -> str:
    """``text`` without the hyphens of line ends, but for words that the document writes with a hyphen elsewhere."""

    def word(match: re.Match[str]) -> str:
        compound = f"{match[1]}-{match[2]}"
        return compound if known[compound] or not match[2][0].islower() else match[1] + match[2]

    return re.sub("\ufffe$", "-", re.sub("(\\w+)\ufffe\\s*(\\w+)", word, text)).replace("\ufffe", "-")


def _broken(above: Line, line: Line, edge: float, start: float, spread: float) -> bool:
    """Whether ``above`` ends only because the line was full: the first word of ``line`` had no room in it."""
    if ITEM.match(line.text) or LEADERS.search(above.text) or _is_row(above, spread) or _is_row(line, spread):
        return False
    runs_on = len(above.text) > 30 and line.text[0].islower() and not ENDED.search(above.text)
    if line.first > above.bottom or runs_on:
        return True
    indented = line.left - start > 0.8 * line.height and above.left - start < 0.5 * line.height
    if indented and ENDED.search(above.text):
        return False
    width = (line.right - line.left) / max(1, len(line.text))
    word = 2 if NO_SPACE.match(line.text) else len(line.text.split(" ", 1)[0]) + 1
    return edge - above.right <= width * word + 0.6 * above.height


def _is_row(line: Line, spread: float) -> bool:
    """Whether a line looks like a row of a table: mostly numbers, or characters much wider apart than in running text."""
    words = line.text.split(" ")
    numbers = sum(word[:1].isdigit() or word[-1:].isdigit() or word in {"-", "–"} for word in words)
    apart = line.spread > 1.4 * spread > 0 and "\ufffe" not in line.text
    if len(words) == 2:
        return line.spread > _TWO_APART * spread > 0 and "\ufffe" not in line.text
    return len(words) > 2 and (numbers * 2 > len(words) or apart)


def glued(text: str, more: str, known: Counter[str]) -> str:
    """``text`` with ``more`` from the next line: with a space where the script has them, without a mended hyphen."""
    if text.endswith("\ufffe"):
        return text + more
    if text.endswith("-") and len(text) > 1 and text[-2].isalpha() and more[0].islower():
        first, second = text[:-1].split()[-1], re.match(r"\w+", more)
        compound = f"{first}-{second[0]}" if second else ""
        return text + more if known[compound] else text[:-1] + more
    if NO_SPACE.match(text[-1]) and NO_SPACE.match(more[0]):
        return text + more
    if NO_SPACE.match(text[-1]) or NO_SPACE.match(more[0]):
        return text + more
    return f"{text} {more}"


def _level(group: Sequence[Line], text: str, body: Body) -> int:
    """The heading level of a group by the size of its font against the body's, or its weight; 0 for text and values put in."""
    ratio = min(line.height for line in group) / body.height if body.height else 1.0
    words = text.replace("\n", " ")
    letters = sum(c.isalpha() for c in words)
    bold = body.bold_stands_out and len(group) <= 2 and all(line.bold for line in group) and ratio > 0.95
    bold = bold and not words.endswith((".", "!", "?", ":", ";", "：")) and len(words) <= 80
    wordy = letters >= 2 and letters * 2 >= len(words.replace(" ", ""))
    put_in = any(line.placed for line in group)  # as high as its field, not as its letters
    if (ratio < 1.15 and not bold) or put_in or len(group) > 3 or len(words) > 120 or not wordy:
        return 0
    if words.endswith(("。", "、", ",")) or "  " in words or any(ITEM.match(line.text) for line in group[1:]):
        return 0
    if ratio < 1.15:
        return 3
    return 1 if ratio >= 1.6 else 2 if ratio >= 1.3 else 3
