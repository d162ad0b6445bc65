"""Whether the figures and codes of a sentence stand in other texts: the same amount, unit, limit and edge."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from qeu_rag.text.values import Value, folded, values

_COUNTED = frozenset("people times pieces points 件 本 枚 台 部 社 箇所 項目 水準 級 行 列".split())
"""Measures that only count."""
_EDGE_BEFORE = re.compile(
    r"\b(?:(?P<start>from|since|starting|after)|(?P<end>by|until|till|through|before))(?: the)?\s*$", re.I
)
_EDGE_AFTER = re.compile(r"\s*(?:末日?|頃|前|後)?(?:(?P<start>から|以降|以後|より)|(?P<end>まで|以前))")
_AROUND = 16
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def repeats(value: Value, stated: Value) -> bool:
    """Whether ``value`` says no more than ``stated``: the same amount of the same measure, and no other limit.

    Stricter than ``same``: five days do not repeat "within a week", nor five working days a week; a date may leave its year
    out. What is only counted (3 parts, 3 個, 3) is compared by its number.
    """
    if value.bound and value.bound != stated.bound:
        return False
    if value.measure == stated.measure == "date":
        return all(not mine or mine == theirs for mine, theirs in zip(value.size, stated.size, strict=True))
    if value.measure != stated.measure:
        loose = [one.measure == "number" or one.measure.startswith("counted") for one in (value, stated)]
        return (
            any(loose)
            and math.isclose(value.number, stated.number)
            and all(is_loose or one.measure in _COUNTED for is_loose, one in zip(loose, (value, stated), strict=True))
        )
    tolerance = 1e-3 if value.rough and stated.rough else 1e-9
    return value.rough == stated.rough and math.isclose(value.size[0], stated.size[0], rel_tol=tolerance)


def figures_stand(claim: str, texts: Sequence[str], *, limits: bool = False) -> bool:
    """Whether every figure of ``claim`` repeats one of ``texts``, and each number of its codes stands in one.

    With ``limits`` a bare duration may be a limit, as it is in a table ("Deadline: 2 days" is within 2 days).
    """
    stated = [(value, text) for text in texts for value in values(text)]
    known = folded("\n".join(texts))
    rest = folded(claim)
    for found in reversed(values(claim)):
        value = found
        if limits and found.bound == "most" and found.measure == "duration":
            value = replace(found, bound="")
        edge = _edge(claim, value) if value.bound == found.bound else ""
        article = value.measure.startswith("counted") and value.words.lower().startswith("one ")
        if not article and not any(
            repeats(value, other) and (not edge or _edge(text, other) in ("", edge)) for other, text in stated
        ):
            return False
        rest = f"{rest[: value.start]} {rest[value.end :]}"
    return all(re.search(rf"(?<![\d.,]){re.escape(number)}(?![\d]|[.,]\d)", known) for number in _NUMBER.findall(rest))


def _edge(text: str, value: Value) -> str:
    """Whether ``value`` is where something starts or ends, by the words beside it; empty where they do not say."""
    plain = folded(text)
    before = plain[max(0, value.start - _AROUND) : value.start]
    if (found := _EDGE_AFTER.match(plain, value.end) or _EDGE_BEFORE.search(before)) is not None:
        return "start" if found["start"] else "end"
    return {"most": "end", "least": "start"}.get(value.bound, "")
