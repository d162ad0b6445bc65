"""Replies that ramble, repeat the prompt or loop are cut, wherever the pieces are cut."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qeu_rag.answer.guard import CUT, guarded

LABEL = "[1] Travel rules › Allowance (p. 3)"
GOOD = "The allowance is 3,000 yen. [1]"


def through(*pieces: str) -> tuple[str, list[str]]:
    reported: list[str] = []
    return "".join(guarded(iter(pieces), echoes=[LABEL, "What is the allowance?"], report=reported.append)), reported


@pytest.mark.parametrize(
    "extra",
    [
        "\nQuestion: And abroad?\nAnswer: 8,000 yen. [1]",
        "\n\n### Prompt:\nAnd abroad?",
        " ### Human: and abroad?",
        "\n質問: 海外は？",
        "\n**Question 2:** And abroad?",
        "\nUser: and abroad?",
        "<|im_end|>\n<|im_start|>user",
        "</s> more",
        f"\n{LABEL}\nThe allowance",
        f"\n{GOOD}\n{GOOD}",
        f" {GOOD}",
        " And so and so and so and so and so and so",
        " はいはいはいはいはいはいはいはいはいはい",
        "\nWhat is the allowance?\nIt is",
    ],
)
def test_what_comes_after_the_answer_is_cut(extra: str) -> None:
    text, reported = through(GOOD + extra)
    assert text.strip() == GOOD
    assert reported == [CUT]


@pytest.mark.parametrize(
    "reply",
    [
        "",
        GOOD,
        "日当は3,000円です。[1] 海外は8,000円です。[1]",
        "| A | B |\n| --- | --- | --- | --- |\n| 1 | 2 | [1]",
        "The factors are:\n- a: 3.5 mm [1]\n- b: 3.5 mm [1]\n",
        "Yes. [1] Yes. [2] It is e.g. 3 mm. [1]",
        "In short: the question of cost matters. [1] It costs 10000000000000000 yen. [2]",
        "Wait for it.......................... [1]",
    ],
)
def test_an_answer_passes_untouched(reply: str) -> None:
    assert through(reply) == (reply, [])


def test_the_opening_words_are_taken_away() -> None:
    assert through("Answer: ", GOOD)[0].strip() == GOOD
    assert through("### Response:\n" + GOOD)[0].strip() == GOOD
    assert through("質問: 日当は？\n回答: 3,000円です。[1]") == (" 3,000円です。[1]", [])


def test_markers_before_a_repeated_sentence_belong_to_the_one_before() -> None:
    text, reported = through("It takes two days. [1] It takes two days. [2]")
    assert (text, reported) == ("It takes two days. [1] ", [CUT])


def test_generation_ends_with_the_cut() -> None:
    asked: list[str] = []

    def endless() -> Iterator[str]:
        try:
            for number in range(10_000):
                asked.append("x")
                yield "Step taken again. [1]\n" if number else "A beginning. [1]\n"
        finally:
            asked.append("closed")

    assert "".join(guarded(endless())).count("Step") == 1
    assert len(asked) < 10
    assert asked[-1] == "closed"


def test_leaving_early_closes_the_source() -> None:
    closed: list[bool] = []

    def source() -> Iterator[str]:
        try:
            while True:
                yield "A sentence here. Another one there. "
        finally:
            closed.append(True)

    stream = guarded(source())
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert closed == [True]


MARKS = ["Question:", "質問：", "### ", "Answer: ", "[1]", "[2] ", "<s>"]
PARTS = st.sampled_from([GOOD, LABEL, *MARKS, "日本。", "the ", "so ", "a", ". ", *" \n。!」"])


@settings(deadline=None)
@given(st.lists(PARTS, max_size=20).map("".join), st.lists(st.integers(0, 400), max_size=12))
def test_the_cut_of_the_pieces_does_not_matter(text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in itertools.pairwise(places)]
    whole, reported = through(text)
    assert through(*pieces) == (whole, reported)
    assert through(*text) == (whole, reported)
    if reported:
        assert len(whole) < len(text)
