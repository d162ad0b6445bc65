"""How a workbook's cells look, as far as it changes what they say: number format, strike-through, and what nobody can see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qeu_rag.ingest.readers.sheet.strings import S, tiny
from qeu_rag.ingest.readers.typeset.symbols import is_symbol_font
from qeu_rag.ingest.readers.xml_elements import children, local, on, whole
from qeu_rag.tables.cells import hides
from qeu_rag.tables.number_format import BUILT_IN

_WHITE, _BLACK = "FFFFFF", "000000"
_INDEXED = {"0": _BLACK, "1": _WHITE, "8": _BLACK, "9": _WHITE, "64": _BLACK, "65": _WHITE}
_NEAR_WHITE = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a cell looks: ``pale`` text has the colour of its background; ``unseen`` text has no size or an empty format; a
    ``heavy`` cell is bold or filled, as those of headers are; a ``box`` is a check box; ``place`` is raised or lowered;
    ``symbols`` is the name of a font whose letters show as symbols."""

    form: str = "General"
    struck: bool = False
    pale: bool = False
    unseen: bool = False
    heavy: bool = False
    box: bool = False
    place: str = ""
    symbols: str = ""


def looks(root: Any) -> list[Look]:
    """The looks that cells name by number, of the root of a workbook's ``styles.xml`` (None: there is none)."""
    if root is None:
        return [Look()]
    forms = dict(BUILT_IN)
    for element in root.iterfind(f"{S}numFmts/{S}numFmt"):
        if element.get("numFmtId", "").isdigit():
            forms[int(element.get("numFmtId"))] = element.get("formatCode", "General")
    fonts = list(children(root.find(S + "fonts")))
    fills = [_fill(element) for element in children(root.find(S + "fills"))]
    made = [_look(element, forms, fonts, fills) for element in children(root.find(S + "cellXfs"))]
    return made or [Look()]


def voiding_rules(root: Any) -> set[str]:
    """The numbers of the looks for conditional formats that strike cells out or hide what they hold."""
    found = set()
    for number, look in enumerate(children(root.find(S + "dxfs")) if root is not None else ()):
        strike = look.find(f"{S}font/{S}strike")
        form = look.find(S + "numFmt")
        if (strike is not None and on(strike.get("val"))) or (form is not None and hides(form.get("formatCode", ""))):
            found.add(str(number))
    return found


def _look(element: Any, forms: dict[int, str], fonts: Sequence[Any], fills: Sequence[str]) -> Look:
    form = forms.get(_number(element, "numFmtId"), "General")
    place = _number(element, "fontId")
    font = {local(part): part for part in children(fonts[place])} if place < len(fonts) else {}
    name = font["name"].get("val", "") if "name" in font else ""
    place = _number(element, "fillId")
    fill = fills[place] if place < len(fills) else _WHITE
    colour = colour_of(font["color"]) if "color" in font else _BLACK
    return Look(
        form=form,
        struck="strike" in font and on(font["strike"].get("val")),
        pale=bool(colour) and colour == fill,
        unseen=tiny(font.get("sz")) or hides(form),
        heavy=("b" in font and on(font["b"].get("val"))) or fill != _WHITE,
        box=any(local(part) == "xfComplement" for part in element.iter() if isinstance(part.tag, str)),
        place=font["vertAlign"].get("val", "") if "vertAlign" in font else "",
        symbols=name if is_symbol_font(name) else "",
    )


def _number(element: Any, name: str) -> int:
    return whole(element.get(name))


def _fill(element: Any) -> str:
    pattern = element.find(S + "patternFill")
    if pattern is None:
        return "gradient"
    kind = pattern.get("patternType", "none")
    if kind == "none":
        return _WHITE
    colour = pattern.find(S + "fgColor")
    return (colour_of(colour) if colour is not None else _BLACK) if kind == "solid" else f"pattern {kind}"


def colour_of(element: Any) -> str:
    """Six hex digits of a colour, or another word that equal colours have in common; white for what is all but white."""
    if (tint := element.get("tint", "0")) and element.get("theme") is not None:
        plain = {"0": _WHITE, "1": _BLACK}.get(element.get("theme")) if float(tint or 0) == 0 else None
        return plain or f"theme {element.get('theme')} {tint}"
    if (indexed := element.get("indexed")) is not None:
        return _INDEXED.get(indexed, f"indexed {indexed}")
    value = str(element.get("rgb", ""))[-6:].upper()
    try:
        near = len(value) == 6 and all(int(value[i : i + 2], 16) >= _NEAR_WHITE for i in (0, 2, 4))
    except ValueError:
        return ""
    return _WHITE if near else value or _BLACK
