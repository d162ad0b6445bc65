"""Shows the value of a spreadsheet cell as a person sees it: by its number format, with dates in one form."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from qeu_rag.tables.date_format import dated, moment
from qeu_rag.tables.number_format import Section, Token, sections

_NEGATIVE = re.compile("[-(△▲−－‐]")
_MOST_DECIMALS = 15
_LARGEST = 1e21
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)


def shown(value: object, form: str, *, from_1904: bool = False) -> str:
    """``value`` of a cell with the number format ``form`` as text on one or more lines.

    Numbers keep the decimals, percent signs, separators, units and signs of their format, or count as days where it is one of
    dates; ``date_format.dated`` tells how these are shown. General shows up to 11 significant digits, as Excel does.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, form, from_1904)
    if isinstance(value, datetime.timedelta):
        return _stretch(value.total_seconds(), form)
    if isinstance(value, datetime.time):
        value = datetime.datetime.combine(datetime.date(1899, 12, 31), value)
        return _calendar(value, form, clock=True)
    if isinstance(value, datetime.datetime):
        return _calendar(value, form, clock=value.time() != datetime.time())
    if isinstance(value, datetime.date):
        return _calendar(datetime.datetime.combine(value, datetime.time()), form, clock=False)
    return _text(str(value).strip(), form)


def hides(form: str) -> bool:
    """Whether a number format shows nothing at all, whatever the cell holds, as ``;;;`` does."""
    parts = sections(form)
    return len(parts) > 2 and not any(part.tokens for part in parts)


def _calendar(value: datetime.datetime, form: str, *, clock: bool) -> str:
    section = sections(form)[0]
    if section.date:
        elapsed = (value - datetime.datetime(1899, 12, 30)).total_seconds()
        return dated(value, section.tokens, elapsed if value.year > 1900 else elapsed - 86_400)
    time = (value.strftime("%H:%M:%S") if value.second else value.strftime("%H:%M")) if clock else ""
    return time if value.year < 1900 else f"{value.date().isoformat()} {time}".strip()


def _stretch(seconds: float, form: str) -> str:
    section = sections(form)[0]
    if section.date and section.has("elapsed"):
        clock = datetime.datetime(1899, 12, 31) + datetime.timedelta(seconds=abs(seconds) % 86_400)
        return dated(clock, section.tokens, seconds)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}" + (f":{rest:02d}" if rest else "")


def _text(text: str, form: str) -> str:
    if form in {"General", "@"}:
        return text
    parts = sections(form)
    section = parts[3] if len(parts) > 3 else next((part for part in parts[-1:] if part.has("text")), None)
    if section is None:
        return text
    return "".join(
        text if kind == "text" else sign for kind, sign in section.tokens if kind in {"text", "literal"}
    ).strip()


@lru_cache(maxsize=8192)
def _number(value: int | float, form: str, from_1904: bool) -> str:
    if value != value or abs(value) == float("inf"):
        return ""
    parts = sections(form)
    section, own = _chosen(parts, value)
    if section.date:
        when = moment(value, from_1904=from_1904)
        if when is None:
            return _stretch(value * 86_400, form) if section.has("elapsed") else general(value)
        return dated(when, section.tokens, round(value * 86_400_000) / 1000)
    if section.has("text") or not section.tokens:
        empty = not section.tokens and len(parts) > 1
        return "" if empty else general(value)
    shown_value = _filled(abs(value), section)
    marked = own and any(kind == "literal" and _NEGATIVE.search(sign) for kind, sign in section.tokens)
    nothing = not any(kind in {"digit", "general"} for kind, _ in section.tokens) or not re.search("[1-9]", shown_value)
    return ("-" if value < 0 and not marked and not nothing else "") + shown_value.strip()


def _chosen(parts: Sequence[Section], value: float) -> tuple[Section, bool]:
    """The section that shows the number ``value``, and whether it is one for negative numbers alone."""
    first, second = parts[0], parts[1] if len(parts) > 1 else None
    if first.condition or (second and second.condition):
        if first.holds(value) or second is None:
            return first, value < 0 and first.negative
        if second.holds(value) or not (first.condition and second.condition):
            return second, value < 0
        return parts[2] if len(parts) > 2 else second, False
    if value < 0 and second:
        return second, True
    if value == 0 and len(parts) > 2:
        return parts[2], False
    return first, False


def _filled(value: int | float, section: Section) -> str:
    """The number ``value``, which is not negative, in the places that the section has for it."""
    tokens = section.tokens
    digits = [i for i, (kind, _) in enumerate(tokens) if kind == "digit"]
    if not digits or value >= _LARGEST:
        return (
            "".join(general(value) if kind == "general" else sign for kind, sign in tokens)
            if not digits
            else general(value)
        )
    number = _decimal(value) * 100 ** sum(kind == "percent" for kind, _ in tokens)
    if section.has("exp"):
        return _scientific(number, tokens)
    if any(
        kind == "slash" and tokens[i + 1][1][:1] in "0123456789#?"
        for i, (kind, _) in enumerate(tokens[:-1])
        if i > digits[0]
    ):
        return _fraction(number, tokens)
    point = next((i for i, (kind, _) in enumerate(tokens) if kind == "point" and i < digits[-1]), None)
    return _places(number, tokens, point)


def _places(number: Decimal, tokens: Sequence[Token], point: int | None) -> str:
    """A number with thousands, scaled by 1000 for each comma behind its digits, and rounded as people do."""
    point = len(tokens) if point is None else point
    whole, behind = list(tokens[:point]), list(tokens[point + 1 :])
    spots = [i for i, (kind, _) in enumerate(whole) if kind == "digit"]
    last = spots[-1] if spots else -1
    scale = 0
    for part, start in ((whole, last + 1), (behind, _after_digits(behind))):
        while start < len(part) and part[start][0] == "comma":
            del part[start]
            scale += 1
    decimals = [sign for kind, sign in behind if kind == "digit"][:_MOST_DECIMALS]
    rounded = (number / 1000**scale).quantize(Decimal(1).scaleb(-len(decimals)), context=_EXACT)
    before, _, after = f"{rounded:f}".partition(".")
    before = before.lstrip("0")
    least = max((i + 1 for i, sign in enumerate(decimals) if sign == "0"), default=0)
    after = after[:least] + after[least:].rstrip("0")
    grouped = any(kind == "comma" for kind, _ in whole[spots[0] : last]) if spots else False
    left = _whole(before, whole, spots, grouped)
    return left + _behind(after, behind, point < len(tokens))


def _after_digits(tokens: Sequence[Token]) -> int:
    return max((i + 1 for i, (kind, _) in enumerate(tokens) if kind == "digit"), default=0)


def _whole(number: str, tokens: Sequence[Token], spots: Sequence[int], grouped: bool) -> str:
    """The digits before the point, each in its place from the right, what is left over in the first place."""
    least = sum(tokens[i][1] == "0" for i in spots)
    number = number.rjust(least, "0")
    if grouped:
        size = len(number)
        digits = [sign + ("," if (size - i - 1) % 3 == 0 and i + 1 < size else "") for i, sign in enumerate(number)]
    else:
        digits = list(number)
    made: list[str] = []
    for i in range(len(tokens) - 1, -1, -1):
        kind, sign = tokens[i]
        if kind == "digit":
            rest = "".join(digits) if i == spots[0] else (digits.pop() if digits else "")
            made.append(rest)
        elif kind != "comma" or not grouped or not spots or not spots[0] < i < spots[-1]:
            made.append(sign)
    return "".join(reversed(made))


def _behind(number: str, tokens: Sequence[Token], point: bool) -> str:
    made = ["."] if point and number else []
    rest = list(number)
    for kind, sign in tokens:
        made.append((rest.pop(0) if rest else "") if kind == "digit" else sign)
    return "".join(made)


def _scientific(number: Decimal, tokens: Sequence[Token]) -> str:
    """A power of ten as ``1.23E+05``; as many digits before the point as the format has places for."""
    at = next(i for i, (kind, _) in enumerate(tokens) if kind == "exp")
    mantissa, rest = tokens[:at], tokens[at + 1 :]
    point = next((i for i, (kind, _) in enumerate(mantissa) if kind == "point"), len(mantissa))
    step = max(1, sum(kind == "digit" for kind, _ in mantissa[:point]))
    decimals = sum(kind == "digit" for kind, _ in mantissa[point:])
    power = number.adjusted() // step * step if number else 0
    scaled = number.scaleb(-power).quantize(Decimal(1).scaleb(-decimals), context=_EXACT)
    if scaled >= 10**step:
        power += step
        scaled = number.scaleb(-power).quantize(Decimal(1).scaleb(-decimals), context=_EXACT)
    width = sum(kind == "digit" for kind, _ in rest)
    sign = "-" if power < 0 else "+" if tokens[at][1].endswith("+") else ""
    shown_power = str(abs(power)).zfill(width)
    head = _places(scaled, mantissa, point if point < len(mantissa) else None)
    return f"{head}E{sign}{shown_power}" + "".join(text for kind, text in rest if kind == "literal")


def _fraction(number: Decimal, tokens: Sequence[Token]) -> str:
    """A number as ``1 1/2``: by the fixed denominator of the format, or the nearest with as many digits as it has places."""
    slash = next(i for i, (kind, _) in enumerate(tokens) if kind == "slash")
    below = [sign for kind, sign in tokens[slash + 1 :] if kind in {"digit", "literal"} and not sign.isspace()]
    fixed = "".join(sign for sign in below if sign.isdigit())
    mixed = any(kind == "literal" and sign == " " for kind, sign in tokens[:slash])
    exact = Fraction(number)
    whole = int(exact) if mixed else 0
    part = exact - whole
    if fixed.strip("0"):
        top, bottom = round(part * int(fixed[:4])), int(fixed[:4])
    else:
        near = part.limit_denominator(10 ** min(4, max(1, len(below))) - 1)
        top, bottom = near.numerator, near.denominator
    if mixed and top == bottom:
        whole, top = whole + 1, 0
    before = "".join(
        sign for kind, sign in tokens[: next(i for i, t in enumerate(tokens) if t[0] == "digit")] if kind == "literal"
    )
    shown_part = f"{top}/{bottom}" if top or not mixed else ""
    return before + (f"{whole} {shown_part}" if whole and shown_part else shown_part or str(whole)).strip()


def _decimal(value: int | float) -> Decimal:
    return Decimal(value) if isinstance(value, int) else Decimal(f"{value:.15g}")


def general(value: int | float) -> str:
    """``value`` as a cell without a number format shows it."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.11g}" if value == value and abs(value) != float("inf") else ""
