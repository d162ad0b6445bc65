"""Takes from the objects of a PDF page its level and upright lines, strokes or thin boxes, and its coloured rectangles."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from qeu_rag.ingest.readers.pdf.objects import Drawn, Objects
from qeu_rag.ingest.readers.pdf.strokes import Box, Fill, Matrix, Rule, Rules

_MOST = 20_000
"""Corners of paths read on one page (about 0.2 s); a map or a plan has more, a page of tables has not."""

_SLANT = 0.5
_THIN = 3.0
_DOT = 1.5
_FAR = 50_000.0
_Point = tuple[float, float]


class CrowdedError(Exception):
    """A page draws more than is read in search of tables."""


def rules(objects: Objects) -> Rules:
    """The lines and areas of a page in its own coordinates, also those in forms. Raises CrowdedError."""
    level, upright = [], []
    pen = _Pen(objects)
    for left, bottom, right, top in pen.lines():
        width, height = right - left, top - bottom
        if width >= height:
            level.append(Rule((bottom + top) / 2, left, right))
        if height >= width or width <= _DOT >= height:
            upright.append(Rule((left + right) / 2, bottom, top))
        if height > width and width <= _DOT >= height:
            level.append(Rule((bottom + top) / 2, left, right))
    return Rules(across=tuple(level), down=tuple(upright), fills=tuple(pen.fills))


class _Pen:
    """Follows the paths of one page; it holds the values that PDFium writes its answers to, and gathers coloured areas."""

    def __init__(self, objects: Objects) -> None:
        self.fills: list[Fill] = []
        self._objects, self._raw = objects, objects.raw
        self._left = _MOST
        self._x, self._y, self._width = ctypes.c_float(), ctypes.c_float(), ctypes.c_float()

    def lines(self) -> Iterator[Box]:
        """The straight lines along an axis that the page draws, as flat boxes."""
        for one in self._objects.drawn:
            if one.kind == self._raw.FPDF_PAGEOBJ_PATH:
                filled, stroked = self._objects.mode(one)
                if filled or stroked:
                    yield from self._path(one, filled, stroked)

    def _path(self, one: Drawn, filled: bool, stroked: bool) -> Iterator[Box]:
        """The lines of one path; none of a path with curves, and of one that is filled only its thin boxes."""
        corners = self._raw.FPDFPath_CountSegments(one.item)
        self._left -= max(1, corners)
        if self._left < 0:
            raise CrowdedError
        matrix = self._objects.matrix(one)
        if stroked and self._is_band(one.item, matrix):
            return
        for points in self._outlines(one.item, corners, matrix):
            box = _rectangle(points) if filled else None
            thin = box is not None and min(box[2] - box[0], box[3] - box[1]) <= _THIN
            if box and not thin:
                self.fills.append(Fill(box, self._objects.colour(one)[:3]))
            if stroked:
                for (x, y), (to_x, to_y) in pairwise(points):
                    if abs(to_x - x) <= _SLANT or abs(to_y - y) <= _SLANT:
                        yield (min(x, to_x), min(y, to_y), max(x, to_x), max(y, to_y))
            elif box and thin:
                yield box

    def _is_band(self, path: Any, matrix: Matrix) -> bool:
        """Whether a stroke is so thick that it colours an area."""
        self._raw.FPDFPageObj_GetStrokeWidth(path, self._width)
        return bool(self._width.value * max(map(abs, matrix[:4])) > 2 * _THIN)

    def _outlines(self, path: Any, corners: int, matrix: Matrix) -> Sequence[list[_Point]]:
        """The corners of each part of ``path``; nothing for a path with curves or far beyond any page."""
        raw, x, y = self._raw, self._x, self._y
        a, b, c, d, e, f = matrix
        parts: list[list[_Point]] = []
        for i in range(corners):
            segment = raw.FPDFPath_GetPathSegment(path, i)
            kind = raw.FPDFPathSegment_GetType(segment)
            if kind == raw.FPDF_SEGMENT_BEZIERTO or not raw.FPDFPathSegment_GetPoint(segment, x, y):
                return []
            point = (a * x.value + c * y.value + e, b * x.value + d * y.value + f)
            if not (abs(point[0]) < _FAR and abs(point[1]) < _FAR):
                return []  # or not a number
            if kind == raw.FPDF_SEGMENT_MOVETO or not parts:
                parts.append([])
            parts[-1].append(point)
            if raw.FPDFPathSegment_GetClose(segment) and parts[-1][0] != parts[-1][-1]:
                parts[-1].append(parts[-1][0])
        return parts


def _rectangle(points: Sequence[_Point]) -> Box | None:
    """The box of a part that is a rectangle along the axes."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    box = (min(xs), min(ys), max(xs), max(ys))
    corners = all(min(x - box[0], box[2] - x) <= _SLANT and min(y - box[1], box[3] - y) <= _SLANT for x, y in points)
    return box if corners and len(points) > 1 else None
