"""Whether a claim that rests on a table's row tells the right cell of the right row."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qeu_rag.answer.passage import Unit
from qeu_rag.text.figures import repeats
from qeu_rag.text.near_words import ContentWords
from qeu_rag.text.values import folded, values


def wrong_cell(claim: str, unit: Unit, units: Sequence[Unit], question: str, words: ContentWords) -> bool:
    """Whether ``claim`` gives a cell of ``unit``, a row among ``units``, for another column's, or never says which row."""
    named = _columns(claim, unit, words)
    places = {at: place for at in range(1, len(unit.cells)) if (place := _told_at(claim, unit, at, words)) >= 0}
    told = list(places)
    if named and told and not set(told) & set(named):
        return True
    heads = {at: _place(claim, unit.header[at]) for at in named}
    if len(named) > 1 and set(named) == set(told):
        return sorted(heads, key=heads.__getitem__) != sorted(places, key=places.__getitem__)
    if len(set(told)) > 1 and len(named) == 1 and not set(named) & set(told[-1:] + told[:1]):
        return True
    names = words.of(unit.cells[0]) or frozenset((folded(unit.cells[0]).lower(),))
    key = words.near(claim) & names or folded(unit.cells[0]).lower() in folded(claim).lower()
    rows = [other for other in units if other.is_row and other.header == unit.header]
    own = f"{unit.said}\n{' '.join(unit.header)}"
    if any(_says(claim, other.cells[0]) and not _says(own, other.cells[0]) for other in rows):
        return True
    return not key and len(rows) > 1 and _row_asked(rows, question, words) is not unit


def _columns(claim: str, unit: Unit, words: ContentWords) -> list[int]:
    """The columns but the first that the claim names by words that no other header has."""
    heads = [words.every(re.sub(r"[(（][^)）]*[)）]", "", head)) for head in unit.header]
    said = words.every(claim)
    found = []
    for at, head in enumerate(heads):
        own = head - frozenset().union(*(other for n, other in enumerate(heads) if n != at))
        if at and ((own and own <= said) or _says(claim, unit.header[at])):
            found.append(at)
    return [at for at in found if not any(at != n and unit.header[at] in unit.header[n] for n in found)]


def _told_at(claim: str, unit: Unit, at: int, words: ContentWords) -> int:
    """Where the claim says what this cell alone of the row says; -1 where it does not."""
    cell = unit.cells[at]
    if stated := values(cell):
        same = [
            one for one in values(claim) for other in stated if repeats(one, other) or one.number == other.number != 0
        ]
        return same[0].start if same else -1
    if _says(claim, cell) and sum(_says(other, cell) for other in unit.cells) == 1:
        return _place(claim, cell)
    alone = words.of(cell) - words.of(" ".join((*unit.header, *unit.cells[:at], *unit.cells[at + 1 :])))
    return _place(claim, cell) if alone and alone <= words.near(claim) else -1


def _row_asked(rows: Sequence[Unit], question: str, words: ContentWords) -> Unit:
    asked = words.near(question)
    return max(rows, key=lambda row: len(words.of(" ".join(row.cells)) & asked))


def _says(text: str, words: str) -> bool:
    """Whether ``text`` holds ``words`` (a cell's) as they stand, no part of a longer word or number."""
    wanted = folded(words).strip().lower()
    return bool(wanted) and bool(re.search(rf"(?<![a-z0-9]){re.escape(wanted)}(?![a-z0-9])", folded(text).lower()))


def _place(claim: str, text: str) -> int:
    """About where ``claim`` says ``text``: of its first figure or word that is found there."""
    plain = folded(claim).lower()
    for part in re.findall(r"[\d.,]+|[^\W\d]{2,}", folded(text).lower()):
        if (at := plain.find(part)) >= 0:
            return at
    return len(plain)
