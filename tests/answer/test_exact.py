"""The codes and dates of a question that a passage does not say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from found import chunk_of, scored
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.answer.exact import asks_for_empty_cell, lacking
from qeu_rag.answer.gate import shipped


@pytest.mark.parametrize(
    ("question", "text", "said"),
    [
        ("What was the cause of complaint K-204?", "The cause of complaint K-207 was the mould.", ("K-204",)),
        ("Which lots does lot 7720 belong to?", "Lots 7728 to 7735 are affected.", ("lot 7720",)),
        ("L18の特徴は?", "L9 は因子が四つまでのときに使う。", ("L18",)),
        ("第5条の内容は", "第3条 対象者は社員とする。", ("第5条",)),
        ("2月の苦情は何件でしたか", "1月の苦情は7件で、前月の11件から減った。", ("2月",)),
        ("How many complaints came in February?", "In January there were seven complaints.", ("February",)),
        ("K-204とK-205の原因は", "K-205の原因は型である。", ("K-204",)),
    ],
)
def test_another_one_than_is_asked_about(question: str, text: str, said: tuple[str, ...]) -> None:
    assert tuple(word.removeprefix("in ") for word in lacking(question, chunk_of(text))) == said


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What was the cause of complaint K-204?", "Complaint K204: the mould was too hot."),
        ("How does COVID-19 spread?", "COVID spreads through droplets."),
        ("2月の苦情は何件でしたか", "苦情は1月から3月までで21件だった。"),
        ("2月の会議はいつですか", "会議は第一月曜に開く。"),
        ("Which holidays are in December?", "The office is closed between 25 and 31 December."),
        ("What is 5S?", "Sort, set in order, shine, standardise, sustain."),
        ("How many days does an audit take?", "It takes 2 days."),
        ("社用車の洗車の手順は?", "社用車の予約は次のとおり。"),  # a thing is no code: the vectors tell it
        ("", "It takes 2 days."),
    ],
)
def test_the_one_that_is_asked_about(question: str, text: str) -> None:
    assert lacking(question, chunk_of(text)) == ()


def test_the_code_may_stand_elsewhere_in_the_document() -> None:
    question, text = "When will the parts for K-204 arrive?", "The parts arrive on 6 March."
    assert lacking(question, chunk_of(text)) == ("K-204",)
    assert lacking(question, chunk_of(text, title="Complaint K-204", headings=("Complaint K-204",))) == ()
    assert lacking(question, chunk_of(text), [chunk_of("We thank you for complaint K-204.")]) == ()
    assert lacking(question, chunk_of(text), [chunk_of("Complaint K-204.", document="another")]) == ("K-204",)


@given(st.text(max_size=80))
def test_what_says_the_whole_question_lacks_nothing_of_it(question: str) -> None:
    assert lacking(question, chunk_of(question)) == ()


@given(
    st.text(alphabet="K-204 L1月日年第条2月.ab", max_size=40), st.text(alphabet="K-204 L1月日年第条2月.ab", max_size=40)
)
def test_what_is_lacking_is_of_the_question(question: str, text: str) -> None:
    found = lacking(question, chunk_of(text))
    assert len(set(found)) == len(found)
    assert all("".join(word.split()) in "".join(question.split()) for word in found)


PRICES = (
    "| 品目 | 単価 | 数量 | 金額 |\n| --- | --- | --- | --- |\n| 治具A | 12000 | 3 |  |\n| 治具B | 8000 | 5 | 40000 |"
)


@pytest.mark.parametrize(
    ("question", "unit", "empty"),
    [
        ("治具Aの金額はいくらですか", 0, True),
        ("治具Aの単価はいくらですか", 0, False),
        ("治具Aの単価と金額は", 0, False),  # one of them is there
        ("治具Bの金額はいくらですか", 1, False),
        ("金額はいくらですか", 0, False),  # no row is named
        ("治具Aはいくらですか", 0, False),
    ],
)
def test_a_cell_that_is_asked_for_and_empty(question: str, unit: int, empty: bool) -> None:
    best = replace(scored(chunk_of(PRICES)), unit=unit)
    assert asks_for_empty_cell(question, best) is empty
    if empty:
        assert shipped("logistic").judge(question, [best], likely=0.0).reason == "weak_evidence"


def test_a_sentence_has_no_cells() -> None:
    assert not asks_for_empty_cell("治具Aの金額は", scored(chunk_of("治具Aの金額は別に定める。")))
