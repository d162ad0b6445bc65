"""Reads Excel files (.xlsx, .xlsm): each sheet's cells, comments, drawings and charts, with values as a person sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.office.ooxml import Package, Relation
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.page import FileReader, one_line, page, sensible_title
from qeu_rag.ingest.readers.sheet.drawing import Drawing
from qeu_rag.ingest.readers.sheet.notes_and_comments import boxes, comments, controls, hints, page_lines, people
from qeu_rag.ingest.readers.sheet.places import areas, put, within
from qeu_rag.ingest.readers.sheet.strings import S, shared_strings
from qeu_rag.ingest.readers.sheet.styles import looks, voiding_rules
from qeu_rag.ingest.readers.sheet.xml import Sheet, SheetParser, settle, target
from qeu_rag.ingest.readers.table.blocks import blocks
from qeu_rag.ingest.readers.typeset.raised import left_out
from qeu_rag.ingest.readers.xml_elements import RELATION, local, on
from qeu_rag.ingest.remark import Remark, counted
from qeu_rag.tables.office_file import check_ooxml

_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_MOST_FILTERS = 100
_TOLD = (
    "hidden_sheets", "hidden_rows", "filtered_rows", "hidden_columns", "formulas", "errors", "rules", "embedded", "comments_off",
)  # fmt: skip


@dataclass(slots=True)
class Page:
    """One sheet as it is told: its name and number, its cells, and the Markdown that stands above and below them."""

    name: str
    number: int
    sheet: Sheet
    above: list[str]
    below: list[str]


class XlsxReader(FileReader):
    """An Excel file (.xlsx, .xlsm), one document a sheet; formulas give the results that were stored with them."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document a sheet. Raises ReadError: "encrypted", "damaged", "too_large"."""
        with Package(check_ooxml(Path(file), "xl/workbook.xml")) as package:
            found = package.relations("")
            main = next((r.target for r in found.values() if r.kind == "officeDocument"), "xl/workbook.xml")
            core = next((package.try_tree(r.target) for r in found.values() if r.kind == "core-properties"), None)
            title = sensible_title(core.findtext(_TITLE) if core is not None else "")
            counts: Counter[str] = Counter()
            pages = list(_Book(package, main, counts, self._way).pages())
        return documents(pages, counts, title)


def documents(pages: Iterable[Page], counts: Counter[str], title: str) -> list[LlamaDocument]:
    """Each sheet that says something as a document, all with the remarks on what was left out."""
    notes = remarks(counts)
    made = []
    for each in pages:
        parts = [*each.above, *blocks(each.sheet.grid), *each.below]
        if text := "\n\n".join(filter(None, parts)):
            made.append(page(f"# {one_line(each.name)}\n\n{text}", number=each.number, title=title, notes=notes))
    if not made and notes:
        made.append(page("", title=title, notes=notes))
    return made


def remarks(counts: Counter[str]) -> list[Remark]:
    """What a user should know of a workbook: what was left out, and which cells have no value."""
    return [*counted(counts, *_TOLD), *left_out(counts)]


class _Book:
    """One workbook with what its sheets share."""

    def __init__(self, package: Package, main: str, counts: Counter[str], way: Way) -> None:
        self._package, self._counts, self._way = package, counts, way
        self._root, self._relations = package.tree(main), package.relations(main)
        by_kind = {relation.kind: relation.target for relation in self._relations.values()}
        settings = self._root.find(S + "workbookPr")
        styles = by_kind.get("styles", "")
        root = package.tree(styles) if package.has(styles) else None
        self._parser = SheetParser(
            shared_strings(package, by_kind.get("sharedStrings", "")),
            looks(root),
            voiding_rules(root),
            from_1904=settings is not None and settings.get("date1904") is not None and on(settings.get("date1904")),
        )
        self._people = people(package, self._relations.values())

    def pages(self) -> Iterator[Page]:
        """The sheets that are shown, in the order of their tabs; hidden ones are counted."""
        made = []
        for number, element in enumerate(self._root.iterfind(f"{S}sheets/{S}sheet"), 1):
            relation = self._relations.get(element.get(RELATION + "id", ""))
            if relation is None or relation.kind not in {"worksheet", "chartsheet"}:
                continue
            if element.get("state", "visible") != "visible":
                self._counts["hidden_sheets"] += 1
                continue
            sheet = self._parser.read(self._package, relation.target) if relation.kind == "worksheet" else Sheet()
            made.append(self._page(element.get("name", ""), number, relation, sheet))
        self._without_zeros([each.sheet for each in made])
        yield from made

    def _page(self, name: str, number: int, relation: Relation, sheet: Sheet) -> Page:
        relations = self._package.relations(relation.target)
        self._tables(sheet, relations)
        settle(sheet)
        for row, column, text in comments(self._package, relations.values(), self._people):
            if self._way.comments:
                put(sheet.grid, row, column, text)
            else:
                self._counts["comments_off"] += 1
        signs = controls(self._package, sheet.others, relations)
        drawing = Drawing(self._package, self._counts, signs)
        below = []
        for part in _drawings(relation, sheet, relations):
            for row, column, key, text in drawing.read(part):
                if key:
                    put(sheet.grid, row, column, f"{signs.pop(key)} {text}".strip(), before=True)
                else:
                    below.append(text)
        for each in relations.values():
            if each.kind == "vmlDrawing":
                for row, column, text in boxes(self._package.try_tree(each.target), signs):
                    put(sheet.grid, row, column, text, before=True)
        head, foot = page_lines(sheet.others)
        _count(sheet, self._counts)
        return Page(name, number, sheet, [head], [*below, "\n".join(hints(sheet.others)), foot])

    def _tables(self, sheet: Sheet, relations: Mapping[str, Relation]) -> None:
        """Tells which rows are headers of Excel's own tables, which colour their cells and may filter their rows."""
        for relation in relations.values():
            root = self._package.try_tree(relation.target) if relation.kind == "table" else None
            if root is None:
                continue
            for area in areas(root.get("ref", "")):
                sheet.coloured.append(area)
                if root.get("headerRowCount", "1") != "0":
                    sheet.grid.heavy.add(area[0])
                if any(local(part) == "filterColumn" for part in root.iter()):
                    sheet.filters.append(area)

    def _without_zeros(self, sheets: list[Sheet]) -> None:
        """Leaves out the results of formulas where all of them are 0 and the program that wrote them asks for a calculation.

        Some programs store 0 for what they have not calculated (XlsxWriter does, for one).
        """
        settings = self._root.find(S + "calcPr")
        asked = (
            settings is not None and settings.get("fullCalcOnLoad") is not None and on(settings.get("fullCalcOnLoad"))
        )
        zeros, formulas = sum(len(sheet.zeros) for sheet in sheets), sum(sheet.formulas for sheet in sheets)
        if not asked or not zeros or zeros < formulas - self._counts["formulas"]:
            return
        self._counts["formulas"] += zeros
        for sheet in sheets:
            for row, column in sheet.zeros:
                sheet.grid.cells.get(row, {}).pop(column, None)
                if not sheet.grid.cells.get(row, True):
                    del sheet.grid.cells[row]


def _drawings(own: Relation, sheet: Sheet, relations: Mapping[str, Relation]) -> Iterator[str]:
    """The drawing parts of a sheet."""
    keys = [target(element) for element in sheet.others if local(element) == "drawing"]
    if own.kind == "chartsheet":
        keys = [key for key, relation in relations.items() if relation.kind == "drawing"]
    for key in keys:
        if key in relations:
            yield relations[key].target


def _count(sheet: Sheet, counts: Counter[str]) -> None:
    """Adds what a sheet has lost to the workbook's counts; rows hidden by a filter are told apart from others."""
    filtered = {
        row for row in sheet.hidden_rows if any(within(area, row, area[1]) for area in sheet.filters[:_MOST_FILTERS])
    }
    counts["filtered_rows"] += len(filtered)
    counts["embedded"] += len(sheet.objects)
    counts["hidden_rows"] += len(sheet.hidden_rows) - len(filtered)
    for kind, count in sheet.counts.items():
        if kind.startswith("column "):
            counts["hidden_columns"] += count > 0
        else:
            counts[kind] += count
