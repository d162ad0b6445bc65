"""Orders the best candidates by a linear model of what each holds of the question, with weights learnt on question sets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qeu_rag.index.match import Match
from qeu_rag.retrieve.fuse import Fused
from qeu_rag.types import Lang


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A linear model over a candidate's features; what it gives goes through the logistic function.

    ``lexical`` weighs both fields' BM25, divided by the best candidate's; ``sentence`` and ``title`` the shares of the
    question's idf (see ``Match``); ``cosine`` the likeness of the vectors.
    """

    bias: float
    lexical: float
    sentence: float
    title: float
    cosine: float = 0.0


WITH_DENSE = Weights(bias=-4.1, lexical=0.77, sentence=1.26, title=-1.01, cosine=4.28)

LEXICAL_ONLY = Weights(bias=-6.55, lexical=5.87, sentence=3.58, title=-2.36)
"""Both learnt by ``benchmarks/retrieval.py``: a softmax over each question's candidates, then a bias and a scale for all. The
title weighs less than nothing as BM25 counts it twice, in the context and in the heading's own line."""

JAPANESE_WITH_DENSE = replace(LEXICAL_ONLY, cosine=2.0)
"""For a Japanese question where the embedder knows Japanese: the words decide, and the vectors where these say little.

Not learnt: the weight of the cosine is cautious, since no embedder that knows Japanese was there to learn it with.
"""


def weights_for(lang: Lang, *, dense: bool) -> Weights:
    """The weights for a question in ``lang``; ``dense`` says whether the embedder knows that language."""
    if not dense:
        return LEXICAL_ONLY
    return JAPANESE_WITH_DENSE if lang == "ja" else WITH_DENSE


def features(hit: Fused, found: Match) -> dict[str, float]:
    """The features that ``Weights`` name, of one candidate."""
    return {
        "lexical": hit.parts.get("lexical", 0.0),
        "sentence": found.sentence,
        "title": found.title,
        "cosine": hit.parts.get("cosine", 0.0),
    }


def rank(hits: Sequence[Fused], matches: Mapping[str, Match], weights: Weights) -> list[Fused]:
    """``hits`` in their new order, ties by id; the score, 0..1, is the higher the likelier the chunk answers."""
    scored = []
    for hit in hits:
        found = features(hit, matches[hit.id])
        total = weights.bias + sum(getattr(weights, name) * value for name, value in found.items())
        match = matches[hit.id]
        parts = {**hit.parts, "title": match.title, "whole": match.whole, "sentence": match.sentence}
        scored.append(replace(hit, score=round(1.0 / (1.0 + math.exp(-total)), 6), parts=parts))
    return sorted(scored, key=lambda hit: (-hit.score, hit.id))
