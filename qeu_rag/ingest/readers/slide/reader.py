"""Reads PowerPoint files: each slide's title, text, tables, charts, diagrams, speaker notes and comments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.ingest.readers.office.drawing_text import A, paragraph
from qeu_rag.ingest.readers.office.graphic import graphic
from qeu_rag.ingest.readers.office.ooxml import related
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.page import FileReader, one_line, page, sensible_title
from qeu_rag.ingest.readers.slide.colour import backgrounds
from qeu_rag.ingest.readers.slide.lists import Marks
from qeu_rag.ingest.readers.slide.notes_and_comments import Furniture, authors, comments
from qeu_rag.ingest.readers.table.blocks import one_table
from qeu_rag.ingest.readers.table.grid import Grid
from qeu_rag.ingest.readers.typeset.raised import left_out
from qeu_rag.ingest.readers.xml_elements import ALTERNATE, children, first_shown, local, on, whole
from qeu_rag.ingest.remark import counted
from qeu_rag.tables.office_file import check_ooxml

if TYPE_CHECKING:
    from pptx.slide import Slide

_SMALL_TEXT = frozenset(("DATE", "FOOTER", "SLIDE_NUMBER", "HEADER"))
_SHAPES = frozenset(("sp", "grpSp", "graphicFrame", "pic", "cxnSp"))
_BODIES = frozenset(("BODY", "OBJECT", "VERTICAL_BODY", "VERTICAL_OBJECT"))
_DEEPEST = 20
_MOST_SPANNED = 100


class PptxReader(FileReader):
    """A PowerPoint file (.pptx), one document a slide; hidden slides are left out and noted."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document a slide. Raises ReadError: "encrypted", "damaged", "too_large"."""
        from pptx import Presentation

        source = check_ooxml(Path(file), "ppt/presentation.xml")
        presentation = Presentation(str(source) if isinstance(source, Path) else source)
        title = sensible_title(presentation.core_properties.title) or None
        numbered = list(enumerate(presentation.slides, 1))
        seen = [(number, slide) for number, slide in numbered if slide.element.get("show") not in {"0", "false"}]
        reader = _Reader(authors(presentation.part), self._way)
        pages = [(number, reader.text(slide)) for number, slide in seen]
        reader.counts["hidden_slides"] = len(numbered) - len(seen)
        told = counted(reader.counts, "hidden_slides", "embedded", "comments_off")
        notes = [*told, *left_out(reader.counts)]
        return [page(text, number=number, title=title, notes=notes) for number, text in pages]


class _Reader:
    """Reads the slides of one presentation, and counts what does not count."""

    def __init__(self, people: dict[str, str], way: Way) -> None:
        self.counts: Counter[str] = Counter()
        self._people, self._way, self._furniture = people, way, Furniture()

    def text(self, slide: Slide) -> str:
        """One slide as Markdown; what stands on every slide is told on the first that has it."""
        title_shape = slide.shapes.title
        title = one_line(self._plain(title_shape.element)) if title_shape is not None else ""
        parts = [f"# {title}"] if title else []
        shapes = list(_shapes(slide.element.cSld.spTree, slide))
        behind = backgrounds(slide, shapes)
        for shape in _in_reading_order(shapes):
            if title_shape is None or shape.shape_id != title_shape.shape_id:
                parts += self._shape(shape, slide, behind.get(shape.shape_id, ""), 0)
        if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
            parts.append(escape(self._plain(frame._txBody)))
        remarks = list(comments(slide.part, self._people))
        parts += map(escape, remarks if self._way.comments else ())
        self.counts["comments_off"] += 0 if self._way.comments else len(remarks)
        parts += map(escape, self._furniture.new(slide, self.counts))
        return "\n\n".join(part for part in parts if part.strip())

    def _shape(self, shape: Any, slide: Slide, behind: str, depth: int) -> Iterator[str]:
        kind = _kind(shape)
        if kind in _SMALL_TEXT or depth > _DEEPEST:
            return
        element = shape.element
        named = next((node for node in element.iter() if local(node) == "cNvPr"), None)
        if named is not None and named.get("hidden") is not None and on(named.get("hidden")):
            self.counts["hidden"] += any((t.text or "").strip() for t in element.iter(A + "t"))
        elif local(element) == "grpSp":
            for inner in _in_reading_order(list(_shapes(element, slide))):
                yield from self._shape(inner, slide, behind, depth + 1)
        elif local(element) == "graphicFrame":
            found = element.find(f"{A}graphic/{A}graphicData/{A}tbl")
            yield self._table(found) if found is not None else self._graphic(element, slide)
        elif local(element) == "sp":
            yield self._text(element, behind, listed=kind in _BODIES)

    def _plain(self, element: Any) -> str:
        return "\n".join(filter(None, (paragraph(p, self.counts).strip() for p in element.iter(A + "p"))))

    def _text(self, element: Any, behind: str, *, listed: bool) -> str:
        """The paragraphs of a shape; those of a body placeholder are bullets, indented by their level, or numbered."""
        marks = Marks(listed)
        body = next((part for part in children(element) if local(part) == "txBody"), None)
        paragraphs = body.iterfind(A + "p") if body is not None else ()
        texts = ((paragraph(each, self.counts, behind).strip(), each.find(A + "pPr")) for each in paragraphs)
        return "\n".join(marks.line(text, style) for text, style in texts if text)

    def _table(self, element: Any) -> str:
        grid = Grid()
        for r, row in enumerate(element.iterfind(A + "tr"), 1):
            for c, cell in enumerate(row.iterfind(A + "tc"), 1):
                if on(cell.get("hMerge", "0")) or on(cell.get("vMerge", "0")):
                    continue
                if text := one_line(self._plain(cell)):
                    grid.cells.setdefault(r, {})[c] = text
                down, across = whole(cell.get("rowSpan"), 1), whole(cell.get("gridSpan"), 1)
                if down > 1 or across > 1:
                    grid.merges.append((r, c, r + min(down, _MOST_SPANNED) - 1, c + min(across, _MOST_SPANNED) - 1))
        return one_table(grid)

    def _graphic(self, element: Any, slide: Slide) -> str:
        """The values of a chart, or the words of a SmartArt diagram; empty for other graphics."""
        objects = (node for node in element.iter() if local(node) == "oleObj")
        self.counts["embedded"] += sum(local(node.getparent()) != "Fallback" for node in objects)
        return graphic(element, lambda key: related(slide.part, key), self.counts)


def _shapes(tree: Any, slide: Slide) -> Iterator[Any]:
    """The shapes in a tree or group; of an alternative those of the first choice, or of the second where that has none."""
    from pptx.shapes.shapetree import SlideShapeFactory

    for element in children(tree):
        if element.tag == ALTERNATE:
            yield from first_shown(element, lambda choice: _shapes(choice, slide))
        elif local(element) in _SHAPES:
            yield SlideShapeFactory(element, slide.shapes)


def _kind(shape: Any) -> str:
    """The kind of a placeholder; empty for any other shape."""
    kind = shape.placeholder_format.type if shape.is_placeholder else None
    return str(kind.name) if kind is not None else ""


def _in_reading_order(shapes: list[Any]) -> list[Any]:
    """Placeholders and shapes from the top down and, at about one height, from the left."""
    bands = 457_200  # half an inch in EMU
    return sorted(shapes, key=lambda s: ((s.top or 0) // bands, s.left or 0) if s.top is not None else (0, 0))
