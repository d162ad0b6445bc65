"""``qeu-rag chat`` as a process: through a pipe, and on a real terminal with Ctrl-C and Ctrl-D."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import NOTES, Run


def test_a_conversation_through_a_pipe(noted: Path, qeu_rag: Run, tmp_path: Path) -> None:
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
    done = qeu_rag(
        "chat", "--lang", "ja", input="\n".join(lines) + "\n", cwd=tmp_path, env={"QEU_RAG_HOME": str(noted)}
    )
    assert done.returncode == 0  # a line that cannot be used is told, and the others are answered
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


def test_errors_and_codes(here: Run, noted: Path) -> None:
    own = {"QEU_RAG_HOME": str(noted)}
    assert here("chat", input="", env=own).returncode == 0
    missing = here("chat", "--collection", "none", input="What is the loss?\n", env=own)
    assert (missing.returncode, "no collection" in missing.stderr) == (4, True)
    windows = subprocess.run(
        [sys.executable, "-m", "qeu_rag", "chat"],
        input="国内出張の日当はいくらですか\r\n".encode("cp932"),
        capture_output=True,
        env={**os.environ, **own},
        timeout=120,
    )
    assert "3,000円" in windows.stdout.decode("utf-8")


class Terminal:
    """``qeu-rag`` on a terminal of its own."""

    def __init__(self, args: list[str], home: Path, **env: str) -> None:
        self._own, other = os.openpty()
        self._seen = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "qeu_rag", *args],
            stdin=other,
            stdout=other,
            stderr=other,
            env={**os.environ, "QEU_RAG_HOME": str(home), "TERM": "dumb", **env},
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(other)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._own)

    def type(self, text: str) -> None:
        os.write(self._own, text.encode())

    def until(self, text: str) -> None:
        """Reads on until ``text`` has come."""
        end = time.monotonic() + 90
        while text not in self._seen:
            assert time.monotonic() < end, f"no {text!r} in {self._seen!r}"
            if select.select([self._own], [], [], 1)[0]:
                self._seen += os.read(self._own, 65536).decode("utf-8", "replace")
        self._seen = self._seen.partition(text)[2]


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


on_terminals = pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")


@on_terminals
def test_on_a_terminal(noted: Path) -> None:
    with Terminal(["chat"], noted) as terminal:
        terminal.until("Ctrl-D ends.")
        terminal.until("? ")
        terminal.type("half a quest")
        terminal.until("quest")
        time.sleep(
            1
        )  # readline notices a signal that comes before it waits only with the next key (CPython's own race)
        terminal.type("\x03")
        terminal.until("? ")
        terminal.type("What is the quality loss?\n")
        terminal.until("[1] Loss function")
        terminal.until("? ")
        terminal.type("What is its constant?\n")
        terminal.until("Asked as: What is its constant? (quality loss)")
        terminal.until("? ")
        terminal.type("\x04")
        assert terminal.process.wait(timeout=60) == 0


@on_terminals
def test_a_terminal_shows_what_answers_in_bold(noted: Path) -> None:
    bold, end = "\x1b[1m", "\x1b[0m"
    said = f"{bold}The quality loss is L = k (y - m)^2.{end}"
    for command in (["ask", "What is the quality loss?"], ["chat"]):
        with Terminal(command, noted) as terminal:
            if command == ["chat"]:
                terminal.until("? ")
                terminal.type("What is the quality loss?\n")
            terminal.until(said)
            terminal.until("[1] Loss function")
    with Terminal(["ask", "What is the quality loss?"], noted, QEU_RAG_ANSWER__SURE="1") as terminal:
        terminal.until(f"\x1b[33mProbably:{end}")
        terminal.until(said)
    with Terminal(["ask", "What is the capital of Mongolia?"], noted, QEU_RAG_LANG="en") as terminal:
        terminal.until("\x1b[36mThe documents")
    with Terminal(["ask", "What is the quality loss?"], noted, NO_COLOR="1") as terminal:
        terminal.until("The quality loss is L = k (y - m)^2. The")


class _Unhurried(BaseHTTPRequestHandler):
    """A server's model that says one thing that holds, and then goes on until nobody listens."""

    server: _Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if self.path.endswith("/tokenize"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        said = "The quality loss is L = k (y - m)^2 [1].\n"
        try:
            for number in range(3000):
                said += f"Then comes word {number}. "
                self._event(said)
                said = ""
                time.sleep(0.05)
        except OSError:
            self.server.left.set()

    def _event(self, text: str) -> None:
        choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "small", "choices": [choice]}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Unhurried)
        self.left = threading.Event()


@on_terminals
def test_ctrl_c_ends_the_answer_under_way_but_not_the_conversation(noted: Path) -> None:
    with _Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = {
            "QEU_RAG_MODEL__BASE_URL": f"http://127.0.0.1:{server.server_address[1]}/v1",
            "QEU_RAG_MODEL__NAME": "small",
        }
        with Terminal(["chat", "--profile", "server"], noted, **address) as terminal:
            terminal.until("? ")
            terminal.type("What is the quality loss?\n")
            terminal.until("(y - m)^2")  # what holds is shown while the model still writes
            terminal.type("\x03")
            terminal.until("Stopped; the conversation goes on.")
            assert server.left.wait(30), "the model writes on for nobody"
            terminal.until("? ")
            terminal.type("/sources\n")
            terminal.until("There is no answer yet.")
            terminal.until("? ")
            terminal.type("\x04")
            assert terminal.process.wait(timeout=60) == 0
        server.shutdown()
