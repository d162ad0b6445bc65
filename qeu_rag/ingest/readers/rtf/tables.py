"""Gathers what an RTF file tells of itself before its text: fonts with code pages, colours, styles of headings, title."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from qeu_rag.ingest.readers.page import TITLE_STYLE
from qeu_rag.ingest.readers.rtf.text_style import Look
from qeu_rag.ingest.readers.rtf.tokens import codec_of, codec_of_page

_HEADING = re.compile(r"(?:heading|見出し|überschrift|titre)\s*([1-6１-６])$", re.I)


@dataclass(slots=True)
class Tables:
    """The codecs and names of fonts, the colours, and the levels of headings, each by the number that text refers to."""

    codecs: dict[int, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    colours: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    headings: dict[int, int] = field(default_factory=dict)
    title: str = ""
    _colour: list[int] = field(default_factory=lambda: [0, 0, 0])
    _style: int | None = None
    _level: int | None = None
    _named: str = ""

    def word(self, look: Look, name: str, number: int | None) -> None:
        """A control word in one of the tables."""
        if look.place == "fonttbl":
            if name == "f":
                look.font = number or 0
            elif name == "fcharset":
                self.codecs[look.font] = codec_of(number or 0)
            elif name == "cpg" and number:
                self.codecs[look.font] = codec_of_page(number)
        elif look.place == "colortbl" and name in {"red", "green", "blue"}:
            self._colour[("red", "green", "blue").index(name)] = number or 0
        elif look.place == "stylesheet":
            if name in {"s", "cs", "ds", "ts"} and number is not None:
                self._style = number if name == "s" else -1
            elif name == "outlinelevel":
                self._level = number

    def text(self, look: Look, text: str) -> None:
        """Text in one of the tables: names, and the ends of entries."""
        if look.place == "title":
            self.title += text
        elif look.place == "fonttbl":
            self.names[look.font] = (self.names.get(look.font, "") + text).partition(";")[0]
        elif look.place == "stylesheet":
            self._named += text
        elif look.place == "colortbl":
            for _ in range(text.count(";")):
                self.colours[len(self.colours)] = (self._colour[0], self._colour[1], self._colour[2])
                self._colour = [0, 0, 0]

    def end_style(self) -> None:
        """Ends the style at hand, whose group is closed."""
        number, level, name = self._style, self._level, self._named.strip().rstrip(";").strip()
        self._style, self._level, self._named = None, None, ""
        if number is None:
            return
        if named := _HEADING.search(name):
            self.headings[number] = int(named[1])
        elif TITLE_STYLE.match(name):
            self.headings[number] = 1
        elif level is not None and 0 <= level < 6:
            self.headings[number] = level + 1
