"""Reads the charts and SmartArt diagrams that a drawing in a text, slide or sheet refers to, in parts of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from qeu_rag.ingest.readers.office.chart import chart_text
from qeu_rag.ingest.readers.office.drawing_text import A, paragraph
from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.xml_elements import RELATION, local, whole

_D = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_NO_WORDS = frozenset(("doc", "pres", "parTrans", "sibTrans"))
_DEEPEST = 9
_KEYS = {"chart": "id", "relIds": "dm"}
"""The elements that refer to charts and to diagrams, and the attributes with the relation's key."""


def graphic(element: Any, part: Callable[[str], Any | None], counts: Counter[str]) -> str:
    """What the charts and diagrams in ``element`` say, as Markdown.

    ``part`` gives the root of the part that a relation's key leads to; ``counts`` has what is struck out or not seen.
    """
    made = []
    for node in element.iter():
        kind = local(node)
        key = node.get(RELATION + _KEYS[kind]) if kind in _KEYS else None
        if key and (root := part(key)) is not None:
            made.append(chart_text(root) if kind == "chart" else _diagram(root, counts))
    return "\n\n".join(filter(None, made))


def _diagram(root: Any, counts: Counter[str]) -> str:
    """The words of a SmartArt diagram as a Markdown list, as deep as they hang below each other."""
    points = {str(p.get("modelId")): p for p in root.iter(_D + "pt")}
    below: dict[str, list[tuple[int, str]]] = {}
    for link in root.iter(_D + "cxn"):
        if link.get("type", "parOf") == "parOf":
            child = (whole(link.get("srcOrd")), str(link.get("destId")))
            below.setdefault(str(link.get("srcId")), []).append(child)
    top = [key for key, point in points.items() if point.get("type") == "doc"]
    lines: list[str] = []
    seen: set[str] = set()
    stack = [(key, 0) for key in [*reversed(list(points)), *top]]  # what hangs nowhere comes last
    while stack:
        key, depth = stack.pop()
        if key in seen or key not in points:
            continue
        seen.add(key)
        if points[key].get("type", "node") not in _NO_WORDS:
            lines += [f"{'  ' * min(depth - 1, _DEEPEST)}- {text}" for text in [_words(points[key], counts)] if text]
        elif points[key].get("type") != "doc":
            continue
        stack += [(child, depth + 1) for _, child in sorted(below.get(key, ()), reverse=True)]
    if not points:
        lines = [f"- {text}" for p in root.iter(A + "p") if (text := one_line(paragraph(p, counts)))]
    return "\n".join(lines)


def _words(point: Any, counts: Counter[str]) -> str:
    return one_line(" ".join(paragraph(p, counts) for p in point.iter(A + "p")))
