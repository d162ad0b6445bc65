"""An abstention: what it says is true of the documents, and the passages that it shows are quoted from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qeu_rag.index.standing import Standing

from qeu_rag import KnowHow
from qeu_rag.answer.abstain import abstention, nearest_passages, worth
from qeu_rag.index.analyze import Analyzer
from qeu_rag.types import Chunk, NearPassage, ScoredChunk, Span

ANALYZE = Analyzer().evidence_terms


def passage(text: str, *, title: str = "", lang: str = "en", page: int | None = None) -> ScoredChunk:
    chunk = Chunk(
        id=text,
        document_id="d",
        source="rules/travel.pdf",
        title=title,
        headings=(),
        text=text,
        span=Span(start=0, end=len(text)),
        page=page,
        lang=lang,  # type: ignore[arg-type]
    )
    return ScoredChunk(chunk=chunk, score=0.5, rank=1)


def nearest(question: str, *found: ScoredChunk) -> tuple[NearPassage, ...]:
    weights = dict.fromkeys(ANALYZE(question), 2.0)
    return nearest_passages(question, found, weights, ANALYZE, lambda asked, texts: None)


def test_the_sentence_that_is_nearest_is_quoted() -> None:
    flights = passage(
        "# Flights\n\nBook early. No more than three people of one team travel on one aircraft. Sleep well."
    )
    assert [near.quote for near in nearest("How many people of a team may travel on one plane?", flights)] == [
        "No more than three people of one team travel on one aircraft."
    ]


def test_a_table_row_and_a_list_item_are_quoted_without_their_marks() -> None:
    table = passage("| Tool | Owner |\n| --- | --- |\n| RobustLab | Methods Group |\n| Kit | Training |")
    items = passage("- Bring the laptop.\n- Call the audit office.")
    assert [near.quote for near in nearest("Who owns RobustLab?", table)] == ["RobustLab | Methods Group"]
    assert [near.quote for near in nearest("Whom do I call for an audit?", items)] == ["Call the audit office."]


def test_a_long_sentence_is_cut_where_a_word_ends() -> None:
    long = passage("The traveller " + "waits " * 60 + "and sleeps.")
    (near,) = nearest("Where does the traveller wait?", long)
    assert near.quote.endswith(" waits")
    assert len(near.quote) <= 160
    assert abstention("weak_evidence", Standing(), [near], "en", found=True).endswith(" waits…”")
    (japanese,) = nearest("出張者は", passage("出張者は" + "待つ、" * 60 + "。", lang="ja"))
    assert len(japanese.quote) == 80


@given(st.text(max_size=30), st.lists(st.text(max_size=300), max_size=4))
def test_every_quote_is_in_its_chunk(question: str, texts: list[str]) -> None:
    found = nearest(question, *map(passage, texts))
    assert len(found) <= 2
    for near in found:
        assert near.quote
        assert near.quote in near.chunk.text
        line = abstention("weak_evidence", Standing(), [near], "ja", found=True).split("\n", 2)[2]
        assert " ".join(near.quote.split()) in line


def test_the_words_of_an_abstention() -> None:
    near = nearest("日当", passage("日当は3,000円とする。", title="旅費規程", lang="ja", page=3))
    said = abstention("weak_evidence", Standing(apart=("日当", "部長")), near, "ja", found=True)
    assert said == (
        "資料には、はっきりした答えが見つかりませんでした。"
        "次の言葉は資料にありますが、一緒に書かれた箇所はありません: 「日当」「部長」。\n"
        "近い箇所:\n・旅費規程（rules/travel.pdf, p. 3）「日当は3,000円とする。」"
    )
    english = abstention("weak_evidence", Standing(missing=("VPN", "CEO")), near, "en", found=True)
    assert english == (
        "The documents do not say. No document has: “VPN”, “CEO”. Perhaps they use other words.\n"
        "Nearest:\n- 旅費規程 (rules/travel.pdf, p. 3): “日当は3,000円とする。”"
    )
    assert "checked" in abstention("unchecked_reply", Standing(), near, "en", found=True)
    assert abstention("no_evidence", Standing(), (), "ja", found=False).startswith("資料には書かれていません。")


def test_everyday_words_are_not_worth_naming() -> None:
    value = worth({"w:vpn": 3.0, "w:come": 5.0})
    assert (value("w:vpn"), value("w:come"), value("w:audit")) == (3.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("question", "missing"),
    [("How do I reset my VPN password?", "VPN"), ("育児休業の手当はいくらですか", "育児休業")],
)
def test_what_an_abstention_says_holds_of_the_documents(notes_home: Path, question: str, missing: str) -> None:
    with KnowHow.open(home=notes_home, answer__threshold=1) as know_how:
        answer = know_how.ask(question)
        assert missing in answer.text.partition("\n")[0]
        assert not any(missing in chunk.passage for chunk in know_how.chunks())


def test_the_chain_and_the_answer_hold_the_near_passages(notes_home: Path) -> None:
    with KnowHow.open(home=notes_home, answer__threshold=1) as know_how:
        answer = know_how.ask("宿泊費の上限はいくらですか")
        assert answer.status == "abstained"
        assert answer.nearest[0].chunk.source == "travel.md"
        assert all(near.quote in near.chunk.text for near in answer.nearest)
        assert answer.nearest[0].quote in answer.text
        chained = know_how.as_chain().invoke("宿泊費の上限はいくらですか")
        assert tuple(chained["nearest"]) == answer.nearest
