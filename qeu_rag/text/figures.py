"""Whether the figures and codes of a sentence stand in other texts: the same amount, unit, limit and edge."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from qeu_rag.text.measures import UNIT, UNITS
from qeu_rag.text.spelled import lowered
from qeu_rag.text.values import Value, folded, values

_COUNTED = frozenset("people times pieces points 件 本 枚 台 部 社 箇所 項目 水準 級 行 列".split())
"""Measures that only count."""
_EDGE_BEFORE = re.compile(
    r"\b(?:(?P<start>from|since|starting|after)|(?P<end>by|until|till|through|before))(?: the)?\s*$", re.I
)
_EDGE_AFTER = re.compile(r"\s*(?:末日?|頃|前|後)?(?:(?P<start>から|以降|以後|より)|(?P<end>まで|以前))")
_AROUND = 16
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_UNIT = re.compile(rf"(?:(?<![a-z])(?!(?-i:[a-z])(?![a-z]))|(?<=[(\d]))(?:{UNIT})(?![a-z])")
"""A unit that stands anywhere; one of a single letter only behind a digit or a bracket."""
_EACH = re.compile(r"\s*(?:につき|あたり|当たり|ごと)")
_ALONE = re.compile(r"(?:one|a|an)\b|[一1](?:人|名)(?=で)|[一1]つ(?=の)", re.I)
_AGAIN = re.compile(r"もう\s*$|\banother\s*$", re.I)
_IN_WORDS = (
    ("share", 50.0, re.compile(r"半額|半分|半数|2分の1|二分の一|\bhal(?:f|ves)\b", re.I)),
    ("share", 25.0, re.compile(r"4分の1|四分の一|(?<!three )(?<!three-)\bquarter\b", re.I)),
    ("share", 75.0, re.compile(r"4分の3|四分の三|\bthree[ -](?:quarter|fourth)s\b", re.I)),
    ("share", 20.0, re.compile(r"5分の1|五分の一|\b(?:one|a)[ -]fifth\b", re.I)),
    ("share", 10.0, re.compile(r"10分の1|十分の一|\b(?:one|a)[ -]tenth\b", re.I)),
    ("duration", 6 * 30.4, re.compile(r"半年|半期|\bhalf(?: a)? year\b|\bsix[ -]monthly\b", re.I)),
)
"""Amounts that a text may say without a number."""


def repeats(value: Value, stated: Value) -> bool:
    """Whether ``value`` says no more than ``stated``: the same amount of the same measure, and not the other limit.

    Stricter than ``same``: five working days do not repeat a week. A date may leave its year out, and a limit its word
    (a table says "2 days" of what takes at most 2 days). What only counts (3 parts, 3 個, 3) is compared by its number.
    """
    if value.bound and stated.bound and value.bound != stated.bound:
        return False
    if value.measure == stated.measure == "date":
        return all(not mine or mine == theirs for mine, theirs in zip(value.size, stated.size, strict=True))
    if value.measure != stated.measure:
        return (_counts(value) and _counts(stated) and math.isclose(value.number, stated.number)) or _year(
            value, stated
        )
    tolerance = 1e-3 if value.rough and stated.rough else 1e-9
    return value.rough == stated.rough and math.isclose(value.size[0], stated.size[0], rel_tol=tolerance)


def _counts(value: Value) -> bool:
    return value.measure == "number" or value.measure.startswith("counted") or value.measure in _COUNTED


def _year(*pair: Value) -> bool:
    """Whether one of the two is a year, and the other the bare number of that year ("in 1952")."""
    return any(
        date.measure == "date" and not any(date.size[1:]) and _counts(other) and date.size[0] == other.number
        for date, other in (pair, pair[::-1])
    )


def figures_stand(claim: str, texts: Sequence[str]) -> bool:
    """Whether every figure of ``claim`` repeats one of ``texts``, and each number of its codes stands in one."""
    known = [folded(text) for text in texts]
    stated = [(value, text) for text in known for value in values(text)]
    units = {UNITS[unit][0] for text in known for unit in _UNIT.findall(lowered(text))}
    plain = rest = folded(claim)
    for value in reversed(values(claim)):
        edge = _edge(plain, value)
        if not (
            _counts_nothing(plain, value)
            or any(repeats(value, other) and (not edge or _edge(text, other) in ("", edge)) for other, text in stated)
            or _stands_otherwise(value, stated, known, units)
        ):
            return False
        rest = f"{rest[: value.start]} {rest[value.end :]}"
    return all(any(_found(number, text) for text in known) for number in _NUMBER.findall(rest))


def _stands_otherwise(
    value: Value, stated: Sequence[tuple[Value, str]], known: Sequence[str], units: AbstractSet[str]
) -> bool:
    """Whether ``value`` stands in ``known`` in a form that is not read as the same value.

    To the letter; or without its unit, which stands elsewhere: in the header of a table, behind the end of a range ("15-30
    minutes") or another number ("12 minutes up to 8 mm, 18 above"); or in words ("half"). Not if the texts state it
    with another limit.
    """
    if any(other.measure == value.measure and other.size == value.size for other, _ in stated):
        return False
    if value.measure not in ("date", "clock"):
        letters = re.compile(rf"(?<![\d.,一二三四五六七八九十百千]){re.escape(value.words)}")
        if len(value.words) > 1 and any(map(letters.search, known)):
            return True
        measured = [(other.start, other.end, text) for other, text in stated if not _counts(other)]
        for text in known if _counts(value) or value.measure in units else ():
            for at in _found(f"{value.number:.10g}", text):
                if _counts(value) or not any(start <= at < end and own is text for start, end, own in measured):
                    return True
    return any(
        value.measure == measure and math.isclose(value.size[0], size) and any(map(words.search, known))
        for measure, size, words in _IN_WORDS
    )


def _counts_nothing(text: str, value: Value) -> bool:
    """Whether a one is no figure of ``text``: "one form", 一人で, 1日につき, もう一度."""
    if value.number != 1:
        return False
    return bool(_ALONE.match(text, value.start) or _EACH.match(text, value.end) or _AGAIN.search(text[: value.start]))


def _found(number: str, text: str) -> list[int]:
    """Where ``number`` stands in ``text`` as a whole number, with commas between its thousands or without."""
    bare = number.replace(",", "")
    grouped = f"{float(bare):,.10g}" if bare.replace(".", "", 1).isdigit() else bare
    either = "|".join(re.escape(one) for one in dict.fromkeys((number, bare, grouped)))
    return [match.start() for match in re.finditer(rf"(?<![\d.,])(?:{either})(?!\d|[.,]\d)", text)]


def _edge(text: str, value: Value) -> str:
    """Whether ``value`` is where something starts or ends, by the words beside it; empty where they do not say."""
    plain = folded(text)
    before = plain[max(0, value.start - _AROUND) : value.start]
    if (found := _EDGE_AFTER.match(plain, value.end) or _EDGE_BEFORE.search(before)) is not None:
        return "start" if found["start"] else "end"
    return {"most": "end", "least": "start"}.get(value.bound, "")
