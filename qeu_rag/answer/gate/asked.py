"""What kind of thing a question asks for, which names and numbers it holds, and whether a passage has them."""

from __future__ import annotations

import re
from typing import Literal

from qeu_rag.answer.units import ASKS_NUMBER
from qeu_rag.index.analyze import normalise

Kind = Literal["number", "date", "person", "place", "any"]

_DATE = re.compile(
    r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|decade)\b|いつ|何[年月日](?!間|数)|何曜|何世紀", re.I
)
_PERSON = re.compile(r"\bwho(?:m|se)?\b|誰|だれ|何者|[者人家]は何", re.I)
_PLACE = re.compile(
    r"\bwhere\b|\b(?:what|which) (?:city|country|state|town|place|river|region)\b|どこ|何[県国市州]", re.I
)
_DATED = re.compile(
    r"\d{3,4}|\d+[年月日]|\b(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday|century|today|yesterday|daily|weekly|monthly|yearly)\b"
    r"|世紀|時代|毎[日週月年]|翌|当日|[月火水木金土日]曜|以内|\d",
    re.I,
)
_NUMBERED = re.compile(
    r"[\d〇一二三四五六七八九十百千万億]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundred|thousand"
    r"|million|billion|half|third|quarter|once|twice|daily|weekly|monthly|yearly|none|no)\b",
    re.I,
)
_NAME = re.compile(r"(?<![\w'])[A-Z][\w\-]*[a-z\d][\w\-]*|[A-Z]{2,}\d*|[ァ-ヺー]{3,}|\d+(?:[.,]\d+)*")
_CAPITAL = re.compile(r"(?<!^)(?<![.!?]\s)\b[A-Z][a-z]+")
_FIRST_WORD = re.compile(r"\s*[\"'“‘(]*[A-Z][a-z]*\b")


def kind_of(question: str) -> Kind:
    """What the question asks for, by its asking words; "any" where they do not say."""
    if _DATE.search(question):
        return "date"
    if ASKS_NUMBER.search(question):
        return "number"
    if _PERSON.search(question):
        return "person"
    return "place" if _PLACE.search(question) else "any"


def names(question: str) -> tuple[str, ...]:
    """The names and numbers of a question, folded: capitalised words but the first, acronyms, katakana words, numbers."""
    rest = question[m.end() :] if (m := _FIRST_WORD.match(question)) else question
    return tuple(dict.fromkeys(normalise(name) for name in _NAME.findall(rest)))


def missing(wanted: tuple[str, ...], text: str) -> float:
    """The share of ``wanted`` names that ``text`` (folded) lacks; 0..1, and 0 where none is wanted."""
    return sum(name not in text for name in wanted) / len(wanted) if wanted else 0.0


def holds(kind: Kind, sentence: str, question: str) -> float:
    """Whether ``sentence`` has something of ``kind`` that the question does not say itself: 1, 0, and 0.5 for "any"."""
    if kind == "any":
        return 0.5
    pattern = {"date": _DATED, "number": _NUMBERED, "person": _CAPITAL, "place": _CAPITAL}[kind]
    if kind in ("person", "place") and not sentence.isascii() and not _CAPITAL.search(sentence):
        return 0.5  # Japanese names have no mark of their own
    said = question.lower()
    return float(any(found.lower() not in said for found in pattern.findall(sentence)))
