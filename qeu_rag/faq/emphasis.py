"""Cuts a text into runs that are emphasised or not, and writes these where Markdown would not take them otherwise."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
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
