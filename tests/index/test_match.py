from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.index.lexical import LexicalIndex, LexicalItem
from qeu_rag.index.match import Asked, match, stored_form

ASKED = Asked(weights={"loss": 3.0, "function": 1.0})


def test_the_best_sentence_the_title_and_the_whole() -> None:
    stored = stored_form(["loss"], [["a", "function"], ["no"], ["loss"]])
    found = match([ASKED], [stored])
    assert (found.title, found.sentence, found.whole) == (0.75, 0.75, 1.0)


def test_a_title_alone_and_a_question_without_terms() -> None:
    assert match([ASKED], [stored_form(["loss"], [])]).sentence == 0.0
    assert match([Asked(weights={})], [stored_form(["loss"], [["loss"]])]).whole == 0.0


@given(
    st.lists(st.lists(st.sampled_from("abcd"), max_size=5), max_size=5), st.lists(st.sampled_from("abcd"), max_size=3)
)
def test_shares_are_within_bounds_and_a_part_holds_no_more_than_the_whole(
    body: list[list[str]], title: list[str]
) -> None:
    asked = Asked(weights={"a": 1.0, "b": 2.5, "x": 0.5})
    found = match([asked, asked], [stored_form(title, body)] * 2)
    assert 0.0 <= max(found.title, found.sentence) <= found.whole <= 1.0


def test_the_index_tells_which_chunk_holds_the_question_in_one_sentence(tmp_path: Path) -> None:
    index = LexicalIndex.create(tmp_path / "a" / "b" / "lexical")
    index.add(
        [
            LexicalItem(
                id="one", title_text="Drills", body_text="Drills are sharpened weekly. Gauges are checked daily."
            ),
            LexicalItem(
                id="two", title_text="Gauges", body_text="Drills are checked. They are sharpened. It is daily."
            ),
            LexicalItem(id="ja", title_text="校正", body_text="校正周期は12か月とする。標準器は別に定める。"),
        ]
    )
    index.commit()
    found = index.matches("Are gauges checked daily?", ["two", "one"])
    assert found.keys() == {"one", "two"}
    assert found["one"].sentence == pytest.approx(1.0) == found["one"].whole
    assert found["two"].sentence < 0.6
    assert found["two"].title > found["one"].title == 0.0
    assert index.matches("校正周期は何か月か", ["ja"])["ja"].sentence > 0.5
    assert index.matches("daily", []) == {}
