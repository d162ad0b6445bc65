"""Cuts an answer into prose and tables, and these into runs that are emphasised or not, so that each is written as what it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

Bounds = tuple[int, int]
"""Where a stretch begins and ends (excluded), in characters."""

Run = tuple[str, bool]
"""A stretch of a text, and whether it is emphasised."""


def bounds_of(payload: Mapping[str, Any]) -> tuple[Bounds, ...]:
    """The emphasised stretches of an answer (``ask --json``); none where it was kept before there were any."""
    return tuple((int(start), int(end)) for start, end in payload.get("highlights", ()))


def within(bounds: Iterable[Bounds], start: int, end: int) -> tuple[Bounds, ...]:
    """What of ``bounds`` lies between ``start`` and ``end``, counted from ``start``."""
    cut = ((max(first, start) - start, min(last, end) - start) for first, last in bounds)
    return tuple((first, last) for first, last in cut if first < last)


def runs(text: str, bounds: Iterable[Bounds]) -> tuple[Run, ...]:
    """``text`` in runs, none of them empty; joined they are the text, whatever ``bounds`` are."""
    made: list[Run] = []
    at = 0
    for start, end in sorted(within(bounds, 0, len(text))):
        start = max(start, at)
        if start < end:
            made += [(text[at:start], False), (text[start:end], True)]
            at = end
    return tuple(run for run in (*made, (text[at:], False)) if run[0])


def starred(line: Iterable[Run]) -> Iterator[Run]:
    """The runs of one line with the emphasised ones drawn in until ``**`` at both their ends is read as emphasis.

    CommonMark 0.31, "left-flanking" and "right-flanking": beside a blank none is, and a mark between a sign inside and a letter
    outside, as in ``**…です。**次``, is none; there the sign stays outside.
    """
    parts = list(line)
    for at, (text, strong) in enumerate(parts):
        if not strong:
            yield text, False
            continue
        start, end = 0, len(text)
        before = parts[at - 1][0][-1:] if at else ""
        after = parts[at + 1][0][:1] if at + 1 < len(parts) else ""
        while start < end and not _opens(text[start - 1] if start else before, text[start]):
            start += 1
        while start < end and not _opens(text[end] if end < len(text) else after, text[end - 1]):
            end -= 1
        yield from (run for run in ((text[:start], False), (text[start:end], True), (text[end:], False)) if run[0])


def _opens(outside: str, inside: str) -> bool:
    """Whether a mark between the two characters is beside what it emphasises."""
    if inside.isspace():
        return False
    return not _sign(inside) or not outside or outside.isspace() or _sign(outside)


def _sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


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
