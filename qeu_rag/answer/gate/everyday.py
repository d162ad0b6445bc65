"""How uncommon a word is in everyday language: what nobody says in passing is what a question is about."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from pathlib import Path

_COUNTS = "everyday.txt"
_COMMON = 300
"""A word that so many of the 50,500 sentences hold is as everyday as a word can be."""


def uncommon(term: str) -> float:
    """How uncommon ``term`` (a word's evidence term, ``w:`` and its stem or normalised form) is; 0 everyday, 1 never met."""
    met = _counts().get(term.removeprefix("w:"), 0)
    return 1.0 - min(1.0, math.log1p(met) / math.log1p(_COMMON))


@functools.cache
def _counts() -> Mapping[str, int]:
    """How many sentences of the Tanaka corpus hold each word, both languages, as ``training/everyday.py`` counted them."""
    lines = Path(__file__).with_name(_COUNTS).read_text(encoding="utf-8").splitlines()
    return {word: int(count) for word, count in (line.split("\t") for line in lines if not line.startswith("#"))}
