"""The figures of a run, from the outcomes of its questions, as plain values ready for JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qeu_rag.evaluate.ranking import SIDES, GoldRank, figures
from qeu_rag.evaluate.statistics import auroc, wilson
from qeu_rag.evaluate.trial import LIMITS, Outcome


def summarise(outcomes: Sequence[Outcome], *, threshold: float) -> dict[str, Any]:
    """``retrieval``, ``answer``, ``abstention``, ``latency_ms``, and the same by kind, by language and across languages.

    Shares are 0..1, rounded to four places; None where there was nothing to measure, with the reason under ``absent``.
    """
    summary: dict[str, Any] = {
        "retrieval": retrieval(outcomes),
        "answer": answers(outcomes),
        "abstention": abstention(outcomes, threshold=threshold),
        "latency_ms": latency(outcomes),
        "by_kind": _groups(outcomes, lambda one: one.kind),
        "by_lang": _groups(outcomes, lambda one: one.lang),
        "across_languages": _group([one for one in outcomes if one.across]),
    }
    if passages := _passages(outcomes):
        summary["passages"] = passages
    return summary


def retrieval(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Each side's figures over the answerable questions that name a gold document; None for a side that there is not."""
    found: dict[str, Any] = {}
    for name in SIDES:
        placed = [one.placed[name] for one in outcomes if name in one.placed]
        found[name] = _rounded(figures(placed)) if placed else None
    return found


def answers(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The answers to answerable questions, whatever the gate says, unless ``given_``; ``_of`` are counts."""
    found: dict[str, Any] = {}
    for place, limit in enumerate(LIMITS):
        counted = [one for one in outcomes if one.contained[place] is not None]
        found[f"containment@{limit}"] = _mean([float(one.contained[place] is True) for one in counted])
        given = [float(one.answered and one.contained[place] is True) for one in counted]
        found[f"given_containment@{limit}"] = _mean(given)
        found[f"containment@{limit}_of"] = len(counted)
    judged = [one for one in outcomes if one.exact is not None]
    found["em"] = _mean([one.exact or 0.0 for one in judged])
    found["f1"] = _mean([one.f1 or 0.0 for one in judged])
    found["em_of"] = len(judged)
    gold = [one for one in outcomes if one.answerable and one.answered]
    cited = sum(one.cited for one in gold)
    found["citation_precision"] = round(sum(one.cited_gold for one in gold) / cited, 4) if cited else None
    found["citations"] = cited
    return found


def abstention(outcomes: Sequence[Outcome], *, threshold: float) -> dict[str, Any]:
    """How well the confidence tells answerable questions from others, and both errors of the gate with 95 % intervals.

    Questions that are taken as answerable, but name no gold document, count in none of it.
    """
    can = [one for one in outcomes if one.answerable and not one.no_gold]
    cannot = [one for one in outcomes if not one.answerable]
    area = auroc([one.confidence for one in can], [one.confidence for one in cannot])
    wrong, refused = sum(one.answered for one in cannot), sum(not one.answered for one in can)
    return {
        "auroc": None if area is None else round(area[0], 4),
        "auroc_95": None if area is None else _pair(area[1]),
        "threshold": threshold,
        "false_answer": round(wrong / len(cannot), 4) if cannot else None,
        "false_answer_95": _pair(wilson(wrong, len(cannot))),
        "false_refusal": round(refused / len(can), 4) if can else None,
        "false_refusal_95": _pair(wilson(refused, len(can))),
        "answerable": len(can),
        "unanswerable": len(cannot),
    }


def latency(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    """The median and the 95th percentile of a whole answer's time in a warm process, in milliseconds."""
    import numpy as np

    times = [one.ms for one in outcomes if not one.unusable]
    if not times:
        return {"p50": None, "p95": None}
    half, high = np.percentile(times, [50, 95])
    return {"p50": round(float(half), 2), "p95": round(float(high), 2)}


def risk_coverage(outcomes: Sequence[Outcome]) -> list[tuple[float, float]]:
    """For each share of questions answered, the surest first, the share of these that was answered wrongly.

    Right is an answer to an answerable question that cites a gold document (El-Yaniv and Wiener 2010, JMLR 11: 1605).
    """
    points, wrong = [], 0
    judged = [one for one in outcomes if not one.no_gold]
    for count, one in enumerate(sorted(judged, key=lambda one: (-one.confidence, one.id)), start=1):
        wrong += not one.cites_gold
        points.append((count / len(judged), wrong / count))
    return points


def _passages(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """As ``retrieval``, but a hit is a chunk that holds the gold passage, and a ranking is over chunks."""
    found = {}
    for name in SIDES:
        ranks = [one.passages[name] for one in outcomes if name in one.passages]
        if ranks:
            measured = figures([GoldRank(rank=rank, ndcg=0.0) for rank in ranks])
            found[name] = _rounded({key: value for key, value in measured.items() if key != "ndcg@10"})
    return found


def _groups(outcomes: Sequence[Outcome], key: Callable[[Outcome], str]) -> dict[str, Any]:
    names = sorted({key(one) for one in outcomes} - {""})
    return {name: _group([one for one in outcomes if key(one) == name]) for name in names}


def _group(outcomes: Sequence[Outcome]) -> dict[str, Any] | None:
    """The chief figures of some of the questions; the ranking is the one that answers are made from."""
    if not outcomes:
        return None
    placed = [one.used_ranking for one in outcomes if one.used_ranking is not None]
    short = [one for one in outcomes if one.contained[0] is not None]
    gate = abstention(outcomes, threshold=0.0)
    return {
        "questions": len(outcomes),
        **(_rounded(figures(placed)) if placed else {}),
        "containment@200": _mean([float(one.contained[0] is True) for one in short]),
        **{name: gate[name] for name in ("false_answer", "false_answer_95", "false_refusal", "false_refusal_95")},
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _pair(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else [round(bound, 4) for bound in interval]


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}
