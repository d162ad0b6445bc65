"""What the gate weighs, what it says when it abstains, and how a calibrated gate is kept with its collection."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qeu_rag.answer.gate.asked import missing, names
from qeu_rag.answer.gate.everyday import uncommon

from qeu_rag import KnowHow
from qeu_rag.answer.gate import Gate, coverage, shipped
from qeu_rag.answer.gate.judge import regime_of
from qeu_rag.answer.gate.model import METHODS, Method
from qeu_rag.answer.gate.signals import DENSE, LEXICAL, measure
from qeu_rag.index.analyze import Analyzer
from qeu_rag.types import Chunk, ScoredChunk, Span

ANALYZE = Analyzer().evidence_terms


def found(text: str, *, score: float = 1.0, document: str = "d", **parts: float) -> ScoredChunk:
    chunk = Chunk(
        id=text,
        document_id=document,
        source=f"{document}.md",
        title="",
        headings=(),
        text=text,
        span=Span(start=0, end=len(text)),
    )
    return ScoredChunk(chunk=chunk, score=score, rank=1, parts=parts)


def test_signals_by_hand() -> None:
    weights = {"w:audit": 3.0, "w:day": 1.0, "w:moon": 4.0}
    evidence = [found("An audit takes two days.", score=0.8), found("The day is long.", score=0.4, document="e")]
    signals = measure("How many days does an audit of the Moon take?", evidence, weights, ANALYZE)
    assert signals["chunk"] == signals["found_anywhere"] == 0.5
    assert signals["rarest_found"] == 0.0  # the heaviest word of all is lacking
    assert signals["names_missing"] == 1.0  # Moon
    assert signals["strange"] == pytest.approx(4.0 * uncommon("w:moon") / 40.0, abs=1e-6)
    assert signals["ahead"] == pytest.approx(math.log(4.0 * 1.5) / 14.0, abs=1e-6)  # .8 is 4 to 1, .4 is 2 to 3
    assert signals["odds"] == pytest.approx((math.log(4.0) + 8.0) / 14.0, abs=1e-6)
    assert not signals.keys() & set(DENSE)


def test_dense_signals_by_hand() -> None:
    evidence = [
        found("one", lexical=0.4, dense=1.0, cosine=0.5),
        found("two", lexical=1.0),
        found("three", dense=0.9, cosine=0.7),
    ]
    signals = measure("one", evidence, {"w:one": 1.0}, ANALYZE)
    assert (signals["cosine"], signals["cosine_of_first"]) == (0.7, 0.5)


def test_what_is_uncommon() -> None:
    assert uncommon("w:go") == 0.0
    assert uncommon("w:weibull") == uncommon("w:直交表") == 1.0
    assert 0.0 < uncommon("w:会議") < 1.0


def test_evidence_in_another_language_has_its_own_model() -> None:
    ours = found("日当", cosine=0.5, lexical=1.0)
    theirs = replace(ours, chunk=replace(ours.chunk, lang="en"))
    ours = replace(ours, chunk=replace(ours.chunk, lang="ja"))
    assert regime_of("日当はいくらですか", [ours, theirs], {"chunk": 0.4}) == "ja+dense"
    assert regime_of("日当はいくらですか", [theirs, ours], {"chunk": 0.4}) == "ja+cross"
    assert regime_of("日当はいくらですか", [theirs, ours], {"chunk": 1.0}) == "ja+dense"
    assert regime_of("What is it?", [theirs], {"chunk": 0.4}) == "en+dense"
    assert regime_of("What is it?", [found("x")], {"chunk": 0.4}) == "en"


def test_one_short_document_answers_its_only_question(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "travel.md").write_text("# 旅費規程\n\n国内出張の日当は2500円とする。\n", encoding="utf-8")
    with KnowHow.open(home=tmp_path / "home") as know_how:
        know_how.ingest(tmp_path / "docs")
        assert know_how.ask("日当はいくらですか").status == "answered"
        assert know_how.ask("モンゴルの首都はどこですか").status == "abstained"


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.lists(st.text(max_size=80), max_size=4), st.booleans())
def test_signals_stay_within_bounds(question: str, texts: list[str], dense: bool) -> None:
    parts = {"cosine": 0.3, "dense": 1.0} if dense else {}
    evidence = [found(text, score=1 / (n + 1), **parts) for n, text in enumerate(texts)]
    weights = dict.fromkeys(Analyzer().question_terms(question), 2.0)
    signals = measure(question, evidence, weights, ANALYZE)
    assert set(signals) == set(LEXICAL) | (set(DENSE) if dense and texts else set())
    assert all(0.0 <= value <= 1.0 for value in signals.values())


def test_names_and_what_a_passage_lacks() -> None:
    assert names("What did Ford pay in 1999 for サーバーラック?") == ("ford", "1999", "サーバーラック")
    assert missing(("ford", "1999"), "in 1999 it paid") == 0.5


def test_coverage_by_hand() -> None:
    assert coverage({"a": 3.0, "b": 1.0}, {"a"}) == 0.75
    assert coverage({}, {"a"}) == 0.0


@pytest.mark.parametrize("method", METHODS)
def test_every_shipped_gate_answers_what_is_said_and_not_what_is_not(notes_home: Path, method: Method) -> None:
    with KnowHow.open(home=notes_home, answer__gate=method) as know_how:
        assert know_how.status()["gate"] == f"{method} (shipped)"
        for good, bad in (
            ("Within how many working days must major findings be answered?", "Who won the football cup in Brazil?"),
            ("国内出張の日当はいくらですか", "モンゴルの首都はどこですか"),
        ):
            yes, no = know_how.ask(good), know_how.ask(bad)
            assert yes.confidence > no.confidence
            assert no.status == "abstained"


def test_an_abstention_names_what_is_near_and_nothing_else(notes_home: Path) -> None:
    with KnowHow.open(home=notes_home, answer__threshold=1) as know_how:
        near, far = know_how.ask("海外出張の日当の精算方法"), know_how.ask("モンゴルの国内総生産")
    assert near.text == (
        "資料には書かれていません。どの資料にもない言葉: 「精算」（別の言葉で書かれているかもしれません）。\n"
        "近い箇所:\n・旅費規程 › 日当（travel.md）「海外出張の日当は8,000円とする。」"
    )
    assert far.text == (
        "資料には書かれていません。どの資料にもない言葉: 「モンゴル」「生産」（別の言葉で書かれているかもしれません）。"
    )
    assert far.nearest == ()
    assert far.reason == "weak_evidence"


def test_a_gate_is_kept_with_its_collection_until_it_no_longer_fits(home: Path, docs: Path) -> None:
    said: list[str] = []
    with KnowHow.open(home=home, notify=said.append) as know_how:
        know_how.ingest(docs)
        mine = replace(shipped("t-method"), origin="calibrated")
        know_how.keep_gate(mine)
        assert know_how.gate() == mine
        assert know_how.status()["gate"] == "t-method (calibrated)"
    with KnowHow.open(home=home, notify=said.append) as again:
        assert again.gate() == mine
        again.keep_gate(None)
        assert again.gate() == shipped("t-method")
        again.keep_gate(mine)
        from qeu_rag.index.ledger import Ledger

        with Ledger(again.collection.ledger_path, write=True) as ledger:
            ledger.set_meta("gate", str(ledger.meta("gate")).replace('"version": "', '"version": "old-'))
    assert said == []
    with KnowHow.open(home=home, notify=said.append) as later:
        assert later.gate().origin == "shipped"
    assert len(said) == 1
    assert "calibrate" in said[0]


def test_a_gate_of_another_shape_is_refused() -> None:
    kept = shipped("rt-method").to_json()
    assert Gate.from_json(kept) == shipped("rt-method")
    for broken in ({**kept, "version": "1"}, {**kept, "method": "magic"}, {**kept, "models": {"ja": {}}}):
        with pytest.raises((KeyError, ValueError)):
            Gate.from_json(broken)
