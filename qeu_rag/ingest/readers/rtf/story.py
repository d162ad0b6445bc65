"""Builds the HTML of one stream of RTF text, such as the body or a footnote: paragraphs, lists, tables and tables in tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from qeu_rag.ingest.readers.page import html_paragraph
from qeu_rag.ingest.readers.typeset.runs import Line, with_notes

_NEAR = 30
_BULLET = re.compile(r"^[·•◦▪■□●○➢‣–—\-*o\uf0a7\uf0b7\uf0d8]$")
_MAX_LEVEL = 20
_Cell = tuple[str, int, bool, bool]
"""A cell's HTML, its right edge, and whether it is merged with the cell above, and with the one on its left."""


@dataclass(slots=True)
class _Table:
    """A table that is being filled, innermost content first."""

    blocks: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    rows: list[tuple[list[_Cell], bool]] = field(default_factory=list)


@dataclass(slots=True)
class Story:
    """One stream of text; ``level`` and ``depth`` are what the paragraph at hand is: a heading, and within how many tables."""

    line: Line
    level: int = 0
    depth: int = 0
    label: str = ""
    blocks: list[str] = field(default_factory=list)
    edges: list[tuple[int, bool, bool]] = field(default_factory=list)
    merged: tuple[bool, bool] = (False, False)
    header: bool = False
    tables: list[_Table] = field(default_factory=list)

    def apply(self, name: str, number: int | None) -> None:
        """A control word that says where text stands; others change nothing."""
        if name in {"par", "sect", "page", "column"}:
            self.end_paragraph()
        elif name == "pard":
            self.level = self.depth = 0
        elif name == "intbl":
            self.depth = max(1, self.depth)
        elif name == "itap":
            self.depth = max(0, min(number or 0, _MAX_LEVEL))
        elif name == "outlinelevel" and number is not None:
            self.level = number + 1 if number < 6 else 0
        elif name in {"cell", "nestcell"}:
            self.end_cell(1 if name == "cell" else max(2, self.depth))
        elif name in {"row", "nestrow"}:
            self.end_row(1 if name == "row" else max(2, self.depth))
        elif name == "trowd":
            self.edges, self.merged, self.header = [], (False, False), False
        elif name == "trhdr":
            self.header = True
        elif name in {"clvmrg", "clmrg"}:
            self.merged = (name == "clvmrg" or self.merged[0], name == "clmrg" or self.merged[1])
        elif name == "cellx":
            self.edges.append((number or 0, *self.merged))
            self.merged = (False, False)

    def end_paragraph(self) -> None:
        """Sets what was gathered as a paragraph of the body or of the cell at hand."""
        level = self.level if 1 <= self.level <= 6 and not self.depth else 0
        text, below = with_notes(self.line.runs, heading=level > 0)
        text, label = text.strip(), self.label.strip()
        self.line, self.label = Line(self.line.counts), ""
        self._close_tables(self.depth)
        if not text:
            return
        if level:
            made = html_paragraph(f"{label} {text}", f"h{level}")
        elif _BULLET.match(label):
            made = f"<ul>{html_paragraph(text, 'li')}</ul>"
        else:
            made = html_paragraph(f"{label} {text}" if label else text)
        self._place(self.depth).extend([made, *map(html_paragraph, below)])

    def end_cell(self, depth: int) -> None:
        """Ends the cell at hand of the table at ``depth``, from 1."""
        self.depth = depth = max(1, min(depth, _MAX_LEVEL))
        self.end_paragraph()
        self._place(depth)
        table = self.tables[depth - 1]
        table.cells.append("".join(table.blocks))
        table.blocks = []

    def end_row(self, depth: int) -> None:
        """Ends the row at hand; its cells stand where the row's definition puts their edges."""
        depth = max(1, min(depth, _MAX_LEVEL))
        self._close_tables(depth)
        self._place(depth)
        table = self.tables[depth - 1]
        cells: list[_Cell] = []
        for i, text in enumerate(table.cells):
            edge, above, beside = self.edges[i] if i < len(self.edges) else ((i + 1) * 1000, False, False)
            cells.append((text, edge, above, beside))
        if cells:
            table.rows.append((cells, self.header))
        table.cells, table.blocks = [], []

    def html(self) -> str:
        """All of it."""
        self.depth = 0
        self.end_paragraph()
        return "".join(self.blocks)

    def _place(self, depth: int) -> list[str]:
        """Where a paragraph at ``depth`` goes."""
        while len(self.tables) < min(depth, _MAX_LEVEL):
            self.tables.append(_Table())
        return self.tables[min(depth, _MAX_LEVEL) - 1].blocks if depth else self.blocks

    def _close_tables(self, depth: int) -> None:
        """Sets the tables that lie deeper than ``depth`` as blocks of what is around them."""
        while len(self.tables) > depth:
            table = self.tables.pop()
            if table.cells or table.blocks:
                table.cells.append("".join(table.blocks))
                table.rows.append(([(cell, (i + 1) * 1000, False, False) for i, cell in enumerate(table.cells)], False))
            if table.rows:
                self._place(len(self.tables)).append(_table(table.rows))


def _table(rows: Sequence[tuple[list[_Cell], bool]]) -> str:
    columns = _columns(sorted({cell[1] for cells, _ in rows for cell in cells}))
    grid: list[list[list[object]]] = []
    last: dict[int, list[object]] = {}
    for cells, header in rows:
        line: list[list[object]] = []
        at = 0
        for text, edge, above, beside in cells:
            width = max(1, columns[edge] - at)
            if beside and line:
                line[-1][2] = int(str(line[-1][2])) + width
                line[-1][0] = f"{line[-1][0]}{text}"
            elif above and at in last:
                last[at][1] = int(str(last[at][1])) + 1
            else:
                line.append([text, 1, width, "th" if header else "td"])
                last[at] = line[-1]
            at += width
        grid.append(line)
    lines = []
    for line in grid:
        made = (f'<{kind} rowspan="{down}" colspan="{across}">{text}</{kind}>' for text, down, across, kind in line)
        lines.append(f"<tr>{''.join(made)}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _columns(edges: Sequence[int]) -> dict[int, int]:
    """The number of columns left of each edge; edges that are nearly the same are one."""
    columns: dict[int, int] = {}
    count, before = 0, None
    for edge in edges:
        if before is None or edge - before > _NEAR:
            count += 1
            before = edge
        columns[edge] = count
    return columns
