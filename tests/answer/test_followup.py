"""Which questions need the conversation, and what is carried over."""

from __future__ import annotations

import pytest

from qeu_rag.answer.question import carry_over, content_words, faithful, full_question, stands_alone


@pytest.mark.parametrize(
    ("question", "covered"),
    [
        ("提案書の有効期限は何日ですか", False),
        ("What is the loss function?", False),
        ("RT法とは？", True),
        ("海外出張の日当は？", True),
        ("Are the records that are kept for aerospace clients scanned?", True),
        ("それぞれの等級の意味は何ですか", True),
    ],
)
def test_questions_that_stand_alone(question: str, covered: bool) -> None:
    assert stands_alone(question, covered=covered)


@pytest.mark.parametrize(
    "question",
    [
        "それはいつまで？",
        "なぜですか",
        "海外は？",
        "Why?",
        "And for automotive clients?",
        "How long is it valid?",
        "what about abroad",
    ],
)
@pytest.mark.parametrize("covered", [True, False])
def test_questions_that_do_not(question: str, covered: bool) -> None:
    assert not stands_alone(question, covered=covered)


def test_the_subject_is_carried_over() -> None:
    before = "提案書の有効期限は何日ですか"
    assert carry_over("それはいつまで？", before) == "それはいつまで？（提案書 有効期限）"
    assert carry_over("Is it paid?", "What is the travel allowance?") == "Is it paid? (travel allowance)"
    assert carry_over("提案書の有効期限は？", before) == "提案書の有効期限は？"
    assert len(content_words(carry_over("Why?", "alpha beta gamma delta epsilon zeta eta theta"))) == 6


@pytest.mark.parametrize(
    ("rewritten", "holds"),
    [
        ("How long are records kept for automotive clients?", True),
        ("How long is a record kept for automotive clients?", True),
        ("How long are records kept for aerospace clients?", False),
        ("How long are records kept for automotive clients in France?", False),
        ("", False),
        ("?", False),
    ],
)
def test_a_rewriting_keeps_to_what_was_said(rewritten: str, holds: bool) -> None:
    history = ["How long are records kept for aerospace clients?"]
    assert faithful(rewritten, "And for automotive clients?", history) == holds


@pytest.mark.parametrize(
    ("history", "question", "full"),
    [
        ([], "And for meals?", "And for meals?"),
        (
            ["How much is paid for hotels on trips abroad?"],
            "And for meals?",
            "And for meals? (paid hotels trips abroad)",
        ),
        (["育児休業は誰が取れますか"], "届出はいつまで？", "届出はいつまで？（育児休業 取）"),
        (["What is the travel allowance?", "Is it paid?"], "Until when?", "Until when? (paid travel allowance)"),
        (["What is the travel allowance?"], "How long are records kept?", "How long are records kept?"),
        (["提案書の有効期限は何日ですか", "それはいつまで？"], "なぜですか", "なぜですか（提案書 有効期限）"),
    ],
)
def test_a_follow_up_keeps_the_subject(history: list[str], question: str, full: str) -> None:
    assert full_question(question, history) == full
    assert full_question(full, history) == full
