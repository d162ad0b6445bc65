"""Reads the part of an Office file that holds a chart: its title, and its values as a table in their number formats."""

from __future__ import annotations

import datetime
from typing import Any

from qeu_rag.ingest.readers.cells import shown
from qeu_rag.ingest.readers.markdown import escape, table
from qeu_rag.ingest.readers.page import one_line

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_CX = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
_MOST = 5_000
"""Points read of one series; a table of more says nothing to a reader."""
_PAIRED = frozenset((_C + "scatterChart", _C + "bubbleChart"))


def chart(data: bytes, *, epoch: datetime.datetime = datetime.datetime(1899, 12, 30)) -> str:
    """The chart in the XML ``data`` as Markdown: title, names of the axes, and a table; empty if it cannot be read.

    A row is a category; of XY and bubble charts each series is a table of its own pairs. ``epoch`` is the day 0 of its dates.
    """
    from lxml import etree

    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError:
        return ""
    if root.tag.startswith(_CX):
        return _extended(root)
    area = root.find(f".//{_C}plotArea")
    if area is None:
        return ""
    date_1904 = root.find(_C + "date1904")
    if date_1904 is not None and date_1904.get("val", "1") in {"1", "true"}:
        epoch = datetime.datetime(1904, 1, 1)
    parts = [escape(_words(root.find(f"{_C}chart/{_C}title"))), escape("; ".join(_axes(area)))]
    plots = [plot for plot in area if isinstance(plot.tag, str) and plot.tag.endswith("Chart")]
    paired = [series for plot in plots if plot.tag in _PAIRED for series in plot.findall(_C + "ser")]
    others = [(series, plot) for plot in plots if plot.tag not in _PAIRED for series in plot.findall(_C + "ser")]
    parts += [_pairs(series, epoch) for series in paired]
    parts += [_by_category(others, area, epoch)] if others else []
    return "\n\n".join(part for part in parts if part)


def _axes(area: Any) -> list[str]:
    return [name for axis in area if isinstance(axis.tag, str) and (name := _words(axis.find(_C + "title")))]


def _words(element: Any) -> str:
    """The words of a title or a name, typed or taken from a cell."""
    if element is None:
        return ""
    typed = [one_line("".join(t.text or "" for t in p.iter(_A + "t"))) for p in element.iter(_A + "p")]
    cached = [str(v.text or "") for v in element.iter(_C + "v")]
    return one_line(" ".join(part for part in (typed or cached) if part))


def _by_category(series: list[tuple[Any, Any]], area: Any, epoch: datetime.datetime) -> str:
    names = [_words(one.find(_C + "tx")) for one, _ in series]
    values = [_points(one.find(_C + "val"), _form_of(one, plot, area), epoch) for one, plot in series]
    categories: dict[int, str] = {}
    for one, _ in series:
        categories = {**_points(one.find(_C + "cat"), "", epoch), **categories}
    places = sorted({place for points in (*values, categories) for place in points})
    rows = [["", *names]] + [[categories.get(p, str(p + 1)), *(points.get(p, "") for points in values)] for p in places]
    return table(rows) if len(rows) > 1 else ""


def _pairs(series: Any, epoch: datetime.datetime) -> str:
    name = _words(series.find(_C + "tx"))
    columns = [_points(series.find(_C + kind), "", epoch) for kind in ("xVal", "yVal", "bubbleSize")]
    heads = ["x", name or "y", "size"]
    kept = [i for i, column in enumerate(columns) if column]
    places = sorted({place for column in columns for place in column})
    rows = [[heads[i] for i in kept]] + [[columns[i].get(place, "") for i in kept] for place in places]
    return table(rows) if len(rows) > 1 else ""


def _form_of(series: Any, plot: Any, area: Any) -> str:
    """The number format of a series' labels or axis, for values whose own cells have none."""
    own = [element.find(f"{_C}dLbls/{_C}numFmt") for element in (series, plot)]
    wanted = {axis.get("val") for axis in plot.findall(_C + "axId")}
    axes = [
        a for a in area.findall(_C + "valAx") if (key := a.find(_C + "axId")) is not None and key.get("val") in wanted
    ]
    for form in (*own, *(axis.find(_C + "numFmt") for axis in axes)):
        code = str(form.get("formatCode") or "") if form is not None else ""
        if code and code.lower() != "general":
            return code
    return ""


def _points(data: Any, form: str, epoch: datetime.datetime) -> dict[int, str]:
    """The points of a series by their place, in their number format, else in ``form``; several levels in one."""
    if data is None:
        return {}
    cache = next((e for kind in ("numCache", "numLit", "strCache", "strLit") for e in data.iter(_C + kind)), None)
    levels = list(data.iter(_C + "lvl"))
    if levels:
        return _levels(levels)
    if cache is None:
        return {}
    own = str(cache.findtext(_C + "formatCode") or "")
    form = own if own and own.lower() != "general" else form
    number = cache.tag in (_C + "numCache", _C + "numLit")
    found: dict[int, str] = {}
    for point in cache.findall(_C + "pt")[:_MOST]:
        text = one_line(point.findtext(_C + "v") or "")
        found[_place(point)] = _value(text, str(point.get("formatCode") or form), epoch) if number else text
    return found


def _levels(levels: list[Any]) -> dict[int, str]:
    """Categories of several levels, the outermost first, as 2025年度 上期; an outer one holds until the next."""
    read = [
        {_place(p): one_line(p.findtext(_C + "v") or "") for p in level.findall(_C + "pt")[:_MOST]} for level in levels
    ]
    found: dict[int, str] = {}
    for place in sorted(read[0]):
        outer = [level[max(before)] for level in reversed(read[1:]) if (before := [p for p in level if p <= place])]
        found[place] = " ".join([*outer, read[0][place]])
    return found


def _place(point: Any) -> int:
    index = str(point.get("idx") or "")
    return int(index) if index.isdecimal() and len(index) < 8 else 0


def _value(text: str, form: str, epoch: datetime.datetime) -> str:
    try:
        number = float(text)
    except ValueError:
        return text
    if number != number or abs(number) == float("inf"):
        return text
    if _is_date(form) and 0 <= number < 2_958_466:
        return shown(epoch + datetime.timedelta(days=round(number * 86400) / 86400), form)
    return shown(int(number) if number.is_integer() and abs(number) < 1e15 else number, form or "General")


def _is_date(form: str) -> bool:
    from openpyxl.styles.numbers import is_date_format

    return bool(form) and bool(is_date_format(form))


def _extended(root: Any) -> str:
    """A chart of the newer kinds (waterfall, tree map, histogram): titles and its columns of words and numbers."""
    titles = [one_line("".join(t.text or "" for t in title.iter(_A + "t"))) for title in root.iter(_CX + "title")]
    parts = [escape(title) for title in titles if title]
    for data in root.iter(_CX + "data"):
        columns, heads = [], []
        for dimension in data:
            for level in dimension.findall(_CX + "lvl"):
                form = str(level.get("formatCode") or "")
                points = level.findall(_CX + "pt")[:_MOST]
                number = dimension.tag == _CX + "numDim"
                texts = {_place(p): one_line(p.text or "") for p in points}
                epoch = datetime.datetime(1899, 12, 30)
                heads.append("value" if number else "")
                columns.append({k: _value(v, form, epoch) if number else v for k, v in texts.items()})
        places = sorted({place for column in columns for place in column})
        rows = [[str(column.get(place, "")) for column in columns] for place in places]
        parts.append(table([heads, *rows]) if any(heads) else " ".join(c for row in rows for c in row))
    return "\n\n".join(part for part in parts if part)
