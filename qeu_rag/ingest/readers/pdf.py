"""Reads PDF files page by page: lines with their places on the page become paragraphs, rows and headings."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.layout import Block, Body, Line, Sheet, blocks, without_running_lines
from qeu_rag.ingest.readers.markdown import escape
from qeu_rag.ingest.readers.page import page, sensible_title
from qeu_rag.ingest.remark import Remark

if TYPE_CHECKING:
    import pypdfium2

_PASSWORD, _SECURITY = 4, 5
_SPACES = re.compile(r"[ \t\xa0]+")
_HYPHEN = re.compile("[\x02\xad\ufffe]")
_BOLD = re.compile(rb"bold|black|heavy|demi|-medi|cmbx|-b$|w[6-9]$", re.I)


class PdfReader(BaseReader):
    """A PDF file by PDFium, one document a page; running headers and footers are left out.

    PDFium gives characters in the order in which the file draws them, which is the reading order for what office programs
    and LaTeX make. Values typed into form fields are not read.
    """

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document a page. Raises ReadError: "encrypted", "no_text", "damaged"."""
        document = _opened(Path(file).read_bytes())
        try:
            title = sensible_title(document.get_metadata_dict().get("Title"))
            sheets = [_sheet(document, number) for number in range(len(document))]
        finally:
            document.close()
        bare = [number for number, sheet in enumerate(sheets, 1) if not sheet.lines]
        if len(bare) == len(sheets):
            raise ReadError("no_text")
        notes = [Remark(key="no_text", values={"pages": tuple(bare)})] if bare else []
        pages = without_running_lines(sheets)
        body = Body.of(pages)
        made = [list(blocks(lines, body)) for lines in pages]
        title = title or next((block.text for block in made[0] if 0 < block.level < 3 and len(block.text) > 3), "")
        return [
            page("\n\n".join(map(_markdown, page_blocks)), number=number, title=title, notes=notes)
            for number, page_blocks in enumerate(made, 1)
        ]


def _opened(data: bytes) -> pypdfium2.PdfDocument:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as e:
        if getattr(e, "err_code", None) in {_PASSWORD, _SECURITY} or "password" in str(e).lower():
            raise ReadError("encrypted") from e
        raise ReadError("damaged", "" if data[:1024].lstrip().startswith(b"%PDF") else " (\u2260 PDF)") from e


def _sheet(document: pypdfium2.PdfDocument, index: int) -> Sheet:
    """The lines of one page; none for a page that cannot be loaded."""
    import pypdfium2

    try:
        leaf = document[index]
        text_page = leaf.get_textpage()
    except pypdfium2.PdfiumError:
        return Sheet(lines=(), bottom=0, top=0)
    try:
        _, bottom, _, top = leaf.get_bbox()
        return Sheet(lines=tuple(_measured(text_page)), bottom=bottom, top=top)
    finally:
        text_page.close()
        leaf.close()


def _measured(text_page: Any) -> Iterator[Line]:
    """The lines as PDFium divides them. Lines that end in a hyphen and the next are one, with U+FFFE for the hyphen."""
    import pypdfium2.raw as raw

    text = text_page.get_text_range()
    wide = not text.isascii() and any(c > "\uffff" for c in text)
    at = 0
    for line in text.split("\n"):
        words = line.strip("\r \t\xa0")
        if words:
            before = line[: line.index(words[0])]
            units = at + _units(before, wide), at + _units(before + words, wide) - 1
            first, last = (raw.FPDFText_GetCharIndexFromTextIndex(text_page, i) for i in units)
            start, end = _box(raw, text_page, first), _box(raw, text_page, last)
            yield Line(
                text=_HYPHEN.sub("\ufffe", _SPACES.sub(" ", words)),
                left=min(start[0], end[0]),
                right=max(start[2], end[2]),
                bottom=min(start[1], end[1]),
                top=max(start[3], end[3]),
                height=max(0.1, min(start[3] - start[1], end[3] - end[1])),
                bold=_is_bold(raw, text_page, first) and _is_bold(raw, text_page, last),
            )
        at += _units(line, wide) + 1


def _is_bold(raw: Any, text_page: Any, index: int) -> bool:
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    raw.FPDFText_GetFontInfo(text_page, index, name, len(name), ctypes.byref(flags))
    return bool(_BOLD.search(name.value)) or raw.FPDFText_GetFontWeight(text_page, index) >= 700


def _units(text: str, wide: bool) -> int:
    """The length of ``text`` in UTF-16 units, in which PDFium counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 if wide else len(text)


def _box(raw: Any, text_page: Any, index: int) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of a character with its font's full height, in points; zeros if PDFium knows none."""
    rect = raw.FS_RECTF()
    if index < 0 or not raw.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(rect)):
        return (0.0, 0.0, 0.0, 0.0)
    return (rect.left, min(rect.bottom, rect.top), rect.right, max(rect.bottom, rect.top))


def _markdown(block: Block) -> str:
    return f"{'#' * block.level} {block.text}" if block.level else escape(block.text)
