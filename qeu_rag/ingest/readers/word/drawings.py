"""Finds what the drawings of a Word paragraph say: text boxes, shapes in groups, charts, diagrams and lettering."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.ingest.readers.office.drawing_text import A, paragraph
from qeu_rag.ingest.readers.office.graphic import graphic
from qeu_rag.ingest.readers.office.ooxml import related
from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.word.text_style import UNKNOWN, WHITE
from qeu_rag.ingest.readers.xml_elements import ALTERNATE, W, first_shown

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_CX = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_WPS = "{http://schemas.microsoft.com/office/word/2010/wordprocessingShape}"
_DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_V = "{urn:schemas-microsoft-com:vml}"
_OLE = "{urn:schemas-microsoft-com:office:office}OLEObject"
_PAGE_ENDS = (W + "br", W + "lastRenderedPageBreak", W + "sectPr")
_MOST_SHAPES = 5_000


def said(drawing: Any, part: Any, counts: Counter[str]) -> Iterator[tuple[str, Any]]:
    """What ``drawing`` says, in order: ("text", Markdown), ("lettering", the words of a WordArt), or
    (ground, ``w:txbxContent``) of a text box with the colour behind it."""
    for place, (kind, element) in enumerate(_found(drawing)):
        if place >= _MOST_SHAPES:
            return
        if kind == "hidden":
            counts["hidden"] += 1
        elif kind == "embedded":
            counts["embedded"] += 1
        elif kind == "box":
            yield _ground(element), element
        elif text := _text(kind, element, part, counts):
            yield "lettering" if kind == "lettering" else "text", text


def _found(parent: Any) -> Iterator[tuple[str, Any]]:
    for child in parent:
        tag = child.tag
        if not isinstance(tag, str):
            continue
        if tag == ALTERNATE:
            yield from first_shown(child, _found)
        else:
            yield from _found_at(child)


def _found_at(child: Any) -> Iterator[tuple[str, Any]]:
    tag = child.tag
    if tag in (_WP + "anchor", _WP + "inline") and _is_hidden(child):
        if any((t.text or "").strip() for t in child.iter(W + "t", A + "t")):
            yield "hidden", child
    elif tag == W + "txbxContent":
        yield "box", child
    elif tag in (_C + "chart", _CX + "chart"):
        yield "chart", child
    elif tag == _DGM + "relIds":
        yield "diagram", child
    elif tag == _V + "textpath":
        yield "lettering", child
    elif tag == _OLE:
        yield "embedded", child
    elif tag == A + "txBody":
        yield "shape", child
    else:
        yield from _found(child)


def _is_hidden(anchor: Any) -> bool:
    properties = anchor.find(_WP + "docPr")
    return properties is not None and properties.get("hidden") in {"1", "true"}


def _text(kind: str, element: Any, part: Any, counts: Counter[str]) -> str:
    if kind == "lettering":
        return escape(one_line(str(element.get("string") or "")))
    if kind == "shape":
        lines = (one_line(paragraph(p, counts)) for p in element.iter(A + "p"))
        return "\n".join(escape(line) for line in lines if line)
    return graphic(element, lambda key: related(part, key), counts)


def over_pictures(body: Any) -> frozenset[Any]:
    """The paragraphs and tables on pages with a drawing behind the text, where white text may well be seen."""
    if not any(map(_is_behind, body.iter(_WP + "anchor", _V + "shape", _V + "rect"))):
        return frozenset()
    found: set[Any] = set()
    on_page: list[Any] = []
    behind = False
    for child in body:
        breaks = [e for e in child.iter(*_PAGE_ENDS) if e.tag != W + "br" or e.get(W + "type") == "page"]
        on_page.append(child)
        behind = behind or any(map(_is_behind, child.iter(_WP + "anchor", _V + "shape", _V + "rect")))
        if breaks:
            found.update(on_page if behind else ())
            on_page, behind = [], False
    found.update(on_page if behind else ())
    return frozenset(found)


def _is_behind(drawing: Any) -> bool:
    return drawing.get("behindDoc") in {"1", "true"} or "z-index:-" in str(drawing.get("style") or "").replace(" ", "")


def _ground(box: Any) -> str:
    """The colour of a text box behind its text, as far as it says so itself."""
    for above in box.iterancestors():
        if above.tag == _WPS + "wsp":
            fill = above.find(f"{_WPS}spPr/{A}solidFill")
            if fill is None or not len(fill):
                return UNKNOWN
            value = str(fill[0].get("val") or "")
            if len(fill[0]):
                return UNKNOWN  # tinted or see-through
            return WHITE if value in {"bg1", "lt1", "white"} else value.upper() if len(value) == 6 else UNKNOWN
        if isinstance(above.tag, str) and above.tag.startswith(_V) and above.get("fillcolor"):
            white = str(above.get("fillcolor")).split()[0].lower() in {"white", "#fff", "#ffffff", "window"}
            return WHITE if white and above.get("filled", "t") not in {"f", "false"} else UNKNOWN
        if above.tag == W + "p":
            break
    return UNKNOWN
