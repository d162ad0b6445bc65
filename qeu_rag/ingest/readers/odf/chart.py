"""Reads the chart in a part of an OpenDocument file: its titles, and tables of its values with percentages and days as such."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

from qeu_rag.ingest.readers.odf.package import OASIS, OFFICE, STYLE, TABLE, TEXT
from qeu_rag.ingest.readers.xml_elements import local
from qeu_rag.tables.columns import column_of

_CHART, _NUMBER = f"{{{OASIS}chart:1.0}}", f"{{{OASIS}datastyle:1.0}}"
_COLUMN = re.compile(r"local-table\.\$?([A-Z]{1,3})\$?\d", re.ASCII)
_FIRST_DAY = datetime.date(1899, 12, 30)


def titles_and_tables(root: Any) -> tuple[list[str], list[Any]]:
    """The titles, and the ``table:table`` elements, of the chart or table in a part's ``root``, which is changed by that."""
    chart = next(root.iter("{*}chart"), None)
    tables = [e for e in root.iter(TABLE + "table") if e.get(TABLE + "name") or chart is None]
    if chart is None:
        return [], tables
    if any(
        kind == "date" for axis in root.iter("{*}axis") for name, kind in axis.items() if name.endswith("axis-type")
    ):
        _name_days(tables)
    columns = set(_percent_columns(root, chart))
    for row in (row for table in tables for row in table.iter(TABLE + "table-row")) if columns else ():
        for column, cell in enumerate(row.iterfind(TABLE + "table-cell"), 1):
            if column in columns:
                _show_percent(cell)
    titles = (" ".join("".join(e.itertext()).split()) for e in chart.iter() if local(e) in {"title", "subtitle"})
    return [title for title in titles if title], tables


def _name_days(tables: list[Any]) -> None:
    """Writes the days that name the rows of a chart's tables, which are kept as numbers, as dates."""
    for row in (row for table in tables for row in table.iter(TABLE + "table-row")):
        words = next(row.iter(TEXT + "p"), None)
        if words is not None and re.fullmatch(r"\d{4,6}", words.text or ""):
            words.text = (_FIRST_DAY + datetime.timedelta(days=int(words.text))).isoformat()


def _percent_columns(root: Any, chart: Any) -> Iterator[int]:
    """The columns, from 1, of the rows of values that have the format of a percentage, their own or that of their axis."""
    percentages = {e.get(STYLE + "name") for e in root.iter(_NUMBER + "percentage-style")}
    styles = {e.get(STYLE + "name"): e for e in root.iter(STYLE + "style") if e.get(STYLE + "family") == "chart"}

    def percent(element: Any) -> bool:
        style = styles.get(element.get(_CHART + "style-name"))
        return style is not None and style.get(STYLE + "data-style-name") in percentages

    # Of bars that share 100 % the axis says nothing of the values.
    shared = any(e.get(_CHART + "percentage") == "true" for e in root.iter(STYLE + "chart-properties"))
    upright = (axis for axis in chart.iter(_CHART + "axis") if axis.get(_CHART + "dimension") == "y")
    by_axis = not shared and any(map(percent, upright))
    for place, series in enumerate(chart.iter(_CHART + "series"), 2):
        found = _COLUMN.match(series.get(_CHART + "values-cell-range-address", ""))
        if percent(series) or by_axis:
            yield column_of(found[1]) if found else place


def _show_percent(cell: Any) -> None:
    words = next(cell.iter(TEXT + "p"), None)
    try:
        value = float(cell.get(OFFICE + "value") or "")
    except ValueError:
        return
    if words is not None:
        words.text = f"{value * 100:.10g}%"
