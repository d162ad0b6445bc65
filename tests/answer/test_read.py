"""Weighing and reading the units of evidence: what the reader is shown, and what its verdict changes."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag.answer.read import MOST, read
from qeu_rag.answer.shown import shown
from qeu_rag.answer.units import units
from qeu_rag.answer.weigh import Unit, weigh
from qeu_rag.index.analyze import Analyzer
from qeu_rag.types import Chunk, Lang, ScoredChunk, Span

ANALYZE = Analyzer().evidence_terms


def chunk_of(text: str, *, headings: tuple[str, ...] = ("Handbook", "Travel"), lang: Lang = "en") -> Chunk:
    return Chunk(
        id=f"c-{len(text)}-{lang}",
        document_id="d",
        source="rules.md",
        title="Handbook",
        headings=headings,
        text=text,
        span=Span(start=0, end=len(text)),
        lang=lang,
    )


def weighed(question: str, *chunks: Chunk) -> tuple[Unit, ...]:
    found = [ScoredChunk(chunk=chunk, score=1 / n, rank=n) for n, chunk in enumerate(chunks, start=1)]
    return weigh(question, found, dict.fromkeys(ANALYZE(question), 1.0), ANALYZE)


class Told:
    """A reader that says what it is told, so that what becomes of a verdict can be seen alone."""

    languages = frozenset({"en"})

    def __init__(self, odds: Sequence[float]) -> None:
        self.odds = odds
        self.seen: list[str] = []

    def read(self, question: str, sentences: Sequence[str]) -> list[float]:
        self.seen = list(sentences)
        return [self.odds[at % len(self.odds)] for at in range(len(sentences))]


TALK = "The travel allowance is paid with the salary. Every trip abroad earns sixty dollars a day. Lunch is at noon."


def lines(units_: Sequence[Unit]) -> list[str]:
    return [unit.span.of(unit.chunk.text) for unit in units_]


def test_a_list_item_is_read_below_its_introduction_and_a_row_with_its_columns() -> None:
    steps = chunk_of("Before a trip:\n\n- book the hotel\n- tell the office\n")
    spans = list(units(steps))
    assert shown(steps, spans, 2) == "Travel: Before a trip: tell the office"
    table = chunk_of("| Grade | Hotel |\n| --- | --- |\n| Senior | 12,000 yen |\n")
    spans = list(units(table))
    assert shown(table, spans, len(spans) - 1) == "Travel: Grade: Senior, Hotel: 12,000 yen"
    back = chunk_of("The card is blue. It opens the gate.", headings=())
    assert shown(back, list(units(back)), 1) == "Handbook: The card is blue. It opens the gate."


def test_japanese_is_left_as_it_was() -> None:
    question = "海外出張の日当はいくらですか"
    found = weighed(question, chunk_of("海外出張の日当は60ドルである。昼食は正午である。", lang="ja"))
    reading = read(question, found, Told([5.0]))
    assert reading.units == found
    assert reading.answered is None


def test_of_evidence_in_two_languages_the_question_s_own_is_read() -> None:
    question = "How much travel allowance do I get?"
    told = Told([5.0])
    found = weighed(question, chunk_of("海外出張の日当は60ドルである。", lang="ja"), chunk_of(TALK))
    read(question, found, told)
    assert len(told.seen) == 3
    assert all(text.isascii() for text in told.seen)


@pytest.mark.parametrize(("odds", "low", "high"), [([-9.0], 0.0, 0.01), ([0.0, -50.0], 0.4, 0.8), ([40.0], 0.99, 1.0)])
def test_answered_is_what_is_left_of_none(odds: list[float], low: float, high: float) -> None:
    question = "How much travel allowance do I get?"
    reading = read(question, weighed(question, chunk_of(TALK)), Told(odds))
    assert reading.answered is not None
    assert low <= reading.answered <= high


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*TALK.split(". "), "日当は60ドルである", "| a | b |", "- item", "x"]), max_size=12),
    st.lists(st.floats(-60, 60), min_size=1, max_size=MOST),
)
def test_reading_loses_no_unit_and_adds_none(parts: list[str], odds: list[float]) -> None:
    question = "How much travel allowance do I get?"
    found = weighed(question, chunk_of(". ".join(parts) or "."))
    reading = read(question, found, Told(odds))
    assert sorted(lines(reading.units)) == sorted(lines(found))
    scores = [unit.score for unit in reading.units]
    assert scores == sorted(scores, reverse=True)
    assert reading.answered is None or 0.0 <= reading.answered <= 1.0
