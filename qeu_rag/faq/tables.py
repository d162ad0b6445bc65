"""Cuts an answer's text into prose and tables, so that each can be written as what it is, with what it emphasises."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from qeu_rag.faq.emphasis import Bounds, Run, runs, within

Rich = tuple[Run, ...]
"""A text in runs that are emphasised or not."""


@dataclass(frozen=True, slots=True)
class Prose:
    """Lines of prose."""

    text: Rich

    @property
    def lines(self) -> tuple[Rich, ...]:
        """Each line by itself, without its end."""
        whole = "".join(run for run, _ in self.text)
        bounds, at = [], 0
        for run, strong in self.text:
            bounds += [(at, at + len(run))] if strong else []
            at += len(run)
        return tuple(_rich(whole, start, end, bounds) for start, end in _lines(whole))


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the header first."""

    rows: tuple[tuple[Rich, ...], ...]


_EDGED = re.compile(r"\s*\|(?P<cells>.*)\|(?P<marker>(?:\s*\[\d+\])*)\s*")
_OPEN = re.compile(r"(?P<cells>[^\s|].* \| .*?)(?P<marker>(?:\s*\[\d+\])*)\s*")
_BAR = re.compile(r"(?<!\\)\|")


def blocks(text: str, emphasised: Iterable[Bounds] = ()) -> Iterator[Prose | Table]:
    """The stretches of ``text`` in order: lines of prose, and tables of two rows or more.

    A table's rows have bars at both ends, or as many bars between blanks as the row above. A citation's marker behind a row
    comes as prose after the table.
    """
    bounds = tuple(emphasised)
    for width, group in groupby(_lines(text), key=lambda line: _width(text[line[0] : line[1]])):
        lines = list(group)
        if not width or len(lines) < 2:
            yield Prose(_rich(text, lines[0][0], lines[-1][1], bounds))
            continue
        shape = _EDGED if width < 0 else _OPEN
        found = [match for start, end in lines if (match := shape.fullmatch(text, start, end))]
        yield Table(tuple(tuple(_cells(text, *match.span("cells"), bounds)) for match in found))
        if marker := " ".join(match["marker"].strip() for match in found if match["marker"]):
            yield Prose(((marker, False),))


def _width(line: str) -> int:
    """-1 for a row between bars, else how many bars between blanks part its cells."""
    if _EDGED.fullmatch(line):
        return -1
    return line.count(" | ") if _OPEN.fullmatch(line) else 0


def _lines(text: str) -> Iterator[Bounds]:
    """Where each line stands, without its end."""
    at = 0
    for line in text.splitlines(keepends=True):
        yield at, at + len(line.splitlines()[0])
        at += len(line)


def _cells(text: str, start: int, end: int, bounds: Iterable[Bounds]) -> Iterator[Rich]:
    bars = [match.start() for match in _BAR.finditer(text, start, end)]
    for first, last in zip((start, *(bar + 1 for bar in bars)), (*bars, end), strict=True):
        cell = text[first:last]
        first += len(cell) - len(cell.lstrip())
        yield _rich(text, first, max(first, first + len(cell.strip())), bounds)


def _rich(text: str, start: int, end: int, bounds: Iterable[Bounds]) -> Rich:
    return runs(text[start:end], within(bounds, start, end))
