"""What must be exact: the codes and dates that a question names and a passage does not say, and cells that are empty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qeu_rag.text.notation import fold
from qeu_rag.text.spelled import MONTH
from qeu_rag.text.units import ROW, cells, table_header, units
from qeu_rag.text.values import Value, same, values
from qeu_rag.types import Chunk, ScoredWindow

_CODE = re.compile(
    r"(?<![A-Za-z\d./-])(?P<letters>[A-Za-z]{1,8})(?P<between>[ -]?)(?P<number>\d{1,7})(?![\d.,:/]*\d|[A-Za-z%])"
)
_NUMBERED = re.compile(r"第(?P<number>\d{1,7})(?P<after>[条章回期号版部])")
_LABELS = frozenset(
    "article chapter clause section step phase level class grade form version rev revision issue lot batch case ticket no number"
    " complaint order invoice drawing model type room line machine rule appendix annex table figure".split()
)
"""Words that a number names one of, also where it is short."""
_WITHOUT = 4
"""A name so long may stand without its number: COVID for COVID-19."""
_REACHES = re.compile(
    rf"[年月日]\s?(?:から|~|まで|以[降前後内])|毎[年月]|\b(?:since|until|till|through|between|before|after|every|each)\b"
    rf"|\b(?:from|to|by)\s+(?:{MONTH}|\d{{4}})\b|(?:{MONTH}|\d{{4}})\s?[-–]\s?(?:{MONTH}|\d{{4}})",
    re.I,
)
"""A passage with such words may speak of more dates than it names."""


def lacking(question: str, chunk: Chunk, beside: Sequence[Chunk] = ()) -> tuple[str, ...]:
    """The codes and dates of ``question`` that ``chunk`` does not say, in the question's words; empty where it says all.

    A code (K-204, L18, lot 7720) must stand there, or in one of the chunks of its document that were found ``beside`` it; of
    dates another one of the same kind must not stand there in its place (1月 for 2月).
    """
    asked = fold(question)
    wanted = list(_codes(asked))
    dates = [] if _REACHES.search(asked) else [value for value in values(asked) if value.measure == "date"]
    if not (wanted or dates):
        return ()
    text = fold(f"{chunk.source}\n{chunk.context}\n{chunk.passage}")
    document = "\n".join([text, *(fold(other.text) for other in beside if other.document_id == chunk.document_id)])
    codes = [said for said in wanted if not _has_code(said, document)]
    return tuple(dict.fromkeys([*codes, *_other_dates(dates, text)]))


def asks_for_empty_cell(question: str, best: ScoredWindow) -> bool:
    """Whether ``question`` names the table row that stands out in ``best`` and only columns of it whose cells are empty."""
    span = units(best.chunk)[best.unit]
    row = span.of(best.chunk.text)
    if not ROW.match(row):
        return False
    asked, own = fold(question).lower(), cells(row)
    header = cells(table_header(best.chunk, span))
    if not own[0] or fold(own[0]).lower() not in asked:
        return False
    named = [at for at, name in enumerate(header) if at and len(name) > 1 and fold(name).lower() in asked]
    return bool(named) and not any(own[at] for at in named if at < len(own))


def _codes(question: str) -> Iterator[str]:
    for match in _CODE.finditer(question):
        letters = match["letters"]
        joined = match["between"] != " " and (letters.isupper() or letters.lower() not in _LABELS)
        if joined or (letters.isupper() and len(letters) > 1) or letters.lower() in _LABELS:
            yield match.group()
    for match in _NUMBERED.finditer(question):
        yield match.group()


def _has_code(said: str, text: str) -> bool:
    parts = re.fullmatch(r"([^\d]*?)[ -]?(\d+)(\D*)", said)
    if parts is None:
        return said.lower() in text.lower()
    letters, number, after = (re.escape(part) for part in parts.groups())
    if letters.lower() in _LABELS and len(number) >= 4:
        return bool(re.search(rf"(?<!\d){number}(?!\d)", text))
    if re.search(rf"(?<![A-Za-z]){letters}\W{{0,2}}{number}(?!\d){after}", text, re.I):
        return True
    alone = len(letters) >= _WITHOUT and re.search(rf"(?<![A-Za-z]){letters}(?![A-Za-z])", text, re.I)
    return bool(alone) and not re.search(rf"(?<![A-Za-z]){letters}[ -]?\d", text, re.I)


def _other_dates(asked: Sequence[Value], text: str) -> Iterator[str]:
    """Those of the dates ``asked`` about in whose place the text has others."""
    said = [value for value in values(text) if value.measure == "date"] if asked else []
    for date in asked:
        others = [other for other in said if _comparable(date, other)]
        if others and not any(same(date, other) for other in others) and not _REACHES.search(text):
            yield date.words


def _comparable(date: Value, other: Value) -> bool:
    """Whether what ``date`` gives (year, month, day) is given by ``other``, too."""
    return all(theirs for mine, theirs in zip(date.size, other.size, strict=True) if mine)
