"""How much of a question a chunk holds: above it, in its title and headings, and in each of its units."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Synonym:
    """What counts as much as some of a question's ``terms``: any of ``others``, each whole.

    One of ``others`` is one or two runs of terms (of two scripts), each joined by spaces, that must stand in this order.
    """

    terms: frozenset[str]
    others: tuple[tuple[str, ...], ...]

    def held(self, line: str) -> bool:
        """Whether ``line``, terms joined by spaces with one at both ends, holds one of ``others``."""
        return any(all(f" {run} " in line for run in other) for other in self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One field's terms of a question, each with its idf, and what counts as much as some of them."""

    weights: Mapping[str, float]
    synonyms: Sequence[Synonym] = ()

    def within(self, text: str) -> Asked:
        """The same without the synonyms of which no line of ``text`` can hold one: there are many, and few texts hold any."""
        if not self.synonyms:
            return self
        live = []
        for synonym in self.synonyms:
            others = tuple(other for other in synonym.others if all(run in text for run in other))
            if others:
                live.append(Synonym(terms=synonym.terms, others=others))
        return Asked(weights=self.weights, synonyms=tuple(live))

    def held(self, line: str) -> set[str]:
        """The question's terms that a line of stored terms holds, itself or by a synonym."""
        found = set(self.weights.keys() & line.split(" "))
        if self.synonyms:
            padded = f" {line} "
            for synonym in self.synonyms:
                if not synonym.terms <= found and synonym.held(padded):
                    found |= synonym.terms
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a chunk holds of a question: for each field its weights' sum, and what stands above the chunk and in each unit."""

    totals: tuple[float, ...]
    lines: tuple[tuple[frozenset[str], ...], ...]
    asked: tuple[Asked, ...]

    def share(self, first: int, last: int) -> float:
        """The share of the question's idf, 0..1, in the units ``first`` to ``last`` and above them: the mean of both fields."""
        shares = []
        for total, lines, asked in zip(self.totals, self.lines, self.asked, strict=True):
            found = lines[0].union(*lines[first + 1 : last + 2])
            shares.append(_sum(asked, found) / total)
        return round(sum(shares) / len(shares), 6)

    def words(self, first: int, last: int) -> float:
        """The share of the question's words, 0..1, that stand there: each counts alike, so that it says the same in a
        collection of one document and of a hundred thousand."""
        lines, asked = self.lines[-1], self.asked[-1]
        found = lines[0].union(*lines[first + 1 : last + 2])
        return round(len(found & asked.weights.keys()) / max(1, len(asked.weights)), 6)


def stored_form(above: Sequence[str], units: Sequence[Sequence[str]]) -> str:
    """The terms of one field as they are kept: of what stands above the chunk in the first line, then one line a unit."""
    return "\n".join(" ".join(line) for line in (above, *units))


def held(asked: Sequence[Asked], stored: Sequence[str]) -> Held:
    """What a chunk holds of the question, both field by field."""
    lines = []
    for field, text in zip(asked, stored, strict=True):
        live = field.within(text)
        lines.append(tuple(frozenset(live.held(line)) for line in text.split("\n")))
    totals = tuple(math.fsum(field.weights.values()) or 1.0 for field in asked)
    return Held(totals=totals, lines=tuple(lines), asked=tuple(asked))


def reading(analyze: Callable[[str], list[str]], synonyms: Sequence[Synonym]) -> Callable[[str], list[str]]:
    """``analyze``, which takes a text to its terms, but a text that holds a synonym also has the question's own terms."""
    if not synonyms:
        return analyze
    known: dict[str, list[str]] = {}

    def read(text: str) -> list[str]:
        if text not in known:
            terms = analyze(text)
            line = f" {' '.join(terms)} "
            more = sorted({t for synonym in synonyms if synonym.held(line) for t in synonym.terms} - set(terms))
            known[text] = [*terms, *more]
        return known[text]

    return read


def _sum(asked: Asked, terms: Iterable[str]) -> float:
    """Exact, so that it does not depend on the order of a set."""
    return math.fsum(map(asked.weights.__getitem__, terms))
