"""Measures how much of the accepted answers an answer holds: containment, exact match and F1.

Normalisation, exact match and F1 as in SQuAD's evaluation script (Rajpurkar et al. 2016, arXiv 1606.05250): lower case, no
punctuation, no English articles, single spaces. Japanese is counted by characters, as JSQuAD does (Kurihara et al. 2022).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_MARKUP = re.compile(r"[*`|\\]+|^[ \t]*(?:#{1,6}|[-+]|>)[ \t]+", re.M)
_LATIN = re.compile(r"[a-z0-9]")


def exact_match(text: str, answers: Sequence[str], lang: str) -> float:
    """1.0 where ``text`` is one of ``answers`` after normalisation, else 0.0."""
    return float(any(_tokens(text, lang) == _tokens(answer, lang) for answer in answers))


def f1(text: str, answers: Sequence[str], lang: str) -> float:
    """The best F1 of the words (Japanese: characters) that ``text`` shares with one of ``answers``; 0..1."""
    return max((_f1(_tokens(text, lang), _tokens(answer, lang)) for answer in answers), default=0.0)


def contains(text: str, answers: Sequence[str], limit: int) -> bool | None:
    """Whether one of ``answers`` stands in the first ``limit`` characters of ``text``; None where none could.

    Case, width, space and Markdown's marks make no difference; an answer in Latin letters or digits must stand as a word of
    its own. Answers longer than ``limit`` are left out.
    """
    fitting = [folded for answer in answers if len(answer) <= limit and (folded := _fold(answer))]
    if not fitting:
        return None
    shown = _fold(text[:limit])
    return any(_stands_in(answer, shown) for answer in fitting)


def _stands_in(answer: str, text: str) -> bool:
    before = r"(?<![a-z0-9])" if _LATIN.match(answer[0]) else ""
    after = r"(?![a-z0-9])" if _LATIN.match(answer[-1]) else ""
    return bool(re.search(f"{before}{re.escape(answer)}{after}", text))


def _fold(text: str) -> str:
    """Letters as they compare; between two Japanese characters no space is left."""
    plain = " ".join(_MARKUP.sub(" ", unicodedata.normalize("NFKC", text)).lower().split())
    return re.sub(r"(?<=[^\x00-\u02ff]) | (?=[^\x00-\u02ff])", "", plain).strip(" .。、,;:\"'「」")


def _tokens(text: str, lang: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).lower()
    bare = "".join(c for c in folded if not unicodedata.category(c).startswith("P") and c not in "$+<=>^`|~")
    if lang == "ja":
        return list("".join(bare.split()))
    return _ARTICLES.sub(" ", bare).split()


def _f1(found: list[str], wanted: list[str]) -> float:
    if not found or not wanted:
        return float(found == wanted)
    same = sum((Counter(found) & Counter(wanted)).values())
    return 2.0 * same / (len(found) + len(wanted))
