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


class Letter(NamedTuple):
    """A character of a page with its number in PDFium, the box of its ink, and how many quarters it is turned clockwise."""

    char: str
    number: int
    ink: Box
    quarter: int


SPACE = Letter(" ", -1, _NOWHERE, 0)


class Found(NamedTuple):
    """A line of a page, its text as PDFium has it, and the place of its first character in the page's UTF-16 units.

    ``run`` are its letters where they are not simply those.
    """

    line: Line
    text: str
    unit: int
    run: tuple[Letter, ...] | None = None


class PageText:
    """The text of one page that PDFium has open (``handle``): lines, and the letters of those that need them, each read once."""

    def __init__(self, text_page: Any) -> None:
        import pypdfium2.raw as raw

        self.raw, self.handle = raw, text_page.raw
        self._loose, self._sides = raw.FS_RECTF(), [ctypes.c_double() for _ in range(4)]
        self._font, self._flags = ctypes.create_string_buffer(128), ctypes.c_int()
        self._letters: dict[int, list[Letter]] = {}
        self._addresses: dict[int, int] = {}
        self._bold: dict[int, bool] = {}
        self._text: str = text_page.get_text_range()
        self._wide = not self._text.isascii() and any(c > "\uffff" for c in self._text)

    def lines(self) -> Iterator[Found]:
        """The lines as PDFium divides them. Lines that end in a hyphen and the next are one, with U+FFFE for the hyphen."""
        at = 0
        for line in self._text.split("\n"):
            words = line.strip("\r \t\xa0")
            if words:
                unit = at + self._units(line[: line.index(words[0])])
                yield Found(self._line(words, *self._ends(unit, words)), words, unit)
            at += self._units(line) + 1

    def letters(self, found: Found) -> list[Letter]:
        """The characters of a line but for white space, which PDFium places nowhere, in order."""
        if found.run is not None:
            return list(found.run)
        if found.unit not in self._letters:
            self._letters[found.unit] = list(self._spelled(found))
        return self._letters[found.unit]

    def _spelled(self, found: Found) -> Iterator[Letter]:
        first, last = self.reach(found)
        even = first >= 0 and last - first == self._units(found.text) - 1  # no unit of the line is without a character
        unit, angle = found.unit, self.raw.FPDFText_GetCharAngle
        for char in found.text:
            number = -1
            if char not in "\r\t" and (char.strip() or char < " "):
                number = first + unit - found.unit if even else self._index(unit)
            if number >= 0:
                yield Letter(char, number, self._ink(number), round(angle(self.handle, number) * 2 / 3.14159) % 4)
            else:
                yield Letter(char, -1, _NOWHERE, 0)
            unit += self._units(char)

    def reach(self, found: Found) -> tuple[int, int]:
        """The numbers of the first and the last character of a line that was not rewritten."""
        return self._ends(found.unit, found.text)

    def _ends(self, unit: int, text: str) -> tuple[int, int]:
        return self._index(unit), self._index(unit + self._units(text) - 1)

    def line_of(self, run: Sequence[Letter], quarter: int = 0) -> Line:
        """The line that a run of letters makes, its box as it stands when text turned by ``quarter`` stands upright."""
        placed = [letter for letter in run if letter.number >= 0]
        words = "".join(letter.char for letter in run).strip("\r \t\xa0")
        printed = [letter.number for letter in placed if letter.number < PLACED]
        if printed:
            return self._line(words, printed[0], printed[-1], quarter)
        left, bottom, right, top = turned(placed[0].ink, quarter)
        right = max(turned(letter.ink, quarter)[2] for letter in placed)
        return Line(
            text=words, left=left, right=right, bottom=bottom, top=top, height=max(0.1, top - bottom), placed=True
        )

    def found_of(self, run: Sequence[Letter]) -> Found | None:
        """A line of these letters; None where nothing of them is to be read."""
        text = "".join(letter.char for letter in run)
        if not text.strip("\u200b \t\r\n\xa0\u3000") or all(letter.number < 0 for letter in run):
            return None
        return Found(self.line_of(run), text, -1, tuple(run))

    def address(self, number: int) -> int:
        """What tells the object of the page that draws a character from others; 0 for a character that none draws."""
        if number not in self._addresses:
            item = self.raw.FPDFText_GetTextObject(self.handle, number)
            self._addresses[number] = ctypes.addressof(item.contents) if item else 0
        return self._addresses[number]

    def is_unnamed(self, number: int) -> bool:
        """Whether the font of a character does not say which it is."""
        return number >= 0 and self.raw.FPDFText_HasUnicodeMapError(self.handle, number) == 1

    def _line(self, words: str, first: int, last: int, quarter: int = 0) -> Line:
        start, end = (turned(self._box(number), quarter) for number in (first, last))
        below = len(words) > 1 and start[0] < end[2] and end[0] < start[2]
        return Line(
            text=_HYPHEN.sub("\ufffe", _SPACES.sub(" ", words)),
            left=min(start[0], end[0]),
            right=max(start[2], end[2]),
            bottom=min(start[1], end[1]),
            top=max(start[3], end[3]),
            height=max(0.1, min(start[3] - start[1], end[3] - end[1])),
            down=below and start[1] > end[3] - 0.2 * (end[3] - end[1]),
            up=below and end[1] > start[3] - 0.2 * (start[3] - start[1]),
            bold=self._is_bold(first) and self._is_bold(last),
        )

    def _is_bold(self, number: int) -> bool:
        key = self.address(number) or -number
        if key not in self._bold:
            self.raw.FPDFText_GetFontInfo(self.handle, number, self._font, len(self._font), self._flags)
            heavy = self.raw.FPDFText_GetFontWeight(self.handle, number) >= 700
            self._bold[key] = bool(_BOLD.search(self._font.value)) or heavy
        return self._bold[key]

    def _units(self, text: str) -> int:
        """The length of ``text`` in UTF-16 units, in which PDFium counts."""
        return len(text.encode("utf-16-le", "surrogatepass")) // 2 if self._wide else len(text)

    def _index(self, unit: int) -> int:
        return int(self.raw.FPDFText_GetCharIndexFromTextIndex(self.handle, unit))

    def _box(self, number: int) -> Box:
        """Left, bottom, right and top of a character with its font's full height, in points; zeros if PDFium knows none."""
        rect = self._loose
        if number < 0 or not self.raw.FPDFText_GetLooseCharBox(self.handle, number, rect):
            return _NOWHERE
        return (rect.left, min(rect.bottom, rect.top), rect.right, max(rect.bottom, rect.top))

    def _ink(self, number: int) -> Box:
        """The box of a character's ink; of one whose shape is not known, as its font is not here, the middle of its place."""
        left, right, bottom, top = self._sides
        if self.raw.FPDFText_GetCharBox(self.handle, number, left, right, bottom, top) and top.value > bottom.value:
            return (left.value, bottom.value, right.value, top.value)
        west, south, east, north = self._box(number)
        width, height = (east - west) / 4, (north - south) / 4
        return (west + width, south + height, east - width, north - height)
