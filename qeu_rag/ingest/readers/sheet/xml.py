"""Reads the cells of one sheet of a workbook row by row, without those that are hidden, struck out or cannot be seen."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from qeu_rag.ingest.readers.office.ooxml import Package
from qeu_rag.ingest.readers.sheet.places import areas, within
from qeu_rag.ingest.readers.sheet.strings import Rich, S, literal, plain, rich
from qeu_rag.ingest.readers.sheet.styles import Look
from qeu_rag.ingest.readers.table.grid import Area, Grid
from qeu_rag.ingest.readers.typeset.raised import lowered, raised
from qeu_rag.ingest.readers.typeset.symbols import from_symbol_font
from qeu_rag.ingest.readers.xml_elements import RELATION, children, local, on, whole
from qeu_rag.tables.cells import shown
from qeu_rag.tables.columns import column_of

_MAX_MERGES = 20_000
_MAX_ASIDES = 5_000
_MAX_COLOURED = 200
_LAST_COLUMN = 16_384
_PARTS = (
    "row",
    "col",
    "mergeCell",
    "autoFilter",
    "conditionalFormatting",
    "dataValidation",
    "drawing",
    "control",
    "tablePart",
    "oleObject",
)
_HEADERS = ("oddHeader", "oddFooter", "firstHeader", "firstFooter", "evenHeader", "evenFooter")


@dataclass(slots=True)
class Sheet:
    """What a sheet's part holds. ``counts`` has what was left out by kind; ``zeros`` are cells whose formula gave 0."""

    grid: Grid = field(default_factory=Grid)
    counts: Counter[str] = field(default_factory=Counter)
    zeros: list[tuple[int, int]] = field(default_factory=list)
    formulas: int = 0
    filters: list[Area] = field(default_factory=list)
    coloured: list[Area] = field(default_factory=list)
    pale: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    others: list[Any] = field(default_factory=list)
    """Elements behind the cells: of drawings, controls, tables, data validations, and page headers and footers."""


class SheetParser:
    """Reads sheets with the texts and looks of their workbook."""

    def __init__(self, strings: Sequence[Rich], looks: Sequence[Look], rules: set[str], *, from_1904: bool) -> None:
        self._own = False
        """Whether the cell at hand is a text whose fonts are its own, which hold against that of the cell."""
        self._strings, self._looks, self._rules, self._from_1904 = strings, looks, rules, from_1904

    def read(self, package: Package, part: str) -> Sheet:
        """The sheet in ``part``. Raises KeyError, lxml.etree.XMLSyntaxError."""
        from lxml import etree

        sheet, hidden_columns = Sheet(), set[int]()
        number = behind = 0
        tags = [S + name for name in (*_PARTS, *_HEADERS)]
        with package.stream(part) as stream:
            for _, element in etree.iterparse(stream, events=("end",), tag=tags, resolve_entities=False):
                kind = local(element)
                if kind == "row":
                    number = whole(element.get("r"), number + 1)
                    self._row(sheet, element, number, hidden_columns)
                    element.clear()
                    while element.getprevious() is not None:
                        del element.getparent()[0]
                elif kind == "col":
                    if _hidden(element, "width"):
                        first, last = int(element.get("min", "0")), int(element.get("max", "0"))
                        hidden_columns.update(range(max(first, behind), min(last, _LAST_COLUMN) + 1))
                        behind = max(behind, last + 1)
                else:
                    if kind == "conditionalFormatting":
                        sheet.counts["rules"] += sum(rule.get("dxfId") in self._rules for rule in children(element))
                    _aside(sheet, element, kind)
        sheet.grid.gone_columns = hidden_columns
        sheet.grid.gone_rows |= sheet.hidden_rows
        return sheet

    def _row(self, sheet: Sheet, row: Any, number: int, hidden: set[int]) -> None:
        unseen = _hidden(row, "ht")
        cells: dict[int, str] = {}
        heavy = light = struck = 0
        column = 0
        for cell in row:
            reference = cell.get("r")
            column = column_of(reference.rstrip("0123456789")) if reference else column + 1
            if not len(cell):
                continue
            if unseen or column in hidden:
                filled = any(part.text or len(part) for part in cell)
                sheet.counts[f"column {column}"] += filled and not unseen
                if filled and unseen:
                    sheet.hidden_rows.add(number)
                continue
            style = cell.get("s")
            look = self._looks[int(style)] if style and int(style) < len(self._looks) else self._looks[0]
            text = self._cell(sheet, cell, look, number, column)
            if not text:
                continue
            if look.struck and not self._own:
                struck += 1
            elif look.unseen:
                sheet.counts["white"] += 1
            elif look.pale:
                sheet.pale[number, column] = text
            else:
                cells[column] = text
                heavy, light = heavy + look.heavy, light + (not look.heavy)
        sheet.counts["struck"] += struck
        if cells:
            sheet.grid.cells[number] = cells
            if heavy and not light:
                sheet.grid.heavy.add(number)
        elif struck or unseen:
            sheet.grid.gone_rows.add(number)

    def _cell(self, sheet: Sheet, cell: Any, look: Look, row: int, column: int) -> str:
        """The text of a cell as a person sees it; counts what is not in it."""
        value = formula = inside = None
        self._own = False
        for part in cell:
            name = part.tag[len(S) :] if isinstance(part.tag, str) else ""
            if name == "v":
                value = part.text
            elif name == "f":
                formula = part
            elif name == "is":
                inside = part
        kind = cell.get("t", "n")
        if formula is not None:
            sheet.formulas += 1
            if value is None and not (kind == "str" and cell.find(S + "v") is not None):
                text = literal(formula.text or "")
                sheet.counts["formulas"] += not text
                return text
            if value == "0":
                sheet.zeros.append((row, column))
        if kind == "s" and value is not None:
            place = int(value)
            return self._text(sheet, self._strings[place], look) if 0 <= place < len(self._strings) else ""
        if inside is not None:
            return self._text(sheet, rich(inside), look)
        if value is None:
            return ""
        if kind == "n":
            text = _numeric(value, look.form, self._from_1904)
            return (from_symbol_font(text, look.symbols) if look.symbols else text) or _counted(sheet, look)
        if kind == "b":
            truth = value.strip() in {"1", "true"}
            return ("☑" if truth else "☐") if look.box else ("TRUE" if truth else "FALSE")
        if kind == "e":
            sheet.counts["errors"] += 1
            return str(value)
        return _iso(value, look.form) if kind == "d" else self._text(sheet, (plain(value), 0, 0, ""), look)

    def _text(self, sheet: Sheet, found: Rich, look: Look) -> str:
        text, struck, white, own_fonts = found
        if look.struck and own_fonts:
            text, self._own = own_fonts, True
        if struck or white:
            sheet.counts["struck"] += struck
            sheet.counts["white"] += white
        text = text.strip()
        if look.place and text:
            text = raised(text) if look.place == "superscript" else lowered(text)
        if text and look.form not in {"General", "@"}:
            text = shown(text, look.form) or _counted(sheet, look)
        return from_symbol_font(text, look.symbols) if look.symbols and not own_fonts else text


def _counted(sheet: Sheet, look: Look) -> str:
    sheet.counts["white"] += look.unseen
    return ""


def _numeric(value: str, form: str, from_1904: bool) -> str:
    if value.isdigit() and len(value) < 19:
        return value if form == "General" else shown(int(value), form, from_1904=from_1904)
    try:
        return shown(float(value), form, from_1904=from_1904)
    except ValueError:
        return value.strip()


def _iso(value: str, form: str) -> str:
    try:
        return shown(datetime.datetime.fromisoformat(value.rstrip("Z")), form)
    except ValueError:
        return value


def _aside(sheet: Sheet, element: Any, kind: str) -> None:
    if kind == "mergeCell":
        if len(sheet.grid.merges) < _MAX_MERGES:
            sheet.grid.merges += areas(element.get("ref", ""))
    elif kind == "autoFilter":
        if next(children(element), None) is not None:
            sheet.filters += areas(element.get("ref", ""))
    elif kind == "conditionalFormatting":
        sheet.coloured += areas(element.get("sqref", ""))
    elif kind == "oleObject":
        sheet.objects.add(element.get("shapeId", ""))
    elif len(sheet.others) < _MAX_ASIDES:
        sheet.others.append(element)


def settle(sheet: Sheet) -> None:
    """Text in the colour of its cell is seen where a condition or a table colours it; elsewhere it is left out and counted."""
    for (row, column), text in sheet.pale.items():
        if any(within(area, row, column) for area in sheet.coloured[:_MAX_COLOURED]):
            sheet.grid.cells.setdefault(row, {})[column] = text
        else:
            sheet.counts["white"] += 1


def _hidden(element: Any, size: str) -> bool:
    """Whether a row or a column is hidden, or so low or narrow that it is not seen."""
    return (element.get("hidden") is not None and on(element.get("hidden"))) or element.get(size) in {"0", "0.0"}


def target(element: Any) -> str:
    """The key of the relation that an element names."""
    return str(element.get(RELATION + "id", ""))
