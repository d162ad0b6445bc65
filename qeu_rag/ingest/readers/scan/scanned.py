"""Reads the pages of a file that are pictures by text recognition, and tells how many, by what, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from math import sqrt
from statistics import median
from typing import TYPE_CHECKING, Any

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.pdf.breaks import Leaf
from qeu_rag.ingest.readers.pdf.lines import Line, Sheet
from qeu_rag.ingest.readers.scan.recognise import ENGINES, Engine, Recognised, installed
from qeu_rag.ingest.readers.scan.stroke_through import struck
from qeu_rag.ingest.remark import Remark

if TYPE_CHECKING:
    from PIL.Image import Image

PIXELS = 3_000_000
"""The size of the pictures that are recognised: A4 at 175 dpi. More reads no better and takes time and memory."""

_DPI = 200
_SURE = 0.7  # in scans of low quality two thirds of the lines are right above it, a fifth below
_READABLE = 0.6  # of the letters of a page, the share that is sure if it stands upright
_MOST_PAGES = 1000
_STAMP = 100  # characters of a page that a scanner, a fax or a stamp may have put on it
_COVERED = 0.5


class Scans:
    """The pages of one file that are read by text recognition, and what is to be told of them."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self.engine = installed() if way.recognise else ""
        self._read = 0
        self._unsure: Counter[int] = Counter()
        self._struck: Counter[int] = Counter()
        self._failed: list[int] = []
        self._short = False
        self._unread: list[int] = []

    @property
    def failure(self) -> ReadError:
        """Why a file without text holds none: recognition found none, or failed, or there is no engine."""
        if self._short:
            return ReadError("memory")
        return ReadError(
            "no_text", " (recognition_failed)" if self._failed else " (recognition)" if self.engine else ""
        )

    def sheet(self, image: Image, number: int, scale: float) -> Sheet:
        """The lines of the page ``number``, whose picture has ``scale`` pixels a point; none where recognition fails."""
        blank = Sheet(lines=(), bottom=0, top=image.height / scale)
        try:
            engine = _engine(self.engine)
            found, stood = _best(engine, image, self._way.step)
        except Exception as e:  # noqa: BLE001 - engines raise what they like; the other pages have to be read
            self._failed.append(number)
            self._short = self._short or isinstance(e, MemoryError) or "alloc" in str(e).lower()
            return blank
        sure = [line for line in found if line.sure >= _SURE]
        self._unsure[number] += len(found) - len(sure)
        self._struck[number] += len(struck(stood, sure))
        self._read += bool(sure)
        return Sheet(bottom=0, top=stood.height / scale, lines=tuple(_lines(sure, engine.larger, stood.height, scale)))

    def has_room(self, number: int) -> bool:
        """Whether page ``number`` can be recognised: an engine is here, and not too many pages went before."""
        if self.engine and self._read + len(self._failed) < _MOST_PAGES:
            return True
        self._unread.append(number)
        return False

    @property
    def remarks(self) -> list[Remark]:
        """What a user should know of the recognised pages, and of those that could be."""
        made = []
        if self._read:
            key = "recognised" if self._read > 1 else "recognised_one"
            made.append(Remark(key=key, values={"count": self._read, "engine": self.engine}))
        for key, lines in (("unsure", +self._unsure), ("stroke_through", +self._struck)):
            if lines:
                made.append(Remark(key=key, values={"count": lines.total(), "pages": tuple(sorted(lines))}))
        if self._failed:
            made.append(Remark(key="unrecognised", values={"engine": self.engine, "pages": tuple(self._failed)}))
        if self._unread and self._way.recognise:
            key = "many_scans" if self.engine else "no_engine"
            made.append(Remark(key=key, values={"pages": tuple(self._unread)}))
        return made


def _best(engine: Engine, image: Image, step: Callable[[], None]) -> tuple[list[Recognised], Image]:
    """What is read of ``image``, turned by quarters where it reads poorly as it stands; and it so turned."""
    step()
    best, stood = engine.read(image), image
    for degrees in (180, 90, 270):
        if _share(best) >= _READABLE:
            break
        step()
        turned = image.rotate(degrees, expand=True)
        found = engine.read(turned)
        if _share(found) > _share(best):
            best, stood = found, turned
    return best, stood


def _share(found: Sequence[Recognised]) -> float:
    """The share of letters that the engine is sure of; all of none."""
    letters = sum(len(line.text) for line in found)
    return sum(len(line.text) for line in found if line.sure >= _SURE) / letters if letters else 1.0


def fitted(image: Image) -> Image:
    """``image``, made smaller where it has more than ``PIXELS``."""
    smaller = sqrt(PIXELS / (image.width * image.height))
    if smaller >= 1:
        return image
    size = max(1, round(image.width * smaller)), max(1, round(image.height * smaller))
    return image.resize(size, reducing_gap=2.0)  # bicubic


@lru_cache(maxsize=1)
def _engine(name: str) -> Engine:
    return ENGINES[name]()


def _lines(found: Sequence[Recognised], larger: float, height: int, scale: float) -> list[Line]:
    """The lines as a page's, in points from its lower left corner; boxes of letters of about one size get one height."""
    if not found:
        return []
    usual = median(line.bottom - line.top for line in found for _ in line.text)
    made = []
    for line in found:
        tall = line.bottom - line.top
        tall = usual if usual / larger < tall < usual * larger else tall
        middle = height - (line.top + line.bottom) / 2
        box = [x / scale for x in (line.left, line.right, middle - tall / 2, middle + tall / 2)]
        made.append(
            Line(text=line.text, left=box[0], right=box[1], bottom=box[2], top=box[3], height=max(0.1, tall / scale))
        )
    return made


def with_scans(document: Any, leaves: Sequence[Leaf], way: Way) -> tuple[list[Leaf], Scans]:
    """The pages of a PDF, those that are pictures with the lines that recognition finds there."""
    scans = Scans(way)
    made = list(leaves)
    for index, leaf in enumerate(leaves):
        letters = sum(len(line.text) for line in leaf.sheet.lines)
        if letters >= _STAMP or (leaf.left and not letters):  # what was left out on purpose is not brought back
            continue
        page = document[index]
        try:
            if _is_picture(page, letters) and scans.has_room(index + 1):
                width, height = page.get_size()
                scale = min(_DPI / 72, sqrt(PIXELS / max(1.0, width * height)))
                sheet = scans.sheet(page.render(scale=scale).to_pil(), index + 1, scale)
                if sum(len(line.text) for line in sheet.lines) > letters:
                    made[index] = replace(leaf, sheet=sheet, tables=())
        finally:
            page.close()
    return made, scans


def _is_picture(page: Any, letters: int) -> bool:
    """Whether a page shows something that may be text: anything drawn where it has no letters, else a picture of half a page."""
    import pypdfium2.raw as raw

    if not letters:
        return any(True for _ in page.get_objects(max_depth=1))
    width, height = page.get_size()
    covered = 0.0
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=2):
        left, bottom, right, top = picture.get_bounds()
        covered = max(covered, (right - left) * (top - bottom))
    return bool(covered >= _COVERED * width * height)
