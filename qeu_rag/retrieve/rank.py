"""Orders the best candidates by a linear model of what each holds of the question, with weights learnt on question sets."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from qeu_rag.index.match import Match
from qeu_rag.retrieve.fuse import Fused
from qeu_rag.types import Lang


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A linear model over a candidate's features; what it gives goes through the logistic function.

    ``lexical`` weighs both fields' BM25, divided by the best candidate's; ``sentence`` and ``title`` the shares of the
    question's idf (see ``Match``); ``cosine`` the likeness of the vectors. A chunk in another language than the question's
    that has a vector gets ``foreign`` beside, ``foreign_cosine`` times its cosine, and ``foreign_need`` times the share of the
    question that no sentence in its own language holds (the need): where that answers, other languages need not be asked.
    ``need_cosine`` and ``need_lexical`` weigh cosine and BM25 times the square of the need: the less of the question any
    sentence says in its words, the more its sense counts beside them.
    """

    bias: float
    lexical: float
    sentence: float
    title: float
    cosine: float = 0.0
    foreign: float = 0.0
    foreign_cosine: float = 0.0
    foreign_need: float = 0.0
    need_cosine: float = 0.0
    need_lexical: float = 0.0


WITH_DENSE = Weights(
    bias=-7.21,
    lexical=1.66,
    sentence=1.16,
    title=-1.82,
    cosine=7.84,
    foreign=-0.15,
    foreign_cosine=3.87,
    foreign_need=-1.18,
    need_cosine=2.92,
    need_lexical=-1.63,
)

LEXICAL_ONLY = Weights(bias=-14.44, lexical=11.99, sentence=7.31, title=-4.82)

JAPANESE_WITH_DENSE = Weights(
    bias=-6.51,
    lexical=4.6,
    sentence=2.56,
    title=-2.29,
    cosine=2.07,
    foreign=-2.21,
    foreign_cosine=6.46,
    foreign_need=1.31,
    need_cosine=10.06,
    need_lexical=-4.4,
)
"""Learnt by ``benchmarks/retrieval.py`` (a softmax over each question's candidates), then scaled with the bias so that the best
candidate's score says how often it is gold: docs/architecture.md. The title weighs less than nothing as BM25 counts it twice,
in the context and in the heading's own line."""


def weights_for(lang: Lang, *, dense: bool) -> Weights:
    """The weights for a question in ``lang``; ``dense`` says whether the embedder knows that language."""
    if not dense:
        return LEXICAL_ONLY
    return JAPANESE_WITH_DENSE if lang == "ja" else WITH_DENSE


def features(hit: Fused, found: Match, *, foreign: bool, need: float) -> dict[str, float]:
    """The features that ``Weights`` name, of one candidate; ``foreign``: its language is not the question's.

    ``need`` is the share of the question, 0..1, that no sentence of its own language holds.
    """
    crossed = foreign and "cosine" in hit.parts
    return {
        "lexical": hit.parts.get("lexical", 0.0),
        "sentence": found.sentence,
        "title": found.title,
        "cosine": hit.parts.get("cosine", 0.0),
        "foreign": float(crossed),
        "foreign_cosine": hit.parts["cosine"] if crossed else 0.0,
        "foreign_need": need if crossed else 0.0,
        "need_cosine": need * need * hit.parts.get("cosine", 0.0),
        "need_lexical": need * need * hit.parts.get("lexical", 0.0),
    }


def rank(
    hits: Sequence[Fused], matches: Mapping[str, Match], weights: Weights, *, foreign: Collection[str] = ()
) -> list[Fused]:
    """``hits`` in their new order, ties by id; ``foreign`` are those in another language than the question.

    The score, 0..1, is the higher the likelier the chunk answers.
    """
    need = 1.0 - max((matches[hit.id].sentence for hit in hits if hit.id not in foreign), default=0.0)
    scored = []
    for hit in hits:
        found = features(hit, matches[hit.id], foreign=hit.id in foreign, need=need)
        total = weights.bias + sum(getattr(weights, name) * value for name, value in found.items())
        match = matches[hit.id]
        parts = {**hit.parts, "title": match.title, "whole": match.whole, "sentence": match.sentence}
        scored.append(replace(hit, score=round(1.0 / (1.0 + math.exp(-total)), 6), parts=parts))
    return sorted(scored, key=lambda hit: (-hit.score, hit.id))
