"""Answers that are only probably ones, and what answers in an answer, in every form of an answered list."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import Run, approved_row
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from test_workbook import check_package, parts, record, sheet

from qeu_rag import KnowHow
from qeu_rag.faq.approve import approve
from qeu_rag.faq.cells import LONGEST_CELL
from qeu_rag.faq.check import check
from qeu_rag.faq.outcome import Record, outcome_of
from qeu_rag.faq.read.answers import read_answers
from qeu_rag.faq.read.questions import read_questions
from qeu_rag.faq.write.output import write
from qeu_rag.faq.write.sheet import COLOURS, OutputKind
from qeu_rag.faq.write.workbook_layout import emboldened
from qeu_rag.index.question_log import QuestionLog
from qeu_rag.language import CATALOGUES, likely_line
from qeu_rag.payload import answer_payload
from qeu_rag.types import Answer

DAILY = "国内出張の日当はいくらですか"
SAID = "国内出張の日当は3,000円とする。"


@pytest.fixture
def unsure(noted: Path) -> Iterator[KnowHow]:
    """The small documents with a gate that is sure of nothing."""
    with KnowHow.open(home=noted, answer__sure=1.0, log__questions=True) as opened:
        yield opened


def emphasised(answer: str, words: str, outcome: str = "likely") -> Record:
    made = record(answer)
    start = answer.index(words)
    payload = {**made.payload, "certainty": "likely", "highlights": [[start, start + len(words)]]}
    return Record(outcome=outcome, payload=payload, seconds=0.1, documents=made.documents)  # type: ignore[arg-type]


def written(tmp_path: Path, kind: OutputKind, *records: Record) -> str:
    listed = read_questions("".join(f"Question {n}?\n" for n in range(len(records))).encode())
    write(tmp_path / f"a.{kind}", kind, sheet(listed, lambda n: records[n]))
    return (tmp_path / f"a.{kind}").read_text(encoding="utf-8") if kind != "xlsx" else ""


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "supported"),  # as a journal of before holds it
        ({"certainty": "sure"}, "supported"),
        ({"certainty": "likely"}, "likely"),
        ({"certainty": "likely", "notes": ["sources_differ"]}, "conflict"),
        ({"certainty": "likely", "notes": ["claim_unsupported"]}, "likely"),
        ({"certainty": "sure", "notes": ["claim_unsupported"]}, "partly"),
        ({"certainty": "", "status": "abstained"}, "not_in_documents"),
        ({"certainty": "likely", "status": "error"}, "error"),
    ],
)
def test_outcome(changes: dict[str, Any], outcome: str) -> None:
    assert outcome_of({"status": "answered", "notes": [], **changes}) == outcome


def test_every_outcome_has_a_colour_of_its_own() -> None:
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_a_workbook_shows_what_answers_in_bold_and_never_a_formula(tmp_path: Path) -> None:
    made = [
        emphasised("Probably:\nOne & <two>. It is 3. [1]", "It is 3."),
        emphasised("=1+1 is two. [1]", "=1+1 is two."),
        emphasised("a\x0bb " + "x" * LONGEST_CELL, "b"),  # no room for all: as it was before
        record("From before."),
    ]
    written(tmp_path, "xlsx", *made)
    check_package(tmp_path / "a.xlsx")
    assert not any(b"<f>" in part for name, part in parts(tmp_path / "a.xlsx").items() if "worksheets" in name)
    page = openpyxl.load_workbook(tmp_path / "a.xlsx", rich_text=True).worksheets[0]
    names = [cell.value for cell in page[1]]
    cells = [page.cell(line, names.index("answer") + 1) for line in range(2, 6)]
    first, second = cells[0].value, cells[1].value
    assert isinstance(first, CellRichText)
    assert isinstance(second, CellRichText)
    assert [run.text for run in (*first, *second) if isinstance(run, TextBlock) and run.font.b] == [
        "It is 3.",
        "=1+1 is two.",
    ]
    assert str(first) == "Probably:\nOne & <two>. It is 3. [1]"
    assert cells[1].quotePrefix
    assert [type(cell.value) for cell in cells[2:]] == [str, str]
    status = page.cell(2, names.index("status") + 1)
    assert (status.value, status.fill.fgColor.rgb[2:]) == ("probably", COLOURS["likely"])
    assert [row.answer for row in read_answers(tmp_path / "a.xlsx")][:2] == [str(first), "=1+1 is two. [1]"]
    summary = openpyxl.load_workbook(tmp_path / "a.xlsx")["Summary"]
    assert ("probably", 3) in [row[:2] for row in summary.iter_rows(values_only=True)]


def test_bold_keeps_the_font_of_the_clients_sheet() -> None:
    page = openpyxl.Workbook().active
    page["A1"].font = openpyxl.styles.Font(name="Meiryo", sz=9, i=True)
    made = emboldened("ab", [(1, 2)], page["A1"])
    assert made[0] == "a"
    assert (made[1].text, made[1].font.rFont, made[1].font.sz, made[1].font.i) == ("b", "Meiryo", 9, True)


@given(st.text(max_size=40), st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_bold_changes_no_character(text: str, bounds: tuple[int, int]) -> None:
    from qeu_rag.faq.write.workbook_stream import cell_text

    made = emboldened(text, [bounds])
    assert made is None or str(made) == cell_text(text)


def test_html_marks_what_answers_and_stays_escaped(tmp_path: Path) -> None:
    page = written(tmp_path, "html", emphasised("Probably:\n<b>x</b> & <i>y</i>. [1]", "<i>y</i>."))
    assert "&lt;b&gt;x&lt;/b&gt; &amp; <mark>&lt;i&gt;y&lt;/i&gt;.</mark> [1]" in page
    assert f'style="background:#{COLOURS["likely"]}">probably<' in page
    assert '<input type="checkbox" value="likely" checked>' in page


def test_markdown_stars_what_answers(tmp_path: Path) -> None:
    text = "Probably:\n- a*b. 1. x_y. [1]"
    page = written(
        tmp_path, "md", emphasised(text, "a*b."), emphasised(text, "- a*b."), emphasised("い。ろ。は", "ろ。")
    )
    assert "\\- **a\\*b.** 1. x\\_y. \\[1\\]" in page
    assert "**\\- a\\*b.** 1. x" in page
    assert "い。**ろ**。は" in page


def test_json_lines_hold_it(tmp_path: Path) -> None:
    line = json.loads(written(tmp_path, "jsonl", emphasised("A b. [1]", "A b.")))
    assert (line["outcome"], line["certainty"], line["highlights"]) == ("likely", "likely", [[0, 4]])


def test_a_likely_answer_that_is_approved_is_kept_without_its_line(unsure: KnowHow) -> None:
    answer = unsure.ask(DAILY)
    assert (answer.certainty, answer.text.partition("\n")[0]) == ("likely", CATALOGUES["ja"]["answer.likely"])
    nothing = approved_row(answer, f"{CATALOGUES['en']['answer.likely']}\n")
    assert approve(unsure, [nothing], by="Sato").refused[0].reason == "no_answer"
    approve(unsure, [approved_row(answer, answer.text)], by="Sato")
    given_now = unsure.ask(DAILY)
    assert given_now.text == answer.text.partition("\n")[2].strip()
    assert outcome_of(answer_payload(given_now)) == "supported"


def test_words_that_begin_alike_are_no_such_line() -> None:
    assert likely_line("Probably:\nA") == "Probably:"
    assert likely_line("Probably: A") == likely_line("") == likely_line("おそらく") == ""


def test_a_list_asks_the_likely_ones_again(
    noted: Path, here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = {"QEU_RAG_HOME": str(noted), "QEU_RAG_ANSWER__SURE": "1"}
    (tmp_path / "q.txt").write_text(f"{DAILY}\nモンゴルの首都はどこですか\n", encoding="utf-8")
    first = here("batch", "q.txt", "-o", "a.xlsx", env=home)
    assert (first.returncode, first.stdout) == (0, "a.xlsx: probably 1, not in documents 1\n")
    journal = tmp_path / "a.xlsx.journal.jsonl"
    before = journal.read_text(encoding="utf-8").count('"kind":"answer"')
    again = here("batch", "q.txt", "-o", "a.xlsx", "--only", "likely", env=home)
    assert again.stdout == first.stdout
    assert journal.read_text(encoding="utf-8").count('"kind":"answer"') == before + 1
    refused = here("batch", "q.txt", "-o", "a.xlsx", "--only", "unsure", env=home)
    assert "failed, abstained, likely, changed" in refused.stderr
    page = openpyxl.load_workbook(tmp_path / "a.xlsx", rich_text=True).worksheets[0]
    rich = [cell.value for cell in page[2] if isinstance(cell.value, CellRichText)]
    assert next(run.text for run in rich[0] if isinstance(run, TextBlock)) == SAID


def test_a_likely_answer_that_says_the_same_is_no_other_answer(unsure: KnowHow, tmp_path: Path) -> None:
    answer = unsure.ask(DAILY)
    payload = {**answer_payload(answer), "answer": answer.text.partition("\n")[2], "evidence": []}
    listed = read_questions(f"{DAILY}\n".encode())
    write(
        tmp_path / "a.jsonl", "jsonl", sheet(listed, lambda n: Record(outcome="supported", payload=payload, seconds=0))
    )
    assert [row.state for row in check(unsure, read_answers(tmp_path / "a.jsonl"))] == ["again"]


def test_the_log_keeps_how_certain_an_answer_was(unsure: KnowHow, noted: Path, here: Run) -> None:
    unsure.ask(DAILY)
    unsure.ask("モンゴルの首都はどこですか")
    assert [(e.certainty, e.outcome) for e in unsure.record.questions.entries()] == [
        ("likely", "likely"),
        ("", "abstained"),
    ]
    unsure.close()
    shown = here("log", "list", env={"QEU_RAG_HOME": str(noted)}).stdout
    assert re.search(rf"probably answered 0\.\d\d  {DAILY}", shown)


def test_a_log_of_before_is_read_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE questions (id INTEGER PRIMARY KEY, at TEXT NOT NULL, question TEXT NOT NULL, status TEXT NOT NULL, "
            "reason TEXT NOT NULL, confidence REAL NOT NULL, engine TEXT NOT NULL, seconds REAL NOT NULL);"
            "INSERT INTO questions VALUES (1, '2026-01-01T00:00:00+00:00', 'old', 'answered', '', 0.7, 'extractive', 0.1);"
            "PRAGMA user_version=1"
        )
    log = QuestionLog(path)
    assert [(e.question, e.certainty, e.outcome) for e in log.entries()] == [("old", "", "answered")]
    answer = Answer(question="new", text="t", status="answered", reason="", confidence=0.6, citations=(), evidence=(),
                    engine="extractive", certainty="likely")  # fmt: skip
    log.add(answer, at=datetime(2026, 4, 1, tzinfo=UTC))
    assert [(e.question, e.outcome) for e in log.entries()] == [("old", "answered"), ("new", "likely")]
    assert log.forget() == 2


def test_the_chain_says_how_certain_it_is_and_what_answers(unsure: KnowHow) -> None:
    chain = unsure.as_chain()
    told = chain.invoke(DAILY)
    assert told["certainty"] == "likely"
    assert told["highlights"][0].of(told["answer"]) == SAID
    ends = [part for part in chain.stream(DAILY) if "certainty" in part]
    assert [(part["certainty"], part["highlights"]) for part in ends] == [("likely", told["highlights"])]
    none = chain.invoke("モンゴルの首都はどこですか")
    assert (none["certainty"], none["highlights"]) == ("", [])
