"""A real Chromium before a real server with the sample corpus; each page is watched for errors and requests to other hosts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import ROOT, new_home

from qeu_rag import KnowHow

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make setup")
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
DOCUMENTS = (
    "en/travel-policy-overseas.pdf",
    "en/measurement-handbook.pdf",
    "en/supplier-audits.md",
    "en/pricing-rules.xlsx",
    "ja/proposal-writing.docx",
    "ja/travel-expenses.xlsx",
    "ja/loss-function.md",
    "ja/phone-and-meeting-rules.md",
)
HOSTILE = '<img src=x onerror="window.hacked=1">'
expect.set_options(timeout=90_000)  # a machine that is busy takes its time to start what reads files


@pytest.fixture(scope="module")  # while it runs, its event loop is in the way of other tests of this process
def browser() -> Iterator[Browser]:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.skip("no Chromium on this machine: make browser")
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # its sandbox refuses to work for root
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"] if root else [])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def served_home(embedder_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some documents of the corpus, and one that tries to be markup in its text, title and name."""
    home, folder = new_home(tmp_path_factory.mktemp("served"), embedder_cache), tmp_path_factory.mktemp("documents")
    for name in DOCUMENTS:
        shutil.copy(ROOT / "corpus" / name, folder)
    link = "[here](javascript:window.hacked=1)"
    text = f"The zorblax gauge weighs 12 kg. <script>window.hacked=1</script> {HOSTILE} {link}\n"
    (folder / 'a"><svg onload=window.hacked=1>.txt').write_text(f"{HOSTILE}\n\n{text}", encoding="utf-8")
    with KnowHow.open(home=home) as opened:
        opened.ingest(folder)
    other = tmp_path_factory.mktemp("other")
    (other / "notes.md").write_text("# Notes\n\nThe bluewater account is closed on 3 May.\n", encoding="utf-8")
    with KnowHow.open(home=home, collection="clients") as opened:
        opened.ingest(other)
    return home


Serve = Callable[..., str]


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """Starts ``qeu-rag serve`` on a free port in a process of its own, and gives its address."""
    started: list[subprocess.Popen[str]] = []

    def start(home: Path, *more: str) -> str:
        command = [sys.executable, "-m", "qeu_rag", "serve", "--no-browser", "--port", "0", "--home", str(home), *more]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        started.append(process)
        assert process.stdout is not None
        said = process.stdout.readline()
        return next(word for word in said.split() if word.startswith("http")).rstrip(".")

    yield start
    for process in started:
        process.terminate()
    for process in started:
        assert process.wait(timeout=30) in (0, -signal.SIGTERM)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="session")
def address(serve: Serve, served_home: Path) -> str:
    return serve(served_home)


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """Opens the page as a person with these wishes; at the end nothing may have gone wrong or out."""
    contexts, wrong = [], []

    def opened(
        path: str = "",
        *,
        lang: str = "en",
        theme: Any = "light",
        width: int = 1280,
        height: int = 860,
        at: str = "",
        expected: str = "-",
    ) -> Page:
        context = browser.new_context(locale=lang, color_scheme=theme, viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(90_000)
        base = at or address
        page.on("console", lambda said: wrong.append(said.text) if _is_wrong(said, expected) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda sent: None if _ours(sent.url, base) else wrong.append(sent.url))
        page.goto(f"{base}/{path}")
        expect(page.locator("main h1, dialog")).to_be_attached()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def _is_wrong(said: ConsoleMessage, expected: str) -> bool:
    return said.type in ("error", "warning") and expected not in said.text


def _ours(url: str, base: str) -> bool:
    return urlsplit(url).scheme in ("blob", "data") or url.startswith(base + "/")


def ask(page: Page, question: str) -> Any:
    """Asks by the keyboard, and gives the answer's card when it is whole."""
    turns = page.locator(".turn").count()
    page.get_by_role("textbox").fill(question)
    page.keyboard.press("Enter")
    card = page.locator(".turn").nth(turns).locator(".answer")
    expect(card.get_by_role("button", name="Copy").or_(card.get_by_role("button", name="コピー"))).to_be_visible()
    return card
