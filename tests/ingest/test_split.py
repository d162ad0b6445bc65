"""Splitting: spans match the text, nothing is lost, nothing is said twice, and sizes hold."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qeu_rag.ingest.split import size_of, split
from qeu_rag.types import Document

LONG_SENTENCE = "Further, such proteins bind it (Hartmann et al., 2003) and others (Minks et al., 1979) " * 60
PARTS = (
    "The audit takes two days. ",
    "国内出張の日当は3,000円とする。",
    "領収書を必ず添える。\n",
    "(Hartmann et al., 2003) , ",
    ",,, ",
    "\n\n",
    "- an item, with a comma\n",
    "x" * 90,
    "長" * 90,
    "| A | 12 |\n",
    "| --- | --- |\n",
    "\u3000",
    " ",
    "😀。",
)


def document(text: str) -> Document:
    return Document(id="d", source="d.md", title="", text=text)


def bare(text: str) -> str:
    return "".join(text.split())


@given(st.lists(st.sampled_from(PARTS), max_size=60).map("".join), st.sampled_from((20, 60, 400)))
@example(LONG_SENTENCE, 20)
@example(LONG_SENTENCE, 400)
@settings(max_examples=150, deadline=None)
def test_chunks_are_the_text_in_order_and_whole(text: str, max_size: int) -> None:
    chunks = split(document(text), max_size)
    assert all(text[chunk.span.start : chunk.span.end] == chunk.text for chunk in chunks)
    assert all(before.span.end <= after.span.start for before, after in pairwise(chunks))
    assert "".join(bare(chunk.text) for chunk in chunks) == bare(text)


@pytest.mark.parametrize("max_size", [50, 400])
def test_a_sentence_longer_than_a_chunk_is_cut_within_bounds(max_size: int) -> None:
    chunks = split(document(LONG_SENTENCE), max_size)
    assert len(chunks) > 3
    # A piece that takes nothing by our measure counts one in the cutting, so chunks come out a little smaller.
    assert all(max_size * 0.5 < size_of(chunk.text) <= max_size for chunk in chunks[:-1])


TABLE = (
    "# FAQ\n\n| No. | 質問 | 回答 |\n| --- | --- | --- |\n"
    "| 1 | 会議室は？ | 30日前から。 |\n| 2 | 鍵は？ | 警備室へ。 |\n| 3 | 紙は？ | 棚に。 |"
)


def test_every_row_of_questions_and_answers_is_a_chunk_with_its_header() -> None:
    first, *others = split(document(TABLE))
    assert first.text == TABLE.split("\n| 2")[0]
    assert [chunk.text for chunk in others] == ["| 2 | 鍵は？ | 警備室へ。 |", "| 3 | 紙は？ | 棚に。 |"]
    assert {chunk.header for chunk in others} == {"| No. | 質問 | 回答 |\n| --- | --- | --- |"}
    (whole,) = split(document(TABLE.replace("質問", "場所")))
    assert whole.text == TABLE.replace("質問", "場所")
