"""Reads PowerPoint files: each slide's title, text, tables, charts, diagrams and speaker notes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.archive import check_ooxml
from qeu_rag.ingest.readers.markdown import escape, table
from qeu_rag.ingest.readers.page import one_line, page, sensible_title
from qeu_rag.ingest.remark import Remark

if TYPE_CHECKING:
    from pptx.slide import Slide

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_DIAGRAM = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/diagramData"
_SMALL_TEXT = frozenset(("DATE", "FOOTER", "SLIDE_NUMBER", "HEADER"))


class PptxReader(BaseReader):
    """A PowerPoint file (.pptx), one document a slide; hidden slides are left out and noted."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document a slide. Raises ReadError: "encrypted", "damaged", "too_large"."""
        from pptx import Presentation

        check_ooxml(Path(file), "ppt/presentation.xml")
        presentation = Presentation(str(file))
        title = sensible_title(presentation.core_properties.title) or None
        numbered = list(enumerate(presentation.slides, 1))
        shown = [(number, slide) for number, slide in numbered if slide.element.get("show") not in {"0", "false"}]
        hidden = len(numbered) - len(shown)
        notes = [Remark(key="hidden_slides", values={"count": hidden})] if hidden else []
        return [page(_slide(slide), number=number, title=title, notes=notes) for number, slide in shown]


def _slide(slide: Slide) -> str:
    title_shape = slide.shapes.title
    title = one_line(title_shape.text_frame.text) if title_shape is not None else ""
    parts = [f"# {title}"] if title else []
    for shape in _in_reading_order(slide.shapes):
        if title_shape is None or shape.shape_id != title_shape.shape_id:
            parts += [part for part in _shape(shape, slide) if part.strip()]
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
        parts.append(escape(frame.text.strip()))
    return "\n\n".join(part for part in parts if part)


def _in_reading_order(shapes: Any) -> list[Any]:
    """Placeholders and shapes from the top down and, at about one height, from the left."""
    bands = 457_200  # half an inch in EMU
    return sorted(shapes, key=lambda s: ((s.top or 0) // bands, s.left or 0) if s.top is not None else (0, 0))


def _shape(shape: Any, slide: Slide) -> Iterator[str]:
    kind = shape.placeholder_format.type if shape.is_placeholder else None
    if kind is not None and kind.name in _SMALL_TEXT:
        return
    if hasattr(shape, "shapes"):
        for inner in _in_reading_order(shape.shapes):
            yield from _shape(inner, slide)
    elif getattr(shape, "has_table", False) and shape.has_table:
        yield _table(shape.table)
    elif getattr(shape, "has_chart", False) and shape.has_chart:
        yield _chart(shape.chart)
    elif shape.has_text_frame:
        yield _text(shape.text_frame, listed=shape.is_placeholder and _is_body(shape))
    else:
        yield _diagram(shape, slide)


def _is_body(shape: Any) -> bool:
    kind = shape.placeholder_format.type
    return kind is not None and kind.name in {"BODY", "OBJECT", "VERTICAL_BODY", "VERTICAL_OBJECT"}


def _text(frame: Any, *, listed: bool) -> str:
    """The paragraphs of a frame; those of a body placeholder are bullets, indented by their level."""
    lines = []
    for paragraph in frame.paragraphs:
        text = "".join(paragraph.text).replace("\v", "\n").strip()
        if not text:
            continue
        indent = "  " * paragraph.level
        bare = not listed or paragraph._p.find(f"{_A}pPr/{_A}buNone") is not None
        lines.append(
            escape(text) if bare and not paragraph.level else f"{indent}- " + text.replace("\n", f"\n{indent}  ")
        )
    return "\n".join(lines)


def _table(element: Any) -> str:
    rows = []
    for row in element.rows:
        rows.append([_cell(element, cell) for cell in row.cells])
    return table(_filled_down(element, rows))


def _cell(element: Any, cell: Any) -> str:
    return "" if cell.is_spanned else one_line(cell.text_frame.text)


def _filled_down(element: Any, rows: list[list[str]]) -> list[list[str]]:
    """The rows with what spans several of them repeated in each."""
    for r, row in enumerate(element.rows):
        for c, cell in enumerate(row.cells):
            if cell.is_merge_origin:
                for below in range(r + 1, min(r + cell.span_height, len(rows))):
                    rows[below][c] = rows[r][c]
    return rows


def _chart(chart: Any) -> str:
    """A chart's title and its values as a table, one row a category."""
    title = one_line(chart.chart_title.text_frame.text) if chart.has_title and chart.chart_title.has_text_frame else ""
    try:
        plot = chart.plots[0]
        series = [(str(s.name or ""), list(s.values)) for s in chart.series]
        categories = [str(c) for c in plot.categories]
    except (AttributeError, IndexError, KeyError, ValueError, NotImplementedError):
        return escape(title)
    rows = [["", *(name for name, _ in series)]]
    for i, category in enumerate(categories):
        rows.append([category, *(_number(values[i] if i < len(values) else None) for _, values in series)])
    return "\n\n".join(part for part in (escape(title), table(rows) if len(rows) > 1 else "") if part)


def _number(value: object) -> str:
    return "" if value is None else f"{value:.10g}" if isinstance(value, int | float) else str(value)


def _diagram(shape: Any, slide: Slide) -> str:
    """The words of a SmartArt diagram; empty for other graphics."""
    from lxml import etree

    parts = []
    for node in shape.element.iter("{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"):
        key = node.get("{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm")
        relation = slide.part.rels.get(key) if key else None
        if relation is None or relation.is_external or relation.reltype != _DIAGRAM:
            continue
        root = etree.fromstring(relation.target_part.blob, etree.XMLParser(resolve_entities=False))
        for paragraph in root.iter(f"{_A}p"):
            if text := one_line("".join(t.text or "" for t in paragraph.iter(f"{_A}t"))):
                parts.append(f"- {text}")
    return "\n".join(parts)
