"""What kind of thing is asked for, and whether a sentence holds one."""

from __future__ import annotations

import pytest

from qeu_rag.answer.gate.kind import holds_kind


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("在宅勤務手当はいくらですか", "在宅勤務手当は1日につき200円とする。"),
        ("試料の返却の料金は", "試料は無料で返却する。"),
        ("健康診断はいつですか", "健康診断は毎年6月に行う。"),
        ("How long are backups kept?", "Backups are held for 35 days."),
        ("How much does a first consultation cost?", "The first consultation is free of charge."),
        ("誰が承認しますか", "課長が承認する。"),
        ("Who signs the certificate?", "Certificates are signed by the quality manager."),
        ("How many samples are taken?", "Thirty-two pieces; a single one fails the lot."),
        ("What does incident mean?", "An incident is an event that could harm."),  # of no kind
        ("ラオスの国民議会の議席数はいくらか", "議席は149ある。"),
    ],
)
def test_a_sentence_of_the_kind(question: str, text: str) -> None:
    assert holds_kind(question, text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How much does the canteen lunch cost?", "The canteen serves lunch at noon, and coffee is good."),
        ("塩水噴霧試験の料金はいくらですか", "塩水噴霧試験は受託している。"),
        ("健康診断はいつですか", "健康診断のような判定に使う。"),
        ("誰が承認しますか", "申請は承認を要する。"),
        ("How long does guest wifi last?", "Guests may use the wifi."),
    ],
)
def test_a_sentence_of_another_kind(question: str, text: str) -> None:
    assert not holds_kind(question, text)
