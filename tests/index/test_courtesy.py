"""Greetings, thanks and self-introductions are not what is asked; what the question says stays."""

from __future__ import annotations

import pytest

from qeu_rag.index.analyze import Analyzer

ANALYZER = Analyzer()


@pytest.mark.parametrize(
    ("polite", "plain"),
    [
        ("お手数ですが、結婚祝金の金額を教えていただけますか。", "結婚祝金の金額"),
        ("営業部の山田です。在宅勤務手当の金額をお教えください。", "在宅勤務手当の金額"),
        (
            "お世話になっております。先日ご相談した件ですが、試料の返却の費用もお知らせいただけますと幸いです。",
            "試料の返却の費用",
        ),
        ("Hi team, could you please tell me the password length? Thanks in advance!", "the password length"),
    ],
)
def test_politeness_changes_nothing(polite: str, plain: str) -> None:
    assert ANALYZER.question_terms(polite) == ANALYZER.question_terms(plain)


@pytest.mark.parametrize("question", ["試用期間は3か月です。延長はできますか", "提案書の期限は60日です。延ばせますか"])
def test_what_a_first_sentence_tells_stays(question: str) -> None:
    assert set(ANALYZER.question_terms(question.partition("。")[0])) <= set(ANALYZER.question_terms(question))


def test_mail_is_one_word_in_all_its_spellings() -> None:
    spellings = [ANALYZER.word_terms(word) for word in ("e-mail", "E-Mail", "email")]
    assert spellings == [["email"]] * 3
