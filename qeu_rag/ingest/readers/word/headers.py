"""Reads the page headers and footers of a Word file that say which document it is: number, version, date, watermark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.running_head import LONGEST, tells
from qeu_rag.ingest.readers.word.blocks import Block
from qeu_rag.ingest.readers.word.fields import PAGE_MARK
from qeu_rag.ingest.readers.xml_elements import RELATION, W, is_on
from qeu_rag.text.notation import is_japanese

if TYPE_CHECKING:
    from docx.document import Document as DocxDocument

_PAGE_NUMBER = re.compile(
    rf"(?:\b(?:pages?|p\.)|ページ|頁|第|[-–—~(（])?\s*{PAGE_MARK}\s*(?:(?:/|／|\bof\b|[-–—])\s*\d*{PAGE_MARK}?)?"
    r"\s*(?:ページ|頁)?\s*[-–—~)）]?",
    re.I,
)
_KINDS = ("headerReference", "footerReference")


def header_blocks(document: DocxDocument, read: Callable[[Any], Iterable[Block]]) -> list[Block]:
    """The headers and footers of the first section with any that tell something; ``read`` gives the blocks of one part.

    Each is read once, whatever number of pages it stands on. Page numbers are left out, and parts that tell nothing.
    """
    read_already: set[str] = set()
    for section in document.element.body.iter(W + "sectPr"):
        found: list[Block] = []
        for part in _parts(document, section):
            if str(part.partname) in read_already:
                continue
            read_already.add(str(part.partname))
            found += [block for block in map(_without_pages, read(part)) if tells(block.text)]
        kept = _once(found)
        if kept:
            return kept
    return []


def watermark(words: str, beside: str) -> Block:
    """The words of a watermark, told as such."""
    return Block("text", f"透かし: {words}" if is_japanese(words + beside) else f"Watermark: {words}")


def _parts(document: DocxDocument, section: Any) -> Iterator[Any]:
    """The parts of a section's headers and then footers that are shown."""
    shown = {"default"}
    if is_on(section.find(W + "titlePg")):
        shown.add("first")
    if is_on(document.settings.element.find(W + "evenAndOddHeaders")):
        shown.add("even")
    for kind in _KINDS:
        references = {str(ref.get(W + "type") or "default"): ref for ref in section.findall(W + kind)}
        for name in ("first", "default", "even"):
            if name in references and name in shown:
                relation = document.part.rels.get(str(references[name].get(RELATION + "id")))
                if relation is not None and not relation.is_external:
                    yield relation.target_part


def _without_pages(block: Block) -> Block:
    text = _PAGE_NUMBER.sub(" ", block.text) if PAGE_MARK in block.text else block.text
    if block.kind == "markdown":
        return Block(block.kind, text)
    return Block("text", "\n".join(line for raw in text.split("\n") if (line := one_line(raw))))


def _once(blocks: Iterable[Block]) -> list[Block]:
    seen: set[str] = set()
    kept, size = [], 0
    for block in blocks:
        size += len(block.text)
        if block.text not in seen and size <= LONGEST:
            kept.append(block)
        seen.add(block.text)
    return kept
