"""Adds the summary sheet to an answered workbook: the engine, the counts with a chart, the rows that failed."""

from __future__ import annotations

from typing import Any

from qeu_rag.faq.write.fields import status
from qeu_rag.faq.write.sheet import COLOURS, Sheet, Tally
from qeu_rag.faq.write.workbook_stream import cell_text, free_name
from qeu_rag.language import say


def add_summary(book: Any, sheet: Sheet, tally: Tally) -> None:
    """Adds the sheet as the last of ``book``."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.worksheet.properties import PageSetupProperties

    lang = sheet.lang
    page = book.create_sheet(free_name(book, say("batch.sheet.summary", lang)))
    page.column_dimensions["A"].width, page.column_dimensions["B"].width = 26, 60
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)

    def put(row: int, column: int, text: str) -> Any:
        cell = page.cell(row, column)
        cell.value, cell.data_type = cell_text(text), "s"
        cell.alignment = Alignment(wrap_text=row > 1, vertical="top", horizontal="left")
        return cell

    put(1, 1, sheet.title).font = Font(bold=True, size=14)
    line = 2
    failed = ", ".join(map(str, tally.failed[:1000])) + (" …" if len(tally.failed) > 1000 else "")
    for name, value in (*sheet.facts, *([(say("batch.failed_rows", lang), failed)] if failed else [])):
        line += 1
        put(line, 1, name)
        put(line, 2, value)
    line += 2
    for column, key in ((1, "batch.column.status"), (2, "batch.rows")):
        put(line, column, say(key, lang)).font = Font(bold=True)
    shares = tally.shares()
    for at, (outcome, count) in enumerate(shares, line + 1):
        put(at, 1, status(outcome, lang)).fill = PatternFill("solid", fgColor=COLOURS[outcome])
        page.cell(at, 2, count).alignment = Alignment(horizontal="left")
    page.add_chart(_chart(page, tally, line, say("batch.summary", lang)), f"A{line + len(shares) + 2}")


def _chart(page: Any, tally: Tally, line: int, title: str) -> Any:
    """Bars in the colours of the outcomes, whose names and counts stand below row ``line``."""
    from openpyxl.chart import BarChart, Reference
    from openpyxl.chart.series import DataPoint

    shares = tally.shares()
    chart = BarChart()
    chart.type, chart.legend, chart.title = "bar", None, title
    chart.add_data(Reference(page, min_col=2, min_row=line, max_row=line + len(shares)), titles_from_data=True)
    chart.set_categories(Reference(page, min_col=1, min_row=line + 1, max_row=line + len(shares)))
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.x_axis.scaling.orientation = "maxMin"
    chart.gapWidth = 60
    for place, (name, _) in enumerate(shares):
        point = DataPoint(idx=place)
        point.graphicalProperties.solidFill = COLOURS[name] if name != "waiting" else "BBBBBB"
        chart.series[0].dPt.append(point)
    chart.width, chart.height = 18, 8
    return chart
