"""An abstention: its words, and the passages that it shows, which are quoted from the documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from found import chunk_of, scored
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag import KnowHow
from qeu_rag.answer.abstain import abstention, nearest_passages
from qeu_rag.text.windows import windows
from qeu_rag.types import Chunk, NearPassage


def nearest(*chunks: Chunk, unit: int = 0) -> tuple[NearPassage, ...]:
    return nearest_passages([scored(chunk, unit=unit) for chunk in chunks])


def test_the_unit_that_is_nearest_is_quoted() -> None:
    flights = chunk_of("# Flights\n\nBook early. No more than three people of one team travel together. Sleep well.")
    assert [near.quote for near in nearest(flights, unit=1)] == [
        "No more than three people of one team travel together."
    ]


def test_two_chunks_are_shown_each_once_best_first() -> None:
    long = chunk_of(
        "".join(f"Rule {n} says that the domestic allowance is {n},000 yen a day for all. " for n in range(20))
    )
    others = [chunk_of(f"Another rule {n}.") for n in range(2)]
    found = nearest_passages(
        [scored(others[0]), scored(others[0]), scored(long, 0), scored(long, 1), scored(others[1])]
    )
    assert [near.chunk.id for near in found] == [others[0].id, long.id]
    assert nearest_passages([]) == ()


def test_a_table_row_and_a_list_item_are_quoted_without_their_marks() -> None:
    table = chunk_of("| Tool | Owner |\n| --- | --- |\n| RobustLab | Methods Group |\n| Kit | Training |")
    items = chunk_of("- Bring the laptop.\n- Call the audit office.")
    assert [near.quote for near in nearest(table)] == ["RobustLab | Methods Group"]
    assert [near.quote for near in nearest(items, unit=1)] == ["Call the audit office."]


def test_a_long_sentence_is_cut_where_a_word_ends() -> None:
    (near,) = nearest(chunk_of("The traveller " + "waits " * 60 + "and sleeps."))
    assert near.quote.endswith(" waits")
    assert len(near.quote) <= 160
    assert abstention("weak_evidence", [near], "en").endswith(" waits…”")
    (japanese,) = nearest(chunk_of("出張者は" + "待つ、" * 60 + "。"))
    assert len(japanese.quote) == 80


@given(st.lists(st.text(max_size=300), max_size=4), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_every_quote_is_in_its_chunk_and_in_what_is_said(texts: list[str], unit: int) -> None:
    found = []
    for one in map(chunk_of, texts):
        for window in windows(one)[:1]:
            found.append(scored(one, unit=min(window.last, window.first + unit)))
    passages = nearest_passages(found)
    assert len(passages) == min(2, len({one.chunk.id for one in found}))
    for near in passages:
        assert near.quote
        assert near.quote in near.chunk.text
        assert " ".join(near.quote.split()) in abstention("weak_evidence", [near], "ja").split("\n", 2)[2]


def test_the_words_of_an_abstention() -> None:
    near = nearest(chunk_of("日当は3,000円とする。", title="旅費規程", document="rules/travel", page=3))
    assert abstention("weak_evidence", near, "ja") == (
        "資料には、はっきりした答えが見つかりませんでした。\n近い箇所:\n"
        "・旅費規程（rules/travel.md, p. 3）「日当は3,000円とする。」"
    )
    assert abstention("weak_evidence", near, "en") == (
        "The documents give no clear answer.\nNearest:\n- 旅費規程 (rules/travel.md, p. 3): “日当は3,000円とする。”"
    )
    assert "checked" in abstention("unchecked_reply", near, "en")


@pytest.mark.parametrize(("lang", "words"), [("ja", "資料には書かれていません"), ("en", "The documents do not say")])
def test_only_where_nothing_is_near_is_it_said_that_the_documents_do_not_say(lang: str, words: str) -> None:
    near = nearest(chunk_of("日当は3,000円とする。"))
    for reason in ("no_evidence", "weak_evidence", "engine_abstained"):
        assert abstention(reason, (), lang).startswith(words)
        assert words not in abstention(reason, near, lang)
    assert words not in abstention("unchecked_reply", (), lang)


def test_the_chain_and_the_answer_hold_the_near_passages(notes_home: Path) -> None:
    with KnowHow.open(home=notes_home, answer__likely=1) as know_how:
        answer = know_how.ask("宿泊費の上限はいくらですか")
        assert (answer.status, answer.reason, answer.certainty) == ("abstained", "weak_evidence", "")
        assert answer.nearest[0].chunk.source == "travel.md"
        assert all(near.quote in near.chunk.text for near in answer.nearest)
        assert answer.nearest[0].quote in answer.text
        chained = know_how.as_chain().invoke("宿泊費の上限はいくらですか")
        assert tuple(chained["nearest"]) == answer.nearest
