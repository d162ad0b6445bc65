"""The house glossary: which other words mean the same as words of a question; whole words, the longest term first.

Synonyms hold within a row and no further: with the rows "a, b" and "b, c" a question with "a" also looks for "b", one with "b"
for "a" and "c". So loops and chains of rows mean nothing special.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qeu_rag.errors import CollectionError
from qeu_rag.text.terms import Analyzer

_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """Words that a question says, as they stand there but for folded notation, and the other terms of their rows."""

    said: str
    others: tuple[str, ...]


class Glossary:
    """The rows of all glossaries of a collection, found by the words of their terms."""

    def __init__(self, rows: Sequence[Sequence[str]], places: Mapping[str, Sequence[int]]) -> None:
        """Use ``make`` or ``read``: ``places`` says which rows hold the words of a term."""
        self._rows = rows
        self._places = places
        self._longest: dict[str, int] = {}
        for key in places:
            first, length = key.partition(_BETWEEN)[0], key.count(_BETWEEN) + 1
            self._longest[first] = max(length, self._longest.get(first, 0))

    def __len__(self) -> int:
        return len(self._rows)

    def holds(self, rows: Iterable[Sequence[str]]) -> bool:
        """Whether the glossary is of just these rows."""
        return list(map(tuple, self._rows)) == _once(rows)

    @classmethod
    def make(cls, rows: Iterable[Sequence[str]], analyzer: Analyzer) -> Glossary:
        """The glossary of ``rows``, each the terms of one concept; equal rows count once."""
        kept = _once(rows)
        places: dict[str, list[int]] = {}
        for number, row in enumerate(kept):
            for key in dict.fromkeys(words_of(term, analyzer) for term in row):
                if key:
                    places.setdefault(_BETWEEN.join(key), []).append(number)
        return cls(kept, places)

    @classmethod
    def read(cls, path: Path) -> Glossary:
        """What ``write`` wrote; a missing file is an empty glossary. Raises CollectionError for a damaged one."""
        if not path.exists():
            return cls((), {})
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            return cls(kept["rows"], kept["places"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CollectionError("index_damaged", path=path, detail=error) from error

    def write(self, path: Path) -> None:
        """Writes the glossary as JSON. Raises OSError where it cannot be written."""
        path.write_text(json.dumps({"rows": self._rows, "places": self._places}, ensure_ascii=False), encoding="utf-8")

    def concepts(self, question: str, analyzer: Analyzer) -> tuple[Concept, ...]:
        """The terms that ``question`` says, in order and each once, with what else they are called; none overlap."""
        if not self._rows:
            return ()
        text, words = analyzer.sequence(question)
        found: dict[str, Concept] = {}
        at = 0
        while at < len(words):
            length, rows = self._longest_at([word for word, *_ in words[at : at + self._longest.get(words[at][0], 0)]])
            if rows:
                said = text[words[at][1] : words[at + length - 1][2]]
                own = tuple(word for word, *_ in words[at : at + length])
                others = dict.fromkeys(term for row in rows for term in self._rows[row])
                kept = tuple(term for term in others if words_of(term, analyzer) not in ((), own))
                found.setdefault(said, Concept(said=said, others=kept))
            at += length
        return tuple(found.values())

    def _longest_at(self, words: Sequence[str]) -> tuple[int, Sequence[int]]:
        """How many of ``words`` from the first on are a term, and its rows; 1 and none where none is."""
        for length in range(len(words), 0, -1):
            if rows := self._places.get(_BETWEEN.join(words[:length])):
                return length, rows
        return 1, ()


def _once(rows: Iterable[Sequence[str]]) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(map(tuple, rows)))


def words_of(term: str, analyzer: Analyzer) -> tuple[str, ...]:
    """The words of ``term`` by which it is found; none for a term that says too little: a lone Latin letter or sign."""
    words = tuple(word for word, *_ in analyzer.sequence(term)[1])
    return () if len(words) == 1 and len(words[0]) == 1 and (words[0] < "\u3040") else words
