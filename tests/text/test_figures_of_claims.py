"""Figures of a claim in the texts that it rests on: what is the same amount in another form, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.text.figures import figures_stand

STANDS = {
    "an elided unit": ("Ten minutes? No, 18 minutes.", "Cooling: ten minutes for walls up to 8 mm, 18 above."),
    "the unit of a header": ("82kgです。", "型式 | 出力kW | 質量kg\nAC-22 | 2.2 | 82"),
    "the end of a range": ("It takes 15 to 30 minutes.", "Arrange short (15-30 minute) meetings."),
    "a year": ("1969年に授与されました。", "The medals were awarded in 1969, then to the crews."),
    "a date with its era": ("Since November 1974.", "この墓は、1974年(昭和49年)11月1日に史跡となった。"),
    "a month by numbers": ("2017年10月の講演です。", "opening keynote address - 10/2017"),
    "half in words": ("補助は50%です。", "移動時間は半額で計上する。"),
    "half a year": ("After six months.", "測定は半年ごとに行う。"),
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
    "a longer number": ("It costs $20.", "It costs $200, or $20,000 with all parts."),
    "a longer unit": ("It is 5 m long.", "It is 5 mm long, in all 2 m."),
    "a Japanese number before it": ("5,000円です。", "料金は1万5,000円です。"),
    "below zero": ("5°Cです。", "保管は-5°Cで行う。"),
    "another thing that is counted": ("定員は20人です。", "研修は20分、定員は30人です。"),
    "people are no pieces": ("10人です。", "検査は10件、担当は2人です。"),
    "a label": ("3回です。", "第3条 手続は1回とする。"),
    "a code": ("12 people work there.", "Form F-12 is for 7 people."),
    "the header's other unit": ("82gです。", "型式 | 質量kg\nAC-22 | 82"),
    "another unit of time": ("15 hours.", "Arrange short (15-30 minute) meetings."),
    "a unit inside a word": ("負担は20%です。", "役割は20人で分担する。"),
    "one year": ("The warranty lasts one year.", "The warranty lasts two years."),
    "not by oneself": ("1人で作業できます。", "作業は2人で行う。"),
    "another denominator": ("1日につき3,000円です。", "1か月につき3,000円を支給する。"),
    "a quarter of a year": ("Every six months.", "四半期ごとに点検する。"),
    "a part of a fraction": ("5割です。", "12分の1を控除する。"),
    "half a day": ("You get 50%.", "A half-day off, or half an hour."),
    "half as the other limit": ("At least 50%.", "At most half of the fee."),
    "another version": ("It is in section 3.10.", "It is in section 3.1."),
    "another form's number": ("Use F-007.", "Use F-17 for 7 days."),
    "a crowd in a year": ("1952人です。", "1952年に始まった。"),
    "a limit that prose does not set": ("At least 3 people.", "There are 3 people."),
}


@pytest.mark.parametrize("case", STANDS)
def test_the_same_amount_in_another_form_stands(case: str) -> None:
    claim, text = STANDS[case]
    assert figures_stand(claim, [text])


def test_a_row_may_leave_out_that_a_figure_is_a_limit() -> None:
    claim, row = "120 yen, for up to 200 points.", "育児用品 | 120円 | 200点"
    assert figures_stand(claim, [row], limits=True)
    assert not figures_stand(claim, [row])


@pytest.mark.parametrize("case", DOES_NOT)
def test_another_amount_does_not(case: str) -> None:
    claim, text = DOES_NOT[case]
    assert not figures_stand(claim, [text])


UNITS = ("円", " dollars", "日", " hours", "kg", "%", "人", "mm")


@given(
    st.integers(2, 9_999),
    st.sampled_from(UNITS),
    st.sampled_from(UNITS),
    st.sampled_from(("", "In all: ", "料金は", "(a) ")),
    st.sampled_from(("", " in all", "とする", " (see F-12)")),
)
def test_a_figure_stands_in_its_own_sentence_and_no_other_does(
    number: int, unit: str, other: str, before: str, after: str
) -> None:
    """Whatever stands around it, also with commas; not ten times as much, not a longer number, not another unit's."""
    text = f"{before}{number:,}{unit}{after}"
    assert figures_stand(f"{number}{unit}", [text])
    for false in (10 * number, 10 * number + 1, 2 * number):
        if false != 12:  # the form's number
            assert not figures_stand(f"{false}{unit}", [text])
    if other != unit:
        assert not figures_stand(f"{number}{other}", [text]), other
