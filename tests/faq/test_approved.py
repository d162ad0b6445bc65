"""Approved answers over real documents that really change: given word for word while every passage stands, else not."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from pathlib import Path

import pytest
from conftest import Run, approved_row

from qeu_rag import KnowHow
from qeu_rag.errors import CollectionError, UsageError
from qeu_rag.faq.approve import approve
from qeu_rag.faq.review import approved_states, withdraw

QUESTION = "国内出張の日当はいくらですか"
WORDS = "国内出張の日当は一律3,000円です。半日でも同額です。[1]"


def approve_words(know_how: KnowHow) -> None:
    assert not approve(know_how, [approved_row(know_how.ask(QUESTION), WORDS)], by=" 佐藤  花子 ").refused


def test_an_approved_answer_is_given_word_for_word_by_every_way_of_asking(reader: KnowHow) -> None:
    approve_words(reader)
    for question, exact in (
        (QUESTION, True),
        ("国内出張の日当は、いくらですか？", False),
        ("国内出張の日当はいくら?", False),
    ):
        answer = reader.ask(question)
        assert (answer.text, answer.engine, answer.status, answer.question) == (WORDS, "approved", "answered", question)
        assert answer.approved is not None
        assert (answer.approved.by, answer.approved.question, answer.approved.exact) == ("佐藤 花子", QUESTION, exact)
        assert answer.citations
        assert all(c.quote in c.chunk.text and c.chunk.source == "travel.md" for c in answer.citations)
        assert reader.as_chain().invoke(question)["answer"] == WORDS
        assert reader.conversation().ask(question).text == WORDS
        assert next(iter(reader.stream(question))) == WORDS


def test_another_question_gets_no_approved_answer(reader: KnowHow) -> None:
    approve_words(reader)
    for question in (
        "海外出張の日当はいくらですか",
        "国内出張の宿泊費はいくらですか",
        "国内出張の日当はいくらではないですか",
        "国内出張2日の日当はいくらですか",
        "日当はいくらですか",
    ):
        assert reader.ask(question).approved is None


def test_an_answer_stands_as_long_as_its_passages_do(know_how: KnowHow, docs: Path) -> None:
    path = docs / "travel.md"
    first = path.read_text(encoding="utf-8")

    def served_after(text: str | None) -> bool:
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text, encoding="utf-8")
        know_how.ingest(docs)
        answer = know_how.ask(QUESTION)
        states = approved_states(know_how)
        assert [bool(state.changed) for state in states] == [answer.approved is None]
        return answer.engine == "approved"

    know_how.ingest(docs)
    approve_words(know_how)
    path.write_text(first.replace("3,000円", "3,500円"), encoding="utf-8")
    assert know_how.ask(QUESTION).engine == "approved"  # what is on disk is not ingested yet
    assert not served_after(first.replace("3,000円", "3,500円"))
    assert "3,500円" in know_how.ask(QUESTION).text
    ((change,),) = (state.changed for state in approved_states(know_how))
    assert "3,000円" in change.before.text
    assert change.after is not None
    assert "3,500円" in change.after.text
    assert served_after(first)
    assert served_after(first.replace("12,000円", "13,000円"))  # elsewhere in the document
    assert not served_after(first.replace("## 日当", "## 日当（2019年まで）"))  # the same words under another heading
    assert not served_after(None)
    ((change,),) = (state.changed for state in approved_states(know_how))
    assert change.after is None
    (docs / "renamed.md").write_text(first, encoding="utf-8")
    assert served_after(None)


def test_what_cannot_be_pinned_is_refused_and_the_rest_is_kept(reader: KnowHow) -> None:
    know_how = reader
    good = approved_row(know_how.ask(QUESTION), WORDS)
    other = approved_row(know_how.ask("What is the quality loss?"), "L = k (y - m)^2 [1]", 3)
    old = dataclasses.replace(other.citations[0], passage_hash="0" * 32)
    rows = [
        good,
        other,
        dataclasses.replace(other, number=4, question="What is it?", citations=()),
        dataclasses.replace(other, number=5, question="What was it?", citations=(old,)),
        dataclasses.replace(good, number=6, answer="4,000円"),
        dataclasses.replace(good, number=7, answer=" "),
        dataclasses.replace(good, number=8, question="?"),
    ]
    done = approve(know_how, rows, by="Sato")
    assert [answer.answer for answer in done.kept] == [WORDS, "L = k (y - m)^2 [1]"]
    assert [(r.number, r.reason) for r in done.refused] == [
        (4, "no_citation"),
        (5, "passage_changed"),
        (6, "asked_twice"),
        (7, "no_answer"),
        (8, "no_question"),
    ]
    again = approve(know_how, [dataclasses.replace(good, answer="三千円 [1]")], by="Sato")
    assert not again.refused
    assert know_how.ask(QUESTION).text == "三千円 [1]"
    assert len(withdraw(know_how, [again.kept[0].id[:6]])) == 1
    assert know_how.ask(QUESTION).approved is None
    with pytest.raises(UsageError):
        withdraw(know_how, [again.kept[0].id])
    with pytest.raises(UsageError):
        approve(know_how, [good], by="  ")


def test_nothing_to_approve_over_without_a_collection(know_how: KnowHow) -> None:
    with pytest.raises(CollectionError):
        approve(know_how, [], by="Sato")
    with pytest.raises(CollectionError):
        approved_states(know_how)


def test_approved_answers_outlive_a_rebuild(reader: KnowHow, noted: Path) -> None:
    approve_words(reader)
    reader.ingest(noted / "docs", rebuild=True)
    assert reader.ask(QUESTION).text == WORDS


def test_the_command_line_says_who_approved_it(reader: KnowHow, noted: Path, here: Run) -> None:
    approve(reader, [approved_row(reader.ask(QUESTION), WORDS)], by="Sato")
    reader.close()
    home = {"QEU_RAG_HOME": str(noted)}
    done = here("ask", "国内出張の日当は、いくらですか？", env=home)
    assert done.stdout.startswith(WORDS)
    assert "travel.md" in done.stdout
    assert "Approved by Sato on 20" in done.stderr
    assert QUESTION in done.stderr
    told = json.loads(here("ask", "--json", QUESTION, env=home).stdout)
    assert told["approved"]["by"] == "Sato"
    assert "[stands] " + QUESTION in here("faq", "list", env=home).stdout
    for file in noted.glob("collections/*/ledger.sqlite"):
        with sqlite3.connect(file) as connection:  # as another ingest would leave it, without waiting for one
            connection.execute("UPDATE chunks SET text=replace(text, '3,000円', '3,100円')")
            connection.execute("UPDATE documents SET text=replace(text, '3,000円', '3,100円')")
        connection.close()
    lines = here("faq", "stale", env=home).stdout.splitlines()
    assert "  - 国内出張の日当は3,000円とする。海外出張の日当は8,000円とする。" in lines
    assert "  + 国内出張の日当は3,100円とする。海外出張の日当は8,000円とする。" in lines
    gone = here("faq", "withdraw", lines[0].split()[0], env=home)
    assert gone.stdout == "Approvals taken back: 1\n"
