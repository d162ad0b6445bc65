"""Rewrites the lines of a PDF page that are more than their letters: raised, lowered, struck out, unseen, with ruby."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from qeu_rag.ingest.readers.pdf.lines import Line
from qeu_rag.ingest.readers.pdf.raised import KANA, moved
from qeu_rag.ingest.readers.pdf.strokes import Box, Rule, holds_middle, whole
from qeu_rag.ingest.readers.pdf.symbols import shown
from qeu_rag.ingest.readers.pdf.text import SPACE, Found, Letter, PageText
from qeu_rag.ingest.readers.pdf.text_style import Look, Looks

_NEAR = 0.6
_LOW, _HIGH = 0.12, 0.55  # of the font's height over the baseline, where a line strikes text out


def marked(
    text: PageText, found: Sequence[Found], looks: Looks, across: Sequence[Rule], struck: Sequence[Box]
) -> tuple[list[Found], Counter[str]]:
    """The lines as they read, and how many stretches were left out of each kind of ``left_out``.

    ``across`` are the page's level lines, and ``struck`` the boxes of its strike-out marks.
    """
    bars = sorted(bar for bar in whole(across) if bar.end > bar.start)
    heights = [bar.at for bar in bars]
    counts: Counter[str] = Counter()
    pieces: list[tuple[Found, list[Letter] | None, bool]] = []
    loose = False  # whether what was between the last line and this one is gone
    of = _Objects(text, looks)
    for one in found:
        if pieces and _is_ruby(one.line, pieces[-1][0].line):
            loose = True
            counts["ruby"] += 1
            continue
        while pieces and _is_ruby(pieces[-1][0].line, one.line):
            pieces.pop()
            counts["ruby"] += 1
        level = slice(bisect_left(heights, one.line.bottom), bisect_right(heights, one.line.top))
        through = [bar for bar in bars[level] if _crosses(bar, one.line)]
        run = None
        over = [cover for cover in looks.covers if _meet(cover[0], one.line)]
        if through or over or of.has_odd(one) or any(_meet(box, one.line) for box in struck):
            run = _kept(text.letters(one), of, through, struck, over, counts)
        if pieces and (run or pieces[-1][1] or loose) and (joint := _joint(text, pieces[-1], one, run, of, loose)):
            pieces[-1] = (pieces[-1][0], joint, True)
        elif run is None or any(letter.number >= 0 for letter in run):
            pieces.append((one, run, run is not None))
        loose = False
    made = [_rewritten(text, one, run, of) if run else one for one, run, _ in pieces]
    return [one for one in made if one], counts


def _rewritten(text: PageText, one: Found, run: Sequence[Letter], of: _Objects) -> Found | None:
    """The line that the letters of ``run`` make, which is as long as it was printed."""
    made = text.found_of(moved(run, [of.look(letter) for letter in run]))
    if made is None:
        return None
    left, right = min(made.line.left, one.line.left), max(made.line.right, one.line.right)
    lost = max(0, len(one.line.text) - len(made.line.text))
    return made._replace(line=replace(made.line, left=left, right=right, lost=lost))


class _Objects:
    """The look of each letter, by the object of the page that it belongs to."""

    def __init__(self, text: PageText, looks: Looks) -> None:
        self._text, self._looks = text, looks
        self._heights = sorted(looks.odd.values())

    def look(self, letter: Letter) -> Look | None:
        """The look of a letter; None of one that was not printed."""
        return self._looks.of.get(self._text.address(letter.number)) if letter.number >= 0 else None

    def shown(self, letter: Letter, look: Look | None) -> Letter:
        """The letter as it shows, where its font is one of symbols."""
        if look is None or not look.font:
            return letter
        return letter._replace(char=shown(letter.char, look.font, unnamed=self._text.is_unnamed(letter.number)))

    def has_odd(self, found: Found) -> bool:
        """Whether a line has letters that may be raised or are not seen."""
        odd, line = self._looks.odd, found.line
        level = not (self._looks.quarter or line.down or line.up or "\ufffe" in line.text)
        if level:  # an odd stretch of a level line starts at its height; what stands elsewhere is not looked for
            at = bisect_left(self._heights, line.bottom - line.height)
            if at == len(odd) or self._heights[at] > line.top + line.height:
                return False
        elif not odd:
            return False
        first, last = self._text.reach(found)
        return any(self._text.address(number) in odd for number in range(first, last + 1))


def _meet(box: Box, line: Line) -> bool:
    return box[0] < line.right and box[2] > line.left and box[1] < line.top and box[3] > line.bottom


def _crosses(bar: Rule, line: Line) -> bool:
    """Whether a level line may strike out text of ``line``: it goes through its middle and no further than the text."""
    height = line.top - line.bottom
    return (
        line.bottom + 0.2 * height < bar.at < line.top - 0.2 * height
        and bar.start > line.left - 0.6 * height
        and bar.end < line.right + 0.6 * height
    )


def _kept(
    run: Sequence[Letter],
    of: _Objects,
    bars: Sequence[Rule],
    boxes: Sequence[Box],
    covers: Sequence[tuple[Box, int]],
    counts: Counter[str],
) -> list[Letter]:
    """``run`` without what is struck out, painted over or not seen, which is counted by stretches."""
    own = [of.look(letter) for letter in run]
    run = [of.shown(letter, look) for letter, look in zip(run, own, strict=True)]
    states = ["" if look is None else look.unseen for look in own]
    for bar in bars:
        hit = [i for i, letter in enumerate(run) if (look := own[i]) and _is_struck(letter, look, bar)]
        if hit and _fits(bar, [run[i] for i in hit]):
            for i in hit:
                states[i] = "struck"
    for box in boxes:
        for i, letter in enumerate(run):
            if letter.number >= 0 and holds_middle(box, letter.ink):
                states[i] = "struck"
    for box, order in covers:
        for i, letter in enumerate(run):
            if (look := own[i]) and look.order < order and _is_under(letter.ink, box):
                states[i] = "white"
    if covers:  # of a number that is covered in part the rest would be another number
        for i in (*range(1, len(run)), *range(len(run) - 2, -1, -1)):
            near = states[i - 1 : i] + states[i + 1 : i + 2]
            if run[i].char.isdigit() and "white" in near and not states[i]:
                states[i] = "white"
    for i in range(1, len(run)):
        if run[i].number < 0 and states[i - 1] and i + 1 < len(run) and states[i + 1] == states[i - 1]:
            states[i] = states[i - 1]
    counts.update(state for state, _ in groupby(states) if state)
    kept: list[Letter] = []
    for letter, state in zip(run, states, strict=True):
        if not state and not (letter.number < 0 and letter.char.isspace() and kept and kept[-1].char.isspace()):
            kept.append(letter)
    return kept


def _is_under(ink: Box, box: Box) -> bool:
    """Whether a letter lies below an area; a thin line through its middle only strikes it out."""
    return holds_middle(box, ink) and box[3] - box[1] >= 0.6 * (ink[3] - ink[1])


def _is_struck(letter: Letter, look: Look, bar: Rule) -> bool:
    x = (letter.ink[0] + letter.ink[2]) / 2
    return (
        letter.quarter == 0
        and bar.start <= x <= bar.end
        and _LOW < (bar.at - look.baseline) / max(0.1, look.size) < _HIGH
    )


def _fits(bar: Rule, run: Sequence[Letter]) -> bool:
    """Whether a line is about as long as the letters that it goes through; a longer one rules a table or a form."""
    reach = 1.2 * max(letter.ink[3] - letter.ink[1] for letter in run) + 3
    return min(l.ink[0] for l in run) - bar.start < reach and bar.end - max(l.ink[2] for l in run) < reach  # noqa: E741


def _is_ruby(small: Line, line: Line) -> bool:
    """Whether ``small`` is the reading of characters of ``line``, over it or right beside it."""
    return (
        small.height < 0.62 * line.height
        and small.left > line.left - line.height
        and small.right < line.right + line.height
        and -0.4 * line.height < small.bottom - line.top < 0.6 * line.height
        and bool(KANA.fullmatch(small.text))
    )


def _joint(
    text: PageText,
    before: tuple[Found, list[Letter] | None, bool],
    one: Found,
    run: list[Letter] | None,
    of: _Objects,
    loose: bool,
) -> list[Letter]:
    """The letters of two lines that PDFium parted only since one begins or ends raised or lowered; empty where not so."""
    if not _beside(before[0].line, one.line) and before[1] is None:
        return []
    above = text.letters(before[0]) if before[1] is None else before[1]
    below = text.letters(one) if run is None else run
    ends = [letter for letter in above if letter.number >= 0], [letter for letter in below if letter.number >= 0]
    if not ends[0] or not ends[1]:
        return []
    last, first = ends[0][-1], ends[1][0]
    look, other = of.look(last), of.look(first)
    if not look or not other or last.quarter or first.quarter:
        return []
    size = max(look.size, other.size)
    gap = first.ink[0] - last.ink[2]
    step = abs(look.baseline - other.baseline)
    shifted = 0.05 * size < step < 0.9 * size or (loose and step < 0.05 * size)
    if not shifted or not -0.3 * size < gap < _NEAR * size:
        return []
    space = [SPACE] if gap > 0.2 * size else []
    return [*above, *space, *below]


def _beside(a: Line, b: Line) -> bool:
    return min(a.top, b.top) > max(a.bottom, b.bottom)
