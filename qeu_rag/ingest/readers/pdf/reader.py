"""Reads PDF files page by page: lines with their places on the page become paragraphs, headings and ruled tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.markup.markdown import escape, table
from qeu_rag.ingest.readers.page import FileReader, page, sensible_title
from qeu_rag.ingest.readers.pdf.breaks import Leaf, written_tables
from qeu_rag.ingest.readers.pdf.joined_pages import turned_over
from qeu_rag.ingest.readers.pdf.layers import Layers
from qeu_rag.ingest.readers.pdf.layout import blocks
from qeu_rag.ingest.readers.pdf.lines import Block, Body, without_running_lines
from qeu_rag.ingest.readers.pdf.notes import attached, with_notes
from qeu_rag.ingest.readers.pdf.one_page import read_leaf
from qeu_rag.ingest.readers.pdf.rows import Row
from qeu_rag.ingest.readers.pdf.symbols import told
from qeu_rag.ingest.readers.scan.scanned import with_scans
from qeu_rag.ingest.readers.table.repeated_keys import with_keys_again
from qeu_rag.ingest.readers.typeset.raised import left_out
from qeu_rag.ingest.remark import Remark

if TYPE_CHECKING:
    import pypdfium2

_PASSWORD, _SECURITY = 4, 5
_NAMED = 10


class PdfReader(FileReader):
    """A PDF file by PDFium, one document a page; running headers and footers are left out.

    PDFium gives characters in the order in which the file draws them, which is the reading order for what office programs
    and LaTeX make. Tables are those that lines divide into cells. Notes and form values stand where they were put.
    """

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document a page. Raises ReadError: "encrypted", "no_text", "damaged", "memory"."""
        data = Path(file).read_bytes()
        document = _opened(data)
        try:
            title = sensible_title(document.get_metadata_dict().get("Title"))
            layers = Layers(document, data)
            leaves = [read_leaf(document, number, layers.is_hidden) for number in range(len(document))]
            leaves, scans = with_scans(document, leaves, self._way)
            files = [*attached(document), *(name for leaf in leaves for name in leaf.notes.files)]
        finally:
            document.close()
        bare = tuple(number for number, leaf in enumerate(leaves, 1) if not leaf.sheet.lines and not leaf.notes.notes)
        if len(bare) == len(leaves):
            raise scans.failure
        notes = [
            *_of_pages(leaves, bare),
            *scans.remarks,
            *left_out(sum((leaf.left for leaf in leaves), Counter[str]())),
        ]
        if files:
            notes.append(Remark(key="attached", values={"names": ", ".join(files[:_NAMED])}))
        pages = without_running_lines([leaf.sheet for leaf in leaves])
        body = Body.of(pages)
        made = [
            with_notes(list(blocks(lines, body)), leaf.notes.notes) for lines, leaf in zip(pages, leaves, strict=True)
        ]
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
        document = pypdfium2.PdfDocument(data)
        if document.get_formtype() != pypdfium2.raw.FORMTYPE_NONE:
            document.init_forms()
        return document
    except pypdfium2.PdfiumError as e:
        if getattr(e, "err_code", None) in {_PASSWORD, _SECURITY} or "password" in str(e).lower():
            raise ReadError("encrypted") from e
        raise ReadError("damaged", "" if data[:1024].lstrip().startswith(b"%PDF") else " (\u2260 PDF)") from e


def _of_pages(leaves: Sequence[Leaf], bare: tuple[int, ...]) -> list[Remark]:
    """What is to be told of pages by number: those without text (``bare``), too crowded ones, ones with letters without names."""
    crowded = tuple(number for number, leaf in enumerate(leaves, 1) if leaf.crowded)
    unnamed = tuple(number for number, leaf in enumerate(leaves, 1) if leaf.unnamed)
    kinds = (("no_text", bare), ("crowded", crowded), ("unnamed", unnamed))
    return [Remark(key=key, values={"pages": of}) for key, of in kinds if of]


def _markdown(block: Block, tables: Sequence[Sequence[Row]]) -> str:
    if block.table:
        rows = tables[block.table - 1]
        return told(table([*rows[:1], *with_keys_again(rows[1:])], headless=not any(rows[0])))
    text = told(block.text)
    return f"{'#' * block.level} {text}" if block.level else escape(text)
