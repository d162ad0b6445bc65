"""Every sentence of a reply is checked against what it cites, wherever the stream is cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qeu_rag.answer.guard import guarded

from qeu_rag.answer.cite import REFUSED, UNCITED, UNKNOWN_MARKER, UNSUPPORTED, check_citation, checked_claims
from qeu_rag.text.terms import Analyzer
from qeu_rag.types import Chunk, Span

ANALYZE = Analyzer().evidence_terms


def chunk(text: str) -> Chunk:
    return Chunk(
        id=text[:8], document_id="d", source="s.md", title="", headings=(), text=text, span=Span(start=0, end=len(text))
    )


EVIDENCE = (
    chunk("The domestic allowance is 3,000 yen a day. The foreign allowance is 8,000 yen a day."),
    chunk("国内出張の日当は3,000円とする。海外出張の日当は8,000円とする。"),
)


def checked(*pieces: str) -> tuple[list[str], list[str]]:
    reported: list[str] = []
    claims = list(checked_claims(guarded(iter(pieces)), EVIDENCE, ANALYZE, reported.append))
    assert all(check_citation(citation) for claim in claims for citation in claim.citations)
    return [claim.text for claim in claims], reported


@pytest.mark.parametrize(
    ("reply", "kept", "reported"),
    [
        ("The domestic allowance is 3,000 yen. [1]", ["The domestic allowance is 3,000 yen. [1]"], []),
        ("国内出張の日当は３，０００円です［2］。", ["国内出張の日当は３，０００円です[2]。"], []),
        ("The domestic allowance is 3000 yen [1][7].", ["The domestic allowance is 3000 yen [1]."], [UNKNOWN_MARKER]),
        ("The domestic allowance is 3,000 yen. [7]", [], [UNKNOWN_MARKER]),
        ("The domestic allowance is 3,000 yen.", [], [UNCITED]),
        ("The domestic allowance is 30 yen. [1]", [], [UNSUPPORTED]),
        ("The moon is made of green cheese. [1]", [], [UNSUPPORTED]),
        ("The foreign allowance is 8,000 yen. [2]", [], [UNSUPPORTED]),
        ("資料には書かれていません。", [], [REFUSED]),
        ("「資料には書かれていません」[1]", [], [REFUSED]),
        ("The documents do not say. But the allowance is 3,000 yen. [1]", [], [REFUSED]),
        (
            "The domestic allowance is 3,000 yen. [1] The documents do not say. [1]",
            ["The domestic allowance is 3,000 yen. [1]"],
            [],
        ),
        (
            "The domestic allowance is 3,000 yen.\n[1]\nThe foreign allowance is 8,000 yen a day.\n\n[1]",
            ["The domestic allowance is 3,000 yen.\n[1]", "The foreign allowance is 8,000 yen a day.\n\n[1]"],
            [],
        ),
        ("", [], []),
        ("[1] [2]", [], []),
    ],
)
def test_what_holds_stays(reply: str, kept: list[str], reported: list[str]) -> None:
    assert checked(reply) == (kept, reported)


def test_a_quote_is_the_sentence_of_the_chunk_that_says_it() -> None:
    (claim,) = checked_claims(iter(["海外出張の日当は8,000円です。[2]"]), EVIDENCE, ANALYZE)
    assert claim.citations[0].quote == "海外出張の日当は8,000円とする。"


def test_a_claim_is_shown_as_soon_as_the_next_begins() -> None:
    asked: list[int] = []

    def pieces():  # type: ignore[no-untyped-def]
        for number, piece in enumerate(("The domestic allowance is 3,000 yen. ", "[1]", " The", " rest", " is long.")):
            asked.append(number)
            yield piece

    next(checked_claims(guarded(pieces()), EVIDENCE, ANALYZE))
    assert asked == [0, 1, 2]


def test_a_line_with_its_marker_is_shown_when_the_next_begins() -> None:
    lines = iter(("国内出張の日当は3,000円です[2]。\n", "次", "の", "行"))
    assert next(checked_claims(guarded(lines), EVIDENCE, ANALYZE)).text == "国内出張の日当は3,000円です[2]。"
    assert next(lines) == "の"


SAID = ["The domestic allowance is 3,000 yen", "日当は8,000円", "The documents do not say.", "3.5"]
PARTS = st.sampled_from([*SAID, "[1]", "[2]", "[9]", ". ", "。", "\n", " ", "["])


@settings(deadline=None)
@given(st.lists(PARTS, max_size=14).map("".join), st.lists(st.integers(0, 300), max_size=10))
def test_the_cut_of_the_stream_does_not_matter(reply: str, cuts: list[int]) -> None:
    places = sorted({0, len(reply), *(cut for cut in cuts if cut < len(reply))})
    whole = checked(reply)
    assert checked(*(reply[a:b] for a, b in itertools.pairwise(places))) == whole
    assert checked(*reply) == whole


def test_one_thing_s_fact_is_not_told_of_another() -> None:
    chunks = [
        _evidence_chunk("Printer", "The printer price is 49 euros."),
        _evidence_chunk("Caliper", "The caliper height is 9 cm."),
    ]
    told = ["The caliper price is 49 euros. [1]"]
    subject = frozenset(ANALYZE("What is the caliper price?"))
    reported: list[str] = []
    assert list(checked_claims(iter(told), chunks, ANALYZE, reported.append, subject=subject)) == []
    assert reported == ["claim_unsupported"]
    (claim,) = checked_claims(iter(["The printer price is 49 euros. [1]"]), chunks, ANALYZE, subject=subject)
    assert claim.citations[0].chunk is chunks[0]


def _evidence_chunk(title: str, text: str) -> Chunk:
    span = Span(start=0, end=len(text))
    return Chunk(id=title, document_id=title, source=f"{title}.md", title=title, headings=(), text=text, span=span)
