"""Whatever a document, a title, a question or a file name holds is shown as text, and never runs."""

from __future__ import annotations

from page.browsing import HOSTILE, OpenPage, ask
from playwright.sync_api import FilePayload, Page, expect

QUESTION = f"How much does the zorblax gauge weigh? {HOSTILE}"


def sent(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


def harmless(page: Page) -> None:
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x], main script, #panel script, svg[onload], a[href^=javascript]").count() == 0


def test_text_title_and_question_stay_text(open_page: OpenPage) -> None:
    page = open_page()
    card = ask(page, QUESTION)
    expect(page.locator(".turn h2")).to_have_text(QUESTION)
    expect(card).to_contain_text("weighs 12 kg")
    card.locator(".source").first.click()
    expect(page.locator("#panel .text")).to_contain_text(f"<script>window.hacked=1</script> {HOSTILE}")
    expect(page.locator("#panel .bar")).to_contain_text("svg onload")
    harmless(page)
    page.reload()
    expect(page.locator(".turn h2")).to_have_text(QUESTION)
    page.get_by_role("button", name="New question").click()
    expect(page.locator(".past")).to_contain_text("onerror")
    harmless(page)


def test_file_names_stay_text(open_page: OpenPage) -> None:
    page = open_page("#/documents")
    expect(page.locator("td", has_text="svg onload")).to_be_visible()
    name = "b<img src=x onerror=window.hacked=1>"
    page.locator("input[type=file]").set_input_files(sent(f"{name}.zzz", "?"))
    expect(page.locator(".files li", has_text="onerror").first).to_be_visible()
    expect(page.locator("progress")).to_have_count(0)
    harmless(page)
    page.goto(page.url.replace("documents", "lists"))
    page.locator("input[type=file]").set_input_files(sent(f"{name}.txt", QUESTION))
    expect(page.locator(".row h2")).to_contain_text("onerror")
    harmless(page)


def test_no_script_but_ours_may_run(open_page: OpenPage) -> None:
    page = open_page()
    policy = page.request.get(page.url.split("#")[0]).headers["content-security-policy"]
    assert "'unsafe" not in policy
    assert "default-src 'self'" in policy or "default-src 'none'" in policy
