"""Parts the rows of one table into its lists of questions, where a second header stands below the first list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qeu_rag.tables.columns import SEARCHED_ROWS, Header, asks_elsewhere, folded, next_header, reads_as_question

Numbered = tuple[int, Sequence[str]]
"""A row with its number, from 1, as a spreadsheet shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A list of questions: its header, whose ``row`` counts from 0, and the rows below it up to the next header."""

    header: Header
    rows: tuple[Numbered, ...]

    @property
    def unasked(self) -> tuple[int, ...]:
        """The numbers of rows that ask in another column than the questions'."""
        return tuple(number for number, row in self.rows if asks_elsewhere(row, self.header))


def sections(rows: Sequence[Numbered], header: Header, column: str | None = None) -> Iterator[Section]:
    """The lists in ``rows``, all those below ``header``; where ``column`` names the questions, each header has that name.

    A column that was given by its place is the only one. The title of a list, alone in the row above its header, is no question.
    """
    name = column if column is not None and folded(column) in map(folded, header.names) else ""
    held: list[Numbered] = []
    for at, (number, row) in enumerate(rows):
        parted = at > 0 and sum(map(bool, rows[at - 1][1])) < 2
        below = [other for _, other in rows[at + 1 : at + 1 + SEARCHED_ROWS]]
        found = None
        if column is None or name:
            found = next_header(row, header, below, parted=parted, name=name)
        if found is None:
            held.append((number, row))
            continue
        if held and _is_title(held[-1][1]):
            held.pop()
        yield Section(header=header, rows=tuple(held))
        header, held = Header(row=number - 1, question=found, names=tuple(row)), []
    yield Section(header=header, rows=tuple(held))


def _is_title(row: Sequence[str]) -> bool:
    filled = [cell for cell in row if cell.strip()]
    return len(filled) == 1 and not reads_as_question(filled[0])
