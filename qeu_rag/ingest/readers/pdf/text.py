"""Reads the text of a PDF page by PDFium: its lines, and where a table needs it the place of every letter."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from qeu_rag.ingest.readers.pdf.lines import Line
from qeu_rag.ingest.readers.pdf.strokes import Box, turned

_SPACES = re.compile(r"[ \t\xa0]+")
_HYPHEN = re.compile("[\x02\xad\ufffe]")
_BOLD = re.compile(rb"bold|black|heavy|demi|-medi|cmbx|-b$|w[6-9]$", re.I)
PLACED = 1 << 30
"""From this number on letters are no printed ones: values and marks that were put in their place."""

_NOWHERE = (0.0, 0.0, 0.0, 0.0)


class Found(NamedTuple):
    """A line of a page, its text as PDFium has it, and the place of its first character in the page's UTF-16 units.

    ``run`` are its letters where they are not simply those.
    """

    line: Line
    text: str
    unit: int
    run: tuple[Letter, ...] | None = None


class Letter(NamedTuple):
    """A character of a page with its number in PDFium, the box of its ink, and how many quarters it is turned clockwise."""

    char: str
    number: int
    ink: Box
    quarter: int


def found_lines(text_page: Any) -> Iterator[Found]:
    """The lines as PDFium divides them. Lines that end in a hyphen and the next are one, with U+FFFE for the hyphen."""
    text = text_page.get_text_range()
    wide = _is_wide(text)
    at = 0
    for line in text.split("\n"):
        words = line.strip("\r \t\xa0")
        if words:
            unit = at + _units(line[: line.index(words[0])], wide)
            last = unit + _units(words, wide) - 1
            yield Found(_line(text_page, words, _index(text_page, unit), _index(text_page, last)), words, unit)
        at += _units(line, wide) + 1


def letters(text_page: Any, found: Found) -> list[Letter]:
    """The characters of a line but for white space, which PDFium places nowhere, in order."""
    import pypdfium2.raw as raw

    if found.run is not None:
        return list(found.run)

    wide = _is_wide(found.text)
    unit = found.unit
    made = []
    for char in found.text:
        index = _index(text_page, unit) if char not in "\r\t" and (char.strip() or char < " ") else -1
        if index >= 0:
            quarter = round(raw.FPDFText_GetCharAngle(text_page, index) * 2 / 3.14159) % 4
            made.append(Letter(char, index, _ink(raw, text_page, index), quarter))
        else:
            made.append(Letter(char, -1, _NOWHERE, 0))
        unit += _units(char, wide)
    return made


def reach(text_page: Any, found: Found) -> tuple[int, int]:
    """The numbers of the first and the last character of a line that was not rewritten."""
    last = found.unit + _units(found.text, _is_wide(found.text)) - 1
    return _index(text_page, found.unit), _index(text_page, last)


def line_of(text_page: Any, run: Sequence[Letter], quarter: int = 0) -> Line:
    """The line that a run of letters makes, its box as it stands when text turned by ``quarter`` stands upright."""
    placed = [letter for letter in run if letter.number >= 0]
    words = "".join(letter.char for letter in run).strip("\r \t\xa0")
    if all(letter.number >= PLACED for letter in placed):
        left, bottom, right, top = turned(placed[0].ink, quarter)
        right = max(turned(letter.ink, quarter)[2] for letter in placed)
        return Line(
            text=words, left=left, right=right, bottom=bottom, top=top, height=max(0.1, top - bottom), placed=True
        )
    printed = [letter.number for letter in placed if letter.number < PLACED]
    return _line(text_page, words, printed[0], printed[-1], quarter)


def found_of(text_page: Any, run: Sequence[Letter]) -> Found | None:
    """A line of these letters; None where nothing of them is to be read."""
    text = "".join(letter.char for letter in run)
    if not text.strip("\u200b \t\r\n\xa0\u3000") or all(letter.number < 0 for letter in run):
        return None
    return Found(line_of(text_page, run, 0), text, -1, tuple(run))


def _line(text_page: Any, words: str, first: int, last: int, quarter: int = 0) -> Line:
    import pypdfium2.raw as raw

    start, end = (turned(_box(raw, text_page, index), quarter) for index in (first, last))
    return Line(
        text=_HYPHEN.sub("\ufffe", _SPACES.sub(" ", words)),
        left=min(start[0], end[0]),
        right=max(start[2], end[2]),
        bottom=min(start[1], end[1]),
        top=max(start[3], end[3]),
        height=max(0.1, min(start[3] - start[1], end[3] - end[1])),
        down=len(words) > 1 and start[1] > end[3] - 0.2 * (end[3] - end[1]) and start[0] < end[2] and end[0] < start[2],
        up=len(words) > 1
        and end[1] > start[3] - 0.2 * (start[3] - start[1])
        and start[0] < end[2]
        and end[0] < start[2],
        bold=_is_bold(raw, text_page, first) and _is_bold(raw, text_page, last),
    )


def _is_bold(raw: Any, text_page: Any, index: int) -> bool:
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    raw.FPDFText_GetFontInfo(text_page, index, name, len(name), ctypes.byref(flags))
    return bool(_BOLD.search(name.value)) or raw.FPDFText_GetFontWeight(text_page, index) >= 700


def _is_wide(text: str) -> bool:
    return not text.isascii() and any(c > "\uffff" for c in text)


def _units(text: str, wide: bool) -> int:
    """The length of ``text`` in UTF-16 units, in which PDFium counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 if wide else len(text)


def _index(text_page: Any, unit: int) -> int:
    import pypdfium2.raw as raw

    return int(raw.FPDFText_GetCharIndexFromTextIndex(text_page, unit))


def _box(raw: Any, text_page: Any, index: int) -> Box:
    """Left, bottom, right and top of a character with its font's full height, in points; zeros if PDFium knows none."""
    rect = raw.FS_RECTF()
    if index < 0 or not raw.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(rect)):
        return _NOWHERE
    return (rect.left, min(rect.bottom, rect.top), rect.right, max(rect.bottom, rect.top))


def _ink(raw: Any, text_page: Any, index: int) -> Box:
    """The box of a character's ink; of one whose shape is not known, as its font is not here, the middle of its place."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if raw.FPDFText_GetCharBox(text_page, index, left, right, bottom, top) and top.value > bottom.value:
        return (left.value, bottom.value, right.value, top.value)
    west, south, east, north = _box(raw, text_page, index)
    width, height = (east - west) / 4, (north - south) / 4
    return (west + width, south + height, east - width, north - height)
