"""The order of windows: by their vectors and by the question's words, the same every time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag.index.rows import KeptWindow
from qeu_rag.retrieve.order import Ordered, order, reciprocal_ranks
from qeu_rag.text.match import Asked, Held, held, stored_form
from qeu_rag.types import Lang, Span, Window

ASKED = Asked(weights={"audit": 3.0, "days": 1.0})
QUERY = np.array([1.0, 0.0], dtype=np.float32)


def kept(chunk: str, at: int = 0, first: int = 0, last: int = 0, lang: Lang = "en") -> KeptWindow:
    window = Window(first=first, last=last, span=Span(start=0, end=1))
    return KeptWindow(id=f"{chunk}:{at}", chunk_id=chunk, window=window, lang=lang)


def vectors(*cosines: float) -> np.ndarray:
    return np.array([[c, math.sqrt(1 - c * c)] for c in cosines], dtype=np.float32)


def holds(*units: str) -> Held:
    return held([ASKED], [stored_form([], [unit.split() for unit in units])])


def test_what_is_likest_goes_first_and_the_questions_words_count() -> None:
    windows = [kept("a"), kept("b"), kept("c")]
    by_sense = order(windows, vectors(0.8, 0.9, 0.85), QUERY, {}, {})
    assert [one.kept.chunk_id for one in by_sense] == ["b", "c", "a"]
    found = {"a": holds("audit days"), "b": holds("moon"), "c": holds("moon")}
    both = order(windows, vectors(0.8, 0.9, 0.85), QUERY, {"a": 1.0}, found)
    assert both[0].kept.chunk_id == "a"
    assert both[0].parts == {
        "cosine": pytest.approx(0.8, abs=1e-6),
        "held": 1.0,
        "words": 1.0,
        "lexical": 1.0,
        "foreign": 0.0,
    }
    assert both[1].parts["held"] == 0.0


def test_what_is_far_is_in_order_too() -> None:
    windows = [kept(name) for name in "abcd"]
    ranked = order(windows, vectors(0.1, 0.15, 0.2, 0.15), QUERY, {}, {})
    assert [one.kept.chunk_id for one in ranked] == ["c", "b", "d", "a"]


def test_a_window_is_judged_by_its_own_units() -> None:
    windows = [kept("a", 0, 0, 1), kept("a", 1, 2, 2)]
    ranked = order(windows, vectors(0.85, 0.85), QUERY, {}, {"a": holds("moon", "moon", "audit days")})
    assert [one.kept.id for one in ranked] == ["a:1", "a:0"]
    assert [one.parts["held"] for one in ranked] == [1.0, 0.0]


def test_a_passage_in_another_language_is_not_held_to_the_questions_words() -> None:
    windows = [kept("own"), kept("theirs", lang="ja")]
    found = {"own": holds("moon"), "theirs": holds("月")}
    for lang, first in (("en", "theirs"), ("ja", "own")):
        ranked = order(windows, vectors(0.85, 0.85), QUERY, {}, found, lang)
        assert [one.parts["foreign"] for one in ranked] == [1.0, 0.0]
        assert ranked[0].kept.chunk_id == first
        assert ranked[0].score > ranked[1].score


def test_the_units_that_hold_most_go_first() -> None:
    one = Ordered(kept=kept("a", 0, 1, 3), score=0.5, parts={})
    assert one.units({"a": holds("audit days", "moon", "days", "audit")}) == (3, 2, 1)
    assert one.units({"a": holds("audit", "days", "moon", "days")}) == (1, 3, 2)
    assert one.units({}) == (1, 2, 3)


def test_nothing_is_nothing() -> None:
    assert order([], np.zeros((0, 0), dtype=np.float32), QUERY, {}, {}) == []


CANDIDATES = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(0, 3), st.sampled_from([-1.0, 0.0, 0.8, 0.85, 0.850001, 1.0])),
    max_size=12,
    unique_by=lambda one: one[:2],
)


@given(CANDIDATES, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_does_not_depend_on_how_candidates_come(
    candidates: list[tuple[str, int, float]], chance: object
) -> None:
    def ranked(rows: list[tuple[str, int, float]]) -> list[Ordered]:
        windows = [kept(chunk, at) for chunk, at, _ in rows]
        cosines = vectors(*(cosine for *_, cosine in rows)) if rows else np.zeros((0, 2), dtype=np.float32)
        return order(windows, cosines, QUERY, {"a": 0.5}, {"b": holds("audit"), "a": holds("moon")})

    first = ranked(candidates)
    shuffled = list(candidates)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ranked(shuffled) == first
    assert [one.score for one in first] == sorted((one.score for one in first), reverse=True)
    assert all(0.0 <= one.score <= 1.0 for one in first)


def test_plain_fusion_by_hand() -> None:
    fused = reciprocal_ranks([["a", "b"], ["b", "c"]])
    assert [key for key, _ in fused] == ["b", "a", "c"]
    assert dict(fused) == pytest.approx({"b": 1 / 62 + 1 / 61, "a": 1 / 61, "c": 1 / 62})
    assert reciprocal_ranks([["b"], ["a"]]) == [("a", 1 / 61), ("b", 1 / 61)]
