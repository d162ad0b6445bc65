"""The figures against values reckoned by hand, and what must always hold of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.evaluate import answer_overlap
from qeu_rag.evaluate.ranking import GoldRank, figures, rank_gold
from qeu_rag.evaluate.statistics import auroc, mcnemar, paired_interval, wilson
from qeu_rag.evaluate.summary import abstention, answers, risk_coverage
from qeu_rag.evaluate.trial import Outcome


def outcome(name: str, **values: object) -> Outcome:
    given = {"id": name, "question": name, "lang": "en", "kind": "", "answerable": True}
    return Outcome(**{**given, **values})  # type: ignore[arg-type]


def test_ranks_and_gains_by_hand() -> None:
    found = rank_gold({"ours": ["x", "a", "b"], "dense": [], "lexical": ["a", "b", "x"]}, {"a", "b"})
    ideal = 1 + 1 / math.log2(3)
    assert found["ours"].rank == 2
    assert found["ours"].ndcg == pytest.approx((1 / math.log2(3) + 1 / math.log2(4)) / ideal)
    assert (found["dense"].rank, found["dense"].ndcg) == (0, 0.0)
    assert (found["lexical"].rank, found["lexical"].ndcg) == (1, pytest.approx(1.0))


def test_figures_by_hand() -> None:
    placed = [GoldRank(rank=rank, ndcg=0.5) for rank in (1, 2, 6, 0)]
    assert figures(placed) == {
        "hit@1": 0.25,
        "hit@3": 0.5,
        "hit@5": 0.5,
        "hit@10": 0.75,
        "mrr@10": pytest.approx((1 + 1 / 2 + 1 / 6) / 4),
        "ndcg@10": 0.5,
    }


def test_wilson_by_hand() -> None:
    # The example of Newcombe 1998, table I: 81 of 263, Wilson's interval without continuity correction.
    low, high = wilson(81, 263) or (0, 0)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 0) is None
    assert (wilson(0, 10) or (1, 1))[0] == 0.0


@given(st.integers(1, 500), st.integers(0, 500))
def test_a_share_lies_in_its_interval(count: int, hits: int) -> None:
    low, high = wilson(min(hits, count), count) or (1, 0)
    assert 0 <= low <= min(hits, count) / count + 1e-12
    assert min(hits, count) / count - 1e-12 <= high <= 1


@given(
    st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.9]), min_size=1, max_size=20),
    st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.9]), min_size=1, max_size=20),
)
def test_the_area_is_the_share_of_pairs_in_order(positive: list[float], negative: list[float]) -> None:
    pairs = [(a > b) + 0.5 * (a == b) for a in positive for b in negative]
    area, (low, high) = auroc(positive, negative) or (0, (0, 0))
    assert area == pytest.approx(sum(pairs) / len(pairs))
    assert 0 <= low <= area + 1e-9
    assert area - 1e-9 <= high <= 1


def test_delong_by_hand() -> None:
    # Two positives, two negatives: components (1, 1/2) and (1/2, 1), each with variance 1/8 over two.
    area, (low, high) = auroc([0.9, 0.4], [0.5, 0.1]) or (0, (0, 0))
    assert area == 0.75
    assert low == pytest.approx(0.75 - 1.959964 * math.sqrt(0.125), abs=1e-6)
    assert high == 1.0
    assert auroc([1.0], []) is None


def test_mcnemar_by_hand() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 0) == 2 * 0.5**5
    assert mcnemar(1, 4) == pytest.approx(2 * 6 / 32)


def test_the_bootstrap_is_seeded_and_holds_the_mean() -> None:
    differences = [0.0] * 30 + [1.0] * 10
    low, high = paired_interval(differences, 7) or (1, 0)
    assert paired_interval(differences, 7) == (low, high)
    assert 0.05 < low < 0.25 < high < 0.45
    assert paired_interval([], 7) is None


@pytest.mark.parametrize(
    ("text", "answers", "lang", "em", "f1"),
    [
        ("The Two days!", ["two days"], "en", 1.0, 1.0),
        ("An audit takes two days", ["two days"], "en", 0.0, 2 * 2 / (4 + 2)),
        ("日当は3,000円。", ["3,000円"], "ja", 0.0, 2 * 5 / (8 + 5)),
        ("３０００円", ["3,000円"], "ja", 1.0, 1.0),
        ("", ["x"], "en", 0.0, 0.0),
    ],
)
def test_words_by_hand(text: str, answers: list[str], lang: str, em: float, f1: float) -> None:
    assert answer_overlap.exact_match(text, answers, lang) == em
    assert answer_overlap.f1(text, answers, lang) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("text", "answer", "limit", "found"),
    [
        ("Established in 1957.", "1957", 200, True),
        ("Model 19578 is new.", "1957", 200, False),
        ("x" * 199 + " 1957", "1957", 200, False),
        ("x" * 199 + " 1957", "1957", 400, True),
        ("| **Recall** | 1  hour |", "recall 1 hour", 200, True),
        ("日当は ３，０００円とする。", "3,000円", 200, True),
        ("日当は3,000円とする。", "日当は 3,000円", 200, True),
        ("anything", "y" * 201, 200, None),
    ],
)
def test_containment(text: str, answer: str, limit: int, found: bool | None) -> None:
    assert answer_overlap.contains(text, [answer], limit) is found


def test_the_gate_by_hand() -> None:
    outcomes = [
        outcome("a", answered=True, confidence=0.9, contained=(True, True), exact=0.0, f1=0.5, cited=2, cited_gold=1),
        outcome("b", answered=False, confidence=0.3, contained=(True, True), exact=0.0, f1=0.5),
        outcome("c", answered=True, confidence=0.6, answerable=False),
        outcome("d", answered=False, confidence=0.1, answerable=False),
        outcome("e", answered=False, confidence=0.2, no_gold=True),
    ]
    assert [one.right for one in outcomes] == [False, False, False, True, None]
    assert outcome("f", answered=True, cites_gold=True).right
    assert outcome("g", answered=False, cites_gold=True).right is False
    found = abstention(outcomes, threshold=0.5)
    assert (found["auroc"], found["false_answer"], found["false_refusal"]) == (0.75, 0.5, 0.5)
    assert found["false_answer_95"] == [round(bound, 4) for bound in wilson(1, 2) or ()]
    said = answers(outcomes)
    assert (said["containment@200"], said["given_containment@200"], said["citation_precision"]) == (1.0, 0.5, 0.5)


def test_risk_rises_as_less_sure_answers_come_in() -> None:
    outcomes = [
        outcome("a", confidence=0.9, cites_gold=True),
        outcome("b", confidence=0.8, cites_gold=True),
        outcome("c", confidence=0.7, answerable=False),
        outcome("d", confidence=0.1),
        outcome("e", confidence=0.95, no_gold=True),  # nothing tells whether it is right
    ]
    assert risk_coverage(outcomes) == [(0.25, 0.0), (0.5, 0.0), (0.75, 1 / 3), (1.0, 0.5)]
