"""Walks through what one PDF page draws, once: its objects in order, those in forms too, each with its place on the page."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

from qeu_rag.ingest.readers.pdf.strokes import Box, Matrix

_MOST = 100_000
_DEPTH = 4
_WHOLE: Matrix = (1, 0, 0, 1, 0, 0)

Colour = tuple[int, int, int]


class Drawn(NamedTuple):
    """An object of a page: PDFium's handle and kind, the matrix of the form it stands in, its place in the order of drawing,
    and whether that form's layer is switched off.
    """

    item: Any
    kind: int
    outer: Matrix
    order: int
    hidden: bool


class Objects:
    """The objects of one page in the order of drawing, and what PDFium says of each; holds the values that it writes to.

    ``is_hidden`` says of an object whether its layer is switched off. At most 100,000 are read. ``page`` is what shows of
    the page.
    """

    def __init__(self, leaf: Any, is_hidden: Callable[[Any], bool]) -> None:
        import pypdfium2.raw as raw

        self.raw, self.is_hidden = raw, is_hidden
        self._matrix = raw.FS_MATRIX()
        self._colours = [ctypes.c_uint() for _ in range(4)]
        self._bounds = [ctypes.c_float() for _ in range(4)]
        self._fill, self._stroke = ctypes.c_int(), ctypes.c_int()
        self.page: Box = leaf.get_bbox()
        self.drawn: list[Drawn] = []
        self._walk(leaf.raw, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject, _WHOLE, _DEPTH, False)

    def _walk(self, owner: Any, count: Any, get: Any, outer: Matrix, depth: int, hidden: bool) -> None:
        raw, drawn = self.raw, self.drawn
        kind_of, form = raw.FPDFPageObj_GetType, raw.FPDF_PAGEOBJ_FORM
        for i in islice(range(count(owner)), _MOST - len(drawn)):
            item = get(owner, i)
            kind = kind_of(item)
            one = Drawn(item, kind, outer, len(drawn) + 1, hidden)
            drawn.append(one)
            if kind == form and depth:
                off = hidden or self.is_hidden(item)
                inner = self.matrix(one)
                self._walk(item, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject, inner, depth - 1, off)
            if len(drawn) >= _MOST:
                return

    def matrix(self, one: Drawn) -> Matrix:
        """The matrix from the coordinates of an object to the page's."""
        own = self._matrix
        if not self.raw.FPDFPageObj_GetMatrix(one.item, own):
            return one.outer
        a, b, c, d, e, f = own.a, own.b, own.c, own.d, own.e, own.f
        if one.outer is _WHOLE:
            return (a, b, c, d, e, f)
        p, q, r, s, t, u = one.outer
        return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)

    def colour(self, one: Drawn) -> tuple[int, int, int, int]:
        """The colour that fills an object: red, green, blue and how dense it is, from 0 to 255; black where none is known."""
        red, green, blue, alpha = self._colours
        if not self.raw.FPDFPageObj_GetFillColor(one.item, red, green, blue, alpha):
            return (0, 0, 0, 255)
        return red.value, green.value, blue.value, alpha.value

    def box(self, one: Drawn) -> Box:
        """The box around an object on its page; zeros where PDFium knows none."""
        if not self.raw.FPDFPageObj_GetBounds(one.item, *self._bounds):
            return (0.0, 0.0, 0.0, 0.0)
        left, bottom, right, top = (part.value for part in self._bounds)
        if one.outer is _WHOLE:
            return (left, bottom, right, top)
        a, b, c, d, e, f = one.outer
        xs = [a * x + c * y + e for x in (left, right) for y in (bottom, top)]
        ys = [b * x + d * y + f for x in (left, right) for y in (bottom, top)]
        return (min(xs), min(ys), max(xs), max(ys))

    def mode(self, path: Drawn) -> tuple[bool, bool]:
        """Whether a path is filled and whether it is stroked; one that is neither only borders what is drawn elsewhere."""
        known = self.raw.FPDFPath_GetDrawMode(path.item, self._fill, self._stroke)
        return bool(known and self._fill.value), bool(known and self._stroke.value)
