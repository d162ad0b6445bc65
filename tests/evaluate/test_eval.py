"""``qeu-rag eval`` from end to end, on a set and a gold file that are made here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sets import CORPUS, QUERIES, write_set

from qeu_rag import KnowHow
from qeu_rag.cli.main import run
from qeu_rag.config import load_settings
from qeu_rag.errors import CollectionError, QeuRagError, UsageError
from qeu_rag.evaluate.compare import compare, read_run
from qeu_rag.evaluate.run import Plan, evaluate


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path) -> tuple[Path, Path]:
    """A set, and a home that was kept of it."""
    folder = write_set(tmp_path_factory.mktemp("sets") / "tiny")
    home = tmp_path_factory.mktemp("kept") / "home"
    evaluate(Plan(dataset=folder, keep=home), load_settings(flags={"home": tmp_path_factory.mktemp("own")}))
    return folder, home


def figures(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    assert run(["eval", *map(str, arguments), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_figures_of_a_tiny_set(made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder, home = made
    found = figures(capsys, folder, "--home", home)
    assert (found["questions"], found["documents"], found["seed"]) == (4, 4, 0)
    assert found["embedder"] == "bundled"
    assert set(found["retrieval"]) == {"lexical", "dense", "rrf", "ours"}
    assert found["retrieval"]["ours"]["hit@1"] == 1.0
    assert {row["certainty"] for row in found["per_question"]} <= {"sure", "likely", ""}
    assert all(bool(row["certainty"]) == row["answered"] for row in found["per_question"])
    assert set(found["retrieval"]["lexical"]) == {"hit@1", "hit@3", "hit@5", "hit@10", "mrr@10", "ndcg@10"}
    assert found["answer"]["containment@200"] == 1.0
    assert found["answer"]["citation_precision"] is not None
    assert found["abstention"]["auroc"] == 1.0
    assert found["abstention"]["false_answer"] == 0.0
    assert found["by_kind"]["far"]["questions"] == 1
    assert found["by_lang"]["ja"]["hit@1"] == 1.0
    assert found["latency_ms"]["p95"] >= found["latency_ms"]["p50"] > 0


def test_two_runs_differ_in_nothing_but_time(made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder, home = made
    first, second = (figures(capsys, folder, "--home", home) for _ in range(2))
    del first["latency_ms"], second["latency_ms"]
    assert first == second


def test_the_table_in_both_languages(made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder, home = made
    for lang, words in (
        ("en", ("plain RRF", "false refusals", "of 3 with a gold answer that short")),
        ("ja", ("単純な RRF", "誤った見送り", "その長さに収まる正解がある 3 件中")),
    ):
        assert run(["eval", str(folder), "--home", str(home), "--lang", lang]) == 0
        told = capsys.readouterr()
        for word in words:
            assert word in told.out
        assert "4" in told.err


def test_a_temporary_home_is_gone_and_nothing_else_was_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own, temporary = tmp_path / "own", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("QEU_RAG_HOME", str(own))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    folder = write_set(tmp_path / "set")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    assert figures(capsys, folder, "--limit", "2", "--seed", "3")["questions"] == 2
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_home_of_other_settings_is_told(made: tuple[Path, Path]) -> None:
    folder, home = made
    heard: list[tuple[str, int]] = []
    for size in (400, 200):
        settings = load_settings(flags={"home": home, "split.max_size": size})
        evaluate(
            Plan(dataset=folder, reuse=True),
            settings,
            tell=lambda word, **values: heard.append((word, values["count"])),
        )
    assert heard == [("checking", 4), ("asking", 4), ("checking", 4), ("outdated", 4), ("asking", 4)]


def test_another_corpus_is_refused(made: tuple[Path, Path], tmp_path: Path) -> None:
    _, home = made
    changed = [*CORPUS[:-1], {**CORPUS[-1], "text": "単位空間のデータ数は項目数の5倍以上とする。"}]
    for corpus in (changed, CORPUS[:-1]):
        other = write_set(tmp_path / str(len(corpus)), corpus=corpus, queries=QUERIES)
        with pytest.raises(CollectionError) as caught:
            evaluate(Plan(dataset=other, reuse=True), load_settings(flags={"home": home}))
        assert caught.value.key == "eval_other_corpus"
        with pytest.raises(UsageError) as taken:
            evaluate(Plan(dataset=other, keep=home), load_settings(flags={"home": tmp_path / "own"}))
        assert taken.value.key == "eval_keep_taken"


def test_keep_leaves_other_folders_alone(made: tuple[Path, Path], tmp_path: Path) -> None:
    folder, _ = made
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for place in ("full", "file"):
        with pytest.raises(UsageError) as caught:
            evaluate(Plan(dataset=folder, keep=tmp_path / place), load_settings(flags={"home": tmp_path / "own"}))
        assert caught.value.key == "eval_keep_taken"
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]


def test_rows_alike_are_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twins = [{**CORPUS[0], "id": "copy"}, *CORPUS]
    folder = write_set(tmp_path / "set", corpus=twins, queries=QUERIES[:1])
    found = figures(capsys, folder)
    assert found["documents"] == 4
    assert found["retrieval"]["ours"]["mrr@10"] == 1.0


def test_a_row_that_cannot_be_read_is_told_and_missed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = [*CORPUS, {"id": "bare", "title": "", "text": " "}]
    lost = {"id": "lost", "question": "What is in the bare row?", "gold": ["bare"]}
    assert run(["eval", str(write_set(tmp_path / "set", corpus=corpus, queries=[QUERIES[0], lost])), "--json"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["left_out"] == {"000004.md": "empty"}
    assert "could not be read in: 1;" in told.err
    assert found["retrieval"]["ours"]["hit@10"] == 0.5
    assert found["across_languages"] is None


def test_a_question_that_cannot_be_asked_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = [
        {"id": "odd", "question": "???", "gold": ["audit"]},
        {"id": "long", "question": "x" * 5000, "gold": ["loss"]},
    ]
    found = figures(capsys, write_set(tmp_path / "set", queries=[*odd, *QUERIES]))
    assert (found["unusable"], found["questions"]) == (2, 6)
    assert found["abstention"]["false_refusal"] == 0.4


def test_a_question_without_gold_is_told_and_not_judged(
    made: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, home = made
    bare = [{"id": "bare", "question": "What is the capital of Peru?"}, {"id": "b2", "question": "国内出張の日当は？"}]
    folder = write_set(tmp_path / "set", queries=[*bare, *QUERIES])
    found = figures(capsys, folder, "--home", home)
    gate = found["abstention"]
    assert (found["no_gold"], gate["answerable"], gate["unanswerable"]) == (2, 3, 1)
    assert gate["false_refusal"] == 0.0
    right = {row["id"]: row["right"] for row in found["per_question"]}
    assert right == {"bare": None, "b2": None, "q1": True, "q2": True, "q3": True, "q4": True}
    (tmp_path / "run.json").write_text(json.dumps(found), encoding="utf-8")
    again = figures(capsys, folder, "--home", home, "--compare", tmp_path / "run.json")["compare"]
    assert again["paired"] == 6
    assert again["figures"]["gate_right"]["questions"] == 4
    for lang, words in (
        ("en", "Questions taken as answerable that name no document: 2"),
        ("ja", "正解の文書がない質問が 2 件"),
    ):
        assert run(["eval", str(folder), "--home", str(home), "--lang", lang]) == 0
        assert words in capsys.readouterr().out


def test_a_gold_csv_over_the_collection(home: Path, docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with KnowHow.open(home=home) as kh:
        kh.ingest(docs)
    gold = home / "gold.csv"
    gold.write_text(
        "id,question,lang,answerable,gold_document,gold_passage,kind\n"
        '1,国内出張の日当はいくらですか,ja,true,travel.md,"国内出張の日当は3,000円とする。",direct\n'
        "2,How long does a supplier audit take?,en,true,audit.md,An audit takes two days.,direct\n"
        "3,日当,en,true,travel.md,,cross\n"
        "4,モンゴルの首都はどこですか,ja,false,,,far\n",
        encoding="cp932",
    )
    found = figures(capsys, gold, "--home", home)
    assert (found["questions"], found["dataset"]) == (4, "gold.csv")
    assert found["passages"]["ours"]["hit@1"] == 1.0
    assert found["answer"]["containment@200"] == 1.0
    assert found["across_languages"]["questions"] == 1
    assert set(found["by_kind"]) == {"cross", "direct", "far"}
    assert run(["eval", str(gold), "--home", str(home), "--keep", str(home / "x")]) == 2


def test_what_changed_since_a_run(
    made: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, home = made
    now = figures(capsys, folder, "--home", home)
    old = json.loads(json.dumps(now))
    old["per_question"][0]["ranks"]["ours"] = 0
    old["per_question"][3]["answered"] = not old["per_question"][3]["answered"]
    (tmp_path / "run.json").write_text(json.dumps(old), encoding="utf-16")
    found = figures(capsys, folder, "--home", home, "--compare", tmp_path / "run.json")["compare"]
    assert found["paired"] == 4
    assert found["figures"]["hit@5"]["gained"] == 1
    assert found["figures"]["hit@5"]["difference"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["figures"]["gate_right"]["mcnemar_p"] == 1.0
    assert [change["id"] for change in found["changed"]] == ["q1", "q4"]
    assert found["changed"][0]["rank"] == [0, 1]
    assert run(["eval", str(folder), "--home", str(home), "--compare", str(tmp_path / "run.json")]) == 0
    assert "> 10 > 1" in capsys.readouterr().out


def test_a_run_that_cannot_be_compared(made: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    for text in ("no JSON", "{}", '{"per_question": [{"id": 1}]}', "[]"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError) as caught:
            read_run(path)
        assert caught.value.key == "eval_run_unread"
    with pytest.raises(QeuRagError):
        read_run(tmp_path / "nowhere.json")
    row = {"id": "x", "question": "x", "ranks": {}, "answered": True, "answerable": True, "confidence": 1.0}
    with pytest.raises(UsageError) as other:
        compare({"per_question": [row]}, {"per_question": [{**row, "id": "y"}], "seed": 0}, path=path)
    assert other.value.key == "eval_run_other"


def test_a_run_over_other_questions_is_told_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, path = write_set(tmp_path / "set"), tmp_path / "run.json"
    row = {"ranks": {"ours": 1}, "answered": True, "answerable": True, "confidence": 1.0}
    for rows in (  # another id; the id of another question; a question that --limit leaves out
        [{**row, "id": "x9", "question": QUERIES[0]["question"]}],
        [{**row, "id": "q1", "question": "What is k?"}],
        [{**row, "id": "q4", "question": QUERIES[3]["question"]}],
    ):
        path.write_text(json.dumps({"per_question": rows}), encoding="utf-8")
        given = ["eval", str(folder), "--limit", "1", "--seed", "2", "--keep", str(tmp_path / "kept")]
        assert run([*given, "--compare", str(path)]) == 2
        assert "asked none of these" in capsys.readouterr().err
    assert not (tmp_path / "kept").exists()


def test_a_run_whose_rows_are_of_the_wrong_kind_is_told_at_once(tmp_path: Path) -> None:
    row = {"id": "q1", "question": "x", "ranks": {"ours": 1}, "answered": True, "answerable": True, "confidence": 1.0}
    for wrong in (
        {"ranks": []},
        {"ranks": {"ours": "first"}},
        {"answered": 1},
        {"contained": "no"},
        {"confidence": None},
    ):
        (tmp_path / "run.json").write_text(json.dumps({"per_question": [row, {**row, **wrong}]}), encoding="utf-8")
        with pytest.raises(UsageError) as caught:
            read_run(tmp_path / "run.json")
        assert caught.value.key == "eval_run_unread"


@pytest.mark.parametrize(
    "arguments", [("nowhere",), ("{folder}", "--keep", "x", "--home", "{home}"), ("{folder}", "--limit", "0")]
)
def test_usage_errors(made: tuple[Path, Path], arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    folder, home = made
    given = [argument.format(folder=folder, home=home) for argument in arguments]
    assert run(["eval", *given]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err
