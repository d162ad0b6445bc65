"""Joins lexical and dense hits into one ranking that knows which languages the embedder understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qeu_rag.types import Lang

DENSE_WEIGHTS: Mapping[Lang, float] = {"en": 2.0, "ja": 0.5, "other": 2.0}
"""Weight of the dense score beside the lexical one, by the question's language, where the embedder knows that language.

English: measured on the shared English sets (scores divided by their maximum); see docs/architecture.md.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """One candidate: its fused score and the parts it was made of."""

    id: str
    score: float
    parts: Mapping[str, float]


def fuse(lexical: Mapping[str, float], dense: Mapping[str, float], *, dense_weight: float) -> list[Fused]:
    """All candidates, best first, ties by id.

    Each side's scores are divided by that side's maximum, so that neither scale matters, and added with
    ``dense_weight`` (0 where the embedder does not know the language: its hits are then left out altogether).
    The score is in 0..1.
    """
    top_lexical = max(lexical.values(), default=0.0)
    top_dense = max(dense.values(), default=0.0)
    fused = []
    for key in sorted(lexical.keys() | dense.keys() if dense_weight else lexical.keys()):
        parts = {}
        if key in lexical:
            parts["lexical"] = lexical[key] / top_lexical if top_lexical else 0.0
        if key in dense and dense_weight:
            parts["dense"] = max(dense[key], 0.0) / top_dense if top_dense > 0 else 0.0
            parts["cosine"] = dense[key]
        score = (parts.get("lexical", 0.0) + dense_weight * parts.get("dense", 0.0)) / (1.0 + dense_weight)
        fused.append(Fused(id=key, score=score, parts=parts))
    return sorted(fused, key=lambda hit: (-hit.score, hit.id))


def reciprocal_ranks(rankings: Sequence[Sequence[str]], *, constant: int = 60) -> list[tuple[str, float]]:
    """Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009), kept as the plain peer that ours is measured against."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            scores[key] = scores.get(key, 0.0) + 1.0 / (constant + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
