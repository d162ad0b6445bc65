"""The numbers with their units, the dates and the negations that a sentence states, in one notation for both languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WORDS = {
    word: float(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split()
    )
} | {"thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "ninety": 90.0, "hundred": 100.0}
_KANJI = {character: number for number, character in enumerate("〇一二三四五六七八九")} | {
    "十": 10,
    "百": 100,
    "千": 1000,
}

_UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("円", "yen", "jpy"), ("yen", 1.0)),
    **dict.fromkeys(("ドル", "usd", "dollars", "dollar"), ("dollar", 1.0)),
    **dict.fromkeys(("ユーロ", "eur", "euros", "euro"), ("euro", 1.0)),
    **dict.fromkeys(("%", "percent", "パーセント"), ("share", 1.0)),
    "割": ("share", 10.0),
    "ppm": ("share", 1e-4),
    **dict.fromkeys(("μm", "um", "ミクロン", "micrometres", "microns"), ("length", 1e-3)),
    **dict.fromkeys(("mm", "ミリメートル", "ミリ", "millimetres", "millimeters"), ("length", 1.0)),
    **dict.fromkeys(("cm", "センチメートル", "センチ", "centimetres", "centimeters"), ("length", 10.0)),
    **dict.fromkeys(("m", "メートル", "metres", "meters"), ("length", 1e3)),
    **dict.fromkeys(("km", "キロメートル", "kilometres", "kilometers"), ("length", 1e6)),
    **dict.fromkeys(("mg", "ミリグラム"), ("mass", 1e-3)),
    **dict.fromkeys(("g", "グラム", "grams"), ("mass", 1.0)),
    **dict.fromkeys(("kg", "キログラム", "キロ", "kilograms"), ("mass", 1e3)),
    **dict.fromkeys(("t", "トン", "tonnes", "tons"), ("mass", 1e6)),
    **dict.fromkeys(("ml", "ミリリットル"), ("volume", 1.0)),
    **dict.fromkeys(("l", "リットル", "litres", "liters"), ("volume", 1e3)),
    **dict.fromkeys(("℃", "°c", "度", "degrees"), ("temperature", 1.0)),
    **dict.fromkeys(("db", "デシベル", "decibels"), ("level", 1.0)),
    **dict.fromkeys(("n",), ("force", 1.0)),
    **dict.fromkeys(("kn",), ("force", 1e3)),
    **dict.fromkeys(("pa",), ("pressure", 1.0)),
    **dict.fromkeys(("kpa",), ("pressure", 1e3)),
    **dict.fromkeys(("mpa",), ("pressure", 1e6)),
    **dict.fromkeys(("hz",), ("frequency", 1.0)),
    **dict.fromkeys(("khz",), ("frequency", 1e3)),
    **dict.fromkeys(("v", "ボルト", "volts"), ("voltage", 1.0)),
    **dict.fromkeys(("rpm",), ("speed", 1.0)),
    **dict.fromkeys(("gb",), ("memory", 1.0)),
    **dict.fromkeys(("mb",), ("memory", 1e-3)),
    **dict.fromkeys(("秒", "秒間", "seconds", "second", "s"), ("duration", 1 / 86400)),
    **dict.fromkeys(("分", "分間", "minutes", "minute", "min"), ("duration", 1 / 1440)),
    **dict.fromkeys(("時間", "hours", "hour", "h"), ("duration", 1 / 24)),
    **dict.fromkeys(("日", "日間", "days", "day", "calendar days"), ("duration", 1.0)),
    **dict.fromkeys(("営業日", "working days", "working day", "business days", "business day"), ("duration", 1.4)),
    **dict.fromkeys(("週間", "週", "weeks", "week"), ("duration", 7.0)),
    **dict.fromkeys(
        ("か月", "ヶ月", "ヵ月", "カ月", "ケ月", "箇月", "か月間", "ヶ月間", "months", "month"), ("duration", 30.4)
    ),
    **dict.fromkeys(("年間", "年", "か年", "years", "year"), ("duration", 365.0)),
    **dict.fromkeys(("人", "名", "people", "persons", "person", "members"), ("people", 1.0)),
    **dict.fromkeys(("回", "times"), ("times", 1.0)),
    **dict.fromkeys(("個", "pieces", "piece"), ("pieces", 1.0)),
    **dict.fromkeys(("点", "points", "point"), ("points", 1.0)),
    **dict.fromkeys(("倍",), ("fold", 1.0)),
    **{
        unit: (unit, 1.0)
        for unit in ("件", "本", "枚", "台", "部", "歳", "社", "箇所", "項目", "水準", "級", "号機", "行", "列")
    },
}
"""Each unit with what it measures and its size in that measure's own unit (days, millimetres, grams, …)."""

_ROUGH = frozenset(
    "営業日 か月 ヶ月 ヵ月 カ月 ケ月 箇月 か月間 ヶ月間 months month 年間 年 か年 years year".split()
) | {
    "working days",
    "working day",
    "business days",
    "business day",
}
"""Units without one fixed length in days."""

_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_FIGURE = re.compile(rf"[\d元割]|{_MONTH}", re.I)
_DATE = re.compile(
    rf"(?P<era>{'|'.join(_ERAS)})(?P<ey>\d{{1,2}}|元)年(?:(?P<em>\d{{1,2}})月(?:(?P<ed>\d{{1,2}})日)?)?(?!度|\d)"
    r"|(?<![\d.])(?P<jy>[12]\d{3})年(?:(?P<jm>\d{1,2})月(?:(?P<jd>\d{1,2})日)?)?(?!間|\d)"
    r"|(?<!\d)(?<!\d年)(?P<m>\d{1,2})月(?P<d>\d{1,2})日|(?<![\d/.])(?<!\d年)(?P<om>\d{1,2})月(?![間号\d])"
    r"|(?<![\d./-])(?P<iy>[12]\d{3})[-/.](?P<im>\d{1,2})[-/.](?P<id>\d{1,2})(?![\d./-])"
    rf"|\b(?P<bd>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<bm>{_MONTH})\b\.?(?:,?\s+(?P<by>[12]\d{{3}}))?"
    rf"|\b(?P<am>{_MONTH})\b\.?\s+(?:(?P<ad>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s+(?P<ay>[12]\d{{3}}))?|(?P<oy>[12]\d{{3}}))"
    rf"|(?<=\b(?:in|by|of) )(?P<lm>{_MONTH})\b(?!\.? ?\d)",
    re.I,
)
_CLOCK = re.compile(
    r"(?P<half>午前|午後)?(?<!\d)(?P<h>\d{1,2})(?:(?P<colon>:)(?P<mm>\d{2})(?!\d|:)|時(?!間)(?:(?P<jm>\d{1,2})分|(?P<jh>半))?)"
    r"(?:\s*(?P<ap>[ap])\.?m\b\.?)?|\b(?P<eh>\d{1,2})\s*(?P<eap>[ap])\.?m\b\.?",
    re.I,
)
_NUMBER = re.compile(
    r"(?P<money>[¥\\$€])?\s?(?<![\d.,A-Za-z_#第図表章-])(?P<n>-?\d+(?:,\d{3})*(?:\.\d+)?)(?P<big>[千万億])?(?P<more>\d+)?(?P<then>万)?"
    rf"[\s-]?(?P<unit>(?:{_UNIT})(?![a-z]))?(?P<noun>\s?[a-z]{{3,}})?",
    re.I,
)
_SHARE = re.compile(
    r"(?<![\d.一二三四五六七八九十])(?P<tens>[\d一二三四五六七八九])割(?P<ones>[\d一二三四五六七八九])分"
)
_SPELT = re.compile(
    rf"\b(?P<word>{'|'.join(_WORDS)})[\s-](?P<unit>(?:{_UNIT})(?![a-z]))?(?P<noun>\s?[a-z]{{3,}})?"
    rf"|(?<![一-鿿])(?P<kanji>[一二三四五六七八九十百千]+)(?P<kunit>万円|{_UNIT})(?![一-鿿]*[目種])",
    re.I,
)
_NO_UNIT = frozenset(
    "and the for per are was were can may must shall should will has have not out with from that than".split()
)
_LABEL = re.compile(
    r"(?:section|clause|chapter|article|table|figure|fig|step|page|no|iso|iec|jis|form|version|ver|rev)\.?\s*$", re.I
)
_NAMED = re.compile(r"(?<=[^.!?。！？\s])\s*(?<![A-Za-z])[A-Z][a-z]{3,}\s?$")
"""A name before a bare number, as in Android 14: the two are one name."""
_MOST_BEFORE = re.compile(
    r"(?:\b(?:at most|up to|within|less than|under|below|max(?:imum)?(?: of)?|(?:no|not) (?:more|longer|later|greater) than"
    r"|exceed(?:ing)?)|[≤<±]|(?:上限|最大|最高|限度)[^\d。、]{0,6})\s*$",
    re.I,
)
_LEAST_BEFORE = re.compile(
    r"(?:\b(?:at least|more than|over|above|min(?:imum)?(?: of)?|(?:no|not) (?:less|fewer|shorter|earlier) than|exceeds)"
    r"|[≥>]|(?:下限|最小|最低)[^\d。、]{0,6})\s*$",
    re.I,
)
_MOST_AFTER = re.compile(
    r"\s*(?:以内|以下|未満|まで|迄|を(?:上限|超え(?:ない|ず)|上回ら)"
    r"|(?:[a-z]+ )?(?:or (?:less|below|under|fewer)|at (?:the )?most))",
    re.I,
)
_LEAST_AFTER = re.compile(
    r"\s*(?:以上|超|を(?:下限|超え|上回る|下回ら)|(?:[a-z]+ )?(?:(?:or|and) (?:more|above|over|longer)|at (?:the )?least))",
    re.I,
)
_ID_AFTER = re.compile(
    r"\s?(?:条|章|節|項(?!目)|版|ページ|頁|号(?!機)|月|年度|次|階|番"
    r"|(?:本|点|軸|枚|面|相|段)(?![以未超前後程毎分目])[一-鿿]+(?=[をはがのにでと、]))"
)

_ASIDE = re.compile(
    r"[(（][^)）]*[)）]|\s?(?:--|—|–)\s?[^.;]*"
    r"|\b(?:even )?(?:if|when|where|unless|although|though|because|since|which|who|whose|in case|in the event"
    r"|that (?:is|are|was|were|has|have|do|does|did|will|can))\b[^,;.]*[,;]?",
    re.I,
)
"""What a sentence says aside: in brackets, or in a clause with a condition, a reason or a description."""
_NOMINAL = re.compile(r"(?:ない|なかった)(?:こと(?=[をがはもにで])|ため|よう|場合|とき|限り)")
_ENDING = 16
"""So many characters at the end of a Japanese sentence hold what it asserts."""

_AFFIRMS = re.compile(
    r"やむを得(?:ない|ません|ず)|(?:なければ|なくては|ないと|ねば)(?:なら|いけ|だめ|いか)(?:ない|ません)?|ざるを得(?:ない|ません)|かもしれ(?:ない|ません)|に(?:過ぎ|すぎ)(?:ない|ません)"
    r"|(?:だけ|のみ)(?:で|では)?なく|のみならず|少ない|少なく|危ない|だけでは(?:ない|ありません)|とは限ら(?:ない|ず|ません)|ない限り|ないように"
    r"|\b(?:no|not) (?:later|more|less|fewer|earlier|longer than|only|exceeding|to exceed)\b"
    r"|\bdoes not exceed\b|\bmust not exceed\b"
    r"|\bno\.\s*\d|\bwhether or not\b|\bnot applicable\b|を(?:超え|上回ら|下回ら)(?:ない|ず)",
    re.I,
)
_NEGATES = re.compile(
    r"(?:て|で)は(?:なら|いけ)(?:ない|ません)|禁止|禁じ|禁ず|不可|不要|無用|厳禁|対象外|ない(?!よう)|ません|なかった|なくて(?:よい|もよい|も良い|いい)"
    r"|せず|\bnot\b|\bno longer\b|\bnever\b|\bcannot\b|n['’]t\b|\bno\b|\bneither\b"
    r"|\bprohibit(?:ed|s)?\b|\bforbid(?:s|den)?\b|\bbanned\b"
    r"|\bunnecessary\b|\boptional\b",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A figure as it stands in a text: ``start``..``end`` of the NFKC text, what it measures, and how much.

    ``measure`` is "date", "clock", a physical measure, or a counted noun; ``size`` is in that measure's own unit (a date is
    year, month and day, 0 where it has none). ``rough``: its unit has no fixed length (a month, a working day). ``bound``:
    it is a limit, so that "most" ("least") is kept by whatever is no more (no less).
    """

    start: int
    end: int
    words: str
    measure: str
    size: tuple[float, ...]
    number: float = 0.0
    rough: bool = False
    bound: Bound = ""


Bound = Literal["", "most", "least"]


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


def denies(text: str) -> bool:
    """Whether what ``text`` asserts is denied: as ``negated``, but of its main clause alone."""
    plain = _ASIDE.sub(" ", folded(text))
    if re.search(r"[ぁ-ん]", plain):
        plain = _NOMINAL.sub(" ", plain)[-_ENDING:]
    return negated(plain)


def negated(text: str) -> bool:
    """Whether ``text`` denies or forbids: an odd number of negations, but those that affirm (なければならない)."""
    return len(_NEGATES.findall(_AFFIRMS.sub(" ", folded(text)))) % 2 == 1


def without_values(text: str) -> str:
    """``text`` without its values and its words of negation: what is left says what it is about."""
    plain = folded(text)
    for value in reversed(values(plain)):
        plain = f"{plain[: value.start]} {plain[value.end :]}"
    return _NEGATES.sub(" ", _AFFIRMS.sub(" ", plain))


def same(first: Value, second: Value) -> bool:
    """Whether two values of one measure may both hold; a month is about 30 days, five working days are about a week.

    A value agrees with a limit that it keeps.
    """
    if first.measure == "date":
        return all(a == b or not a or not b for a, b in zip(first.size, second.size, strict=True))
    a, b = first.size[0], second.size[0]
    if abs(a - b) <= (0.04 if first.rough != second.rough else 1e-9) * max(abs(a), abs(b)):
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
            year = _ERAS[g["era"]] + (1 if g["ey"] == "元" else int(g["ey"]))
            parts = (year, g["em"], g["ed"])
        elif g["bm"] or g["am"]:
            parts = (g["by"] or g["ay"] or g["oy"], _MONTHS[(g["bm"] or g["am"]).lower()], g["bd"] or g["ad"])
        elif g["lm"]:
            if not g["lm"][0].isupper():
                continue
            parts = (None, _MONTHS[g["lm"].lower()], None)
        else:
            parts = (g["jy"] or g["iy"], g["jm"] or g["m"] or g["im"] or g["om"], g["jd"] or g["d"] or g["id"])
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
        tens, ones = (int(part) if part.isdigit() else _KANJI[part] for part in match.groups())
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
        number *= {"千": 1e3, "万": 1e4, "億": 1e8}.get(match["big"] or "", 1.0)
        if match["more"]:
            if not match["big"]:
                continue
            number += float(match["more"]) * (1e4 if match["then"] else 1.0)
        unit = (match["unit"] or {"¥": "円", "\\": "円", "$": "usd", "€": "eur"}.get(match["money"] or "", "")).lower()
        yield from _value(text, match, number, unit, match["noun"] or "")


def _spelt(text: str) -> Iterator[Value]:
    for match in _SPELT.finditer(text):
        if match["word"]:
            number, unit = _WORDS[match["word"].lower()], (match["unit"] or "").lower()
            if unit or match["noun"]:
                yield from _value(text, match, number, unit, match["noun"] or "")
        else:
            unit = match["kunit"]
            number = _kanji_number(match["kanji"]) * (1e4 if unit == "万円" else 1.0)
            yield from _value(text, match, number, "円" if unit == "万円" else unit, "")


def _value(text: str, match: re.Match[str], number: float, unit: str, noun: str) -> Iterator[Value]:
    known = _UNITS.get(unit)
    word = noun.strip().lower()
    end = match.end()
    if noun:
        end = match.start("noun") if known or word in _NO_UNIT else end
    counted = "" if word in _NO_UNIT else word.removesuffix("s")
    measure, size = known or (counted or "number", 1.0)
    words = text[match.start() : end].strip()
    value = Value(
        start=match.start(),
        end=end,
        words=words,
        measure=measure,
        size=(number * size,),
        number=number,
        rough=unit in _ROUGH,
    )
    value = _bounded(text, value)
    if measure != "number" or value.bound or not _NAMED.search(text[: match.start()]):
        yield value


def _bounded(text: str, value: Value) -> Value:
    """``value`` as the limit that the words around it may make of it."""
    before, after = text[max(0, value.start - 24) : value.start], text[value.end :]
    bound: Bound = ""
    if _MOST_AFTER.match(after) or _MOST_BEFORE.search(before):
        bound = "most"
    elif _LEAST_AFTER.match(after) or _LEAST_BEFORE.search(before):
        bound = "least"
    return replace(value, bound=bound) if bound else value


def _kanji_number(text: str) -> float:
    total, digit = 0, 0
    for character in text:
        value = _KANJI[character]
        if value < 10:
            digit = value
        else:
            total, digit = total + (digit or 1) * value, 0
    return float(total + digit)
