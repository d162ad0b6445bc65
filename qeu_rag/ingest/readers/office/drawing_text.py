"""The text of shapes in slides and sheets (DrawingML), with raised and lowered text and without what is struck out."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from qeu_rag.ingest.readers.typeset.equation import linear
from qeu_rag.ingest.readers.typeset.runs import Line, joined
from qeu_rag.ingest.readers.typeset.symbols import from_symbol_font, is_symbol_font
from qeu_rag.ingest.readers.xml_elements import ALTERNATE, children, local

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_PRIVATE = re.compile("[\uf000-\uf0ff]")
_SEEN = 200
"""Hundredths of a point that a letter needs at least to be seen."""


def paragraph(element: Any, counts: Counter[str], background: str = "") -> str:
    """The text of an ``a:p``; counts what is struck out or cannot be seen, on a ``background`` of six hex digits too."""
    line = Line(counts)
    _read(element, line, background)
    return joined(line.runs)


def _read(element: Any, line: Line, background: str) -> None:
    for child in children(element):
        kind = local(child)
        if child.tag == ALTERNATE:
            _read(next(children(child), None), line, background)
        elif kind in {"r", "fld"} and child.tag.startswith(A):
            text = "".join(t.text or "" for t in child.iter(A + "t"))
            style = child.find(A + "rPr")
            if unseen := _unseen(style, background):
                line.leave_out(unseen, text)
            else:
                line.add(_lettered(text, style), _shift(style))
        elif kind == "br":
            line.add("\n")
        elif kind == "m":
            line.add("".join(map(linear, children(child))))
        elif kind in {"oMathPara", "oMath"}:
            line.add(linear(child))


def _lettered(text: str, style: Any) -> str:
    """``text`` as its fonts show it: all of it where its letters are symbols, and characters of the private range."""
    fonts = [font.get("typeface", "") for name in ("latin", "sym") if (font := _part(style, name)) is not None]
    if _part(style, "latin") is not None and is_symbol_font(fonts[0]):
        return from_symbol_font(text, fonts[0])
    if not _PRIVATE.search(text):
        return text
    font = next(filter(is_symbol_font, fonts), "")
    return _PRIVATE.sub(lambda found: from_symbol_font(found[0], font), text)


def _part(style: Any, name: str) -> Any:
    return style.find(A + name) if style is not None else None


def _shift(style: Any) -> str:
    raw = style.get("baseline", "0").rstrip("%") if style is not None else "0"
    try:
        shift = float(raw)
    except ValueError:
        return ""
    return "raised" if shift > 0 else "lowered" if shift < 0 else ""


def _unseen(style: Any, background: str) -> str:
    """Why a run does not count: "struck", "white" (nobody can see it), or empty where it does."""
    if style is None:
        return ""
    if style.get("strike", "noStrike") in {"sngStrike", "dblStrike"}:
        return "struck"
    size = style.get("sz", "")
    if size.isdigit() and int(size) < _SEEN:
        return "white"
    outlined = style.find(f"{A}ln/{A}solidFill") is not None
    if not outlined and style.find(A + "noFill") is not None:
        return "white"
    colour = style.find(A + "solidFill")
    if colour is not None and any(alpha.get("val") in {"0", "0%"} for alpha in colour.iter(A + "alpha")):
        return "white"
    return "white" if background and plain_colour(colour) == background else ""


def plain_colour(fill: Any) -> str:
    """The six hex digits of an ``a:solidFill`` without changes to it; of a theme's colours white and black alone; else empty."""
    colour = next(children(fill), None)
    if colour is None or next(children(colour), None) is not None:
        return ""
    value = colour.get("val", "")
    if local(colour) == "schemeClr":
        return {"bg1": "FFFFFF", "lt1": "FFFFFF", "tx1": "000000", "dk1": "000000"}.get(value, "")
    if local(colour) == "prstClr":
        return {"white": "FFFFFF", "black": "000000"}.get(value, "")
    return str(value).upper() if local(colour) == "srgbClr" else ""
