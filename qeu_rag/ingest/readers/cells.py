"""Shows the value of a spreadsheet cell as a person sees it: dates, percentages, thousands, decimals and currencies."""

from __future__ import annotations

import datetime
import re
from functools import lru_cache

_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|_.|\*.')
_BRACKETS = re.compile(r"\[(?!h+\]|m+\]|s+\])[^\]]*\]", re.I)
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.[0?#]+)?")
_ERAS = (
    (datetime.date(2019, 5, 1), "令和"),
    (datetime.date(1989, 1, 8), "平成"),
    (datetime.date(1926, 12, 25), "昭和"),
)
_MAX_DECIMALS = 15


def shown(value: object, form: str) -> str:
    """``value`` of a cell with the number format ``form`` as text on one or more lines.

    Dates are ISO 8601 unless the format writes 年 or a Japanese era. Numbers keep the decimals, the percent and currency
    signs and the thousands separators of their format; General shows up to 11 significant digits, as Excel does.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime.datetime):
        return _date(value, form)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return value.isoformat("seconds" if value.second else "minutes")
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}" + (f":{seconds:02d}" if seconds else "")
    if isinstance(value, int | float):
        return _number(float(value) if isinstance(value, float) else value, form)
    return str(value).strip()


def _date(value: datetime.datetime, form: str) -> str:
    clock = "" if value.time() == datetime.time() else value.strftime(" %H:%M:%S" if value.second else " %H:%M")
    if "年" in form or re.search(r"g+e|e+\W*[年.]", form, re.I):
        year = _era(value.date()) if re.search(r"g|(?<![a-z])e", _LITERAL.sub("", form), re.I) else str(value.year)
        day = f"{value.day}日" if re.search("d", form, re.I) else ""
        return f"{year}年{value.month}月{day}{clock}"
    if "月" in form and not re.search("y", form, re.I):
        return f"{value.month}月{value.day}日{clock}"
    return value.date().isoformat() + clock


def _era(day: datetime.date) -> str:
    for first, name in _ERAS:
        if day >= first:
            year = day.year - first.year + 1
            return f"{name}{'元' if year == 1 else year}"
    return str(day.year)


def _number(value: int | float, form: str) -> str:
    before, pattern, after = _pattern(form, value < 0, value == 0)
    if not pattern:
        return _general(value) if before is None else (before + after).strip()
    before = before or ""
    if "%" in after or "%" in before:
        value = value * 100
    thousands = len(pattern.partition(".")[0]) - len(pattern.partition(".")[0].rstrip(","))
    pattern = pattern.replace("," * thousands + ".", ".") if "." in pattern else pattern.rstrip(",")
    value = value / 1000**thousands if thousands else value
    decimals = pattern.partition(".")[2]
    shown_value = f"{abs(value):,.{min(len(decimals), _MAX_DECIMALS)}f}" if abs(value) < 1e21 else f"{abs(value):g}"
    if (optional := len(decimals) - len(decimals.rstrip("#?"))) and "." in shown_value:
        least = len(shown_value) - optional
        shown_value = shown_value[:least] + shown_value[least:].rstrip("0")
        shown_value = shown_value.rstrip(".")
    if "," not in pattern.partition(".")[0]:
        shown_value = shown_value.replace(",", "")
        width = pattern.partition(".")[0].count("0")
        whole, dot, rest = shown_value.partition(".")
        shown_value = whole.zfill(width) + dot + rest
    sign = "-" if value < 0 and float(shown_value.replace(",", "")) and not re.search(r"[-(△▲]", before) else ""
    return f"{sign}{before}{shown_value}{after}".strip()


@lru_cache(maxsize=256)
def _pattern(form: str, negative: bool, zero: bool) -> tuple[str | None, str, str]:
    """What a number format puts before the digits, its digits, and what it puts after; (None, "", "") for General."""
    sections = re.split(r";(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", form)
    own_section = negative and len(sections) > 1
    section = sections[1] if own_section else sections[2] if zero and len(sections) > 2 else sections[0]
    literals: list[str] = []

    def keep(match: re.Match[str]) -> str:
        literals.append(match[1] or match[2] or match[3] or "")
        return "\x00"

    bare = _BRACKETS.sub("", _LITERAL.sub(keep, section))
    if "general" in bare.lower() or bare.strip() == "@" or re.search(r"[eE][+-]|/|[ymdhs]", bare):
        return None, "", ""
    digits = _DIGITS.search(bare)
    pieces = iter(literals)
    head, tail = (bare[: digits.start()], bare[digits.end() :]) if digits else (bare, "")
    before = re.sub("\x00", lambda _: next(pieces), head)
    after = re.sub("\x00", lambda _: next(pieces), _DIGITS.sub("", tail))
    return before, digits[0] if digits else "", after


def _general(value: int | float) -> str:
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.11g}" if value == value and abs(value) != float("inf") else ""
