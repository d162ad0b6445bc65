"""Finds the column of a list that holds the questions, by its header or as the user named it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SEARCHED_ROWS = 20
"""The header is looked for in so many rows: titles, dates and notes may stand above it."""

QUESTION_HEADERS = frozenset(
    "question questions q query queries inquiry enquiry faq 質問 ご質問 質問文 質問内容 質問事項 ご質問内容 "
    "問い 問 設問 問合せ 問合せ内容 "
    "お問合せ お問合せ内容 問い合わせ 問い合わせ内容 "
    "お問い合わせ お問い合わせ内容 問合わせ 照会 照会事項 照会内容 疑問 確認事項".split()
)
PRIORITY_HEADERS = frozenset("priority prio importance urgency 優先度 優先順位 優先 重要度 緊急度".split())
_PART = re.compile("question|inquiry|enquiry|質問|問い?合わ?せ|照会")
_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]|【.*?】|「.*?」")
_LETTERS = re.compile(r"[A-Za-z]{1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where the header stands: ``row`` and ``question`` (the column) count from 0 in the rows that were searched."""

    row: int
    question: int
    names: tuple[str, ...]


def folded(name: str) -> str:
    """A header's name as it is compared: NFKC, no case, no brackets, no outer marks or spaces."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"\s+", " ", _BRACKETS.sub("", plain)).strip(" \t:;.?*#・-_")


def find_header(rows: Sequence[Sequence[str]], column: str | None = None) -> Header | None:
    """The header among the first rows: the row that names ``column``, or a column of questions; None where there is none.

    ``column`` is a header's name, else a column's letters (``C``) or number (from 1), whose header is then the first row with
    more than one cell filled, or the first row with any.
    """
    searched = rows[:SEARCHED_ROWS]
    if column is not None:
        return _named(searched, column)
    for matches in (_is_question, _is_like_question):
        for number, row in enumerate(searched):
            found = [place for place, cell in enumerate(row) if cell and matches(folded(cell))]
            if found and (len(found) == 1 or folded(row[found[0]]) in QUESTION_HEADERS):
                return Header(row=number, question=found[0], names=tuple(row))
    return None


def find_name(names: Iterable[str], wanted: frozenset[str]) -> int | None:
    """The first column whose folded name is among ``wanted``."""
    return next((place for place, name in enumerate(names) if folded(name) in wanted), None)


def _is_question(name: str) -> bool:
    return name in QUESTION_HEADERS


def _is_like_question(name: str) -> bool:
    return len(name) <= 24 and bool(_PART.search(name))


def _named(rows: Sequence[Sequence[str]], column: str) -> Header | None:
    for number, row in enumerate(rows):
        for at, cell in enumerate(row):
            if cell and folded(cell) == folded(column):
                return Header(row=number, question=at, names=tuple(row))
    if (place := _place(column)) is None:
        return None
    filled = [(number, row) for number, row in enumerate(rows) if any(row)]
    for number, row in [(n, r) for n, r in filled if sum(map(bool, r)) > 1] or filled:
        if place < len(row):
            return Header(row=number, question=place, names=tuple(row))
    return None


def _place(column: str) -> int | None:
    name = unicodedata.normalize("NFKC", column).strip()
    if name.isascii() and name.isdigit() and int(name):
        return int(name) - 1
    if not _LETTERS.fullmatch(name):
        return None
    place = 0
    for letter in name.upper():
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1
