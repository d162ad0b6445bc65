"""How much of a question a chunk holds: in its title and headings, as a whole, and in its best sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One field's terms of a question, each with its idf."""

    weights: Mapping[str, float]


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
        terms = field.weights.keys()
        found: set[str] = set()
        for number, line in enumerate(text.split("\n")):
            if held := terms & line.split(" "):
                found |= held
                best[number] = best.get(number, 0.0) + _sum(field, held) / total
        title, whole = title + best.pop(0, 0.0), whole + _sum(field, found) / total
    return Match(
        title=round(title / len(asked), 6),
        whole=round(whole / len(asked), 6),
        sentence=round(max(best.values(), default=0.0) / len(asked), 6),
    )


def _sum(asked: Asked, terms: Iterable[str]) -> float:
    """Exact, so that it does not depend on the order of a set."""
    return math.fsum(map(asked.weights.__getitem__, terms))
