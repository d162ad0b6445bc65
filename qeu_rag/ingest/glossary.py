"""Reads a house glossary, ``glossary.csv`` or ``用語集.csv``: a row is one concept, its cells what it is called.

The columns are known by their headers (``ja``, ``en``, ``abbreviation``, ``synonyms`` and what people write for these); other
columns are remarks. A cell may hold several terms, parted by ``|``, ``;`` or ``、``; what ends a term in brackets is a remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qeu_rag.index.notation import normalise

NAMES = frozenset(("glossary.csv", "用語集.csv"))

_COLUMNS = frozenset(
    (
        *("ja", "en", "japanese", "english", "日本語", "英語", "和名", "英名", "和文", "英文", "term_ja", "term_en"),
        *(
            "term",
            "terms",
            "用語",
            "語",
            "名称",
            "abbreviation",
            "abbreviations",
            "abbr",
            "acronym",
            "略語",
            "略称",
            "略号",
        ),
        *("synonym", "synonyms", "alias", "aliases", "同義語", "類義語", "類語", "別名", "別称", "言い換え", "言換え"),
    )
)
_PARTED = re.compile(r"[|｜;；、\r\n]+")
_REMARK = re.compile(r"(?<=\S)\s*(?:\([^()]*\)|（[^（）]*）)$")
_MOST_TERMS, _LONGEST = 30, 100
_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class GlossaryRows:
    """The rows of a glossary, each the different terms of one concept (two at least), and remarks on what was left out."""

    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def is_glossary(path: Path) -> bool:
    """Whether a file is a glossary by its name."""
    return normalise(path.name) in NAMES


def read_glossary(path: Path) -> GlossaryRows:
    """The glossary at ``path``; where fewer than two columns have a header of ours there are no rows, and a note says so.

    Rows are named by the number that a spreadsheet shows. Raises ReadError("undecodable").
    """
    from qeu_rag.ingest.readers.delimited import rows_of  # brings LlamaIndex: a question must not pay for it

    header, *lines = rows_of(path)[0] or [[]]
    places = [place for place, name in enumerate(header) if normalise(name).strip() in _COLUMNS]
    if len(places) < 2:
        return GlossaryRows(rows=(), notes=("no columns ja, en, abbreviation or synonyms: read as a document",))
    rows: list[tuple[str, ...]] = []
    alone: list[int] = []
    long: list[int] = []
    many: list[int] = []
    seen: set[frozenset[str]] = set()
    for number, line in enumerate(lines, start=2):
        cells = [line[place] for place in places if place < len(line)]
        terms, too_long = _terms(cells)
        if too_long:
            long.append(number)
        if len(terms) > _MOST_TERMS:
            many.append(number)
        if len(terms) < 2:
            if terms or too_long:
                alone.append(number)
            continue
        kept = terms[:_MOST_TERMS]
        key = frozenset(map(normalise, kept))
        if key not in seen:
            seen.add(key)
            rows.append(kept)
    notes = (
        *_note(alone, "fewer than two different terms, left out"),
        *_note(long, f"a term of more than {_LONGEST} characters, left out"),
        *_note(many, f"more than {_MOST_TERMS} terms, the rest left out"),
    )
    return GlossaryRows(rows=tuple(rows), notes=notes)


def _terms(cells: Iterable[str]) -> tuple[tuple[str, ...], bool]:
    """The different terms of a row's cells, in order, and whether one was too long to be a term."""
    found: dict[str, str] = {}
    too_long = False
    for cell in cells:
        for part in _PARTED.split(cell):
            term = " ".join(_REMARK.sub("", part.strip()).split())
            if len(term) > _LONGEST:
                too_long = True
            elif any(map(str.isalnum, term)):
                found.setdefault(normalise(term), term)
    return tuple(found.values()), too_long


def _note(rows: Sequence[int], what: str) -> tuple[str, ...]:
    """A remark on ``rows``: the first of them by number, and how many more there are."""
    if not rows:
        return ()
    named = ", ".join(map(str, rows[:_NAMED])) + (f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else "")
    return (f"row{'s' * (len(rows) > 1)} {named}: {what}",)
