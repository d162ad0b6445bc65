"""The commands end to end, in processes of their own, on a real collection: what they print, return and survive."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import NOTES, QUESTIONS, Run, folder_with, new_home

from qeu_rag.cli.main import commands, run

DIFF = re.compile(r"\A\+(\d+) ~(\d+) -(\d+) =(\d+) !(\d+)\n\Z")
LOSS = QUESTIONS[0]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path) -> Path:
    """A folder with ``docs`` and a ``home`` that holds them, ingested by the command; tests only read it."""
    base = tmp_path_factory.mktemp("kept")
    folder_with(base / "docs")
    (base / "docs" / "broken.docx").write_bytes(b"PK\x03\x04 not a zip")
    (base / "docs" / "zero.md").write_bytes(b"")
    new_home(base / "home", embedder_cache)
    done = command("ingest", str(base / "docs"), home=base / "home")
    assert (done.returncode, done.stdout) == (0, "+4 ~0 -0 =0 !2\n"), done.stderr
    lines = done.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] == ["! broken.docx", "! zero.md"]
    assert "damaged" in lines[0]
    assert "empty" in lines[1]
    return base


@pytest.fixture
def copy(kept: Path, tmp_path: Path) -> Path:
    """A copy of that home, to be harmed."""
    shutil.copytree(kept / "home", tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"


def command(
    *args: str | bytes,
    home: Path,
    before: Sequence[str] = (),
    env: dict[str, str] | None = None,
    input: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs the real command; a traceback fails the test at once."""
    done = subprocess.run(
        [*before, sys.executable, "-m", "qeu_rag", *args],
        input=input,
        stdin=None if input is not None else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "QEU_RAG_HOME": str(home), **(env or {})},
        timeout=240,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    assert done.returncode >= 0, f"died of signal {-done.returncode}"
    return done


class Inside:
    """Runs commands in this process, where a process of its own is not the point."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._home = home
        self._capsys = capsys

    def __call__(self, *args: str) -> tuple[int, str, str]:
        self._capsys.readouterr()
        code = run([args[0], "--home", str(self._home), *args[1:]])
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err, err
        return code, out, err

    def json(self, *args: str) -> Any:
        code, out, err = self(*args, "--json")
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
def inside(kept: Path, capsys: pytest.CaptureFixture[str]) -> Inside:
    return Inside(kept / "home", capsys)


@pytest.fixture
def fresh(home: Path, capsys: pytest.CaptureFixture[str]) -> Inside:
    return Inside(home, capsys)


# ingest


def test_ingest_json_dry_run_and_prune(fresh: Inside, docs: Path) -> None:
    (docs / "broken.docx").write_bytes(b"PK\x03\x04 not a zip")
    assert fresh("ingest", str(docs), "--dry-run")[:2] == (0, "+5 ~0 -0 =0 !0\n")
    assert fresh("status")[0] == 4
    report = fresh.json("ingest", str(docs))
    assert list(report) == ["added", "updated", "removed", "unchanged", "failed", "chunks", "embedded", "seconds"]
    assert [report[key] for key in ("added", "updated", "removed", "unchanged")] == [4, 0, 0, 0]
    assert report["failed"] == [{"path": "broken.docx", "reason": "damaged"}]
    assert (report["chunks"], report["embedded"]) == (6, 6)
    assert report["seconds"] > 0
    (docs / "loss.md").unlink()
    (docs / "mts.md").write_text(NOTES["mts.md"] + "\n校正は毎年行う。\n", encoding="utf-8")
    assert fresh("ingest", str(docs), "--dry-run")[1] == "+0 ~1 -1 =2 !1\n"
    assert fresh("ingest", str(docs), "--no-prune")[1] == "+0 ~1 -0 =2 !1\n"
    assert {row["source"] for row in fresh.json("documents")["documents"]} == set(NOTES)
    assert fresh("ingest", str(docs))[1] == "+0 ~0 -1 =3 !1\n"
    assert {row["source"] for row in fresh.json("documents")["documents"]} == set(NOTES) - {"loss.md"}


def test_an_empty_folder_and_one_that_is_not_there(fresh: Inside, tmp_path: Path) -> None:
    code, out, err = fresh("ingest", str(tmp_path / "nothing"))
    assert (code, out) == (2, "")
    assert "nothing" in err
    (tmp_path / "empty").mkdir()
    assert fresh("ingest", str(tmp_path / "empty")) == (0, "+0 ~0 -0 =0 !0\n", "")
    answer = fresh.json("ask", LOSS)
    assert (answer["status"], answer["reason"], answer["citations"]) == ("abstained", "no_evidence", [])
    assert fresh("documents")[:2] == (0, "")


# ask, search


def test_ask_prints_the_answer_then_its_sources_and_nothing_else(
    kept: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = command("ask", LOSS, home=kept / "home", env={"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"})
    assert (done.returncode, done.stderr) == (0, "")
    monkeypatch.setenv("NO_COLOR", "1")
    assert inside("ask", LOSS) == (0, done.stdout, "")
    answer, sources = done.stdout.split("\n\n", 1)
    assert "The quality loss is L = k (y - m)^2." in answer
    assert answer.endswith("]")
    assert sources.startswith("[1] Loss function")
    assert "(loss.md)" in sources
    assert not any(unicodedata.category(c) == "Cc" for c in done.stdout.replace("\n", ""))


def test_ask_reads_a_dash_and_a_pipe(kept: Path, here: Run) -> None:
    question, home = "日当はいくらですか\n", kept / "home"
    for done in (
        command("ask", home=home, input=question),
        here("search", "-", input=question, env={"QEU_RAG_HOME": str(home)}),
    ):
        assert done.returncode == 0
        assert "3,000円" in done.stdout, done.args


@pytest.mark.parametrize("question", QUESTIONS)
def test_ask_json(inside: Inside, question: str) -> None:
    answer = inside.json("ask", question)
    head = (
        "schema_version question answer status reason certainty confidence highlights engine citations evidence timings"
    )
    assert list(answer) == [*head.split(), "notes", "approved", "stale", "nearest"]
    assert (answer["schema_version"], answer["question"], answer["status"]) == (1, question, "answered")
    assert (answer["reason"], answer["engine"]) == ("", "extractive")
    assert 0 < answer["confidence"] <= 1
    assert answer["certainty"] in ("sure", "likely")
    shown = [answer["answer"][start:end] for start, end in answer["highlights"]]
    assert shown == [citation["quote"] for citation in answer["citations"]]
    found = {result["chunk_id"]: result for result in inside.json("search", question, "-k", "100")["results"]}
    assert answer["citations"]
    for citation in answer["citations"]:
        required = {"marker", "source", "title", "headings", "page", "quote", "chunk_id", "document_id"}
        assert required <= citation.keys()
        chunk = found[citation["chunk_id"]]
        assert citation["quote"]
        assert citation["quote"] in chunk["text"]
        start, end = citation["span"]
        assert 0 < len(citation["quote"]) <= end - start
        assert f"[{citation['marker']}]" in answer["answer"]
        assert (citation["source"], citation["document_id"]) == (chunk["source"], chunk["document_id"])


def test_the_ways_to_ask_agree(inside: Inside) -> None:
    streamed = inside("ask", LOSS)
    assert inside("ask", LOSS, "--no-stream") == streamed
    code, longer, _ = inside("ask", LOSS, "--long")
    assert code == 0
    assert len(longer) >= len(streamed[1])
    code, shown, _ = inside("ask", LOSS, "--show-evidence", "-k", "2")
    assert code == 0
    assert "The quality loss is L = k (y - m)^2." in shown.split("\n\n")[0]
    assert re.findall(r"(?m)^(\d+)\. ", shown.split("Evidence")[1]) == ["1", "2"]
    assert len(inside.json("ask", LOSS, "-k", "1")["evidence"]) == 1
    assert inside("ask", LOSS, "-k", "0")[0] == 2


def test_abstaining(inside: Inside) -> None:
    question = "What is the boiling temperature of tungsten hexafluoride?"
    assert inside("ask", question)[0] == 0
    code, out, _ = inside("ask", question, "--fail-on-abstain", "--json")
    answer = json.loads(out)
    assert (code, answer["status"], answer["citations"]) == (7, "abstained", [])
    assert answer["reason"]
    assert inside("ask", LOSS, "--fail-on-abstain")[0] == 0


def test_search(inside: Inside) -> None:
    found = inside.json("search", LOSS, "-k", "3")
    assert list(found) == ["schema_version", "question", "results"]
    assert [result["rank"] for result in found["results"]] == [1, 2, 3]
    keys = {"rank", "score", "chunk_id", "document_id", "source", "title", "headings", "page", "text"}
    assert all(keys <= result.keys() for result in found["results"])
    code, out, _ = inside("search", LOSS, "-k", "3")
    assert code == 0
    assert out.startswith("1. ")


def test_status_and_documents(inside: Inside, kept: Path) -> None:
    status = inside.json("status")
    assert (status["schema_version"], status["documents"], status["indexes"]) == (1, 4, "intact")
    assert status["home"] == str(kept / "home")
    assert "documents: 4" in inside("status")[1].splitlines()
    listed = inside.json("documents")
    assert [row["source"] for row in listed["documents"]] == sorted(NOTES)
    keys = "document_id source title lang pages chunks hash ingested_at".split()
    assert all(list(row) == keys for row in listed["documents"])
    assert listed["skipped"] == [{"path": "broken.docx", "reason": "damaged"}, {"path": "zero.md", "reason": "empty"}]
    code, out, err = inside("documents")
    assert (code, len(out.splitlines()), len(err.splitlines())) == (0, 4, 2)


def test_completion() -> None:
    result = CliRunner().invoke(commands, ["completion", "bash"])
    assert result.exit_code == 0
    assert "_QEU_RAG_COMPLETE=bash_complete" in result.stdout


def test_config_show_says_where_each_value_comes_from(capsys: pytest.CaptureFixture[str], kept: Path) -> None:
    assert run(["config", "show", "--origin", "--home", str(kept)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"home: {kept}  # flag" in lines
    assert "lang: en  # QEU_RAG_LANG" in lines


# Exit codes


def test_wrong_settings_are_3(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    for args, env, said in (
        (("--profile", "defualt"), {}, "default"),
        ((), {"QEU_RAG_RETREIVE__K": "3"}, "QEU_RAG_RETRIEVE__K"),
        (("--profile", "gpt4all"), {}, "engine"),
    ):
        with monkeypatch.context() as patch:
            for name, value in env.items():
                patch.setenv(name, value)
            code, out, err = inside("ask", LOSS, *args)
        assert (code, out) == (3, "")
        assert said in err


def test_no_sound_collection_is_4(
    fresh: Inside, copy: Path, kept: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    harmed = Inside(copy, capsys)
    for name in ("ask", "search"):
        code, out, err = fresh(name, LOSS)
        assert (code, out) == (4, "")
        assert "qeu-rag ingest" in err
    assert fresh("status")[0] == fresh("documents")[0] == 4
    with monkeypatch.context() as patch:
        patch.setenv("QEU_RAG_EMBEDDER__QUERY_PREFIX", "Frage: ")
        for args in (("ask", LOSS), ("ingest", str(kept / "docs"))):
            code, out, err = harmed(*args)
            assert (code, out) == (4, "")
            assert "--rebuild" in err
    ledger = copy / "collections" / "default" / "ledger.sqlite"
    ledger.write_bytes(ledger.read_bytes()[: ledger.stat().st_size // 2])
    for args in (("ask", LOSS), ("status",), ("ingest", str(kept / "docs"))):
        code, out, err = harmed(*args)
        assert (code, out) == (4, "")
        assert "--rebuild" in err
    assert harmed("ingest", "--rebuild", str(kept / "docs"))[:2] == (0, "+4 ~0 -0 =0 !2\n")


def test_a_model_that_would_have_to_be_fetched_is_5(here: Run, docs: Path) -> None:
    done = here("ingest", str(docs), env={"QEU_RAG_EMBEDDER__MODEL": "intfloat/multilingual-e5-small"})
    assert (done.returncode, done.stdout) == (5, "")
    assert "multilingual-e5-small" in done.stderr
    assert "Traceback" not in done.stderr


# Bad questions


@pytest.mark.parametrize("question", ["", "  \t\n", "\x00\x07\x1b", "?!…。"])
def test_a_question_without_words_is_2(inside: Inside, question: str) -> None:
    for name in ("ask", "search"):
        code, out, err = inside(name, question)
        assert (code, out) == (2, "")
        assert "no words" in err


def test_a_question_of_20000_characters_is_2(kept: Path) -> None:
    done = command("ask", "損失 " * 6667, home=kept / "home")
    assert (done.returncode, done.stdout) == (2, "")
    assert "20,000" in done.stderr or "20000" in done.stderr


def test_odd_characters_in_a_question(kept: Path, inside: Inside) -> None:
    done = command("ask", b"\xed\xa0\x80What is the quality loss\xff?", home=kept / "home")
    assert done.returncode == 0
    assert "L = k (y - m)^2" in done.stdout
    assert inside.json("ask", "What is\x1b[31m the\x07 quality\ud800 loss?")["status"] == "answered"
    code, out, _ = inside("search", "\udcff\ud83d loss \x1b]0;title\x07")
    assert code == 0
    assert "\x1b" not in out


@pytest.mark.parametrize(
    "question", ["품질 손실 함수란 무엇입니까?", "Что такое функция потерь?", "ما هي دالة الخسارة؟"]
)
def test_a_third_language(inside: Inside, question: str) -> None:
    answer = inside.json("ask", question)
    assert answer["status"] in ("answered", "abstained")
    assert answer["answer"]


# Bad files


def encrypted_pdf(path: Path) -> None:
    from reportlab.pdfgen import canvas

    page = canvas.Canvas(str(path), encrypt="secret")
    page.drawString(100, 700, "The secret of the loss function.")
    page.save()


def zip_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            block = b" " * 10_000_000
            for _ in range(8):
                part.write(block)


def test_every_bad_file_costs_itself_alone(home: Path, docs: Path, fresh: Inside) -> None:
    (docs / "zero.txt").write_bytes(b"")
    (docs / "locked.md").write_text("# Locked\n\nNot for you.\n", encoding="utf-8")
    (docs / "locked.md").chmod(0)
    (docs / "loop").symlink_to(docs, target_is_directory=True)
    (docs / "self.md").symlink_to("self.md")
    with (docs / "huge.txt").open("wb") as file:
        file.truncate(300_000_000)
    zip_bomb(docs / "bomb.docx")
    encrypted_pdf(docs / "secret.pdf")
    names = ["with space.md", "😀 emoji.md", "報告書 第1版.md", "two\nlines.md"]
    for number, name in enumerate(names):
        (docs / name).write_text(
            f"# Note {number}\n\nGauge number {number} is kept in drawer {number}.\n", encoding="utf-8"
        )
    (docs / os.fsdecode(b"latin-\xe9.md")).write_text("# Latin\n\nA name that is no UTF-8.\n", encoding="utf-8")
    before: list[str] = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root reads everything, and setpriv is not there to stop it")
        before = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    done = command("ingest", "--json", str(docs), home=home, before=before)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    failed = {row["path"]: row["reason"] for row in report["failed"]}
    every = dict(failed)
    assert failed.pop("bomb.docx") in ("too_large", "memory", "damaged")
    assert failed.pop("self.md", "unreadable") in ("unreadable", "damaged")
    assert failed == {
        "zero.txt": "empty",
        "locked.md": "unreadable",
        "huge.txt": "too_large",
        "secret.pdf": "encrypted",
    }
    assert report["added"] == 9
    listed = fresh.json("documents")
    assert {row["path"]: row["reason"] for row in listed["skipped"]} == every
    sources = {row["source"] for row in listed["documents"]}
    assert {"with space.md", "😀 emoji.md", "報告書 第1版.md"} <= sources
    assert any(source.startswith("two") and source.endswith("lines.md") for source in sources)
    assert len(fresh("documents")[1].splitlines()) == 9
    code, answer, _ = fresh("ask", "Which drawer holds gauge number 3?")
    assert code == 0
    assert "drawer 3" in answer
    again = command("ingest", str(docs), home=home, before=before)
    assert again.stdout == f"+0 ~0 -0 =9 !{len(every)}\n"


# Bad disks


class Disk:
    """A small file system in memory, which can be made larger or read-only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self, options: str) -> bool:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.folder], capture_output=True)
        return done.returncode == 0

    def change(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", self.folder], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path, embedder_cache: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    made = Disk(folder)
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small file system")
    if not made.mount("size=200m"):
        pytest.skip("this machine refuses to mount a tmpfs")
    new_home(folder / "home", embedder_cache)
    yield made
    subprocess.run(["umount", "-l", folder], check=True)


def many(docs: Path, count: int) -> None:
    for number in range(count):
        lines = [
            f"Rule {number}.{line}: gauge {number * line} is checked every {line + 2} weeks." for line in range(40)
        ]
        (docs / f"rule-{number}.md").write_text(f"# Rules {number}\n\n" + "\n\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    "room_kb", [500, pytest.param(60, marks=pytest.mark.slow), pytest.param(250, marks=pytest.mark.slow)]
)
def test_a_disk_that_fills_while_ingesting(
    disk: Disk, docs: Path, room_kb: int, capsys: pytest.CaptureFixture[str]
) -> None:
    home = disk.folder / "home"
    inside = Inside(home, capsys)
    assert inside("ingest", str(docs))[0] == 0
    before = inside("ask", LOSS)
    disk.change(f"size={shutil.disk_usage(disk.folder).used // 1000 + room_kb}k")
    many(docs, 8)
    done = command("ingest", str(docs), home=home)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(r"disk|free space", done.stderr, re.IGNORECASE), done.stderr
    assert "unexpected" not in done.stderr
    assert inside("ask", LOSS) == before
    disk.change("size=200m")
    assert inside("ask", LOSS) == before
    code, out, err = inside("ingest", str(docs))
    assert code == 0, err
    assert DIFF.match(out)
    assert len(inside.json("documents")["documents"]) == 12
    assert "every 5 weeks" in inside("ask", "How often is rule 7.3 checked?")[1]


def test_a_read_only_home(disk: Disk, docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = disk.folder / "home"
    inside = Inside(home, capsys)
    assert command("ingest", str(docs), home=home).returncode == 0  # a process, so that no file stays open for writing
    disk.change("ro")
    during = inside("ask", LOSS)
    assert (during[0], during[2]) == (0, "")
    assert "L = k (y - m)^2" in during[1]
    for args in (("status",), ("documents",), ("search", LOSS)):
        assert inside(*args)[0] == 0
    code, out, err = inside("doctor")
    assert (code, err) == (0, "")
    assert "[warning] home folder" in out
    assert "cannot be written" in out
    assert "[ok] indexes" in out
    (docs / "new.md").write_text("# New\n\nSomething new.\n", encoding="utf-8")
    code, out, err = inside("ingest", str(docs))
    assert (code, out) == (1, "")
    assert "cannot be written" in err
    disk.change("rw")
    assert inside("ask", LOSS) == during
    assert inside("ingest", str(docs))[1] == "+1 ~0 -0 =4 !0\n"


def test_ask_while_an_ingest_runs(home: Path, docs: Path, fresh: Inside) -> None:
    assert fresh("ingest", str(docs))[0] == 0
    before = fresh("ask", LOSS)
    (docs / "loss.md").unlink()
    many(docs, 8)
    writer = subprocess.Popen(
        [sys.executable, "-m", "qeu_rag", "ingest", str(docs)],
        env={**os.environ, "QEU_RAG_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    during = 0
    try:
        while writer.poll() is None:
            answer = fresh("ask", LOSS)
            assert (answer[0], answer[2]) == (0, ""), answer
            if answer != before:  # from the new generation, whole as well
                assert "loss.md" not in answer[1]
                break
            during += 1
            time.sleep(0.1)  # else it takes the processor from the ingest
    finally:
        out, err = writer.communicate(timeout=120)
    assert (writer.returncode, out) == (0, b"+8 ~0 -1 =3 !0\n"), err
    assert during
    assert "loss.md" not in fresh("ask", LOSS)[1]
