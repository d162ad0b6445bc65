"""Two documents that say otherwise: both are shown with their dates, by the extractive engine and after a model's reply."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from conftest import folder_with, new_home
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models.fake import FakeListLLM

from qeu_rag import KnowHow
from qeu_rag.answer.dispute import dispute, edition, is_later, own_date
from qeu_rag.index.rows import Origin
from qeu_rag.text.terms import Analyzer
from qeu_rag.text.values import folded
from qeu_rag.types import Chunk, Citation, ScoredChunk, Span

ANALYZE = Analyzer().evidence_terms

DOCS = {
    "travel-2022.md": "# 出張旅費規程\n\n改定日：2022年4月1日\n\n国内出張の日当は3,000円とする。宿泊費は実費とする。\n",
    "travel-2024.md": "# 出張旅費の手引き\n\n改定日：令和6年4月1日\n\n国内出張の日当は3,500円です。領収書は経理に送る。\n",
    "audit.md": "# Supplier audit\n\nMajor findings must be answered within ten working days. An audit takes two days.\n",
    "audit-new.md": "# Audit handbook\n\nRevised on 1 May 2024.\n\nMajor findings must be answered within 15 working days.\n",
    "gloves.md": "---\ntitle: 保護具の決まり\nupdated: 2023-02-01\n---\n\n# 保護具の決まり\n\n手袋は3か月ごとに交換する。\n",
    "gloves-plant.md": "# 工場の保護具\n\n手袋は6か月ごとに交換する。\n\n"
    + "工場では帽子をかぶる。" * 300
    + "\n\n## 附則\n\n"
    "この規程は、令和5年5月22日に改正し、令和5年6月21日から施行する。\n",
    "leave.md": "# Leave policy\n\nRevised: 1 April 2025\n\n## Annual leave\n\nFull-time employees receive paid leave. "
    "Up to 5 unused days may be carried over to the next year and must be taken by 31 March.\n",
    "news.md": "# Staff news\n\nPublished: 3 March 2022\n\n## Annual leave\n\n"
    "Unused days may not be carried over to the next year.\n",
    "home.md": "# 在宅勤務規程\n\n施行日: 2024年10月1日\n\n## 第2条 日数\n\n"
    "在宅勤務は週3日を上限とする。ただし、育児を行う者は、部長の承認により週4日まで認める。\n",
    "letter.txt": "総務だより 第12号\n発行日: 2023年5月15日\n\n■在宅勤務について\n"
    "在宅勤務は週2日を上限とする。在宅勤務手当は1日につき150円とする。\n\n■防災訓練\n9月1日に防災訓練をします。\n",
    "tools.md": "# Tools\n\nThe torque wrench is calibrated every 12 months. Wrenches are kept in the cabinet.\n",
    "tools-plant.md": "# Tools of the plant\n\nThe torque wrench is calibrated every year. Gloves are worn.\n",
}


NOON = datetime(2021, 3, 4, 12).timestamp()
"""When all files were last changed, by the clock of this computer."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path) -> Path:
    base = tmp_path_factory.mktemp("dispute")
    for path in folder_with(base / "docs", DOCS).iterdir():
        os.utime(path, (NOON, NOON))
    with KnowHow.open(home=new_home(base / "home", embedder_cache)) as opened:
        opened.ingest(base / "docs")
    return base / "home"


def test_both_sources_are_shown_with_documents_and_dates(home: Path) -> None:
    with KnowHow.open(home=home) as know_how:
        answer = know_how.ask("国内出張の日当はいくらですか")
    assert answer.notes == ("sources_differ",)
    line = answer.text.partition("資料によって記載が異なります。")[2]
    for name, day, quote, value in (
        ("出張旅費規程", "2022年4月1日", "国内出張の日当は3,000円とする。", "3,000円"),
        ("出張旅費の手引き", "令和6年4月1日", "国内出張の日当は3,500円です。", "3,500円"),
    ):
        assert answer.text.count(quote) == 1
        above = quote in answer.text.partition("資料によって記載が異なります。")[0]
        assert f"・{name}（{day}）: {f'上の回答のとおり{value}' if above else quote} [" in line
    assert all(citation.quote in citation.chunk.text for citation in answer.citations)
    assert len({c.chunk.document_id for c in answer.citations}) >= 2
    assert len({(c.marker, c.chunk.id) for c in answer.citations}) == len({c.marker for c in answer.citations})


def test_sources_that_agree_in_other_words_are_not_set_against_each_other(home: Path) -> None:
    with KnowHow.open(home=home) as know_how:
        answer = know_how.ask("How often is the torque wrench calibrated?")
    assert answer.status == "answered"
    assert answer.notes == ()


def test_a_models_reply_is_set_against_the_other_evidence(home: Path) -> None:
    reply = "Major findings must be answered within ten working days. [{}]"
    question = "Within how many days must major findings be answered?"
    with KnowHow.open(home=home) as know_how:
        first = know_how.search(question)[0].chunk.title
    marker = 1 if first == "Supplier audit" else 2
    with KnowHow.open(home=home, model=FakeListLLM(responses=[reply.format(marker)])) as know_how:
        answer = know_how.ask(question)
    assert answer.notes == ("sources_differ",)
    assert answer.text.startswith(
        reply.format(marker)
        + f"\nThe sources differ:\n- Supplier audit (file of 2021-03-04), above: ten working days [{marker}]\n"
    )
    assert (
        f"- Audit handbook (1 May 2024): Major findings must be answered within 15 working days. [{3 - marker}]"
        in answer.text
    )


def test_the_dates_stand_elsewhere_in_the_documents(home: Path) -> None:
    with KnowHow.open(home=home) as know_how:
        answer = know_how.ask("手袋は何か月ごとに交換しますか")
    assert answer.notes == ("sources_differ",)
    assert "保護具の決まり（2023-02-01）" in answer.text
    assert "工場の保護具（令和5年6月21日）" in answer.text


def test_a_sentence_that_denies_is_not_said_twice() -> None:
    first, second = (passage(text) for text in ("残業は部長が承認する。", "残業は部長が承認しない。"))
    cited = Citation(marker=1, chunk=first.chunk, quote=first.chunk.text)
    weights = dict.fromkeys(ANALYZE("残業の承認"), 1.0)
    found = dispute([cited], [first, second], weights, ANALYZE, "ja", said="残業は部長が承認する。 [1]")
    assert found is not None
    assert found.text == (
        "資料によって記載が異なります。\n・残業は部長が承認する。: 上の回答のとおり [1]\n"
        "・残業は部長が承認しない。: 残業は部長が承認しない。 [2]"
    )


def test_a_denial_is_set_against_leave_within_a_limit_and_the_later_is_told_first(home: Path) -> None:
    with KnowHow.open(home=home) as know_how:
        answer = know_how.ask("Can unused days be carried over to the next year?")
    assert answer.notes == ("sources_differ",)
    first, second = answer.text.partition("The sources differ:\n")[2].splitlines()
    assert first.startswith("- Leave policy (1 April 2025): ")
    assert second.startswith("- Staff news (3 March 2022): ")
    for quote in ("Up to 5 unused days may be carried over", "Unused days may not be carried over"):
        assert answer.text.count(quote) == 1


def test_a_rule_below_the_caption_of_a_newsletter_is_set_against_the_regulation(home: Path) -> None:
    with KnowHow.open(home=home) as know_how:
        answer = know_how.ask("在宅勤務は週に何日までできますか")
    assert answer.notes == ("sources_differ",)
    first, second = answer.text.partition("資料によって記載が異なります。\n")[2].splitlines()
    assert first.startswith("・在宅勤務規程（2024年10月1日）: ")
    assert second.startswith("・letter（2023年5月15日）: ")
    for quote in ("在宅勤務は週3日を上限とする。", "在宅勤務は週2日を上限とする。"):
        assert answer.text.count(quote) == 1


@pytest.mark.parametrize(
    ("first", "second", "later"),
    [
        ("令和6年4月1日", "2022年4月1日", True),
        ("3 March 2022", "1 April 2025", False),
        ("2024年4月1日", "1 April 2024", False),
        ("2024年4月1日", "2024年", False),
        ("2025", "2024年4月1日", False),
        ("2024年4月1日", "", False),
    ],
)
def test_of_two_dates_the_later_is_known_where_both_are(first: str, second: str, later: bool) -> None:
    assert is_later(first, second) is later


def passage(text: str) -> ScoredChunk:
    chunk = Chunk(
        id=text,
        document_id=text,
        source=text,
        title="",
        headings=(),
        text=text,
        span=Span(start=0, end=len(text)),
        lang="ja",
    )
    return ScoredChunk(chunk=chunk, score=1.0, rank=1)


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("規程の管理者：管理本部 改訂日：2024年4月1日（第7版）", "2024年4月1日"),
        ("| 管理者 | 総務部（2024年4月1日改訂、第11版） |", "2024年4月1日"),
        ("令和5年5月22日に改正し、令和5年6月21日から施行する。", "令和5年6月21日"),
        ("制定 平成30年4月1日　改定 令和6年4月1日", "令和6年4月1日"),
        ("第３版（２０２４年４月１日）", "2024年4月1日"),
        ("発行日 2021/4/1", "2021/4/1"),
        ("Day rates in JPY. Valid from 1 April 2024.", "1 April 2024"),
        ("Written by Amanda, July 2019. (Revised March 2024)", "March 2024"),
        ("This statement was prepared long ago. It was last updated on 22 April 2026.", "22 April 2026"),
        ("Document QM-12 | Version 2.0 | 1 April 2024", "1 April 2024"),
        ("| Effective date | 1 April 2024 |", "1 April 2024"),
        ("Date: 4 May 2020", "4 May 2020"),
        ("Due date: 3 May 2024. The meeting was on 5 May 2024.", ""),
        ("The standard was published in May 2020 by ISO. In May 2021 the office issued another.", ""),
        ("個人情報の保護に関する法律（平成15年法律第57号）は、2005年4月に施行された。", ""),
        ("次回改訂予定日：2026年4月1日", ""),
        ("Next revision: 1 April 2026", ""),
        ("Copyright 2023", ""),
    ],
)
def test_the_date_that_a_document_gives_itself(text: str, stated: str) -> None:
    assert own_date(text) == stated


def test_what_the_passage_says_goes_before_the_document_the_name_and_the_file() -> None:
    there = passage("改定日：2022年4月1日").chunk
    origin = Origin(text="改定日：2024年4月1日", changed=date(2020, 1, 2))
    bare = replace(there, text="日当", source="travel_2019-05-06.md")
    assert edition(there, origin, "ja") == "2022年4月1日"
    assert edition(bare, origin, "ja") == "2024年4月1日"
    assert edition(bare, replace(origin, text="日当"), "ja") == "2019-05-06"
    assert edition(replace(bare, source="a.md"), replace(origin, text="日当"), "en") == "file of 2020-01-02"
    assert edition(replace(bare, source="a.md"), None, "ja") == ""


@given(st.text(max_size=200))
def test_an_own_date_is_in_the_text(text: str) -> None:
    assert own_date(text) in folded(text)
