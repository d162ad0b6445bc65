"""Whether the figures and codes of a sentence stand in other texts: the same amount, unit, limit and edge."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from qeu_rag.text.bounds import limit_between
from qeu_rag.text.measures import UNIT, UNITS
from qeu_rag.text.spelled import lowered
from qeu_rag.text.values import Value, folded, values

_COUNTED = frozenset("people times pieces points 件 本 枚 台 部 社 箇所 項目 水準 級 行 列".split())
"""Measures that only count."""
_EDGE_BEFORE = re.compile(
    r"\b(?:(?P<start>from|since|starting|after)|(?P<end>by|until|till|through|before))(?: the)?\s*$", re.I
)
_EDGE_AFTER = re.compile(r"\s*(?:末日?|頃|前|後)?(?:(?P<start>から|以降|以後|より)|(?P<end>まで|以前))")
_AROUND, _BEFORE = 16, 24
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_IN_TEXT = sorted((unit for unit in UNITS if unit.isascii() and len(unit) > 1), key=len, reverse=True)
_UNIT = re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, _IN_TEXT))})(?![a-z])|(?<=[(\d])\s?(?:{UNIT})(?![a-z])")
"""A unit: in letters anywhere, one of a single letter or in Japanese only in brackets or behind a figure."""
_EACH = re.compile(r"\s*(?:につき|あたり|当たり|ごと)")
_ONE = re.compile(r"one\b|[一1]つ(?=の)", re.I)
_BY_ONESELF = re.compile(r"[一1](?:人|名)(?=で)")
_AGAIN = re.compile(r"もう\s*$|\banother\s*$", re.I)
_NO_NUMBER = "(?<![\\d一二三四五六七八九十百])"
_IN_WORDS = (
    (
        "share",
        50.0,
        re.compile(rf"半額|半分|半数|{_NO_NUMBER}[2二]分の[1一]|\bhalf (?:of|the|that|as|their|your|its)\b", re.I),
    ),
    ("share", 25.0, re.compile(rf"{_NO_NUMBER}[4四]分の[1一]|\b(?:a|one)[ -]quarter of\b", re.I)),
    ("share", 75.0, re.compile(rf"{_NO_NUMBER}[4四]分の[3三]|\bthree[ -](?:quarter|fourth)s\b", re.I)),
    ("share", 20.0, re.compile(rf"{_NO_NUMBER}[5五]分の[1一]|\b(?:a|one)[ -]fifth\b", re.I)),
    ("share", 10.0, re.compile(rf"{_NO_NUMBER}(?:10|十)分の[1一]|\b(?:a|one)[ -]tenth\b", re.I)),
    ("duration", 6 * 30.4, re.compile(r"半年|(?<!四)半期|\bhalf a year\b|\bsix[ -]monthly\b", re.I)),
)
"""Amounts that a text may say without a number."""
_NUMERALS = "一二三四五六七八九十百千万億"


def repeats(value: Value, stated: Value, *, unlimited: bool = False) -> bool:
    """Whether ``value`` says no more than ``stated``: the same amount of the same measure, and no other limit.

    Stricter than ``same``: five days do not repeat "within a week", nor five working days a week; a date may leave its year
    out. What is only counted (3 parts, 3 個, 3) is compared by its number. With ``unlimited`` a bare figure may be a limit, as
    it is in a table ("Deadline: 2 days" is within 2 days).
    """
    if value.bound and value.bound != stated.bound and not (unlimited and not stated.bound):
        return False
    if value.measure == stated.measure == "date":
        return all(not mine or mine == theirs for mine, theirs in zip(value.size, stated.size, strict=True))
    if value.measure != stated.measure:
        loose = [_bare(one) for one in (value, stated)]
        counted = any(loose) and all(
            is_loose or one.measure in _COUNTED for is_loose, one in zip(loose, (value, stated), strict=True)
        )
        return (counted and math.isclose(value.number, stated.number)) or _year(value, stated)
    tolerance = 1e-3 if value.rough and stated.rough else 1e-9
    return value.rough == stated.rough and math.isclose(value.size[0], stated.size[0], rel_tol=tolerance)


def _bare(value: Value) -> bool:
    return value.measure == "number" or value.measure.startswith("counted")


def _year(*pair: Value) -> bool:
    """Whether one of the two is a year, and the other the bare number of that year ("in 1952")."""
    return any(
        date.measure == "date" and not any(date.size[1:]) and _bare(other) and date.size[0] == other.number
        for date, other in (pair, pair[::-1])
    )


@dataclass(frozen=True, slots=True)
class _Texts:
    """What a claim rests on: the texts, the values of each, and the units (measure and size) that stand in them."""

    texts: tuple[str, ...]
    stated: tuple[tuple[Value, str], ...]
    units: frozenset[tuple[str, float]]

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Texts:
        known = tuple(folded(text) for text in texts)
        stated = tuple((value, text) for text in known for value in values(text))
        units = frozenset(UNITS[unit.strip()] for text in known for unit in _UNIT.findall(lowered(text)))
        return cls(known, stated, units)


def figures_stand(claim: str, texts: Sequence[str], *, limits: bool = False) -> bool:
    """Whether every figure of ``claim`` repeats one of ``texts``, and each number of its codes stands in one.

    With ``limits`` a bare figure may be a limit, as it is in a table.
    """
    known = _Texts.of(texts)
    plain = rest = folded(claim)
    for value in reversed(values(claim)):
        edge = _edge(plain, value)
        if not (
            _counts_nothing(plain, value, known)
            or any(
                repeats(value, other, unlimited=limits) and (not edge or _edge(text, other) in ("", edge))
                for other, text in known.stated
            )
            or _stands_otherwise(value, known)
        ):
            return False
        rest = f"{rest[: value.start]} {rest[value.end :]}"
    return all(
        any(re.search(rf"(?<![\d.,]){re.escape(number)}(?!\d|[.,]\d)", text) for text in known.texts)
        for number in _NUMBER.findall(rest)
    )


def _stands_otherwise(value: Value, known: _Texts) -> bool:
    """Whether ``value`` stands in the texts in a form that is not read as the same value.

    To the letter; or without its unit, which stands elsewhere: in the header of a table, behind the end of a range ("15-30
    minutes") or another number ("12 minutes up to 8 mm, 18 above"); or in words ("half"). Not if the texts state it
    with another limit.
    """
    if any(other.measure == value.measure and other.size == value.size for other, _ in known.stated):
        return False
    if value.measure in ("date", "clock"):
        return False
    return _to_the_letter(value, known) or _without_unit(value, known) or _in_words(value, known)


def _to_the_letter(value: Value, known: _Texts) -> bool:
    words = re.escape(value.words)
    pattern = re.compile(rf"(?<![\d.,{_NUMERALS}])(?<!(?<!\d)-){words}(?!\d|[.,]\d|[a-z{_NUMERALS}])", re.I)
    return len(value.words) > 1 and any(map(pattern.search, known.texts))


def _without_unit(value: Value, known: _Texts) -> bool:
    """Whether its number stands there with no unit of its own, no label and no code, and its unit somewhere else."""
    counts = _bare(value) or value.measure in _COUNTED
    unit = (value.measure, value.size[0] / value.number if value.number else 0.0)
    if not counts and not any(unit[0] == measure and math.isclose(unit[1], size) for measure, size in known.units):
        return False
    whole = value.number.is_integer()
    forms = {f"{value.number:.10g}", f"{value.number:,.0f}" if whole else f"{value.number:,.10g}"}
    pattern = re.compile(
        rf"(?<![\d.,A-Za-z第#])(?<!(?<!\d)-)(?:{'|'.join(map(re.escape, forms))})(?!\d|[.,]\d|-?[A-Za-z])"
    )
    taken = [(other, text) for other, text in known.stated if other.measure != "number"]
    return any(
        not any(text is own and other.start <= match.start() < other.end for other, own in taken)
        for text in known.texts
        for match in pattern.finditer(text)
    )


def _in_words(value: Value, known: _Texts) -> bool:
    return any(
        value.measure == measure
        and math.isclose(value.size[0], size)
        and limit_between(text[max(0, match.start() - _BEFORE) : match.start()], text[match.end() :])
        in ("", value.bound)
        for measure, size, words in _IN_WORDS
        for text in known.texts
        for match in words.finditer(text)
    )


def _counts_nothing(text: str, value: Value, known: _Texts) -> bool:
    """Whether a one is no figure of ``text``: "one form", 一人で, 1日につき, もう一度; not where the texts have another there."""
    if value.number != 1:
        return False
    if _AGAIN.search(text[: value.start]) or (_ONE.match(text, value.start) and _bare(value)):
        return True
    others = [
        (other, own) for other, own in known.stated if other.measure == value.measure and other.size != value.size
    ]
    if _BY_ONESELF.match(text, value.start):
        return not others
    return bool(_EACH.match(text, value.end)) and not any(_EACH.match(own, other.end) for other, own in others)


def _edge(text: str, value: Value) -> str:
    """Whether ``value`` is where something starts or ends, by the words beside it; empty where they do not say."""
    plain = folded(text)
    before = plain[max(0, value.start - _AROUND) : value.start]
    if (found := _EDGE_AFTER.match(plain, value.end) or _EDGE_BEFORE.search(before)) is not None:
        return "start" if found["start"] else "end"
    return {"most": "end", "least": "start"}.get(value.bound, "")
