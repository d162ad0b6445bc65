"""What people read is free of marks, and all of its words are there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.text.markup import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**上限**は*一泊*12,000円", "上限は一泊12,000円"),
        ("***both*** and __strong__ and _soft_", "both and strong and soft"),
        ("see [the rules](https://a.b/c_(d)) and ![a map](map.png)", "see the rules and a map"),
        ("<p>A <b>bold</b> <a href='x'>link</a></p>", "A bold link"),
        ("H<sub>2</sub>O<br>steam", "H2O steam"),
        ("> quoted\n> twice", "quoted\ntwice"),
        ("R&amp;D, 5 &lt; 6", "R&D, 5 < 6"),
        (r"\*not strong\*, 10\% \| 3", r"*not strong*, 10\% | 3"),
        ("a<!-- a note to the editor --> b", "a b"),
        ("press `Ctrl` + `C`", "press Ctrl + C"),
        ("- **Item**: it", "- Item: it"),
        ("**wrapped\nstress** and [a\nlink](u)", "wrapped\nstress and a\nlink"),
    ],
)
def test_marks_go_and_words_stay(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2*3*4 = 24",
        "a * b * c",
        "2**3",
        "snake_case_name",
        "x <host> y",
        "5 < 6 > 4",
        "~~no longer~~ in force",
        "* an item",
        "C:\\temp",
        "a_1 + b_2",
        "[1] and [ref][2]",
        "",
    ],
)
def test_what_is_no_mark_stays(text: str) -> None:
    assert plain(text) == text


def test_code_stays_as_it_is() -> None:
    assert plain("set `<title>` and **use `**kwargs`, `a_b_c` now**") == "set <title> and use **kwargs, a_b_c now"


WORDS = st.lists(st.sampled_from("audit 日当 K-204 3,000円 may L18 見積書 ten".split()), min_size=1, max_size=4).map(
    " ".join
)
MARKS = st.sampled_from(
    [
        "{}",
        "**{}**",
        "*{}*",
        "`{}`",
        "<b>{}</b>",
        '<span class="x">{}</span>',
        "[{}](https://a.b/c)",
        "<b>*{}*</b>",
        "**[{}](u)**",
    ]
)
PARTS = st.tuples(WORDS, MARKS).map(lambda part: (part[0], part[1].format(part[0])))
BETWEEN = st.sampled_from([" ", "\n", "<br>", "\n\n", "\n> "])


@given(st.lists(st.tuples(PARTS, BETWEEN), max_size=6))
def test_all_words_stay_in_their_order_and_plain_text_stays_as_it_is(parts: list[tuple[tuple[str, str], str]]) -> None:
    shown = plain("".join(marked + between for (_, marked), between in parts))
    assert shown.split() == " ".join(words for (words, _), _ in parts).split()
    assert not set("*`_[<>") & set(shown)
    assert plain(shown) == shown


@given(st.text(max_size=80))
def test_any_text_is_read_and_no_character_comes_from_nowhere(text: str) -> None:
    shown = plain(text)
    if not set(text) & set("&\0<"):
        rest = iter(text)
        assert all(character in rest for character in shown)
