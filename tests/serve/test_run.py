"""Starting and ending: one server a home, ports that are taken, who is let in from elsewhere, and an end that loses nothing."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from conftest import Run
from serve.serving import Own, Server


def test_a_home_that_is_served_and_a_port_that_is_taken_say_what_to_do(server: Server, qeu_rag: Run) -> None:
    port = server.address.rpartition(":")[2]
    there = {"QEU_RAG_HOME": str(server.home)}
    running = qeu_rag("serve", "--no-browser", "--port", "0", env=there)
    assert running.returncode == 2
    assert f"process {server.process.pid}" in running.stderr
    assert server.address in running.stderr
    taken = qeu_rag("serve", "--no-browser", "--port", port)
    assert taken.returncode == 2
    assert f"Port {port} is taken" in taken.stderr
    assert str(server.process.pid) in taken.stderr
    assert "qeu-rag serve --port" in taken.stderr
    elsewhere = qeu_rag("serve", "--no-browser", "--host", "203.0.113.7", "--lang", "ja")
    assert elsewhere.returncode == 2
    assert "qeu-rag token new" in elsewhere.stderr
    qeu_rag("token", "new", "a")
    elsewhere = qeu_rag("serve", "--no-browser", "--host", "203.0.113.7")
    assert (elsewhere.returncode, "cannot listen on 203.0.113.7" in elsewhere.stderr) == (2, True)


def test_tokens_are_made_listed_and_taken_back(here: Run, home: Path) -> None:
    made = here("token", "new", "Sales desk", "--scope", "ask", "--scope", "ingest", "--sees", "default")
    assert made.returncode == 0
    secret = made.stdout.strip()
    assert secret.startswith("qeu-")
    listed = here("token", "list", "--json")
    assert secret not in listed.stdout
    (one,) = json.loads(listed.stdout)["tokens"]
    assert (one["name"], one["scopes"], one["collections"]) == ("Sales desk", ["ask", "ingest"], ["default"])
    assert "Sales desk" in here("token", "list").stdout
    assert here("token", "new", "Sales desk").returncode == 2
    assert here("token", "revoke", one["id"]).returncode == 0
    assert here("token", "list").stdout == ""
    (home / "serve" / "tokens.json").write_text("{")
    assert "tokens.json" in here("token", "list").stderr


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_told_to_end_ends_with_its_readers_answered(own: Own, sig: signal.Signals) -> None:
    started = own()
    answers: list[int] = []

    def ask() -> None:
        answer = started.client().post("/api/ask", json={"question": "How long are receipts kept?"})
        answers.append(answer.status_code)

    ask()
    readers = [threading.Thread(target=ask) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(0.2)
    started.process.send_signal(sig)
    assert started.process.wait(60) == 0
    for reader in readers:
        reader.join()
    assert answers == [200] * 5
    assert not (own.home / "serve" / "server.json").exists()
    assert "Traceback" not in started.log.read_text()


def test_a_server_that_was_killed_leaves_its_home_to_the_next(own: Own) -> None:
    first = own()
    first.process.kill()
    first.process.wait()
    assert own().client().get("/api/status").json()["documents"] == 3


def test_its_name_is_taken_by_no_other_and_from_elsewhere_a_token_is_needed(own: Own) -> None:
    from qeu_rag.serve.tokens import Tokens

    _, secret = Tokens(own.home).new("a", ["ask"], [])
    started = own("--host", "0.0.0.0", "--allow-host", "Know.Example", "--log-questions")
    assert started.client().get("/api/status").status_code == 401
    for host in ("know.example", socket.gethostname(), "192.0.2.1:80"):
        assert started.client(secret, Host=host).get("/api/status").status_code == 200
    assert started.client(secret, Host="evil.example").get("/api/status").status_code == 403
    started.client(secret).post("/api/search", json={"question": "the XYLOPHONE clause"})
    deadline = time.monotonic() + 20  # a line is written when its request has ended, which is after its answer has come
    while '"caller": "a", "question": "the XYLOPHONE clause"' not in started.log.read_text():
        assert time.monotonic() < deadline, started.log.read_text()
        time.sleep(0.05)


def test_help_needs_no_server(qeu_rag: Run) -> None:
    done: subprocess.CompletedProcess[str] = qeu_rag("serve", "--help")
    assert "--require-token" in done.stdout
