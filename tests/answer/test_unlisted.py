"""A table without the row that is asked for is not quoted; one that has it, in whatever words, is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag import KnowHow
from qeu_rag.answer.extract import Piece
from qeu_rag.answer.unlisted import Unlisted, unlisted
from qeu_rag.index.analyze import Analyzer
from qeu_rag.types import Chunk, Span

ANALYZER = Analyzer()
CAPTION = "国内出張の日当（円／日）。"
GRADES = (
    "| 役職 | 日帰り | 宿泊 |\n| --- | --- | --- |\n| アナリスト | 1200 | 2400 |\n"
    "| コンサルタント | 1500 | 2800 |\n| パートナー | 2600 | 4500 |"
)
RATES = (
    "| Grade | Standard rate | Abroad |\n| --- | --- | --- |\n| Analyst | 88000 | 105000 |\n"
    "| Consultant | 126000 | 150000 |\n| Partner | 318000 | 376000 |"
)


def chunk(text: str, *, heading: str, header: str = "") -> Chunk:
    return Chunk(
        id=text,
        document_id="d",
        source="a.xlsx",
        title=heading,
        headings=(heading,),
        text=text,
        span=Span(start=0, end=len(text)),
        lang="ja" if "の" in text else "en",
        header=header,
    )


def quoted(chunk: Chunk, quote: str) -> Piece:
    assert quote in chunk.text
    return Piece(marker=1, chunk=chunk, quote=quote, lines=(quote,))


def found(question: str, piece: Piece, *, kind: float = 0.45, subject: float = 0.0, row: str = "") -> Unlisted | None:
    """As if what is asked for were ``kind`` like every key, more so ``row``, and ``subject`` like the table's headings."""

    def likeness(asked: str, texts: Sequence[str]) -> list[float]:
        return [kind + (text == row) if text in KEYS else subject for text in texts]

    weights = dict.fromkeys(ANALYZER.question_terms(question), 3.0)
    return unlisted(question, piece, weights, ANALYZER.evidence_terms, likeness)


KEYS = "役職 アナリスト コンサルタント パートナー Grade Analyst Consultant Partner".split()
DAILY = chunk(f"{CAPTION}\n\n{GRADES}", heading="日当")
FEES = chunk(f"Day rates in JPY. One day is 7.5 hours.\n\n{RATES}", heading="Day rates")


@pytest.mark.parametrize("quote", [CAPTION, DAILY.text, "| アナリスト | 1200 | 2400 |"])
def test_a_grade_that_no_row_has(quote: str) -> None:
    lacking = found("部長の日当はいくらですか", quoted(DAILY, quote), row="パートナー")
    assert lacking is not None
    assert (lacking.said, lacking.listed, lacking.more) == (
        "部長",
        ("アナリスト", "コンサルタント", "パートナー"),
        False,
    )


@pytest.mark.parametrize(
    "question", ["What is the day rate of a Manager?", "How much is the day rate for an associate?"]
)
def test_a_grade_that_no_row_has_in_english(question: str) -> None:
    lacking = found(question, quoted(FEES, "Day rates in JPY."))
    assert lacking is not None
    assert lacking.said.lower() in question.lower()


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("パートナーの日当はいくらですか", "| パートナー | 2600 | 4500 |"),
        ("国内出張の日当はいくらですか", CAPTION),
        ("社員の日当はいくらですか", CAPTION),
        ("宿泊の日当はいくらですか", CAPTION),
        ("日当の一覧を部長の机に置くのはいつですか", CAPTION),
        ("日当はいくらですか", CAPTION),
    ],
)
def test_a_question_that_the_table_answers(question: str, quote: str) -> None:
    assert found(question, quoted(DAILY, quote)) is None


@pytest.mark.parametrize(
    "question",
    [
        "What is the day rate of a Partner?",
        "What is the day rate of partners abroad?",
        "What is the day rate for employees?",
        "What is the day rate in JPY?",
        "What is the tax of a Manager?",
    ],
)
def test_a_question_that_the_table_answers_in_english(question: str) -> None:
    assert found(question, quoted(FEES, "Day rates in JPY.")) is None


def test_what_may_be_meant_in_other_words_is_not_refused() -> None:
    question, caption, row = (
        "若手の日当はいくらですか",
        quoted(DAILY, CAPTION),
        quoted(DAILY, "| アナリスト | 1200 | 2400 |"),
    )
    assert found(question, caption) is not None
    assert found(question, caption, subject=0.5) is None
    assert found(question, row, row="パートナー") is not None
    assert found(question, row, row="アナリスト") is None


def test_what_is_of_another_kind_than_the_rows_is_not_refused() -> None:
    assert found("初日の日当はいくらですか", quoted(DAILY, CAPTION), kind=0.1) is None
    assert found("What is the day rate for a visit?", quoted(FEES, "Day rates in JPY."), kind=0.3) is None


def test_nothing_is_said_of_half_a_table() -> None:
    head, _, rest = GRADES.partition("\n| アナリスト")
    later = chunk(f"| アナリスト{rest}", heading="日当", header=head)
    assert found("部長の日当はいくらですか", quoted(later, later.text)) is None
    weights = dict.fromkeys(ANALYZER.question_terms("部長の日当"), 3.0)
    piece = quoted(DAILY, CAPTION)
    for following, refused in ((None, True), (later, False), (replace(later, header=""), True)):
        lacking = unlisted(
            "部長の日当",
            piece,
            weights,
            ANALYZER.evidence_terms,
            lambda asked, texts: [0.3] * len(texts),
            following=lambda chunk, after=following: after,
        )
        assert (lacking is not None) == refused


@given(st.text(max_size=30), st.text(alphabet="| \nあ部長の日当a-", max_size=80), st.integers(0, 80))
def test_what_is_refused_stands_in_the_question_and_not_in_the_table(question: str, text: str, cut: int) -> None:
    piece = quoted(chunk(text, heading="日当"), text[:cut])
    lacking = found(question, piece)
    assert lacking is None or (lacking.said not in text and len(lacking.listed) >= 3)


def test_the_answer_names_what_the_table_lists(tmp_path: Path, embedder_cache: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "travel.md").write_text(f"# 日当\n\n{CAPTION}\n\n{GRADES}\n", encoding="utf-8")
    (tmp_path / "docs" / "rates.md").write_text(f"# Day rates\n\nDay rates in JPY.\n\n{RATES}\n", encoding="utf-8")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "cache").symlink_to(embedder_cache)
    with KnowHow.open(home=tmp_path / "home", answer__threshold=0.01) as know_how:
        know_how.ingest(tmp_path / "docs")
        no, yes = know_how.ask("課長の日当はいくらですか"), know_how.ask("パートナーの日当はいくらですか")
        english = know_how.ask("What is the day rate of a Manager?")
        whatever = know_how.ask("課長の日当はいくらですか", threshold=0.0)
    assert (no.status, no.reason, no.citations) == ("abstained", "not_listed", ())
    assert no.text.startswith(
        "資料には書かれていません。表にあるのは「アナリスト」「コンサルタント」「パートナー」で、「課長」はありません。\n近い箇所:\n"
    )
    assert [near.chunk.source for near in no.nearest] == ["travel.md"]
    assert (yes.status, whatever.status) == ("answered", "answered")
    assert "The table lists “Analyst”, “Consultant”, “Partner”, but not “Manager”." in english.text
