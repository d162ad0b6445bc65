"""Words of a question that stand nowhere in a collection, in no form, and words that stand there but never together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.index.glossary import Glossary
from qeu_rag.index.lexical import LexicalIndex, LexicalItem
from qeu_rag.index.standing import Standing
from qeu_rag.index.word_forms import alike, beginnings, family, root

ITEMS = {
    "flights": (
        "Travel",
        "No more than three people of one project team take the same flight. Frequent flyers gain nothing.",
    ),
    "staff": (
        "Staff",
        "Employment ends at 65. The insurer pays after ten days. Czerniaków is near. The colour is blue.",
    ),
    "tools": ("Tools", "Stop the watch before you calibrate the gauge. The email address stands on the door."),
    "car": ("交通手段", "レンタカーは小型車とし、免責補償に必ず加入する。"),
    "post": ("機材の送付", "保険金額は30万円とする。ノギスは宅配便で送り、申込書を添える。"),
    "server": ("IT", "サーバーの見積もりは打ち合わせで決める。営業時間は9時からとする。"),
    "leave": ("休み", "年休は二十日とする。"),
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    made = LexicalIndex.create(tmp_path_factory.mktemp("standing") / "lexical")
    made.add(LexicalItem(id=key, title_text=title, body_text=body) for key, (title, body) in ITEMS.items())
    made.commit()
    return made


def everything(term: str) -> float:
    return 1.0


def test_a_word_in_another_form_is_not_missing(index: LexicalIndex) -> None:
    for question in (
        "Who may fly?",
        "Is an employee insured?",
        "What is the calibration of the gauges?",
        "Which employers insure?",
        "Where is Czerniakow?",
        "What color is it?",
        "Where is the stopwatch?",
        "What is the e-mail address?",
        "保険はありますか",
        "サーバの見積はいつ決めますか",
        "営業の時間は",
    ):
        assert index.standing(question, everything).missing == (), question


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("How do I reset my VPN password?", ("reset", "VPN", "password")),
        ("Does the insurer pay the CEO?", ("CEO",)),
        ("Wi-Fiのパスワードは?", ("Wi-Fi", "パスワード")),
        ("社員食堂の営業時間は?", ("社員食堂",)),
        ("保険の創業者は誰ですか", ("創業者",)),
        ("育児休業はいつまで取れますか", ("育児休業",)),
        ("パートタイマーの営業時間は", ("パートタイマー",)),
    ],
)
def test_words_that_stand_nowhere(index: LexicalIndex, question: str, missing: tuple[str, ...]) -> None:
    assert index.standing(question, everything) == Standing(missing=missing)


@pytest.mark.parametrize(
    ("question", "apart"),
    [
        ("レンタカーの保険には入りますか", ("レンタカー", "保険")),
        ("Who calibrates the colour?", ("calibrates", "colour")),
        ("Do employments end after a flight?", ("employments", "flight")),
    ],
)
def test_words_that_stand_apart(index: LexicalIndex, question: str, apart: tuple[str, ...]) -> None:
    assert index.standing(question, everything) == Standing(apart=apart)


def test_words_that_stand_together_or_tell_nothing_are_not_named(index: LexicalIndex) -> None:
    assert index.standing("ノギスの宅配便", everything) == Standing()
    assert index.standing("Mongolia", lambda term: 0.0) == Standing()
    assert index.standing("", everything) == Standing()


def test_a_synonym_of_the_glossary_is_not_missing(index: LexicalIndex) -> None:
    question = "有給休暇は何日ですか"
    assert index.standing(question, everything).missing == ("有給休暇",)
    glossary = Glossary.make([("有給休暇", "年休")], index._analyzer)
    assert index.standing(question, everything, index.concepts(question, glossary)).missing == ()


@given(st.text(max_size=40))
def test_any_question_gets_words_of_its_own(index: LexicalIndex, question: str) -> None:
    found = index.standing(question, everything)
    assert not (found.missing and found.apart)
    assert len(found.missing) <= 3
    folded = index._analyzer.sequence(question)[0]
    assert all(word in folded for word in (*found.missing, *found.apart))


def test_forms_of_english_words() -> None:
    assert "flight" in family("fly")
    assert family("audit") == frozenset()
    for one, other in (
        ("employees", "employment"),
        ("colour", "color"),
        ("organise", "organization"),
        ("centre", "centers"),
        ("catalogue", "catalog"),
        ("insured", "insurance"),
        ("statistician", "statistics"),
        ("approve", "approval"),
        ("brühl", "bruhl"),
    ):
        assert alike(one, other), (one, other)
        assert alike(other, one) or other.startswith(one)
        assert any(other.startswith(start) for start in beginnings(one)), (one, other)
    for one, other in (("hour", "form"), ("vpn", "van"), ("mongolia", "mongoose"), ("cat", "category")):
        assert not alike(one, other), (one, other)


@given(st.from_regex(r"[a-z]{1,20}", fullmatch=True))
def test_a_root_is_never_empty_and_a_word_is_alike_to_itself(word: str) -> None:
    assert root(word)
    assert alike(word, word)
