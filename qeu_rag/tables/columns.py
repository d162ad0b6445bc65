"""Finds the column of a list that holds the questions: by its header, as the user named it, or by what reads as a question."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

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
_LETTERS = re.compile(r"([A-Za-z]{1,3})([1-9]\d{0,6})?")
_ASKS = re.compile(
    r"[?？]\W*$|(?:について|に関して|とは|の件|か|ください|下さい|たい|ほしい|欲しい|願います|お願いします|教えて|でしょう)[。．.!！)）」]*$"
    r"|^(?:what|how|who|whom|whose|when|where|which|why|can|could|may|must|should|is|are|was|do|does|did|will|would|has|have|"
    r"tell|explain|describe|please)\b(?:\W+\w+){2}",
    re.I,
)
_OTHER_HEADERS = frozenset(
    "text title topic subject item description body content contents message theme id no number name date category department "
    "owner contact remarks note notes due status list 内容 項目 件名 題名 タイトル 本文 文 文章 詳細 テーマ 事項 用語 キーワード "
    "見出し 番号 通番 連番 氏名 名前 日付 区分 分類 カテゴリ カテゴリー 部署 部門 担当 担当者 備考 期限 回答期限 状態 対象 "
    "文書 一覧 リスト".split()
)
_LABELS = frozenset(
    "customer client company vendor supplier to from due deadline project version address phone tel email attention "
    "顧客 顧客名 お客様 お客様名 取引先 会社 会社名 貴社名 宛先 発信元 提出日 提出先 提出者 提出期限 作成日 作成者 発行日 期日 "
    "版 電話 電話番号 住所 メール 案件名 プロジェクト".split()
)
"""What stands on a cover beside the values of one case, as "Customer" beside a name, and seldom heads a column."""
_FIGURE = re.compile(r"[\d\s.,:/%年月日-]*\d[\d\s.,:/%年月日-]*")
_LONGEST_NAME = 24


_KNOWN_HEADERS = (
    QUESTION_HEADERS | PRIORITY_HEADERS | _OTHER_HEADERS | frozenset("answer reply response 回答 答え".split())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where the header stands: ``row`` and ``question`` (the column) count from 0 in the rows that were searched.

    ``names`` is empty where no row names the columns; the questions then begin below ``row`` all the same, which is -1 where
    the first row is one. ``guessed``: nothing named the column, or nothing said whether its first row is a question.
    """

    row: int
    question: int
    names: tuple[str, ...]
    guessed: bool = False


def folded(name: str) -> str:
    """A header's name as it is compared: NFKC, no case, no brackets, no outer marks or spaces."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"\s+", " ", _BRACKETS.sub("", plain)).strip(" \t:;.?*#・-_")


def find_header(rows: Sequence[Sequence[str]], column: str | None = None) -> Header | None:
    """The header among the first rows: the row that names ``column``, or a column of questions; None where there is none.

    ``column`` is a header's name, else a column's letters (``C``) or number (from 1), whose header is told by ``_guess``, else
    a cell (``C5``): that column from that row on.
    """
    searched = rows[:SEARCHED_ROWS]
    if column is not None:
        return _named(searched, column)
    for matches in (_is_question, _is_like_question):
        alone = None
        for number, row in enumerate(searched):
            found = [place for place, cell in enumerate(row) if cell and matches(folded(cell))]
            if found and (len(found) == 1 or folded(row[found[0]]) in QUESTION_HEADERS):
                header = Header(row=number, question=found[0], names=tuple(row))
                if sum(map(bool, row)) > 1:
                    return header
                alone = alone or (None if _is_title(searched, header) else header)
        if alone:
            return alone
    return None


def _is_title(rows: Sequence[Sequence[str]], header: Header) -> bool:
    """Whether what stands alone in its row names the whole sheet: below are labels with their values."""
    below = [row for row in rows[header.row + 1 :] if any(row)]
    cells = [row[header.question] for row in below if header.question < len(row) and row[header.question].strip()]
    if 2 * sum(map(reads_as_question, cells)) >= len(cells) > 0:
        return False
    return 2 * sum(sum(map(bool, row)) > 1 for row in below) >= max(1, len(below))


def is_form(rows: Sequence[Sequence[str]], header: Header) -> bool:
    """Whether what looks like a list below ``header`` is a cover's form: labels with the values of one case, and no question.

    It is where no cell of the column asks, and half of them are labels, or the header itself has a numbered value beside it.
    """
    below = [row[header.question].strip() for row in rows[header.row + 1 :] if header.question < len(row)]
    cells = [cell for cell in below if cell]
    if not cells or any(reads_as_question(cell) or len(cell) > _LONGEST_NAME for cell in cells):
        return False
    beside = [name for place, name in enumerate(header.names) if name.strip() and place != header.question]
    numbered = len(beside) == 1 and any(map(str.isdigit, beside[0])) and folded(beside[0]) not in _KNOWN_HEADERS
    labels = sum(folded(cell) in _LABELS | _OTHER_HEADERS for cell in cells)
    return numbered or 2 * labels >= len(cells)


def next_header(
    row: Sequence[str], header: Header, below: Sequence[Sequence[str]], *, parted: bool, name: str = ""
) -> int | None:
    """The column of questions where ``row``, below a list under ``header``, is the header of another list; else None.

    It is short names alone, one of them a usual name of a column of questions (or ``name``), with something in that column
    ``below``. What stands in the present column of questions must be such a name, too, unless the row is ``parted`` from
    the list above: else a row of categories would do.
    """
    filled = [folded(cell) for cell in row if cell.strip()]
    if not filled or any(
        len(one) > _LONGEST_NAME or _FIGURE.fullmatch(one) or reads_as_question(one) for one in filled
    ):
        return None
    known = _KNOWN_HEADERS | {folded(one) for one in header.names if one}
    here = folded(row[header.question]) if header.question < len(row) else ""
    if (len(filled) < 2 and not parted) or not (parted or not here or here in known):
        return None

    def names(cell: str) -> bool:
        if name:
            return cell == folded(name)
        return cell in QUESTION_HEADERS or (parted and _is_like_question(cell) and any(one in known for one in filled))

    place = next((at for at, cell in enumerate(row) if cell.strip() and names(folded(cell))), None)
    if place is None:
        return None
    first = next((other[place] for other in below if place < len(other) and other[place].strip()), "")
    return place if first and folded(first) not in QUESTION_HEADERS else None


def asks_elsewhere(row: Sequence[str], header: Header) -> bool:
    """Whether a row asks in another column than that of the questions.

    That is where the latter holds nothing there or a figure alone, or the other one is headed as a column of questions, too.
    """
    own = row[header.question].strip() if header.question < len(row) else ""
    bare = not own or bool(_FIGURE.fullmatch(own))
    also = {place for place, name in enumerate(header.names) if folded(name) in QUESTION_HEADERS}
    return any(
        reads_as_question(cell)
        for place, cell in enumerate(row)
        if place != header.question and (bare or place in also)
    )


def guess_header(rows: Sequence[Sequence[str]]) -> Header | None:
    """The column of a list without a header that names it, most of whose cells read as questions; None where none is such."""
    searched = rows[:SEARCHED_ROWS]
    best, most = None, 0
    for place in range(max(map(len, searched), default=0)):
        cells = [row[place] for row in searched if place < len(row) and row[place].strip()]
        asking = sum(map(reads_as_question, cells))
        if asking > most and 2 * asking >= len(cells):
            best, most = place, asking
    return None if best is None else _guess(searched, best)


def reads_as_question(text: str) -> bool:
    """Whether ``text`` asks for something, by its mark, its ending or its first word."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return len(plain) > 4 and bool(_ASKS.search(plain))


def column_letters(place: int) -> str:
    """The letters of a column that counts from 0, as spreadsheets show them."""
    letters, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def find_name(names: Iterable[str], wanted: frozenset[str]) -> int | None:
    """The first column whose folded name is among ``wanted``."""
    return next((place for place, name in enumerate(names) if folded(name) in wanted), None)


def _is_question(name: str) -> bool:
    return name in QUESTION_HEADERS


def _is_like_question(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and bool(_PART.search(name)) and not reads_as_question(name)


def _named(rows: Sequence[Sequence[str]], column: str) -> Header | None:
    for number, row in enumerate(rows):
        for at, cell in enumerate(row):
            if cell and folded(cell) == folded(column):
                return Header(row=number, question=at, names=tuple(row))
    found = _place(column)
    if found is None:
        return None
    place, first = found
    if first:
        above = rows[first - 2] if 2 <= first <= len(rows) + 1 else ()
        names = tuple(above) if place < len(above) and above[place] else ()
        return Header(row=first - 2, question=place, names=names)
    return _guess(rows, place) if any(place < len(row) and row[place].strip() for row in rows) else None


def _guess(rows: Sequence[Sequence[str]], place: int) -> Header:
    """Where the column's questions begin: a row that could be a question itself is not taken for a header.

    A header is short, asks nothing, has no figures beside it, and holds a usual name of a column, or stands above figures.
    """
    filled = [number for number, row in enumerate(rows) if place < len(row) and row[place].strip()]
    asking = [number for number in filled if reads_as_question(rows[number][place])]
    above = [number for number in filled if number < asking[0]] if asking else filled[:1]
    below = [number for number in filled if number not in above]
    if above and below and all(_could_name(rows[number], place) for number in above):
        last = rows[above[-1]]
        figures = sum(any(_FIGURE.fullmatch(cell) for cell in rows[number] if cell) for number in below)
        if 3 * figures >= 2 * len(below) or any(folded(cell) in _OTHER_HEADERS | PRIORITY_HEADERS for cell in last):
            return Header(row=above[-1], question=place, names=tuple(last), guessed=True)
    return Header(row=filled[0] - 1, question=place, names=(), guessed=True)


def _could_name(row: Sequence[str], place: int) -> bool:
    """Whether a row could be a header or a title above one."""
    return len(row[place]) <= _LONGEST_NAME and not any(_FIGURE.fullmatch(cell) for cell in row if cell)


def _place(column: str) -> tuple[int, int] | None:
    """A column's place from 0, and the row (from 1) of a cell's address, else 0."""
    name = unicodedata.normalize("NFKC", column).strip()
    if name.isascii() and name.isdigit() and int(name):
        return int(name) - 1, 0
    address = _LETTERS.fullmatch(name)
    if address is None:
        return None
    return column_of(address[1]) - 1, int(address[2] or 0)


@lru_cache(maxsize=32_768)
def column_of(letters: str) -> int:
    """The number of a column, from 1, by its letters."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number
