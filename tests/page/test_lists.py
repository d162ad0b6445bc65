"""A list of questions in the page: answered with progress, edited, approved, downloaded; and what became of the approval."""

from __future__ import annotations

import io

import pytest
from openpyxl import Workbook, load_workbook
from page.browsing import OpenPage, ask
from playwright.sync_api import FilePayload, expect

pytestmark = pytest.mark.slow

QUESTIONS = ("Can I fly business class?", "提案書の有効期限は何日ですか", "What is the capital of Mongolia?")


def workbook() -> FilePayload:
    book = Workbook()
    for row, words in enumerate(("question", *QUESTIONS), 1):
        book.active.cell(row, 1, words)
    kept = io.BytesIO()
    book.save(kept)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return {"name": "client.xlsx", "mimeType": kind, "buffer": kept.getvalue()}


def test_a_list_is_answered_edited_approved_and_downloaded(open_page: OpenPage) -> None:
    page = open_page("#/lists")
    page.locator("input[type=file]").set_input_files(workbook())
    rows = page.locator(".row")
    expect(rows).to_have_count(3)
    assert [row.locator(".badge").inner_text() for row in rows.all()] == [
        "Probably",
        "Sure",
        "The documents do not say",
    ]
    expect(page.locator(".tools .badge", has_text="Not in documents 1")).to_be_visible()
    rows.nth(0).locator(".source").first.click()
    expect(page.locator("#panel img, #panel mark").first).to_be_visible()
    page.keyboard.press("Escape")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download the workbook").click()
    book = load_workbook(io.BytesIO(saved.value.path().read_bytes()))
    assert any("premium economy" in str(cell.value) for row in book.worksheets[0] for cell in row)

    rows.nth(0).get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Answer to row").fill(
        "Only above nine hours, and only Principals and Partners. [1]"
    )
    page.get_by_label("Your name").fill("Kato")
    page.get_by_role("button", name="Keep approved answers").click()
    expect(rows.nth(0)).to_contain_text("Approved.")
    page.goto(page.url.split("#")[0] + "#/reviews/approved")
    expect(page.locator(".row")).to_contain_text("Only above nine hours")
    page.get_by_role("link", name="Ask", exact=True).click()
    expect(ask(page, "Can I fly business class?")).to_contain_text("Approved by Kato")
    page.goto(page.url.split("#")[0] + "#/reviews/approved")
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(page.locator("main")).to_contain_text("No answer was approved yet.")


def test_conflicts_gaps_stale_answers_and_the_state_have_pages(open_page: OpenPage) -> None:
    page = open_page("#/reviews/conflicts")
    expect(page.locator(".row, .empty").first).to_be_visible(timeout=90_000)
    page.get_by_role("link", name="Gaps").click()
    expect(page.locator("main")).to_contain_text("Questions are not kept here.")
    page.get_by_role("link", name="Stale answers").click()
    expect(page.locator("main")).to_contain_text("No answer is stale.")
    page.get_by_role("link", name="State").click()
    expect(page.locator("main")).to_contain_text("the documents’ own words")
    expect(page.locator(".figures")).to_contain_text("9")
