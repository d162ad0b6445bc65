"""The names and numbers of a question, and which of them a passage lacks."""

from __future__ import annotations

import re

from qeu_rag.index.notation import normalise

_NAME = re.compile(r"(?<![\w'])[A-Z][\w\-]*[a-z\d][\w\-]*|[A-Z]{2,}\d*|[ァ-ヺー]{3,}|\d+(?:[.,]\d+)*")
_FIRST_WORD = re.compile(r"\s*[\"'“‘(]*[A-Z][a-z]*\b")


def names(question: str) -> tuple[str, ...]:
    """The names and numbers of a question, folded: capitalised words but the first, acronyms, katakana words, numbers."""
    rest = question[m.end() :] if (m := _FIRST_WORD.match(question)) else question
    return tuple(dict.fromkeys(normalise(name) for name in _NAME.findall(rest)))


def missing(wanted: tuple[str, ...], text: str) -> float:
    """The share of ``wanted`` names that ``text`` (folded) lacks; 0..1, and 0 where none is wanted."""
    return sum(name not in text for name in wanted) / len(wanted) if wanted else 0.0
