"""A real server in a process of its own, over homes with a few documents in two walled collections."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import folder_with, new_home
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from qeu_rag import KnowHow
from qeu_rag.serve.tokens import Tokens

OPEN = {
    "travel.md": "# Travel\n\n## Allowances\n\nThe daily allowance is 3,000 yen in Japan and 8,000 yen abroad.\n\n"
    "## Receipts\n\nReceipts are kept for seven years in the ZEBRAFISH archive.\n",
    "旅費規程.md": "# 旅費規程\n\n## 日当\n\n国内出張の日当は3,000円とする。海外出張の日当は8,000円とする。\n\n"
    "## 宿泊\n\n宿泊費の上限は一泊12,000円とする。\n",
}
SECRET = {
    "merger.md": "# Merger\n\n## Date\n\nThe merger with the OCTOPUS company closes on 3 March at noon.\n",
    "merger2.md": "# Merger plan\n\n## Date\n\nThe merger with the OCTOPUS company closes on 9 March at noon.\n",
}
JSON = dict[str, Any]


class Server:
    """A started server: its address, and a client for whoever holds ``token``."""

    def __init__(self, home: Path, *args: str) -> None:
        self.home = home
        self.log = home / f"server-{time.time_ns()}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "qeu_rag", "serve", "--no-browser", "--port", "0", *args],
                env={**os.environ, "QEU_RAG_HOME": str(home)},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, self.log.read_text()
        self.address = found[0]

    def client(self, token: str | None = None, **headers: str) -> httpx.Client:
        given = headers if token is None else {"Authorization": f"Bearer {token}", **headers}
        return httpx.Client(base_url=self.address, headers=given, timeout=60)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def job_of(client: httpx.Client, job: JSON, *, until: Callable[[JSON], bool] | None = None) -> JSON:
    """The job when it has ended."""
    for _ in range(600):
        job = client.get(f"/api/jobs/{job['id']}").raise_for_status().json()
        if job["state"] in ("done", "failed") or (until and until(job)):
            return job
        time.sleep(0.1)
    raise AssertionError(job)


@pytest.fixture(scope="module")
def walled(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path) -> Path:
    """A home with the collections "default" (OPEN, and a PDF) and "board" (SECRET)."""
    home = new_home(tmp_path_factory.mktemp("served"), embedder_cache)
    for collection, texts in (("default", OPEN), ("board", SECRET)):
        folder = folder_with(home / f"docs-{collection}", texts)
        if collection == "default":
            pdf(folder / "safety.pdf")
        with KnowHow.open(home=home, collection=collection) as opened:
            opened.ingest(folder)
    return home


def pdf(path: Path) -> None:
    """Two pages; the second says when helmets are worn."""
    canvas = Canvas(str(path), pagesize=A4)
    for text in ("Safety at work is everybody's business.", "Helmets are worn in the north hall."):
        canvas.setFont("Helvetica", 14)
        canvas.drawString(80, 700, text)
        canvas.showPage()
    canvas.save()


@pytest.fixture(scope="module")
def tokens(walled: Path) -> dict[str, str]:
    """The secrets of the tokens of ``walled``, by name."""
    known = Tokens(walled)
    made = {
        "reader": (("ask",), ("default",)),
        "writer": (("ask", "ingest"), ("default",)),
        "chief": (("admin",), ("default",)),
        "board": (("admin",), ("board",)),
        "all": (("admin",), ()),
        "none": ((), ()),
    }
    return {name: known.new(name, scopes, seen)[1] for name, (scopes, seen) in made.items()}


@pytest.fixture(scope="module")
def server(walled: Path, tokens: dict[str, str]) -> Iterator[Server]:
    """A server of ``walled`` that wants a token from nobody, but heeds one that is given."""
    started = Server(walled)
    yield started
    assert started.stop() == 0


class Own:
    """Starts servers of a home that a test may change."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.started: list[Server] = []

    def __call__(self, *args: str) -> Server:
        self.started.append(Server(self.home, *args))
        return self.started[-1]

    def stop(self) -> None:
        for one in self.started:
            one.stop()


@pytest.fixture
def own(walled: Path, tmp_path: Path) -> Iterator[Own]:
    """Of a copy of ``walled``."""
    ignored = shutil.ignore_patterns("serve", "*.log", "uploads")
    made = Own(Path(shutil.copytree(walled, tmp_path / "own", symlinks=True, ignore=ignored)))
    yield made
    made.stop()


@pytest.fixture
def bare(walled: Path, tmp_path: Path) -> Iterator[Own]:
    """Of a home without documents."""
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "cache").symlink_to((walled / "cache").resolve())
    made = Own(tmp_path / "bare")
    yield made
    made.stop()
