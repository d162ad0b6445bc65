"""Weighs the sentences, list items and table rows of the evidence by their words: which of them answers the question?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qeu_rag.answer.gate import Terms, coverage
from qeu_rag.answer.items import lists_of
from qeu_rag.answer.units import ASKS_NUMBER, MISTAKES, REFERENCES, ROW, is_title, key_cell, units
from qeu_rag.index.definition import meaning_of
from qeu_rag.index.procedure import asks_way
from qeu_rag.types import Chunk, ScoredChunk, Span

_ABOUT_ITSELF = re.compile(
    r"^(?:this|the present) (?:\w+ )?(?:guide|document|handbook|page|catalogue|rule|manual|policy|text|note)\b"
    r"|^(?:この|本)(?:文書|手引き|規程|資料|ページ|章|書|テキスト)",
    re.I,
)
_SCOPE = re.compile(r"(?:を(?:まと|定|扱い、?|説明|解説|紹介|述べ|示)|について(?:述べ|説明|解説))[^、。]{0,3}。?$")
"""How the opening of a Japanese document says what it is about; further down the same words are rules."""
_CONTEXT_SHARE = 0.35
_STEPS_SHARE = 1.0
"""What the headings hold counts more for the items of a list where the way is asked for: the steps seldom say it again."""
_NUMBER_BONUS = 0.08
_KEY_BONUS = 0.3
"""For a table row whose first cell stands in the question: that row, and no other, is asked for."""
_MEANING_BONUS = 0.3
"""For a sentence that says the meaning of the term whose meaning is asked for."""
_CHUNKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One sentence, list item or table row of ``chunk``, the ``order``-th there, and the question's terms that it holds.

    ``score`` is comparable among the units of one question only.
    """

    chunk: Chunk
    order: int
    span: Span
    score: float
    terms: frozenset[str]


def weigh(
    question: str, evidence: Sequence[ScoredChunk], weights: Mapping[str, float], analyze: Terms
) -> tuple[Unit, ...]:
    """The units of the first five chunks, best first; those of lists of references and of title pages are left out."""
    top = max((scored.score for scored in evidence), default=0.0) or 1.0
    wants_number = bool(ASKS_NUMBER.search(question))
    wants_mistakes = bool(MISTAKES.search(question))
    wants_steps = asks_way(question)
    says = meaning_of(question)
    found: list[Unit] = []
    for scored in evidence[:_CHUNKS]:
        chunk = scored.chunk
        if chunk.headings and REFERENCES.match(chunk.headings[-1]):
            continue  # a list of books names every subject and answers nothing
        around = set(analyze(chunk.context))
        spans = list(units(chunk))
        if len(spans) == 1 and is_title(spans[0].of(chunk.text)):
            continue  # a title page or running head
        # What others get wrong reads as advice when its heading is left behind.
        trust = 0.6 if chunk.headings and MISTAKES.search(chunk.headings[-1]) and not wants_mistakes else 1.0
        trust *= 0.4 + 0.6 * scored.score / top
        lists = lists_of(chunk) if wants_steps else None
        for order, span in enumerate(spans):
            text = span.of(chunk.text)
            share = _STEPS_SHARE if lists and lists.near(span) else _CONTEXT_SHARE
            terms = set(analyze(f"{chunk.header}\n{text}" if chunk.header and ROW.match(text) else text))
            own = coverage(weights, terms)
            score = own + share * (coverage(weights, terms | around) - own)
            score += _NUMBER_BONUS * (wants_number and bool(re.search(r"\d", text)))
            if ROW.match(text) and (key := set(analyze(key_cell(text)))) and key <= weights.keys():
                score += _KEY_BONUS
            score += _MEANING_BONUS * (says is not None and says(text))
            score -= 0.3 * text.rstrip().endswith(("?", "？", ":", "："))
            about_itself = _ABOUT_ITSELF.match(text) or (len(chunk.headings) < 2 and _SCOPE.search(text))
            score *= trust * ((0.4 if wants_steps else 0.6) if about_itself or is_title(text) else 1.0)
            held = frozenset(terms & weights.keys())
            found.append(Unit(chunk=chunk, order=order, span=span, score=score, terms=held))
    return tuple(sorted(found, key=lambda unit: (-unit.score, unit.chunk.id, unit.order)))
