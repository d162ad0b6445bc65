"""Writes the answered list as an Excel workbook: the client's sheets with columns added, a summary with a chart, every quote."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from qeu_rag.faq.cells import TRACE, is_formula
from qeu_rag.faq.write.blocks import bounds_of
from qeu_rag.faq.write.fields import COLUMNS, list_titles, quotes, titles, values
from qeu_rag.faq.write.sheet import COLOURS, Row, Sheet, Tally
from qeu_rag.faq.write.workbook_layout import (
    column_of,
    emboldened,
    freeze,
    height_of,
    last_column,
    letter_of,
    print_wide,
    put_heading,
    put_widths,
    quoted,
    widest,
)
from qeu_rag.faq.write.workbook_stream import Line, Lines, Put, cell_text, free_name, save
from qeu_rag.faq.write.workbook_summary import add_summary
from qeu_rag.language import say

_WIDTHS = {"answer": 60, "status": 16, "confidence": 11, "quotes": 50, "source": 42, "evidence": 12, "version": 30, "engine": 16,
           "seconds": 9, "approved": 11}  # fmt: skip
_EVIDENCE = {"row": 7, "question": 40, "marker": 9, "quote": 70, "document": 40, "file": 36, "version": 34,
             "passage": 36}  # fmt: skip
_NUMBERS = ("confidence", "seconds")
_MEASURED_ROWS = 200
_WHOLE = re.compile(r"0|-?[1-9]\d{0,14}")


def write_xlsx(path: Path, sheet: Sheet, tally: Tally) -> None:
    """Adds the columns to the list's own sheets, or to new ones, then the summary and the evidence.

    A list without a header row in a workbook keeps its sheet as it is: the answers stand on a new one after it.
    """
    from openpyxl import Workbook

    cited: list[int] = []
    for part in sheet.parts():
        cited.append(
            sum(len(record.payload["citations"]) for *_, record in tally.taking(part.rows()) if record is not None)
        )
    if sheet.source is None:
        _written(Workbook(), path, sheet, tally, cited)
        return
    from qeu_rag.tables.workbook import opened

    with opened(sheet.source, values=False, changing=True) as book:
        _written(book, path, sheet, tally, cited)


def _written(book: Any, path: Path, sheet: Sheet, tally: Tally, cited: Sequence[int]) -> None:
    """``cited`` is the number of quotes of each of the sheet's parts."""
    parts = [(part, _page(book, part)) for part in sheet.parts()]
    evidence = book.create_sheet(free_name(book, say("batch.sheet.evidence", sheet.lang)))
    made: list[_Pages] = []
    firsts: dict[str, int] = {}
    for n, (part, page) in enumerate(parts):
        own, header = part.own_rows, part.questions.header_row
        fresh = page.title not in firsts  # else another list of this sheet stands above
        first = firsts.setdefault(page.title, last_column(page, header) + 1 if own else len(part.questions.names) + 2)
        pages = _Pages(
            book=book,
            page=page,
            evidence=evidence,
            sheet=part,
            own=own,
            top=header if own else 1,
            first=first,
            quoted=sum(cited[:n]),
            beside=path.absolute().parent,
        )
        pages.head()
        if fresh:
            pages.finish(len(part.questions.rows), sum(cited))
        made.append(pages)
    for other in book.worksheets:
        # Of two selected sheets Excel would edit both at a time.
        other.sheet_view.tabSelected = other is parts[0][1]
    book.active = book.worksheets.index(parts[0][1])
    add_summary(book, sheet, tally)
    lines: dict[str, Lines] = {title: partial(_answers, made, title) for title in firsts}
    save(book, path, lines | {evidence.title: lambda: chain.from_iterable(pages.quotes() for pages in made)})


def _answers(made: Sequence[_Pages], title: str) -> Iterator[Line]:
    return chain.from_iterable(pages.answers() for pages in made if pages.page.title == title)


def _page(book: Any, sheet: Sheet) -> Any:
    """The page that the answers go to: the list's own, else a new one after it."""
    answers = say("batch.sheet.answers", sheet.lang)
    if sheet.source is None:
        book.active.title = answers
        return book.active
    if sheet.own_rows:
        return book[sheet.questions.sheet]
    return book.create_sheet(free_name(book, answers), book.sheetnames.index(sheet.questions.sheet) + 1)


@dataclass(slots=True, kw_only=True)
class _Pages:
    """The two long sheets: ``top`` is the header's row on the page of answers, ``first`` its first added column.

    ``quoted`` lines of the evidence belong to pages before; ``beside`` is the folder that links may be relative to.
    """

    book: Any
    page: Any
    evidence: Any
    sheet: Sheet
    own: bool
    top: int
    first: int
    quoted: int
    beside: Path
    _styles: dict[tuple[object, ...], int] = field(default_factory=dict)

    def head(self) -> None:
        """The headers and widths; on the list's own sheet in the style of its header."""
        page, sheet = self.page, self.sheet
        evidence = say("batch.sheet.evidence", sheet.lang)
        if self.own:
            like = page.cell(self.top, sheet.questions.question + 1)
            style = copy.copy(like._style) if like.has_style else None
        else:
            style = None
            wide = [
                widest([name, *(row.cells[place] for row in sheet.questions.rows[:_MEASURED_ROWS])])
                for place, name in enumerate(list_titles(sheet.questions, sheet.lang))
            ]
            wide[sheet.questions.question] = 50
            put_heading(page, 1, (say("batch.evidence.row", sheet.lang), *list_titles(sheet.questions, sheet.lang)))
            put_widths(page, 1, (7, *wide))
        named = {**dict(zip((*COLUMNS, TRACE), titles(sheet.lang), strict=True)), "evidence": evidence}
        put_heading(page, self.first, (named[key] for key in (*_WIDTHS, TRACE)), self.top, style)
        put_widths(page, self.first, _WIDTHS.values())
        column_of(page, self.first + len(_WIDTHS)).hidden = True
        put_heading(self.evidence, 1, tuple(say(f"batch.evidence.{key}", sheet.lang) for key in _EVIDENCE))
        put_widths(self.evidence, 1, _EVIDENCE.values())

    def finish(self, count: int, cited: int) -> None:
        """Frozen headers, filters and print settings, where a sheet has none of its own; the choice in "approved"."""
        from openpyxl.worksheet.datavalidation import DataValidation

        page = self.page
        last = max(page.max_row if self.own else 1, self.top + count, self.top + 1)
        if self.own:
            last = max(last, *(row.number for row in self.sheet.questions.rows))
        freeze(page, self.top, self.first + len(_WIDTHS) - 1, last)
        freeze(self.evidence, 1, len(_EVIDENCE), cited + 1)
        print_wide(self.evidence, 1)
        if not (self.own and (page.print_area or page.page_setup.orientation or page.page_setup.scale)):
            print_wide(page, self.top)
        mark = DataValidation(type="list", formula1='"○"', allow_blank=True, showErrorMessage=False)
        letter = letter_of(self.first + list(_WIDTHS).index("approved"))
        mark.add(f"{letter}{self.top + 1}:{letter}{last}")
        page.add_data_validation(mark)

    def answers(self) -> Iterator[Line]:
        """The added cells of each row; on a sheet of our own the list's before them."""
        line = 1 + self.quoted
        for place, row in enumerate(self.sheet.rows(), self.top + 1):
            question, _, record = row
            at = question.number if self.own else place
            made = [] if self.own else self._own_cells(row)
            quoted = 0 if record is None else len(record.payload["citations"])
            yield self._answer(at, made, row, line + 1)
            line += quoted

    def _own_cells(self, row: Row) -> list[Put]:
        question = self.sheet.questions.question
        made = [Put(1, float(row[0].number), self._style("whole"))]
        for place, text in enumerate(row[0].cells):
            if place != question and _WHOLE.fullmatch(text):
                made.append(Put(place + 2, int(text), self._style("whole")))
            else:
                made.append(self._text(place + 2, text))
        return made

    def _answer(self, at: int, made: list[Put], row: Row, line: int) -> Line:
        """A row of answers, whose first quote stands in ``line`` of the evidence."""
        question, outcome, record = row
        lang = self.sheet.lang
        like = self.page.cell(at, self.sheet.questions.question + 1) if self.own else None
        texts = dict(zip((*COLUMNS, TRACE), values(row, lang, numbered=not self.own), strict=True))
        cited = [] if record is None else [one.link for one in quotes(record, lang, beside=self.beside)]
        if cited:
            lines = f"{line}–{line + len(cited) - 1}" if len(cited) > 1 else str(line)
            texts["evidence"] = say("batch.evidence_rows", lang, lines=lines)
        links = {
            "source": next((link for link in cited if link), ""),
            "evidence": f"#'{quoted(self.evidence.title)}'!A{line}" if cited else "",
        }
        for column, key in enumerate((*_WIDTHS, TRACE), self.first):
            text, link = texts.get(key, ""), links.get(key, "")
            if key in _NUMBERS and text:
                made.append(Put(column, float(text), self._style("number", like)))
            elif key == "status":
                made.append(Put(column, text, self._style(outcome, like)))
            elif link:
                made.append(Put(column, cell_text(text), self._style("link", like), link))
            else:
                put = self._text(column, text, like, plain=key == TRACE)
                bold = () if key != "answer" or record is None else bounds_of(record.payload)
                made.append(replace(put, rich=emboldened(text, bold, like)) if bold else put)
        wide = [(texts.get(key, ""), float(width)) for key, width in _WIDTHS.items()]
        return Line(at, height_of([*wide, (question.question, 50.0)] if not self.own else wide), made)

    def quotes(self) -> Iterator[Line]:
        """A line a quote, led by the number of its answer's row; the row and the file are links."""
        lang, line = self.sheet.lang, 1 + self.quoted
        name = quoted(self.page.title)
        for place, (question, _, record) in enumerate(self.sheet.rows(), self.top + 1):
            at = question.number if self.own else place
            for one in () if record is None else quotes(record, lang, beside=self.beside):
                line += 1
                texts = (question.question, f"[{one.marker}]", one.words, one.title, f"{one.file}{one.page}", one.version,
                         one.passage_hash)  # fmt: skip
                made = [Put(1, float(question.number), self._style("link"), f"#'{name}'!A{at}")]
                for column, text in enumerate(texts, 2):
                    if column == 6 and one.link:
                        made.append(Put(column, cell_text(text), self._style("link"), one.link))
                    else:
                        made.append(self._text(column, text))
                widths = [float(width) for width in _EVIDENCE.values()]
                yield Line(line, height_of(zip(texts, widths[1:], strict=True)), made)

    def _text(self, column: int, text: str, like: Any = None, *, plain: bool = False) -> Put:
        # A quote prefix, else it would become a formula when a person edits the cell.
        kind = "plain" if plain else "risky" if is_formula(text) else "text"
        return Put(column, cell_text(text), self._style(kind, like))

    def _style(self, kind: str, like: Any = None) -> int:
        """The book's id of a style: wrapped from the top, in fonts and borders as ``like`` has them."""
        styled = like is not None and like.has_style
        key = (kind, *(like._style if styled else ()))
        if key not in self._styles:
            self._styles[key] = self._made_style(kind, like if styled else None)
        return self._styles[key]

    def _made_style(self, kind: str, like: Any) -> int:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

        cell = WriteOnlyCell(self.page)
        if like is None:
            cell.border = Border(bottom=Side(style="thin", color="CCCCCC"))
        else:
            cell.font, cell.border, cell.fill = copy.copy(like.font), copy.copy(like.border), copy.copy(like.fill)
        if kind != "plain":
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        if kind == "number":
            cell.number_format = "0.00"
        elif kind == "link":
            cell.font = Font(name=cell.font.name, sz=cell.font.sz, color="0563C1", underline="single")
        elif kind in COLOURS:
            cell.fill = PatternFill("solid", fgColor=COLOURS[kind])
        elif kind == "risky":
            cell.quotePrefix = True
        made: int = cell.style_id
        return made
