"""What PowerPoint shows before the paragraphs of a list: numbers in their form, and bullets that say something, such as ✓."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.ingest.readers.office.drawing_text import A
from qeu_rag.ingest.readers.typeset.numerals import in_form
from qeu_rag.ingest.readers.typeset.symbols import from_symbol_font
from qeu_rag.ingest.readers.word.numbering import TELLING, Label
from qeu_rag.ingest.readers.xml_elements import whole

_SCHEME = re.compile(r"(\w+?)(Period|ParenR|ParenBoth|Plain|Minus)")
_FORMS = {
    "arabic": "decimal", "arabicDb": "decimalFullWidth", "alphaLc": "lowerLetter", "alphaUc": "upperLetter",
    "romanLc": "lowerRoman", "romanUc": "upperRoman",
    **dict.fromkeys(("circleNumDb", "circleNumWdBlack", "circleNumWdWhite"), "decimalEnclosedCircle"),
    **dict.fromkeys(("ea1Chs", "ea1Cht", "ea1JpnKor", "ea1JpnChsDb"), "japaneseCounting"),
}  # fmt: skip
_SHAPES = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})", "Minus": "{}-"}


@dataclass(slots=True)
class Marks:
    """The marks of the paragraphs of one shape, whose numbers run; ``listed``: they are bullets unless they say otherwise."""

    listed: bool
    _numbers: Counter[int] = field(default_factory=Counter)

    def line(self, text: str, style: Any) -> str:
        """A paragraph with the properties ``style`` (None: it has none) as a line of Markdown, indented by its level."""
        level = min(whole(style.get("lvl")), 8) if style is not None else 0
        number = style.find(A + "buAutoNum") if style is not None else None
        for deeper in range(level + (number is not None), 9):
            self._numbers[deeper] = 0
        sign = _telling(style)
        mark = f"- {sign} " if sign else "- "
        if number is not None:
            self._numbers[level] = (self._numbers[level] or whole(number.get("startAt"), 1) - 1) + 1
            mark = _numbered(number.get("type", ""), self._numbers[level])
        unmarked = not self.listed or (style is not None and style.find(A + "buNone") is not None)
        if unmarked and number is None and not sign and not level:
            return escape(text)
        indent = "  " * level
        return f"{indent}{mark}" + text.replace("\n", f"\n{indent}  ")


def _numbered(scheme: str, number: int) -> str:
    """``number`` of a list in the scheme that ``a:buAutoNum`` names, as a Markdown list mark: ``1.``, or ``- (a)``."""
    found = _SCHEME.fullmatch(scheme)
    if found is None or found[1] not in _FORMS:
        return f"{number}. "
    text = _SHAPES.get(found[2], "{}").format(in_form(number, _FORMS[found[1]]))
    return Label(text=text, bullet=False, level=0).mark


def _telling(style: Any) -> str:
    """The bullet of a paragraph with the properties ``style`` where it says something of its item, else an empty text."""
    bullet = style.find(A + "buChar") if style is not None else None
    if bullet is None:
        return ""
    font = style.find(A + "buFont")
    sign = from_symbol_font(bullet.get("char", ""), font.get("typeface", "") if font is not None else "")
    return sign if sign in TELLING else ""
