"""Orders the best candidates by a linear model of what each holds of the question, with weights learnt on question sets."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qeu_rag.index.match import Match
from qeu_rag.retrieve.fuse import Fused
from qeu_rag.types import Lang


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A linear model over a candidate's features; what it gives goes through the logistic function.

    ``lexical`` weighs both fields' BM25, divided by the best candidate's; ``sentence`` and ``title`` the shares of the
    question's idf (see ``Match``); ``cosine`` the likeness of the vectors. A chunk in another language than the question's
    that has a vector gets ``foreign`` beside, ``foreign_cosine`` times its cosine, and ``foreign_need`` times the share of the
    question that no sentence in its own language holds (the need): where that answers, other languages need not be asked. These
    three shrink with what the chunk's own best sentence holds, as by a glossary.
    ``need_cosine`` and ``need_lexical`` weigh cosine and BM25 times the square of the need: the less of the question any
    sentence says in its words, the more its sense counts beside them.
    ``defines`` is what a chunk gets that says the meaning of the term whose meaning is asked for, ``steps`` what one gets that
    gives numbered steps where a way is asked for, times what its title and headings hold of the question.
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
    defines: float = 0.0
    steps: float = 0.0


_SHIPPED = "weights.json"


@functools.cache
def shipped() -> Mapping[str, Weights]:
    """The weights that come with the program: ``words`` without an embedder, ``vectors`` with one, ``vectors-ja`` in Japanese.

    Learnt by a softmax over each question's candidates, then scaled with the bias so that the best candidate's score says how
    often it is gold: docs/architecture.md says on which questions, each set at which weight. The title weighs less than
    nothing as BM25 counts it twice, in the context and in the heading's own line.
    """
    kept = json.loads(Path(__file__).with_name(_SHIPPED).read_text(encoding="utf-8"))
    return {kind: Weights(**weights) for kind, weights in kept.items()}


def weights_for(lang: Lang, *, dense: bool) -> Weights:
    """The weights for a question in ``lang``; ``dense`` says whether the embedder knows that language."""
    return shipped()["words" if not dense else "vectors-ja" if lang == "ja" else "vectors"]


def features(hit: Fused, found: Match, *, foreign: bool, need: float, defines: bool, steps: bool) -> dict[str, float]:
    """The features that ``Weights`` name, of one candidate; ``foreign``: its language is not the question's.

    ``defines``: it says the meaning that is asked for. ``steps``: it gives steps where a way is asked for. ``need`` is the share
    of the question, 0..1, that no sentence of its own language holds.
    """
    # Where a glossary carries the words over, they count already: without this, another language would go before one's own.
    crossed = 1.0 - found.sentence if foreign and "cosine" in hit.parts else 0.0
    return {
        "lexical": hit.parts.get("lexical", 0.0),
        "sentence": found.sentence,
        "title": found.title,
        "cosine": hit.parts.get("cosine", 0.0),
        "foreign": crossed,
        "foreign_cosine": crossed * hit.parts.get("cosine", 0.0),
        "foreign_need": crossed * need,
        "need_cosine": need * need * hit.parts.get("cosine", 0.0),
        "need_lexical": need * need * hit.parts.get("lexical", 0.0),
        "defines": float(defines),
        "steps": found.title if steps else 0.0,
    }


def rank(
    hits: Sequence[Fused],
    matches: Mapping[str, Match],
    weights: Weights,
    *,
    foreign: Collection[str] = (),
    defining: Collection[str] = (),
    stepping: Collection[str] = (),
) -> list[Fused]:
    """``hits`` in their new order, ties by id; ``foreign`` are those in another language than the question.

    ``defining`` are those that say the meaning of the term whose meaning is asked for, ``stepping`` those that give steps where
    a way is asked for.

    The score, 0..1, is the higher the likelier the chunk answers.
    """
    need = 1.0 - max((matches[hit.id].sentence for hit in hits if hit.id not in foreign), default=0.0)
    scored = []
    for hit in hits:
        told = {"defines": hit.id in defining, "steps": hit.id in stepping}
        found = features(hit, matches[hit.id], foreign=hit.id in foreign, need=need, **told)
        total = weights.bias + sum(getattr(weights, name) * value for name, value in found.items())
        match = matches[hit.id]
        parts = {**hit.parts, "title": match.title, "whole": match.whole, "sentence": match.sentence}
        parts |= {name: 1.0 for name, true in told.items() if true}
        scored.append(replace(hit, score=round(1.0 / (1.0 + math.exp(-total)), 6), parts=parts))
    return sorted(scored, key=lambda hit: (-hit.score, hit.id))
