"""The texts of a workbook's cells, also those in several styles, of comments, and that formulas spell letter by letter."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from qeu_rag.ingest.readers.office.ooxml import Package
from qeu_rag.ingest.readers.typeset.runs import Line, joined
from qeu_rag.ingest.readers.typeset.symbols import from_symbol_font, is_symbol_font
from qeu_rag.ingest.readers.xml_elements import children, local, on

S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_SHIFTS = {"superscript": "raised", "subscript": "lowered"}
Rich = tuple[str, int, int, str]
"""A text with how many stretches of it were struck out, how many cannot be seen, and what of it has fonts of its own."""


def shared_strings(package: Package, part: str) -> list[Rich]:
    """The texts that cells name by number."""
    from lxml import etree

    if not package.has(part):
        return []
    found: list[Rich] = []
    with package.stream(part) as stream:
        for _, element in etree.iterparse(stream, events=("end",), tag=S + "si", resolve_entities=False):
            found.append(rich(element))
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    return found


def rich(element: Any) -> Rich:
    """The text of an ``si``, ``is`` or comment's ``text``, without readings of kanji (``rPh``)."""
    if len(element) == 1 and element[0].tag == S + "t":
        return plain(element[0].text or ""), 0, 0, ""
    line, own = Line(Counter()), Line(Counter())
    for child in children(element):
        if child.tag == S + "t":
            line.add(plain(child.text or ""))
        elif child.tag == S + "r":
            _run(child, line, own)
    return joined(line.runs), line.counts["struck"], line.counts["white"], joined(own.runs)


def _run(element: Any, line: Line, own: Line) -> None:
    text = plain("".join(t.text or "" for t in element.iterfind(S + "t")))
    style = {local(part): part for part in children(element.find(S + "rPr"))}
    if "strike" in style and on(style["strike"].get("val")):
        line.leave_out("struck", text)
    elif tiny(style.get("sz")):
        line.leave_out("white", text)
    else:
        font = style["rFont"].get("val", "") if "rFont" in style else ""
        text = from_symbol_font(text, font) if is_symbol_font(font) else text
        shift = _SHIFTS.get(style["vertAlign"].get("val", ""), "") if "vertAlign" in style else ""
        for each in (line, own) if "rFont" in style else (line,):
            each.add(text, shift)


def tiny(size: Any) -> bool:
    """Whether a font's size is one that nobody can read."""
    try:
        return size is not None and float(size.get("val", "11")) <= 1
    except ValueError:
        return False


def plain(text: str) -> str:
    """A text with its control characters, which Excel writes as ``_x000D_``, as such."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


_LONGEST = 10_000
_QUOTED = r'"(?:[^"]|"")*"'
_JOINED = re.compile(rf"\s*({_QUOTED})\s*(?:&\s*{_QUOTED}\s*)*$")
_LINK = re.compile(rf"\s*HYPERLINK\s*\(\s*({_QUOTED})\s*(?:,\s*({_QUOTED})\s*)?\)\s*$", re.I)
_LIST = re.compile(rf"\s*(?:_xlfn\.)?CONCAT(?:ENATE)?\s*\(\s*({_QUOTED}(?:\s*,\s*{_QUOTED})*)\s*\)\s*$", re.I)


def literal(formula: str) -> str:
    """The text of ``"a"&"b"``, ``CONCATENATE("a","b")`` or ``HYPERLINK("…","a")``; empty for whatever has to be calculated."""
    formula = formula.lstrip("=+")[:_LONGEST]
    if found := _LINK.match(formula):
        return _texts(found[2] or found[1])
    if found := _LIST.match(formula):
        return _texts(found[1])
    return _texts(formula) if _JOINED.match(formula) else ""


def _texts(parts: str) -> str:
    return "".join(part[1:-1].replace('""', '"') for part in re.findall(_QUOTED, parts)).strip()
