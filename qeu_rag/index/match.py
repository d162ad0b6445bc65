"""How much of a question a chunk holds: in its title and headings, as a whole, and in its best sentence."""

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
class Match:
    """Shares of the question's idf, each 0..1 and the mean over both fields (character pairs, words).

    ``title`` is what stands in the title and the headings, ``whole`` what stands anywhere in the chunk, ``sentence`` what
    stands in the one sentence that holds most.
    """

    title: float = 0.0
    whole: float = 0.0
    sentence: float = 0.0


def stored_form(title: Sequence[str], sentences: Sequence[Sequence[str]]) -> str:
    """The terms of one field as they are kept: the title's in the first line, then one line a sentence."""
    return "\n".join(" ".join(line) for line in (title, *sentences))


def match(asked: Sequence[Asked], stored: Sequence[str]) -> Match:
    """What a chunk holds of the question, both field by field."""
    title = whole = 0.0
    best: dict[int, float] = {}
    for field, text in zip(asked, stored, strict=True):
        total = math.fsum(field.weights.values()) or 1.0
        found: set[str] = set()
        live = field.within(text)
        for number, line in enumerate(text.split("\n")):
            if held := live.held(line):
                found |= held
                best[number] = best.get(number, 0.0) + _sum(field, held) / total
        title, whole = title + best.pop(0, 0.0), whole + _sum(field, found) / total
    return Match(
        title=round(title / len(asked), 6),
        whole=round(whole / len(asked), 6),
        sentence=round(max(best.values(), default=0.0) / len(asked), 6),
    )


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
