"""What PowerPoint shows before the paragraphs of a list: numbers in their form, and bullets that say something, such as ✓."""

from __future__ import annotations

import re
from typing import Any

from qeu_rag.ingest.readers.office.drawing_text import A
from qeu_rag.ingest.readers.sign.symbols import from_symbol_font
from qeu_rag.ingest.readers.word.numbering import TELLING, Label, in_form

_SCHEME = re.compile(r"(\w+?)(Period|ParenR|ParenBoth|Plain|Minus)")
_FORMS = {
    "arabic": "decimal",
    "arabicDb": "decimalFullWidth",
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
    "circleNumDb": "decimalEnclosedCircle",
    "circleNumWdBlack": "decimalEnclosedCircle",
    "circleNumWdWhite": "decimalEnclosedCircle",
    "ea1Chs": "japaneseCounting",
    "ea1Cht": "japaneseCounting",
    "ea1JpnKor": "japaneseCounting",
    "ea1JpnChsDb": "japaneseCounting",
}
_SHAPES = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})", "Minus": "{}-"}


def numbered(scheme: str, number: int) -> str:
    """``number`` of a list in the scheme that ``a:buAutoNum`` names, as a Markdown list mark: ``1.``, or ``- (a)``."""
    found = _SCHEME.fullmatch(scheme)
    if found is None or found[1] not in _FORMS:
        return f"{number}. "
    text = _SHAPES.get(found[2], "{}").format(in_form(number, _FORMS[found[1]]))
    return Label(text=text, bullet=False, level=0).mark


def telling(style: Any) -> str:
    """The bullet of a paragraph with the properties ``style`` where it says something of its item, else an empty text."""
    bullet = style.find(A + "buChar") if style is not None else None
    if bullet is None:
        return ""
    font = style.find(A + "buFont")
    sign = from_symbol_font(bullet.get("char", ""), font.get("typeface", "") if font is not None else "")
    return sign if sign in TELLING else ""
