"""What colour stands behind the text of a slide's shapes, where that can be told for certain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qeu_rag.ingest.readers.office.drawing_text import A, plain_colour
from qeu_rag.ingest.readers.xml_elements import children, local

if TYPE_CHECKING:
    from pptx.slide import Slide

_MOST = 200


def backgrounds(slide: Slide, shapes: Sequence[Any]) -> dict[int, str]:
    """Six hex digits by the number of each shape that has its own plain colour, or stands on the slide's with nothing between."""
    found: dict[int, str] = {}
    bare = _slide_colour(slide)
    for i, shape in enumerate(shapes[:_MOST]):
        own = next((part for part in children(shape.element) if local(part) == "spPr"), None)
        fill = own.find(A + "solidFill") if own is not None else None
        if fill is not None:
            found[shape.shape_id] = plain_colour(fill)
        elif bare and not _dressed(shape) and not any(_touch(shape, other) for other in shapes[:i]):
            found[shape.shape_id] = bare
    return found


def _dressed(shape: Any) -> bool:
    """Whether a shape may have a colour that is not written at it: a style, a gradient or picture, or a placeholder's."""
    kinds = {local(part) for part in shape.element.iter()}
    return shape.is_placeholder or bool(kinds & {"style", "gradFill", "blipFill", "pattFill", "grpSp"})


def _touch(a: Any, b: Any) -> bool:
    if None in (a.left, a.top, b.left, b.top):
        return True
    return bool(
        a.left < b.left + (b.width or 0)
        and b.left < a.left + (a.width or 0)
        and a.top < b.top + (b.height or 0)
        and b.top < a.top + (a.height or 0)
    )


def _slide_colour(slide: Slide) -> str:
    """The plain colour of the slide's background; empty where it is not plain, or the layout draws on it."""
    layout = slide.slide_layout
    master = layout.slide_master
    for root in (layout.element, master.element):
        kinds = {local(shape) for shape in children(root.cSld.spTree)} - {"nvGrpSpPr", "grpSpPr", "sp", "extLst"}
        if kinds or any(local(s) == "sp" and not any(local(n) == "ph" for n in s.iter()) for s in root.cSld.spTree):
            return ""
    mapping = next((part for part in children(master.element) if local(part) == "clrMap"), None)
    if mapping is None or mapping.get("bg1") != "lt1":
        return ""
    for root in (slide.element, layout.element, master.element):
        ground = next((part for part in children(root.cSld) if local(part) == "bg"), None)
        if ground is not None:
            kind = next(children(ground), None)
            if kind is None:
                return ""
            return plain_colour(kind if local(kind) == "bgRef" else kind.find(A + "solidFill"))
    return ""
