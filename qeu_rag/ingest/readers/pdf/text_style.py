"""How the text of a PDF page looks: size, baseline, colour and layer of each stretch, and which of it nobody can see."""

from __future__ import annotations

import ctypes
import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from qeu_rag.ingest.readers.pdf.objects import Colour, Drawn, Objects
from qeu_rag.ingest.readers.pdf.strokes import Box, holds_middle, turned
from qeu_rag.ingest.readers.pdf.symbols import font_name, symbol_font

_MOST = 20_000
_MOST_AREAS = 2_000  # of a page with more (a map) what lies under white text is not told
_INVISIBLE, _CLIPPED = 3, 7
_TINY = 1.0  # points: smaller letters nobody can read
_LIKE = 12  # of 255, between colours that look the same
_WHITE = (255, 255, 255)


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
    """The looks of a page's stretches by PDFium's address of each; ``odd`` are those that may be raised, or are not
    seen, each with its height on the page.

    ``covers`` are areas that were painted over text, each with its place in the order of drawing; ``quarter``: by how many
    quarters clockwise the page has to be turned for most stretches to be level.
    """

    of: dict[int, Look] = field(default_factory=dict)
    odd: Mapping[int, float] = field(default_factory=dict)
    covers: tuple[tuple[Box, int], ...] = ()
    quarter: int = 0


class _Text(NamedTuple):
    one: Drawn
    size: float
    start: tuple[float, float]
    way: tuple[float, float]
    colour: Colour
    alpha: int
    mode: int
    hidden: bool
    font: str


def looks(objects: Objects) -> Looks:
    """The looks of a page's text."""
    walk = _Walk(objects)
    made: dict[int, Look] = {}
    odd: dict[int, float] = {}
    before: Look | None = None
    address, height = 0, 0.0
    for text in walk.texts:
        (x, y), (cosine, sine) = text.start, text.way
        look = Look(
            text.size, y * cosine - x * sine, x * cosine + y * sine, walk.unseen(text), text.font, text.one.order
        )
        last, above = address, height
        address, height = ctypes.addressof(text.one.item.contents), y
        made[address] = look
        if look.unseen or (before and _is_shifted(before, look)):
            odd[address] = y
        elif before and _is_shifted(look, before):
            odd[last] = above
        before = look
    return Looks(of=made, odd=odd, covers=tuple(walk.covers()), quarter=walk.quarter)


def _is_shifted(main: Look, other: Look) -> bool:
    """Whether ``other`` stands a little above or below the line of ``main`` and is no larger."""
    return other.size < 1.05 * main.size and 0.05 * main.size < abs(other.baseline - main.baseline) < 0.9 * main.size


class _Walk:
    """Goes through the objects of one page: its stretches of text and what is drawn beneath them."""

    def __init__(self, objects: Objects) -> None:
        self._objects, self._raw = objects, objects.raw
        self._size = ctypes.c_float()
        self._fonts: dict[int, str] = {}
        self._drawn = objects.drawn[:_MOST]
        self.texts = [self._text(one) for one in self._drawn if one.kind == self._raw.FPDF_PAGEOBJ_TEXT]
        self._plain = 2 * sum(text.mode in {_INVISIBLE, _CLIPPED} for text in self.texts) < len(self.texts)
        ways = Counter(_quarters(way) for way in (text.way for text in self.texts))
        self.quarter = ways.most_common(1)[0][0] if ways else 0

    @cached_property
    def _below(self) -> list[tuple[Box, Colour | None, int]]:
        """The areas that are filled, each with its colour (None: not one all over), and its place in the order."""
        return list(islice(self._areas(), _MOST_AREAS))

    def unseen(self, text: _Text) -> str:
        """Why a stretch is not seen: "hidden" for its layer, "white" for its size, place or colour; empty for one that is.

        Invisible letters over an image are those of a scan; and where most letters are invisible, they are the text.
        """
        if text.hidden:
            return "hidden"
        if text.size < _TINY or text.alpha < _LIKE or self._is_beside_the_page(text):
            return "white"
        if text.mode in {_INVISIBLE, _CLIPPED}:
            own = self._objects.box(text.one)
            over = any(colour is None and holds_middle(box, own) for box, colour, _ in self._below)
            return "" if over or not self._plain else "white"
        if text.colour == (0, 0, 0) or len(self._below) == _MOST_AREAS:
            return ""
        if not _alike(text.colour, _WHITE) and not any(c and _alike(c, text.colour) for _, c, _ in self._below):
            return ""
        own = self._objects.box(text.one)
        ground: Colour | None = _WHITE
        for box, colour, order in self._below:
            if order < text.one.order and holds_middle(box, own):
                ground = colour
        return "white" if ground is not None and _alike(ground, text.colour) else ""

    def _is_beside_the_page(self, text: _Text) -> bool:
        (x, y), (left, bottom, right, top) = text.start, self._objects.page
        if (left <= x <= right and bottom <= y <= top) or left >= right or bottom >= top:
            return False
        box = self._objects.box(text.one)
        return box[2] <= left or box[0] >= right or box[3] <= bottom or box[1] >= top

    def covers(self) -> Iterator[tuple[Box, int]]:
        """The areas of one colour that are painted over text, which nobody sees below them."""
        paths = [one.order for one in self._drawn if one.kind == self._raw.FPDF_PAGEOBJ_PATH]
        if not self.texts or not paths or paths[-1] < self.texts[0].one.order:
            return
        rows: defaultdict[int, list[tuple[float, float, float, int]]] = defaultdict(list)
        for text in self.texts:
            quarter = -_quarters(text.way) % 4
            x, y, *_ = turned((*text.start, *text.start), quarter)
            rows[quarter].append((y, x, text.size, text.one.order))
        ways = [(quarter, sorted(own), max(size for *_, size, _ in own)) for quarter, own in rows.items()]
        for box, colour, order in self._below:
            if colour is not None and any(_reach(own, turned(box, way), order, size) for way, own, size in ways):
                yield box, order

    def _text(self, one: Drawn) -> _Text:
        raw = self._raw
        a, b, c, d, e, f = self._objects.matrix(one)
        raw.FPDFTextObj_GetFontSize(one.item, self._size)
        long = math.hypot(a, b) or 1.0
        *colour, alpha = self._objects.colour(one)
        mode = raw.FPDFTextObj_GetTextRenderMode(one.item)
        size = abs(self._size.value) * math.hypot(c, d)
        hidden = one.hidden or self._objects.is_hidden(one.item)
        way = (a / long, b / long)
        return _Text(
            one, size, (e, f), way, (colour[0], colour[1], colour[2]), alpha, mode, hidden, self._font(one.item)
        )

    def _font(self, item: Any) -> str:
        font = self._raw.FPDFTextObj_GetFont(item)
        key = ctypes.addressof(font.contents) if font else 0
        if key not in self._fonts:
            self._fonts[key] = symbol_font(font_name(self._raw, item))
        return self._fonts[key]

    def _areas(self) -> Iterator[tuple[Box, Colour | None, int]]:
        for one in self._drawn:
            if one.kind == self._raw.FPDF_PAGEOBJ_PATH:
                filled, stroked = self._objects.mode(one)
                if filled or stroked:
                    yield self._objects.box(one), self._ground(one) if filled else None, one.order
            elif one.kind in {self._raw.FPDF_PAGEOBJ_IMAGE, self._raw.FPDF_PAGEOBJ_SHADING}:
                yield self._objects.box(one), None, one.order

    def _ground(self, one: Drawn) -> Colour | None:
        """The colour that a filled path gives its whole box; None where it may leave some of it free, or lets light through."""
        raw, path = self._raw, one.item
        red, green, blue, alpha = self._objects.colour(one)
        count = raw.FPDFPath_CountSegments(path)
        if not 4 <= count <= 5 or alpha <= 255 - _LIKE or raw.FPDFPageObj_HasTransparency(path):
            return None
        kinds = {raw.FPDFPathSegment_GetType(raw.FPDFPath_GetPathSegment(path, i)) for i in range(count)}
        return None if raw.FPDF_SEGMENT_BEZIERTO in kinds else (red, green, blue)


def _reach(texts: Sequence[tuple[float, float, float, int]], box: Box, order: int, largest: float) -> bool:
    """Whether one of ``texts`` (height, start, size and order of each, from the lowest up), whose end is not known, was drawn
    before ``order`` and may go under ``box``; ``largest`` is the largest size.
    """
    _, bottom, right, top = box
    for y, x, size, own in texts[bisect_left(texts, (bottom - 0.3 * largest,)) :]:
        if y > top:
            return False
        if own < order and x <= right and y >= bottom - 0.3 * size:
            return True
    return False


def _quarters(way: tuple[float, float]) -> int:
    """How many quarters text that goes this ``way`` is turned to the left."""
    return round(math.atan2(way[1], way[0]) * 2 / math.pi) % 4


def _alike(a: Colour, b: Colour) -> bool:
    return all(abs(x - y) <= _LIKE for x, y in zip(a, b, strict=True))
