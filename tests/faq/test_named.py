"""Answers of a person's own, through the commands: sources named by hand, approvals that meet, stale ones and what to do next."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from conftest import Run

from qeu_rag import KnowHow
from qeu_rag.faq.named_passages import NotNamed, named_pins
from qeu_rag.index.approved import Passages
from qeu_rag.index.ledger import Ledger

DAILY = "日当はいくらですか"
PARKING = "駐車場はどこにありますか"
SAID = "来客用の駐車場は本館の裏です。"


@pytest.fixture
def qeu(reader: KnowHow, noted: Path, here: Run) -> Callable[..., subprocess.CompletedProcess[str]]:
    reader.close()
    return lambda *args: here(*map(str, args), env={"QEU_RAG_HOME": str(noted)})


@pytest.fixture
def sheet(qeu: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> Path:
    return answered(qeu, tmp_path)


def answered(qeu: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> Path:
    """An answered list: row 2 is answered, row 3 is not in the documents."""
    (tmp_path / "q.csv").write_text(f"question\n{DAILY}\n{PARKING}\n", encoding="utf-8")
    assert qeu("batch", tmp_path / "q.csv", "-o", tmp_path / "a.xlsx").returncode == 0
    return tmp_path / "a.xlsx"


def marked(sheet: Path, row: int, **cells: str) -> Path:
    """A copy of ``sheet`` in which a person approved ``row`` and wrote into some of its cells."""
    book = openpyxl.load_workbook(sheet)
    page = book.worksheets[0]
    places = {cell.value: cell.column for cell in page[1]}
    for name, text in {"approved": "yes", **cells}.items():
        page.cell(row, places[name]).value = text
    path = sheet.with_name("marked.xlsx")
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("source", "quotes", "shown"),
    [
        ("travel.md › 日当", "", "国内出張の日当は3,000円とする。海外出張の日当は8,000円とする。"),
        ("TRAVEL.MD [日当]", "", "国内出張の日当は3,000円とする。海外出張の日当は8,000円とする。"),
        ("[1] 旅費規程 › 日当 (travel.md)", "[1] 海外出張の日当は8,000円とする。", "海外出張の日当は8,000円とする。"),
        ("旅費規程", "国内出張の日当は 3,000円とする。", "国内出張の日当は3,000円とする。"),
    ],
)
def test_a_person_says_where_an_own_answer_stands(
    qeu: Callable[..., subprocess.CompletedProcess[str]], sheet: Path, source: str, quotes: str, shown: str
) -> None:
    done = qeu("faq", "approve", marked(sheet, 3, answer=SAID, source=source, quotes=quotes), "--by", "Sato")
    assert (done.returncode, done.stdout) == (0, "Approved answers kept: 1\n")
    told = qeu("ask", PARKING)
    assert told.stdout.startswith(SAID)
    assert "travel.md" in told.stdout
    assert "    " + shown in told.stdout


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({}, 'write where the answer stands into its column "source"'),
        ({"source": "parking.md"}, "names no document"),
        ({"source": "travel.md › 駐車場"}, "its headings: "),
        ({"source": "travel.md, p. 9"}, "names no heading or page"),
        ({"source": "travel.md", "quotes": "駐車場は本館の裏です。"}, "does not stand there in travel.md"),
        ({"source": "travel.md", "quotes": "[2] 国内出張の日当は3,000円とする。"}, "quote [2] has no line"),
    ],
)
def test_a_source_that_cannot_be_found_is_refused_with_what_to_write(
    qeu: Callable[..., subprocess.CompletedProcess[str]], sheet: Path, cells: dict[str, str], words: str
) -> None:
    done = qeu("faq", "approve", marked(sheet, 3, answer=SAID, **cells), "--by", "Sato")
    assert done.returncode == 6
    assert f"! 3: {PARKING}: " in done.stderr
    assert words in done.stderr
    assert qeu("faq", "list").stdout == ""


def test_a_source_corrected_by_hand_is_what_the_answer_is_pinned_to(
    qeu: Callable[..., subprocess.CompletedProcess[str]], sheet: Path
) -> None:
    other = {"source": "[1] mts.md", "quotes": ""}
    assert qeu("faq", "approve", marked(sheet, 2, **other), "--by", "Sato").returncode == 0
    assert "mts.md" in qeu("ask", DAILY).stdout
    # Its own quote does not stand in another document.
    assert "does not stand there" in qeu("faq", "approve", marked(sheet, 2, source="mts.md"), "--by", "Sato").stderr
    assert (
        qeu("faq", "approve", marked(sheet, 2, source=""), "--by", "Sato").returncode == 0
    )  # an emptied cell says nothing
    assert "travel.md" in qeu("ask", DAILY).stdout


def test_a_name_that_may_mean_two_documents_or_a_long_one_is_refused(know_how: KnowHow, tmp_path: Path) -> None:
    long = "\n\n".join(f"## Part {n}\n\n" + f"Sentence {n} of the rule. " * 40 for n in range(6))
    for folder in ("a", "b"):
        (tmp_path / "two" / folder).mkdir(parents=True)
        (tmp_path / "two" / folder / "rules.md").write_text(f"# Rules {folder}\n\n{long}", encoding="utf-8")
    know_how.ingest(tmp_path / "two")
    with Ledger(know_how.collection.ledger_path) as ledger, ledger.snapshot():
        passages = Passages(ledger)
        for line, reason in (
            ("rules.md › Part 3", "source_twice"),
            ("a/rules.md", "passage_wide"),
            ("c/rules.md", "source_unknown"),
        ):
            found = named_pins(passages, line, "")
            assert isinstance(found, NotNamed)
            assert found.reason == reason
        found = named_pins(passages, "Rules b › Part 3\n[1] a\\rules.md › Part 4", "")
        assert not isinstance(found, NotNamed)
        assert [(pin.marker, pin.source, pin.headings[-1]) for pin in found] == [
            (2, "b/rules.md", "Part 3"),
            (1, "a/rules.md", "Part 4"),
        ]


def test_an_approval_that_meets_an_earlier_one_says_so(
    qeu: Callable[..., subprocess.CompletedProcess[str]], sheet: Path
) -> None:
    assert qeu("faq", "approve", marked(sheet, 2, answer="3,000円 [1]"), "--by", "Sato").stderr == ""
    same = qeu("faq", "approve", marked(sheet, 2, answer="3,000円 [1]"), "--by", "Sato")
    assert (same.returncode, same.stderr) == (0, "")
    other = qeu("faq", "approve", marked(sheet, 2, answer="三千円 [1]"), "--by", "Tanaka")
    assert "replaces the answer that Sato approved on 20" in other.stderr
    assert "  - 3,000円 [1]\n  + 三千円 [1]\n" in other.stderr
    name = qeu("faq", "approve", marked(sheet, 2, answer="三千円 [1]"), "--by", "Suzuki")
    assert "Tanaka approved the same answer" in name.stderr
    near = marked(sheet, 2, answer="五千円 [1]", question="日当は、いくらですか？")
    beside = qeu("faq", "approve", near, "--by", "Sato")
    assert "qeu-rag faq withdraw" in beside.stderr
    assert "  - 三千円 [1]\n  + 五千円 [1]\n" in beside.stderr
    assert qeu("faq", "list").stdout.count("[stands]") == 2


def test_a_stale_answer_is_told_of_and_approved_again_or_given_up(
    know_how: KnowHow, docs: Path, here: Run, tmp_path: Path
) -> None:
    def qeu(*args: object) -> subprocess.CompletedProcess[str]:
        return here(*map(str, args))

    know_how.ingest(docs)
    know_how.close()
    sheet = answered(qeu, tmp_path)
    qeu("faq", "approve", marked(sheet, 2, answer="3,000円 [1]"), "--by", "Sato")
    assert qeu("faq", "stale", "--fail-on-stale").returncode == 0
    travel = docs / "travel.md"
    travel.write_text(travel.read_text(encoding="utf-8").replace("8,000円", "9,000円"), encoding="utf-8")
    assert qeu("ingest", docs).returncode == 0
    told = qeu("ask", DAILY)
    assert "Sato approved on 20" in told.stderr
    assert "qeu-rag faq stale" in told.stderr
    assert qeu("batch", tmp_path / "q.csv", "-o", tmp_path / "b.csv").returncode == 0
    assert "approved by Sato" in (tmp_path / "b.csv").read_text(encoding="utf-8")
    stale = qeu("faq", "stale")
    assert stale.returncode == 0
    assert "qeu-rag faq renew ID --by NAME" in stale.stderr
    assert qeu("faq", "stale", "--fail-on-stale").returncode == 1
    one = stale.stdout.split()[0]
    assert qeu("faq", "renew", one, "--by", " ").returncode == 2
    assert qeu("faq", "renew", one[:5], "--by", "Tanaka").stdout == "Approved answers kept: 1\n"
    told = qeu("ask", DAILY)
    assert told.stdout.startswith("3,000円 [1]")
    assert "Approved by Tanaka" in told.stderr
    here("chat", input=f"{DAILY}\n/save {tmp_path / 'talk.md'}\n/quit\n")
    assert "*Approved by Tanaka on 20" in (tmp_path / "talk.md").read_text(encoding="utf-8")
    travel.unlink()
    qeu("ingest", docs)
    gone = qeu("faq", "renew", one, "--by", "Tanaka")
    assert gone.returncode == 6
    assert "document is gone" in gone.stderr
    assert qeu("faq", "withdraw", one).returncode == 0
    assert qeu("faq", "list").stdout == ""


def test_a_mark_that_says_neither_yes_nor_no_is_told(
    qeu: Callable[..., subprocess.CompletedProcess[str]], sheet: Path
) -> None:
    done = qeu("faq", "approve", marked(sheet, 2, approved="Tanaka"), "--by", "Sato")
    assert done.returncode == 2
    assert "neither yes nor no: 2 (Tanaka)" in done.stderr
    for mark in ("no", "否", "-", ""):
        assert "neither yes" not in qeu("faq", "approve", marked(sheet, 2, approved=mark), "--by", "Sato").stderr


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_sources_are_named_in_csv_and_json_lines_too(
    qeu: Callable[..., subprocess.CompletedProcess[str]], sheet: Path, ending: str
) -> None:
    file = sheet.with_name(f"b.{ending}")
    assert qeu("batch", sheet.with_name("q.csv"), "-o", file).returncode == 0
    if ending == "csv":
        with file.open(encoding="utf-8", newline="") as read:
            rows = list(csv.DictReader(read))
        rows[1] |= {"answer": SAID, "approved": "yes", "source": "travel.md › 日当"}
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        lines[1] |= {"answer": SAID, "approved_row": True, "sources": ["travel.md › 日当"]}
        file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert qeu("faq", "approve", file, "--by", "Sato").stdout == "Approved answers kept: 1\n"
    assert qeu("ask", PARKING).stdout.startswith(SAID)
