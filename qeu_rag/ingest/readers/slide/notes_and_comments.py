"""What stands beside a slide's own words: comments, footers, and texts that its layout shows on every slide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qeu_rag.ingest.readers import notes_and_comments
from qeu_rag.ingest.readers.office.drawing_text import A, paragraph
from qeu_rag.ingest.readers.office.ooxml import roots
from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.xml_elements import children, local

if TYPE_CHECKING:
    from pptx.slide import Slide

_MOST = 2_000


def authors(presentation: Any) -> dict[str, str]:
    """The names of those who write comments, by their keys."""
    return {
        author.get("id", ""): one_line(author.get("name", ""))
        for root in roots(presentation, "commentAuthors", "authors")
        for author in children(root)
    }


def comments(part: Any, people: dict[str, str]) -> Iterator[str]:
    """The comments on a slide with their replies, set off from its text."""
    for root in roots(part, "comments"):
        said = [node for node in root.iter() if local(node) in {"cm", "reply"}]
        for comment in said[:_MOST]:
            body = next((child for child in children(comment) if local(child) in {"text", "txBody"}), None)
            if body is None:
                continue
            text = body.text or "" if local(body) == "text" else "\n".join(_lines(body, Counter()))
            if text.strip():
                yield notes_and_comments.comment(people.get(comment.get("authorId", ""), ""), one_line(text), "")


class Furniture:
    """Knows what was told already of that which comes on many slides: footers, fixed dates, texts of masters and layouts."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._layouts: set[str] = set()

    def new(self, slide: Slide, counts: Counter[str]) -> Iterator[str]:
        """The texts on this slide that no earlier one had."""
        layout = str(slide.slide_layout.part.partname)
        elements = [*_running(slide), *(() if layout in self._layouts else _printed(slide))]
        if slide.element.get("showMasterSp") not in {"0", "false"}:
            self._layouts.add(layout)
        for element in elements:
            text = "\n".join(_lines(element, counts))
            if text and text not in self._told:
                self._told.add(text)
                yield text


def _running(slide: Slide) -> Iterator[Any]:
    """Footers and fixed dates on the slide."""
    for element in slide.element.cSld.spTree.iter():
        if local(element) == "ph" and element.get("type") in {"ftr", "dt", "hdr"}:
            shape = element.getparent().getparent().getparent()
            if next(shape.iter(A + "fld"), None) is None:  # a date that runs on says nothing
                yield shape


def _printed(slide: Slide) -> Iterator[Any]:
    """The shapes of a slide's layout and master that are no placeholders."""
    if slide.element.get("showMasterSp") in {"0", "false"}:
        return
    layout = slide.slide_layout
    levels = [layout.element]
    if layout.element.get("showMasterSp") not in {"0", "false"}:
        levels.append(layout.slide_master.element)
    for root in levels:
        for shape in root.cSld.spTree.iter():
            if local(shape) == "sp" and not any(local(node) == "ph" for node in shape.iter()):
                yield shape


def _lines(element: Any, counts: Counter[str]) -> list[str]:
    return list(filter(None, (paragraph(p, counts).strip() for p in element.iter(A + "p"))))
