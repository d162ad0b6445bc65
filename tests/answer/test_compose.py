"""The extractive answer: how many windows, verbatim behind what is shown, and the unit that answers in its place."""

from __future__ import annotations

import itertools

import pytest
from found import chunk_of, scored
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag.answer.compose import compose, shown
from qeu_rag.answer.passage import Passage
from qeu_rag.text.markup import plain
from qeu_rag.text.units import units
from qeu_rag.text.windows import windows
from qeu_rag.types import ScoredWindow

RULES = [chunk_of(f"Rule {n} says that the allowance is {n},000 yen a day.", document=f"d{n}") for n in range(1, 8)]
LONG = chunk_of(
    "".join(f"Rule {n} says that the domestic allowance of an employee is {n},000 yen a day. " for n in range(40))
)


def texts(*found: ScoredWindow, certainty: str = "likely", max_chars: int = 1400, **more: int) -> list[str]:
    return [piece.text for piece in compose(found, certainty=certainty, max_chars=max_chars, **more)]


def test_a_sure_answer_is_the_best_window_and_what_is_nearly_as_good() -> None:
    best, near, far = (scored(rule, score=score) for rule, score in zip(RULES, (0.8, 0.7, 0.5), strict=False))
    assert texts(best, far, certainty="sure") == [RULES[0].text]
    assert texts(best, near, far, certainty="sure") == [RULES[0].text, RULES[1].text]
    assert len(texts(*(scored(rule, score=0.8) for rule in RULES), certainty="sure")) == 3


def test_a_likely_answer_has_up_to_three_windows_or_as_many_as_are_asked_for() -> None:
    found = [scored(rule, score=0.8 / rank) for rank, rule in enumerate(RULES, start=1)]
    assert texts(*found) == [rule.text for rule in RULES[:3]]
    assert len(texts(*found, most=6, certainty="long")) == 6
    assert texts(*found[:1]) == [RULES[0].text]
    assert texts() == []


def test_what_is_far_behind_is_shown_only_where_a_long_answer_was_asked_for() -> None:
    best, second, far = (scored(rule, score=score) for rule, score in zip(RULES, (0.8, 0.4, 0.1), strict=False))
    assert texts(best, second, far) == [RULES[0].text, RULES[1].text]
    assert len(texts(best, second, far, certainty="long")) == 3


@pytest.mark.parametrize("heading", ["Quoted: On 2 Feb, B wrote", "引用", "転送: 森 (2月2日)"])
def test_what_a_mail_only_quotes_is_shown_with_whose_words_it_is(heading: str) -> None:
    quoted = chunk_of(f"## {heading}\n\n> The limit is 5 days.", headings=(heading,))
    assert texts(scored(quoted)) == [f"{heading}:\nThe limit is 5 days."]


def test_markers_count_from_the_first() -> None:
    found = [scored(rule) for rule in RULES[:2]]
    assert [piece.marker for piece in compose(found, certainty="likely", max_chars=1400, marker=4)] == [4, 5]


def test_the_best_comes_whole_and_what_goes_beyond_the_room_is_left_out() -> None:
    small = scored(chunk_of("Ten yen.", document="x"))
    found = [scored(RULES[0]), scored(RULES[1]), small]
    assert texts(*found, max_chars=1) == [RULES[0].text]
    assert texts(*found, max_chars=len(RULES[0].text) + 8) == [RULES[0].text, "Ten yen."]


def test_windows_of_one_chunk_that_touch_are_one_stretch() -> None:
    cut = windows(LONG)
    assert len(cut) >= 4
    for order in ((0, 1, 3), (1, 0, 3)):
        first, second = compose([scored(LONG, at) for at in order], certainty="likely", max_chars=9000)
        assert (first.span.start, first.span.end) == (cut[0].span.start, cut[1].span.end)
        assert first.text.count("Rule 3 says") == 1
        assert second.span == cut[3].span
        # The unit that answers is the better window's.
        assert first.quote == units(LONG)[cut[order[0]].first].of(LONG.text)


def test_a_row_comes_below_its_header_as_cells() -> None:
    table = chunk_of("| Grade | Meaning |\n| :-- | --: |\n| A | **No** findings |\n| B | a \\| b |\n")
    (piece,) = compose([scored(table, unit=1)], certainty="sure", max_chars=1400)
    assert piece.text == "Grade | Meaning\nA | No findings\nB | a | b"
    assert piece.quote == "| B | a \\| b |"
    assert piece.emphasised.of(piece.text) == "B | a | b"
    later = chunk_of("| B | Minor |", header="| Grade | Meaning |\n| --- | --- |")
    assert texts(scored(later)) == ["Grade | Meaning\nB | Minor"]


def test_a_table_that_follows_prose_has_its_header_too() -> None:
    both = chunk_of("The grades of 2026 are these.\n\n| Grade | Meaning |\n| --- | --- |\n| A | No findings |")
    assert texts(scored(both)) == ["The grades of 2026 are these.\nGrade | Meaning\nA | No findings"]


def test_an_item_comes_below_the_introduction_of_its_list() -> None:
    items = "\n".join(
        f"- step {n}: look at the machine and write down what it does and how long that takes" for n in range(12)
    )
    listed = chunk_of(f"The audit goes as follows:\n\n{items}")
    assert len(windows(listed)) > 1
    (piece,) = compose([scored(listed, 1)], certainty="sure", max_chars=9000)
    assert piece.text.split("\n")[0] == "The audit goes as follows:"
    assert piece.text.split("\n")[1].startswith("- step ")
    assert piece.emphasised.of(piece.text).startswith("- step ")


def test_wrapped_lines_are_read_together_and_japanese_without_a_space() -> None:
    one = chunk_of("見積書の有効期限は\n60日とし、\n過ぎたものは\nやり直す。\n\nThe offer is\nvalid for 60 days.")
    assert texts(scored(one)) == ["見積書の有効期限は60日とし、過ぎたものはやり直す。\nThe offer is valid for 60 days."]


def test_emphasis_over_several_sentences_leaves_no_mark() -> None:
    one = chunk_of("**Stop the line. Call the foreman.** Then `**kwargs` and 2**3 stay.\n\n- **注意。必ず確認する。**")
    (text,) = texts(scored(one))
    assert text == "Stop the line. Call the foreman. Then **kwargs and 2**3 stay.\n- 注意。必ず確認する。"


def test_a_chunk_of_headings_is_shown_without_marks() -> None:
    assert texts(scored(chunk_of("# Rules\n\n## Allowance"))) == ["Rules\nAllowance"]


PARTS = st.lists(
    st.sampled_from(
        [
            "The allowance is 3,000 yen. ",
            "日当は<b>3,000円</b>とする。",
            "**Both. Of them.** ",
            "Which is it?\n\n",
            "\n\n| a | b |\n| --- | --- |\n",
            "\n| 1 | [two](u) |\n",
            "\n- an item\n",
            "次のとおり。\n\n",
            "\n## Allowance\n\n",
            "word " * 60,
            "> quoted\n",
        ]
    ),
    min_size=1,
    max_size=14,
).map("".join)


@given(st.lists(PARTS, min_size=1, max_size=3), st.data())
@settings(max_examples=60, deadline=None)
def test_what_is_shown_is_verbatim_in_its_chunk_and_the_emphasis_lies_on_the_quote(
    texts_: list[str], data: st.DataObject
) -> None:
    chunks = [chunk_of(text, name=str(n)) for n, text in enumerate(texts_)]
    every = [(one, at) for one in chunks for at in range(len(windows(one)))]
    chosen = data.draw(st.lists(st.sampled_from(every), max_size=5, unique=True)) if every else []
    found = []
    for one, at in chosen:
        window = windows(one)[at]
        found.append(scored(one, at, unit=data.draw(st.integers(window.first, window.last))))
    pieces = compose(found, certainty=data.draw(st.sampled_from(["sure", "likely"])), max_chars=400, most=4)
    assert bool(pieces) == bool(found)
    assert [piece.marker for piece in pieces] == list(range(1, len(pieces) + 1))
    for piece in pieces:
        text = piece.chunk.text
        spans = units(piece.chunk)
        assert any(span.of(text) == piece.quote for span in spans)
        assert piece.quote in piece.span.of(text)
        said = "".join(plain(piece.quote).replace("|", " ").replace("**", "").replace("#", "").split())
        assert "".join(piece.emphasised.of(piece.text).replace("|", " ").split()) == said
        assert not any(mark in piece.text for mark in ("**", "<b>", "](", "---", "## "))
    for one in chunks:
        spans_shown = sorted((p.span.start, p.span.end) for p in pieces if p.chunk is one)
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans_shown))


@pytest.mark.parametrize("unit", [0, 1])
def test_one_window_is_shown_with_its_marker(unit: int) -> None:
    one = chunk_of("First it is so. Then it is other.")
    piece = shown(Passage.of(scored(one, unit=unit)), marker=7)
    assert (piece.marker, piece.text) == (7, one.text)
    assert piece.emphasised.of(piece.text) == ["First it is so.", "Then it is other."][unit]
