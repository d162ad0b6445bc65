"""Answered lists, as batch writes them, approved by a person and checked after the documents really changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from qeu_rag import KnowHow
from qeu_rag.errors import UsageError
from qeu_rag.faq.answers import read_answers, trace
from qeu_rag.faq.check import check
from qeu_rag.faq.check_page import marked, page
from qeu_rag.payload import answer_payload

DAILY = "国内出張の日当はいくらですか"
LOSS = "What is the quality loss?"
FINDINGS = "Within how many days must major findings be answered?"
NOWHERE = "モンゴルの首都はどこですか"


def write_sheet(know_how: KnowHow, path: Path, marks: dict[str, str], edits: dict[str, str]) -> Path:
    """The columns that batch writes and that are read back."""
    book = Workbook()
    book.active.append(["No", "質問", "回答", "判定", "承認", "qeu_rag"])
    for number, question in enumerate((DAILY, LOSS, FINDINGS, NOWHERE), 1):
        answer = know_how.ask(question)
        text = edits.get(question, answer.text)
        book.active.append([number, question, text, "", marks.get(question, ""), trace(answer_payload(answer))])
    book.save(path)
    return path


def test_an_edited_and_marked_row_is_served_by_the_command_line(
    reader: KnowHow, noted: Path, here: Run, tmp_path: Path
) -> None:
    edited = "一日3,000円です。[1]"
    sheet = write_sheet(reader, tmp_path / "a.xlsx", {DAILY: "はい", NOWHERE: "yes", LOSS: "no"}, {DAILY: edited})
    reader.close()
    home = {"QEU_RAG_HOME": str(noted)}
    done = here("faq", "approve", str(sheet), "--by", "Sato", env=home)
    assert done.returncode == 6
    assert done.stdout == "Approved answers kept: 1\n"
    assert re.search(r"! 5: モンゴル.*cites no passage", done.stderr)
    assert here("ask", DAILY, env=home).stdout.startswith(edited)
    unmarked = write_sheet(reader, tmp_path / "b.xlsx", {}, {})
    assert here("faq", "approve", str(unmarked), "--by", "Sato", env=home).returncode == 2


def test_only_what_rests_on_changed_passages_is_asked_again(
    know_how: KnowHow, docs: Path, home: Path, here: Run, tmp_path: Path
) -> None:
    # Vectors find passages in the other language, too, where there are no three in the question's own.
    for name, about in (("loss2.md", "quality loss of a part"), ("audit2.md", "findings of an audit to be answered")):
        (docs / name).write_text(f"# Examples\n\nThis page shows examples: the {about}.\n", encoding="utf-8")
    know_how.ingest(docs)
    sheet = write_sheet(know_how, tmp_path / "a.xlsx", {}, {})
    assert [row.state for row in check(know_how, read_answers(sheet))] == ["same"] * 4
    travel = docs / "travel.md"
    travel.write_text(travel.read_text(encoding="utf-8").replace("3,000円", "3,500円"), encoding="utf-8")
    know_how.ingest(docs)
    checked = check(know_how, read_answers(sheet))
    by_question = {row.row.question: row for row in checked}
    # A likely answer shows further passages, so that the changed one may be among them.
    assert {by_question[LOSS].state, by_question[FINDINGS].state} <= {"same", "again"}
    daily = by_question[DAILY]
    assert daily.state == "changed"
    assert daily.gone
    assert daily.after is not None
    assert "3,500円" in daily.after.text
    assert by_question[NOWHERE].state in ("same", "again")
    shown = page(checked, "ja")
    assert "<del>3,000</del>" in shown
    assert "<ins>3,500</ins>" in shown
    assert shown.count("<del>") >= 2  # the answer and its quote
    know_how.close()
    file = tmp_path / "changes.html"
    done = here("faq", "check", str(sheet), "--html", str(file))
    assert done.returncode == 1
    assert "3,500円" in done.stdout
    assert "travel.md (changed or gone): " in done.stdout
    assert "--only changed" in done.stderr
    assert "(changed or gone)" in file.read_text(encoding="utf-8")
    for place in (tmp_path, tmp_path / "no" / "page.html"):
        assert "could not be written" in here("faq", "check", str(sheet), "--html", str(place)).stderr
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")
    told = json.loads(here("faq", "check", str(sheet), "--json").stdout)
    assert [row["state"] for row in told["rows"]][:1] == ["changed"]


def test_a_row_that_cannot_be_asked_stops_nothing(reader: KnowHow, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    good = answer_payload(reader.ask(LOSS))
    lines = [
        {**good, "row": 2, "outcome": "supported"},
        {**good, "row": 3, "question": "?", "outcome": "supported"},
        {**good, "row": 4, "question": "=A1", "outcome": "error"},  # has no answer: passed over
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert [row.state for row in check(reader, read_answers(file))] == ["same", "failed"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_marked_parts_are_the_texts(before: str, after: str) -> None:
    left, right = marked(before, after)
    assert "".join(text for _, text in left) == before
    assert "".join(text for _, text in right) == after
    assert all(kind != "new" for kind, _ in left)
    assert [text for kind, text in left if kind == "same"] == [text for kind, text in right if kind == "same"]


def test_a_line_that_is_no_answer_is_named(reader: KnowHow, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    good = json.dumps({**answer_payload(reader.ask(LOSS)), "row": 2, "outcome": "supported"})
    for bad in ('{"row": 3}', "[]", "nothing", good.replace('"row": 2', '"row": "x"')):
        file.write_text(f"{good}\n{bad}\n", encoding="utf-8")
        with pytest.raises(UsageError, match=r"line 2, is no answer"):
            read_answers(file)
