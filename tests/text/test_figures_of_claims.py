"""Figures of a claim in the texts that it rests on: what is the same amount in another form, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.text.figures import figures_stand
from qeu_rag.text.values import values

STANDS = {
    "an elided unit": ("Ten minutes? No, 18 minutes.", "Cooling: ten minutes for walls up to 8 mm, 18 above."),
    "the unit of a header": ("82kgです。", "型式 | 出力kW | 質量kg\nAC-22 | 2.2 | 82"),
    "the end of a range": ("It takes 15 to 30 minutes.", "Arrange short (15-30 minute) meetings."),
    "a year": ("1969年に授与されました。", "The medals were awarded in 1969, then to the crews."),
    "a date with its era": ("Since November 1974.", "この墓は、1974年(昭和49年)11月1日に史跡となった。"),
    "a month by numbers": ("2017年10月の講演です。", "opening keynote address - 10/2017"),
    "half in words": ("補助は50%です。", "移動時間は半額で計上する。"),
    "half a year": ("After six months.", "測定は半年ごとに行う。"),
    "a limit without its word": ("120 yen, for up to 200 points.", "育児用品 | 120円 | 200点"),
    "a pronoun": ("One may be written, but it is optional.", "He may also write a blog post."),
    "another time": ("もう一度入れてください。", "裏返して入れ直す。"),
    "by oneself": ("一人で使ってかまいません。", "判定:単独作業可。"),
    "a denominator": ("休日は1日につき8時間です。", "you will receive 8 hours for a holiday"),
    "a limit in Japanese": ("Up to 13 months.", "保存期間は最長13か月です。"),
    "a limit by nothing": ("5kgまでです。", "Pregnant workers lift nothing above 5 kg."),
    "thousands": ("16,000円です。", "職位 | 1時間(円)\nアソシエイト | 16000"),
    "to the letter": (
        "庶務に実費の四百円を納めます。",
        "鍵を失ひたる者は、実費四百円を納め、庶務より再交付を受くること。",
    ),
}
DOES_NOT = {
    "another number": ("It takes 12 weeks.", "It takes 14 weeks."),
    "another unit": ("霜取りは最長20秒です。", "It defrosts itself for up to 20 minutes; a beep of 5 seconds follows."),
    "another unit nearby": ("2か月以内に回答します。", "受付日から2週間以内に回答する。1か月後に確認する。"),
    "working days": ("Within five days.", "Within five working days."),
    "the other limit": ("At least 20 litres.", "Storage: at most 20 litres at the workplace."),
    "the other edge": ("From 5 May.", "Until 5 May."),
    "another code": ("Use form F-12.", "Use form F-21."),
    "only one": ("1つだけです。", "口座は2つまで指定できます。"),
    "a part of a number": ("It costs 200 yen.", "It costs 1,200 yen."),
}


@pytest.mark.parametrize("case", STANDS)
def test_the_same_amount_in_another_form_stands(case: str) -> None:
    claim, text = STANDS[case]
    assert figures_stand(claim, [text])


@pytest.mark.parametrize("case", DOES_NOT)
def test_another_amount_does_not(case: str) -> None:
    claim, text = DOES_NOT[case]
    assert not figures_stand(claim, [text])


@given(
    st.integers(2, 99_999),
    st.sampled_from(["円", " yen", "日", " days", "kg", "%"]),
    st.text("abc 、。あい", max_size=20),
)
def test_a_figure_stands_in_its_own_sentence_and_its_double_does_not(number: int, unit: str, around: str) -> None:
    """Whatever stands around it, also with commas."""
    text = f"{around} {number:,}{unit} {around}"
    assert figures_stand(f"{number}{unit}", [text])
    if values(f"{2 * number}{unit}"):
        assert not figures_stand(f"{2 * number}{unit}", [text])
