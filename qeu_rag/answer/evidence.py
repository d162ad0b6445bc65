"""Chooses what a model reads: the best windows of the evidence, as many as fit into its room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from qeu_rag.answer.compose import shown
from qeu_rag.answer.prompt import GAP, Evidence, label
from qeu_rag.types import ScoredWindow

_SEPARATOR_TOKENS = 2


def choose(windows: Sequence[ScoredWindow], *, count_tokens: Callable[[str], int], budget: int) -> tuple[Evidence, ...]:
    """The evidence to show a model in about ``budget`` tokens, its labels counted, by the rank of its chunk.

    ``windows`` come best first; those of one chunk stand in the chunk's order below one label, with a mark where something
    was left out between them. Empty where not even the best one fits.
    """
    chosen: dict[str, list[ScoredWindow]] = {}
    left = budget
    for one in windows:
        beside = chosen.get(one.chunk.id, [])
        if any(one.window.first <= other.window.last and other.window.first <= one.window.last for other in beside):
            continue  # most of it is there already
        cost = count_tokens(shown(one, marker=1).text) + _SEPARATOR_TOKENS
        cost += 0 if beside else count_tokens(label(len(chosen) + 1, one.chunk)) + _SEPARATOR_TOKENS
        if cost > left:
            continue
        chosen.setdefault(one.chunk.id, []).append(one)
        left -= cost
    return tuple(Evidence(chunk=group[0].chunk, text=_text(group)) for group in chosen.values())


def _text(group: Sequence[ScoredWindow]) -> str:
    ordered = sorted(group, key=lambda one: one.window.first)
    text = shown(ordered[0], marker=1).text
    for before, one in pairwise(ordered):
        between = "\n" if one.window.first == before.window.last + 1 else f"\n{GAP.strip()}\n"
        text += between + shown(one, marker=1).text
    return text
