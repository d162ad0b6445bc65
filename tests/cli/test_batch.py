"""A list of questions answered overnight: nothing is lost by a kill, nothing is written over, bad input is told."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import QUESTIONS
from filelock import FileLock
from langchain_core.language_models import LLM

from qeu_rag import KnowHow
from qeu_rag.cli.main import run
from qeu_rag.errors import UsageError
from qeu_rag.faq.batch import Batch, Plan, outcomes, run_of
from qeu_rag.faq.journal import Journal, journal_path
from qeu_rag.faq.read.answers import read_answers
from qeu_rag.faq.read.questions import read_questions

ASKED = (*QUESTIONS, "モンゴルの首都はどこですか")


@pytest.fixture
def ready(notes_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in; the environment's home holds the small documents."""
    shutil.copytree(notes_home, tmp_path / "home", symlinks=True)
    monkeypatch.setenv("QEU_RAG_HOME", str(tmp_path / "home"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def listed(folder: Path, *rows: str, name: str = "q.csv") -> str:
    (folder / name).write_text(
        "no,question\n" + "".join(f'{n},"{row}"\n' for n, row in enumerate(rows, 1)), encoding="utf-8"
    )
    return name


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def without_time(path: Path) -> list[dict[str, object]]:
    return [{key: value for key, value in line.items() if key not in ("seconds", "timings")} for line in lines(path)]


def batch(*arguments: object) -> int:
    return run(["batch", *map(str, arguments)])


def test_statuses_formats_and_same_answers(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = listed(ready, *ASKED, "日当は　いくらですか？", "=cmd|' /C calc'!A0", "?!")
    for ending in ("jsonl", "csv", "md", "html", "xlsx"):
        assert batch(questions, "-o", f"a.{ending}") == 6
        assert "(1): 9." in capsys.readouterr().err
    found = lines(ready / "a.jsonl")
    outcomes = {"sure": "supported", "likely": "likely", "": "not_in_documents"}
    assert [line["outcome"] for line in found[:5]] == [outcomes[str(line["certainty"])] for line in found[:5]]
    assert [line["status"] for line in found[:5]] == ["answered"] * 4 + ["abstained"]
    assert found[-1]["outcome"] == "error"
    assert [line["row"] for line in found] == list(range(2, 10))
    assert found[5]["answer"] == found[1]["answer"]
    assert found[5]["question"] == "日当は　いくらですか？"
    with KnowHow.open() as opened:
        assert [line["answer"] for line in found[:5]] == [opened.ask(question).text for question in ASKED]
    page = (ready / "a.html").read_text(encoding="utf-8")
    assert "http://" not in page
    assert "https://" not in page
    for line in found[:5]:
        assert str(line["answer"]).splitlines()[0] in (ready / "a.md").read_text(encoding="utf-8").replace(
            "\\", ""
        ).replace("**", "")
    rows = list(csv.reader((ready / "a.csv").open(encoding="utf-8", newline="")))
    assert all(not cell or cell[0] not in "=+-@\t\r" for row in rows for cell in row)
    journal = lines(journal_path(ready / "a.jsonl"))
    assert sum(line["line"]["kind"] == "answer" for line in journal) == 7  # type: ignore[index]


def test_what_is_read_back(ready: Path) -> None:
    questions = listed(ready, *ASKED)
    for ending in ("jsonl", "csv", "xlsx"):
        assert batch(questions, "-o", f"a.{ending}") == 0
    read = [read_answers(ready / f"a.{ending}") for ending in ("jsonl", "csv", "xlsx")]
    assert read[0][1].citations
    with KnowHow.open() as opened:
        passages = {scored.chunk.passage_hash: scored.chunk for scored in opened.search(ASKED[1])}
    for cited in read[0][1].citations:
        assert cited.quote in passages[cited.passage_hash].text
    for other in read[1:]:
        for one, two in zip(read[0], other, strict=True):
            assert (one.number, one.question, one.answer, one.citations, one.evidence, one.approved) == (
                two.number, two.question, two.answer, two.citations, two.evidence, two.approved,
            )  # fmt: skip
    book = openpyxl.load_workbook(ready / "a.xlsx")
    page = book.worksheets[0]
    names = [cell.value for cell in page[1]]
    page.cell(3, names.index("approved") + 1).value = "○"
    page.cell(3, names.index("answer") + 1).value = "edited"
    book.save(ready / "a.xlsx")
    assert [(row.answer, row.approved) for row in read_answers(ready / "a.xlsx")][1] == ("edited", True)
    assert batch(questions, "-o", "a.xlsx") == 2  # the person's mark would be lost
    assert read_answers(ready / "a.xlsx")[1].approved


def client_list(path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Client's list"
    page.append(["ACME", None, None])
    page.merge_cells("A1:C1")
    page.append(["No.", "質問", "Answers"])
    page["B2"].font = openpyxl.styles.Font(bold=True, color="FF112233")
    page.column_dimensions["B"].width = 33
    for number, question in enumerate(ASKED, 1):
        page.append([number, question, "=A3*2"])
    book.create_sheet("Summary")["A1"] = "=SUM(1,2)"
    book.save(path)


def test_the_clients_workbook_stays(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    client_list(ready / "q.xlsx")
    with zipfile.ZipFile(ready / "q.xlsx", "a") as archive:
        archive.writestr("xl/media/image1.png", b"\x89PNG")
    before = (ready / "q.xlsx").read_bytes()
    assert batch("q.xlsx", "-o", "a.xlsx") == 0
    assert "pictures" in capsys.readouterr().err
    assert (ready / "q.xlsx").read_bytes() == before
    book = openpyxl.load_workbook(ready / "a.xlsx")
    assert book.sheetnames == ["Client's list", "Summary", "Evidence", "Summary 2"]
    page = book["Client's list"]
    assert book["Summary"]["A1"].value == "=SUM(1,2)"
    assert (page["C3"].value, page["C3"].data_type) == ("=A3*2", "f")
    assert page.column_dimensions["B"].width == 33
    assert page["D2"].font.color.rgb == "FF112233"
    assert (page.freeze_panes, page.auto_filter.ref) == ("A3", "A2:M7")
    assert [one.title for one in book.worksheets if one.sheet_view.tabSelected] == [page.title]
    assert page["D4"].alignment.wrap_text
    assert page.row_dimensions[3].height >= 30  # the quotes take two lines or more
    assert page["E3"].fill.fgColor.rgb != page["E7"].fill.fgColor.rgb
    assert page["H3"].hyperlink.target.startswith("file:///")
    assert page.column_dimensions["N"].hidden
    assert book["Summary 2"]._charts
    quotes = [row[3] for row in book["Evidence"].iter_rows(min_row=2, values_only=True)]
    assert len(quotes) >= 4
    assert all(quotes)


def test_kill_and_go_on(ready: Path) -> None:
    questions = listed(ready, *(f"What is the quality loss of part {n}?" for n in range(70)))
    command = [sys.executable, "-m", "qeu_rag", "batch", questions, "-o", "a.jsonl"]
    journal = journal_path(ready / "a.jsonl")
    kept: list[bytes] = []
    for least in (8, 25):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while not journal.exists() or journal.read_bytes().count(b"\n") < least:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (ready / "a.jsonl").exists()
        whole = journal.read_bytes().split(b"\n")[:-1]
        assert whole[: len(kept)] == kept
        kept = whole
    (ready / ".a.jsonl.1.qeu-tmp.sheet").touch()  # as a kill amid writing leaves one
    assert batch(questions, "-o", "a.jsonl") == 0
    assert journal.read_bytes().split(b"\n")[: len(kept)] == kept
    assert batch(questions, "-o", "whole.jsonl", "--jobs", "4") == 0
    assert without_time(ready / "a.jsonl") == without_time(ready / "whole.jsonl")
    assert not list(ready.glob(".*"))


def test_damaged_journals(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = listed(ready, *ASKED)
    assert batch(questions, "-o", "a.jsonl") == 0
    journal, first = journal_path(ready / "a.jsonl"), without_time(ready / "a.jsonl")
    (ready / "a.jsonl").unlink()
    whole = journal.read_bytes()
    kept = whole.split(b"\n")
    journal.write_bytes(b"\n".join(kept[:4]) + b"\n" + kept[4][:200])
    assert batch(questions, "-o", "a.jsonl") == 0
    assert without_time(ready / "a.jsonl") == first
    (ready / "a.jsonl").unlink()
    journal.write_bytes(whole.replace(b"quality", b"qualiti", 1))
    capsys.readouterr()
    assert batch(questions, "-o", "a.jsonl") == 1
    assert "line 2" in capsys.readouterr().err
    journal.write_bytes(b"\n".join([kept[0], *kept[2:]]))  # a line is missing
    assert batch(questions, "-o", "a.jsonl") == 1
    assert batch(questions, "-o", "a.jsonl", "--restart") == 0
    assert without_time(ready / "a.jsonl") == first


def test_what_is_refused(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = listed(ready, *ASKED[:2])
    (ready / "other.csv").write_text("x")
    (ready / "open.csv").write_text("x")
    (ready / ".~lock.open.csv#").touch()
    (ready / "excel.xlsx").touch()
    (ready / "~$excel.xlsx").touch()
    (ready / "link.csv").symlink_to(ready / questions)
    cases = {
        "same": ((questions, "-o", questions), "is the list"),
        "link": ((questions, "-o", "link.csv"), "is the list"),
        "exists": ((questions, "-o", "other.csv"), "--restart"),
        "open": ((questions, "-o", "open.csv"), "another program"),
        "excel": ((questions, "-o", "excel.xlsx"), "another program"),
        "kind": ((questions, "-o", "a.docx"), ".xlsx"),
        "folder": ((questions, "-o", "none/a.csv"), "folder"),
        "budget": ((questions, "-o", "a.csv", "--budget", "soon"), "2h"),
        "only": ((questions, "-o", "a.csv", "--only", "some"), "failed, abstained, likely, changed"),
        "gone": (("none.csv", "-o", "a.csv"), "none.csv"),
    }
    for name, (arguments, words) in cases.items():
        assert batch(*arguments) == 2, name
        assert words in capsys.readouterr().err, name
    assert (ready / "other.csv").read_text() == "x"
    assert batch(questions, "-o", "a.csv") == 0
    assert batch(questions, "-o", "a.csv", "--long") == 2
    assert "long" in capsys.readouterr().err
    listed(ready, *ASKED[1:3])
    assert batch(questions, "-o", "a.csv") == 2
    assert ASKED[0][:20] in capsys.readouterr().err
    with FileLock(ready / ".b.csv.lock"):
        assert batch(questions, "-o", "b.csv") == 2
    assert "Another run" in capsys.readouterr().err
    assert batch(questions, "-o", "c.csv", "--collection", "none") == 4


def test_no_error_is_half_english_in_japanese(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is refused: beside file names, options and formats, no two Latin words stand in a row."""
    questions = listed(ready, *ASKED[:2])
    openpyxl.Workbook().save(ready / "empty.xlsx")
    with zipfile.ZipFile(ready / "empty.xlsx") as whole, zipfile.ZipFile(ready / "cut.xlsx", "w") as cut:
        for name in whole.namelist():
            cut.writestr(name, whole.read(name)[:-30] if "sheet1" in name else whole.read(name))
    (ready / "torn.xlsx").write_bytes((ready / "empty.xlsx").read_bytes()[:2000])
    (ready / "old.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    (ready / "quote.csv").write_text('question\n"a"b\n')
    (ready / "bad.jsonl").write_text('{"question": \n')
    (ready / "none.csv").write_text("a,b\n1,2\n")
    (ready / "noise.txt").write_bytes(bytes(range(256)) * 8)
    (ready / "symbols.txt").write_text("?!\n" + "x" * 5000)
    cases = {
        ("gone.csv", "-o", "a.csv"): 2, ("empty.xlsx", "-o", "a.csv"): 2, ("cut.xlsx", "-o", "a.csv"): 2,
        ("torn.xlsx", "-o", "a.csv"): 2, ("old.xlsx", "-o", "a.csv"): 2, ("quote.csv", "-o", "a.csv"): 2,
        ("bad.jsonl", "-o", "a.csv"): 2, ("none.csv", "-o", "a.csv"): 2, ("noise.txt", "-o", "a.csv"): 2,
        ("symbols.txt", "-o", "s.csv"): 6, (questions, "-o", questions): 2, (questions, "-o", "none/a.csv"): 2,
        (questions, "-o", "a.docx"): 2, (questions,): 2, (questions, "-o"): 2, (questions, "x.csv", "-o", "a.csv"): 2,
        (questions, "-o", "a.csv", "--jobs", "0"): 2, (questions, "-o", "a.csv", "--colum", "B"): 2,
        (questions, "-o", "a.csv", "--budget", "x"): 2, (questions, "-o", "a.csv", "--only", "x"): 2,
    }  # fmt: skip
    names = re.compile(
        r"qeu-rag( \w+)*|\[OPTIONS\]|QUESTIONS|[\w./-]*[./][\w./-]+|--?[\w/-]+|question|CSV UTF-8|Office 97-2003"
    )
    for arguments, code in cases.items():
        assert run(["batch", "--lang", "ja", *arguments]) == code, arguments
        told = capsys.readouterr().err
        assert told
        assert not re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", names.sub("…", told)), told
    assert not any(re.search("[a-z]{2,} [a-z]{2,}", row.answer) for row in read_answers(ready / "s.csv"))
    assert run(["--lang", "ja", "batch", "gone.csv", "-o", "a.csv"]) == 2
    assert "ありません" in capsys.readouterr().err


def test_another_gate_is_another_run(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = listed(ready, *ASKED[:2])
    assert batch(questions, "-o", "a.jsonl") == 0
    with KnowHow.open() as opened:
        opened.parts.keep_gate(replace(opened.parts.gate(), origin="calibrated"))
    capsys.readouterr()
    assert batch(questions, "-o", "a.jsonl") == 2
    assert "qeu-rag calibrate" in capsys.readouterr().err
    assert batch(questions, "-o", "a.jsonl", "--restart") == 0
    assert batch(questions, "-o", "a.jsonl") == 0


def test_what_is_asked_again_is_logged_once(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QEU_RAG_LOG__QUESTIONS", "true")
    questions = listed(ready, *ASKED)
    assert batch(questions, "-o", "a.jsonl") == 0
    assert batch(questions, "-o", "a.jsonl", "--restart") == 0
    assert batch(questions, "-o", "a.jsonl", "--only", "abstained") == 0
    with KnowHow.open() as opened:
        assert [entry.question for entry in opened.record.questions.entries()] == list(ASKED)


def test_only_retry_and_changed_documents(ready: Path) -> None:
    docs = ready.parent / "home" / "docs"
    questions = listed(ready, *ASKED, "x" * 5000)
    assert batch(questions, "-o", "a.jsonl", "--retry", "1") == 6

    def asked_again(which: str) -> list[object]:
        before = journal_path(ready / "a.jsonl").read_bytes()
        batch(questions, "-o", "a.jsonl", "--only", which)
        return asked_since(journal_path(ready / "a.jsonl"), before)

    assert asked_again("changed") == []
    assert asked_again("failed") == ["x" * 5000]
    assert asked_again("abstained") == [ASKED[4]]
    text = (docs / "travel.md").read_text(encoding="utf-8")
    (docs / "travel.md").write_text(text.replace("3,000円", "4,000円"), encoding="utf-8")
    with KnowHow.open() as opened:
        opened.ingest(docs)
    assert ASKED[1] in asked_again("changed")
    assert "4,000" in str(lines(ready / "a.jsonl")[1]["answer"])


def asked_since(journal: Path, before: bytes) -> list[object]:
    added = map(json.loads, journal.read_bytes()[len(before) :].splitlines())
    return [line["line"]["payload"]["question"] for line in added if "key" in line["line"]]


@pytest.mark.parametrize("arguments", [(), ("--only", "failed")])
def test_a_mended_list_goes_on(ready: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    client_list(ready / "q.xlsx")
    book = openpyxl.load_workbook(ready / "q.xlsx")
    book.active["B4"] = '="日当は"&"いくらですか"'
    book.save(ready / "q.xlsx")
    assert batch("q.xlsx", "-o", "a.xlsx") == 6
    assert "(1): 4." in capsys.readouterr().err
    assert "run the same command again" in read_answers(ready / "a.xlsx")[1].answer
    book.active["B4"] = ASKED[1]  # as Excel stores the formula's result, so that the question can be read
    book.save(ready / "q.xlsx")
    journal = journal_path(ready / "a.xlsx")
    before = journal.read_bytes()
    assert batch("q.xlsx", "-o", "a.xlsx", *arguments) == 0
    assert asked_since(journal, before) == [ASKED[1]]
    assert read_answers(ready / "a.xlsx")[1].citations
    book.active["B8"] = "Cpkとは何ですか"
    book.active["C8"] = "new"
    book.save(ready / "q.xlsx")
    before = journal.read_bytes()
    assert batch("q.xlsx", "-o", "a.xlsx") == 0
    assert asked_since(journal, before) == ["Cpkとは何ですか"]


def test_budget_goes_by_priority_and_the_rest_waits(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = [(f"What is the quality loss of part {n}?", "高" if n >= 2990 else "低") for n in range(3000)]
    (ready / "q.csv").write_text("質問,優先度\n" + "".join(f"{q},{p}\n" for q, p in many), encoding="utf-8")
    assert batch("q.csv", "-o", "a.jsonl", "--budget", "1s") == 0
    told = capsys.readouterr()
    assert "fit into the time" in told.err
    assert "not asked yet" in told.out
    done = {line["row"] for line in lines(ready / "a.jsonl") if line["outcome"] != "waiting"}
    urgent = set(range(2992, 3002))
    assert 1 <= len(done) < 3000
    assert done <= urgent or urgent <= done


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_disk_full_midway(ready: Path) -> None:
    questions = listed(ready, *(f"What is the quality loss of part {n}?" for n in range(60)))
    command = f"ulimit -f 100; exec {sys.executable} -m qeu_rag batch {questions} -o a.csv"  # 100 blocks of 512 or 1,024 bytes
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode == 1
    assert "the answers before are kept" in done.stderr
    kept = journal_path(ready / "a.csv").read_bytes()
    assert kept.endswith(b"\n")
    assert kept.count(b"\n") > 5
    assert batch(questions, "-o", "a.csv") == 0
    assert journal_path(ready / "a.csv").read_bytes().startswith(kept)


def test_interrupt(ready: Path) -> None:
    """Ctrl-C, from a pipe of plain lines."""
    asked = "".join(f"What is the quality loss of part {n}?\n" for n in range(2000))
    command = [sys.executable, "-m", "qeu_rag", "batch", "-", "-o", "a.csv", "--bom"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(asked)
    process.stdin.close()
    process.stdin = None
    journal = journal_path(ready / "a.csv")
    while not journal.exists() or journal.read_bytes().count(b"\n") < 10:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.count("Stopped") == 1
    assert "goes on" in told
    assert "Traceback" not in told


class Fragile(LLM):
    """A model of a user's own that breaks on one question and repeats the first passage for the others."""

    def _call(self, prompt: str, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> str:
        if "audit" in prompt.rsplit("\n", 2)[-2]:
            raise RuntimeError("out of memory")
        return "日当は3,000円とする。 [1]"

    @property
    def _llm_type(self) -> str:
        return "fragile"


def test_a_question_that_breaks_the_engine(ready: Path) -> None:
    asked = ("日当はいくらですか", "How long does an audit take?", "海外出張の日当は")
    listing = read_questions("\n".join(asked).encode())
    with KnowHow.open(model=Fragile()) as know_how:
        plan = Plan(retry=1)
        with Journal(ready / "j.jsonl", run_of(know_how, plan)) as journal:
            Batch(know_how=know_how, questions=listing, journal=journal, plan=plan).run()
            found = list(outcomes(journal, listing))
        jobs = Batch(know_how=know_how, questions=listing, journal=journal, plan=Plan(jobs=2))
        with pytest.raises(UsageError, match="--jobs"):
            jobs.run()
    assert [outcome == "error" for _, outcome, _ in found] == [False, True, False]
    assert found[1][2] is not None
    assert found[1][2].payload["detail"] == "RuntimeError: out of memory"


@pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is not installed (apt-get install libreoffice-calc)"
)
def test_libreoffice_opens_the_workbook(ready: Path) -> None:
    client_list(ready / "q.xlsx")
    assert batch("q.xlsx", "-o", "a.xlsx") == 0
    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    command = ["soffice", f"-env:UserInstallation={(ready / 'lo').as_uri()}", "--headless", "--convert-to", every_sheet]
    done = subprocess.run([*command, "a.xlsx"], capture_output=True, text=True, timeout=200)
    assert "convert" in done.stdout, done.stderr
    for name in ("Client's list", "Evidence", "Summary 2"):
        shown = list(csv.reader((ready / f"a-{name}.csv").open(encoding="utf-8", newline="")))
        book = openpyxl.load_workbook(ready / "a.xlsx")
        for line, cells in zip(shown, book[name].iter_rows(values_only=True), strict=False):
            for text, cell in zip(line, cells, strict=False):
                if isinstance(cell, str) and not cell.startswith("="):
                    assert text == cell
