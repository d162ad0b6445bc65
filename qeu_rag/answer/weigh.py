"""Weighs the sentences, list items and table rows of the evidence by their words: which of them answers the question?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qeu_rag.answer.gate import Terms, coverage
from qeu_rag.answer.items import lists_of
from qeu_rag.answer.units import (
    ASKS_NUMBER,
    HEADING,
    MISTAKES,
    REFERENCES,
    ROW,
    is_title,
    key_cell,
    table_header,
    units,
)
from qeu_rag.index.asked import asks_and_answers, is_question, leads_to_answer
from qeu_rag.index.definition import Meaning, meaning_of
from qeu_rag.index.notation import normalise
from qeu_rag.index.procedure import asks_way
from qeu_rag.types import Chunk, ScoredChunk, Span

_ABOUT_ITSELF = re.compile(
    r"^(?:this|the present) (?:\w+ )?(?:guide|document|handbook|page|catalogue|rule|manual|policy|text|note)\b"
    r"|^(?:この|本)(?:文書|手引き|規程|資料|ページ|章|書|テキスト)",
    re.I,
)
_SCOPE = re.compile(r"(?:を(?:まと|定|扱い、?|説明|解説|紹介|述べ|示)|について(?:述べ|説明|解説))[^、。]{0,3}。?$")
"""How the opening of a Japanese document says what it is about; further down the same words are rules."""
_FIGURE = re.compile(r"(?<![A-Za-z\d.-])\d+(?:\.\d+)?(?![\d.])")
_CONTEXT_SHARE = 0.35
_HEADED_SHARE = 1.0
"""What the headings hold counts whole for what they lead to, which seldom says it again: the items of a list where the way is
asked for, and what stands first below the term or the question."""
_NUMBER_BONUS = 0.08
_KEY_BONUS = 0.3
"""For a table row whose first cell, or a figure, stands in the question: that row, and no other, is asked for."""
_MEANING_BONUS = 0.3
"""For a sentence that says the meaning of the term whose meaning is asked for, and for the first one below that term, or below
the very question, as a heading."""
_ENTRY = 0.7
"""What the beginning of an answer in a list of questions and answers gets at least, if its question was found first: it seldom
says a word of the question again."""
_CHUNKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One sentence, list item or table row of ``chunk``, the ``order``-th there, and the question's terms that it holds.

    ``score`` is comparable among the units of one question only. ``named``: it is a table row that the question names, by its
    first cell or by a figure in it. ``cosine`` is its likeness with the question, where that was looked at.
    """

    chunk: Chunk
    order: int
    span: Span
    score: float
    terms: frozenset[str]
    named: bool = False
    cosine: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked: the question's terms with their idf, and what kind of answer it wants."""

    weights: Mapping[str, float]
    analyze: Terms
    figures: frozenset[str]
    number: bool
    mistakes: bool
    steps: bool
    meaning: Meaning | None


def weigh(
    question: str, evidence: Sequence[ScoredChunk], weights: Mapping[str, float], analyze: Terms
) -> tuple[Unit, ...]:
    """The units of the first five chunks, best first; those of lists of references and of title pages are left out."""
    asked = _Asked(
        weights=weights,
        analyze=analyze,
        figures=frozenset(_FIGURE.findall(normalise(question))),
        number=bool(ASKS_NUMBER.search(question)),
        mistakes=bool(MISTAKES.search(question)),
        steps=asks_way(question),
        meaning=meaning_of(question),
    )
    top = max((scored.score for scored in evidence), default=0.0) or 1.0
    found = [unit for scored in evidence[:_CHUNKS] for unit in _units(scored.chunk, scored.score / top, asked)]
    return tuple(sorted(found, key=lambda unit: (-unit.score, unit.chunk.id, unit.order)))


def _units(chunk: Chunk, place: float, asked: _Asked) -> Iterator[Unit]:
    """The weighed units of ``chunk``, whose score is ``place`` of the best one's, 0..1."""
    spans = list(units(chunk))
    heading = chunk.headings[-1] if chunk.headings else ""
    if REFERENCES.match(heading):
        return  # a list of books names every subject and answers nothing
    if len(spans) == 1 and is_title(spans[0].of(chunk.text)):
        return  # a title page or running head
    # What others get wrong reads as advice when its heading is left behind.
    trust = 0.6 if MISTAKES.search(heading) and not asked.mistakes else 1.0
    trust *= 0.4 + 0.6 * place
    around = set(asked.analyze(chunk.context))
    lists = lists_of(chunk) if asked.steps else None
    begins = bool(HEADING.match(chunk.text))
    held = coverage(asked.weights, set(asked.analyze(heading)))
    explained = begins and leads_to_answer(heading, asked.meaning, held)
    one_row = sum(bool(ROW.match(span.of(chunk.text))) for span in spans) == 1
    for order, span in enumerate(spans):
        text = span.of(chunk.text)
        header = table_header(chunk, span) if ROW.match(text) else ""
        terms = set(asked.analyze(f"{header}\n{text}" if header else text))
        first = explained and order == 0
        share = _HEADED_SHARE if first or (lists and lists.near(span)) else _CONTEXT_SHARE
        own = coverage(asked.weights, terms)
        named = _is_named(text, asked)
        score = own + share * (coverage(asked.weights, terms | around) - own) + _bonus(text, asked) + _KEY_BONUS * named
        score += _MEANING_BONUS * first
        score *= trust * _trust(chunk, text, asked)
        entry = one_row and asks_and_answers(header) if header else begins and order == 0 and is_question(heading)
        score = max(score, _ENTRY * place) if entry else score
        held_terms = frozenset(terms & asked.weights.keys())
        yield Unit(chunk=chunk, order=order, span=span, score=score, terms=held_terms, named=named)


def _is_named(text: str, asked: _Asked) -> bool:
    """Whether ``text`` is a table row whose first cell stands in the question, or that has one of the question's figures."""
    if not ROW.match(text):
        return False
    key = set(asked.analyze(key_cell(text)))
    return bool(key and key <= asked.weights.keys()) or bool(asked.figures & set(_FIGURE.findall(normalise(text))))


def _bonus(text: str, asked: _Asked) -> float:
    """What a unit gets, or loses, by its form beside its words."""
    bonus = _NUMBER_BONUS * (asked.number and bool(re.search(r"\d", text)))
    bonus += _MEANING_BONUS * (asked.meaning is not None and asked.meaning.said_in(text))
    return bonus - 0.3 * text.rstrip().endswith(("?", "？", ":", "："))


def _trust(chunk: Chunk, text: str, asked: _Asked) -> float:
    """Less than 1 for a unit that says what its document is about, or is but a title."""
    about_itself = _ABOUT_ITSELF.match(text) or (len(chunk.headings) < 2 and _SCOPE.search(text))
    if about_itself and asked.steps:
        return 0.4
    return 0.6 if about_itself or is_title(text) else 1.0
