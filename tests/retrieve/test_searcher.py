"""Searches while ingests publish one generation after another, from several threads at once."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from qeu_rag import KnowHow
from qeu_rag.errors import UsageError
from qeu_rag.index.ledger import Ledger


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
        with reader._parts.searcher._newest() as (opened, _):
            (docs / "new.md").write_text("# Drills\n\nDrills are changed every week.\n")
            writer.ingest(docs)
            assert opened.outdated
        assert reader.search("When are drills changed?")[0].chunk.source == "new.md"


def test_closing_waits_for_the_search_that_is_under_way(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as reader:
        reader.ingest(docs)
        with reader._parts.searcher._newest() as (opened, _):
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


def test_a_threshold_for_one_question(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as kh:
        kh.ingest(docs)
        assert kh.ask("What is the capital of Mongolia?").status == "abstained"
        assert kh.ask("What does an audit of Mongolia cost?", threshold=0.0).status == "answered"
        assert kh.ask("Within how many days must major findings be answered?", threshold=1.0).status == "abstained"


def test_a_score_says_how_well_a_chunk_answers_not_that_it_is_the_best(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as kh:
        kh.ingest(docs)
        asked = kh.search("Within how many days must major findings be answered?")
        foreign = kh.search("Which volcano is the tallest in Iceland?")
        assert asked[0].score > 0.4
        assert foreign[0].score < 0.2
        for found in (asked, foreign):
            assert [scored.score for scored in found] == sorted((scored.score for scored in found), reverse=True)
            assert {"title", "whole", "sentence"} <= set(found[0].parts)
