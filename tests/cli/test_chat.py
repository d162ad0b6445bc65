"""``qeu-rag chat`` as a process: through a pipe, and on a real terminal with Ctrl-C and Ctrl-D."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import NOTES, Run

from qeu_rag import KnowHow


@pytest.fixture
def filled(home: Path, docs: Path) -> Path:
    with KnowHow.open(home=home) as know_how:
        know_how.ingest(docs)
    return home


def test_a_conversation_through_a_pipe(filled: Path, qeu_rag: Run, tmp_path: Path) -> None:
    lines = [
        "/sources",
        "国内出張の日当はいくらですか",
        "海外は？",
        "/sources",
        "",
        "/nope",
        "???",
        "/save talk.md",
        "/save talk.md",
        "/save",
        f"/save {tmp_path / 'no' / 'such' / 'folder.md'}",
        "/reset",
        "/help",
        "/quit",
        "never read",
    ]
    done = qeu_rag("chat", "--lang", "ja", input="\n".join(lines) + "\n", cwd=tmp_path)
    assert done.returncode == 2  # of the first line that could not be used
    assert "3,000円" in done.stdout
    assert "[1] 旅費規程 › 日当 (travel.md)" in done.stdout
    assert "8,000円" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "never read" not in done.stdout
    for told in (
        "まだ回答がありません",
        "海外は？（国内出張 日当）",
        "/nope というコマンドはありません",
        "質問に言葉がありません",
        "すでにあります",
        "ファイル名が必要",
        "保存できませんでした",
        "忘れました",
    ):
        assert told in done.stderr
    saved = (tmp_path / "talk.md").read_text(encoding="utf-8")
    assert saved.startswith("# 会話の記録\n\n## 国内出張の日当はいくらですか\n\n")
    assert "## 海外は？\n\n*調べた質問: 海外は？（国内出張 日当）*" in saved
    quote = next(line for line in saved.splitlines() if line.startswith("> "))
    assert quote.removeprefix("> ") in NOTES["travel.md"]


def test_errors_and_codes(qeu_rag: Run, filled: Path) -> None:
    assert qeu_rag("chat", input="").returncode == 0
    missing = qeu_rag("chat", "--collection", "none", input="What is the loss?\n")
    assert (missing.returncode, "no collection" in missing.stderr) == (4, True)
    windows = subprocess.run(
        [sys.executable, "-m", "qeu_rag", "chat"],
        input="国内出張の日当はいくらですか\r\n".encode("cp932"),
        capture_output=True,
        env={**os.environ, "QEU_RAG_HOME": str(filled)},
        timeout=120,
    )
    assert "3,000円" in windows.stdout.decode("utf-8")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
def test_on_a_terminal(filled: Path) -> None:
    own, other = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "qeu_rag", "chat"],
        stdin=other,
        stdout=other,
        stderr=other,
        env={**os.environ, "QEU_RAG_HOME": str(filled), "TERM": "dumb"},
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(other)
    seen = ""

    def until(text: str) -> None:
        nonlocal seen
        end = time.monotonic() + 90
        while text not in seen:
            assert time.monotonic() < end, f"no {text!r} in {seen!r}"
            if select.select([own], [], [], 1)[0]:
                seen += os.read(own, 65536).decode("utf-8", "replace")
        seen = seen.partition(text)[2]

    try:
        until("Ctrl-D ends.")
        until("? ")
        os.write(own, b"half a quest\x03")
        until("? ")
        os.write(own, b"What is the quality loss?\n")
        until("[1] Loss function")
        until("? ")
        os.write(own, b"How is it used?\n")
        until("Asked as: How is it used? (quality loss)")
        until("? ")
        os.write(own, b"\x04")
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        os.close(own)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
