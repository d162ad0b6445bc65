"""Documents in the page: upload with the result of each file, search them, take them out."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Run, new_home
from page.browsing import OpenPage, Serve, ask
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow

GOOD = "# Canteen\n\nLunch in the canteen costs 650 yen on Fridays.\n"


@pytest.fixture(scope="module")
def own(serve: Serve, embedder_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A server whose home has no documents yet."""
    return serve(new_home(tmp_path_factory.mktemp("own"), embedder_cache))


def given(page: Page, **files: str) -> None:
    sent = [
        {"name": name.replace("_", "."), "mimeType": "text/plain", "buffer": text.encode()}
        for name, text in files.items()
    ]
    page.locator("input[type=file]").set_input_files(sent)  # type: ignore[arg-type]


def test_a_file_goes_in_is_asked_and_goes_out_again(open_page: OpenPage, own: str) -> None:
    page = open_page("#/ask", at=own)
    page.get_by_role("link", name="There are no documents yet").click()
    given(page, canteen_md=GOOD, broken_docx="no zip", other_xyz="?")
    done = page.locator(".files li.done")
    expect(done).to_contain_text("canteen.md")
    expect(done).to_contain_text("Passages: 1")
    failed = page.get_by_role("list", name="Uploads").locator("li.failed")
    expect(failed).to_have_count(2)
    expect(failed.first).not_to_contain_text("undefined")
    expect(page.get_by_role("heading", name="Not read: 2")).to_be_visible()
    page.get_by_role("button", name="Canteen", exact=True).click()
    expect(page.locator("#panel .text")).to_contain_text("650 yen")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Ask", exact=True).click()
    expect(ask(page, "What does lunch cost?")).to_contain_text("650 yen")
    page.get_by_role("link", name="Documents", exact=True).click()
    page.get_by_role("button", name="Take out Canteen").click()
    page.get_by_role("dialog").get_by_role("button", name="Take out").click()
    expect(page.get_by_role("button", name="Canteen", exact=True)).to_have_count(0)


def test_dropped_files_are_taken_and_a_folder_is_read_again(open_page: OpenPage, own: str) -> None:
    page = open_page("#/documents", at=own, lang="ja")
    carried = page.evaluate_handle(
        "text => { const data = new DataTransfer(); data.items.add(new File([text], '掃除.md')); return data; }",
        "# 掃除\n\n掃除は毎週金曜日に行う。",
    )
    page.locator(".drop").dispatch_event("drop", {"dataTransfer": carried})
    expect(page.locator(".files li.done")).to_contain_text("掃除.md")
    page.get_by_role("button", name="変更を取り込む").click()
    expect(page.locator(".files li.done", has_text="追加 0")).to_be_visible()
    page.get_by_role("searchbox").fill("ない名前")
    expect(page.get_by_role("button", name="掃除", exact=True)).to_have_count(0)


def test_a_token_is_asked_for_where_one_is_needed(open_page: OpenPage, serve: Serve, noted: Path, qeu_rag: Run) -> None:
    token = qeu_rag("token", "new", "page", "--home", str(noted)).stdout.strip()
    page = open_page(at=serve(noted, "--require-token"), expected="401")
    page.get_by_label("Token", exact=True).fill(token)
    page.get_by_role("button", name="Continue").click()
    expect(ask(page, "What is the quality loss?")).to_contain_text("k (y - m)^2")
    page.get_by_role("link", name="Documents", exact=True).click()
    expect(page.locator("td").first).to_be_visible()
    expect(page.locator(".drop")).to_have_count(0)  # its scope lets it ask, and no more
