"""How long a run will take, and what Ctrl-C leaves of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sets import CORPUS, write_set

from qeu_rag.cli.main import run
from qeu_rag.config import load_settings
from qeu_rag.evaluate.compare import check, compare
from qeu_rag.evaluate.dataset import Question, QuestionSet
from qeu_rag.evaluate.run import Plan, evaluate
from qeu_rag.evaluate.time_left import LONG, Pace, Reading, outlook
from qeu_rag.ingest.report import Progress
from qeu_rag.language import say

MANY = 60_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path) -> tuple[Path, Path, Path]:
    """A set of very many questions over a small corpus, a part of it, and a home that holds the corpus."""
    words = (
        "How long does an audit take?",
        "国内出張の日当はいくらですか",
        "What is the constant k?",
        "単位空間のデータ数は",
    )
    golds = ("audit", "travel", "loss", "mts")
    queries = [{"id": f"q{n}", "question": f"{words[n % 4]} {n}", "gold": [golds[n % 4]]} for n in range(MANY)]
    few = write_set(tmp_path_factory.mktemp("sets") / "few", queries=queries[:8])
    home = tmp_path_factory.mktemp("kept") / "home"
    evaluate(Plan(dataset=few, keep=home), load_settings(flags={"home": tmp_path_factory.mktemp("own")}))
    return write_set(tmp_path_factory.mktemp("sets") / "many", CORPUS, queries), few, home


def opened_terminal() -> tuple[int, int]:
    """What a terminal shows, and the terminal."""
    import fcntl
    import pty
    import struct
    import termios

    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    return screen, terminal


def interrupted(command: list[str], after: float) -> tuple[int, str, str]:
    """Exit code, stdout and what a terminal on stderr showed of a process that got Ctrl-C after so many seconds of asking.

    At the earliest when it had said how long it takes, which it does of some questions, however slow this machine is.
    """
    screen, terminal = opened_terminal()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    seen, asking = b"", 0.0
    while process.poll() is None:
        try:
            seen += os.read(screen, 65536)
        except OSError:
            break
        asking = asking or (time.monotonic() if f"/{MANY}".encode() in seen else 0.0)
        if asking and b"questions take about" in seen and time.monotonic() - asking > after:
            process.send_signal(signal.SIGINT)
            break
    assert process.stdout is not None
    out = process.stdout.read()
    process.wait(timeout=60)
    while True:
        try:
            more = os.read(screen, 65536)
        except OSError:
            break
        if not more:
            break
        seen += more
    os.close(screen)
    return process.returncode, out.decode(), seen.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and terminals")
def test_ctrl_c_gives_the_figures_so_far(made: tuple[Path, Path, Path], tmp_path: Path) -> None:
    folder, _, home = made
    page = tmp_path / "page.html"
    command = [sys.executable, "-m", "qeu_rag", "eval", str(folder), "--home", str(home), "--json", "--html", str(page)]
    code, out, shown = interrupted(command, 4.0)
    assert code == 130
    found = json.loads(out)
    assert found["partial"] is True
    assert found["planned"] == MANY
    assert 10 < found["questions"] == len(found["per_question"]) < MANY
    assert [row["id"] for row in found["per_question"][:3]] == ["q0", "q1", "q2"]
    assert found["retrieval"]["ours"]["hit@1"] > 0.9
    assert f"Questions to ask: {MANY}" in shown
    assert "questions take about" in shown
    assert "--limit" in shown
    assert f"/{MANY} [" in shown
    assert "Traceback" not in shown
    text = page.read_text(encoding="utf-8")
    assert f"Stopped after {found['questions']} of {MANY} questions" in text


def test_the_rest_of_a_run(made: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A partial run beside a whole one over other questions of the same set."""
    _, folder, home = made
    arguments = ["eval", str(folder), "--home", str(home), "--limit", "6", "--lang", "ja"]
    assert run([*arguments, "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert (whole["partial"], whole["planned"], whole["questions"]) == (False, 6, 6)
    part = {**whole, "partial": True, "per_question": whole["per_question"][:4]}
    path = tmp_path / "run.json"
    path.write_text(json.dumps(part), encoding="utf-8")
    assert run([*arguments, "--compare", str(path)]) == 0
    told = capsys.readouterr()
    assert "途中で中断された実行の結果です" in told.err
    assert "両方で尋ねる質問だけ" in told.err
    assert "前回のみ 0 件、今回のみ 2 件" in told.out
    assert "前回の実行は途中で中断された" in told.out
    path.write_text(json.dumps({**whole, "set": "another"}), encoding="utf-8")
    assert run([*arguments, "--compare", str(path)]) == 0
    told = capsys.readouterr()
    assert told.err.count("\n") == 2  # what is checked, what is asked
    assert "質問セットが前回と同じではありません" in told.out


def row(name: str) -> dict[str, Any]:
    return {"id": name, "question": name, "ranks": {}, "answered": True, "answerable": True, "confidence": 1.0}


def test_warnings_by_hand(tmp_path: Path) -> None:
    before = {"per_question": [row("a"), row("b")], "dataset": "set"}
    asked = [Question(id=name, question=name, lang="en", answerable=True) for name in ("a", "b")]
    assert check(before, asked, path=tmp_path) == []
    assert check({**before, "partial": True}, asked[:1], path=tmp_path) == ["part", "partial"]
    after = {"per_question": [row("a")], "dataset": "set", "set": "1", "seed": 0}
    found = compare(before, after, path=tmp_path)
    assert (found["paired"], found["only_before"], found["only_after"], found["warnings"]) == (1, 1, 0, ["part"])
    assert compare(before, {**after, "dataset": "other"}, path=tmp_path)["warnings"] == ["part", "other_set"]
    assert "other_set" not in compare({**before, "set": "1"}, {**after, "dataset": "moved"}, path=tmp_path)["warnings"]
    nothing = compare(before, {**after, "per_question": [row("c")], "partial": True}, path=tmp_path)
    assert (nothing["paired"], nothing["figures"]) == (0, {})


def test_a_set_is_told_from_a_changed_one(tmp_path: Path) -> None:
    question: dict[str, Any] = {"id": "1", "question": "What is k?", "gold": ["loss"]}
    marks = [
        QuestionSet(write_set(tmp_path / str(n), corpus, [one])).mark
        for n, (corpus, one) in enumerate(
            [
                (CORPUS, question),
                (CORPUS, {**question, "kind": "direct"}),
                (CORPUS, {**question, "gold": ["audit"]}),
                (CORPUS, {**question, "answerable": False}),
                (CORPUS, {**question, "answers": ["the cost"]}),
                ([*CORPUS[1:], CORPUS[0]], question),
            ]
        )
    ]
    assert marks[0] == marks[1]
    assert len(set(marks[1:])) == 5


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.floats(0.01, 10**5))
def test_the_outlook(done: int, more: int, seconds: float) -> None:
    found = outlook(done, done + more, seconds)
    each = seconds / done
    if found is None:
        assert each * more <= LONG * 1.000001
    else:
        minutes, limit = found
        assert abs(minutes * 60 - each * more) <= 31
        assert limit == 1 or LONG / 10 <= limit * each <= LONG * 1.000001
        assert int(str(limit)[1:] or 0) == 0


@pytest.mark.parametrize(("kept", "word"), [(False, "slow_reading"), (True, "slow_reading_kept")])
def test_reading_in_that_takes_long_is_told_once(monkeypatch: pytest.MonkeyPatch, kept: bool, word: str) -> None:
    """Documents are read quickly at first, then wait for those before them to be embedded: that, too, is time they take."""
    now, heard, seen = [0.0], [], []
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    reading = Reading(seen.append, lambda word, **values: heard.append((word, values["minutes"])), kept=kept)
    for done in range(1, 2001):
        if done % 500 == 0:
            reading(Progress(stage="embed", done=500, total=500))
            now[0] += 100.0
        now[0] += 0.01
        reading(Progress(stage="read", done=done, total=20_000))
    assert heard == [(word, 68)]  # 210 ms each for 19,500 of them
    assert len(seen) == 2004
    assert "--keep" in say(f"eval.{word}", "en", minutes=1) or kept
    assert "1 分" in say(f"eval.{word}", "ja", minutes=1)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
def test_a_terminal_shows_how_far_reading_in_is(tmp_path: Path, embedder_cache: Path) -> None:
    corpus = [{**CORPUS[n % 4], "id": str(n), "title": f"Paper {n}"} for n in range(40)]
    folder = write_set(tmp_path / "set", corpus, [{"question": "How long does an audit take?", "gold": ["0"]}])
    screen, terminal = opened_terminal()
    process = subprocess.Popen(
        [sys.executable, "-m", "qeu_rag", "eval", str(folder)], stdout=subprocess.DEVNULL, stderr=terminal
    )
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while more := os.read(screen, 65536):
            shown += more
    os.close(screen)
    assert process.wait(timeout=60) == 0
    assert b"Documents to read in: 40" in shown
    assert re.search(rb"Reading: +\d+%.*40/40", shown)


def test_a_short_run_hears_nothing() -> None:
    heard: list[str] = []
    pace = Pace(20, lambda word, **values: heard.append(word))
    for done in range(1, 21):
        pace(done)
    assert heard == []
    assert outlook(100, 200_000, 5.0) == (167, 3000)
