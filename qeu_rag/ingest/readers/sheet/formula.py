"""The text that a formula without a stored result would show, where the text stands in it letter by letter."""

from __future__ import annotations

import re

_LONGEST = 10_000
_QUOTED = r'"(?:[^"]|"")*"'
_JOINED = re.compile(rf"\s*({_QUOTED})\s*(?:&\s*{_QUOTED}\s*)*$")
_LINK = re.compile(rf"\s*HYPERLINK\s*\(\s*({_QUOTED})\s*(?:,\s*({_QUOTED})\s*)?\)\s*$", re.I)
_LIST = re.compile(rf"\s*(?:_xlfn\.)?CONCAT(?:ENATE)?\s*\(\s*({_QUOTED}(?:\s*,\s*{_QUOTED})*)\s*\)\s*$", re.I)


def literal(formula: str) -> str:
    """The text of ``"a"&"b"``, ``CONCATENATE("a","b")`` or ``HYPERLINK("…","a")``; empty for whatever has to be calculated."""
    formula = formula.lstrip("=+")[:_LONGEST]
    if found := _LINK.match(formula):
        return _texts(found[2] or found[1])
    if found := _LIST.match(formula):
        return _texts(found[1])
    return _texts(formula) if _JOINED.match(formula) else ""


def _texts(parts: str) -> str:
    return "".join(part[1:-1].replace('""', '"') for part in re.findall(_QUOTED, parts)).strip()
