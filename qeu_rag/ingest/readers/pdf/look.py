"""How the text of a PDF page looks: size, baseline, colour and layer of each stretch, and which of it nobody can see."""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from qeu_rag.ingest.readers.pdf.strokes import Box, Matrix, matrix_of, turned
from qeu_rag.ingest.readers.pdf.symbols import font_name, symbol_font

_MOST = 20_000
_MOST_AREAS = 2_000  # of a page with more (a map) what lies under white text is not told
_DEPTH = 4
_INVISIBLE, _CLIPPED = 3, 7
_TINY = 1.0  # points: smaller letters nobody can read
_LIKE = 12  # of 255, between colours that look the same
_WHITE = (255, 255, 255)

_Colour = tuple[int, int, int]


class Look(NamedTuple):
    """A stretch of text: its font's height, its baseline above the page's origin and its start along it, in points upright.

    ``unseen`` says why it is not seen, ``font`` names a font of symbols, and ``order`` is its place in the order of drawing.
    """

    size: float
    baseline: float
    start: float = 0.0
    unseen: str = ""
    font: str = ""
    order: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """The looks of a page's stretches by PDFium's address of each; ``odd`` are those that may be raised, or are not seen.

    ``covers`` are areas that were painted over text, each with its place in the order of drawing; ``quarter``: by how many
    quarters clockwise the page has to be turned for most stretches to be level.
    """

    of: dict[int, Look] = field(default_factory=dict)
    odd: frozenset[int] = frozenset()
    covers: tuple[tuple[Box, int], ...] = ()
    quarter: int = 0


class _Text(NamedTuple):
    address: int
    size: float
    start: tuple[float, float]
    way: tuple[float, float]
    colour: _Colour
    alpha: int
    mode: int
    hidden: bool
    box: Box
    order: int
    font: str


def looks(leaf: Any, is_hidden: Callable[[Any], bool]) -> Looks:
    """The looks of a page's text; ``is_hidden`` says of a page object whether its layer is switched off."""
    walk = _Walk(leaf, is_hidden)
    made: dict[int, Look] = {}
    odd = set()
    before: Look | None = None
    before_address = 0
    for text in walk.texts:
        (x, y), (cosine, sine) = text.start, text.way
        look = Look(text.size, y * cosine - x * sine, x * cosine + y * sine, walk.unseen(text), text.font, text.order)
        made[text.address] = look
        if look.unseen or (before and _is_shifted(before, look)):
            odd.add(text.address)
        elif before and _is_shifted(look, before):
            odd.add(before_address)
        before, before_address = look, text.address
    ways = Counter(_quarters(text.way) for text in walk.texts)
    quarter = ways.most_common(1)[0][0] if ways else 0
    return Looks(of=made, odd=frozenset(odd), covers=tuple(walk.covers()), quarter=quarter)


def _is_shifted(main: Look, other: Look) -> bool:
    """Whether ``other`` stands a little above or below the line of ``main`` and is no larger."""
    return other.size < 1.05 * main.size and 0.05 * main.size < abs(other.baseline - main.baseline) < 0.9 * main.size


class _Walk:
    """Goes through the objects of one page: its stretches of text and what is drawn beneath them."""

    def __init__(self, leaf: Any, is_hidden: Callable[[Any], bool]) -> None:
        import pypdfium2.raw as raw

        self._raw, self._is_hidden = raw, is_hidden
        self._matrix = raw.FS_MATRIX()
        self._size = ctypes.c_float()
        self._colours = [ctypes.c_uint() for _ in range(4)]
        self._bounds = [ctypes.c_float() for _ in range(4)]
        self._modes = ctypes.c_int(), ctypes.c_int()
        self._beneath: list[tuple[Box, _Colour | None, int]] | None = None
        self._leaf = leaf
        self._order = self._last_path = 0
        self._fonts: dict[int, str] = {}
        top = (leaf, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject, (1, 0, 0, 1, 0, 0), _DEPTH, False)
        self._top = top
        self.texts = list(self._texts(*top))
        self._plain = 2 * sum(text.mode in {_INVISIBLE, _CLIPPED} for text in self.texts) < len(self.texts)

    def unseen(self, text: _Text) -> str:
        """Why a stretch is not seen: "hidden" for its layer, "white" for its size or colour; empty for one that is.

        Invisible letters over an image are those of a scan; and where most letters are invisible, they are the text.
        """
        if text.hidden:
            return "hidden"
        if text.size < _TINY or text.alpha < _LIKE:
            return "white"
        if text.mode in {_INVISIBLE, _CLIPPED}:
            over = any(colour is None and _covers(box, text.box) for box, colour, _ in self._below())
            return "" if over or not self._plain else "white"
        if text.colour == (0, 0, 0) or len(self._below()) == _MOST_AREAS:
            return ""
        if not _alike(text.colour, _WHITE) and not any(c and _alike(c, text.colour) for _, c, _ in self._below()):
            return ""
        ground: _Colour | None = _WHITE
        for box, colour, order in self._below():
            if order < text.order and _covers(box, text.box):
                ground = colour
        return "white" if ground is not None and _alike(ground, text.colour) else ""

    def covers(self) -> Iterator[tuple[Box, int]]:
        """The areas of one colour that are painted over text, which nobody sees below them."""
        for box, colour, order in (
            self._below() if self._last_path > min((t.order for t in self.texts), default=0) else ()
        ):
            if colour is not None and any(text.order < order and _reaches(text, box) for text in self.texts):
                yield box, order

    def _below(self) -> list[tuple[Box, _Colour | None, int]]:
        """The areas that are filled, each with its colour (None: not one all over), and its place in the order."""
        if self._beneath is None:
            self._order = 0
            self._beneath = list(islice(self._areas(*self._top[:5]), _MOST_AREAS))
        return self._beneath

    def _items(self, owner: Any, count: Any, get: Any) -> Iterator[tuple[Any, int]]:
        for i in range(count(owner)):
            self._order += 1
            if self._order > _MOST:
                return
            item = get(owner, i)
            yield item, self._raw.FPDFPageObj_GetType(item)

    def _texts(self, owner: Any, count: Any, get: Any, outer: Matrix, depth: int, hidden: bool) -> Iterator[_Text]:
        raw = self._raw
        for item, kind in self._items(owner, count, get):
            if kind == raw.FPDF_PAGEOBJ_TEXT:
                yield self._text(item, outer, hidden or self._is_hidden(item))
            elif kind == raw.FPDF_PAGEOBJ_PATH:
                self._last_path = self._order
            elif kind == raw.FPDF_PAGEOBJ_FORM and depth:
                inner, off = matrix_of(self._raw, item, self._matrix, outer), hidden or self._is_hidden(item)
                yield from self._texts(
                    item, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject, inner, depth - 1, off
                )

    def _text(self, item: Any, outer: Matrix, hidden: bool) -> _Text:
        raw = self._raw
        a, b, c, d, e, f = matrix_of(self._raw, item, self._matrix, outer)
        raw.FPDFTextObj_GetFontSize(item, self._size)
        long = math.hypot(a, b) or 1.0
        red, green, blue, alpha = self._colour(item)
        mode = raw.FPDFTextObj_GetTextRenderMode(item)
        size = abs(self._size.value) * math.hypot(c, d)
        plain = (red, green, blue) == (0, 0, 0) and mode not in {_INVISIBLE, _CLIPPED}
        box = (0.0, 0.0, 0.0, 0.0) if plain else self._box(item, outer)
        address = ctypes.addressof(item.contents)
        way, colour, font = (a / long, b / long), (red, green, blue), self._font(item)
        return _Text(address, size, (e, f), way, colour, alpha, mode, hidden, box, self._order, font)

    def _font(self, item: Any) -> str:
        font = self._raw.FPDFTextObj_GetFont(item)
        key = ctypes.addressof(font.contents) if font else 0
        if key not in self._fonts:
            self._fonts[key] = symbol_font(font_name(self._raw, item))
        return self._fonts[key]

    def _areas(
        self, owner: Any, count: Any, get: Any, outer: Matrix, depth: int
    ) -> Iterator[tuple[Box, _Colour | None, int]]:
        raw = self._raw
        fill, stroke = self._modes
        for item, kind in self._items(owner, count, get):
            if kind == raw.FPDF_PAGEOBJ_FORM and depth:
                inner = matrix_of(self._raw, item, self._matrix, outer)
                yield from self._areas(item, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject, inner, depth - 1)
            elif kind == raw.FPDF_PAGEOBJ_PATH:
                if raw.FPDFPath_GetDrawMode(item, fill, stroke) and (fill.value or stroke.value):
                    yield self._box(item, outer), self._ground(item), self._order
            elif kind in {raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_SHADING}:
                yield self._box(item, outer), None, self._order

    def _ground(self, path: Any) -> _Colour | None:
        """The colour that a path gives to its whole box; None where it may leave some of it free, or lets light through."""
        raw = self._raw
        red, green, blue, alpha = self._colour(path)
        count = raw.FPDFPath_CountSegments(path)
        kinds = {raw.FPDFPathSegment_GetType(raw.FPDFPath_GetPathSegment(path, i)) for i in range(min(count, 6))}
        boxed = 4 <= count <= 5 and raw.FPDF_SEGMENT_BEZIERTO not in kinds
        clear = alpha <= 255 - _LIKE or raw.FPDFPageObj_HasTransparency(path)
        return (red, green, blue) if boxed and self._modes[0].value and not clear else None

    def _colour(self, item: Any) -> tuple[int, int, int, int]:
        known = self._raw.FPDFPageObj_GetFillColor(item, *self._colours)
        red, green, blue, alpha = (part.value for part in self._colours) if known else (0, 0, 0, 255)
        return red, green, blue, alpha

    def _box(self, item: Any, outer: Matrix) -> Box:
        if not self._raw.FPDFPageObj_GetBounds(item, *self._bounds):
            return (0.0, 0.0, 0.0, 0.0)
        left, bottom, right, top = (part.value for part in self._bounds)
        a, b, c, d, e, f = outer
        xs = [a * x + c * y + e for x in (left, right) for y in (bottom, top)]
        ys = [b * x + d * y + f for x in (left, right) for y in (bottom, top)]
        return (min(xs), min(ys), max(xs), max(ys))


def _reaches(text: _Text, box: Box) -> bool:
    """Whether a stretch, whose end is not known, may go under ``box``."""
    quarter = -_quarters(text.way) % 4
    x, y, *_ = turned((*text.start, *text.start), quarter)
    _, bottom, right, top = turned(box, quarter)
    return bottom - 0.3 * text.size <= y <= top and x <= right


def _quarters(way: tuple[float, float]) -> int:
    """How many quarters text that goes this ``way`` is turned to the left."""
    return round(math.atan2(way[1], way[0]) * 2 / math.pi) % 4


def _covers(outer: Box, inner: Box) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _alike(a: _Colour, b: _Colour) -> bool:
    return all(abs(x - y) <= _LIKE for x, y in zip(a, b, strict=True))
