"""Raised and lowered text keeps its meaning in plain characters."""

from __future__ import annotations

from collections import Counter

import pytest

from qeu_rag.ingest.readers.typeset.raised import left_out, lowered, raised
from qeu_rag.text.notation import fold, normalise


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("6", "⁶"),
        ("-4", "⁻⁴"),
        ("−4", "⁻⁴"),
        ("３", "³"),
        ("n+1", "ⁿ⁺¹"),
        ("x", "^x"),
        ("th", "^(th)"),
        ("※", "※"),
        (" ", " "),
        ("2 ", "² "),
    ],
)
def test_raised_text_is_told_from_what_stands_before_it(text: str, shown: str) -> None:
    assert raised(text) == shown


@pytest.mark.parametrize(("text", "shown"), [("2", "₂"), ("max", "_(max)"), ("i", "_i"), ("", "")])
def test_lowered_text_is_told_from_what_stands_before_it(text: str, shown: str) -> None:
    assert lowered(text) == shown


def test_a_power_is_no_longer_number() -> None:
    assert fold("10⁶ Ω") == fold("10^6 Ω") != fold("106 Ω")
    assert fold("5×10⁻⁴") == fold("5×10^-4")
    assert fold("m³") == "m3"
    assert normalise(normalise("10⁶")) == normalise("10⁶")


def test_what_was_left_out_is_told_in_both_languages() -> None:
    (remark,) = left_out(Counter(struck=2))
    assert "2" in str(remark)
    assert "取り消し線" in remark.render("ja")
    assert left_out(Counter()) == ()
