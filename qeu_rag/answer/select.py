"""Chooses the sentences that are worth a model's time: those most likely to hold the answer, a token, within a budget."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from qeu_rag.answer.gate import Terms, coverage
from qeu_rag.answer.prompt import GAP, Evidence, label
from qeu_rag.answer.units import ASKS_NUMBER, LIST_MARK, REFERENCES, ROW, needed, table_header, units
from qeu_rag.types import Chunk, ScoredChunk, Span

FEATURES = ("own", "relative", "beside", "rank", "first", "wrong_kind", "length")
"""What a sentence is judged by: the question's weight it covers (0..1), that beside the best sentence's (squared), what its
neighbours and heading add, its chunk's rank (log) and whether it is the first, whether the question asks for a number that
it lacks, and its length (log of terms)."""

BIAS = -4.96
WEIGHTS: Mapping[str, float] = {
    "own": 2.05,
    "relative": 1.73,
    "beside": 0.16,
    "rank": -0.3,
    "first": 1.08,
    "wrong_kind": -1.53,
    "length": 0.52,
}
"""A logistic regression that says how likely a sentence holds the answer; ``benchmarks/selection.py --fit`` made it."""

FLOOR = 0.004
"""A sentence less likely than this is not worth its tokens, even where there is room."""

_SEPARATOR_TOKENS = 2
_STEM = 4
_ALIKE = 0.8
_HOLDS_NUMBER = re.compile(
    r"[\d０-９〇一二三四五六七八九十百千万億]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|hundred|thousand"
    r"|half|once|twice|daily|weekly|monthly|yearly|january|february|march|april|may|june|july|august|september|october"
    r"|november|december|century)\b",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One sentence, list item or table row: its chunk's place, its own, and how likely it holds the answer (0..1)."""

    place: int
    at: int
    text: str
    terms: frozenset[str]
    features: tuple[float, ...]
    value: float = 0.0


def select(
    question: str,
    found: Sequence[ScoredChunk],
    weights: Mapping[str, float],
    analyze: Terms,
    *,
    count_tokens: Callable[[str], int],
    budget: int,
) -> tuple[Evidence, ...]:
    """The evidence to show a model, by rank of its chunk, its labels counted, in about ``budget`` tokens.

    ``weights`` are the question's terms with their idf. Greedy by likelihood per token; a table row brings its header
    line, a list item its introduction, a sentence that points back the one before it. Empty where nothing fits.
    """
    spans = [unit_spans(scored.chunk) for scored in found]
    judged = [replace(unit, value=likelihood(unit.features)) for unit in judge_units(question, found, weights, analyze)]
    table = {(unit.place, unit.at): unit for unit in judged}
    cost = {key: count_tokens(unit.text) + _SEPARATOR_TOKENS for key, unit in table.items()}
    heads = {key: _head_cost(found[key[0]].chunk, spans[key[0]][key[1]], count_tokens) for key in table}
    labels = [count_tokens(label(place + 1, scored.chunk)) + _SEPARATOR_TOKENS for place, scored in enumerate(found)]
    chosen: set[tuple[int, int]] = set()
    left = budget
    waiting = {key for key, unit in table.items() if unit.value >= FLOOR}
    while waiting:
        offers = [(_with_needed(key, found, spans) - chosen, key) for key in waiting]
        priced = [(_price(group, chosen, cost, heads, labels), group, key) for group, key in offers]
        fitting = [
            (sum(table[k].value for k in group) / price, -key[0], -key[1], price, group)
            for price, group, key in priced
            if price <= left
        ]
        if not fitting:
            break
        *_, price, group = max(fitting)
        chosen |= group
        left -= price
        waiting -= chosen
    return tuple(
        Evidence(chunk=scored.chunk, text=_shown(scored.chunk, spans[place], ats))
        for place, scored in enumerate(found)
        if (ats := sorted(at for where, at in chosen if where == place))
    )


def judge_units(
    question: str, found: Sequence[ScoredChunk], weights: Mapping[str, float], analyze: Terms
) -> list[Unit]:
    """Every unit of ``found`` with its features, in order; a list of references has none."""
    wants_number = bool(ASKS_NUMBER.search(question))
    raw: list[tuple[int, int, str, frozenset[str]]] = []
    for place, scored in enumerate(found):
        for at, span in enumerate(unit_spans(scored.chunk)):
            text = span.of(scored.chunk.text)
            head = table_header(scored.chunk, span) if ROW.match(text) else ""
            raw.append((place, at, text, frozenset(analyze(f"{head}\n{text}"))))
    context = [frozenset(analyze(scored.chunk.context)) for scored in found]
    own = [_soft_coverage(weights, terms) for *_, terms in raw]
    best = max(own, default=0.0) or 1.0
    judged = []
    for number, (place, at, text, terms) in enumerate(raw):
        beside = [other[3] for other in raw[max(0, number - 1) : number + 2] if other[0] == place]
        around = frozenset(terms | context[place])
        features = (
            own[number],
            (own[number] / best) ** 2,
            coverage(weights, set(around.union(*beside))) - coverage(weights, set(around)),
            math.log(place + 1),
            float(place == 0),
            float(wants_number and not _HOLDS_NUMBER.search(text)),
            math.log(1 + len(terms)),
        )
        judged.append(Unit(place=place, at=at, text=text, terms=terms, features=features))
    return judged


def likelihood(features: Sequence[float]) -> float:
    """How likely a unit with ``features`` (in the order of ``FEATURES``) holds the answer, 0..1."""
    logit = BIAS + sum(WEIGHTS[name] * value for name, value in zip(FEATURES, features, strict=True))
    return 1.0 / (1.0 + math.exp(-logit))


def unit_spans(chunk: Chunk) -> list[Span]:
    """The units of ``chunk`` that are worth judging, in order: none in a list of references."""
    return [] if chunk.headings and REFERENCES.match(chunk.headings[-1]) else list(units(chunk))


def _soft_coverage(weights: Mapping[str, float], terms: Set[str]) -> float:
    """``coverage`` in which an English word also counts, for less, where only its ending differs."""
    whole = sum(weights.values())
    if not whole:
        return 0.0
    starts = {term[:_STEM] for term in terms if term.isascii()}
    total = 0.0
    for term, weight in weights.items():
        if term in terms:
            total += weight
        elif len(term) >= _STEM and term.isascii() and term[:_STEM] in starts and _alike(term, terms):
            total += _ALIKE * weight
    return total / whole


def _alike(term: str, terms: Set[str]) -> bool:
    return any(
        other.startswith(term[: max(_STEM, min(len(term), len(other)) - 3)]) for other in terms if len(other) >= _STEM
    )


def _with_needed(
    key: tuple[int, int], found: Sequence[ScoredChunk], spans: Sequence[Sequence[Span]]
) -> set[tuple[int, int]]:
    place, at = key
    other = needed(found[place].chunk, spans[place], at)
    return {key} if other is None else {key, (place, other)}


def _price(
    group: Set[tuple[int, int]],
    chosen: Set[tuple[int, int]],
    cost: Mapping[tuple[int, int], int],
    heads: Mapping[tuple[int, int], int],
    labels: Sequence[int],
) -> int:
    """What adding ``group``, units of one chunk, costs in tokens."""
    place = next(iter(group))[0]
    there = [key for key in chosen if key[0] == place]
    price = sum(cost[key] for key in group) + (0 if there else labels[place])
    return price + (0 if any(heads[key] for key in there) else max(heads[key] for key in group))


def _head_cost(chunk: Chunk, span: Span, count_tokens: Callable[[str], int]) -> int:
    if not ROW.match(span.of(chunk.text)) or not (head := table_header(chunk, span)):
        return 0
    return count_tokens(head) + _SEPARATOR_TOKENS


def _shown(chunk: Chunk, spans: Sequence[Span], ats: Sequence[int]) -> str:
    """The chosen units as they stand in the chunk, in order, with a mark where something was left out between."""
    text = ""
    head = ""
    for before, at in zip([None, *ats], ats, strict=False):
        own = spans[at].of(chunk.text)
        between = ""
        if before is not None:
            between = chunk.text[spans[before].end : spans[at].start]
            # A table's header or a heading stands in no unit, so that it counts as left out.
            if before != at - 1 or re.search(r"[|\w]", between):
                between = "\n…\n" if ROW.match(own) or LIST_MARK.match(own) else GAP
        new_head = table_header(chunk, spans[at]) if ROW.match(own) else ""
        if new_head not in (head, ""):
            between = f"{between.rstrip('…').rstrip()}\n{new_head}\n" if text else f"{new_head}\n"
        head = new_head
        text += between + own
    return text
