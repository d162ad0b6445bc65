"""Writes the tables of an HTML page as Markdown, with what spans rows and columns at each, and headers of several rows as one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from qeu_rag.ingest.readers.markup.markdown import cell as written
from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.table.repeated_keys import with_keys_again
from qeu_rag.ingest.readers.web.style import is_gone

if TYPE_CHECKING:
    from bs4 import Tag

_HEADINGS = [f"h{level}" for level in range(1, 7)]
_MOST_SPANNED = 200
_WIDEST = 2000
_MOST_HEADERS = 6
_LONGEST_NAME = 40
_NO_NAME = re.compile(r"[。.!！]$|^\s*[※*＊(（]|^\s*(?:注|備考|note)|^[\W\d]*$", re.I)
_SUM = re.compile(r"[\W\d]*(?:総?合?計|総[計額]|(?:grand |sub-?)?total|sum)\b", re.I)
_ITEM = re.compile(r"^\s*[-*+] ", re.M)
Blocks = Callable[["Tag"], Iterator[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    text: str
    head: bool
    across: int = 1
    part: int = 0
    """Which of the table's parts (``tbody``) its row stands in."""


def table_blocks(tag: Tag, blocks: Blocks) -> Iterator[str]:
    """A data table with its caption above; a table used for layout as the blocks of its cells."""
    rows = _rows(tag)
    caption = tag.find("caption", recursive=False)
    if caption:
        yield from (block for block in blocks(caption) if block.strip())
    cells = [list(row.find_all(["td", "th"], recursive=False)) for row in rows]
    if _is_layout(tag, cells):
        for cell in (c for row in cells for c in row):
            yield from blocks(cell)
        return
    head, foot = (sum(getattr(row.parent, "name", "") == name for row in rows) for name in ("thead", "tfoot"))
    yield from _written(_grid(cells, blocks), head, foot)


def _rows(tag: Tag) -> list[Tag]:
    """The table's own rows as they are shown: those of a header first, those of a footer last."""
    order = {"thead": 0, "tfoot": 2}
    return sorted(_own_rows(tag), key=lambda row: order.get(getattr(row.parent, "name", ""), 1))


def _own_rows(holder: Tag) -> Iterator[Tag]:
    for part in holder.find_all(True, recursive=False):
        if part.name != "table":
            yield from [part] if part.name == "tr" else _own_rows(part)


def _is_layout(tag: Tag, cells: list[list[Tag]]) -> bool:
    if max(map(len, cells), default=0) <= 1 or tag.get("role") in ("presentation", "none"):
        return True
    if tag.find("table") is None and tag.find(_HEADINGS) is None:
        return False
    titled = tag.find(["caption", "thead"], recursive=False) is not None
    return not (titled or any(cell.name == "th" for row in cells for cell in row))


def _grid(rows: list[list[Tag]], blocks: Blocks) -> list[list[_Cell]]:
    """The cells by row and column; what spans rows or columns stands in each."""
    grid: list[list[_Cell]] = []
    hanging: dict[int, tuple[int, _Cell]] = {}
    for at, row in enumerate(rows):
        line: list[_Cell] = []
        for cell in (*row, None):
            while len(line) in hanging and len(line) < _WIDEST:
                left, kept = hanging.pop(len(line))
                if left > 1:
                    hanging[len(line)] = (left - 1, kept)
                line.append(kept)
            if cell is None:
                break
            across = _span(cell, "colspan")
            down = len(rows) - at if str(cell.get("rowspan") or "").strip() == "0" else _span(cell, "rowspan")
            made = _Cell(
                text=_text(cell, blocks), head=_is_head(cell), across=across, part=id(cell.find_parent("tbody"))
            )
            for place in range(len(line), min(len(line) + across, _WIDEST)):
                if down > 1:
                    hanging[place] = (down - 1, made)
            line += [made] * min(across, _WIDEST - len(line))
        grid.append(line)
    return grid


def _is_head(cell: Tag) -> bool:
    """Whether a cell is a header, or is written as one: in bold alone."""
    if cell.name == "th":
        return True
    bold = cell.find(["b", "strong"])
    return bold is not None and one_line(bold.get_text()) == one_line(cell.get_text())


def _text(cell: Tag, blocks: Blocks) -> str:
    """A cell's text on one line; a table within it as its rows, each value with its header."""
    for inner in cell.find_all("table"):
        if inner.find_parent("table") is not None and not is_gone(inner):
            inner.replace_with(f" {_within(inner, blocks)} ")
    for heading in cell.find_all(_HEADINGS):
        heading.name = "p"
    parts = [_ITEM.sub("\0", block) for block in blocks(cell) if block.strip()]
    text = (
        " / ".join(piece.strip() for part in parts for piece in part.split("\0") if piece.strip())
        if len(cell.find_all("li")) > 1
        else " ".join(parts).replace("\0", "")
    )
    return one_line(text)


def _within(tag: Tag, blocks: Blocks) -> str:
    rows = [list(row.find_all(["td", "th"], recursive=False)) for row in _rows(tag)]
    grid = [[cell.text for cell in row] for row in _grid(rows, blocks)]
    if len(grid) > 1 and len(rows[0]) > 1 and all(cell.name == "th" for cell in rows[0]):
        lines = [
            ", ".join(f"{name}: {value}" for name, value in zip(grid[0], row, strict=False) if value)
            for row in grid[1:]
        ]
    else:
        lines = [
            ": ".join(cell for cell in row if cell) if len(row) == 2 else ", ".join(filter(None, row)) for row in grid
        ]
    return "; ".join(line for line in lines if line)


def _written(grid: list[list[_Cell]], in_head: int, in_foot: int) -> Iterator[str]:
    """The table with its titles above and its notes, rows of its foot that are one cell, below."""
    width = max(map(len, grid), default=0)
    above = sum(1 for _ in takewhile(lambda row: _is_whole(row, width), grid))
    above = above if above < len(grid) else 0
    noted = sum(1 for _ in takewhile(lambda row: _is_whole(row, width), reversed(grid[len(grid) - in_foot :])))
    below = grid[len(grid) - noted :]
    yield from (escape(row[0].text) for row in grid[:above] if row[0].text)
    first = _name(grid[above - 1], width, True) if above else ""
    grid = grid[above : len(grid) - noted]
    heads = _header_rows(grid, max(0, in_head - above))
    heads += not in_head and _is_second_header(grid, max(1, heads))
    if heads == 0 and _names_rows(grid):
        header = [""] * width
    else:
        heads = max(heads, 1)
        header = _merged(grid[:heads], width)
    lines = [line for line in _sectioned(grid[heads:], width, grid[:heads], first) if any(line)]
    lines = with_keys_again(lines)
    kept = [at for at in range(width) if header[at] or any(line[at] for line in lines)]
    if kept:
        told = ["| " + " | ".join(written(line[at]) for at in kept) + " |" for line in (header, *lines)]
        yield "\n".join([told[0], "|" + " --- |" * len(kept), *told[1:]])
    yield from (escape(row[0].text) for row in below if row[0].text)


def _sectioned(rows: list[list[_Cell]], width: int, header: list[list[_Cell]], section: str) -> Iterator[list[str]]:
    """The texts of the rows, those below a row that names a section with its name before their first.

    ``section``: what stands over the header, which names the first rows where other sections follow. A sum that no other
    section has is one of all of them.
    """
    headed = sum(bool(row and row[0].head) for row in rows) * 2 > len(rows)
    names = [_name(row, width, not headed) for row in rows]
    section = section if any(names) else ""
    seen: set[str] = set()
    for at, row in enumerate(rows):
        line = _line(row, width)
        if names[at] and at + 1 < len(rows):
            if not names[at + 1]:
                section = names[at]
            else:  # a name without rows
                yield line
            continue
        if at and row[0].part != rows[at - 1][0].part and not names[at - 1]:
            section = ""
        if [cell.text for cell in row] in ([cell.text for cell in head] for head in header):
            continue
        alone = at + 1 == len(rows) and _SUM.match(line[0]) and line[0] not in seen
        seen.add(line[0])
        if section and line[0] and any(line[1:]) and not alone:
            line[0] = f"{section}: {line[0]}"
        elif section and any(line[1:]) and not alone:
            line[0] = section
        yield line


def _name(row: list[_Cell], width: int, alone: bool) -> str:
    """The name that a row gives those below it: its one cell, over all columns or, where it may stand ``alone``, in bold."""
    text = row[0].text.rstrip(":： ") if row else ""
    whole = _is_whole(row, width) or (alone and width > 1 and row and row[0].head and not any(c.text for c in row[1:]))
    return text if whole and len(text) <= _LONGEST_NAME and not _NO_NAME.search(text) else ""


def _is_whole(row: list[_Cell], width: int) -> bool:
    return width > 1 and len(row) == width and row[0].across >= width


def _header_rows(grid: list[list[_Cell]], in_head: int) -> int:
    """How many rows are the header: those of ``thead``, else the first that hold nothing but header cells."""
    heads = takewhile(lambda row: row and all(c.head or not c.text for c in row), grid)
    own = takewhile(lambda pair: not pair[0] or len({id(c) for c in pair[1] if c.text}) > 1, enumerate(heads))
    rows = in_head or sum(1 for _ in own)
    return min(rows, _MOST_HEADERS, max(0, len(grid) - 1))


def _is_second_header(grid: list[list[_Cell]], at: int) -> bool:
    """Whether the row at ``at`` goes on with the header above it: it parts what spans columns there, and nothing else."""
    if len(grid) <= at + 1 or len(grid[at]) != len(grid[at - 1]):
        return False
    pairs = list(zip(grid[at - 1], grid[at], strict=True))
    parted = [below.text for above, below in pairs if above.across > 1 and above is not below]
    rest = [below for above, below in pairs if above.across == 1 and above is not below]
    names = all(text and not re.match(r"[\W\d]*\d[\d,.]*\W*$", text) and len(text) <= _LONGEST_NAME for text in parted)
    below_spans = [below for above, below in pairs if above.across > 1]
    return bool(parted) and names and not any(c.text for c in rest) and all(c.across == 1 for c in below_spans)


def _names_rows(grid: list[list[_Cell]]) -> bool:
    """Whether the first cell of every row names it, from the first row on, and nothing names the columns."""
    return all(row and row[0].head and row[0].text and any(not cell.head for cell in row) for row in grid)


def _merged(rows: list[list[_Cell]], width: int) -> list[str]:
    """The header: what stands above each column, from the top down, once each."""
    header = []
    for at in range(width):
        parts = [line[at] for line in (_line(row, width) for row in rows)]
        header.append(" ".join(dict.fromkeys(part for part in parts if part)))
    return header


def _line(row: list[_Cell], width: int) -> list[str]:
    """The texts of a row; a cell over the whole width stands once."""
    if _is_whole(row, width):
        return [row[0].text] + [""] * (width - 1)
    return [*(cell.text for cell in row), *[""] * (width - len(row))]


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name) or "1").strip()
    return max(1, min(int(value), _MOST_SPANNED)) if value.isdecimal() and value.isascii() else 1
