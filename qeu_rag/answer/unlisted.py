"""Whether a table that would be quoted lacks the row that is asked for: the day rate of a Manager, where it has other grades."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qeu_rag.answer.extract import Following, Piece
from qeu_rag.answer.gate import Terms
from qeu_rag.answer.gate.everyday import uncommon
from qeu_rag.answer.liken import Likeness
from qeu_rag.answer.units import ASKS_ALL, ROW, RULE, key_cell
from qeu_rag.index.notation import fold, is_japanese
from qeu_rag.index.word_forms import stands
from qeu_rag.types import Chunk

_JAPANESE_SLOT = re.compile(r"([一-鿿々ァ-ヺーA-Za-z0-9]+)の(?=([一-鿿々ァ-ヺーぁ-んA-Za-z0-9]+))")
_ENGLISH_SLOT = re.compile(r"\b(?:(?:of|for|at)\s+(?:(?:an?|the|our|your|my)\s+)?|in\s+(?=[A-Z]))([A-Za-z][\w' -]*)")
_SLOT_ENDS = re.compile(
    r"\b(?:of|for|in|at|on|from|to|into|when|while|if|who|that|which|by|with|without|per|is|are|was|were|do|does|did|be|and|or"
    r"|during|after|before|between|under|over|than|as|can|may|must|should|will|would|have|has)\b",
    re.I,
)
_ANYBODY = re.compile(
    r"(?:(?:正?社|従業|職|会社)員|スタッフ|出張者|担当者?|本人|個人|自分|全員|各自|みんな|皆|者|当社|弊社|御社|自社|会社|本社"
    r"|[昨今来]?(?:年度|期|月|週|日)|現在|最[新近大小高低]|今回|次回|[通平]常|普[通段]|標準|一般|実際|基本|原則|正式|全体|全社|合計|平均"
    r"|規[程則定]|各[一-鿿]+)+"
    r"|(?:employees?|staff|people|persons?|workers?|colleagues?|members?|every(?:one|body)|any(?:one|body)|us|you|me|them"
    r"|company|companies|firm|travell?ers?|users?|each|one|all|general|total|question|case|cases|(?:this|last|next|first) .*"
    r"|(?:each|every|any|full|typical|usual|normal|average|current|actual) .*)",
    re.I,
)
"""Words that stand for anybody and for the rule as it is: what holds for all rows is asked for."""
_TELLING = 0.45
"""How uncommon a word must be that is no name (see ``uncommon``): everyday words say what is asked in passing."""
_FEWEST_ROWS = 3
_NAMED = 5
_SENSE, _SENSE_OF_ROW = 0.4, 0.28
"""What is so near in sense to what is asked for may be it in other words: a heading (宿泊 for ホテル代), or the row that is
quoted, if no other is nearer (教材 for テキスト)."""
_KIND = {True: 0.2, False: 0.4}
"""The least likeness with a key, or with their header, of what is of their kind, in Japanese and in English: words that say
when, where or what for (初日, visit) are below."""
_BESIDE = 300
"""Characters that may stand between a caption and its table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlisted:
    """What is asked for as the question says it, what the first rows of the table in ``chunk`` are about, and if it has more."""

    said: str
    listed: tuple[str, ...]
    more: bool
    chunk: Chunk


def unlisted(
    question: str,
    piece: Piece,
    weights: Mapping[str, float],
    analyze: Terms,
    likeness: Likeness,
    following: Following = lambda chunk: None,
) -> Unlisted | None:
    """What ``question`` asks of a table that ``piece`` quotes, or whose caption it is, though no row has it; None: nothing.

    It must stand where a question names a row ("the day rate *of a Manager*", 部長 in 部長の日当), and no form of it anywhere
    in the chunk, in whose caption, header or heading the rest of the phrase stands. A question that names any row by a word
    of its own is answered by it. Of a table that goes on in another chunk nothing is said.
    """
    rows = [] if _is_cut(piece.chunk, following) else _rows(piece)
    keys = list(dict.fromkeys(filter(None, map(key_cell, rows[1:]))))
    if len(keys) < _FEWEST_ROWS or ASKS_ALL.search(question) or _names_row(rows, weights, analyze):
        return None
    chunk = piece.chunk
    text = f"{chunk.context}\n{chunk.passage}"
    there = set(analyze(text))
    title = set(analyze(f"{chunk.context}\n{piece.quote}\n{rows[0]}"))
    named = {term for key in keys for term in _words(key, analyze)}
    for said, of in _slots(fold(question)):
        words = _words(said, analyze)
        if _ANYBODY.fullmatch(said) or not title & set(_words(of, analyze)) or named & set(words):
            continue
        if not any(_tells(term, said) and not stands(term, there) for term in words):
            continue
        if not _otherwise(said, piece, rows, analyze, likeness):
            return Unlisted(said=said, listed=tuple(keys[:_NAMED]), more=len(keys) > _NAMED, chunk=chunk)
    return None


def _is_cut(chunk: Chunk, following: Following) -> bool:
    """Whether a table of ``chunk`` began in an earlier one, or goes on in the next."""
    if chunk.header:
        return True
    ends_in_table = bool(ROW.match(chunk.text.rstrip().rpartition("\n")[2]))
    after = following(chunk) if ends_in_table else None
    return after is not None and bool(after.header)


def _rows(piece: Piece) -> list[str]:
    """The table of which ``piece`` quotes a row, or that comes next after it, header first; empty where there is none."""
    start = piece.chunk.text.find(piece.quote)
    tables = list(_tables(piece.chunk.text))
    for first, last, rows in tables:
        if first < start + len(piece.quote) and start < last and any(map(ROW.match, piece.quote.split("\n"))):
            return rows
    after = [(first, rows) for first, _, rows in tables if first >= start + len(piece.quote)]
    return after[0][1] if after and after[0][0] - start - len(piece.quote) <= _BESIDE else []


def _tables(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Each table of ``text``: where it begins and ends, and its lines without the rule, the header first."""
    at, first = 0, 0
    rows: list[str] = []
    for line in [*text.split("\n"), ""]:
        if ROW.match(line):
            first = first if rows else at
            if not RULE.match(line):
                rows.append(line)
        elif rows:
            yield first, at, rows
            rows = []
        at += len(line) + 1


def _names_row(rows: list[str], weights: Mapping[str, float], analyze: Terms) -> bool:
    """Whether the question has a word that a few rows have: one that most of them or the header have names none."""
    header, *held = (set(_words(row, analyze)) for row in rows)
    return any(
        0 < sum(term in words for words in held) <= max(1, len(held) // 3)
        for term in weights
        if term.startswith("w:") and term not in header
    )


def _tells(term: str, said: str) -> bool:
    """Whether a word is a name, as Manager or Tokyo, or none that one says in passing."""
    return uncommon(term) >= _TELLING or bool(re.search(r"\b[A-Z]", said))


def _otherwise(said: str, piece: Piece, rows: list[str], analyze: Terms, likeness: Likeness) -> bool:
    """Whether ``said`` is no row's name: of another kind than they, or in other words the table's subject or the row quoted."""
    chunk = piece.chunk
    others = [*chunk.headings[-1:], chunk.title, *rows[0].strip().strip("|").split("|")[1:]]
    others += [term.removeprefix("w:") for term in _words(" ".join(others), analyze) if is_japanese(term)]
    keys = [key_cell(row) for row in rows]
    found = likeness(said, [*keys, *(other for other in map(str.strip, others) if other)])
    if found is None:
        return True
    if max(found[: len(keys)]) < _KIND[is_japanese(said)]:
        return True
    found, keys = found[1:], keys[1:]
    quoted = [place for place, row in enumerate(rows[1:]) if row in piece.quote]
    nearest = max(range(len(keys)), key=lambda place: found[place])
    in_other_words = quoted == [nearest] and found[nearest] >= _SENSE_OF_ROW
    return in_other_words or max(found[len(keys) :], default=0.0) >= _SENSE


def _slots(question: str) -> Iterator[tuple[str, str]]:
    """What the question names in the place of a row, and of what."""
    if is_japanese(question):
        for found in _JAPANESE_SLOT.finditer(question):
            yield found[1], found[2]
        return
    for found in _ENGLISH_SLOT.finditer(question):
        said = _SLOT_ENDS.split(found[1])[0].strip(" ?'-")
        if said:
            yield said, question[: found.start()]


def _words(text: str, analyze: Terms) -> list[str]:
    return [term for term in analyze(text) if term.startswith("w:")]
