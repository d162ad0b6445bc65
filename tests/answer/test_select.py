"""Evidence chosen by the sentence: verbatim, in order, within the budget."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag.answer.prompt import GAP, REFUSAL, Evidence, build_prompt, label
from qeu_rag.answer.select import select
from qeu_rag.index.analyze import Analyzer
from qeu_rag.types import Chunk, ScoredChunk, Span

ANALYZE = Analyzer().evidence_terms


def chunk(text: str, *, title: str = "Rules", header: str = "", page: int | None = None, name: str = "c") -> Chunk:
    return Chunk(
        id=name,
        document_id="d",
        source="rules.md",
        title=title,
        headings=(title, "Allowance"),
        text=text,
        span=Span(start=0, end=len(text)),
        page=page,
        header=header,
    )


def chosen(question: str, *chunks: Chunk, budget: int = 60) -> list[str]:
    found = [ScoredChunk(chunk=c, score=1 / n, rank=n) for n, c in enumerate(chunks, start=1)]
    weights = dict.fromkeys(ANALYZE(question), 1.0)
    shown = select(question, found, weights, ANALYZE, count_tokens=lambda text: len(text.split()), budget=budget)
    return [item.text for item in shown]


TALK = (
    "The office opens at nine. The allowance for travel is 3,000 yen. Nobody knows the way to the moon. "
    "Lunch is served at noon. It is paid with the salary of the next month. Travel abroad pays 8,000 yen."
)


def test_the_sentence_that_answers_is_chosen_first() -> None:
    assert chosen("What is the travel allowance?", chunk(TALK), budget=18) == ["The allowance for travel is 3,000 yen."]


def test_what_was_left_out_between_is_marked() -> None:
    (text,) = chosen("What is the travel allowance abroad?", chunk(TALK), budget=28)
    assert text == f"The allowance for travel is 3,000 yen.{GAP}Travel abroad pays 8,000 yen."


def test_a_sentence_that_points_back_brings_the_one_before() -> None:
    text = "Lunch is served at noon. The bonus comes in June. It is paid with the salary."
    (shown,) = chosen("With what salary is it paid?", chunk(text), budget=25)
    assert shown == "The bonus comes in June. It is paid with the salary."


def test_a_row_brings_its_header() -> None:
    table = (
        "| Grade | Meaning |\n| --- | --- |\n| A | No findings |\n| B | Minor findings only |\n| C | Major findings |"
    )
    (shown,) = chosen("Which grade means minor findings only?", chunk(table), budget=30)
    assert shown.startswith("| Grade | Meaning |\n")
    assert "| B | Minor findings only |" in shown
    later = chunk("| B | Minor findings only |", header="| Grade | Meaning |\n| --- | --- |")
    assert chosen("Which grade means minor findings only?", later, budget=30) == [
        "| Grade | Meaning |\n| B | Minor findings only |"
    ]


def test_an_item_brings_the_introduction_of_its_list() -> None:
    text = "The bag holds:\n\n- a caliper of steel\n- a lamp\n- a notebook"
    (shown,) = chosen("Is there a caliper of steel?", chunk(text), budget=18)
    assert shown.startswith("The bag holds:")
    assert "caliper" in shown


def test_a_question_for_a_number_prefers_sentences_with_one() -> None:
    text = "The validity of a proposal is decided by the board. The validity of a proposal is 60 days."
    assert chosen("How long is the validity of a proposal?", chunk(text), budget=18) == [
        "The validity of a proposal is 60 days."
    ]


def test_nothing_fits_a_budget_of_nothing() -> None:
    assert chosen("What is the travel allowance?", chunk(TALK), budget=3) == []
    assert chosen("What is the travel allowance?", budget=100) == []


TABLE = ["\n| a | b |\n| --- | --- |\n", "| 1 | allowance |\n"]
SAID = ["The allowance is 3,000 yen. ", "It rises. ", "日当は3,000円とする。", "Why: "]
PARTS = st.sampled_from([*SAID, *TABLE, "\n\n", "\n- an item\n", "\n## Allowance\n"])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(PARTS, min_size=1, max_size=8).map("".join), min_size=1, max_size=3), st.integers(0, 80))
def test_all_that_is_shown_stands_in_its_chunk_and_fits(texts: list[str], budget: int) -> None:
    chunks = [chunk(text, name=str(n)) for n, text in enumerate(texts)]
    found = [ScoredChunk(chunk=c, score=1.0, rank=n) for n, c in enumerate(chunks, start=1)]
    weights = {"allowance": 2.0, "w:日当": 1.0}
    shown = select("allowance", found, weights, ANALYZE, count_tokens=lambda text: len(text.split()), budget=budget)
    assert len({item.chunk.id for item in shown}) == len(shown)
    for item in shown:
        lines = [line for part in item.text.split(GAP) for line in part.split("\n") if line != "…"]
        assert all(line in item.chunk.text for line in lines)
    used = sum(len(label(n, i.chunk).split()) + len(i.text.split()) for n, i in enumerate(shown, start=1))
    assert used <= budget


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_prompt_begins_alike_and_ends_with_the_question(lang: str) -> None:
    one = build_prompt("日当は？", [Evidence(chunk=chunk("x", page=3), text="3,000円")], lang)
    other = build_prompt("What else?", [], lang)
    assert one.system == other.system
    assert REFUSAL[lang] in one.system
    assert one.user.startswith("[1] Rules › Allowance (p. 3)\n3,000円\n\n")
    assert one.user.endswith("日当は？")
