"""Shows dates, times and stretches of time as the number format of their cell does, and full dates as ISO 8601."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence

from qeu_rag.tables.number_format import Token

_ERAS = (
    (datetime.date(2019, 5, 1), "令和", "R"),
    (datetime.date(1989, 1, 8), "平成", "H"),
    (datetime.date(1926, 12, 25), "昭和", "S"),
    (datetime.date(1912, 7, 30), "大正", "T"),
    (datetime.date(1868, 10, 23), "明治", "M"),
)
_WEEKDAYS = "月火水木金土日"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SEPARATORS = frozenset("/-.:, T\u3000")
_LAST_SERIAL = 2_958_466


def moment(serial: float, *, from_1904: bool = False) -> datetime.datetime | None:
    """The date and time that a workbook keeps as ``serial`` days; None where no calendar has it.

    Days are counted from 1900 with the day 29 February 1900, which there was not, or from 1904.
    """
    if not 0 <= serial < _LAST_SERIAL:
        return None
    start = datetime.datetime(1904, 1, 1) if from_1904 else datetime.datetime(1899, 12, 31 if serial < 60 else 30)
    return start + datetime.timedelta(milliseconds=round(serial * 86_400_000))


def dated(value: datetime.datetime, tokens: Sequence[Token], elapsed: float) -> str:
    """``value`` by the signs of a date format; ``elapsed`` are the seconds that ``[h]`` and the like count.

    A date with year, month and day and nothing but separators between them is ISO 8601, and so are year and month; a time with
    hours and minutes has two digits each. Whatever says more (年, an era, a weekday, まで) is shown as the format does.
    """
    parts = _parts(tokens)
    kinds = {kind for kind, _ in parts}
    bare = all(kind != "literal" or set(text) <= _SEPARATORS for kind, text in parts)
    if bare and kinds <= {"literal", "year", "month", "day", "hour", "minute", "second", "ampm", "fraction"}:
        clock = ":".join(
            f"{getattr(value, unit):02d}" for unit in ("hour", "minute", "second") if unit in kinds and "hour" in kinds
        )
        if {"year", "month"} <= kinds:
            day = value.strftime("-%d") if "day" in kinds else ""
            midnight = not any(c in "123456789" for c in clock)  # programs write it behind every date
            return f"{value.year:04d}-{value.month:02d}{day}" + ("" if midnight else f" {clock}")
        if {"hour", "minute"} <= kinds and not kinds & {"month", "day", "fraction"}:
            return clock
    shown = "".join(_shown(kind, text, value, elapsed, kinds, parts[i + 1 :]) for i, (kind, text) in enumerate(parts))
    return shown.strip()


def _parts(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with the kind of each date letter; a fraction of seconds is one token of its zeros."""
    parts: list[Token] = []
    letters = [text[0] for kind, text in tokens if kind in {"date", "elapsed"}]
    place = 0
    for i, (kind, text) in enumerate(tokens):
        if kind in {"date", "elapsed"}:
            before = letters[place - 1] if place else ""
            after = letters[place + 1] if place + 1 < len(letters) else ""
            parts.append(("elapsed" if kind == "elapsed" else _named(text, before, after), text))
            place += 1
        elif kind == "digit" and parts and parts[-1][0] == "fraction":
            parts[-1] = ("fraction", parts[-1][1] + "0")
        elif kind == "digit" and i and tokens[i - 1][0] == "point":
            parts[-1] = ("fraction", "0")
        else:
            parts.append((kind if kind == "ampm" else "literal", text))
    return parts


def _named(letters: str, before: str, after: str) -> str:
    """What date letters stand for; m is minutes behind hours and before seconds."""
    if letters[0] == "m" and (before == "h" or after == "s") and len(letters) < 3:
        return "minute"
    if letters[0] == "d" and len(letters) > 2:
        return "weekday"
    names = {
        "y": "year",
        "m": "month",
        "d": "day",
        "h": "hour",
        "s": "second",
        "g": "era",
        "e": "reign",
        "a": "weekday",
    }
    return names.get(letters[0], "literal")


def _shown(
    kind: str, text: str, value: datetime.datetime, elapsed: float, kinds: set[str], rest: Sequence[Token]
) -> str:
    width = len(text)
    if kind == "literal":
        return text
    if kind == "elapsed":
        unit = {"h": 3600, "m": 60, "s": 1}[text[0]]
        return ("-" if elapsed < 0 else "") + str(math.floor(abs(elapsed) / unit)).zfill(width)
    if kind == "year":
        return f"{value.year % 100:02d}" if width < 3 else f"{value.year:04d}"
    if kind == "month":
        name = _MONTHS[value.month - 1]
        return {3: name[:3], 4: name, 5: name[0]}.get(width, f"{value.month:0{min(width, 2)}d}")
    if kind == "weekday":
        if text[0] == "a":
            return _WEEKDAYS[value.weekday()] + ("曜日" if width > 3 else "")
        return _DAYS[value.weekday()][: 3 if width == 3 else None]
    if kind in {"era", "reign"}:
        return _reign(kind, width, value.date(), rest)
    if kind == "ampm":
        return text.split("/")[value.hour >= 12]
    if kind == "fraction":
        return f".{value.microsecond // 1000:03d}"[: 1 + width]
    number = value.hour % 12 or 12 if kind == "hour" and "ampm" in kinds else getattr(value, kind)
    return f"{number:0{min(width, 2)}d}"


def _reign(kind: str, width: int, day: datetime.date, rest: Sequence[Token]) -> str:
    """The era's name, or the year in it; the first year is 元 before 年."""
    first, name, letter = next((era for era in _ERAS if day >= era[0]), (datetime.date(1, 1, 1), "", ""))
    if kind == "era":
        return letter if width == 1 else name[: width - 1 or 1] if width < 3 else name
    year = day.year - first.year + 1
    if year == 1 and name and rest and rest[0][1].startswith("年"):
        return "元"
    return str(year).zfill(2 if width > 1 else 1)
