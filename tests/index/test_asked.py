from __future__ import annotations

import pytest

from qeu_rag.index.asked import asks_and_answers, bare_question, is_question, leads_to_answer
from qeu_rag.index.definition import meaning_of


@pytest.mark.parametrize(
    "heading",
    [
        "Q3. 返却日は延ばせますか？",
        "駐車場を使うにはどうすればよいですか",
        "バリデーションエラーでJSON PATHを返すべきか",
        "Can I bring my dog to the office?",
        "How to report a broken chair",
        "問1 締切はいつか",
    ],
)
def test_a_heading_that_asks(heading: str) -> None:
    assert is_question(heading)


@pytest.mark.parametrize(
    "heading", ["手順", "3.2 Hotels", "Common mistakes", "いくつかの例", "Do", "確認", "Who decides", ""]
)
def test_a_heading_that_does_not(heading: str) -> None:
    assert not is_question(heading)


def test_the_question_alone() -> None:
    assert bare_question("Q3. 返却日は延ばせますか？") == "返却日は延ばせますか？"
    assert bare_question("12) May I?") == "May I?"
    assert bare_question("Questions of cost?") == "Questions of cost?"


def test_a_table_of_questions_and_answers() -> None:
    assert asks_and_answers("| 番号 | ご質問 | 回答 |")
    assert asks_and_answers("| Q | A |")
    assert asks_and_answers("| Customer question | Our answer | Owner |")
    assert not asks_and_answers("| 質問 | 回答期限 は いつまでに出すかを書く列で、とても長い名前である |")
    assert not asks_and_answers("| 質問 | 担当 |")
    assert not asks_and_answers("| 質問 | 回答期限 | 回答者 |")
    assert not asks_and_answers("| 回答 |")
    assert not asks_and_answers("本文")


def test_what_leads_to_the_answer() -> None:
    assert leads_to_answer("Can I bring my dog?", None, 0.8)
    assert not leads_to_answer("Can I bring my dog?", None, 0.5)
    assert not leads_to_answer("Dogs", None, 1.0)
    assert leads_to_answer("単位空間", meaning_of("単位空間とは"), 0.0)
