"""Reads Word files: what a page shows and nothing that it hides, in the order of the document, notes beside their sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.options import PLAIN, Way
from qeu_rag.ingest.readers.page import FileReader, page, sensible_title
from qeu_rag.ingest.readers.typeset.raised import left_out
from qeu_rag.ingest.readers.word.blocks import Block, written
from qeu_rag.ingest.readers.word.fields import settle
from qeu_rag.ingest.readers.word.headers import header_blocks
from qeu_rag.ingest.readers.word.story import Story
from qeu_rag.ingest.readers.word.text_style import UNKNOWN, WHITE
from qeu_rag.ingest.readers.xml_elements import W, is_on, xml_root
from qeu_rag.ingest.remark import counted
from qeu_rag.tables.office_file import check_ooxml

if TYPE_CHECKING:
    from docx.document import Document as DocxDocument


class DocxReader(FileReader):
    """A Word file (.docx) as it is printed: without hidden, struck-out and deleted text, of which it tells.

    ``within``: the file is taken in by another.
    """

    def __init__(self, way: Way = PLAIN, *, within: bool = False) -> None:
        super().__init__(way)
        self._within = within

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError: "encrypted", "damaged", "too_large"."""
        import docx

        source = check_ooxml(Path(file), "word/document.xml")
        document = docx.Document(str(source) if isinstance(source, Path) else source)
        counts: Counter[str] = Counter()
        text = self._text(document, counts)
        title = sensible_title(document.core_properties.title)
        told = (*counted(counts, "deleted", "broken", "embedded", prefix="word_"), *counted(counts, "comments_off"))
        return [page(text, title=title or None, notes=[*left_out(counts), *told])]

    def _text(self, document: DocxDocument, counts: Counter[str]) -> str:
        """The whole document as Markdown: what its page headers tell, below its title, and its body."""
        body = document.element.body
        settle(body, counts)
        story = Story(document, counts, way=self._way, within=self._within)
        blocks = list(story.blocks(body, _ground(document)))

        def read(part: Any) -> Iterator[Block]:
            root = xml_root(part.blob)
            if root is not None:
                settle(root, counts, page_marks=True)
                yield from story.of_header(root, part)

        heads = header_blocks(document, read)
        top = [block for block in blocks if block.kind == "heading" and block.level == 1]
        after = 1 if len(top) == 1 and blocks[0] is top[0] else 0
        return written([*blocks[:after], *heads, *blocks[after:]])


def _ground(document: DocxDocument) -> str:
    """The colour of the paper."""
    background = document.element.find(W + "background")
    if background is None or not is_on(document.settings.element.find(W + "displayBackgroundShape")):
        return WHITE
    colour = str(background.get(W + "color") or "")
    return colour.upper() if len(colour) == 6 else UNKNOWN
