"""Measures how high the gold documents rank in each kind of search, with ir-measures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from qeu_rag.retrieve.searcher import Sides
from qeu_rag.types import ScoredChunk

SIDES = ("lexical", "dense", "rrf", "ours")
DEPTH = 10
"""How many documents of a ranking count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldRank:
    """One side's ranking of one question: the rank of the first gold item (0: not among the first ten), and nDCG@10."""

    rank: int
    ndcg: float


def distinct(side: Iterable[ScoredChunk], item_of: Callable[[ScoredChunk], str]) -> list[str]:
    """The first ten items of a ranking of chunks, each where its best chunk stands."""
    return list(dict.fromkeys(item_of(scored) for scored in side))[:DEPTH]


def rankings(sides: Sides) -> dict[str, list[str]]:
    """Each side's ranking of documents, by their ids; without the sides that there are not."""
    given = {name: getattr(sides, name) for name in SIDES}
    return {
        name: distinct(side, lambda scored: scored.chunk.document_id)
        for name, side in given.items()
        if side is not None
    }


def rank_gold(ranked: dict[str, list[str]], gold: Collection[str]) -> dict[str, GoldRank]:
    """The rank and nDCG@10 of the ``gold`` items in each ranking.

    RR@10 and nDCG@10 as ir-measures reckons them (MacAvaney et al. 2022, doi 10.1007/978-3-030-99739-7_38); binary gains.
    """
    import ir_measures
    from ir_measures import RR, nDCG

    qrels = {name: dict.fromkeys(gold, 1) for name in ranked}
    # Falling scores: ir-measures sorts by score, and its providers break ties in their own ways.
    run = {name: {item: float(-n) for n, item in enumerate(items)} for name, items in ranked.items()}
    reciprocal = dict.fromkeys(ranked, 0.0)
    ndcg = dict.fromkeys(ranked, 0.0)
    for found in ir_measures.iter_calc([RR @ DEPTH, nDCG @ DEPTH], qrels, run):
        (ndcg if found.measure == nDCG @ DEPTH else reciprocal)[found.query_id] = float(found.value)
    return {
        name: GoldRank(rank=round(1.0 / reciprocal[name]) if reciprocal[name] else 0, ndcg=ndcg[name])
        for name in ranked
    }


def figures(placed: Sequence[GoldRank]) -> dict[str, float]:
    """Success at 1, 3, 5 and 10, mean reciprocal rank and nDCG over questions, each 0..1."""
    count = len(placed)
    hits = {f"hit@{k}": sum(0 < one.rank <= k for one in placed) / count for k in (1, 3, 5, 10)}
    reciprocal = sum(1.0 / one.rank for one in placed if one.rank) / count
    return hits | {"mrr@10": reciprocal, "ndcg@10": sum(one.ndcg for one in placed) / count}
