"""Finds where two passages on one subject differ in a number, a unit, a date or a negation.

``conflicts(first, second, terms)`` compares two passages of any length and gives each pair of sentences that differs, most alike
first; ``differs`` compares two sentences. Both are pure: ``terms`` is ``Analyzer().evidence_terms`` or any function from a text
to its terms. Both passages must be in one language, since what they are about is told by the words they share.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from qeu_rag.text.negation import asserted, denies, denies_rest
from qeu_rag.text.opposites import set_apart
from qeu_rag.text.sentences import sentences
from qeu_rag.text.units import HEADING, ROW, RULE, key_cell
from qeu_rag.text.values import Value, folded, same, values, without_values

Kind = Literal["number", "unit", "date", "negation"]
Terms = Callable[[str], Iterable[str]]

_ALIKE = 0.5
"""The least share of all their words that two sentences have in common (Jaccard) to be about one subject."""
_WITHIN = 0.75
"""The least share of the shorter sentence's words that stand in the other."""
_ALIKE_DENIED = 0.75
"""As ``_ALIKE``, where one of the two denies: a lone "not" is weaker evidence than two figures."""
_FEWEST = 3
"""So many words in common say what two sentences are about, where their headings have none in common."""
_FORMAL = frozenset(("w:こと", "w:ごと", "w:もの", "w:とき"))
"""Nouns that name nothing."""

_CAPTION = re.compile(r"^[ \t]*[■□◆◇●○▪◦][^\n。．.！？!?]{1,40}\n(?=[ \t]*\S)")
"""A line that heads those below it, as in Japanese newsletters."""

_NAMES = re.compile(
    r"\b(?:[A-Z][a-z]{3,} ?\d+(?:\.\d+)*|[A-Za-z]{1,6}-?\d+[A-Za-z]?|[A-Z])\b|(?<![A-Za-z0-9])[A-Z\uff21-\uff3a](?=[一-鿿])"
    r"|\d+[本点軸枚面相段](?![以未超前後程毎分目])[一-鿿]+|[甲乙丙丁]|[①-⑳]|第\d+[回期次条]"
)
"""Names of things as L18, A, A社, R-402, Android 14, 3本指: two sentences that name different ones are about different things."""

_OWN_DATE = re.compile(
    r"^\W*(?:改定|改訂|制定|作成|発行|更新|施行|最終更新|版|第.{1,3}版|バージョン"
    r"|revis|issued|updated|last\b|lastmod|modified|published|effective|valid from|version|created|printed|date\b)",
    re.I,
)
"""The document's own dates and versions, which differ between any two documents."""

_FORMULA = re.compile(r"[=＝≈≦≤≧≥][^。\n]*(?:[*/^×÷√Σ∑·]|\blog|\bln\b|\([^()]*[-+−][^()]*\))")
"""A formula's figures are its coefficients: those of two formulas differ as a matter of course."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two sentences that differ: verbatim, with what differs in each (empty for the side that does not deny)."""

    kind: Kind
    first: str
    second: str
    values: tuple[str, str]
    alike: float


def conflicts(
    first: str, second: str, terms: Terms, *, first_context: str = "", second_context: str = ""
) -> tuple[Conflict, ...]:
    """The sentences of two passages that differ, most alike first, each sentence in one conflict at most.

    The contexts are where the passages stand (title and headings): they tell what short sentences are about. Passages whose
    contexts set them apart (domestic, abroad) do not conflict.
    """
    if set_apart(first_context, second_context):
        return ()
    ours, theirs = ([_stated(text) for text in said(passage)] for passage in (first, second))
    # A sentence that stands in both passages agrees with itself, whatever stands beside it.
    common = {one.bare for one in ours} & {one.bare for one in theirs}
    pairs = [
        (found, n, m)
        for n, a in enumerate(ours)
        if a.bare not in common
        for m, b in enumerate(theirs)
        if b.bare not in common and (found := _differ(a, b, terms, first_context, second_context))
    ]
    pairs.sort(key=lambda pair: (-pair[0].alike, pair[1], pair[2]))
    chosen: list[Conflict] = []
    used: tuple[set[int], set[int]] = (set(), set())
    for found, n, m in pairs:
        if n not in used[0] and m not in used[1]:
            chosen.append(found)
            used[0].add(n)
            used[1].add(m)
    return tuple(chosen)


def differs(
    first: str, second: str, terms: Terms, *, first_context: str = "", second_context: str = ""
) -> Conflict | None:
    """How two sentences or table rows on one subject differ; None where they agree or are not surely on one subject."""
    return _differ(_stated(first), _stated(second), terms, first_context, second_context)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stated:
    """A sentence with what it states."""

    text: str
    bare: str
    values: tuple[Value, ...]
    denied: bool


def _stated(text: str) -> _Stated:
    return _Stated(text=text, bare=_bare(text), values=values(text), denied=denies(text))


def _differ(first: _Stated, second: _Stated, terms: Terms, first_context: str, second_context: str) -> Conflict | None:
    """As ``differs``; what is cheap to see is looked at first, as few pairs of sentences differ at all."""
    kind, pair = _unlike_values(first.values, second.values)
    if kind is None and first.denied != second.denied and not _only_rest(first, second):
        kind, pair = "negation", (first.text if first.denied else "", second.text if second.denied else "")
    if kind is None or first.bare == second.bare or _OWN_DATE.match(first.text) or _OWN_DATE.match(second.text):
        return None
    if _FORMULA.search(first.text) or _FORMULA.search(second.text) or set_apart(first.text, second.text):
        return None
    alike = _alike(first, second, terms, first_context, second_context, denied=kind == "negation")
    if alike < (_ALIKE_DENIED if kind == "negation" else _ALIKE):
        return None
    return Conflict(kind=kind, first=first.text, second=second.text, values=pair, alike=round(alike, 4))


def _only_rest(first: _Stated, second: _Stated) -> bool:
    """One allows what it names, the other denies the rest alone: both hold."""
    denial, other = (first, second) if first.denied else (second, first)
    return denies_rest(denial.text) and not denies_rest(other.text)


def said(text: str) -> list[str]:
    """The sentences, list items and rows of ``text``, without headings; those below a caption (■備品) each of its own."""
    found: list[str] = []
    for line in (span.of(text) for span in sentences(text)):
        below = _CAPTION.sub("", line)
        found += [line] if below == line else [span.of(below) for span in sentences(below)]
    return [line for line in found if not HEADING.match(line) and not RULE.match(line)]


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, folded(text).lower()))


def _alike(
    first: _Stated, second: _Stated, terms: Terms, first_context: str, second_context: str, *, denied: bool
) -> float:
    """The share of words in common, 0..1; 0 where the two are surely about different things. ``denied``: by one of them."""
    if ROW.match(first.text) and ROW.match(second.text) and _bare(key_cell(first.text)) != _bare(key_cell(second.text)):
        return 0.0
    plain = [without_values(asserted(one.text) if denied else one.text) for one in (first, second)]
    if _names(plain[0]) != _names(plain[1]):
        return 0.0
    a, b = (_words(text, terms) for text in plain)
    if denied:
        # A denial has no figure: what is counted in the other ("5 unused days") is its subject as well.
        counted = [_words(" ".join(value.words for value in one.values), terms) for one in (first, second)]
        a, b = a | (counted[0] & b), b | (counted[1] & a)
    shared = a & b
    if not shared or _one_word_for_another(a, b, _last(plain[0], terms), _last(plain[1], terms)):
        return 0.0
    around = _words(first_context, terms), _words(second_context, terms)
    if len(shared) < 2 and not (a == b and around[0] & around[1]):
        return 0.0
    if len(shared) < _FEWEST and all(around) and not around[0] & around[1]:
        return 0.0
    # What one says of its subject and the other leaves to its heading is common to both.
    a, b = a | (around[0] & b), b | (around[1] & a)
    shared = a & b
    if len(shared) < _WITHIN * min(len(a), len(b)):
        return 0.0
    return len(shared) / len(a | b)


def _words(text: str, terms: Terms) -> frozenset[str]:
    found = list(terms(text))
    words = [term for term in found if term.startswith("w:")] or found
    return frozenset(word for word in words if not word.removeprefix("w:").isdigit()) - _FORMAL


def _last(text: str, terms: Terms) -> str:
    """The last word of a Japanese sentence, which is what it says of its subject; else none."""
    words = [word for word in terms(text) if word.startswith("w:") and word not in _FORMAL]
    return words[-1] if words and re.search("[ぁ-ん]", text) else ""


def _names(text: str) -> Counter[str]:
    return Counter(folded(name).upper() for name in _NAMES.findall(text) if name not in ("A", "I"))


def _one_word_for_another(a: frozenset[str], b: frozenset[str], a_last: str, b_last: str) -> bool:
    """One word stands where another does and all else is alike: one rule for two things, as for managers and for drivers.

    Not so the verbs at the end of two Japanese sentences (行う, 実施する), which say the same of one thing.
    """
    if a - b == {a_last} and b - a == {b_last}:
        return False
    return len(a - b) == 1 and len(b - a) == 1 and len(a) == len(b)


def _unlike_values(ours: Sequence[Value], theirs: Sequence[Value]) -> tuple[Kind | None, tuple[str, str]]:
    """The first measure in which each side states what the other does not; one side saying more is no difference."""
    for measure in dict.fromkeys(value.measure for value in ours):
        mine = [value for value in ours if value.measure == measure]
        yours = [value for value in theirs if value.measure == measure]
        left = [value for value in mine if not any(same(value, other) for other in yours)]
        right = [value for value in yours if not any(same(value, other) for other in mine)]
        if left and right:
            a, b = left[0], right[0]
            kind: Kind = "date" if measure == "date" else "unit" if a.number == b.number != 0 else "number"
            return kind, (a.words, b.words)
    money = ("yen", "dollar", "euro")
    for a in ours:
        for b in theirs:
            if a.measure != b.measure and a.number == b.number and {a.measure, b.measure} <= set(money):
                return "unit", (a.words, b.words)
    return None, ("", "")
