from __future__ import annotations

import pytest

from qeu_rag.index.procedure import asks_way, gives_steps


@pytest.mark.parametrize(
    "question",
    [
        "How do I report a problem?",
        "What are the steps of an audit?",
        "What is the procedure for a recall?",
        "What must I do before leaving?",
        "FTAの手順",
        "クレームの報告経路は?",
        "新しい道具を頼むにはどうすればよいですか",
        "ログを表示するには",
    ],
)
def test_the_way_is_asked_for(question: str) -> None:
    assert asks_way(question)


@pytest.mark.parametrize(
    "question", ["How many days does an audit take?", "When is it due?", "日当はいくらですか", "SN比とは"]
)
def test_other_questions_do_not_ask_for_it(question: str) -> None:
    assert not asks_way(question)


def test_two_numbered_steps_are_a_way() -> None:
    assert gives_steps("Before:\n\n1. Stop.\n2) Report.")
    assert gives_steps("手順1 平均を求める。\n手順2 引く。")
    assert not gives_steps("1. Only one.\n\n2.5 mm at most, 3.1 mm never.")
    assert not gives_steps("- a\n- b\n- c")
