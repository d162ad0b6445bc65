"""Writes the rows of a PDF's ruled tables: cells of several lines, merged cells, headers of several rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from qeu_rag.ingest.readers.pdf.layout import glued, mended
from qeu_rag.ingest.readers.pdf.lines import ITEM, Line, beside
from qeu_rag.ingest.readers.pdf.ruled import Cell
from qeu_rag.ingest.readers.pdf.table import PdfTable

_MOST_HEADERS = 3
_NUMBER = re.compile(r"[-+−±△▲¥$€£(]*\d[\d.,:/%)]*$")

_YEAR = re.compile(r"(?:19|20)\d\d$")

Row = tuple[str, ...]


def rows_of(table: PdfTable, known: Counter[str]) -> list[Row]:
    """The rows of ``table``, the header first; ``known`` counts the document's words.

    As in the tables of other kinds of file, what spans rows is repeated in each and what spans columns stands in the first;
    a header of several rows is one, in which the name of a group stands before the name of each of its columns.
    """
    room = _padding(table)
    texts = [_text(lines, cell, room, known) for cell, lines in zip(table.grid.cells, table.lines, strict=True)]
    heads = _heads(table.grid.cells, texts, len(table.grid.ys) - 1)
    rows = [_header(table, texts, heads)]
    for r in range(heads, len(table.grid.squares)):
        rows += _divided(table, r, texts, room, known)
    if not table.grid.ruled and heads == 1 and _is_headless(rows):
        rows.insert(0, ("",) * len(rows[0]))
    return rows


def _is_headless(rows: Sequence[Row]) -> bool:
    """Whether the first row holds values, not names: figures that are no years, or stand above words."""
    for column, text in enumerate(rows[0]):
        below = [row[column] for row in rows[1:] if row[column]]
        if _NUMBER.match(text) and (
            not _YEAR.match(text) or 2 * sum(map(bool, map(_NUMBER.match, below))) <= len(below)
        ):
            return True
    return False


def _padding(table: PdfTable) -> float:
    """The least space between text and an upright line of the table."""
    spaces = [
        space
        for cell, lines in zip(table.grid.cells, table.lines, strict=True)
        for line in lines
        for space in (line.left - cell.box[0], cell.box[2] - line.right)
    ]
    return max(0.0, min(spaces, default=0.0))


def _text(lines: Sequence[Line], cell: Cell, padding: float, known: Counter[str]) -> str:
    """The text of a cell on one line, joined as a paragraph where the lines are full."""
    if not lines:
        return ""
    text = lines[0].text
    for above, line in pairwise(lines):
        if beside(above, line) or not _is_full(above, line, cell, padding):
            text += " " + line.text
        elif _in_a_word(above.text, line.text, known):
            text += line.text
        else:
            text = glued(text, line.text, known)
    return " ".join(mended(text, known).split())


def _in_a_word(above: str, below: str, known: Counter[str]) -> bool:
    """Whether a narrow column broke a word that the document has elsewhere, and has the first half of nowhere else."""
    head, tail = re.search(r"[^\W\d_]+$", above), re.match(r"[^\W\d_]+", below)
    if not head or not tail or not below[0].islower():
        return False
    word = head[0] + tail[0]
    return known[head[0]] <= 1 and (known[word] + known[word.lower()] + known[word.capitalize()]) > 0


def _is_full(above: Line, line: Line, cell: Cell, padding: float) -> bool:
    """Whether the first word of ``line`` had no room in the line above it."""
    wide = not line.text[0].isascii()
    if wide and len(line.text) == len(above.text) == 1:
        return True  # written from the top down
    word = 1 if wide else len(line.text.split(" ", 1)[0]) + 1
    width = (line.right - line.left) * word / len(line.text)
    room = cell.box[2] - cell.box[0] - 2 * padding
    return above.right - above.left + width > room - 0.1 * above.height


def _heads(cells: Sequence[Cell], texts: Sequence[str], rows: int) -> int:
    """How many rows the header has: those under the names of groups of columns, where all other columns go through."""
    top = [(cell, text) for cell, text in zip(cells, texts, strict=True) if cell.row == 0]
    groups = [cell for cell, text in top if cell.columns > 1 and text]
    heads = max((cell.rows for cell, text in top if text), default=1)
    if groups and heads == 1 and all(cell.columns > 1 or not text for cell, text in top) and len(groups) < len(top):
        heads = 2
    straddles = any(cell.row < heads < cell.row + cell.rows for cell in cells)
    return heads if groups and heads <= _MOST_HEADERS and heads < rows and not straddles else 1


def _header(table: PdfTable, texts: Sequence[str], heads: int) -> Row:
    if heads == 1:
        return _row(table, 0, texts)
    names = []
    for column in range(len(table.grid.xs) - 1):
        through = dict.fromkeys(table.grid.squares[r][column] for r in range(heads))
        names.append(" ".join(texts[i] for i in through if i >= 0 and texts[i]))
    return tuple(names)


def _row(table: PdfTable, r: int, texts: Sequence[str]) -> Row:
    squares = table.grid.squares[r]
    return tuple(texts[i] if i >= 0 and table.grid.cells[i].column == c else "" for c, i in enumerate(squares))


def _divided(table: PdfTable, r: int, texts: Sequence[str], padding: float, known: Counter[str]) -> list[Row]:
    """The row ``r``; where several of its cells hold as many short lines at the same heights, a row for each of those."""
    own = [i for i in dict.fromkeys(table.grid.squares[r]) if i >= 0 and table.grid.cells[i].rows == 1]
    levels = {i: _levels(table.lines[i]) for i in own if table.lines[i]}
    most = max(map(len, levels.values()), default=1)
    full = [i for i in levels if len(levels[i]) == most]
    if most == 1 or len(full) < (2 if most > 2 else 3) or not all(_alike(levels[full[0]], levels[i]) for i in full):
        return [_row(table, r, texts)]
    cells = table.grid.cells
    if not _are_rows([levels[i] for i in full], [cells[i] for i in full], padding):
        return [_row(table, r, texts)]
    middle = _height(levels[full[0]][0]) + _height(levels[full[0]][-1])
    for i in levels:
        line = levels[i][0]
        if i not in full and (len(levels[i]) > 1 or abs(2 * _height(line) - middle) > line[0].height):
            return [_row(table, r, texts)]
    made = []
    for level in range(most):
        part = {i: _text(levels[i][level], cells[i], padding, known) for i in full}
        made.append(_row(table, r, [part.get(i, text) for i, text in enumerate(texts)]))
    return made


def _are_rows(columns: Sequence[Sequence[Sequence[Line]]], cells: Sequence[Cell], padding: float) -> bool:
    """Whether the lines of these cells are short for themselves, or numbers; single words at their side may be either."""
    certain = 0
    for levels, cell in zip(columns, cells, strict=True):
        texts = [" ".join(line.text for line in level) for level in levels]
        if any(ITEM.match(text) for text in texts):
            return False
        if all(map(_NUMBER.match, texts)) or not any(_is_full(a[-1], b[0], cell, padding) for a, b in pairwise(levels)):
            certain += 1
        elif any(" " in text or not text.isascii() for text in texts):
            return False
    return certain > (len(columns[0]) == 2)


def _levels(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines of a cell in groups that stand side by side."""
    levels: list[list[Line]] = []
    for line in lines:
        if levels and beside(levels[-1][-1], line):
            levels[-1].append(line)
        else:
            levels.append([line])
    return levels


def _height(level: Sequence[Line]) -> float:
    return (level[0].bottom + level[0].top) / 2


def _alike(a: Sequence[Sequence[Line]], b: Sequence[Sequence[Line]]) -> bool:
    return all(abs(_height(x) - _height(y)) <= 0.4 * x[0].height for x, y in zip(a, b, strict=True))
