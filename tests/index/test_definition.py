from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.index.definition import meaning_of


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("SN比とは何ですか", "## 目的\n\nSN比は、働きの大きさとばらつきの大きさとの比である。"),
        ("ＳＮ比って何？", "SN比とは、ばらつきの尺度をいう。"),
        ("損失関数の定義を教えてください。", "- 損失関数: 品質を金額で表す式"),
        ("損失関数の意味は？", "式を示す。損失関数という考え方は"),
        ("「感度」とは？", "| 感度 | 平均の大きさ |"),
        ("FMEAとはどういうものですか", "FMEA(故障モード影響解析)を使うときの手順"),
        ("What is an SN ratio?", "An SN ratio is a measure of robustness."),
        ("what are control factors", "1. **Control factors** are set by the designer."),
        ("What does FMEA stand for?", "See below. FMEA (failure mode and effects analysis) finds failures."),
        ("What is the loss function?", "The quadratic loss function is L = k(y - m)^2."),
        ("最小カットセットとは何ですか", "一つでも除くと起きなくなるものを、最小カットセットという。"),
        ("SN比とは", "理想からのずれを一つの数で表すのが動特性のSN比である。"),
        ("複合キーとは", "連結して一つの値とする設計を、ここでは複合キーやコンポジットキーと呼ぶ。"),
        ("What is the unit space?", "The homogeneous group is called the unit space."),
        ("Define robustness.", "Robustness: little change under noise"),
    ],
)
def test_a_meaning_that_is_asked_for_is_found_where_a_sentence_begins_with_the_term(question: str, text: str) -> None:
    meaning = meaning_of(question)
    assert meaning is not None
    assert meaning.said_in(text)


@pytest.mark.parametrize(
    "question",
    [
        "出張とはどこまでですか",
        "納期はいつですか",
        "How is the SN ratio computed?",
        "日当",
        "",
        "とは何ですか",
        "Who is it?",
    ],
)
def test_other_questions_ask_for_no_meaning(question: str) -> None:
    assert meaning_of(question) is None


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("SN比とは何ですか", "各条件のSN比は次の表による。"),
        ("SN比とは何ですか", "SN比の高い水準を選ぶ。"),
        ("SN比とは何ですか", "品質をSN比で表すという考えに立つ。"),
        ("SN比とは何ですか", "各条件のSN比を求めるという。"),
        ("感度とは何ですか", "感度係数は、出力の変化を表す。"),
        ("What is an SN ratio?", "We compute the SN ratio, which is large."),
        ("What is a factor?", "Factors of the outer array are noise."),
    ],
)
def test_a_text_that_merely_speaks_of_the_term_does_not_say_its_meaning(question: str, text: str) -> None:
    meaning = meaning_of(question)
    assert meaning is not None
    assert not meaning.said_in(text)


def test_a_heading_that_is_the_term_or_its_plural_leads_to_the_meaning() -> None:
    for question, heading in (
        ("What is a rational subgroup?", "Rational subgroups"),
        ("単位空間とは", "2.1 単位空間とは"),
    ):
        meaning = meaning_of(question)
        assert meaning is not None
        assert meaning.heads(heading)
        assert not meaning.heads("After the subgroups")


@given(st.text(max_size=60), st.text(max_size=200))
def test_any_question_and_any_text_are_looked_at_without_an_error(question: str, text: str) -> None:
    for asked in (question, f"{question}とは何ですか", f"What is {question}?"):
        meaning = meaning_of(asked)
        assert meaning is None or {meaning.said_in(text), meaning.heads(text)} <= {True, False}
