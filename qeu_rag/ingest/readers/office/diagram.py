"""Reads the part of an Office file that holds a SmartArt diagram: its words as a list, as deep as they hang below each other."""

from __future__ import annotations

from collections import Counter
from typing import Any

from qeu_rag.ingest.readers.office.drawing_text import A, paragraph
from qeu_rag.ingest.readers.page import one_line

_D = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_NO_WORDS = frozenset(("doc", "pres", "parTrans", "sibTrans"))
_DEEPEST = 9


def diagram(root: Any, counts: Counter[str]) -> str:
    """The words of the diagram in a part's root as a Markdown list; ``counts`` has what of it is struck out or not seen."""
    points = {str(p.get("modelId")): p for p in root.iter(_D + "pt")}
    below: dict[str, list[tuple[int, str]]] = {}
    for link in root.iter(_D + "cxn"):
        if link.get("type", "parOf") == "parOf":
            order = str(link.get("srcOrd") or "0")
            child = (int(order) if order.isdecimal() and len(order) < 9 else 0, str(link.get("destId")))
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
