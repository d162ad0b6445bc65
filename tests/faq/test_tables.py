"""An answer's text cut into prose and tables, and into runs that are emphasised: no character is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.faq.write.blocks import Prose, Table, blocks, runs, starred

TABLE = "| 役職 | 日当 |\n| アナリスト | 1200 |\n| パートナー | 2600 | [1]"


def bare(text: str) -> list[str | tuple[tuple[str, ...], ...]]:
    """The blocks of a text as strings."""
    return [
        words(block.text) if isinstance(block, Prose) else tuple(tuple(map(words, row)) for row in block.rows)
        for block in blocks(text)
    ]


def words(rich: tuple[tuple[str, bool], ...]) -> str:
    return "".join(run for run, _ in rich)


def test_rows_are_a_table_and_the_marker_stands_below_it() -> None:
    found = bare(f"日当（円）。\n{TABLE}\n以上。 [2]")
    assert found == [
        "日当（円）。",
        (("役職", "日当"), ("アナリスト", "1200"), ("パートナー", "2600")),
        "[1]",
        "以上。 [2]",
    ]


def test_a_lone_row_and_bars_in_prose_stay_prose() -> None:
    assert bare("| a | b | [1]") == ["| a | b | [1]"]
    assert bare("either | or\n|x|") == ["either | or", "|x|"]
    assert bare("a | b\na | b | c\n | d") == ["a | b", "a | b | c", " | d"]


def test_rows_as_an_answer_shows_them_are_a_table_with_what_answers_in_it() -> None:
    text = "次の表:\n役職 | 日当\nアナリスト | 1200\nパートナー | 2600 [1]\n以上。"
    start = text.index("アナリスト")
    before, table, marker, after = blocks(text, [(start, text.index("\nパ"))])
    assert isinstance(table, Table)
    assert table.rows == (
        ((("役職", False),), (("日当", False),)),
        ((("アナリスト", True),), (("1200", True),)),
        ((("パートナー", False),), (("2600", False),)),
    )
    assert (before, marker, after) == tuple(Prose(((text, False),)) for text in ("次の表:", "[1]", "以上。"))


def test_stars_stand_only_where_markdown_takes_them_for_emphasis() -> None:
    def written(text: str, strong: str) -> str:
        start = text.index(strong)
        found = starred(runs(text, [(start, start + len(strong))]))
        return "".join(f"**{run}**" if is_strong else run for run, is_strong in found)

    assert written("3,000円とする。 [1]", "3,000円とする。") == "**3,000円とする。** [1]"
    assert written("はい。3,000円とする。次へ", "3,000円とする。") == "はい。**3,000円とする**。次へ"
    assert written("前「3,000円」後", "「3,000円」") == "前「**3,000円**」後"
    assert written("a  b  c", "  b  ") == "a  **b**  c"
    assert written("あ。う", "。") == "あ。う"


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(-5, 40), st.integers(-5, 40)), max_size=4))
def test_runs_are_the_text_whatever_is_emphasised(text: str, bounds: list[tuple[int, int]]) -> None:
    made = runs(text, bounds)
    assert words(made) == text == words(tuple(starred(made)))
    assert all(run for run, _ in made)


@given(st.text(alphabet="|[1] aあ\n", max_size=60))
def test_no_word_is_lost(text: str) -> None:
    shown = "".join(block if isinstance(block, str) else "".join(map("".join, block)) for block in bare(text))
    assert sorted(c for c in shown if c not in "| \n") == sorted(c for c in text if c not in "| \n")
