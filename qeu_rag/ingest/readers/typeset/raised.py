"""Raised and lowered text as plain characters, and remarks on what was left out because it does not count."""

from __future__ import annotations

import re
from collections import Counter

from qeu_rag.ingest.remark import Remark, counted

_PLAIN = "0123456789+-=()n"
_RAISED = str.maketrans(_PLAIN + "i", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans(_PLAIN[:-1], "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_HYPHEN = re.compile("[\u2010-\u2015\u2212\uff0d]")
_WIDE = {ord(wide): ord(wide) - 0xFEE0 for wide in "０１２３４５６７８９＋－＝（）ｎｉ"}

LEFT_OUT = ("struck", "hidden", "white", "ruby")
"""What readers leave out and tell by ``left_out``: struck-out text, text that is marked as hidden, text nobody can see, and
readings over characters."""


def raised(text: str) -> str:
    """``text`` as it stands raised: ``⁶`` for 6, ``⁻⁴`` for -4; ``^(a+b)`` where there are no such characters, ``^x`` for one.

    A mark that is no letter or digit (*, †, ※, ®) and space stay as they are.
    """
    return _moved(text, _RAISED, "^")


def lowered(text: str) -> str:
    """``text`` as it stands lowered: ``₂`` for 2; ``_(max)`` where there are no such characters, ``_x`` for one."""
    return _moved(text, _LOWERED, "_")


def _moved(text: str, table: dict[int, int], sign: str) -> str:
    bare = _HYPHEN.sub("-", text.strip()).translate(_WIDE)
    if not bare:
        return text
    if not any(map(str.isalnum, bare)) and bare not in "+-=":
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if all(ord(character) in table for character in bare):
        return before + bare.translate(table) + after
    return f"{before}{sign}{bare}{after}" if len(bare) == 1 else f"{before}{sign}({bare}){after}"


def left_out(counts: Counter[str]) -> tuple[Remark, ...]:
    """A remark for each kind of ``LEFT_OUT`` of which something was left out, with how many stretches."""
    return counted(counts, *LEFT_OUT, prefix="left_out_")
