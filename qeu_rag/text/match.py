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

    def held(self, text: str) -> bool:
        """Whether ``text``, terms and line ends with a space on either side of each, holds one of ``others``."""
        for other in self.others:
            for run in other:
                if f" {run} " not in text:
                    break
            else:
                return True
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One field's terms of a question, each with its idf, and what counts as much as some of them."""

    weights: Mapping[str, float]
    synonyms: Sequence[Synonym] = ()

    def held(self, text: str) -> tuple[frozenset[str], ...]:
        """The question's terms that each line of stored terms holds, itself or by a synonym."""
        padded = f" {text} ".replace("\n", " \n ")
        live = [synonym for synonym in self.synonyms if synonym.held(padded)]  # there are many, and few texts hold any
        lines = []
        for line in text.split("\n"):
            found = set(self.weights.keys() & line.split(" "))
            for synonym in live:
                if not synonym.terms <= found and synonym.held(f" {line} "):
                    found |= synonym.terms
            lines.append(frozenset(found))
        return tuple(lines)


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
    lines = tuple(field.held(text) for field, text in zip(asked, stored, strict=True))
    totals = tuple(math.fsum(field.weights.values()) or 1.0 for field in asked)
    return Held(totals=totals, lines=lines, asked=tuple(asked))


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
