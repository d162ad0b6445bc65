"""What people see: sources, results, reports, and nothing that steers their terminal."""

from __future__ import annotations

from dataclasses import replace

import click
import pytest

from qeu_rag.cli import present
from qeu_rag.ingest.report import IngestReport, Skipped
from qeu_rag.types import Answer, Chunk, Citation, ScoredChunk, Span


def chunk(**changes: object) -> Chunk:
    values: dict[str, object] = {
        "id": "c",
        "document_id": "d",
        "source": "rules/travel.pdf",
        "title": "Travel",
        "headings": ("Travel", "Allowance", "Home"),
        "text": "It is 3,000 yen.",
        "span": Span(start=0, end=16),
        "page": 3,
    }
    return Chunk(**{**values, **changes})  # type: ignore[arg-type]


def answer(*citations: Citation) -> Answer:
    return Answer(
        question="q",
        text="t",
        status="answered",
        reason="",
        confidence=1.0,
        citations=citations,
        evidence=(),
        engine="extractive",
    )


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, "Travel › Allowance › Home (rules/travel.pdf, p. 3)"),
        ({"page": None, "headings": ()}, "Travel (rules/travel.pdf)"),
        ({"title": "", "headings": (), "page": None}, "rules/travel.pdf"),
        ({"other_sources": ("写し.pdf",)}, "Travel › Allowance › Home (rules/travel.pdf, 写し.pdf, p. 3)"),
        ({"source": "a\nb\x1b[2J.md", "page": None}, "Travel › Allowance › Home (a b[2J.md)"),
    ],
)
def test_label(changes: dict[str, object], label: str) -> None:
    assert present.passage_label(chunk(**changes), "en") == label


def test_sources_name_each_chunk_once_and_indent_the_quoted_words() -> None:
    first, second = chunk(), chunk(id="c2", headings=("Audit",), text="a\n\nb", page=None)
    lines = list(
        present.sources(
            answer(
                Citation(marker=1, chunk=first, quote="3,000 yen"),
                Citation(marker=1, chunk=first, quote="It is"),
                Citation(marker=2, chunk=second, quote="a\n\nb"),
            ),
            "en",
        )
    )
    assert lines == [
        "[1] Travel › Allowance › Home (rules/travel.pdf, p. 3)",
        "    3,000 yen",
        "    It is",
        "[2] Travel › Audit (rules/travel.pdf)",
        "    a\n    b",
    ]


def test_results_are_cut_unless_wanted_whole() -> None:
    long = ScoredChunk(chunk=chunk(text="x" * 500, header="| a |"), score=0.5, rank=1)
    head, text = present.results((long,), "en")
    assert head == "1. 0.500  Travel › Allowance › Home (rules/travel.pdf, p. 3)"
    assert text.startswith("    | a |\n    xxx")
    assert text.endswith("x…")
    assert len(text) < 320
    assert next(iter(list(present.results((long,), "en", whole=True))[1:])).endswith("x" * 500)


def test_the_diff_line_is_the_promised_one() -> None:
    report = IngestReport(added=3, updated=1, removed=2, unchanged=1198, failed=(Skipped(path="a", reason="empty"),))
    assert present.diff_line(report) == "+3 ~1 -2 =1198 !1"


def test_a_skipped_file_says_why_in_the_users_language() -> None:
    skipped = Skipped(path="a\nb.pdf", reason="encrypted", detail="")
    assert present.skipped_line(skipped, "en").startswith("! a b.pdf: The file is protected by a password.")
    assert "パスワード" in present.skipped_line(skipped, "ja")
    assert present.skipped_line(Skipped(path="x", reason="new_reason", detail=": y"), "en") == "! x: new_reason: y"


def test_nothing_steers_the_terminal() -> None:
    assert present.plain("a\x1b[31mb\x07\r\n\tc\u202ed\ud800\u200be\x9b") == "a[31mb\n\tcd\u200be"
    assert present.one_line("a\n b\x00") == "a b"


def test_status_names_its_facts_and_passes_on_those_it_does_not_know() -> None:
    facts = {"chunks": 3, "languages": {"ja": 1, "en": 2}, "last_ingest": None, "interrupted": False, "other": "x\ny"}
    assert list(present.status_lines(facts, "en")) == [
        "chunks: 3",
        "languages (documents): ja 1, en 2",
        "last ingest: -",
        "interrupted ingest: no",
        "other: x y",
    ]


@pytest.mark.parametrize(
    ("value", "shown"), [("bundled", "bundled"), ("query: ", '"query: "'), (None, "null"), (["ja"], '["ja"]'), (8, "8")]
)
def test_a_setting_is_shown_as_in_a_profile(value: object, shown: str) -> None:
    assert present.setting_line("a.b", value, None) == f"a.b: {shown}"
    assert present.setting_line("a.b", value, "flag") == f"a.b: {shown}  # flag"


def test_a_status_in_japanese_is_japanese() -> None:
    facts = {
        "languages": {"ja": 2, "en": 1},
        "engine": "extractive",
        "gate": "t-method (shipped)",
        "indexes": "intact",
        "interrupted": False,
        "last_ingest": None,
    }
    assert list(present.status_lines(facts, "ja")) == [
        "言語別の文書数: 日本語 2, 英語 1",
        "回答エンジン: 抽出（extractive）",
        "判定: t-method（付属）",
        "索引の状態: 正常",
        "中断した取り込み: いいえ",
        "最後の取り込み: -",
    ]
    assert "gate: t-method (shipped)" in list(present.status_lines(facts, "en"))
    assert next(present.status_lines({"engine": "a.gguf"}, "ja")) == "回答エンジン: a.gguf"


def test_a_terminal_shows_at_a_glance_what_answers_and_how_far() -> None:
    text = "Probably:\nIt is 3,000\x1b[2J yen. Ask first. [1]"
    start, end = text.index("It"), text.index(" Ask")
    shown = present.emphasised(
        replace(answer(), text=text, certainty="likely", highlights=(Span(start=start, end=end),))
    )
    assert shown == (
        click.style("Probably:", fg="yellow") + "\n" + click.style("It is 3,000[2J yen.", bold=True) + " Ask first. [1]"
    )
    assert click.unstyle(shown) == present.plain(text)
    sure = replace(answer(), text="A. B. [1]", certainty="sure", highlights=(Span(start=3, end=5),))
    assert present.emphasised(sure) == "A. " + click.style("B.", bold=True) + " [1]"
    none = replace(answer(), text="No.\nNear:", status="abstained")
    assert present.emphasised(none) == click.style("No.", fg="cyan") + "\nNear:"
    assert present.emphasised(answer()) == "t"


def test_a_note_says_that_an_answer_is_only_likely_where_its_text_does_not() -> None:
    likely = replace(answer(), certainty="likely", engine="small")
    assert list(present.notes(likely, "en")) == ["The documents only probably answer this; please check the sources."]
    assert not list(present.notes(replace(likely, text="Probably:\nA [1]"), "ja"))
    assert not list(present.notes(replace(likely, certainty="sure"), "en"))
