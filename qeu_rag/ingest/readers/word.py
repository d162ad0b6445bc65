"""Reads Word files: headings, numbered paragraphs, lists, tables, text boxes and footnotes, in the order of the document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.archive import check_ooxml
from qeu_rag.ingest.readers.markdown import escape, fence, table
from qeu_rag.ingest.readers.numbering import Numbering
from qeu_rag.ingest.readers.page import one_line, page, sensible_title

if TYPE_CHECKING:
    from docx.document import Document as DocxDocument

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_ALTERNATE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_HEADING_NAME = re.compile(r"^(?:heading|見出し|标题|標題|제목|überschrift|titre)\s*([1-9１-９])$", re.I)
_TITLE_NAME = re.compile(r"^(?:title|表題|タイトル)$", re.I)
_CONTENTS_NAME = re.compile(r"^(?:toc|目次)\s*(?:[1-9１-９]|heading|見出し|の見出し)$", re.I)
_CODE_NAME = re.compile(
    r"^(?:source code|code|コード|ソースコード|html preformatted|html 書式付き|preformatted text|macro text)$", re.I
)
_SKIPPED = frozenset(
    _W + name
    for name in ("instrText", "delText", "del", "moveFrom", "rt", "rPr", "pPr", "txbxContent", "pict", "object")
)
_MATH = {
    _M + "f": ("num", "/", "den"),
    _M + "sSup": ("e", "^", "sup"),
    _M + "sSub": ("e", "_", "sub"),
    _M + "rad": ("deg", "√", "e"),
}
_NESTED_TABLE = re.compile(r"(?<!\\)\|(?: --- \|)*")
_BREAKS = {_W + "tab": "\t", _W + "br": "\n", _W + "cr": "\n", _W + "noBreakHyphen": "-", _W + "ptab": "\t"}
_WRAPPERS = frozenset(_W + name for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"))


class DocxReader(BaseReader):
    """A Word file (.docx) without its page headers and footers, table of contents and deleted text."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError: "encrypted", "damaged", "too_large"."""
        import docx

        check_ooxml(Path(file), "word/document.xml")
        document = docx.Document(str(file))
        text = _Body(document).text()
        title = sensible_title(document.core_properties.title)
        return [page(text, title=title or None)]


class _Body:
    """Walks through one document's body; it holds the styles and the running numbers."""

    def __init__(self, document: DocxDocument) -> None:
        self._document = document
        self._styles = {s.style_id: s for s in document.styles if s.style_id}
        self._numbering = Numbering(document)

    def text(self) -> str:
        """The whole document as Markdown."""
        blocks: list[tuple[str, str]] = list(self._blocks(self._document.element.body))
        parts: list[str] = []
        previous = ""
        for kind, block in blocks:
            if kind == "code" and previous == "code":
                parts[-1] += "\n" + block
            elif block.strip():
                parts.append(("\n" if kind == previous == "list" else "\n\n") * bool(parts) + block)
            else:
                continue
            previous = kind
        return "".join(self._fenced(part) for part in parts) + self._footnotes()

    @staticmethod
    def _fenced(part: str) -> str:
        lead = part[: len(part) - len(part.lstrip("\n"))]
        return lead + fence(part.strip("\n").replace("\x00", "")) if "\x00" in part else part

    def _blocks(self, parent: Any) -> Iterator[tuple[str, str]]:
        """The blocks below ``parent``, each with its kind: "text", "list", "code", "heading" or "table"."""
        for child in parent:
            if child.tag == _W + "p":
                yield from self._paragraph(child)
            elif child.tag == _W + "tbl":
                yield from self._table(child)
            elif child.tag == _ALTERNATE:
                yield from self._blocks(child[0])
            elif child.tag in _WRAPPERS and not _is_contents(child):
                yield from self._blocks(child)

    def _paragraph(self, paragraph: Any) -> Iterator[tuple[str, str]]:
        names, outline, numbered = self._style_of(paragraph)
        if any(_CONTENTS_NAME.match(name) for name in names):
            return
        text = inline(paragraph)
        level = _level(names, outline)
        label = self._numbering.label(*numbered) if numbered and text.strip() else None
        if any(_CODE_NAME.match(name) for name in names):
            # NUL, which XML cannot hold, marks code until neighbouring paragraphs have become one block.
            yield "code", "\x00" + text.replace("\n", "\n\x00")
        elif level and text.strip():
            words = one_line(text)
            yield "heading", f"{'#' * min(level, 6)} {label.text + ' ' if label and not label.bullet else ''}{words}"
        elif label:
            mark = label.mark
            indent = "  " * label.level
            yield "list", indent + mark + text.strip().replace("\n", "\n" + indent + " " * len(mark))
        else:
            yield "text", escape(_trimmed(text))
        for box in _text_boxes(paragraph):
            yield from self._blocks(box)

    def _style_of(self, paragraph: Any) -> tuple[list[str], int | None, tuple[int, int] | None]:
        """The style names up the chain, the outline level (0..8) and the numbering (id, level), nearest first."""
        names: list[str] = []
        properties = paragraph.find(_W + "pPr")
        outline, number, level = _own(properties)
        reference = properties.find(_W + "pStyle") if properties is not None else None
        style_id = reference.get(_W + "val") if reference is not None else None
        seen: set[str] = set()
        while style_id and style_id not in seen and style_id in self._styles:
            seen.add(style_id)
            style = self._styles[style_id]
            names.append(str(style.name or ""))
            inherited = _own(style.element.find(_W + "pPr"))
            outline = inherited[0] if outline is None else outline
            if number is None and inherited[1] is not None:
                number, level = inherited[1], level if level is not None else inherited[2]
            base = style.element.find(_W + "basedOn")
            style_id = base.get(_W + "val") if base is not None else None
        return names, outline, (number, level or 0) if number else None

    def _table(self, element: Any) -> Iterator[tuple[str, str]]:
        grid: list[list[str]] = []
        above: dict[int, str] = {}
        rows = list(_descend(element, _W + "tr"))
        for row in rows:
            line: list[str] = []
            for cell in _descend(row, _W + "tc"):
                properties = cell.find(_W + "tcPr")
                width, continues = _cell_shape(properties)
                text = above.get(len(line), "") if continues else self._cell(cell)
                above[len(line)] = text
                line += [text] + [""] * (width - 1)
            grid.append(line)
        if max(map(len, grid), default=0) == 1:
            # A table of one column is a frame around text.
            for row in rows:
                for cell in _descend(row, _W + "tc"):
                    yield from self._blocks(cell)
        else:
            yield "table", table(grid)

    def _cell(self, cell: Any) -> str:
        return " ".join(
            block.replace("\x00", "").replace("\\|", "|") for _, block in self._blocks(cell) if block.strip()
        )

    def _footnotes(self) -> str:
        """The footnotes and endnotes, in order, after the text."""
        from lxml import etree

        lines: list[str] = []
        for relation in self._document.part.rels.values():
            if relation.is_external or not relation.reltype.endswith(("/footnotes", "/endnotes")):
                continue
            root = etree.fromstring(relation.target_part.blob, etree.XMLParser(resolve_entities=False))
            for note in root:
                if isinstance(note.tag, str) and note.get(_W + "type") in {None, "normal"}:
                    text = one_line(" ".join(inline(p) for p in note.iter(_W + "p")))
                    lines += [f"[{len(lines) + 1}] {text}"] if text else []
        return "\n\n" + "\n".join(lines) if lines else ""


def inline(element: Any) -> str:
    """The visible text of a paragraph: breaks and tabs kept, formulas in line, nothing deleted, no ruby, no text boxes."""
    parts = []
    for child in element:
        if child.tag in _BREAKS:
            parts.append(_BREAKS[child.tag])
        elif child.tag in (_W + "t", _M + "t"):
            parts.append(child.text or "")
        elif child.tag in _MATH:
            parts.append(_math(child))
        elif child.tag == _ALTERNATE:
            continue  # A drawing; its text boxes are read after the paragraph.
        elif isinstance(child.tag, str) and child.tag not in _SKIPPED:
            parts.append(inline(child))
    return "".join(parts)


def _math(element: Any) -> str:
    """A fraction, power, index or root on one line, with brackets where it needs them."""
    first, sign, second = _MATH[element.tag]
    sides = []
    for name in (first, second):
        part = element.find(_M + name)
        text = inline(part).strip() if part is not None else ""
        sides.append(text if len(text) <= 1 or (text.isalnum() and sign != "^") or text.isdecimal() else f"({text})")
    return sign.join(sides)


def _trimmed(text: str) -> str:
    return "\n".join(line.strip(" \t") for line in text.split("\n")).strip("\n")


def _text_boxes(paragraph: Any) -> Iterator[Any]:
    """The outermost text boxes anchored in ``paragraph``; of a drawing and its fallback for old programs, only one."""
    for child in paragraph:
        if child.tag == _W + "txbxContent":
            yield child
        elif child.tag == _ALTERNATE:
            yield from _text_boxes(child[:1])
        else:
            yield from _text_boxes(child)


def _is_contents(element: Any) -> bool:
    """Whether a content control is a table of contents."""
    gallery = element.find(f"{_W}sdtPr/{_W}docPartObj/{_W}docPartGallery")
    return gallery is not None and gallery.get(_W + "val") == "Table of Contents"


def _own(properties: Any) -> tuple[int | None, int | None, int | None]:
    """The outline level, numbering id and numbering level that ``pPr`` itself sets."""
    if properties is None:
        return None, None, None
    values = (
        properties.find(_W + "outlineLvl"),
        properties.find(f"{_W}numPr/{_W}numId"),
        properties.find(f"{_W}numPr/{_W}ilvl"),
    )
    numbers = [v.get(_W + "val") if v is not None else None for v in values]
    outline, number, level = (int(n) if n is not None and n.lstrip("-").isdecimal() else None for n in numbers)
    return outline, number, level


def _level(names: list[str], outline: int | None) -> int:
    """The heading level of a paragraph, from its style's name or its outline level; 0 for body text."""
    for name in names:
        if match := _HEADING_NAME.match(name):
            return int(match[1])
        if _TITLE_NAME.match(name):
            return 1
    return outline + 1 if outline is not None and 0 <= outline <= 8 else 0


def _cell_shape(properties: Any) -> tuple[int, bool]:
    """How many columns a cell spans, and whether it continues the cell above."""
    if properties is None:
        return 1, False
    span, merge = properties.find(_W + "gridSpan"), properties.find(_W + "vMerge")
    width = str(span.get(_W + "val")) if span is not None else "1"
    continues = merge is not None and merge.get(_W + "val", "continue") == "continue"
    return max(1, min(int(width), 200)) if width.isdecimal() else 1, continues


def _descend(element: Any, tag: str) -> Iterator[Any]:
    """The children with ``tag``, also inside content controls and accepted insertions."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _descend(child, tag)
