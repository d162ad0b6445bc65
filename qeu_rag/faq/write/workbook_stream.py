"""Saves a workbook whose long sheets are written a row at a time, so that no more than a row of them is held.

openpyxl writes a sheet from cells that it holds, all of them; here the lines of a sheet are made while it is written. What the
sheet holds itself (a client's cells, widths, charts) is kept, but for cells in the place of those that are added.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.packaging.relationship import Relationship
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.writer.excel import ExcelWriter
from openpyxl.xml.constants import REL_NS
from openpyxl.xml.functions import Element

from qeu_rag.faq.cells import LONGEST_CELL

MOST_LINKS = 65_000
"""Excel repairs a sheet with more links than 65,530."""


@dataclass(frozen=True, slots=True)
class Put:
    """A cell to write: text or a number, never a formula; its style's id; a link to a file or to ``#'sheet'!A1``.

    ``rich``: openpyxl's ``CellRichText`` of the same text, where some of it looks otherwise.
    """

    column: int
    value: str | float
    style: int
    link: str = ""
    rich: Any = None


@dataclass(frozen=True, slots=True)
class Line:
    """A row to write: its number, its height in points, and its cells from left to right."""

    number: int
    height: float
    cells: Sequence[Put]


_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Lines = Callable[[], Iterator[Line]]


def save(book: Any, path: Path, lines: Mapping[str, Lines]) -> None:
    """Saves ``book``; to each sheet named in ``lines`` these are added, in rising order of their numbers. Raises OSError."""
    with ZipFile(path, "w", ZIP_DEFLATED, allowZip64=True) as archive:
        _BookWriter(book, archive, lines, path.with_name(f"{path.name}.sheet")).write_data()


def cell_text(text: str) -> str:
    """``text`` as a cell can hold it: without what XML forbids, and no longer than Excel allows."""
    clean = _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return clean if len(clean) <= LONGEST_CELL else clean[: LONGEST_CELL - 1] + "…"


def free_name(book: Any, name: str) -> str:
    """``name``, with a number where the workbook has such a sheet."""
    taken = {title.casefold() for title in book.sheetnames}
    candidates = (name, *(f"{name} {number}" for number in range(2, len(taken) + 3)))
    return next(one for one in candidates if one.casefold() not in taken)


class _Cell:
    """What openpyxl's writer asks of a cell."""

    _comment = hyperlink = None
    has_style = True

    def __init__(self, put: Put, row: int) -> None:
        self._value = put.value if put.rich is None else put.rich
        self.data_type = "s" if isinstance(put.value, str) else "n"
        self.style_id = put.style
        self.coordinate = f"{get_column_letter(put.column)}{row}"


class _SheetWriter(WorksheetWriter):  # type: ignore[misc]
    """Writes a sheet's own rows and the lines between them; gathers the links of the lines as it goes."""

    def __init__(self, sheet: Any, lines: Iterator[Line], out: Path) -> None:
        super().__init__(sheet, str(out))
        self._lines = lines
        self._links: list[tuple[str, str]] = []

    def write_dimensions(self) -> None:
        """Leaves the size out, as it is not known yet (ECMA-376 part 1, 18.3.1.35: optional)."""

    def write_rows(self) -> None:
        """All rows, in order."""
        own = dict(self.rows())
        before = iter(sorted(own))
        xf = self.xf.send(True)
        with xf.element("sheetData"):
            waiting = next(before, None)
            for line in self._lines:
                while waiting is not None and waiting < line.number:
                    self.write_row(xf, own[waiting], waiting)
                    waiting = next(before, None)
                if waiting == line.number:
                    waiting = next(before, None)
                self._line(xf, line, own.get(line.number, []))
            while waiting is not None:
                self.write_row(xf, own[waiting], waiting)
                waiting = next(before, None)
        self.xf.send(None)

    def _line(self, xf: Any, line: Line, own: Sequence[Any]) -> None:
        added = [_Cell(put, line.number) for put in line.cells]
        first = line.cells[0].column if line.cells else 1
        for put, cell in zip(line.cells, added, strict=True):
            if put.link and len(self._links) < MOST_LINKS:
                self._links.append((cell.coordinate, put.link))
        sizes = self.ws.row_dimensions
        fresh = line.number not in sizes
        size = sizes[line.number]
        size.height = max(size.height or 0.0, line.height)
        self.write_row(xf, [*(cell for cell in own if cell.column < first), *added], line.number)
        if fresh:
            del sizes[line.number]

    def write_hyperlinks(self) -> None:
        """The client's links and ours; equal targets share a relationship."""
        theirs = [link for link in self.ws._hyperlinks if link.target or link.location]
        if not theirs and not self._links:
            return
        for link in theirs:
            if link.target:
                link.id = self._related(link.target)
        known: dict[str, str] = {}
        xf = self.xf.send(True)
        with xf.element("hyperlinks"):
            for link in theirs:
                xf.write(link.to_tree())
            for place, target in self._links:
                if target.startswith("#"):
                    xf.write(Element("hyperlink", {"ref": place, "location": target[1:]}))
                    continue
                if target not in known:
                    known[target] = self._related(target)
                xf.write(Element("hyperlink", {"ref": place, f"{{{REL_NS}}}id": known[target]}))
        self.xf.send(None)

    def _related(self, target: str) -> str:
        relationship = Relationship(type="hyperlink", TargetMode="External", Target=target)
        self._rels.append(relationship)
        return str(relationship.id)


class _BookWriter(ExcelWriter):  # type: ignore[misc]
    """Writes a book, the sheets with lines by ``_SheetWriter``."""

    def __init__(self, book: Any, archive: ZipFile, lines: Mapping[str, Lines], aside: Path) -> None:
        super().__init__(book, archive)
        self._lines = lines
        self._aside = aside

    def write_worksheet(self, ws: Any) -> None:
        """As openpyxl does, with another writer where the sheet has lines."""
        lines = self._lines.get(ws.title)
        if lines is None:
            super().write_worksheet(ws)
            return
        ws._drawing = SpreadsheetDrawing()
        ws._drawing.charts, ws._drawing.images = ws._charts, ws._images
        # Beside the output, not among the files that any program may leave: it holds a client's answers.
        try:
            writer = _SheetWriter(ws, lines(), self._aside)
            writer.write()
            ws._rels = writer._rels
            self._archive.write(self._aside, ws.path[1:])
        finally:
            self._aside.unlink(missing_ok=True)
        self.manifest.append(ws)
