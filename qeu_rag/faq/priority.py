"""Reads the priority of a row, as people write it, as a number."""

from __future__ import annotations

import re

from qeu_rag.tables.columns import folded

_GRADES = {
    name: float(grade)
    for grade, names in enumerate(
        (
            "highest urgent critical 最高 至急 最優先",
            "high a 高 高い ◎",
            "medium middle normal b 中 普通 ○ 〇",
            "low c 低 低い △",
            "lowest d 最低 ×",
        )
    )
    for name in names.split()
}


def grade(text: str) -> float:
    """A priority as a number, the most urgent lowest: 1 before 2, high before low; what says nothing comes last."""
    name = folded(text)
    if name in _GRADES:
        return _GRADES[name]
    number = re.search(r"\d+(?:\.\d+)?", name)
    return float(number.group()) if number else float("inf")
