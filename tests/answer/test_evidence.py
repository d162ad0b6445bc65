"""What a model reads: the best windows below their labels, within its room, and a prompt that ends with the question."""

from __future__ import annotations

import pytest
from found import chunk_of, scored
from hypothesis import given, settings
from hypothesis import strategies as st
from qeu_rag.answer.evidence import choose

from qeu_rag.answer.prompt import GAP, REFUSAL, Evidence, build_prompt, label
from qeu_rag.text.windows import windows
from qeu_rag.types import ScoredWindow

ROW = "Rule {0} says that the domestic allowance of an employee of grade {0} is {0},000 yen a day. "
LONG = chunk_of("".join(ROW.format(n) for n in range(24)), name="long", title="Rules", headings=("Rules", "Allowance"))
SHORT = chunk_of("An audit takes two days.", name="short", title="Audits")


def words(text: str) -> int:
    return len(text.split())


def chosen(*found: ScoredWindow, budget: int = 400) -> list[tuple[str, str]]:
    return [(item.chunk.id, item.text) for item in choose(found, count_tokens=words, budget=budget)]


def test_the_best_windows_come_in_the_order_of_their_chunks() -> None:
    text = windows(LONG)[0].span.of(LONG.text)
    assert chosen(scored(SHORT), scored(LONG)) == [("short", SHORT.text), ("long", text)]


def test_windows_of_one_chunk_stand_in_its_order_with_a_mark_between() -> None:
    cut = windows(LONG)
    assert len(cut) >= 4
    first, last = (cut[at].span.of(LONG.text) for at in (0, 3))
    for order in ((0, 3), (3, 0)):
        assert chosen(*(scored(LONG, at) for at in order)) == [("long", f"{first}\n{GAP.strip()}\n{last}")]


def test_a_window_that_overlaps_one_that_is_there_is_left_out() -> None:
    assert chosen(scored(LONG, 0), scored(LONG, 1)) == chosen(scored(LONG, 0))


def test_what_does_not_fit_leaves_room_for_what_does() -> None:
    assert chosen(scored(LONG), scored(SHORT), budget=20) == [("short", SHORT.text)]
    assert chosen(scored(LONG), scored(SHORT), budget=3) == []
    assert chosen(budget=100) == []


TABLE = ["\n| a | b |\n| --- | --- |\n", "| 1 | allowance |\n"]
PARTS = st.sampled_from(
    ["The allowance is 3,000 yen. ", "日当は3,000円とする。", "Why: ", "\n\n", "\n- an item\n", "\n## A\n", *TABLE]
)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(PARTS, min_size=1, max_size=12).map("".join), min_size=1, max_size=3), st.integers(0, 80))
def test_all_that_a_model_reads_fits_its_room(texts: list[str], budget: int) -> None:
    chunks = [chunk_of(text, name=str(n)) for n, text in enumerate(texts)]
    found = [scored(one, at) for one in chunks for at in range(len(windows(one)))]
    items = choose(found, count_tokens=words, budget=budget)
    assert len({item.chunk.id for item in items}) == len(items)
    used = sum(words(label(n, item.chunk)) + words(item.text) for n, item in enumerate(items, start=1))
    assert used <= budget


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_prompt_begins_alike_and_ends_with_the_question(lang: str) -> None:
    here = chunk_of("x", title="Rules", headings=("Rules", "Allowance"), page=3)
    one = build_prompt("日当は？", [Evidence(chunk=here, text="3,000円")], lang)
    other = build_prompt("What else?", [], lang)
    assert one.system == other.system
    assert REFUSAL[lang] in one.system
    assert one.user.startswith("[1] Rules › Allowance (p. 3)\n3,000円\n\n")
    assert one.user.endswith("日当は？")
