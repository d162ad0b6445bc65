"""Reads a house glossary, ``glossary.csv`` or ``用語集.csv``: a row is one concept, its cells what it is called.

The columns are known by their headers (``ja``, ``en``, ``abbreviation``, ``synonyms`` and what people write for these); other
columns are remarks. A cell may hold several terms, parted by ``|``, ``;`` or ``、``; what ends a term in brackets is a remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qeu_rag.ingest.remark import Remark
from qeu_rag.tables.delimited import rows_of
from qeu_rag.text.notation import normalise

NAMES = frozenset(("glossary.csv", "用語集.csv"))

_COLUMNS = frozenset(
    "ja en japanese english 日本語 英語 和名 英名 和文 英文 term_ja term_en term terms 用語 語 名称 abbreviation abbreviations"
    " abbr acronym 略語 略称 略号 synonym synonyms alias aliases 同義語 類義語 類語 別名 別称 言い換え 言換え".split()
)
_PARTED = re.compile(r"[|｜;；、\r\n]+")
_REMARK = re.compile(r"(?<=\S)\s*(?:\([^()]*\)|（[^（）]*）)$")
_MOST_TERMS, _LONGEST = 30, 100
_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class GlossaryRows:
    """The rows of a glossary, each the different terms of one concept (two at least), and remarks on what is wrong in it."""

    rows: tuple[tuple[str, ...], ...]
    notes: tuple[Remark, ...] = ()


def is_glossary(path: Path) -> bool:
    """Whether a file is a glossary by its name."""
    return normalise(path.name) in NAMES


def read_glossary(path: Path) -> GlossaryRows:
    """The glossary at ``path``; where fewer than two columns have a header of ours there are no rows, and a remark says so.

    Rows are named by the number that a spreadsheet shows. Raises ReadError("undecodable").
    """
    found = rows_of(path)
    header, *lines = found.rows or [[]]
    places = [place for place, name in enumerate(header) if normalise(name).strip() in _COLUMNS]
    if len(places) < 2:
        return GlossaryRows(rows=(), notes=(Remark(key="glossary_columns"),))
    reading, unclosed = _Reading(), frozenset(found.unclosed)
    for number, line in enumerate(lines, start=2):
        if number in unclosed:
            reading.name("unclosed", number)
            continue
        if any(line[len(header) :]):
            reading.name("wide", number)
        reading.take(number, [line[place] for place in places if place < len(line)])
    return GlossaryRows(rows=tuple(reading.rows), notes=reading.notes())


def shared_terms(glossaries: Mapping[str, Iterable[Sequence[str]]]) -> list[Remark]:
    """A remark for each of the first terms for which several glossaries (rows by file) have different rows, and one on the rest.

    It is on the first of them and names the others. Rows alike but for their order mean the same wherever they stand.
    """
    known: dict[str, tuple[str, set[frozenset[str]], dict[str, None]]] = {}
    for name, rows in glossaries.items():
        for row in rows:
            same = frozenset(map(normalise, row))
            for term in row:
                _, meanings, names = known.setdefault(normalise(term), (term, set(), {}))
                meanings.add(same)
                names[name] = None
    shared = [(term, tuple(names)) for term, meanings, names in known.values() if len(names) > 1 and len(meanings) > 1]
    told = [
        Remark(key="glossary_shared", values={"term": term, "others": ", ".join(others)}, source=first)
        for term, (first, *others) in shared[:_NAMED]
    ]
    rest = len(shared) - _NAMED
    return [*told, Remark(key="glossary_shared_more", values={"count": rest})] if rest > 0 else told


class _Reading:
    """The rows taken so far, and by what is wrong with them the numbers of others."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []
        self._wrong: dict[str, list[int]] = {}
        self._seen: set[frozenset[str]] = set()
        self._terms: dict[str, tuple[str, int]] = {}
        self._twice: dict[str, list[int]] = {}

    def name(self, wrong: str, number: int) -> None:
        """Notes that something is ``wrong`` with row ``number``."""
        self._wrong.setdefault(wrong, []).append(number)

    def take(self, number: int, cells: Sequence[str]) -> None:
        """Takes the terms of one row, if there are two."""
        found, too_long = _terms(cells)
        terms = tuple(found)
        if too_long:
            self.name("long", number)
        if len(terms) > _MOST_TERMS:
            self.name("many", number)
        if len(terms) < 2:
            if terms or too_long:
                self.name("alone", number)
            return
        kept = terms[:_MOST_TERMS]
        if (same := frozenset(map(normalise, kept))) not in self._seen:
            self._seen.add(same)
            self.rows.append(kept)
        for term in kept:
            # With its remark: 再現性（利得の） and 再現性（測定の） are told apart on purpose.
            first, row = self._terms.setdefault(normalise(found[term]), (term, number))
            if row != number:
                self._twice.setdefault(first, [row]).append(number)

    def notes(self) -> tuple[Remark, ...]:
        """One remark for each thing that is wrong, and for each of the first terms that stand in several rows."""
        limits = {"long": _LONGEST, "many": _MOST_TERMS}
        wrong = [
            Remark(key=f"glossary_{kind}", values={"rows": tuple(rows), "limit": limits.get(kind, 0)})
            for kind in ("unclosed", "wide", "alone", "long", "many")
            if (rows := self._wrong.get(kind))
        ]
        named = list(self._twice.items())
        twice = [
            Remark(key="glossary_twice", values={"term": term, "rows": tuple(rows)}) for term, rows in named[:_NAMED]
        ]
        rest = [Remark(key="glossary_twice_more", values={"count": len(named) - _NAMED})] if len(named) > _NAMED else []
        return (*wrong, *twice, *rest)


def _terms(cells: Iterable[str]) -> tuple[dict[str, str], bool]:
    """The different terms of a row's cells, in order, each as it stands there, and whether one was too long to be a term."""
    found: dict[str, tuple[str, str]] = {}
    too_long = False
    for cell in cells:
        for part in map(str.strip, _PARTED.split(cell)):
            term = " ".join(_REMARK.sub("", part).split())
            if len(term) > _LONGEST:
                too_long = True
            elif any(map(str.isalnum, term)):
                found.setdefault(normalise(term), (term, part))
    return dict(found.values()), too_long
