"""Where the lists of a chunk begin and end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.answer.items import Lists, is_item, leads_over, lists_of
from qeu_rag.types import Chunk, Span


def lists(text: str) -> Lists:
    span = Span(start=0, end=len(text))
    return lists_of(
        Chunk(id="1", document_id="d", source="a.md", title="", headings=(), text=text, span=span, lang="en")
    )


def texts(found: Lists) -> list[list[str]]:
    return [[found.spans[n].of(found.chunk.text) for n in range(one.first, one.last + 1)] for one in found.lists]


def test_an_item_goes_on_on_its_line_and_in_lines_set_in_below_it() -> None:
    long = "Measure the part. " * 14
    (found,) = texts(lists(f"The steps:\n\n1. {long}\n   Note the result.\n2. Stop.\n\nThat is all."))
    assert found[0].startswith("1. Measure")
    assert found[-2:] == ["Note the result.", "2. Stop."]


def test_what_leads_over_to_a_list_belongs_to_it() -> None:
    found = lists("First a word. An audit has three parts as follows.\n\n- plan\n- look\n- report\n\nThen rest.")
    assert [(one.first, one.last, one.lead) for one in found.lists] == [(2, 4, 1)]
    assert lists("The paint is grey.\n\n- plan\n- look").lists[0].lead is None
    assert lists("# What to do:\n\n- plan\n- look").lists[0].lead is None


def test_bold_words_and_decimals_are_no_items() -> None:
    assert not any(map(is_item, ("**Note:** see there", "2.5 mm is too much", "*stress* is laid", "-5 degrees")))
    assert all(map(is_item, ("* note", "- a", "・項目", "①計画", "3) report", "12．終える", "(2) x")))


@pytest.mark.parametrize(
    "text",
    [
        "次の二つがある。",
        "以下2種類の方法が考えられる。",
        "DBには大別すると三つがある。",
        "as follows:",
        "the following papers.",
    ],
)
def test_what_announces_a_list(text: str) -> None:
    assert leads_over(text)
    assert not leads_over("The paint is grey.")


@given(
    st.lists(
        st.sampled_from(["1. a b", "- c", "  going on", "A sentence.", "", "| x | y |", "# H", "以下のとおり。"]),
        max_size=9,
    )
)
def test_lists_are_apart_and_in_order(lines: list[str]) -> None:
    found = lists("\n".join(lines) or "x")
    last = -1
    for one in found.lists:
        assert last < one.first <= one.last < len(found.spans)
        assert one.lead is None or one.lead == one.first - 1
        last = one.last
        whole = found.fitting(one, found.spans[one.first].start, 10_000)
        assert whole is not None
        assert whole.end == found.spans[one.last].end
