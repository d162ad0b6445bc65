"""A passage about another code, date or thing than the one that is asked about is set aside; one in other words is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag import KnowHow
from qeu_rag.answer.unsaid import unsaid
from qeu_rag.index.analyze import Analyzer
from qeu_rag.index.notation import lang_of
from qeu_rag.types import Chunk, Span

ANALYZER = Analyzer()


def chunk(text: str, *, title: str = "", document: str = "d") -> Chunk:
    return Chunk(
        id=f"{document}-{text}",
        document_id=document,
        source="a.md",
        title=title,
        headings=(title,) if title else (),
        text=text,
        span=Span(start=0, end=len(text)),
        lang=lang_of(text),
    )


def lacking(question: str, text: str, *, title: str = "", beside: tuple[Chunk, ...] = ()) -> tuple[str, ...]:
    weights = dict.fromkeys(ANALYZER.question_terms(question), 3.0)
    return unsaid(question, chunk(text, title=title), beside, weights, ANALYZER.evidence_terms)


@pytest.mark.parametrize(
    ("question", "text", "said"),
    [
        ("What was the cause of complaint K-204?", "The cause of complaint K-207 was the mould.", ("K-204",)),
        ("Which lots does lot 7720 belong to?", "Lots 7728 to 7735 are affected.", ("lot 7720",)),
        ("L18の特徴は?", "L9 は因子が四つまでのときに使う。", ("L18",)),
        ("第5条の内容は", "第3条 対象者は社員とする。", ("第5条",)),
        ("2月の苦情は何件でしたか", "1月の苦情は7件で、前月の11件から減った。", ("2月",)),
        ("How many complaints came in February?", "In January there were seven complaints.", ("in February",)),
        ("FMEAの手順を教えてください", "1. 管理する特性を選ぶ。\n2. 測定の誤差を調べる。", ("FMEA",)),
        ("社用車の洗車の手順は?", "社用車の予約は次のとおり。\n1. 車両を選ぶ。", ("社用車の洗車",)),
        ("How do I request sick leave?", "1. Check your balance.\n2. Submit the leave request.", ("sick leave",)),
    ],
)
def test_another_one_than_is_asked_about(question: str, text: str, said: tuple[str, ...]) -> None:
    assert [word.removeprefix("in ") for word in lacking(question, text)] == [word.removeprefix("in ") for word in said]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What was the cause of complaint K-204?", "Complaint K204: the mould was too hot."),
        ("How does COVID-19 spread?", "COVID spreads through droplets."),
        ("2月の苦情は何件でしたか", "苦情は1月から3月までで21件だった。"),
        ("2月の会議はいつですか", "会議は第一月曜に開く。"),
        ("Which holidays are in December?", "The office is closed between 25 and 31 December."),
        ("FTAの手順を教えてください", "FTA は次のように進める。\n1. 頂上事象を書く。"),
        ("How do I request parental leave?", "Parental leave: apply to HR two months before."),
        (
            "How do I book a company car?",
            "社用車の予約は次のとおり。",
        ),  # what is in another language cannot be looked at so
        ("What is 5S?", "Sort, set in order, shine, standardise, sustain."),
    ],
)
def test_the_one_that_is_asked_about(question: str, text: str) -> None:
    assert lacking(question, text) == ()


def test_the_code_may_stand_elsewhere_in_the_document() -> None:
    question, text = "When will the parts for K-204 arrive?", "The parts arrive on 6 March."
    assert lacking(question, text) == ("K-204",)
    assert lacking(question, text, title="Complaint K-204") == ()
    assert lacking(question, text, beside=(chunk("We thank you for complaint K-204."),)) == ()
    assert lacking(question, text, beside=(chunk("Complaint K-204.", document="another"),)) == ("K-204",)


@given(st.text(max_size=80))
def test_what_says_the_whole_question_lacks_nothing_of_it(question: str) -> None:
    assert [word for word in lacking(question, question) if word.isascii()] == []


def test_a_question_about_another_one_gets_no_answer_and_is_told_so(tmp_path: Path, embedder_cache: Path) -> None:
    (tmp_path / "cache").symlink_to(embedder_cache)
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "car.md").write_text(
        "# 社用車\n\n## 予約の手順\n\n1. 設備予約を開く。\n2. 車両を選ぶ。\n3. 上長に承認を依頼する。\n",
        encoding="utf-8",
    )
    (docs / "fmea.md").write_text("# FMEA\n\nFMEA は四人から六人で行う。会議は二時間以内とする。\n", encoding="utf-8")
    with KnowHow.open(home=tmp_path) as know_how:
        know_how.ingest(docs)
        answered = know_how.ask("社用車の予約の手順を教えてください")
        assert answered.status == "answered"
        assert "車両を選ぶ" in answered.text
        other = know_how.ask("会議の予約の手順を教えてください")
        assert (other.status, other.reason) == ("abstained", "not_said")
        assert "見つかった箇所は、「会議の予約」についてのものではありません。" in other.text
        assert other.nearest
