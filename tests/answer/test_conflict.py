"""Sentences that differ in a number, a unit, a date or a negation; and those that only look as if they did."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag.answer.conflict import Conflict, conflicts, differs
from qeu_rag.text.negation import negated
from qeu_rag.text.terms import Analyzer
from qeu_rag.text.values import values

TERMS = Analyzer().evidence_terms

DIFFERENT = [
    (
        "Major findings must be answered within ten working days.",
        "Major findings must be answered within 15 working days.",
        "number",
    ),
    ("The validity of a quotation is 60 days.", "A quotation has a validity of 90 days.", "number"),
    (
        "The allowance for travel abroad is 8,000 yen a day.",
        "The allowance for travel abroad is 9,000 yen a day.",
        "number",
    ),
    ("The bore tolerance is 5 mm.", "The bore tolerance is 5 cm.", "unit"),
    ("Findings are answered within 5 days.", "Findings are answered within 5 working days.", "unit"),
    ("The deposit for samples is 500 USD.", "The deposit for samples is 500 EUR.", "unit"),
    ("The new rule applies from 1 April 2024.", "The new rule applies from April 1, 2025.", "date"),
    ("The audit report is due on 30 June.", "The audit report is due on 15 July.", "date"),
    ("Visitors must not take photographs in the plant.", "Visitors may take photographs in the plant.", "negation"),
    ("Paper forms are no longer accepted by accounting.", "Paper forms are accepted by accounting.", "negation"),
    ("The gauge is never cleaned with alcohol.", "The gauge is cleaned with alcohol.", "negation"),
    ("The share of defects must stay below 2 percent.", "The share of defects must stay below 3%.", "number"),
    ("Three signatures are needed for a purchase order.", "Two signatures are needed for a purchase order.", "number"),
    ("The office opens at 9:00.", "The office opens at 8:30 a.m.", "number"),
    ("国内出張の日当は3,000円とする。", "国内出張の日当は３５００円です。", "number"),
    ("見積書の有効期限は60日とする。", "見積書の有効期限は三十日である。", "number"),
    ("クレームは受付から5営業日以内に回答する。", "クレームは受付から10営業日以内に回答すること。", "number"),
    ("クレームには5日以内に回答する。", "クレームには5営業日以内に回答する。", "unit"),
    ("軸径の公差は5mmとする。", "軸径の公差は5cmとする。", "unit"),
    ("新しい規程は2024年4月1日から適用する。", "新しい規程は令和7年4月1日から適用する。", "date"),
    ("報告書の提出期限は6月30日です。", "報告書の提出期限は7月15日です。", "date"),
    ("工場内での写真撮影は禁止する。", "工場内での写真撮影はできる。", "negation"),
    ("工程内で再測定を行ってはならない。", "工程内で再測定を行う。", "negation"),
    ("在宅勤務には事前の申請が必要である。", "在宅勤務には事前の申請は不要である。", "negation"),
    ("仮払いの上限は10万円とする。", "仮払いの上限は50,000円とする。", "number"),
    ("校正は年2回実施する。", "校正は年1回実施する。", "number"),
    ("年次の内部監査は毎年9月に実施する。", "年次の内部監査は毎年11月に行う。", "date"),
    (
        "The annual audit of the plant takes place in March.",
        "The annual audit of the plant takes place in June.",
        "date",
    ),
    ("測定室の温度は20±1℃に保つ。", "測定室の温度は20±2℃の範囲とする。", "number"),
    ("The burr at the edge is 3.2 mm high.", "The burr at the edge is 3.0 mm high at most.", "number"),
    ("端面のばりの高さは0.4mmである。", "端面のばりの高さは0.3mm以下とする。", "number"),
    (
        "Unused days may not be carried over to the next year.",
        "Up to 5 unused days may be carried over to the next year and must be taken by 31 March.",
        "negation",
    ),
    ("Samples may not be returned to the client.", "Up to 3 opened samples may be returned to the client.", "negation"),
    ("未使用の休暇は翌年に繰り越せない。", "未使用の休暇は5日まで翌年に繰り越せる。", "negation"),
    ("残った年休は翌年度に繰り越しできません。", "残った年休は5日まで翌年度に繰り越しできます。", "negation"),
]

ALIKE = [
    ("SN比 η = 10 log10( (1/(2r)) (Sβ − Ve) / VN )", "SN比 η = (1/r)(Sβ − Ve) / Ve。ただし負なら η = 0 とする。"),
    ("The loss is L = 5 (y - m)^2.", "The loss is L = 3 (y - m)^2."),
    ("Major findings must be answered within ten working days.", "Major findings must be answered within 10 business days."),
    ("The bore tolerance is 25 mm.", "The bore tolerance is 2.5 cm."),
    ("The new rule applies from 1 April 2024.", "The new rule applies from April 1, 2024."),
    ("The new rule applies from 1 April 2024.", "The new rule applies from 2024-04-01."),
    ("Taking photographs in the plant is prohibited.", "Taking photographs in the plant is not allowed."),
    ("Findings are answered no later than 5 days after the audit.", "Findings are answered within 5 days after the audit."),
    ("The allowance for domestic travel is 3,000 yen.", "The allowance for travel abroad is 8,000 yen."),
    ("Major findings are answered within ten days.", "Minor findings are answered within thirty days."),
    ("The limit for managers is 50,000 yen.", "The limit for drivers is 20,000 yen."),
    ("The L9 array holds 4 factors.", "The L18 array holds 8 factors."),
    ("The trial takes 14 days.", "The trial takes two weeks."),
    ("The office opens at 9:00.", "The office closes at 18:00."),
    ("The quotation is valid for 60 days.", "The invoice is paid within 30 days of receipt by the customer."),
    ("Section 3 treats the audit of suppliers.", "Section 4 treats the audit of suppliers."),
    ("国内出張の日当は3,000円とする。", "国内出張の日当は３千円です。"),
    ("国内出張の日当は3,000円とする。", "海外出張の日当は8,000円とする。"),
    ("新しい規程は2024年4月1日から適用する。", "新しい規程は令和6年4月1日から適用する。"),
    ("新しい規程は2024年4月1日から適用する。", "新しい規程は2024年4月から適用する。"),
    ("仮払いの上限は10万円とする。", "仮払いの上限は100,000円とする。"),
    ("クレームは5営業日以内に回答する。", "クレームは１週間以内に回答する。"),
    ("申請は上長の承認を得なければならない。", "申請は上長の承認を得る。"),
    ("工場内での写真撮影は禁止する。", "工場内での写真撮影はできません。"),
    ("平日の残業の割増率は25%である。", "休日の残業の割増率は35%である。"),
    ("重大な不適合は10日以内に回答する。", "軽微な不適合は30日以内に回答する。"),
    ("第3条の規定は監査に適用する。", "第4条の規定は監査に適用する。"),
    ("改定日：2023年4月1日", "改定日：2024年4月1日"),
    ("校正は年2回実施する。", "校正は年に二回実施する。"),
    ("The burr at the edge is 2.9 mm high.", "The burr at the edge is 3.0 mm high at most."),
    ("端面のばりの高さは0.2mmである。", "端面のばりの高さは0.3mm以下とする。"),
    ("推定利得と確認利得の差は 1.5 dB で、再現した。", "推定利得と確認利得の差が±3 dB以内なら再現したと見る。"),
    ("歩留まりの目標は95%である。", "歩留まりは九割五分を目標とする。"),
    ("These steps hold for Android 14.", "These steps hold for Android 16."),
    ("画面の上で2本指を上へ動かす。", "画面の上で3本指を上へ動かす。"),
    ("Use hand cream with soap, if water is not at hand.", "Use hand cream with soap and water."),
    ("担当者が不在でないことを確認してから電話する。", "担当者が不在であることを確認してから電話する。"),
    ("The ticket is paid for by the house -- no card is needed.", "The ticket is paid for by the house."),
    ("Up to 5 unused days may be carried over to the next year.",
     "More than 5 unused days may not be carried over to the next year."),
    ("Up to 5 unused days may be carried over to the next year.", "Other unused days may not be carried over to the next year."),
    ("Unused days may be carried over to the next year.",
     "Unused days may be carried over to the next year but may not be paid out."),
    ("未使用の休暇は5日まで翌年に繰り越せる。", "5日を超える未使用の休暇は翌年に繰り越せない。"),
    ("在宅勤務の場所は自宅とする。", "在宅勤務の場所は自宅以外は認めない。"),
    ("A room may be booked for 3 days.", "A room may not be booked twice."),
    ("承認者がいない場合は課長が署名する。", "承認者がいる場合は課長が署名する。"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second", "kind"), DIFFERENT)
def test_what_differs(first: str, second: str, kind: str) -> None:
    found = differs(first, second, TERMS)
    assert found is not None
    assert found.kind == kind
    back = differs(second, first, TERMS)
    assert back is not None
    assert (back.kind, back.values) == (kind, found.values[::-1])


@pytest.mark.parametrize(("first", "second"), ALIKE)
def test_what_does_not(first: str, second: str) -> None:
    assert differs(first, second, TERMS) is None
    assert differs(second, first, TERMS) is None


def test_passages_give_the_pair_of_sentences() -> None:
    old = "## 旅費\n\n旅費は実費とする。国内出張の日当は3,000円とする。\n"
    new = "国内出張の日当は3,500円とする。旅費は実費とする。宿泊費は別に定める。"
    (found,) = conflicts(old, new, TERMS)
    assert found == Conflict(
        kind="number",
        first="国内出張の日当は3,000円とする。",
        second="国内出張の日当は3,500円とする。",
        values=("3,000円", "3,500円"),
        alike=1.0,
    )


def test_sentences_below_a_caption_are_compared_one_by_one() -> None:
    letter = "■在宅勤務\n在宅勤務は週2日を上限とする。手当は1日につき150円とする。\n\n◆ 訓練\n9月1日に訓練をします。"
    (found,) = conflicts("在宅勤務は週3日を上限とする。", letter, TERMS)
    assert (found.second, found.values) == ("在宅勤務は週2日を上限とする。", ("3日", "2日"))


def test_headings_say_what_short_sentences_are_about() -> None:
    one, other = "日当は3,000円とする。", "日当は8,000円とする。"
    assert conflicts(one, other, TERMS, first_context="旅費規程 › 国内出張", second_context="旅費規程 › 海外出張") == ()
    assert conflicts(one, other, TERMS, first_context="旅費規程", second_context="旅費規程（改定案）")


def test_rows_are_compared_by_their_first_cell() -> None:
    first = "| 等級 | 日当 |\n| --- | --- |\n| A | 3,000円 |\n| B | 2,000円 |"
    second = "| 等級 | 日当 |\n| --- | --- |\n| A | 3,000円 |\n| B | 2,500円 |"
    assert [c.values for c in conflicts(first, second, TERMS, first_context="日当", second_context="日当")] == [
        ("2,000円", "2,500円")
    ]


@pytest.mark.parametrize(
    ("text", "measure", "size"),
    [
        ("１０％", "share", (10.0,)),
        ("1億2000万円", "yen", (120_000_000.0,)),
        ("3万5000円", "yen", (35_000.0,)),
        ("¥12,000", "yen", (12_000.0,)),
        ("30,000 JPY", "yen", (30_000.0,)),
        ("令和6年4月1日", "date", (2024.0, 4.0, 1.0)),
        ("平成元年", "date", (1989.0, 0.0, 0.0)),
        ("the 3rd of May 2021", "date", (2021.0, 5.0, 3.0)),
        ("午後5時30分", "clock", (1050.0,)),
        ("5:30 p.m.", "clock", (1050.0,)),
        ("二十四時間", "duration", (1.0,)),
        ("half-past, in twelve months", "duration", (364.8,)),
        ("0.5 µm", "length", (0.0005,)),
    ],
)
def test_values_of_both_languages(text: str, measure: str, size: tuple[float, ...]) -> None:
    (value,) = values(text)
    assert value.measure == measure
    assert value.size == pytest.approx(size)


@pytest.mark.parametrize("text", ["Table 3", "L18", "ISO 9001", "第2条", "図4", "F-20", "Section 4.2"])
def test_labels_are_no_values(text: str) -> None:
    assert values(text) == ()


@pytest.mark.parametrize(
    "text", ["提出しなければならない", "3日を超えない", "not only the plant", "少ない", "かもしれません"]
)
def test_what_affirms_is_no_negation(text: str) -> None:
    assert not negated(text)


@settings(deadline=None, max_examples=80)
@given(st.text(alphabet="0123456789０９一十百万億円日月年時分:.,/-¥%mc ない not第表。", max_size=40))
def test_any_text_is_read_and_agrees_with_itself(text: str) -> None:
    found = values(text)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    assert conflicts(text, text, TERMS) == ()
