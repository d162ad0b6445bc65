"""Takes the number format of a spreadsheet apart: its sections, their conditions, and the signs each of them is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

Token = tuple[str, str]
"""What a sign is (``digit``, ``point``, ``comma``, ``percent``, ``slash``, ``exp``, ``date``, ``elapsed``, ``ampm``, ``text``,
``general``, ``literal``), and the sign."""

_GENERAL = re.compile(r"general|G/標準|standard", re.I)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\]", re.I)
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.I)
_MONEY = re.compile(r"\[\$([^\]-]*)[^\]]*\]")
_HALF_DAYS = re.compile(r"am/pm|a/p|上午/下午|午前/午後", re.I)
_EXPONENT = re.compile(r"e[+-]", re.I)
_LONGEST = 1024
BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"¥"#,##0;"¥"-#,##0', 6: '"¥"#,##0;[Red]"¥"-#,##0',
    7: '"¥"#,##0.00;"¥"-#,##0.00', 8: '"¥"#,##0.00;[Red]"¥"-#,##0.00', 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "yyyy/m/d", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "yyyy/m/d h:mm", 27: "ge.m.d", 28: 'ggge"年"m"月"d"日"', 29: 'ggge"年"m"月"d"日"',
    30: "m/d/yy", 31: 'yyyy"年"m"月"d"日"', 32: 'h"時"mm"分"', 33: 'h"時"mm"分"ss"秒"', 34: 'yyyy"年"m"月"',
    35: 'm"月"d"日"', 36: "ge.m.d", 37: "#,##0;-#,##0", 38: "#,##0;[Red]-#,##0", 39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;[Red]-#,##0.00", 41: "#,##0;-#,##0;-;@", 42: '"¥"#,##0;"¥"-#,##0;"¥"-;@', 43: "#,##0.00;-#,##0.00;-;@",
    44: '"¥"#,##0.00;"¥"-#,##0.00;"¥"-;@', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
    50: "ge.m.d", 51: 'ggge"年"m"月"d"日"', 52: 'yyyy"年"m"月"', 53: 'm"月"d"日"', 54: 'ggge"年"m"月"d"日"',
    55: 'yyyy"年"m"月"', 56: 'm"月"d"日"', 57: "ge.m.d", 58: 'ggge"年"m"月"d"日"',
}  # fmt: skip
"""The formats that a workbook names by number alone (ECMA-376-1, 18.8.30), as a Japanese Excel shows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of a format between semicolons; ``least`` tells a condition such as ``[>=1000]`` as its sign and number."""

    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None
    date: bool

    def holds(self, value: float) -> bool:
        """Whether the section's condition holds for ``value``; False where it has none."""
        if self.condition is None:
            return False
        sign, bound = self.condition
        return {
            "<": value < bound,
            "<=": value <= bound,
            ">": value > bound,
            ">=": value >= bound,
            "=": value == bound,
            "<>": value != bound,
        }[sign]

    @property
    def negative(self) -> bool:
        """Whether the condition holds for negative numbers alone, whose sign is then what the section writes."""
        return self.condition is not None and (
            (self.condition[0] == "<" and self.condition[1] <= 0)
            or (self.condition[0] == "<=" and self.condition[1] < 0)
        )

    def has(self, kind: str) -> bool:
        """Whether a sign of that kind is in the section."""
        return any(token[0] == kind for token in self.tokens)


@lru_cache(maxsize=1024)
def sections(form: str) -> tuple[Section, ...]:
    """The sections of the number format ``form``: for positive and negative numbers, zero and text, or by conditions."""
    made: list[Section] = []
    tokens: list[Token] = []
    condition: tuple[str, float] | None = None
    at, form = 0, form[:_LONGEST]
    while at < len(form):
        if form[at] == ";":
            made.append(_section(tokens, condition))
            tokens, condition, at = [], None, at + 1
            continue
        if found := _CONDITION.match(form, at):
            condition = (found[1], float(found[2]))
            at = found.end()
            continue
        token, at = _token(form, at)
        if token[1]:
            tokens.append(token)
    return (*made, _section(tokens, condition))


def _section(tokens: list[Token], condition: tuple[str, float] | None) -> Section:
    kinds = [kind for kind, _ in tokens]
    start = next((i for i, kind in enumerate(kinds) if kind in {"date", "elapsed"}), None)
    date = start is not None and "digit" not in kinds[:start] and "general" not in kinds
    return Section(tokens=tuple(tokens), condition=condition, date=date)


def _token(form: str, at: int) -> tuple[Token, int]:
    """The sign at ``at`` (with no text where it shows nothing), and where the next one begins."""
    sign = form[at]
    if sign == '"':
        end = form.find('"', at + 1)
        end = len(form) if end < 0 else end
        return ("literal", form[at + 1 : end]), end + 1
    if sign in "\\!":
        return ("literal", form[at + 1 : at + 2]), at + 2
    if sign in "_*":
        return ("literal", ""), at + 2
    if sign == "[":
        return _bracket(form, at)
    for pattern, kind in ((_GENERAL, "general"), (_HALF_DAYS, "ampm"), (_EXPONENT, "exp")):
        if found := pattern.match(form, at):
            return (kind, found[0]), found.end()
    if sign.lower() in "ymdhsgeab":
        end = at
        while end < len(form) and form[end].lower() == sign.lower():
            end += 1
        return ("date", form[at:end].lower()), end
    kind = {".": "point", ",": "comma", "%": "percent", "％": "percent", "/": "slash", "@": "text"}.get(sign, "literal")
    return ("digit" if sign in "0#?" else kind, sign), at + 1


def _bracket(form: str, at: int) -> tuple[Token, int]:
    if found := _ELAPSED.match(form, at):
        return ("elapsed", found[1].lower()), found.end()
    if found := _MONEY.match(form, at):
        return ("literal", found[1]), found.end()
    end = form.find("]", at)  # a colour, or the digits of a script: [Red], [DBNum1]
    return ("literal", ""), (len(form) if end < 0 else end + 1)
