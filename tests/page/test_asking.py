"""Asking in the page: the answer streams, says how certain it is, and leads to its passage."""

from __future__ import annotations

import time

from page.browsing import OpenPage, ask
from playwright.sync_api import expect


def test_a_japanese_question_gets_a_sure_answer_with_its_source(open_page: OpenPage) -> None:
    page = open_page(lang="ja")
    expect(page.get_by_role("heading", name="何をお調べしますか")).to_be_visible()
    card = ask(page, "提案書の有効期限は何日ですか")
    expect(card.locator(".badge")).to_have_text("確か")
    expect(card.locator("mark")).to_contain_text("60日")
    expect(card.locator(".source")).to_contain_text("proposal-writing.docx")
    assert page.title().startswith("提案書の有効期限は何日ですか")


def test_sure_likely_and_the_documents_do_not_say_are_told_apart(open_page: OpenPage) -> None:
    page = open_page()
    seen = {}
    for question in ("提案書の有効期限は何日ですか", "Can I fly business class?", "What is the capital of Mongolia?"):
        badge = ask(page, question).locator(".badge").first
        colour = badge.evaluate("one => getComputedStyle(one).color")
        seen[badge.inner_text()] = (colour, badge.locator("path").get_attribute("d"))
        page.get_by_role("button", name="New question").click()
        expect(page.locator(".turn")).to_have_count(0)  # else the next question would be the second here
    assert list(seen) == ["Sure", "Probably", "The documents do not say"]
    assert len({colour for colour, _ in seen.values()}) == 3
    assert len({drawn for _, drawn in seen.values()}) == 3


def test_a_marker_opens_the_row_that_is_quoted_and_escape_leads_back(open_page: OpenPage) -> None:
    page = open_page(lang="ja")
    card = ask(page, "領収書をなくしたらどうする？")
    marker = card.locator("button.marker").first
    expect(marker).to_have_attribute("aria-expanded", "false")
    marker.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#panel")
    expect(panel.locator("mark.quoted").first).to_be_in_viewport()
    assert panel.locator("mark.quoted").all_inner_texts()[1] == "支払証明書に上長の署名を受け、月2回まで認める"
    expect(panel.locator("tr", has=page.locator("mark.quoted"))).to_have_count(1)
    expect(panel).to_contain_text("travel-expenses.xlsx · シート5 · 精算")
    expect(panel.locator("h2").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(marker).to_be_focused()


def test_of_a_pdf_the_page_is_shown_with_the_quote_marked(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "Can I fly business class?").locator("button.marker").first.click()
    picture = page.get_by_role("img", name="Page 1 of Overseas Travel Policy, the quoted words marked")
    expect(picture).to_be_visible()
    assert picture.evaluate("one => one.naturalWidth") >= 400
    page.locator("#panel").get_by_role("button", name="Next page").click()
    expect(page.get_by_role("img", name="Page 2 of Overseas Travel Policy")).to_be_visible()
    page.locator("#panel").get_by_role("button", name="Text").click()
    expect(page.locator("#panel mark.quoted")).to_be_in_viewport()
    expect(page.locator("#panel mark.quoted")).to_contain_text(
        "Flights of six hours or more are booked in premium economy"
    )


def test_a_follow_up_is_understood_and_the_conversation_is_kept_in_the_browser(open_page: OpenPage) -> None:
    page = open_page(lang="ja")
    ask(page, "提案書の有効期限は何日ですか")
    ask(page, "その構成は？")
    expect(page.locator(".turn").nth(1).locator(".source").first).to_contain_text("proposal-writing.docx")
    page.reload()
    expect(page.locator(".turn")).to_have_count(2)
    page.get_by_role("button", name="新しい質問").click()
    page.locator(".past").click()
    expect(page.locator(".turn h2").first).to_have_text("提案書の有効期限は何日ですか")
    page.get_by_role("button", name="新しい質問").click()
    page.get_by_role("button", name="「提案書の有効期限は何日ですか」を消す").click()
    expect(page.locator(".past")).to_have_count(0)


def test_what_people_say_of_an_answer_is_noted(open_page: OpenPage) -> None:
    page = open_page()
    card = ask(page, "Can I fly business class?")
    with page.expect_response(lambda reply: "feedback" in reply.url) as noted:
        card.get_by_role("button", name="This is wrong").click()
    assert noted.value.status == 204
    expect(card.get_by_role("button", name="This is wrong")).to_have_attribute("aria-pressed", "true")
    expect(card).to_contain_text("Noted.")


def test_enter_while_an_input_method_is_at_work_sends_nothing(open_page: OpenPage) -> None:
    page = open_page(lang="ja")
    box = page.get_by_role("textbox")
    box.fill("ていあん")
    box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(page.locator(".turn")).to_have_count(0)
    box.press("Shift+Enter")
    assert "\n" in box.input_value()


def test_the_first_words_come_soon_and_a_screen_reader_hears_the_whole(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "Can I fly business class?")
    page.get_by_role("textbox").fill("How long are measurement records kept for aerospace clients?")
    began = time.perf_counter()
    page.keyboard.press("Enter")
    page.locator(".turn").nth(1).locator(".said").wait_for()
    seconds = time.perf_counter() - began
    print(f"first words after {seconds:.2f} s")
    assert seconds < 5
    live = page.locator(".turn").nth(1).locator("[aria-live=polite]")
    expect(live.locator(".badge").first).to_be_visible()
    expect(live).not_to_have_attribute("aria-busy", "true")


def test_language_and_theme_are_switched_and_remembered(open_page: OpenPage) -> None:
    page = open_page(lang="fr", theme="dark")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    dark = page.locator("body").evaluate("one => getComputedStyle(one).backgroundColor")
    page.get_by_role("button", name="日本語").click()
    page.get_by_role("button", name="自動").click()
    page.reload()
    expect(page.get_by_role("heading", name="何をお調べしますか")).to_be_visible()
    expect(page.get_by_role("button", name="明るい")).to_be_visible()
    assert page.locator("body").evaluate("one => getComputedStyle(one).backgroundColor") != dark


def test_a_collection_is_chosen_and_is_all_that_is_asked(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "Can I fly business class?")
    page.get_by_label("Collection").select_option("clients")
    expect(page.get_by_role("link", name="One document is in")).to_be_visible()
    expect(page.locator(".past")).to_have_count(0)  # what was asked of the other is its own
    expect(ask(page, "When is the bluewater account closed?")).to_contain_text("3 May")
    expect(ask(page, "Can I fly business class?").locator(".badge").first).to_have_text("The documents do not say")
    page.reload()
    expect(page.get_by_label("Collection")).to_have_value("clients")


def test_a_server_that_is_gone_is_told_and_asked_again(open_page: OpenPage) -> None:
    page = open_page(expected="ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    page.get_by_role("textbox").fill("Can I fly business class?")
    page.keyboard.press("Enter")
    expect(page.locator(".answer.failed")).to_contain_text("The server does not answer.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".answer.sure, .answer.likely")).to_contain_text("premium economy")
    expect(page.locator(".turn")).to_have_count(1)
