"""What a question set may look like, and what is said of one that cannot be used."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from sets import CORPUS, QUERIES, write_set

from qeu_rag.errors import UsageError
from qeu_rag.evaluate.dataset import QuestionSet, choose
from qeu_rag.evaluate.gold_set import GoldSet


def refused(folder: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        QuestionSet(folder)
    return caught.value


def test_questions_and_rows(tmp_path: Path) -> None:
    found = QuestionSet(write_set(tmp_path / "set"))
    assert (found.count, found.documents) == (len(QUERIES), len(CORPUS))
    first, second, third, fourth = found.questions()
    assert first.gold == ("000000.md",)
    assert second.lang == "ja"
    assert not third.answerable
    assert fourth.answerable
    assert [q.id for q in found.questions(frozenset({1, 3}))] == ["q2", "q4"]
    assert next(found.rows()).markdown.startswith(b"# Supplier audit\n\nAn audit")


def test_blank_lines_a_bom_and_missing_ids_are_fine(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set")
    text = '\ufeff\n{"question": "What is k?"}\n\n'
    (folder / "queries.jsonl").write_text(text, encoding="utf-8")
    (only,) = QuestionSet(folder).questions()
    assert (only.id, only.lang, only.gold) == ("2", "en", ())


def test_a_missing_file(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set")
    (folder / "queries.jsonl").unlink()
    error = refused(folder)
    assert error.key == "eval_file_missing"
    assert "corpus.jsonl." not in str(error)
    (folder / "corpus.jsonl").unlink()
    assert "has no corpus.jsonl, queries.jsonl." in str(refused(folder))
    assert "queries.jsonl" in str(error)


@pytest.mark.parametrize(
    ("name", "line", "key"),
    [
        ("queries.jsonl", b'{"question": "half', "eval_line_json"),
        ("queries.jsonl", b"[1, 2]", "eval_line_json"),
        ("queries.jsonl", b"[" * 100_000, "eval_line_json"),
        ("queries.jsonl", '{"question": "日当"}'.encode("cp932"), "eval_line_encoding"),
        ("queries.jsonl", b'{"id": "q9"}', "eval_field_missing"),
        ("queries.jsonl", b'{"id": "q9", "question": "  "}', "eval_field_blank"),
        ("queries.jsonl", b'{"id": "q9", "question": "x", "gold": "audit"}', "eval_field_texts"),
        ("queries.jsonl", b'{"id": "q9", "question": "x", "answerable": "no"}', "eval_field_truth"),
        ("queries.jsonl", b'{"id": "q9", "question": ["x"]}', "eval_field_text"),
        ("queries.jsonl", b'{"id": "q9", "question": "x", "gold": [true]}', "eval_field_texts"),
        ("queries.jsonl", b'{"id": "q9", "question": "x", "gold": ["nowhere"]}', "eval_unknown_gold"),
        ("queries.jsonl", b'{"id": "q1", "question": "x"}', "eval_duplicate"),
        ("corpus.jsonl", b'{"id": "audit", "text": "x"}', "eval_duplicate"),
        ("corpus.jsonl", b'{"id": "new", "title": "x"}', "eval_field_missing"),
        ("corpus.jsonl", b'{"id": ', "eval_line_json"),
    ],
)
def test_a_broken_line_is_named_by_its_number(tmp_path: Path, name: str, line: bytes, key: str) -> None:
    folder = write_set(tmp_path / "set")
    with (folder / name).open("ab") as file:
        file.write(line + b"\n")
    error = refused(folder)
    assert error.key == key
    assert error.values["line"] == len(CORPUS if name == "corpus.jsonl" else QUERIES) + 1
    assert str(error.values["line"]) in error.render("ja")
    if "field" in error.values:
        assert str(error.values["field"]) in error.happened("ja")


def test_a_broken_line_is_told_with_an_example_of_its_file(tmp_path: Path) -> None:
    for name, words in (
        ("corpus.jsonl", '"title": "…", "text": "…"}'),
        ("queries.jsonl", '"id": "1", "question": "…"}'),
    ):
        folder = write_set(tmp_path / name)
        with (folder / name).open("a") as file:
            file.write("{\n")
        error = refused(folder)
        assert f"such as {error.values['example']}." in str(error)
        assert words in error.render("ja")


def test_whole_numbers_are_ids(tmp_path: Path) -> None:
    corpus = [{"id": 5, "text": "The audit takes two days."}]
    found = QuestionSet(write_set(tmp_path / "set", corpus, [{"id": 1, "question": "How long?", "gold": [5]}]))
    (only,) = found.questions()
    assert (only.id, only.gold) == ("1", ("000000.md",))


def test_all_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    lost = [{"question": f"What is {n}?", "gold": ["audit", f"lost{n}"]} for n in range(1, 13)]
    error = refused(write_set(tmp_path / "set", queries=lost))
    assert error.key == "eval_unknown_gold"
    assert error.values["count"] == 12
    assert "1: lost1, 2: lost2," in str(error)
    assert "10: lost10, …" in error.render("ja")
    assert "lost11" not in str(error)
    far = [{**question, "answerable": False} for question in lost]
    assert {question.gold for question in QuestionSet(write_set(tmp_path / "set", queries=far)).questions()} == {
        ("000000.md",)
    }
    rows = [f"What is {n}?,lost{n}.md,{truth}" for n, truth in enumerate(("true", "false", "true"))]
    gold = tmp_path / "gold.csv"
    gold.write_text("\n".join(["question,gold_document,answerable", *rows]), encoding="utf-8")
    with pytest.raises(UsageError, match=r"names documents .* \(2; line: name\): 2: lost0.md, 4: lost2.md\."):
        GoldSet(gold, {"travel.md"})


def test_nothing_to_measure(tmp_path: Path) -> None:
    assert refused(write_set(tmp_path / "a", queries=[])).key == "eval_no_questions"
    assert refused(write_set(tmp_path / "b", corpus=[])).key == "eval_no_documents"


@pytest.mark.parametrize("count", [5_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_many_questions_are_not_held(tmp_path: Path, count: int) -> None:
    folder = write_set(tmp_path / "set")
    row = {"question": "What is k? " * 20, "answers": ["the cost " * 20], "gold": ["loss"]}
    with (folder / "queries.jsonl").open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps({"id": f"q{number}", **row}) + "\n")
    size = (folder / "queries.jsonl").stat().st_size
    tracemalloc.start()
    found = QuestionSet(folder)
    few = list(found.questions(choose(found.count, 5, 0)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.count, len(few)) == (count, 5)
    assert size > 400 * count
    assert peak < 600_000 + 120 * count


def test_the_limit_is_a_seeded_shuffle() -> None:
    assert choose(100, 10, 1) == choose(100, 10, 1) != choose(100, 10, 2)
    assert len(choose(100, 10, 1) or ()) == 10
    assert choose(10, 10, 1) is None
    assert choose(10, None, 1) is None
