"""Reads the likeliest sentences together with the question, in the languages that the reader knows, and orders them anew."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from qeu_rag.answer.shown import shown
from qeu_rag.answer.units import units
from qeu_rag.answer.weigh import Unit
from qeu_rag.index.analyze import lang_of

MOST = 6
"""Units that are read: the reader takes about a hundredth of a second for each."""

SHARE = 0.5
"""What the reader's verdict counts in a unit's score, beside its words."""


class Reader(Protocol):
    """What reads a question and sentences together; see ``qeu_rag.index.reader``."""

    languages: frozenset[str]

    def read(self, question: str, sentences: Sequence[str]) -> list[float]:
        """For each sentence its log-odds against "none of these answers"."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The units, best first, and how likely one of those that were read answers, 0..1; None where none could be read.

    ``verdicts``: how likely each that was read is the one that answers, 0..1, by its chunk's id and its place there.
    """

    units: tuple[Unit, ...]
    answered: float | None = None
    verdicts: Mapping[tuple[str, int], float] = field(default_factory=dict)


def read(question: str, weighed: Sequence[Unit], reader: Reader | None) -> Reading:
    """``weighed`` units in their final order. Only those in the question's own language are read."""
    lang = lang_of(question)
    if reader is None or lang not in reader.languages:
        return Reading(units=tuple(weighed))
    readable = [unit for unit in weighed if unit.chunk.lang == lang][:MOST]
    if not readable:
        return Reading(units=tuple(weighed))
    spans = {unit.chunk.id: list(units(unit.chunk)) for unit in readable}
    texts = [shown(unit.chunk, spans[unit.chunk.id], unit.order) for unit in readable]
    odds = [math.exp(min(value, 30.0)) for value in reader.read(question, texts)]
    whole = 1.0 + math.fsum(odds)
    verdicts = {(u.chunk.id, u.order): odd / whole for u, odd in zip(readable, odds, strict=True)}
    best = weighed[0].score or 1.0
    scored = [
        replace(unit, score=(1 - SHARE) * unit.score / best + SHARE * verdicts.get((unit.chunk.id, unit.order), 0.0))
        for unit in weighed
    ]
    ordered = sorted(scored, key=lambda unit: (-unit.score, unit.chunk.id, unit.order))
    return Reading(units=tuple(ordered), answered=round(1.0 - 1.0 / whole, 6), verdicts=verdicts)
