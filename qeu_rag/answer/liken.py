"""Orders the likeliest units anew by their sense: how like the question each is, by the embedder, beside its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from qeu_rag.answer.gate import Quote
from qeu_rag.answer.shown import shown
from qeu_rag.answer.units import ROW, table_header, units
from qeu_rag.answer.weigh import Unit

Likeness = Callable[[str, Sequence[str]], Sequence[float] | None]
"""The cosine of each text with the question; None where the embedder does not know the question's language."""

SHARE = 0.8
"""What the cosine, -1..1, counts beside the score by words, which is about 1 where a sentence says all that is asked."""

REACH = 0.2
"""Units further behind the best by their words are left alone: hardly any sense catches up with that, and it takes time."""

JAPANESE, OTHER = 12, 4
"""Units that are likened, the likeliest first: of Japanese ones a few words are looked up, others go through a network."""


def liken(question: str, weighed: Sequence[Unit], likeness: Likeness) -> tuple[Unit, ...]:
    """``weighed`` units in their final order; those that are within reach are likened, the others keep their scores."""
    chosen = _within_reach(weighed)
    if not chosen:
        return ()
    spans = {weighed[place].chunk.id: list(units(weighed[place].chunk)) for place in chosen}
    texts = [shown(weighed[p].chunk, spans[weighed[p].chunk.id], weighed[p].order) for p in chosen]
    found = likeness(question, texts)
    if found is None:
        return tuple(weighed)
    cosines = dict(zip(chosen, found, strict=True))
    mean = sum(found) / len(found)
    scored = [
        replace(unit, score=unit.score + SHARE * (cosines.get(at, mean) - mean), cosine=cosines.get(at))
        for at, unit in enumerate(weighed)
    ]
    return tuple(sorted(scored, key=lambda unit: (-unit.score, unit.chunk.id, unit.order)))


def quote_of(ranked: Sequence[Unit]) -> Quote | None:
    """The best of ``ranked`` units as the gate looks at it; None for none."""
    if not ranked:
        return None
    best = ranked[0]
    text = best.span.of(best.chunk.text)
    header = table_header(best.chunk, best.span) if ROW.match(text) else ""
    return Quote(text=f"{header}\n{text}" if header else text, headings=best.chunk.context, cosine=best.cosine)


def _within_reach(weighed: Sequence[Unit]) -> list[int]:
    chosen: list[int] = []
    left = {True: JAPANESE, False: OTHER}
    for place, unit in enumerate(weighed):
        japanese = unit.chunk.lang == "ja"
        if unit.score >= weighed[0].score - REACH and left[japanese]:
            left[japanese] -= 1
            chosen.append(place)
    return chosen
