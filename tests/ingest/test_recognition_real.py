"""Scanned pages read by the engines that this machine has; each is skipped where it has not."""

import importlib.util
import os
import random
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from qeu_rag.ingest.pool import ReaderPool
from qeu_rag.ingest.read import parse
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.scan import recognise
from qeu_rag.ingest.scan import scan
from qeu_rag.ingest.split import SplitFile

HERE = {
    "rapidocr": bool(recognise._models()) and importlib.util.find_spec("cv2") is not None,
    "tesseract": recognise._knows_languages(),
}
ENGINES = [
    pytest.param(
        name, marks=pytest.mark.skipif(not here, reason=f"{name} that reads Japanese is not installed on this machine")
    )
    for name, here in HERE.items()
]
FONTS = [
    Path(folder, name)
    for folder in ("/usr/share/fonts", os.path.expanduser("~/.fonts"), "/Library/Fonts", "C:/Windows/Fonts")
    for name in (
        "opentype/noto/NotoSansCJK-Regular.ttc",
        "opentype/ipafont-mincho/ipam.ttf",
        "opentype/ipafont-gothic/ipag.ttf",
        "truetype/fonts-japanese-gothic.ttf",
        "Arial Unicode.ttf",
        "msgothic.ttc",
    )
]
JAPANESE = next((path for path in FONTS if path.is_file()), None)
TEXT = {
    "en": (
        "Rules for calibration",
        "Each gauge is calibrated every 12 months at 20 degrees.",
        "A gauge that was dropped is taken out of use at once,",
        "and the measurements of the last 30 days are checked.",
    ),
    "ja": (
        "校正に関する規程",
        "測定器は12か月ごとに温度20度で校正するものとする。",
        "落下させたノギスは直ちに使用を中止し、過去30日間の",
        "測定結果をさかのぼって確かめなければならない。",
    ),
}


def page(lang: str, dpi: int = 200) -> Image.Image:
    """The text as a scanner gives it: grey, with noise, and turned by half a degree."""
    if lang == "ja" and JAPANESE is None:
        pytest.skip("no Japanese font is known on this machine")
    image = Image.new("L", (int(8.27 * dpi), int(11.69 * dpi)), 255)
    draw = ImageDraw.Draw(image)
    for number, text in enumerate(TEXT[lang]):
        size = round((18 if number == 0 else 11) * dpi / 72)
        font = ImageFont.truetype(str(JAPANESE), size) if lang == "ja" else ImageFont.load_default(size)
        draw.text((dpi, dpi * (1 + (number + (number > 0)) * 0.3)), text, font=font, fill=0)
    turned = image.rotate(0.5, resample=Image.Resampling.BICUBIC, fillcolor=255)
    noise = np.random.default_rng(3).normal(0, 12, (turned.height, turned.width))
    return Image.fromarray((20 + np.asarray(turned) * 0.88 + noise).clip(0, 255).astype(np.uint8))


def likeness(read: str, lang: str) -> float:
    wanted, got = "".join("".join(TEXT[lang]).split()), "".join(read.replace("#", "").split())
    return SequenceMatcher(None, wanted, got, autojunk=False).ratio()


@pytest.fixture
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name = str(request.param)
    monkeypatch.setattr("qeu_rag.ingest.readers.scan.scanned.installed", lambda: name)
    monkeypatch.setattr("qeu_rag.ingest.readers.scan.scanned._engine", lambda name: recognise.ENGINES[name]())
    return name


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_scan_reads_as_it_was_printed(engine: str, lang: str, tmp_path: Path) -> None:
    page(lang).save(tmp_path / "scan.pdf", resolution=200)
    parsed = parse(tmp_path / "scan.pdf", "scan.pdf", Way(recognise=True))
    (document,) = parsed.documents
    assert likeness(document.text, lang) > 0.95
    assert [heading.text[:3] for heading in document.headings] == [TEXT[lang][0][:3]]
    assert f"1 page by text recognition ({engine})" in map(str, parsed.notes)
    assert document.lang == lang


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_photograph_gives_no_text(engine: str) -> None:
    chance = random.Random(5)
    levels = np.random.default_rng(5).normal(120, 30, (800, 1200)).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(levels)
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        x, y, wide = chance.randint(0, 1200), chance.randint(0, 800), chance.randint(5, 300)
        draw.ellipse((x, y, x + wide, y + wide // 2), outline=chance.randint(0, 255), width=chance.randint(1, 9))
    assert not [line for line in recognise.ENGINES[engine]().read(image) if line.sure >= 0.7]


@pytest.mark.skipif(not any(HERE.values()), reason="no engine of text recognition is installed on this machine")
def test_within_the_limits_of_a_reading_process(tmp_path: Path) -> None:
    page("en", dpi=300).save(tmp_path / "scan.pdf", save_all=True, append_images=[page("en")], resolution=300)
    (file,) = scan([tmp_path / "scan.pdf"]).files
    with ReaderPool(workers=1, timeout_s=60, memory_mb=1500, way=Way(recognise=True)) as pool:
        ((_, result),) = pool.read_all([file])
    assert isinstance(result, SplitFile)
    assert [note for note in map(str, result.notes) if note.startswith("2 pages by text recognition")]


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_reads_as_it_was_printed(engine: str, lang: str, degrees: int, tmp_path: Path) -> None:
    page(lang).rotate(degrees, expand=True).save(tmp_path / "scan.png")
    assert likeness(parse(tmp_path / "scan.png", "scan.png", Way(recognise=True)).documents[0].text, lang) > 0.95


@pytest.mark.parametrize("engine", ENGINES[:1], indirect=True)
def test_upright_japanese_is_read_from_the_right(engine: str, tmp_path: Path) -> None:
    if JAPANESE is None:
        pytest.skip("no Japanese font is known on this machine")
    image = Image.new("L", (1456, 2060), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.truetype(str(JAPANESE), 30)
    for column, text in enumerate(TEXT["ja"]):
        for row, char in enumerate(text):
            draw.text((1200 - 70 * column, 200 + 36 * row), char, font=font, fill=0)
    image.save(tmp_path / "scan.png")
    assert likeness(parse(tmp_path / "scan.png", "scan.png", Way(recognise=True)).documents[0].text, "ja") > 0.85


@pytest.mark.parametrize("engine", ENGINES[:1], indirect=True)
def test_a_line_that_is_struck_out_is_told(engine: str, tmp_path: Path) -> None:
    image = page("en")
    ImageDraw.Draw(image).line((210, 352, 900, 346), fill=30, width=4)
    ImageDraw.Draw(image).line((210, 432, 900, 426), fill=30, width=4)  # below the next
    image.save(tmp_path / "scan.png")
    told = [
        str(note)
        for note in parse(tmp_path / "scan.png", "scan.png", Way(recognise=True)).notes
        if note.key == "stroke_through"
    ]
    assert told == [
        "lines with a stroke through them, which text recognition reads as if it were not there: 1 (page 1)"
    ]
