"""Cuts an answer's text into prose and tables, so that each can be written as what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

Table = tuple[tuple[str, ...], ...]
"""Rows of cells, the header first."""

_ROW = re.compile(r"\s*\|(?P<cells>.*)\|(?P<marker>(?:\s*\[\d+\])*)\s*")
_BAR = re.compile(r"(?<!\\)\|")


def blocks(text: str) -> Iterator[str | Table]:
    """The stretches of ``text`` in order: lines of prose, and tables of two rows or more.

    A citation's marker behind the last row comes as prose after the table.
    """
    for is_row, group in groupby(text.splitlines(), key=lambda line: bool(_ROW.fullmatch(line))):
        lines = list(group)
        if not is_row or len(lines) < 2:
            yield "\n".join(lines)
            continue
        found = [match for line in lines if (match := _ROW.fullmatch(line))]
        yield tuple(tuple(cell.strip() for cell in _BAR.split(match["cells"])) for match in found)
        if marker := " ".join(match["marker"].strip() for match in found if match["marker"]):
            yield marker
