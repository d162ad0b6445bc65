"""The pictures of the README, taken of the page as it is (into PICTURES, where that is set)."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from page.browsing import OpenPage, ask
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "lang", "theme", "question"),
    [("ask", "en", "light", "Can I fly business class?"), ("ask-dark", "ja", "dark", "領収書をなくしたらどうする？")],
)
def test_a_picture_of_an_answer_beside_its_source(
    open_page: OpenPage, tmp_path: Path, name: str, lang: str, theme: str, question: str
) -> None:
    page = open_page(lang=lang, theme=theme, width=1360, height=820)
    card = ask(page, question)
    card.locator("button.marker").first.click()
    expect(page.locator("#panel img, #panel mark.quoted").first).to_be_visible()
    page.wait_for_timeout(500)
    file = Path(os.environ.get("PICTURES", tmp_path)) / f"{name}.png"
    shot = Image.open(io.BytesIO(page.screenshot()))
    shot.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(file, optimize=True)
    assert 20_000 < file.stat().st_size < 200_000
