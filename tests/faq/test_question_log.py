"""The log of questions: off unless turned on, written whatever an ingest does, and really forgotten."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import Run

from qeu_rag import KnowHow
from qeu_rag.index.ledger import Ledger

SECRET = "日当はいくらですか"


@pytest.fixture
def logged(noted: Path) -> Iterator[KnowHow]:
    with KnowHow.open(home=noted, log__questions=True) as opened:
        yield opened


def test_nothing_is_logged_unless_the_profile_says_so(reader: KnowHow) -> None:
    reader.ask(SECRET)
    assert reader.record.questions.entries() == ()
    assert not reader.record.questions.path.exists()


def test_every_way_of_asking_is_logged_once(logged: KnowHow) -> None:
    logged.ask(SECRET)
    list(logged.stream("What is the quality loss?"))
    logged.as_chain().invoke("モンゴルの首都はどこですか")
    logged.conversation().ask("単位空間のデータ数")
    logged.search("What is the quality loss?")
    entries = logged.record.questions.entries()
    assert [(e.question, e.status) for e in entries] == [
        (SECRET, "answered"),
        ("What is the quality loss?", "answered"),
        ("モンゴルの首都はどこですか", "abstained"),
        ("単位空間のデータ数", "answered"),
    ]
    assert [e.question for e in logged.record.questions.entries(last=1)] == ["単位空間のデータ数"]
    assert all(entry.at.endswith("+00:00") and 0 <= entry.confidence <= 1 for entry in entries)


def test_questions_are_logged_while_an_ingest_writes(logged: KnowHow) -> None:
    with (
        logged.collection.writer(),
        Ledger(logged.collection.ledger_path, write=True) as ledger,
        ledger.transaction(),
        ThreadPoolExecutor(4) as pool,
    ):
        ledger.set_meta("held", "yes")
        list(pool.map(lambda n: logged.ask(f"{SECRET} {n}"), range(12)))
    assert len(logged.record.questions.entries()) == 12


def test_what_is_forgotten_is_in_no_file(logged: KnowHow) -> None:
    logged.ask(SECRET)
    logged.ask("単位空間のデータ数")
    folder = logged.collection.folder
    assert any(SECRET.encode() in path.read_bytes() for path in folder.glob("questions*"))
    first = logged.record.questions.entries()[0].id
    assert logged.record.questions.forget(ids=(first, 999)) == 1
    assert not any(SECRET.encode() in path.read_bytes() for path in folder.glob("questions*"))
    assert logged.record.questions.forget(before="2020-01-01") == 0
    assert logged.record.questions.forget() == 1
    assert logged.record.questions.entries() == ()


def test_a_damaged_log_is_told_once_and_keeps_nobody_from_an_answer(noted: Path) -> None:
    told: list[str] = []
    with KnowHow.open(home=noted, log__questions=True, notify=told.append) as opened:
        opened.record.questions.path.write_bytes(b"no database at all, but long enough to be looked at" * 40)
        assert opened.ask(SECRET).status == "answered"
        assert opened.ask(SECRET).status == "answered"
    assert sum("log" in line for line in told) == 1


def test_the_commands(noted: Path, logged: KnowHow, here: Run, tmp_path: Path) -> None:
    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return here(*args, env={"QEU_RAG_HOME": str(noted)})

    logged.ask(SECRET)
    logged.ask("=1+1 quality loss")
    logged.close()
    assert SECRET in run("log", "list").stdout
    assert run("log", "list", "-n", "1", "--json").stdout.count('"question"') == 1
    file = tmp_path / "log.csv"
    assert run("log", "export", str(file)).returncode == 0
    rows = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    assert [row[2] for row in rows[1:]] == [SECRET, "'=1+1 quality loss"]
    assert run("log", "export", str(file)).returncode == 2
    assert run("log", "export", str(tmp_path / "log.pdf")).returncode == 2
    lines = run("log", "export", "-").stdout.splitlines()
    assert json.loads(lines[0])["question"] == SECRET
    for wrong in ((), ("--all", "1"), ("--before", "soon")):
        assert run("log", "forget", *wrong).returncode == 2
    unknown = run("log", "forget", "1", "77", "78")
    assert (unknown.returncode, unknown.stdout) == (2, "Forgotten: 1\n")
    assert "no question numbered 77, 78" in unknown.stderr
    assert "1" in run("log", "forget", "--all").stdout
    assert "not logged" in run("log", "list").stderr
