"""Turns a chart of an Office file into Markdown: its title, and a table of its values as their number formats show them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qeu_rag.ingest.readers.markup.markdown import escape, table
from qeu_rag.ingest.readers.office.drawing_text import A, paragraph
from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.xml_elements import children, local, on, whole
from qeu_rag.tables.cells import shown

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_MOST_POINTS = 5_000
_MOST_SERIES = 255
_EXACT = "0.##########"


@dataclass(slots=True)
class _Series:
    """The name of a row of values, and its columns by the place of each point: x or categories, values, sizes of bubbles."""

    name: str
    labels: Mapping[int, str]
    columns: list[Mapping[int, str]] = field(default_factory=list)
    scattered: bool = False


def chart_text(root: Any) -> str:
    """The chart in a chart part's root, also one of the newer kinds (``cx:``), as Markdown; empty for what is none."""
    if not str(root.tag).startswith(_C):
        return _newer(root)
    plot = next(root.iter(_C + "plotArea"), None)
    if plot is None:
        return ""
    start = root.find(_C + "date1904")
    series = list(_all_series(plot, from_1904=start is not None and on(start.get("val"))))
    chart = root.find(_C + "chart")
    title = _words(chart.find(_C + "title")) if chart is not None else ""
    across, upright = _axes(plot)
    lines = filter(None, (title, " / ".join(dict.fromkeys(upright))))
    blocks = ["\n".join(map(escape, lines)), *_tables(series, across), _labels(plot)]
    return "\n\n".join(block for block in blocks if block)


def _axes(plot: Any) -> tuple[str, list[str]]:
    """The title of the axis of categories or x values, and those of the axes of values."""
    found = [(local(axis), _words(axis.find(_C + "title"))) for axis in children(plot) if local(axis).endswith("Ax")]
    named = {kind for kind, _ in found}
    if named & {"catAx", "dateAx"}:
        across = next((title for kind, title in found if kind in {"catAx", "dateAx"} and title), "")
        return across, [title for kind, title in found if kind not in {"catAx", "dateAx"} and title]
    places = [axis.find(_C + "axPos") for axis in children(plot) if local(axis) == "valAx"]
    flat = [place is not None and place.get("val") in {"b", "t"} for place in places]
    titles = [title for kind, title in found if kind == "valAx"]
    across = next((title for title, low in zip(titles, flat, strict=True) if low and title), "")
    return across, [title for title, low in zip(titles, flat, strict=True) if title and not low]


def _all_series(plot: Any, *, from_1904: bool) -> Iterator[_Series]:
    forms = [f for axis in plot.iterfind(_C + "valAx") for f in axis.iterfind(_C + "numFmt")]
    usual = next((f.get("formatCode") or "" for f in forms if not on(f.get("sourceLinked", "0"))), "")
    if "%" in usual:  # an axis has fewer decimals than its values, and says nothing of them where bars share 100 %
        shared = any(kind.get("val") == "percentStacked" for kind in plot.iter(_C + "grouping"))
        usual = "" if shared else f"{_EXACT}%"
    dates = next(
        (f.get("formatCode", "") for axis in plot.iterfind(_C + "dateAx") for f in axis.iterfind(_C + "numFmt")), ""
    )
    for kind in children(plot):
        for element in list(kind.iterfind(_C + "ser"))[:_MOST_SERIES]:
            name = _name(element.find(_C + "tx"))
            form = _label_format(element) or _label_format(kind)
            x = element.find(_C + "xVal")
            scattered = x is not None or element.find(_C + "yVal") is not None
            labels = _points(x if scattered else element.find(_C + "cat"), "", from_1904=from_1904, usual=dates)
            values = element.find(_C + ("yVal" if scattered else "val"))
            made = _Series(name, labels, [_points(values, form, from_1904=from_1904, usual=usual)])
            made.scattered = scattered
            if sizes := _points(element.find(_C + "bubbleSize"), "", from_1904=from_1904):
                made.columns.append(sizes)
            yield made


def _label_format(element: Any) -> str:
    """The number format that labels at the points have of their own."""
    labels = element.find(_C + "dLbls")
    form = labels.find(_C + "numFmt") if labels is not None else None
    seen = labels.find(_C + "showVal") if labels is not None else None
    if form is None or on(form.get("sourceLinked", "0")) or seen is None or not on(seen.get("val")):
        return ""
    return str(form.get("formatCode", ""))


def _points(element: Any, form: str, *, from_1904: bool, usual: str = "") -> dict[int, str]:
    """The texts of an element's points by their places; names on several levels are joined from the outermost.

    They have the format ``form``, else their own, else ``usual``.
    """
    if element is None:
        return {}
    if levels := list(element.iter(_C + "lvl")):
        return _levels(levels)
    cache = next((c for c in element.iter() if local(c) in {"numCache", "strCache", "numLit", "strLit"}), None)
    if cache is None:
        return {}
    numeric = local(cache) in {"numCache", "numLit"}
    common = (cache.findtext(_C + "formatCode") or "General").strip()
    if common == "General" and usual:
        common = usual
    found = {}
    for point in list(cache.iterfind(_C + "pt"))[:_MOST_POINTS]:
        text = point.findtext(_C + "v") or ""
        own = form or point.get("formatCode") or common
        found[_place(point)] = _number(text, own, from_1904) if numeric else one_line(text)
    return found


def _place(point: Any) -> int:
    return whole(point.get("idx"))


def _number(text: str, form: str, from_1904: bool) -> str:
    try:
        value = float(text)
    except ValueError:
        return text
    return shown(value, form, from_1904=from_1904)


def _levels(levels: Sequence[Any]) -> dict[int, str]:
    """Categories below groups: each level names the first place of its group; the innermost level comes first."""
    inner = {
        _place(p): one_line(p.findtext(_C + "v") or "") for p in list(levels[0].iterfind(_C + "pt"))[:_MOST_POINTS]
    }
    found = {place: [text] for place, text in inner.items()}
    for level in levels[1:5]:
        starts = sorted(
            (_place(p), one_line(p.findtext(_C + "v") or "")) for p in list(level.iterfind(_C + "pt"))[:_MOST_POINTS]
        )
        group, at = "", 0
        for place in sorted(found):
            while at < len(starts) and starts[at][0] <= place:
                group, at = starts[at][1], at + 1
            found[place].insert(0, group)
    return {place: " ".join(filter(None, texts)) for place, texts in found.items()}


def _tables(series: Sequence[_Series], across: str) -> Iterator[str]:
    """One table of the series that have the same categories or x values, and one of each other."""
    groups: list[list[_Series]] = []
    for each in series:
        same = next(
            (group for group in groups if group[0].labels == each.labels and group[0].scattered == each.scattered), None
        )
        if same is None and not each.labels and groups and not each.scattered:
            same = groups[0]
        if same is None:
            groups.append([each])
        else:
            same.append(each)
    for group in groups:
        labels = group[0].labels
        places = sorted({place for each in group for column in each.columns for place in column} | set(labels))
        head = across or ("X" if group[0].scattered else "")
        names = [each.name if i == 0 else f"{each.name} ○" for each in group for i in range(len(each.columns))]
        if group[0].scattered and not any(names):
            names = ["Y", *names[1:]]
        rows = [[head or " ", *names]]
        for place in places[:_MOST_POINTS]:
            label = labels.get(place, "" if labels else str(place + 1))
            rows.append([label, *(column.get(place, "") for each in group for column in each.columns)])
        if len(rows) > 1:
            yield table(rows)


def _name(element: Any) -> str:
    if element is None:
        return ""
    found = [one_line(v.text or "") for v in element.iter(_C + "v")]
    return " ".join(filter(None, found)) or _words(element)


def _words(element: Any) -> str:
    """The words of a title: written in the chart, or taken from a cell."""
    if element is None:
        return ""
    counts: Counter[str] = Counter()
    text = " ".join(paragraph(p, counts) for p in element.iter(A + "p"))
    return one_line(text) or one_line(" ".join(v.text or "" for v in element.iter(_C + "v")))


def _labels(plot: Any) -> str:
    """What was written at single points by hand, with the name of the point, whose value it may correct."""
    lines = []
    for series in plot.iter(_C + "ser"):
        names = _points(
            next((part for kind in ("cat", "xVal") for part in series.iterfind(_C + kind)), None), "", from_1904=False
        )
        for label in series.iter(_C + "dLbl"):
            words, place = label.find(_C + "tx"), label.find(_C + "idx")
            text = _words(words) if words is not None else ""
            name = names.get(whole(place.get("val", "0"), -1) if place is not None else -1, "")
            if re.search(r"\w", text):
                lines.append(escape(text if not name or name in text else f"{name}: {text}"))
    return "\n".join(lines)


def _newer(root: Any) -> str:
    """A chart of the kinds since Office 2016: waterfall, funnel, treemap and others."""
    space = str(root.tag).rpartition("}")[0] + "}"
    if not space.startswith("{http://schemas.microsoft.com/office/drawing/") or local(root) != "chartSpace":
        return ""
    title = next(root.iter(space + "title"), None)
    counts: Counter[str] = Counter()
    words = "" if title is None else one_line(" ".join(paragraph(p, counts) for p in title.iter(A + "p")))
    if title is not None and not words:
        words = one_line(" ".join(v.text or "" for v in title.iter(space + "v")))
    data = {element.get("id", ""): element for element in root.iter(space + "data")}
    made = []
    every = list(root.iter(space + "series"))[:_MOST_SERIES]
    if not every:
        made = [_newer_series("", element, space) for element in list(data.values())[:_MOST_SERIES]]
    for series in every:
        key = series.find(space + "dataId")
        element = data.get(key.get("val", "") if key is not None else "")
        name = one_line(" ".join(v.text or "" for tx in series.iterfind(space + "tx") for v in tx.iter(space + "v")))
        if element is not None:
            made.append(_newer_series(name, element, space))
    return "\n\n".join(filter(None, [escape(words), *_tables(made, "")]))


def _newer_series(name: str, data: Any, space: str) -> _Series:
    return _Series(name, _newer_points(data, space, "strDim"), [_newer_points(data, space, "numDim")])


def _newer_points(data: Any, space: str, kind: str) -> dict[int, str]:
    levels: list[dict[int, str]] = []
    for level in data.iterfind(f"{space}{kind}/{space}lvl"):
        form = level.get("formatCode") or "General"
        points = list(level.iterfind(space + "pt"))[:_MOST_POINTS]
        levels.append(
            {
                _place(p): _number(p.text or "", form, False) if kind == "numDim" else one_line(p.text or "")
                for p in points
            }
        )
    if not levels or kind == "numDim":
        return levels[0] if levels else {}
    return {place: " ".join(filter(None, (level.get(place, "") for level in reversed(levels)))) for place in levels[0]}
