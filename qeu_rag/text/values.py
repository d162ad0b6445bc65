"""The numbers with their units and the dates that a sentence states, in one notation for both languages."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from qeu_rag.text.bounds import Limit, limit_between
from qeu_rag.text.measures import ROUGH, UNIT, UNITS
from qeu_rag.text.negation import without_negations
from qeu_rag.text.spelled import ERAS, KANJI_NUMBERS, MONTH, MONTHS, NUMBER_WORDS, kanji_number, lowered

_FIGURE = re.compile(rf"[\d元割]|{MONTH}", re.I)
_DATE = re.compile(
    rf"(?P<era>{'|'.join(ERAS)})(?P<ey>\d{{1,2}}|元)年(?:(?P<em>\d{{1,2}})月(?:(?P<ed>\d{{1,2}})日)?)?(?!度|\d)"
    r"|(?<![\d.])(?P<jy>[12]\d{3})年(?:\([^()]{2,5}年\)(?=\d))?(?:(?P<jm>\d{1,2})月(?:(?P<jd>\d{1,2})日)?)?(?!間|\d)"
    r"|(?<!\d)(?<!\d年)(?P<m>\d{1,2})月(?P<d>\d{1,2})日|(?<![\d/.])(?<!\d年)(?P<om>\d{1,2})月(?![間号\d])"
    r"|(?<![\d./-])(?P<iy>[12]\d{3})[-/.](?P<im>\d{1,2})[-/.](?P<id>\d{1,2})(?![\d./-])"
    rf"|\b(?P<bd>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<bm>{MONTH})\b\.?(?:,?\s+(?P<by>[12]\d{{3}}))?"
    rf"|\b(?P<am>{MONTH})\b\.?\s+(?:(?P<ad>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s+(?P<ay>[12]\d{{3}}))?|(?P<oy>[12]\d{{3}}))"
    r"|(?<![\d/.])(?P<sm>\d{1,2})/(?P<sy>(?:19|20)\d{2})(?![\d/])"
    rf"|(?<=\b(?:in|by|of) )(?P<lm>{MONTH})\b(?!\.? ?\d)",
    re.I,
)
_CLOCK = re.compile(
    r"(?P<half>午前|午後)?(?<!\d)(?P<h>\d{1,2})(?:(?P<colon>:)(?P<mm>\d{2})(?!\d|:)|時(?!間)(?:(?P<jm>\d{1,2})分|(?P<jh>半))?)"
    r"(?:\s*(?P<ap>[ap])\.?m\b\.?)?|\b(?P<eh>\d{1,2})\s*(?P<eap>[ap])\.?m\b\.?",
    re.I,
)
_NUMBER = re.compile(
    r"(?P<money>[¥\\$€£])?\s?(?<![\d.,A-Za-z_#第図表章-])(?P<n>-?\d+(?:,\d{3})*(?:\.\d+)?)(?P<big>[千万億]|\s(?:thousand|million|billion)\b)?(?P<more>\d+(?:,\d{3})*)?(?P<then>万)?"
    rf"[\s-]?(?P<unit>(?:{UNIT})(?![a-z]))?(?P<noun>\s?[a-z]{{3,}})?",
    re.I,
)
_BIG = {"": 1.0, "千": 1e3, "万": 1e4, "億": 1e8, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_SHARE = re.compile(
    r"(?<![\d.一二三四五六七八九十])(?P<tens>[\d一二三四五六七八九])割(?P<ones>[\d一二三四五六七八九])分"
)
_SPELT = re.compile(
    rf"\b(?P<word>{'|'.join(NUMBER_WORDS)})[\s-](?P<unit>(?:{UNIT})(?![a-z]))?(?P<noun>\s?[a-z]{{3,}})?"
    rf"|(?<![一-鿿])(?P<kanji>[一二三四五六七八九十百千]+)(?P<kunit>万円|{UNIT})(?![一-鿿]*[目種])",
    re.I,
)
_WARMTH = re.compile(r"(?:摂氏|気温|室温|水温|温度)[はがを]?$")
_NO_UNIT = frozenset(
    "above below over under and the for per are was were can may must shall should will has have not out with from "
    "that than".split()
)
_LABEL = re.compile(
    r"(?<![a-z])(?:section|clause|chapter|article|table|figure|fig|step|page|no|iso|iec|jis|form|version|ver|rev)\.?\s*$",
    re.I,
)
_NAMED = re.compile(r"(?<=[^.!?。！？\s])\s*(?<![A-Za-z])[A-Z][a-z]{3,}\s?$")
"""A name before a bare number, as in Android 14: the two are one name."""
_ID_AFTER = re.compile(
    r"\s?(?:条|章|節|項(?!目)|版|ページ|頁|号(?!機)|月|年度|次|階|番"
    r"|(?:本|点|軸|枚|面|相|段)(?![以未超前後程毎分目])[一-鿿]+(?=[をはがのにでと、]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A figure as it stands in a text: ``start``..``end`` of the NFKC text, what it measures, and how much.

    ``measure`` is "date", "clock", a physical measure, "number", or "counted" and the noun that is counted: 1850 dates are no
    date, three shares no share. ``size`` is in that measure's own unit (a date is year, month and day, 0 where it has none).
    ``rough``: its unit has no fixed length (a month, a working day). ``bound``: it is a limit, so that "most" ("least") is
    kept by whatever is no more (no less).
    """

    start: int
    end: int
    words: str
    measure: str
    size: tuple[float, ...]
    number: float = 0.0
    rough: bool = False
    bound: Limit = ""


def folded(text: str) -> str:
    """``text`` as values are read from it: NFKC, so that １０％ is 10%; its places are not those of ``text``."""
    return unicodedata.normalize("NFKC", text)


def values(text: str) -> tuple[Value, ...]:
    """The dates, times of day and numbers of ``text`` (see ``folded``), in order; labels as "Table 3", L18, 第2条 are none."""
    text = folded(text)
    taken: list[Value] = []
    # Most sentences hold no figure, and looking for one in every notation takes a while.
    readers = (_dates, _clocks, _shares, _numbers, _spelt) if _FIGURE.search(text) else (_spelt,)
    for reader in readers:
        for value in reader(text):
            if all(value.end <= other.start or value.start >= other.end for other in taken):
                taken.append(value)
    return tuple(sorted(taken, key=lambda value: value.start))


def without_values(text: str) -> str:
    """``text`` without its values and its words of negation: what is left says what it is about."""
    plain = folded(text)
    for value in reversed(values(plain)):
        plain = f"{plain[: value.start]} {plain[value.end :]}"
    return without_negations(plain)


def same(first: Value, second: Value) -> bool:
    """Whether two values are of one measure and may both hold; a month is about 30 days, five working days are about a week.

    A value agrees with a limit that it keeps.
    """
    if first.measure != second.measure:
        return False
    if first.measure == "date":
        return all(a == b or not a or not b for a, b in zip(first.size, second.size, strict=True))
    a, b = first.size[0], second.size[0]
    if math.isclose(a, b, rel_tol=0.04 if first.rough != second.rough else 1e-9):
        return True
    if bool(first.bound) == bool(second.bound):
        return False
    limit, value = (first, b) if first.bound else (second, a)
    return value <= limit.size[0] if limit.bound == "most" else value >= limit.size[0]


def _dates(text: str) -> Iterator[Value]:
    for match in _DATE.finditer(text):
        g = match.groupdict()
        parts: tuple[object, object, object]
        if g["era"]:
            year = ERAS[g["era"]] + (1 if g["ey"] == "元" else int(g["ey"]))
            parts = (year, g["em"], g["ed"])
        elif g["bm"] or g["am"]:
            parts = (g["by"] or g["ay"] or g["oy"], MONTHS[lowered(g["bm"] or g["am"])], g["bd"] or g["ad"])
        elif g["lm"]:
            if not g["lm"][0].isupper():
                continue
            parts = (None, MONTHS[lowered(g["lm"])], None)
        else:
            parts = (
                g["jy"] or g["iy"] or g["sy"],
                g["jm"] or g["m"] or g["im"] or g["om"] or g["sm"],
                g["jd"] or g["d"] or g["id"],
            )
        size = tuple(float(str(part or 0)) for part in parts)
        if size[1] <= 12 and size[2] <= 31:
            yield Value(start=match.start(), end=match.end(), words=match.group(), measure="date", size=size)


def _clocks(text: str) -> Iterator[Value]:
    for match in _CLOCK.finditer(text):
        g = match.groupdict()
        hour = int(g["h"] or g["eh"])
        minute = 30 if g["jh"] else int(g["mm"] or g["jm"] or 0)
        late = (g["ap"] or g["eap"] or "").lower() == "p" or g["half"] == "午後"
        hour += 12 * (late and hour < 12)
        if hour <= 24 and minute < 60:
            size = (hour * 60.0 + minute,)
            yield Value(start=match.start(), end=match.end(), words=match.group().strip(), measure="clock", size=size)


def _shares(text: str) -> Iterator[Value]:
    """九割五分 is 95 %."""
    for match in _SHARE.finditer(text):
        tens, ones = (int(part) if part.isdigit() else KANJI_NUMBERS[part] for part in match.groups())
        yield _bounded(
            text,
            Value(
                start=match.start(), end=match.end(), words=match.group(), measure="share", size=(10.0 * tens + ones,)
            ),
        )


def _numbers(text: str) -> Iterator[Value]:
    for match in _NUMBER.finditer(text):
        if _LABEL.search(text[max(0, match.start() - 12) : match.start("n")]) or _ID_AFTER.match(text, match.end("n")):
            continue
        number = float(match["n"].replace(",", ""))
        number *= _BIG[lowered((match["big"] or "").strip())]
        if match["more"]:
            if not match["big"]:
                continue
            number += float(match["more"].replace(",", "")) * (1e4 if match["then"] else 1.0)
        unit = match["unit"] or {"¥": "円", "\\": "円", "$": "usd", "€": "eur", "£": "gbp"}.get(
            match["money"] or "", ""
        )
        yield from _value(text, match, number, lowered(unit), match["noun"] or "")


def _spelt(text: str) -> Iterator[Value]:
    for match in _SPELT.finditer(text):
        if match["word"]:
            number, unit = NUMBER_WORDS[lowered(match["word"])], lowered(match["unit"] or "")
            pronoun = number == 1 and not unit and lowered((match["noun"] or "").strip()) in _NO_UNIT
            if (unit or match["noun"]) and not pronoun:
                yield from _value(text, match, number, unit, match["noun"] or "")
        else:
            unit = match["kunit"]
            if unit == "度" and match["kanji"] in "一二三" and not _WARMTH.search(text[: match.start()]):
                unit = "回"  # もう一度 is no temperature
            number = kanji_number(match["kanji"]) * (1e4 if unit == "万円" else 1.0)
            yield from _value(text, match, number, "円" if unit == "万円" else unit, "")


def _value(text: str, match: re.Match[str], number: float, unit: str, noun: str) -> Iterator[Value]:
    known = UNITS.get(unit)
    word = lowered(noun.strip())
    end = match.end()
    if noun:
        end = match.start("noun") if known or word in _NO_UNIT else end
    counted = "" if word in _NO_UNIT else word.removesuffix("s")
    measure, size = known or (f"counted {counted}" if counted else "number", 1.0)
    words = text[match.start() : end].strip()
    value = Value(
        start=match.start(),
        end=end,
        words=words,
        measure=measure,
        size=(number * size,),
        number=number,
        rough=unit in ROUGH,
    )
    value = _bounded(text, value)
    if measure != "number" or value.bound or not _NAMED.search(text[: match.start()]):
        yield value


def _bounded(text: str, value: Value) -> Value:
    """``value`` as the limit that the words around it may make of it."""
    bound = limit_between(text[max(0, value.start - 24) : value.start], text[value.end :])
    return replace(value, bound=bound) if bound else value
