"""Everybody can use the page: axe-core finds nothing serious, the keyboard reaches all, and a phone is wide enough."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from page.browsing import OpenPage, ask
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow

PAGES = ("ask", "documents", "lists", "reviews/conflicts", "reviews/approved", "state")


def serious(page: Page) -> list[str]:
    page.wait_for_timeout(300)
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize(("lang", "theme", "width"), [("en", "light", 1280), ("ja", "dark", 390), ("ja", "light", 820)])
def test_no_page_has_a_serious_violation_or_is_too_wide(open_page: OpenPage, lang: str, theme: str, width: int) -> None:
    page = open_page(lang=lang, theme=theme, width=width)
    base = page.url.split("#")[0]
    for name in PAGES:
        page.goto(f"{base}#/{name}")
        expect(page.locator(".waiting")).to_have_count(0, timeout=90_000)
        assert serious(page) == [], name
        assert fits(page), name
    page.goto(f"{base}#/ask")
    for question in ("領収書をなくしたらどうする？", "What is the capital of Mongolia?"):
        card = ask(page, question)
    page.locator("button.marker").first.click()
    expect(page.locator("#panel mark.quoted").first).to_be_visible()
    assert card.is_visible()
    assert serious(page) == []
    assert fits(page)


def test_the_keyboard_alone_is_enough(open_page: OpenPage) -> None:
    page = open_page("#/state")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.get_by_role("link", name="Ask", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("Can I fly business class?")
    page.keyboard.press("Enter")
    expect(page.locator(".answer .badge")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    reached = page.evaluate("document.activeElement.textContent")
    assert "Copy" in reached


def test_where_the_panel_covers_the_page_nothing_behind_it_is_reached(open_page: OpenPage) -> None:
    page = open_page(width=390, height=800)
    ask(page, "Can I fly business class?").locator("button.marker").first.click()
    expect(page.locator("#panel img")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        behind = "!panel.contains(document.activeElement) && document.activeElement !== document.body"
        assert not page.evaluate(behind)
    page.keyboard.press("Escape")
    expect(page.locator("button.marker").first).to_be_focused()
