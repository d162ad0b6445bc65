from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.faq.tables import blocks

TABLE = "| 役職 | 日当 |\n| アナリスト | 1200 |\n| パートナー | 2600 | [1]"


def test_rows_are_a_table_and_the_marker_stands_below_it() -> None:
    found = list(blocks(f"日当（円）。\n{TABLE}\n以上。 [2]"))
    assert found == [
        "日当（円）。",
        (("役職", "日当"), ("アナリスト", "1200"), ("パートナー", "2600")),
        "[1]",
        "以上。 [2]",
    ]


def test_a_lone_row_and_bars_in_prose_stay_prose() -> None:
    assert list(blocks("| a | b | [1]")) == ["| a | b | [1]"]
    assert list(blocks("either | or\n|x|")) == ["either | or", "|x|"]


@given(st.text(alphabet="|[1] aあ\n", max_size=60))
def test_no_word_is_lost(text: str) -> None:
    shown = "".join(
        block if isinstance(block, str) else "".join("".join(row) for row in block) for block in blocks(text)
    )
    assert sorted(c for c in shown if c not in "| \n") == sorted(c for c in text if c not in "| \n")
