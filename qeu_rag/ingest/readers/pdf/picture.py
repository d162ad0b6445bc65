"""Draws a page of a PDF with a quote marked on it, in a process of its own: a damaged file must not end who asks for it."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qeu_rag.errors import StorageError

if TYPE_CHECKING:
    from PIL.Image import Image

_TIMEOUT_S = 30
_NO_PAGE = 3
_HIGHEST = 8000
_MARK = (255, 233, 122)
_SHORTEST_PIECE = 3
_PIECES = re.compile(r"[\n|。]|(?<=[.!?])\s")


def picture_of(path: Path, page: int, *, quote: str, width: int) -> tuple[bytes, bool] | None:
    """Page ``page`` (from 1) as PNG of ``width`` pixels, and whether ``quote`` was found and marked; None without such a page.

    Raises StorageError("picture_failed") where the file cannot be drawn.
    """
    command = [sys.executable, "-m", __name__, str(path), str(page), str(width)]
    try:
        done = subprocess.run(command, input=quote.encode("utf-8", "replace"), capture_output=True, timeout=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StorageError("picture_failed", page=page) from error
    if done.returncode == _NO_PAGE:
        return None
    if done.returncode:
        raise StorageError("picture_failed", page=page)
    return done.stdout[1:], done.stdout[:1] == b"1"


def found_at(characters: Sequence[str], quote: str) -> list[tuple[int, int]]:
    """Where ``quote`` stands among ``characters``, as (first, count): whole, else each of its pieces that is found, in order.

    Compared are letters and digits alone: a document's Markdown has marks that the page has not, and the page breaks lines.
    """
    places = [(n, c) for n, character in enumerate(characters) for c in _letters(character)]
    text = "".join(c for _, c in places)
    found: list[tuple[int, int]] = []
    for pieces in ([quote], _PIECES.split(quote)):
        after = 0
        for piece in (_letters(one) for one in pieces):
            if len(piece) < _SHORTEST_PIECE:
                continue
            at = text.find(piece, after)
            at = text.find(piece) if at < 0 else at
            if at >= 0:
                after = at + len(piece)
                first, last = places[at][0], places[after - 1][0]
                found.append((first, last - first + 1))
        if found:
            break
    return found


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _boxes(page: Any, quote: str, size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    """The rectangles of ``quote`` in pixels: left, top, right, bottom."""
    import ctypes

    import pypdfium2.raw as pdfium

    text = page.get_textpage()
    characters = [chr(pdfium.FPDFText_GetUnicode(text, n)) for n in range(text.count_chars())]
    for first, count in found_at(characters, quote):
        for n in range(text.count_rects(first, count)):
            left, bottom, right, top = text.get_rect(n)
            corners = []
            for across, up in ((left, top), (right, bottom)):
                x, y = ctypes.c_int(), ctypes.c_int()
                pdfium.FPDF_PageToDevice(page, 0, 0, *size, 0, across, up, x, y)
                corners.append((x.value, y.value))
            (a, b), (c, d) = corners
            yield min(a, c) - 1, min(b, d) - 1, max(a, c) + 1, max(b, d) + 1


def _draw(path: str, number: int, width: int, quote: str) -> tuple[Image, bool] | None:
    import pypdfium2
    from PIL import Image, ImageChops, ImageDraw

    document = pypdfium2.PdfDocument(path)
    if not 1 <= number <= len(document):
        return None
    document.init_forms()
    page = document[number - 1]
    across, up = page.get_size()
    picture = page.render(scale=min(width / across, _HIGHEST / up)).to_pil().convert("RGB")
    marks = Image.new("RGB", picture.size, "white")
    boxes = list(_boxes(page, quote, picture.size)) if quote else []
    for box in boxes:
        ImageDraw.Draw(marks).rectangle(box, fill=_MARK)
    return ImageChops.multiply(picture, marks), bool(boxes)


def _main() -> int:
    path, number, width = sys.argv[1:]
    drawn = _draw(path, int(number), int(width), sys.stdin.buffer.read().decode())
    if drawn is None:
        return _NO_PAGE
    picture, marked = drawn
    sys.stdout.buffer.write(b"1" if marked else b"0")
    picture.save(sys.stdout.buffer, "PNG")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
