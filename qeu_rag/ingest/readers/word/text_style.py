"""How a stretch of Word text looks when direct settings and styles are taken together: struck, hidden, raised, in which font."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qeu_rag.ingest.readers.xml_elements import W, is_on, signed, whole

if TYPE_CHECKING:
    from docx.document import Document as DocxDocument

_TOGGLES = ("strike", "vanish", "caps")
_SWITCHES = (*_TOGGLES, "dstrike")
_HIGHLIGHTS = {"white": "FFFFFF", "black": "000000"}
_SMALLEST = 2
"""Half-points of a size that nobody can read."""
_NEAR = 8
"""How much a colour may differ from its ground, of 255, and still not be seen."""

WHITE = "FFFFFF"
UNKNOWN = ""
"""The ground of text below which anything may lie, such as a table style's colours or a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """``gone`` is why the text is left out ("struck", "hidden", "white"), or empty; ``offset`` is in half-points, up."""

    gone: str = ""
    shift: str = ""
    offset: int = 0
    font: str = ""
    caps: bool = False


def value_of(properties: Any, name: str) -> str:
    """The value of a property such as ``w:pStyle``; empty where it is not given."""
    found = properties.find(W + name) if properties is not None else None
    return str(found.get(W + "val") or "") if found is not None else ""


def chain(styles: Mapping[str, Any], key: str) -> Iterator[Any]:
    """The style with the id ``key`` and those that it is based on, the nearest first."""
    seen: set[str] = set()
    while key and key not in seen and key in styles:
        seen.add(key)
        yield styles[key]
        key = value_of(styles[key], "basedOn")


class Looks:
    """The styles of one document, and the look of any run in it."""

    def __init__(self, document: DocxDocument) -> None:
        styles = document.styles.element
        self._elements = {s.get(W + "styleId"): s for s in styles.findall(W + "style") if s.get(W + "styleId")}
        self._plain = next(
            (
                str(key)
                for key, s in self._elements.items()
                if s.get(W + "type") == "paragraph" and s.get(W + "default") not in {None, "0", "false"}
            ),
            "",
        )
        self._defaults = _own(styles.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr"))
        self._chains: dict[str, dict[str, Any]] = {}
        self._styled: dict[tuple[str, str, str], Look] = {}

    def ground(self, paragraph_properties: Any, below: str) -> str:
        """The colour behind a paragraph: its own shading, else its style's, else that ``below`` it."""
        own = shade(paragraph_properties.find(W + "shd")) if paragraph_properties is not None else None
        if own is None:
            own = self._chain(self.style_of(paragraph_properties)).get("paragraph_shade")
        return below if own is None else own

    def of(self, properties: Any, style: str, ground: str) -> Look:
        """The look of a run with ``rPr`` ``properties`` in a paragraph of the style with the id ``style``."""
        if properties is None or not len(properties):
            return self._from_styles(style, "", ground)
        character = value_of(properties, "rStyle")
        if len(properties) == 1 and properties[0].tag == W + "rStyle":
            return self._from_styles(style, character, ground)
        return self._merged(_own(properties), style, character, ground)

    def _from_styles(self, style: str, character: str, ground: str) -> Look:
        key = (style, character, ground)
        if key not in self._styled:
            self._styled[key] = self._merged({}, style, character, ground)
        return self._styled[key]

    def style_of(self, properties: Any) -> str:
        """The id of the style of a paragraph with ``pPr`` ``properties``."""
        reference = properties.find(W + "pStyle") if properties is not None else None
        return str(reference.get(W + "val") or "") if reference is not None else self._plain

    def _merged(self, own: dict[str, Any], style: str, character: str, ground: str) -> Look:
        layers = (own, self._chain(character), self._chain(style), self._defaults)
        on = {}
        for name in _SWITCHES:
            if name in own:
                on[name] = own[name]
            elif name in _TOGGLES:  # set in both styles, they cancel each other (ECMA-376 part 1, 17.7.3)
                on[name] = layers[1].get(name, False) != layers[2].get(name, False) or layers[3].get(name, False)
            else:
                on[name] = next((layer[name] for layer in layers if name in layer), False)
        value = {name: next((layer[name] for layer in layers if name in layer), None) for name in _VALUES}
        behind = value["shade"] if value["shade"] is not None else ground
        gone = "hidden" if on["vanish"] else "struck" if on["strike"] or on["dstrike"] else ""
        if not gone and (_too_small(value["size"]) or _same(value["colour"], behind)):
            gone = "white"
        return Look(
            gone=gone,
            shift=value["shift"] or "",
            offset=value["offset"] or 0,
            font=value["font"] or "",
            caps=on["caps"],
        )

    def _chain(self, style: str) -> dict[str, Any]:
        """What a style and those it is based on set, the nearest first."""
        if style not in self._chains:
            merged: dict[str, Any] = {}
            for element in chain(self._elements, style):
                merged = {**_own(element.find(W + "rPr")), **merged}
                fill = shade(element.find(f"{W}pPr/{W}shd"))
                if fill is not None:
                    merged.setdefault("paragraph_shade", fill)
            self._chains[style] = merged
        return self._chains[style]

    def table_ground(self, table: Any, below: str) -> str:
        """The colour behind a table's cells: unknown where its style may shade any."""
        properties = table.find(W + "tblPr")
        if properties is None:
            return below
        own = shade(properties.find(W + "shd"))
        styles = chain(self._elements, value_of(properties, "tblStyle"))
        if any(next(style.iter(W + "shd"), None) is not None for style in styles):
            return UNKNOWN
        return below if own is None else own


_VALUES = ("size", "colour", "shade", "shift", "offset", "font")


def _own(properties: Any) -> dict[str, Any]:
    """What ``rPr`` itself sets."""
    found: dict[str, Any] = {}
    if properties is None:
        return found
    for child in properties:
        name = child.tag.removeprefix(W) if isinstance(child.tag, str) else ""
        value = str(child.get(W + "val") or "") if name else ""
        if name in _SWITCHES:
            found[name] = is_on(child)
        elif name == "sz":
            found["size"] = whole(value, -1)
        elif name == "color":
            found["colour"] = _colour(value, child.get(W + "themeColor"))
        elif name == "shd" and (fill := shade(child)) is not None:
            found.setdefault("shade", fill)
        elif name == "highlight" and value != "none":
            found["shade"] = _HIGHLIGHTS.get(value, "808080")
        elif name == "vertAlign":
            found["shift"] = {"superscript": "raised", "subscript": "lowered"}.get(value, "")
        elif name == "position":
            found["offset"] = signed(value)
        elif name == "rFonts":
            found["font"] = str(child.get(W + "ascii") or child.get(W + "hAnsi") or "") or None
    return {key: value for key, value in found.items() if value is not None}


def shade(element: Any) -> str | None:
    """The colour of a ``w:shd``: six hex digits, ``UNKNOWN`` for a pattern or a theme's, None for none."""
    if element is None:
        return None
    pattern, fill = element.get(W + "val", "clear"), str(element.get(W + "fill") or "auto")
    if pattern == "solid":
        fill = str(element.get(W + "color") or "auto")
    elif pattern not in {"clear", "nil"}:
        return UNKNOWN
    if fill.lower() == "auto":
        return (
            UNKNOWN if element.get(W + "themeFill") and pattern == "clear" else "000000" if pattern == "solid" else None
        )
    return fill.upper()


def _colour(value: str, theme: str | None) -> str | None:
    if value and value.lower() != "auto":
        return value.upper()
    return WHITE if theme in {"background1", "light1"} and not value else "AUTO"


def _too_small(size: int | None) -> bool:
    return size is not None and 0 <= size <= _SMALLEST


def _same(colour: str | None, ground: str) -> bool:
    """Whether text of ``colour`` cannot be seen on ``ground``."""
    if not colour or not ground:
        return False
    try:
        pairs = [(int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (0, 2, 4)]
    except ValueError:
        return False
    return all(abs(one - other) <= _NEAR for one, other in pairs)
