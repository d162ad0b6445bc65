"""Reads PDF files page by page: lines with their places on the page become paragraphs, headings and ruled tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.drawn import CrowdedError, rules
from qeu_rag.ingest.readers.layout import Block, Body, Sheet, blocks, without_running_lines
from qeu_rag.ingest.readers.markdown import escape, table
from qeu_rag.ingest.readers.page import page, sensible_title
from qeu_rag.ingest.readers.pdf_breaks import Leaf, written_tables
from qeu_rag.ingest.readers.pdf_look import looks
from qeu_rag.ingest.readers.pdf_marks import marked
from qeu_rag.ingest.readers.pdf_rows import Row
from qeu_rag.ingest.readers.pdf_table import tabled
from qeu_rag.ingest.readers.pdf_turns import turned_over
from qeu_rag.ingest.readers.pdf_text import found_lines, letters, line_of
from qeu_rag.ingest.readers.raised import left_out
from qeu_rag.ingest.readers.strokes import Rules
from qeu_rag.ingest.remark import Remark

if TYPE_CHECKING:
    import pypdfium2

_PASSWORD, _SECURITY = 4, 5


class PdfReader(BaseReader):
    """A PDF file by PDFium, one document a page; running headers and footers are left out.

    PDFium gives characters in the order in which the file draws them, which is the reading order for what office programs
    and LaTeX make. Tables are those that lines divide into cells. Values typed into form fields are not read.
    """

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document a page. Raises ReadError: "encrypted", "no_text", "damaged"."""
        document = _opened(Path(file).read_bytes())
        try:
            title = sensible_title(document.get_metadata_dict().get("Title"))
            leaves = [_leaf(document, number) for number in range(len(document))]
        finally:
            document.close()
        bare = tuple(number for number, leaf in enumerate(leaves, 1) if not leaf.sheet.lines)
        if len(bare) == len(leaves):
            raise ReadError("no_text")
        crowded = tuple(number for number, leaf in enumerate(leaves, 1) if leaf.crowded)
        notes = [Remark(key=key, values={"pages": of}) for key, of in (("no_text", bare), ("crowded", crowded)) if of]
        notes += left_out(sum((leaf.left for leaf in leaves), Counter[str]()))
        pages = without_running_lines([leaf.sheet for leaf in leaves])
        body = Body.of(pages)
        made = [list(blocks(lines, body)) for lines in pages]
        title = title or next((block.text for block in made[0] if 0 < block.level < 3 and len(block.text) > 3), "")
        tables = written_tables(leaves, pages, body.words)
        turned = turned_over(made, [leaf.sheet for leaf in leaves], body)
        return [
            page(
                "\n\n".join(_markdown(block, own) for block in leafed.blocks),
                number=number,
                title=title,
                notes=notes,
                glue=leafed.glue,
            )
            for number, (leafed, own) in enumerate(zip(turned, tables, strict=True), 1)
        ]


def _opened(data: bytes) -> pypdfium2.PdfDocument:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as e:
        if getattr(e, "err_code", None) in {_PASSWORD, _SECURITY} or "password" in str(e).lower():
            raise ReadError("encrypted") from e
        raise ReadError("damaged", "" if data[:1024].lstrip().startswith(b"%PDF") else " (\u2260 PDF)") from e


def _leaf(document: pypdfium2.PdfDocument, index: int) -> Leaf:
    """The lines and tables of one page; none for a page that cannot be loaded."""
    import pypdfium2

    try:
        leaf = document[index]
        text_page = leaf.get_textpage()
    except pypdfium2.PdfiumError:
        return Leaf(sheet=Sheet(lines=(), bottom=0, top=0))
    try:
        _, bottom, _, top = leaf.get_bbox()
        try:
            drawn, crowded = rules(leaf), False
        except CrowdedError:
            drawn, crowded = Rules(across=(), down=()), True
        found, left = marked(text_page, list(found_lines(text_page)), looks(leaf, lambda item: False), drawn.across, ())
        lines = [one.line for one in found]
        made = tabled(
            drawn,
            lines,
            lambda i: letters(text_page, found[i]),
            lambda run, quarter: line_of(text_page, run, quarter),
        )
        sheet = Sheet(lines=made.lines, bottom=bottom, top=top)
        return Leaf(sheet=sheet, tables=made.tables, crowded=crowded, left=left)
    finally:
        text_page.close()
        leaf.close()


def _markdown(block: Block, tables: Sequence[Sequence[Row]]) -> str:
    if block.table:
        return table(tables[block.table - 1])
    return f"{'#' * block.level} {block.text}" if block.level else escape(block.text)
