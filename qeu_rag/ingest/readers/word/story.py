"""Walks through the paragraphs and tables of a Word document, its text boxes and headers, and gives their blocks in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qeu_rag.ingest.readers.markup.markdown import table
from qeu_rag.ingest.readers.notes_and_comments import comment
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.table.repeated_keys import with_keys_again
from qeu_rag.ingest.readers.typeset.runs import with_notes
from qeu_rag.ingest.readers.word.blocks import Block
from qeu_rag.ingest.readers.word.drawings import over_pictures, said
from qeu_rag.ingest.readers.word.embedded import taken_in
from qeu_rag.ingest.readers.word.fields import settle
from qeu_rag.ingest.readers.word.headers import watermark
from qeu_rag.ingest.readers.word.inline import Inline, Paragraph, mark_is
from qeu_rag.ingest.readers.word.notes import Notes
from qeu_rag.ingest.readers.word.numbering import Numbering
from qeu_rag.ingest.readers.word.styles import Shape, Styles
from qeu_rag.ingest.readers.word.tables import Cell, Row, cell_state, descend, lay_out, merged_beside, row_state
from qeu_rag.ingest.readers.word.text_style import UNKNOWN, WHITE, Looks, shade
from qeu_rag.ingest.readers.xml_elements import RELATION, W

if TYPE_CHECKING:
    from docx.document import Document as DocxDocument

_BLOCKS = tuple(W + name for name in ("p", "tbl", "altChunk", "subDoc"))


class Story:
    """The walk through one document; it holds the styles, the notes and the running numbers."""

    def __init__(self, document: DocxDocument, counts: Counter[str], *, way: Way, within: bool) -> None:
        self._part: Any = document.part
        self._counts = counts
        self._way, self._within = way, within
        self._in_header = False
        self._looks, self._styles, self._notes = Looks(document), Styles(document), Notes(document)
        self._inline = Inline(self._looks, self._notes, counts)
        self._numbering = Numbering(document)
        self._once: set[Any] = set()
        self._over_pictures = over_pictures(document.element.body)
        for root in self._notes.stories():
            settle(root, counts)

    def of_header(self, root: Any, part: Any) -> Iterator[Block]:
        """The blocks of a page header or footer, whose watermark is told as such."""
        own, self._part, self._in_header = self._part, part, True
        yield from list(self.blocks(root, WHITE))
        self._part, self._in_header = own, False

    def blocks(self, parent: Any, ground: str) -> Iterator[Block]:
        """The blocks below ``parent``, on a page of the colour ``ground``."""
        carried: tuple[Any, Paragraph] | None = None
        for child in descend(parent, *_BLOCKS):
            if child.tag == W + "p":
                line = self._inline.paragraph(child, UNKNOWN if child in self._over_pictures else ground)
                shape_of = child
                if carried:
                    shape_of = child if line else carried[0]
                    line = carried[1] + line
                carried = (shape_of, line) if self._joins_next(child) else None
                if not carried:
                    yield from self._paragraph(shape_of, line, ground)
                continue
            if carried:
                yield from self._paragraph(*carried, ground)
                carried = None
            if child.tag == W + "tbl":
                yield from self._table(child, UNKNOWN if child in self._over_pictures else ground)
            else:
                yield from self._taken_in(child)
        if carried:
            yield from self._paragraph(*carried, ground)

    def _joins_next(self, paragraph: Any) -> bool:
        """Whether the paragraph's end does not show: its mark is deleted or hidden, or it is a drop cap."""
        if mark_is(paragraph, "del", "moveFrom"):
            return True
        frame = paragraph.find(f"{W}pPr/{W}framePr")
        if frame is not None and frame.get(W + "dropCap", "none") != "none":
            return True
        hidden = mark_is(paragraph, "vanish") and not mark_is(paragraph, "specVanish")
        return hidden and not self._styles.shape(paragraph).level

    def _paragraph(self, paragraph: Any, line: Paragraph, ground: str) -> Iterator[Block]:
        shape = self._styles.shape(paragraph)
        if shape.contents:
            return
        text, below = with_notes(line.runs, heading=shape.level > 0)
        yield self._block(shape, text)
        for aside in below:
            yield Block("text", aside)
        for drawing in line.drawings:
            yield from self._drawing(drawing, line.text)
        yield from self._remarks(line)

    def _block(self, shape: Shape, text: str) -> Block:
        label = self._numbering.label(*shape.numbered) if shape.numbered else None
        if shape.code:
            return Block("code", text)
        if shape.level and text.strip():
            return Block("heading", text, label.text if label and not label.bullet else "", shape.level)
        if label:
            return Block("list", text, label.mark, label.level)
        return Block("text", text)

    def _remarks(self, line: Paragraph) -> Iterator[Block]:
        for key in line.comments:
            found = self._notes.comment(key)
            if found is None or found.element in self._once:
                continue
            self._once.add(found.element)
            if not self._way.comments:
                self._counts["comments_off"] += 1
            elif text := self._inline.words(found.element):
                yield Block("text", comment(found.author, text, line.text, resolved=found.resolved))

    def _drawing(self, drawing: Any, beside: str) -> Iterator[Block]:
        for kind, content in said(drawing, self._part, self._counts):
            if kind == "lettering":
                yield watermark(content, beside) if self._in_header else Block("markdown", content)
            elif kind == "text":
                yield Block("markdown", content)
            else:
                yield from self.blocks(content, kind)

    def _taken_in(self, chunk: Any) -> Iterator[Block]:
        relation = self._part.rels.get(str(chunk.get(RELATION + "id")))
        known = relation is not None and not relation.is_external and relation.target_part not in self._once
        text = taken_in(relation.target_part, self._way, within=self._within) if known else None
        self._once.update([relation.target_part] if known else [])
        if text:
            yield Block("markdown", text)
        else:
            self._counts["embedded"] += 1

    def _table(self, element: Any, ground: str) -> Iterator[Block]:
        ground = self._looks.table_ground(element, ground)
        rows: list[Row] = []
        contents: list[list[list[Block]]] = []
        for row in descend(element, W + "tr"):
            gone, before, after, header = row_state(row)
            if gone:
                self._counts[gone] += bool("".join(t.text or "" for t in row.iter(W + "t", W + "delText")).strip())
                continue
            cells = list(descend(row, W + "tc"))
            states = [cell_state(cell) for cell in cells]
            read = [self._cell(c, ground, gone) for c, (_, _, gone) in zip(cells, states, strict=True)]
            made = [
                Cell(_one_line(blocks), across, goes_on, [b for b in blocks if b.kind == "markdown"])
                for blocks, (across, goes_on, _) in zip(read, states, strict=True)
            ]
            made = merged_beside(made, [gone for *_, gone in states])
            rows.append(Row([Cell("")] * before + made + [Cell("")] * after, header))
            contents.append(read)
        if (len(rows) == 1 and any(cell.tables for cell in rows[0].cells)) or _is_frame(rows):
            for blocks in (blocks for row_blocks in contents for blocks in row_blocks):
                yield from blocks
            return
        yield from _laid_out(rows)

    def _cell(self, cell: Any, ground: str, gone: str) -> list[Block]:
        if gone == "left":
            return []
        if gone == "deleted":
            self._counts["deleted"] += bool("".join(t.text or "" for t in cell.iter(W + "t", W + "delText")).strip())
            return []
        own = shade(cell.find(f"{W}tcPr/{W}shd"))
        return list(self.blocks(cell, ground if own is None else own))


def _laid_out(rows: list[Row]) -> Iterator[Block]:
    """A table as blocks; the tables in its cells follow it, each below the words of its row and column."""
    titles, grid = lay_out(rows)
    for title in titles:
        yield Block("text", title)
    yield Block("markdown", table([*grid[:1], *with_keys_again(grid[1:])]))
    heads = dict(enumerate(grid[0])) if grid else {}
    for row in rows:
        first = row.cells[0].text if row.cells else ""
        for column, cell in row.starts():
            for inner in cell.tables:
                place_words = [first if column else "", heads.get(column, ""), cell.text]
                words = " ".join(dict.fromkeys(word for word in place_words if word))
                yield Block("text", words)
                yield inner


def _is_frame(rows: list[Row]) -> bool:
    """Whether a table is one column, which is a frame around text."""
    return max((sum(cell.across for cell in row.cells) for row in rows), default=0) == 1


def _one_line(blocks: list[Block]) -> str:
    """What a cell says; of an empty paragraph its number, which many tables have alone in their first column."""
    return " ".join(
        words
        for block in blocks
        if block.kind != "markdown" and (block.text.strip() or block.label.strip(" -")) and (words := block.words)
    )
