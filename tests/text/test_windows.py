"""Windows: together they hold every unit, each is exact in its chunk and short, and none shows a mark."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qeu_rag.text.markup import plain
from qeu_rag.text.units import RULE, cells, introduction, units
from qeu_rag.text.windows import ROOM, heading_path, readable, size_of, unit_texts, window_lines, window_text, windows
from qeu_rag.types import Chunk, Span, Window


def chunk(
    text: str, *, header: str = "", title: str = "Rules", headings: tuple[str, ...] = ("Rules", "Allowance")
) -> Chunk:
    return Chunk(
        id="c",
        document_id="d",
        source="a.md",
        title=title,
        headings=headings,
        text=text,
        span=Span(start=0, end=len(text)),
        header=header,
    )


def shares(one: Chunk) -> list[str]:
    return [window.span.of(one.text) for window in windows(one)]


SENTENCE = "The domestic allowance of an employee is 3,000 yen a day, and abroad it is 8,000 yen. "
JAPANESE = "国内出張の日当は3,000円とし、海外出張の日当は8,000円とする。"
TABLE = "| Grade | Meaning |\n| --- | --- |\n" + "".join(
    f"| G{n} | Findings of kind {n} are answered within {n} days |\n" for n in range(1, 31)
)


def test_prose_is_cut_into_windows_that_overlap_by_a_sentence() -> None:
    text = "".join(f"Rule {n} says: {SENTENCE}" for n in range(20))
    cut = windows(chunk(text))
    assert len(cut) > 3
    for before, after in itertools.pairwise(cut):
        assert after.first == before.last
    assert all(size_of(window.span.of(text)) <= ROOM for window in cut)
    assert all(size_of(window.span.of(text)) > ROOM // 2 for window in cut[:-1])


def test_both_languages_fill_a_window_with_what_is_read_at_a_glance() -> None:
    english, japanese = (max(map(len, shares(chunk(text * 20)))) for text in (SENTENCE, JAPANESE))
    assert 300 <= english <= 460
    assert 120 <= japanese <= 260


def test_a_short_chunk_is_one_window() -> None:
    (window,) = windows(chunk(f"# Allowance\n\n{SENTENCE}"))
    assert window == Window(first=0, last=0, span=Span(start=13, end=13 + len(SENTENCE) - 1))


def test_rows_come_with_their_header_and_do_not_overlap() -> None:
    table = chunk(TABLE)
    cut = windows(table)
    assert len(cut) > 3
    assert [window.lead for window in cut] == ["| Grade | Meaning |"] * len(cut)
    assert [window.first for window in cut[1:]] == [window.last + 1 for window in cut[:-1]]
    assert window_lines(table, cut[0])[:2] == ["Grade | Meaning", "G1 | Findings of kind 1 are answered within 1 days"]
    assert not any(RULE.match(line) for window in cut for line in window_lines(table, window))


def test_rows_of_a_table_that_began_earlier_have_the_header_of_its_chunk() -> None:
    later = chunk("| B | Minor |\n| C | Major |", header="| Grade | Meaning |\n| --- | --- |")
    (window,) = windows(later)
    assert window.lead == "| Grade | Meaning |"
    assert window_text(later, window) == "Rules › Allowance\nGrade | Meaning\nB | Minor\nC | Major"


def test_a_bar_in_a_cell_is_no_border() -> None:
    assert cells(r"| a \| b | c |") == ["a | b", "c"]
    assert readable("| key | value |\n| --- | --- |\n| a \\| b | **c** |") == ["key | value", "a | b | c"]


def test_items_come_with_what_leads_over_to_them() -> None:
    items = "\n".join(f"{n}. Step {n}: look at the machine, and write down what it does and why." for n in range(1, 21))
    listed = chunk(f"Report a defect as follows:\n\n{items}")
    cut = windows(listed)
    assert len(cut) > 2
    assert [window.lead for window in cut] == ["", *["Report a defect as follows:"] * (len(cut) - 1)]
    assert cut[0].span.of(listed.text).startswith("Report a defect as follows:\n\n1. Step 1")
    plain_list = chunk(f"The paint is grey.\n\n{items}")
    assert {window.lead for window in windows(plain_list)} == {""}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Can I bring my dog to the office?", "On Fridays only."),
        ("冷蔵庫は自由に使えますか？", "名前を書いた物だけ置けます。"),
        ("The bag holds the following:", "- a caliper of steel"),
    ],
)
def test_what_asks_or_announces_is_never_the_last_of_a_window_that_goes_on(question: str, answer: str) -> None:
    for filler in range(1, 8):
        text = f"{SENTENCE * filler}\n\n{question}\n\n{answer}\n\n{SENTENCE * 3}"
        found = shares(chunk(text))
        assert any(question in share and answer in share for share in found)
        assert not any(share.endswith(question) for share in found)


@pytest.mark.parametrize("unit", ["あ" * 10_000, "word " * 2_000, "x" * 10_000])
def test_a_sentence_that_never_ends_is_a_window_by_itself(unit: str) -> None:
    text = f"{SENTENCE}\n\n{unit}\n\n{SENTENCE}"
    found = shares(chunk(text))
    assert unit.strip() in found
    assert len(found) == 3


def test_a_chunk_of_nothing_has_no_window_and_one_of_headings_has_one() -> None:
    assert windows(chunk("")) == ()
    assert windows(chunk("---\n\n***")) == ()
    title = chunk("# Rules\n\n## Allowance")
    (window,) = windows(title)
    assert window_lines(title, window) == []
    assert window_text(title, window) == "Rules › Allowance"


def test_the_text_of_a_window_says_what_it_is_about() -> None:
    one = chunk(SENTENCE, title="Handbook", headings=("Handbook", "Travel", "Per diem"))
    assert heading_path(one) == "Travel › Per diem"
    (window,) = windows(one)
    assert window_text(one, window) == f"Travel › Per diem\n{SENTENCE.strip()}"
    assert window_text(chunk(SENTENCE, title="", headings=()), window) == SENTENCE.strip()


def test_no_mark_is_in_what_is_read() -> None:
    marked = chunk(
        "## The rule\n\n**Travel** is [booked](https://a.b) by <b>the office</b>.<br>See `T-1`.\n\n> Quoted: &lt;5 %.\n\n"
        "| *A* | <i>B</i> |\n| :-- | --: |\n| **1** | 2 |"
    )
    (window,) = windows(marked)
    assert window_lines(marked, window) == [
        "Travel is booked by the office. See T-1.",
        "Quoted: <5 %.",
        "A | B",
        "1 | 2",
    ]


def test_each_unit_is_compared_below_its_heading() -> None:
    one = chunk(f"# Allowance\n\n**It** is\nten. {JAPANESE}")
    assert unit_texts(one, [1, 0]) == [f"Allowance\n{JAPANESE}", "Allowance\nIt is ten."]
    assert unit_texts(chunk(JAPANESE, title="", headings=()), [0]) == [JAPANESE]
    assert unit_texts(chunk(JAPANESE, title="Rules", headings=()), [0]) == [f"Rules\n{JAPANESE}"]


MARKDOWN = st.lists(
    st.sampled_from(
        [
            SENTENCE,
            JAPANESE,
            "**Note.** Bring a lamp. ",
            "Which one is it?\n\n",
            "The steps are as follows:\n\n",
            "1. Stop the line.\n",
            "- call the *foreman*\n",
            "・報告書を書く\n",
            "\n\n",
            "\n## 日当\n\n",
            "\n\n| a | b |\n| --- | --- |\n",
            "| 1 | <b>two</b> |\n",
            "```\nx = 1\n```\n",
            "> quoted ",
            "字" * 300,
            "word " * 150,
            "😀 ",
            "<p>A paragraph.</p>\n",
            "\n\n---\n\n",
        ]
    ),
    max_size=25,
).map("".join)


@given(MARKDOWN, st.sampled_from(["", "| a | b |\n| --- | --- |"]))
@example("", "")
@settings(max_examples=80, deadline=None)
def test_every_unit_is_in_a_window_and_every_window_is_whole_units_in_order(text: str, header: str) -> None:
    one = chunk(text, header=header)
    spans, cut = units(one), windows(one)
    assert {at for window in cut for at in range(window.first, window.last + 1)} == set(range(len(spans)))
    for window in cut:
        assert window.span == Span(start=spans[window.first].start, end=spans[window.last].end)
        inside = spans[window.first : window.last + 1]
        # Where it leads over to the next unit, that one is in it, too, whatever its length.
        assert window.first == window.last or sum(size_of(s.of(text)) + 1 for s in inside[:-1]) <= ROOM
        assert window.lead == "" or window.lead in text or window.lead in header
    assert all(before.first < after.first <= before.last + 1 for before, after in itertools.pairwise(cut))


@given(MARKDOWN)
@settings(max_examples=60, deadline=None)
def test_what_is_read_has_the_words_of_the_window_and_no_marks(text: str) -> None:
    one = chunk(text)
    for window in windows(one):
        said = "".join(window_text(one, window).split())
        for span in units(one)[window.first : window.last + 1]:
            words = plain(span.of(text))
            for word in ("paragraph", "lamp", "foreman", "two", "quoted", "報告書"):
                assert word not in words or word in said
        assert not any(mark in said for mark in ("<p>", "<b>", "---", "## "))


@given(MARKDOWN)
@settings(max_examples=40, deadline=None)
def test_an_introduction_leads_over_and_stands_above_its_list(text: str) -> None:
    one = chunk(text)
    spans = units(one)
    for at in range(len(spans)):
        above = introduction(one, spans, at)
        assert above is None or above < at
