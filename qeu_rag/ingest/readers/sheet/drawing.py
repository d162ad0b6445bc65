"""What is drawn on a sheet: text boxes and shapes, also in groups, charts, diagrams and the labels of check boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.ingest.readers.office.drawing_text import A, paragraph, plain_colour
from qeu_rag.ingest.readers.office.graphic import graphic
from qeu_rag.ingest.readers.office.ooxml import Package, Relation
from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.xml_elements import ALTERNATE, children, first_shown, local, on, whole

_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
_DEEPEST = 20
Placed = tuple[int, int, str, str]
"""Row and column of the upper left corner (from 1; 0 where there is none), the number of a form's control, and the text."""


class Drawing:
    """Reads the drawings of one workbook; ``counts`` has the shapes that are hidden, and text that does not count."""

    def __init__(self, package: Package, counts: Counter[str], controls: Mapping[str, str]) -> None:
        self._package, self._counts, self._controls = package, counts, controls

    def read(self, part: str) -> list[Placed]:
        """All that a drawing part says, from the top down and from the left."""
        root = self._package.try_tree(part)
        relations = self._package.relations(part) if root is not None else {}
        found: list[Placed] = []
        for anchor in _anchors(root):
            start = anchor.find(_DRAWING + "from")
            row, column = (_number(start, "row") + 1, _number(start, "col") + 1) if start is not None else (0, 0)
            found += [(row, column, key, text) for key, text in self._texts(anchor, relations, 0) if text or key]
        return sorted(found, key=lambda placed: placed[:2])

    def _texts(self, parent: Any, relations: Mapping[str, Relation], depth: int) -> Iterator[tuple[str, str]]:
        if depth > _DEEPEST:
            return
        for element in children(parent):
            kind = local(element)
            if element.tag == ALTERNATE:
                yield from first_shown(element, lambda each: self._texts(each, relations, depth + 1))
            elif kind == "grpSp":
                yield from self._texts(element, relations, depth + 1)
            elif kind == "sp":
                yield self._shape(element)
            elif kind == "graphicFrame":
                yield "", self._graphic(element, relations)

    def _shape(self, element: Any) -> tuple[str, str]:
        named = next(element.iter(_DRAWING + "cNvPr"), None)
        key = named.get("id", "") if named is not None else ""
        text = shape_text(element, self._counts)
        if key in self._controls:
            return key, one_line(text)
        if named is not None and named.get("hidden") is not None and on(named.get("hidden")):
            self._counts["hidden"] += bool(text)
            return "", ""
        return "", escape(text)

    def _graphic(self, element: Any, relations: Mapping[str, Relation]) -> str:
        def part(key: str) -> Any | None:
            return self._package.try_tree(relations[key].target) if key in relations else None

        return graphic(element, part, self._counts)


def _anchors(root: Any) -> Iterator[Any]:
    """The anchors of a drawing; those of newer kinds stand in an alternative."""
    for element in children(root):
        if element.tag == ALTERNATE:
            yield from first_shown(element, children)
        else:
            yield element


def _number(element: Any, name: str) -> int:
    return whole(element.findtext(_DRAWING + name))


def shape_text(element: Any, counts: Counter[str]) -> str:
    """The paragraphs of a shape, each on its line; text in the colour that the shape is filled with is left out."""
    fill = next((f for p in children(element) if local(p) == "spPr" for f in p.iterfind(A + "solidFill")), None)
    background = plain_colour(fill)
    body = next((part for part in children(element) if local(part) in {"txBody", "txbxContent"}), None)
    lines = [paragraph(p, counts, background).strip() for p in (body.iter(A + "p") if body is not None else ())]
    return "\n".join(filter(None, lines))
