"""Puts the windows of the candidates in order: by their vectors, and by what they hold of the question's words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qeu_rag.index.rows import KeptWindow
from qeu_rag.text.match import Held
from qeu_rag.types import Lang

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COSINE = 20.0
"""What a cosine counts; those of one question's passages lie within .1 to .85. On 1,300 questions 12 to 20 rank alike."""

HELD = 4.0
"""What the share of the question's words (by idf) counts that a window holds, with its headings; 0 loses .05 of first places."""

FOREIGN = 1.0
"""What a window in another language than the question gets: it can hold none of its words."""

BIAS = -12.0
"""What makes scores as high, in the mean, as the share of first windows that are right; the gate judges each question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A window with its score, 0..1, and the parts that it was made of."""

    kept: KeptWindow
    score: float
    parts: Mapping[str, float]

    def units(self, held: Mapping[str, Held]) -> tuple[int, ...]:
        """The places of its units, those first that hold most of the question by themselves, else in their order."""
        window, chunk = self.kept.window, held.get(self.kept.chunk_id)
        places = range(window.first, window.last + 1)
        return tuple(sorted(places, key=lambda at: (-chunk.share(at, at), at)) if chunk else places)


def order(
    kept: Sequence[KeptWindow],
    vectors: NDArray[np.float32],
    query: NDArray[np.float32],
    lexical: Mapping[str, float],
    held: Mapping[str, Held],
    lang: Lang = "en",
) -> list[Ordered]:
    """The windows ``kept``, whose ``vectors`` have shape (n, dimension), best first, ties by id.

    ``lexical`` are the BM25 scores of chunks, 0..1, ``held`` what each chunk holds of the question's words, ``lang`` the
    question's language. Few weights, set by whole sets left out: docs/measurements.md has the figures.
    """
    if not kept:
        return []
    cosines = (vectors @ query).tolist()
    ordered = []
    for one, cosine in zip(kept, cosines, strict=True):
        here, place = held.get(one.chunk_id), (one.window.first, one.window.last)
        share = here.share(*place) if here else 0.0
        parts = {
            "cosine": round(cosine, 6),
            "held": share,
            "words": here.words(*place) if here else 0.0,
            "lexical": lexical.get(one.chunk_id, 0.0),
            "foreign": float(one.lang != lang),
        }
        total = round(BIAS + COSINE * cosine + HELD * share + FOREIGN * parts["foreign"], 6)
        hit = Ordered(kept=one, score=round(1.0 / (1.0 + math.exp(-total)), 6), parts=parts)
        ordered.append((-total, one.id, hit))  # by the total: scores near 0 or 1 are alike in six digits
    return [hit for _, _, hit in sorted(ordered, key=lambda row: row[:2])]


def reciprocal_ranks(rankings: Sequence[Sequence[str]], *, constant: int = 60) -> list[tuple[str, float]]:
    """The plain peer of our order (Cormack, Clarke, Büttcher 2009): ids with their scores, best first, ties by id."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            scores[key] = scores.get(key, 0.0) + 1.0 / (constant + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
