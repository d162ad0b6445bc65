"""Replies are read sentence by sentence, JSON or plain, and cut where they ramble, wherever the pieces are cut."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag.answer.reply import CUT, written

FACT = "- Allowance: It is paid by the day."
GOOD = "The allowance is 3,000 yen."
REFUSALS = ("The documents do not say.", "資料には書かれていません。")


def through(*pieces: str) -> tuple[list[str], list[str]]:
    reported: list[str] = []
    echoes = [FACT, "What is the allowance?"]
    return list(written(iter(pieces), refusals=REFUSALS, echoes=echoes, report=reported.append)), reported


@pytest.mark.parametrize(
    "extra",
    [
        "\nQuestion: And abroad?\nAnswer: 8,000 yen.",
        "\n\n### Prompt:\nAnd abroad?",
        " ### Human: and abroad?",
        "\n質問: 海外は？",
        "\n**Question 2:** And abroad?",
        "\nUser: and abroad?",
        "<|im_end|>\n<|im_start|>user",
        "</s> more",
        f"\n{FACT}\nThe allowance",
        f"\n{GOOD}\n{GOOD}",
        f" {GOOD}",
        " And so and so and so and so and so and so",
        " はいはいはいはいはいはいはいはいはいはい",
        "\nWhat is the allowance?\nIt is",
    ],
)
def test_what_comes_after_the_answer_is_cut(extra: str) -> None:
    assert through(GOOD + extra) == ([GOOD], [CUT])


@pytest.mark.parametrize(
    ("reply", "sentences"),
    [
        ("", []),
        (f"{GOOD} Abroad it is e.g. 8,000 yen.", [GOOD, "Abroad it is e.g. 8,000 yen."]),
        ("日当は3,000円です。[1] 海外は8,000円です［2］。", ["日当は3,000円です。", "海外は8,000円です。"]),
        (f"# Allowance\n**Answer:**\n- {GOOD}\n2. It is paid.", [GOOD, "It is paid."]),
        (f"Answer: {GOOD}", [GOOD]),
        (f"### Response:\n{GOOD}", [GOOD]),
        ("質問: 日当は？\n回答: 3,000円です。", ["3,000円です。"]),
        ("The documents do not say.", [""]),
        ('"The documents do not say" [1]', [""]),
        (f"The documents do not say. But {GOOD}", [""]),
        (f"{GOOD} The documents do not say.", [GOOD]),
        (
            f'[{{"source": 1, "sentence": "{GOOD}"}}, {{"source": 2, "sentence": "A \\"b\\" {{c}}."}}]',
            [GOOD, 'A "b" {c}.'],
        ),
        (f'{{"sentences": [{{"source": 1, "sentence": "{GOOD}"}}]}}', [GOOD]),
        ('{"refuse": true}', [""]),
        ('{"refuse": false}', []),
        (f'[{{"source": 1, "sentence": "{GOOD}"}}, {{"source": 2, "sentence": "It is', [GOOD]),
        ('[{"source": 1, "sentence": 3}, {"source": }]', []),
    ],
)
def test_what_is_read(reply: str, sentences: list[str]) -> None:
    assert through(reply) == (sentences, [])


def test_a_string_that_never_ends_is_cut() -> None:
    assert through('[{"source": 1, "sentence": "' + "so it is and " * 1000) == ([], [CUT])


@pytest.mark.parametrize("sentence", ["Step taken again.\n", '{"source": 1, "sentence": "Step taken again."}, '])
def test_generation_ends_with_the_cut_or_when_the_reader_leaves(sentence: str) -> None:
    asked: list[str] = []

    def endless() -> Iterator[str]:
        try:
            yield "[" if sentence[0] == "{" else "A beginning.\n"
            for _ in range(10_000):
                asked.append("x")
                yield sentence
        finally:
            asked.append("closed")

    found = list(written(endless(), refusals=REFUSALS))
    assert found.count("Step taken again.") == 1
    assert len(asked) < 10
    assert asked[-1] == "closed"
    stream = written(endless(), refusals=REFUSALS)
    next(stream)
    stream.close()
    assert asked.count("closed") == 2


MARKS = ["Question:", "質問：", "### ", "Answer: ", "[1]", "<s>", '{"source": 1, "sentence": "', '"}', "[", "{", "\\"]
PARTS = st.sampled_from([GOOD, FACT, *MARKS, "日本。", "the ", "so ", "a", ". ", *" \n。!」"])


@settings(deadline=None)
@given(st.lists(PARTS, max_size=20).map("".join), st.lists(st.integers(0, 400), max_size=12))
def test_the_cut_of_the_pieces_does_not_matter(text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    whole = through(text)
    assert through(*(text[a:b] for a, b in itertools.pairwise(places))) == whole
    assert through(*text) == whole


@pytest.mark.parametrize("reply", ["It is 3,000 \ud800 yen.", '[{"sentence": "It is 3,000 \\ud800 yen."}]'])
def test_half_a_character_is_shown_as_a_space(reply: str) -> None:
    """No file and no page could take it."""
    assert through(reply)[0] == ["It is 3,000   yen."]
