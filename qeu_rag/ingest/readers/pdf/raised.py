"""Finds the raised and lowered stretches of a PDF line, by size and baseline, and writes them as characters that say so."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from qeu_rag.ingest.readers.pdf.text import Letter
from qeu_rag.ingest.readers.pdf.text_style import Look
from qeu_rag.ingest.readers.typeset.raised import lowered, raised

_SMALLER = 0.88
_LONGEST = 20  # characters of a raised stretch; what is longer is text of its own
_NEAR = 0.6
KANA = re.compile(r"[\u3041-\u30ff\s・]+")
"""What stands over characters to tell their reading."""
_ORDINAL = re.compile(r"\s*(?:st|nd|rd|th|TM|SM|re|er|ère|e|o|a)\s*$")


def moved(run: Sequence[Letter], own: Sequence[Look | None]) -> list[Letter]:
    """``run`` with its raised and lowered stretches as characters that say so; ``own`` are the looks of its letters."""
    shifts = _shifts(run, own)
    made: list[Letter] = []
    for shift, pairs in groupby(zip(shifts, run, strict=True), key=lambda pair: pair[0]):
        part = [letter for _, letter in pairs]
        made += _written(part, shift) if shift else part
    return made


def _written(part: Sequence[Letter], shift: int) -> Iterator[Letter]:
    text = "".join(letter.char for letter in part)
    if shift > 0 and _ORDINAL.match(text):
        yield from part
        return
    moved = raised(text) if shift > 0 else lowered(text)
    first = next(i for i, letter in enumerate(part) if letter.number >= 0)
    for i, letter in enumerate(part):
        yield letter._replace(char=moved if i == first else "")


def _shifts(run: Sequence[Letter], own: Sequence[Look | None]) -> list[int]:
    """For each letter 1 where it is raised, -1 where it is lowered, else 0; spaces between go with both their sides."""
    sizes = [look.size for look in own if look]
    if not sizes:
        return [0] * len(run)
    largest = max(sizes)
    levels = Counter(round(look.baseline, 1) for look in own if look and look.size > _SMALLER * largest)
    base = levels.most_common(1)[0][0]
    shifts = [_shift(look, base, largest) if look else 0 for look in own]
    for i in range(1, len(run) - 1):
        if own[i] is None and shifts[i - 1] == shifts[i + 1]:
            shifts[i] = shifts[i - 1]
    for start, end in _stretches(shifts):
        text = "".join(letter.char for letter in run[start:end])
        if len(text.strip()) > _LONGEST or not _abuts(run, start, end, largest) or KANA.fullmatch(text):
            shifts[start:end] = [0] * (end - start)
    return shifts


def _shift(look: Look, base: float, size: float) -> int:
    off, small = (look.baseline - base) / max(0.1, size), look.size < _SMALLER * size
    if (0.1 if small else 0.2) < off < 0.9:
        return 1
    return -1 if (0.05 if small else 0.12) < -off < 0.6 else 0


def _stretches(shifts: Sequence[int]) -> list[tuple[int, int]]:
    made, at = [], 0
    for shift, group in groupby(shifts):
        end = at + len(list(group))
        if shift:
            made.append((at, end))
        at = end
    return made


def _abuts(run: Sequence[Letter], start: int, end: int, size: float) -> bool:
    """Whether the stretch stands right after or before other letters of its line."""
    inner = [letter for letter in run[start:end] if letter.number >= 0]
    before = next((letter for letter in reversed(run[:start]) if letter.number >= 0), None)
    after = next((letter for letter in run[end:] if letter.number >= 0), None)
    reach = _NEAR * size
    return bool(
        (before and abs(inner[0].ink[0] - before.ink[2]) < reach)
        or (after and abs(after.ink[0] - inner[-1].ink[2]) < reach)
    )
