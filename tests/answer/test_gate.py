"""What the gate weighs, its three verdicts and their thresholds, and how a calibrated gate is kept with its collection."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from found import chunk_of, scored
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag import KnowHow
from qeu_rag.answer.gate import LIKELY, SURE, Gate, shipped
from qeu_rag.answer.gate.logistic import Logistic, Platt
from qeu_rag.answer.gate.model import METHODS, Method, Model
from qeu_rag.answer.gate.signals import NAMES, measure
from qeu_rag.answer.gate.thresholds import MOST_REFUSED, MOST_WRONG_SURE, thresholds
from qeu_rag.index.ledger import Ledger
from qeu_rag.text.windows import windows

AUDIT = chunk_of("An audit takes two days.", document="a")
DAY = chunk_of("The day is long.", document="b")


def test_signals_by_hand() -> None:
    found = [
        scored(AUDIT, score=0.8, parts={"cosine": 0.6, "words": 0.75, "unit": 0.65, "reads": 0.5}),
        scored(DAY, score=0.4, parts={"cosine": 0.65, "words": 1.0, "foreign": 1.0}),
    ]
    signals = measure("How long?", found)
    assert set(signals) == set(NAMES)
    assert signals["unit"] == pytest.approx(0.7)
    assert signals["reads"] == pytest.approx(5 / 8)  # a half is a logit of 0
    assert signals["ahead_of_next"] == pytest.approx(math.log(4.0 * 1.5) / 4.0, abs=1e-6)  # .8 is 4 to 1, .4 is 2 to 3
    assert (signals["words"], signals["words_anywhere"]) == (0.75, 1.0)
    assert (signals["foreign"], signals["exact"]) == (0.0, 1.0)


def test_that_a_window_is_alone_says_nothing_for_it() -> None:
    alone = measure("How long?", [scored(AUDIT, score=0.9)])
    ahead = measure("How long?", [scored(AUDIT, score=0.9), scored(DAY, score=0.01)])
    assert 0.0 < alone["ahead_of_next"] < ahead["ahead_of_next"]


def test_another_window_of_the_same_chunk_is_no_other_passage() -> None:
    long = chunk_of("The audit of a supplier takes two days and is led by two people of the quality department. " * 12)
    first, second = scored(long, 0, score=0.8), scored(long, 1, score=0.79)
    assert len(windows(long)) > 1
    alone = measure("How long?", [first])
    assert measure("How long?", [first, second]) == alone


def test_a_code_that_is_asked_about_and_not_said_is_a_signal_and_no_veto() -> None:
    found = [scored(AUDIT, parts={"cosine": 0.99, "held": 1.0, "unit": 0.99})]
    for question, exact in (("How long does audit K-204 take?", 0.0), ("How long does an audit take?", 1.0)):
        assert measure(question, found)["exact"] == exact
        assert shipped("logistic").judge(question, found).confidence > 0.0


@settings(max_examples=40, deadline=None)
@given(
    st.text(max_size=40),
    st.lists(
        st.tuples(st.text("a日.。 K-204", min_size=1, max_size=30), st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1)),
        max_size=4,
    ),
)
def test_signals_stay_within_bounds(question: str, given_: list[tuple[str, float, float, float]]) -> None:
    found = []
    for text, cosine, held, score in given_:
        one = chunk_of(text)
        if windows(one):
            parts = {"cosine": cosine, "words": held, "unit": cosine, "reads": held}
            found.append(scored(one, score=score, parts=parts))
    signals = measure(question, found)
    assert set(signals) == set(NAMES)
    assert all(0.0 <= value <= 1.0 for value in signals.values())
    assert found or not any(signals.values())


# Verdicts


def gate_of(bias: float, **weights: float) -> Gate:
    """A gate whose confidence is the logistic function of ``bias`` and some signals."""
    scorer = Logistic(bias=bias, weights=tuple(weights.get(name, 0.0) for name in NAMES))
    return Gate(model=Model(method="logistic", names=NAMES, scorer=scorer, platt=Platt(slope=1.0, shift=0.0)))


@pytest.mark.parametrize(
    ("words", "certainty", "reason"), [(1.0, "sure", ""), (0.5, "likely", ""), (0.0, "", "weak_evidence")]
)
def test_three_verdicts(words: float, certainty: str, reason: str) -> None:
    verdict = gate_of(-3.0, words=5.0).judge("How long?", [scored(AUDIT, parts={"words": words})])
    assert (verdict.certainty, verdict.reason) == (certainty, reason)
    assert verdict.confidence == pytest.approx(1 / (1 + math.exp(3.0 - 5.0 * words)), abs=1e-4)


def test_nothing_found_is_no_evidence_whatever_the_threshold() -> None:
    verdict = gate_of(9.0).judge("How long?", [], likely=0.0)
    assert (verdict.confidence, verdict.certainty, verdict.reason) == (0.0, "", "no_evidence")


def test_at_a_threshold_of_zero_whatever_was_found_is_an_answer() -> None:
    verdict = gate_of(-20.0).judge("How long?", [scored(AUDIT)], likely=0.0)
    assert (verdict.certainty, verdict.reason) == ("likely", "")


@given(st.floats(0, 1) | st.none(), st.floats(0, 1) | st.none())
def test_what_is_sure_is_likely_too(sure: float | None, likely: float | None) -> None:
    gate = gate_of(0.0).with_thresholds(sure=sure, likely=likely)
    assert gate.likely == (LIKELY if likely is None else likely)
    assert gate.sure == max(gate.likely, SURE if sure is None else sure)


# Thresholds


def test_thresholds_by_hand() -> None:
    confidences = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
    assert thresholds(confidences, [True] * 8) == (0.2, 0.2)
    assert thresholds(confidences, [True, True, False, True, False, False, False, False]) == (0.8, 0.6)
    assert thresholds(confidences, [False] * 8) == (1.0, 1.0)
    assert thresholds([], []) == (1.0, 1.0)


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(0, 30).map(lambda n: n / 31), st.booleans()), max_size=30, unique_by=lambda one: one[0]
    )
)
def test_thresholds_are_the_best_of_all(samples: list[tuple[float, bool]]) -> None:
    confidences, right = [c for c, _ in samples], [true for _, true in samples]
    sure, likely = thresholds(confidences, right)
    assert likely <= sure

    def errs(least: float) -> bool:
        above = [true for confidence, true in samples if confidence >= least]
        return bool(above) and above.count(False) > MOST_WRONG_SURE * len(above)

    assert not errs(sure)
    assert all(errs(least) for least in confidences if least < sure)
    own = sorted(confidence for confidence, true in samples if true)
    if own:
        assert sum(confidence < likely for confidence in own) <= MOST_REFUSED * len(own)
        # No greater threshold would do, but that of a sure answer.
        greater = [confidence for confidence in own if likely < confidence <= sure]
        assert all(sum(c < least for c in own) > MOST_REFUSED * len(own) for least in greater)


@given(st.lists(st.tuples(st.sampled_from([0.2, 0.5, 0.5, 0.8]), st.booleans()), min_size=1, max_size=20))
def test_answers_of_one_confidence_are_on_one_side(samples: list[tuple[float, bool]]) -> None:
    """What is said of a threshold must hold of all answers that reach it, as many have the same confidence."""
    sure, _ = thresholds([c for c, _ in samples], [true for _, true in samples])
    above = [true for confidence, true in samples if confidence >= sure]
    assert above.count(False) <= MOST_WRONG_SURE * len(above)


# What is shipped and what is kept


@pytest.mark.parametrize("method", METHODS)
def test_every_shipped_gate_tells_what_is_said_from_what_is_not(notes_home: Path, method: Method) -> None:
    with KnowHow.open(home=notes_home, answer__gate=method) as know_how:
        assert know_how.status()["gate"] == f"{method} (shipped)"
        for good, bad in (
            ("Within how many working days must major findings be answered?", "Who won the football cup in Brazil?"),
            ("国内出張の日当はいくらですか", "モンゴルの首都はどこですか"),
        ):
            yes, no = know_how.ask(good), know_how.ask(bad)
            assert yes.confidence > no.confidence
            assert yes.status == "answered"
            assert no.certainty != "sure"


@pytest.mark.parametrize("method", METHODS)
def test_a_shipped_gate_comes_back_from_json(method: Method) -> None:
    gate = shipped(method)
    assert 0.0 < gate.likely <= gate.sure < 1.0
    assert Gate.from_json(json.loads(json.dumps(gate.to_json()))) == gate


def test_a_gate_of_another_shape_is_refused() -> None:
    kept = shipped("logistic").to_json()
    model = kept["model"]
    for broken in (
        {**kept, "version": "1"},
        {**kept, "model": {**model, "method": "magic"}},
        {**kept, "model": {}},
        {**kept, "model": {**model, "fitted": {}}},
        {**kept, "sure": None},
        {"version": kept["version"]},
    ):
        with pytest.raises((KeyError, ValueError, TypeError)):
            Gate.from_json(broken)


def test_a_gate_is_kept_with_its_collection_until_it_no_longer_fits(home: Path, docs: Path) -> None:
    said: list[str] = []
    with KnowHow.open(home=home, notify=said.append) as know_how:
        know_how.ingest(docs)
        mine = replace(gate_of(-3.0, held=5.0, cosine=1.0), origin="calibrated", sure=0.7, likely=0.3)
        know_how.parts.keep_gate(mine)
        assert know_how.parts.gate() == mine
        assert know_how.status()["gate"] == "logistic (calibrated)"
    with KnowHow.open(home=home, notify=said.append) as again:
        assert again.parts.gate() == mine
        again.parts.keep_gate(None)
        assert again.parts.gate() == shipped("logistic")
        again.parts.keep_gate(mine)
        with Ledger(again.collection.ledger_path, write=True) as ledger:
            ledger.set_meta("gate", str(ledger.meta("gate")).replace('"version": "', '"version": "old-'))
    assert said == []
    with KnowHow.open(home=home, notify=said.append) as later:
        assert later.parts.gate().origin == "shipped"
    assert len(said) == 1
    assert "calibrate" in said[0]


def test_the_settings_thresholds_go_before_the_gates_own(notes_home: Path) -> None:
    with KnowHow.open(home=notes_home, answer__sure=0.9, answer__likely=0.4) as know_how:
        assert (know_how.parts.gate().sure, know_how.parts.gate().likely) == (0.9, 0.4)
    with KnowHow.open(home=notes_home, answer__sure=0.1, answer__likely=0.4) as know_how:
        assert (know_how.parts.gate().sure, know_how.parts.gate().likely) == (0.4, 0.4)
