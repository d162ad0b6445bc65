"""``qeu-rag calibrate``: fitted on parts, measured on the parts kept back, kept only where it errs less."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT

from qeu_rag import KnowHow
from qeu_rag.answer.gate import shipped
from qeu_rag.answer.gate.model import METHODS, Method
from qeu_rag.answer.gate.signals import NAMES
from qeu_rag.cli.calibrate import lines
from qeu_rag.cli.main import run
from qeu_rag.errors import UsageError
from qeu_rag.evaluate.calibrate import LEAST, Calibration, Rates, Sample, calibrate, fit_gate
from qeu_rag.evaluate.made_questions import EACH, questions_of


@pytest.fixture(scope="module")
def home(corpus_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("calibrate") / "home"
    shutil.copytree(corpus_home, copy, symlinks=True)
    return copy


def gold_csv(path: Path, lang: str, encoding: str) -> Path:
    with (ROOT / "corpus" / "faq.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["lang"] == lang]
    with path.open("w", encoding=encoding, errors="replace", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_the_rates_by_hand() -> None:
    rates = Rates(false_answer=(2, 40), false_refusal=(0, 40))
    assert rates.balanced == 0.025
    found = rates.to_json()
    assert (found["false_answer"], found["false_answer_of"]) == (0.05, 40)
    assert found["false_refusal_95"] == pytest.approx((0.0, 0.0876), abs=5e-4)  # Wilson's, of none in 40


@pytest.mark.parametrize(
    ("false_answer", "false_refusal", "bolder", "better"),
    [(11, 0, True, False), (10, 10, False, True), (10, 19, False, False), (3, 20, False, True), (9, 40, False, False)],
)
def test_a_gate_with_more_false_answers_or_a_gain_within_chance_is_never_better(
    false_answer: int, false_refusal: int, bolder: bool, better: bool
) -> None:
    found = Calibration(
        gate=shipped("logistic"),
        before=Rates(false_answer=(10, 100), false_refusal=(20, 100)),
        after=Rates(false_answer=(false_answer, 100), false_refusal=(false_refusal, 100)),
        made=False,
    )
    assert (found.bolder, found.better) == (bolder, better)
    for lang, words in (("en", "answer more questions that the documents do not answer"), ("ja", "より多く回答")):
        assert (words in lines(found, lang, kept=better)[-1]) == bolder


def test_a_gate_fitted_to_made_questions_is_kept_only_where_that_is_said() -> None:
    found = Calibration(
        gate=shipped("logistic"),
        before=Rates(false_answer=(20, 100), false_refusal=(7, 100)),
        after=Rates(false_answer=(8, 100), false_refusal=(5, 100)),
        made=True,
    )
    assert found.better
    assert found.after.standard_error == pytest.approx(0.0174, abs=1e-3)
    assert "--keep" in lines(found, "en", kept=False)[-1]
    assert "--keep" in lines(found, "ja", kept=False)[-1]
    assert lines(found, "en", kept=False, keep=True)[-1].startswith("It would be kept")


def test_a_gold_set_in_cp932_is_fitted_to_and_kept_and_given_up(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gold = gold_csv(tmp_path / "gold.csv", "ja", "cp932")
    with gold.open("a", encoding="cp932") as file:
        file.write("x-1,日当はいくらですか,ja,true,,,,\n")
    with KnowHow.open(home=home) as know_how:
        assert know_how.parts.gate().origin == "shipped"
        fitted = calibrate(know_how, gold)
        found = fitted.to_json()
        assert found["no_gold"] == 1
        assert found["questions"] == "gold"
        # 52 answerable ones and 14 unanswerable, and each answerable one again without its document.
        assert found["shipped"]["false_refusal_of"] == 52
        assert found["shipped"]["false_answer_of"] == 66
        assert found["bolder"] == (found["calibrated"]["false_answer"] > found["shipped"]["false_answer"])
        know_how.parts.keep_gate(fitted.gate)
        assert know_how.parts.gate() == fitted.gate
        assert fitted.gate.origin == "calibrated"
    assert run(["calibrate", "--shipped", "--home", str(home), "--lang", "ja"]) == 0
    assert "logistic（付属）" in capsys.readouterr().err
    with KnowHow.open(home=home) as know_how:
        assert know_how.parts.gate() == shipped("logistic")


def test_too_few_questions_are_refused_with_how_many_are_needed(home: Path, tmp_path: Path) -> None:
    gold = tmp_path / "few.csv"
    gold.write_text("question,gold_document\nWhat is it?,en/gauge-rr.md\n", encoding="utf-8-sig")
    with KnowHow.open(home=home) as know_how, pytest.raises(UsageError, match=str(LEAST)) as caught:
        calibrate(know_how, gold)
    assert caught.value.key == "calibrate_few_answerable"
    assert "答えのある質問が1件" in caught.value.render("ja")
    assert "to the table" in str(caught.value)
    assert "documents in" not in str(caught.value)


def test_too_few_documents_to_make_questions_from_are_told_so(noted: Path) -> None:
    with KnowHow.open(home=noted) as know_how, pytest.raises(UsageError, match="Read more documents in") as caught:
        calibrate(know_how, None)
    assert caught.value.key == "calibrate_few_made"
    assert "文書から作れる質問" in caught.value.render("ja")


def test_a_folder_is_no_gold_set(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for lang, words in (("en", "a table of questions"), ("ja", "質問の表（CSV、Excel）が必要")):
        assert run(["calibrate", str(ROOT / "corpus"), "--home", str(home), "--lang", lang]) == 2
        assert words in capsys.readouterr().err


def test_questions_made_from_documents_are_the_same_again_and_name_their_source(home: Path) -> None:
    with KnowHow.open(home=home) as know_how:
        chunks = know_how.chunks()
    made = questions_of(chunks, limit=120, seed=0)
    assert made == questions_of(tuple(reversed(chunks)), limit=120, seed=0)
    assert len(made) == 120
    assert {question.lang for question in made} == {"ja", "en"}
    assert made != questions_of(chunks, limit=120, seed=1)
    for question in made:
        assert question.gold
        assert question.question != question.passage
    by_document = [sum(q.gold == gold for q in made) for gold in {q.gold for q in made}]
    assert max(by_document) <= EACH


def samples_of(values: Sequence[float], answerable: Sequence[bool], **more: object) -> list[Sample]:
    return [
        Sample(signals=dict.fromkeys(NAMES, value), answerable=truth, fold=n % 5, **more)  # type: ignore[arg-type]
        for n, (value, truth) in enumerate(zip(values, answerable, strict=True))
    ]


def test_a_fitted_gate_tells_its_samples_apart_and_has_thresholds_of_its_own() -> None:
    start = shipped("logistic")
    samples = samples_of([0.2 + 0.5 * (n % 2) for n in range(60)], [bool(n % 2) for n in range(60)])
    fitted = fit_gate(start, samples)
    assert fitted.origin == "calibrated"
    assert fitted.method == "logistic"
    low, high = (fitted.confidence(dict.fromkeys(NAMES, value)) for value in (0.2, 0.7))
    assert low < fitted.likely <= fitted.sure <= high
    # Those that answer come first: no answer is worth refusing, and none that is wrong worth giving.
    assert (fitted.sure, fitted.likely) == (high, high)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_fitted_anew(method: Method) -> None:
    chance = random.Random(5)
    values = [chance.gauss(0.35 + 0.3 * (n % 2), 0.08) for n in range(100)]
    samples = [
        replace(one, signals={name: min(1.0, max(0.0, value + chance.gauss(0, 0.05))) for name in NAMES})
        for one, value in zip(samples_of(values, [bool(n % 2) for n in range(100)]), values, strict=True)
    ]
    fitted = fit_gate(shipped(method), samples)
    right = sum((fitted.confidence(one.signals) >= fitted.likely) == one.answerable for one in samples)
    assert fitted.method == method
    assert right >= 85


def test_few_samples_leave_the_weights_near_those_that_are_shipped() -> None:
    start = shipped("logistic")
    two = fit_gate(start, samples_of([0.7, 0.2], [False, True]))
    many = fit_gate(start, samples_of([0.7, 0.2] * 2000, [False, True] * 2000))
    odd, usual = dict.fromkeys(NAMES, 0.7), dict.fromkeys(NAMES, 0.2)
    assert start.confidence(odd) > start.confidence(usual)
    assert two.confidence(odd) > two.confidence(usual)
    assert many.confidence(odd) < many.confidence(usual)


def test_questions_that_were_left_out_of_their_document_count_half() -> None:
    """Their like have the same signals, so the probability there is the share of those that answer, by weight."""
    start = shipped("logistic")
    values = [0.3] * 3000 + [0.6] * 3000
    truth = [n % 3 > 0 for n in range(6000)]
    half, whole = (
        fit_gate(start, [replace(one, left_out=left_out and not one.answerable) for one in samples_of(values, truth)])
        for left_out in (True, False)
    )
    # Both kinds weigh alike in all, so that halving all of one kind changes nothing.
    assert half.confidence(dict.fromkeys(NAMES, 0.3)) == pytest.approx(
        whole.confidence(dict.fromkeys(NAMES, 0.3)), abs=1e-3
    )
    mixed = [
        *samples_of([0.3] * 1000, [False] * 1000, left_out=True),
        *samples_of([0.6] * 1000, [False] * 1000),
        *samples_of([0.3, 0.6] * 1000, [True] * 2000),
    ]
    fitted, even = fit_gate(start, mixed), fit_gate(start, [replace(one, left_out=False) for one in mixed])
    assert fitted.confidence(dict.fromkeys(NAMES, 0.3)) > even.confidence(dict.fromkeys(NAMES, 0.3))
    assert fitted.confidence(dict.fromkeys(NAMES, 0.6)) < even.confidence(dict.fromkeys(NAMES, 0.6))
