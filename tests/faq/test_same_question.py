"""Which questions may share an approved answer: wordings of one question, and nothing that differs in content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.answer.same_question import SIMILAR, compared, question_key, similarity
from qeu_rag.text.terms import Analyzer

ANALYZER = Analyzer()


def near(one: str, other: str) -> float:
    return similarity(compared(one, ANALYZER.word_terms), compared(other, ANALYZER.word_terms))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("提案書の有効期限は何日ですか", "提案書の有効期限は、何日でしょうか？"),
        ("提案書の有効期限は何日ですか", "提案書の有効期限は 何日ですか。"),
        ("サーバーの更新手順", "サーバの更新手順を教えてください"),
        ("How long are measurement records kept?", "For how long are the measurement records kept"),
        ("Please tell me how long records are kept.", "How long are records kept?"),
        ("ＦＭＥＡは誰が行いますか", "FMEAは誰が行いますか?"),
        ("Is 1,000 hours enough?", "Is 1000 hours enough?"),
    ],
)
def test_the_same_question(one: str, other: str) -> None:
    assert near(one, other) >= SIMILAR


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How long are records kept for aerospace clients?", "How long are records kept for automotive clients?"),
        ("How long are records kept for aerospace clients?", "How long are records kept?"),
        ("Is a 3 dB gain enough?", "Is a 6 dB gain enough?"),
        ("Is 10⁶ enough?", "Is 106 enough?"),
        ("Is 1.5 mm enough?", "Is 15 mm enough?"),
        ("What must be reported?", "What must not be reported?"),
        ("Can it be done with approval?", "Can it be done without approval?"),
        ("May I submit it late?", "Must I submit it late?"),
        ("In some countries, who signs?", "In all countries, who signs?"),
        ("Who audits suppliers?", "Who do suppliers audit?"),
        ("When is the audit?", "Where is the audit?"),
        ("What is IT?", "What is it?"),
        ("How do I convert inches to mm?", "How do I convert mm to inches?"),
        ("申請が必要なものは何ですか", "申請が不要なものは何ですか"),
        ("返金できるのはいつですか", "返金できないのはいつですか"),
        ("返金するのはいつですか", "返金できるのはいつですか"),
        ("監査する会社はどこですか", "監査される会社はどこですか"),
        ("三日前の連絡先はどこですか", "五日前の連絡先はどこですか"),
        ("AがBを監査するのはいつですか", "AをBが監査するのはいつですか"),
        ("10日以上休むときの手続きは?", "10日以下休むときの手続きは?"),
        ("提案書の期限はいつですか", "When is the deadline of proposals?"),
        ("Cとは何ですか", "C++とは何ですか"),
    ],
)
def test_another_question(one: str, other: str) -> None:
    assert near(one, other) < SIMILAR
    assert near(other, one) < SIMILAR


@given(st.text(max_size=60), st.text(max_size=60))
def test_nearness_is_of_both_and_greatest_with_oneself(one: str, other: str) -> None:
    assert near(one, one) == 1.0
    assert 0 <= near(one, other) <= 1
    assert (near(one, other) >= SIMILAR) == (near(other, one) >= SIMILAR) or 0 < near(other, one) < 1


@given(st.text(max_size=80))
def test_a_key_is_its_own_key(text: str) -> None:
    assert question_key(question_key(text)) in (question_key(text), question_key(question_key(question_key(text))))
