"""What a chunk holds of a question, by its units."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.index.glossary import Glossary
from qeu_rag.index.lexical import LexicalIndex, LexicalItem
from qeu_rag.text.match import Asked, Synonym, held, reading, stored_form

ASKED = Asked(weights={"loss": 3.0, "function": 1.0})


def test_the_share_of_some_units_and_what_stands_above_them() -> None:
    found = held([ASKED], [stored_form(["title"], [["a", "function"], ["no"], ["loss"]])])
    assert [found.share(at, at) for at in range(3)] == [0.25, 0.0, 0.75]
    assert (found.share(0, 1), found.share(0, 2)) == (0.25, 1.0)
    above = held([ASKED], [stored_form(["loss"], [["a", "function"], [], ["no"]])])
    assert [above.share(at, at) for at in range(3)] == [1.0, 0.75, 0.75]


def test_both_fields_count_alike() -> None:
    found = held([ASKED, Asked(weights={"x": 1.0})], [stored_form([], [["loss"]]), stored_form([], [["x"]])])
    assert found.share(0, 0) == 0.875


def test_a_question_without_terms_holds_nothing() -> None:
    assert held([Asked(weights={})], [stored_form(["loss"], [["loss"]])]).share(0, 0) == 0.0


def test_a_synonym_counts_as_the_questions_own_words_within_its_unit() -> None:
    synonym = Synonym(terms=frozenset({"loss"}), others=(("quality cost",),))
    asked = Asked(weights=ASKED.weights, synonyms=(synonym,))
    found = held([asked], [stored_form([], [["the", "quality", "cost"], ["quality"], ["cost"]])])
    assert [found.share(at, at) for at in range(3)] == [0.75, 0.0, 0.0]
    read = reading(str.split, (synonym,))
    assert read("the quality cost") == ["the", "quality", "cost", "loss"]
    assert read("cost quality") == ["cost", "quality"]


@given(
    st.lists(st.lists(st.sampled_from("abcd"), max_size=5), min_size=1, max_size=5),
    st.lists(st.sampled_from("abcd"), max_size=3),
    st.data(),
)
def test_a_share_is_within_bounds_and_grows_with_the_units(
    body: list[list[str]], above: list[str], data: st.DataObject
) -> None:
    asked = Asked(weights={"a": 1.0, "b": 2.5, "x": 0.5})
    found = held([asked, asked], [stored_form(above, body)] * 2)
    first = data.draw(st.integers(0, len(body) - 1))
    last = data.draw(st.integers(first, len(body) - 1))
    assert 0.0 <= found.share(first, first) <= found.share(first, last) <= found.share(0, len(body) - 1) <= 1.0


def test_the_index_keeps_what_each_unit_of_a_chunk_holds(tmp_path: Path) -> None:
    index = LexicalIndex.create(tmp_path / "lexical")
    index.add(
        [
            LexicalItem(id="one", above="Drills", units=["Drills are sharpened weekly.", "Gauges are checked daily."]),
            LexicalItem(id="two", above="Gauges", units=["Drills are checked.", "They are sharpened.", "It is daily."]),
            LexicalItem(id="ja", above="校正", units=["周期は12か月とする。", "標準器は別に定める。"]),
            LexicalItem(id="bare", above="Empty", units=[]),
        ]
    )
    index.commit()
    found = index.held("Are gauges checked daily?", ["two", "one", "unknown"])
    assert found.keys() == {"one", "two"}
    assert found["one"].share(1, 1) == pytest.approx(1.0) == found["one"].share(0, 1)
    assert found["one"].share(0, 0) == 0.0
    assert 0.0 < found["two"].share(1, 1) < found["two"].share(0, 0) < found["two"].share(0, 2) == pytest.approx(1.0)
    japanese = index.held("校正周期は何か月か", ["ja"])["ja"]
    assert japanese.share(0, 0) > japanese.share(1, 1) > 0.0
    assert index.held("daily", []) == {}
    index.close()


def test_another_term_of_the_glossary_is_held_as_the_questions_own(tmp_path: Path) -> None:
    index = LexicalIndex.create(tmp_path / "lexical")
    index.add([LexicalItem(id="ja", above="休み", units=["年休は二十日とする。", "夏休みは別とする。"])])
    index.commit()
    question = "有給休暇は何日ですか"
    concepts = index.concepts(question, Glossary.make([("有給休暇", "年休")], index._analyzer))
    assert index.held(question, ["ja"])["ja"].share(0, 0) < index.held(question, ["ja"], concepts)["ja"].share(0, 0)
    index.close()
