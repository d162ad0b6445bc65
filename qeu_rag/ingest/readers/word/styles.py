"""What Word's paragraph styles say about a paragraph: heading, code, table of contents, and its numbering."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qeu_rag.ingest.readers.page import TITLE_STYLE
from qeu_rag.ingest.readers.word.text_style import chain, value_of
from qeu_rag.ingest.readers.xml_elements import W

if TYPE_CHECKING:
    from docx.document import Document as DocxDocument

_HEADING_NAME = re.compile(r"^(?:heading|見出し|标题|標題|제목|überschrift|titre)\s*([1-9１-９])$", re.I)
_CONTENTS_NAME = re.compile(r"^(?:toc|目次)\s*(?:[1-9１-９]|heading|見出し|の見出し)$", re.I)
_CODE_NAME = re.compile(
    r"^(?:source code|code|コード|ソースコード|html preformatted|html 書式付き|preformatted text|macro text)$", re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A paragraph's heading level (0: none), whether it is code or in a table of contents, and its numbering (id, level)."""

    level: int = 0
    code: bool = False
    contents: bool = False
    numbered: tuple[int, int] | None = None


_PLAIN = Shape()


class Styles:
    """The paragraph styles of one document."""

    def __init__(self, document: DocxDocument) -> None:
        elements = document.styles.element.findall(W + "style")
        self._styles = {str(s.get(W + "styleId")): s for s in elements}
        self._known: dict[str, tuple[list[str], int | None, int | None, int | None]] = {}

    def shape(self, paragraph: Any) -> Shape:
        """What the paragraph's own settings and its styles, the nearest first, make of it."""
        properties = paragraph.find(W + "pPr")
        if properties is None:
            return _PLAIN
        style = value_of(properties, "pStyle")
        if style not in self._known:
            self._known[style] = self._inherited(style)
        names, outline, number, level = self._known[style]
        own_outline, own_number, own_level = _own(properties)
        outline = outline if own_outline is None else own_outline
        if own_number is not None:
            number, level = own_number, own_level
        elif own_level is not None:
            level = own_level
        return Shape(
            level=_level(names, outline),
            code=any(_CODE_NAME.match(name) for name in names),
            contents=any(_CONTENTS_NAME.match(name) for name in names),
            numbered=(number, level or 0) if number else None,
        )

    def _inherited(self, style_id: str) -> tuple[list[str], int | None, int | None, int | None]:
        """The names of a style and of those it is based on, and the outline level and numbering that they set."""
        names: list[str] = []
        outline: int | None = None
        number: int | None = None
        level: int | None = None
        for style in chain(self._styles, style_id):
            names.append(value_of(style, "name"))
            inherited = _own(style.find(W + "pPr"))
            outline = inherited[0] if outline is None else outline
            if number is None and inherited[1] is not None:
                number, level = inherited[1], level if level is not None else inherited[2]
        return names, outline, number, level


def is_contents(control: Any) -> bool:
    """Whether a content control is a table of contents."""
    gallery = control.find(f"{W}sdtPr/{W}docPartObj/{W}docPartGallery")
    return gallery is not None and gallery.get(W + "val") == "Table of Contents"


def _own(properties: Any) -> tuple[int | None, int | None, int | None]:
    """The outline level, numbering id and numbering level that ``pPr`` itself sets."""
    if properties is None:
        return None, None, None
    values = (
        properties.find(W + "outlineLvl"),
        properties.find(f"{W}numPr/{W}numId"),
        properties.find(f"{W}numPr/{W}ilvl"),
    )
    numbers = [v.get(W + "val") if v is not None else None for v in values]
    outline, number, level = (
        int(n) if n is not None and n.lstrip("-").isdecimal() and len(n) < 10 else None for n in numbers
    )
    return outline, number, None if level is None else max(0, min(level, 8))


def _level(names: list[str], outline: int | None) -> int:
    """The heading level of a paragraph, from its style's name or its outline level; 0 for body text."""
    for name in names:
        if match := _HEADING_NAME.match(name):
            return int(match[1])
        if TITLE_STYLE.match(name):
            return 1
    return outline + 1 if outline is not None and 0 <= outline <= 8 else 0
