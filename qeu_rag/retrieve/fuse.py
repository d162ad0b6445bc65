"""Plain reciprocal rank fusion, kept as the peer that our own order is measured against."""

from __future__ import annotations

from collections.abc import Sequence


def reciprocal_ranks(rankings: Sequence[Sequence[str]], *, constant: int = 60) -> list[tuple[str, float]]:
    """Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009): ids with their scores, best first, ties by id."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            scores[key] = scores.get(key, 0.0) + 1.0 / (constant + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
