"""Whether the words around a figure make it a limit, in Japanese and English."""

from __future__ import annotations

import re
from typing import Literal

Limit = Literal["", "most", "least"]
"""A figure of its own, or one that is kept by whatever is no more, or no less."""

_MOST_BEFORE = re.compile(
    r"(?:\b(?:at most|up to|within|less than|under|below|max(?:imum)?(?: of)?|(?:no|not) (?:more|longer|later|greater) than"
    r"|(?:nothing|none|not?) (?:above|over)|exceed(?:ing)?)|[≤<±]|(?:上限|最大|最高|最長|限度)[^\d。、]{0,6})\s*$",
    re.I,
)
_LEAST_BEFORE = re.compile(
    r"(?:\b(?:at least|more than|over|above|min(?:imum)?(?: of)?|(?:no|not) (?:less|fewer|shorter|earlier) than|exceeds)"
    r"|[≥>]|(?:下限|最小|最低|最短)[^\d。、]{0,6})\s*$",
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


def limit_between(before: str, after: str) -> Limit:
    """The limit that the words ``before`` and ``after`` a figure make of it; "" where they make it none."""
    for most, least in (
        (_MOST_AFTER.match(after), _LEAST_AFTER.match(after)),
        (_MOST_BEFORE.search(before), _LEAST_BEFORE.search(before)),
    ):
        if most or least:
            return "most" if most else "least"
    return ""
