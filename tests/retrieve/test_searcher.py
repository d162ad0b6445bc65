"""Searches while ingests publish one generation after another, from several threads at once."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from qeu_rag import KnowHow
from qeu_rag.errors import UsageError
from qeu_rag.index.ledger import Ledger
from qeu_rag.text.units import units
from qeu_rag.text.windows import windows


def test_searches_in_threads_survive_new_generations(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as reader, KnowHow.open(home=home) as writer:
        writer.ingest(docs)
        errors: list[BaseException] = []
        asked = [0]
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                try:
                    found = reader.search("Within how many days must major findings be answered?")
                    assert found[0].chunk.source == "audit.md"
                    asked[0] += 1
                except BaseException as error:  # noqa: BLE001 - whatever it is, the test must show it
                    errors.append(error)
                    return

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(4):
            (docs / "new.md").write_text(f"# Note {number}\n\nNumber {number} of the notes on drills.\n")
            writer.ingest(docs)
        done.set()
        for thread in threads:
            thread.join()
        assert not errors
        assert asked[0] >= 4
        assert "Number 3" in reader.search("number of the notes on drills")[0].chunk.text


def test_a_swept_generation_is_left_for_the_newer_one(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as reader, KnowHow.open(home=home) as writer:
        writer.ingest(docs)
        # Open, and not yet searched: Chroma has read none of its vectors.
        with reader.parts.searcher._newest() as (opened, _):
            (docs / "new.md").write_text("# Drills\n\nDrills are changed every week.\n")
            writer.ingest(docs)
            assert opened.outdated
        assert reader.search("When are drills changed?")[0].chunk.source == "new.md"


def test_closing_waits_for_the_search_that_is_under_way(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as reader:
        reader.ingest(docs)
        with reader.parts.searcher._newest() as (opened, _):
            reader.close()
            assert opened.ledger.generation == 1
            assert opened.generation.lexical.search("findings", 3)
        assert reader.search("findings")


def test_texts_of_every_language_get_vectors(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as know_how:
        know_how.ingest(docs)
        with Ledger(know_how.collection.ledger_path) as ledger:
            ids = ledger.chunk_ids(1)
            assert {chunk.lang for chunk in ledger.raw_chunks(ids)} == {"en", "ja"}
            kept, vectors = ledger.windows(ids)
            assert {window.chunk_id for window in kept} == set(ids)
            assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


def test_no_k_below_one_and_no_question_that_is_no_text(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as opened:
        opened.ingest(docs)
        for ask in (lambda: opened.search("findings", k=0), lambda: opened.as_retriever(k=0).invoke("findings")):
            with pytest.raises(UsageError, match="1 or more"):
                ask()
        with pytest.raises(UsageError):
            opened.ask(None)  # type: ignore[arg-type]


def test_the_sides_are_what_the_search_is_made_of(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as kh:
        kh.ingest(docs)
        question = "Within how many days must major findings be answered?"
        sides = kh.sides(question, k=5)
        assert sides.ours == kh.search(question, k=5)
        for side in (sides.lexical, sides.dense, sides.rrf):
            assert side[0].chunk.source == "audit.md"
            assert [scored.rank for scored in side] == list(range(1, len(side) + 1))
            assert [scored.score for scored in side] == sorted((scored.score for scored in side), reverse=True)
        both = {scored.chunk.id for side in (sides.lexical, sides.dense) for scored in side}
        assert {scored.chunk.id for scored in sides.rrf} <= both
        assert sides.rrf[0].score == pytest.approx(2 / 61)
        with pytest.raises(UsageError):
            kh.sides(question, k=0)


def test_a_chunk_stands_where_its_best_window_stands(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    filler = " ".join(
        f"Shelf {n} of the store holds paper, pens and folders for visitors of hall {n}." for n in range(12)
    )
    (folder / "long.md").write_text(f"# Rules\n\nA supplier audit takes two days. {filler}", encoding="utf-8")
    for n in range(6):
        (folder / f"{n}.md").write_text(f"# Note {n}\n\nA supplier visit number {n} was fine.", encoding="utf-8")
    with KnowHow.open(home=home) as kh:
        kh.ingest(folder)
        dense = kh.sides("How long does a supplier audit take?", k=8).dense
        assert dense[0].chunk.source == "long.md"
        assert [scored.score for scored in dense] == sorted((scored.score for scored in dense), reverse=True)


def test_a_threshold_for_one_question(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as kh:
        kh.ingest(docs)
        assert kh.ask("What does an audit of Mongolia cost?", threshold=0.0).status == "answered"
        sure = kh.ask("What is the capital of Mongolia?", threshold=1.0)
        assert (sure.status, sure.reason) == ("abstained", "weak_evidence")


def test_a_score_says_how_well_a_window_answers_not_that_it_is_the_best(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as kh:
        kh.ingest(docs)
        asked = kh.search("国内出張の日当はいくらですか")
        foreign = kh.search("Which volcano is the tallest in Iceland?")
        assert asked[0].score > 10 * foreign[0].score
        for found in (asked, foreign):
            assert [scored.score for scored in found] == sorted((scored.score for scored in found), reverse=True)
            assert [scored.rank for scored in found] == list(range(1, len(found) + 1))
            assert {"cosine", "held", "lexical", "foreign"} <= set(found[0].parts)


def test_what_a_search_gives_are_windows_of_their_chunks_in_order(home: Path, docs: Path) -> None:
    long = "".join(f"Drill {n} is changed after {n} weeks, and the old one is thrown away. " for n in range(1, 60))
    (docs / "drills.md").write_text(f"# Drills\n\n{long}", encoding="utf-8")
    with KnowHow.open(home=home) as kh:
        kh.ingest(docs)
        found = kh.evidence("When is drill 47 changed?", k=3)
        assert len(found.chunks) == 3
        assert [one.rank for one in found.windows] == list(range(1, len(found.windows) + 1))
        assert len(found.windows) > len(found.chunks)
        for one in found.windows:
            assert one.window in windows(one.chunk)
            assert one.window.first <= one.unit <= one.window.last
            assert one.text == one.window.span.of(one.chunk.text)
        best = found.windows[0]
        assert "Drill 47 is" in units(best.chunk)[best.unit].of(best.chunk.text)
        assert [scored.chunk.id for scored in found.chunks] == list(
            dict.fromkeys(one.chunk.id for one in found.windows)
        )
        again = kh.evidence("When is drill 47 changed?", k=3)
        assert (again.windows, again.weights) == (found.windows, found.weights)


# A collection of one sentence, and of many


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        ("標準納期は14営業日とする。", "標準納期は何営業日ですか", "14営業日"),
        ("管理責任者は生産技術課長とする。", "管理責任者は誰ですか", "生産技術課長"),
        ("The warranty of the gauge ends after 18 months.", "How long is the warranty of the gauge?", "18 months"),
    ],
)
def test_one_document_of_one_sentence_answers_from_it(
    home: Path, tmp_path: Path, sentence: str, question: str, answer: str
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "note.txt").write_text(sentence, encoding="utf-8")
    with KnowHow.open(home=home) as kh:
        kh.ingest(tmp_path / "one")
        found = kh.ask(question)
    assert found.status == "answered"
    assert answer in found.text
    assert found.citations[0].quote == sentence


def test_a_clear_question_is_judged_alike_in_a_collection_of_one_and_of_many(home: Path, tmp_path: Path) -> None:
    """The passage that answers stands once alone and once among the chunks of handbooks."""
    (tmp_path / "one").mkdir()
    rule = "# Gauge loans\n\nA gauge on loan from the laboratory must be returned within 17 working days.\n"
    question = "Within how many working days must a gauge on loan be returned?"
    (tmp_path / "one" / "loans.md").write_text(rule, encoding="utf-8")
    (tmp_path / "many").mkdir()
    for name in ("supplier-audits", "gauge-rr", "spc-control-charts"):
        shutil.copy(ROOT / "corpus" / "en" / f"{name}.md", tmp_path / "many")
    verdicts = []
    with KnowHow.open(home=home) as kh:
        for folders in (["one"], ["one", "many"]):
            kh.ingest([tmp_path / folder for folder in folders])
            answer = kh.ask(question)
            assert "17 working days" in answer.text
            assert answer.citations[0].chunk.source == "loans.md"
            verdicts.append(answer.certainty)
            assert kh.ask("What is the boiling point of mercury on the Moon?").certainty != "sure"
        assert kh.status()["chunks"] > 30  # type: ignore[operator]
    assert verdicts == ["sure", "sure"]
