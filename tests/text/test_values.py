"""Any two values can be compared: nothing that a text may hold raises, and the order of the two tells nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qeu_rag.answer.conflict import conflicts, differs
from qeu_rag.answer.dispute import dispute, own_date
from qeu_rag.text.measures import UNITS
from qeu_rag.text.spelled import ERAS, MONTHS, NUMBER_WORDS
from qeu_rag.text.terms import Analyzer
from qeu_rag.text.values import same, values
from qeu_rag.types import Chunk, Citation, ScoredChunk, Span

TERMS = Analyzer().evidence_terms

PIECES = [
    *UNITS,
    *ERAS,
    *MONTHS,
    *NUMBER_WORDS,
    *"0 1 12 31 99 1850 2024 1,000 3.5 -2 １０ ٣ ² 元 三十 九割五分 半".split(),
    *"date Dates clock number share length duration counted 日 月 年 時 分 号 第 APRİL aprıl fıve SİX ſeptember".split(),
    *"in by of the at most within 以内 以上 上限 not ない 、 。 . , : / - ( ) ¥ $ %".split(),
    *"Due Revised 改定日 期限 報告書 plan report 9999-99-99 2024-00-00 24:60 午後25時 2024/4/1".split(),
    "9" * 400,
]
TEXTS = st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(["", " ", "\n"])), max_size=12).map(
    lambda parts: "".join(piece + between for piece, between in parts)
)


@settings(deadline=None, max_examples=300)
@example("The plan is due 1850 Date.", "The plan is due 1 April.")
@example("Due in APRİL.", "Due 3 aprıl 2020, in fıve days.")
@given(TEXTS, TEXTS)
def test_any_two_texts_are_compared_either_way_round(first: str, second: str) -> None:
    ours, theirs = values(first), values(second)
    for a in (*ours, *theirs):
        assert len(a.size) == (3 if a.measure == "date" else 1)
        assert same(a, a)
        assert all(same(a, b) == same(b, a) for b in theirs)
    one, other = differs(first, second, TERMS), differs(second, first, TERMS)
    assert (one is None) == (other is None)
    assert bool(conflicts(first, second, TERMS)) == bool(conflicts(second, first, TERMS))
    assert conflicts(first, first, TERMS) == ()


@settings(deadline=None, max_examples=200)
@example("Revised: 1850 Date", "Revised: 1 April")
@given(TEXTS, TEXTS)
def test_two_sources_are_told_apart_or_left_alone(first: str, second: str) -> None:
    """Whatever the sources and their own dates hold, an answer is not lost by a look at whether they differ."""
    about = "The report of the plan is due: 計画の報告書の期限"
    ours, theirs = _source("a", f"{about} {first}"), _source("b", f"{about} {second}")
    cited = Citation(marker=1, chunk=ours.chunk, quote=ours.chunk.text)
    found = dispute([cited], [ours, theirs], dict.fromkeys(TERMS(about), 1.0), TERMS, "en")
    assert found is None or all(c.quote in c.chunk.text for c in found.citations)
    assert isinstance(own_date(first), str)


def _source(name: str, text: str) -> ScoredChunk:
    span = Span(start=0, end=len(text))
    chunk = Chunk(id=name, document_id=name, source=name, title="", headings=(), text=text, span=span, lang="en")
    return ScoredChunk(chunk=chunk, score=1.0, rank=1)


@pytest.mark.parametrize(
    ("counted", "measured"),
    [
        ("1850 Date", "1850年"),
        ("3 dates", "3 March"),
        ("9 clocks", "9:00"),
        ("3 shares", "3 %"),
        ("5 lengths", "5 mm"),
        ("7 numbers", "on 7 of the"),
    ],
)
def test_a_noun_that_is_counted_is_no_measure_of_that_name(counted: str, measured: str) -> None:
    (first,), (second,) = values(counted), values(measured)
    assert first.measure != second.measure
    assert not same(first, second)


@pytest.mark.parametrize(
    ("text", "measure", "size"),
    [
        ("APRİL 2024", "date", (2024.0, 4.0, 0.0)),
        ("sıx days", "duration", (6.0,)),
        ("7 MİNUTES", "duration", (7 / 1440,)),
    ],
)
def test_turkish_letters_are_read_as_i(text: str, measure: str, size: tuple[float, ...]) -> None:
    (value,) = values(text)
    assert (value.measure, value.size) == (measure, pytest.approx(size))


def test_a_number_beyond_any_float_equals_no_other() -> None:
    huge, small = values("9" * 400 + " mm")[0], values("5 mm")[0]
    assert same(huge, huge)
    assert not same(huge, small)
