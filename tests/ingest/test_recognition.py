"""Scanned pages and pictures: what is done with what an engine reads, with stand-ins for the engines."""

import stat
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from qeu_rag import KnowHow
from qeu_rag.config import load_settings
from qeu_rag.errors import ReadError
from qeu_rag.ingest import read
from qeu_rag.ingest.changes import reader_of
from qeu_rag.ingest.pool import ReaderPool
from qeu_rag.ingest.read import Parsed
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.scan import recognise, scanned
from qeu_rag.ingest.readers.scan.reading_order import in_order
from qeu_rag.ingest.readers.scan.recognise import Recognised, Tesseract, installed
from qeu_rag.ingest.readers.scan.stroke_through import struck
from qeu_rag.ingest.scan import scan
from qeu_rag.ingest.split import SplitFile

STAND_IN = """
    import os, struct, sys, time
    if "--list-langs" in sys.argv:
        print("List of available languages (3):\\neng\\n" + os.environ.get("STAND_IN_LANGUAGE", "jpn") + "\\nosd")
        sys.exit()
    png = sys.stdin.buffer.read()
    width, height = struct.unpack(">II", png[16:24])
    time.sleep(float(os.environ.get("STAND_IN_S", "0")))
    if os.environ.get("STAND_IN_FAILS"):
        sys.exit("no such data")
    rows = [("検収", 90, 96), ("は", 140, 95), ("10", 170, 96), ("営業日", 200, 93), ("以内", 260, 96), ("。", 300, 90)]
    head = "level page_num block_num par_num line_num word_num left top width height conf text".split()
    print("\\t".join(head))
    print("\\t".join(map(str, (1, 1, 0, 0, 0, 0, 0, 0, width, height, -1, ""))))
    def word(line, n, left, wide, conf, text):
        print("\\t".join(map(str, (5, 1, 1, 1, line, n, left, 100 + 60 * line, wide, 30, conf, text))))
    for n, (text, left, conf) in enumerate(rows, 1):
        word(1, n, left, 29 * len(text), conf, text)
    word(2, 1, 90, 100, 96, "Sheet"); word(2, 2, 200, 60, 95, f"{height}")
    word(3, 1, 90, 200, 11, "x;~/\\"q"); word(3, 2, 300, 20, 9, "¬")
"""


def parse(path: Path, source: str) -> Parsed:
    return read.parse(path, source, Way(recognise=True))


@pytest.fixture
def recognising() -> Iterator[None]:
    """This process recognises text, by what is installed now."""
    for cached in (installed, scanned._engine):
        cached.cache_clear()
    yield
    for cached in (installed, scanned._engine):
        cached.cache_clear()


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, recognising: None) -> None:
    monkeypatch.setattr(recognise, "_models", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def stand_in(no_engine: None, tmp_path: Path) -> None:
    """A program of the name of tesseract that says the same of every picture, and how high that is."""
    program = tmp_path / "tesseract"
    program.write_text(f"#!{sys.executable}{textwrap.dedent(STAND_IN)}", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def picture(height: int = 700, width: int = 500) -> Image.Image:
    image = Image.new("L", (width, height), 250)
    ImageDraw.Draw(image).rectangle((40, 40, 200, 60), fill=0)
    return image


def scanned_pdf(path: Path, *heights: int) -> Path:
    """Pages that hold nothing but a picture, at 72 dpi."""
    first, *rest = map(picture, heights)
    first.save(path, save_all=True, append_images=rest)
    return path


def mixed_pdf(path: Path) -> Path:
    """A page of text, a picture, a blank page, a picture with a stamp on it, and a small picture beside few words."""
    canvas = Canvas(str(path), pagesize=(500, 700))
    canvas.drawString(60, 600, "The first page is text, and is read as such, without any recognition at all.")
    canvas.drawString(60, 580, "So that nobody takes it for a scan, it says so in a second line of some length.")
    canvas.showPage()
    canvas.drawImage(ImageReader(picture()), 0, 0, 500, 700)
    canvas.showPage()
    canvas.showPage()
    canvas.drawImage(ImageReader(picture()), 0, 0, 500, 700)
    canvas.drawString(60, 20, "Fax 03-1234")
    canvas.showPage()
    canvas.drawImage(ImageReader(picture()), 20, 20, 50, 70)
    canvas.drawString(60, 300, "Notes")
    canvas.showPage()
    canvas.save()
    return path


def notes(parsed: Parsed) -> list[str]:
    return list(map(str, parsed.notes))


def reason(path: Path) -> ReadError:
    with pytest.raises(ReadError) as caught:
        parse(path, path.name)
    return caught.value


# What is told


@pytest.mark.usefixtures("stand_in")
def test_a_scan_is_read_with_its_pages_and_told(tmp_path: Path) -> None:
    parsed = parse(scanned_pdf(tmp_path / "scan.pdf", 700, 900), "scan.pdf")
    (document,) = parsed.documents
    assert [page.number for page in document.pages] == [1, 2]
    first, second = (document.text[page.span.start : page.span.end] for page in document.pages)
    assert first.startswith("検収は10営業日以内。")
    assert "Sheet 194" in first  # at 200 dpi
    assert "Sheet 232" in second  # no more pixels than are needed
    assert "~" not in document.text
    assert notes(parsed) == [
        "2 pages by text recognition (tesseract)",
        "lines left out, as text recognition was not sure of them: 2 (pages 1, 2)",
    ]
    assert [note.render("ja") for note in parsed.notes] == [
        "2 ページを文字認識で読みました（tesseract）。",
        "文字認識が不確かなため除いた行: 2（1、2 ページ）",
    ]


@pytest.mark.usefixtures("stand_in")
def test_only_pictures_among_pages_are_recognised(tmp_path: Path) -> None:
    parsed = parse(mixed_pdf(tmp_path / "mixed.pdf"), "mixed.pdf")
    (document,) = parsed.documents
    text = {page.number: document.text[page.span.start : page.span.end] for page in document.pages}
    assert {number for number, part in text.items() if "検収" in part} == {2, 4}
    assert "Notes" in text[5]
    assert "2 pages by text recognition (tesseract)" in notes(parsed)
    assert "no text on page 3" in notes(parsed)


@pytest.mark.usefixtures("no_engine")
def test_without_an_engine_it_is_told_how_to_get_one(tmp_path: Path) -> None:
    parsed = parse(mixed_pdf(tmp_path / "mixed.pdf"), "mixed.pdf")
    assert [n for n in notes(parsed) if n.startswith("pages 2, 4: nothing but a picture") and "'qeu_rag[ocr]'" in n]
    assert [n.render("ja") for n in parsed.notes if "apt install tesseract-ocr tesseract-ocr-jpn" in n.render("ja")]
    error = reason(scanned_pdf(tmp_path / "scan.pdf", 700))
    assert error.reason == "no_text"
    for lang in ("en", "ja"):
        assert "pip install 'qeu_rag[ocr]'" in error.render(lang)
        assert "apt install tesseract-ocr tesseract-ocr-jpn" in error.render(lang)


@pytest.mark.usefixtures("stand_in")
def test_off_means_off(tmp_path: Path) -> None:
    assert not [n for n in notes(read.parse(mixed_pdf(tmp_path / "mixed.pdf"), "mixed.pdf")) if "recognition" in n]
    with pytest.raises(ReadError) as caught:
        read.parse(scanned_pdf(tmp_path / "scan.pdf", 700), "scan.pdf")
    assert caught.value.reason == "no_text"


@pytest.mark.usefixtures("stand_in")
def test_a_picture_without_text_says_that_recognition_found_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tesseract, "read", lambda self, image: [])
    assert "text recognition found none" in reason(scanned_pdf(tmp_path / "photo.pdf", 700)).render("en")


@pytest.mark.usefixtures("stand_in")
def test_an_engine_that_fails_is_told_and_loses_no_other_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_FAILS", "1")
    assert "text recognition (tesseract) failed on pages 2, 4" in notes(parse(mixed_pdf(tmp_path / "m.pdf"), "m.pdf"))
    assert "text recognition failed" in reason(scanned_pdf(tmp_path / "scan.pdf", 700)).render("en")


@pytest.mark.usefixtures("stand_in")
def test_memory_that_an_engine_lacks_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: object, image: object) -> None:
        raise RuntimeError("Failed to allocate memory for requested buffer of size 1")

    monkeypatch.setattr(Tesseract, "read", fails)
    assert reason(scanned_pdf(tmp_path / "scan.pdf", 700)).reason == "memory"


@pytest.mark.usefixtures("stand_in")
def test_a_page_whose_text_was_left_out_is_not_recognised(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "struck.pdf"), pagesize=(500, 700))
    canvas.drawString(60, 600, "The first page stays as it is.")
    canvas.showPage()
    canvas.drawString(60, 600, "This sentence was struck out.")
    canvas.line(58, 603, 60 + canvas.stringWidth("This sentence was struck out.") + 2, 603)
    canvas.save()
    parsed = parse(tmp_path / "struck.pdf", "struck.pdf")
    assert "検収" not in parsed.documents[0].text
    assert "struck" not in parsed.documents[0].text


@pytest.mark.usefixtures("stand_in")
def test_pages_beyond_the_limit_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanned, "_MOST_PAGES", 2)
    parsed = parse(scanned_pdf(tmp_path / "scan.pdf", 700, 700, 700, 700), "scan.pdf")
    assert "too many scanned pages: pages 3, 4 not recognised" in notes(parsed)


# Pictures


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("suffix", ["png", "jpg", "jpeg", "tif", "tiff"])
def test_pictures_are_documents(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scan.{suffix}"
    more = {"save_all": True, "append_images": [picture(900)]} if suffix.startswith("tif") else {}
    picture().save(path, **more)
    parsed = parse(path, path.name)
    assert [page.number for page in parsed.documents[0].pages] == ([1, 2] if more else [1])
    assert parsed.documents[0].text.startswith("検収は10営業日以内。")


@pytest.mark.usefixtures("no_engine")
def test_pictures_are_no_documents_without_an_engine(tmp_path: Path) -> None:
    picture().save(tmp_path / "scan.png")
    error = reason(tmp_path / "scan.png")
    assert error.reason == "unknown_type"
    assert "qeu_rag[ocr]" in error.render("en")
    assert "qeu_rag[ocr]" in error.render("ja")


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I", "CMYK"])
def test_pictures_of_every_kind_are_shown_black_on_white(
    tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Image.Image] = []
    monkeypatch.setattr(Tesseract, "read", lambda self, image: seen.append(image) or [])
    if mode in ("LA", "RGBA"):  # black letters on nothing
        image = Image.new(mode, (500, 700), (0,) * len(Image.new(mode, (1, 1)).getbands()))
        ImageDraw.Draw(image).rectangle((40, 40, 200, 60), fill=(0, 255) if mode == "LA" else (0, 0, 0, 255))
    elif mode.startswith("I"):
        image = picture().convert("I").point(lambda value: value * 200 + 0).convert(mode)
    else:
        image = picture().convert(mode)
    path = tmp_path / ("scan.tif" if mode in ("CMYK", "I") else "scan.png")
    image.save(path)
    reason(path)
    assert seen[0].convert("L").getpixel((100, 50)) < 40
    assert seen[0].convert("L").getpixel((400, 400)) > 200


@pytest.mark.usefixtures("stand_in")
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_hostile_pictures(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    assert reason(tmp_path / "bomb.png").reason == "memory"
    (tmp_path / "broken.tiff").write_bytes(b"II*\0\x08\0\0\0\xff\xff" + b"\0" * 40)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    picture().save(tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:150])
    for name in ("broken.tiff", "broken.jpg", "half.png"):
        assert reason(tmp_path / name).reason == "damaged"


# Order and shape


def line(text: str, left: float, top: float, width: float = 400, height: float = 30) -> Recognised:
    return Recognised(text=text, left=left, right=left + width, top=top, bottom=top + height, sure=1.0)


def test_columns_of_running_text_are_read_one_after_the_other() -> None:
    words = "running text that fills its column {}"
    page = [line("A title across both columns of the page", 300, 0, 500)]
    page += [
        line(words.format(f"{side}{row}"), x, 100 + 40 * row) for row in range(6) for side, x in (("L", 0), ("R", 500))
    ]
    page += [line("A line below both columns", 100, 400, 700)]
    read = [one.text.split()[-1] for one in in_order(page)]
    assert read == ["page", *(f"L{n}" for n in range(6)), *(f"R{n}" for n in range(6)), "columns"]


def test_rows_of_a_table_stay_rows() -> None:
    page = [line(f"{side}{row}", x, 40 * row, 80) for row in range(8) for side, x in (("b", 300), ("a", 0), ("c", 600))]
    assert [one.text for one in in_order(page)] == [f"{side}{row}" for row in range(8) for side in "abc"]


def test_a_slanting_page_is_read_as_if_it_lay_straight() -> None:
    boxes = [[(x, y + 0.014 * x), (x + w, y + 0.014 * (x + w)), (x + w, y + 30 + 0.014 * (x + w)), (x, y + 30 + 0.014 * x)]
             for y in (0, 45, 90) for x, w in ((0, 300), (1200, 300))]  # fmt: skip
    slope = recognise._slope(boxes)
    rows = in_order([recognise._level(box, slope, f"{n // 2}{'ab'[n % 2]}", 1.0) for n, box in enumerate(boxes)])
    assert [one.text for one in rows] == ["0a", "0b", "1a", "1b", "2a", "2b"]
    assert abs(rows[1].bottom - rows[1].top - 30) < 0.5


def test_letters_of_about_one_size_make_no_headings() -> None:
    found = [line("A heading of the page", 100, 0, height=60)]
    found += [
        line(f"This is line {n} of a paragraph that is read", 100, 100 + 45 * n, height=26 + n % 5) for n in range(9)
    ]
    made = scanned._lines(found, 1.22, 1000, 2.0)
    assert len({round(one.height, 3) for one in made}) == 2


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([("納品", 0, 60), ("後", 62, 30), ("10", 95, 40), ("日", 137, 30)], "納品後10日"),
        ([("The", 0, 60), ("interval", 70, 100), ("is", 175, 25)], "The interval is"),
        ([("第", 0, 30), ("3", 40, 12), ("版", 60, 30), ("附則", 120, 60)], "第3版 附則"),
    ],
)
def test_words_of_tesseract_make_lines(words: list[tuple[str, int, int]], text: str) -> None:
    rows = [
        {"left": str(x), "top": "5", "width": str(w), "height": "30", "conf": "90", "text": word}
        for word, x, w in words
    ]
    assert recognise._line(rows).text == text


def test_a_table_of_tesseract_that_is_broken() -> None:
    assert list(recognise._lines("")) == []
    assert list(recognise._lines("level\ttext\n5\n\n")) == []


@pytest.mark.parametrize(("at", "found"), [(113, True), (119, True), (97, False), (139, False)])
def test_a_stroke_through_a_line_is_no_rule_above_or_below_it(at: int, found: bool) -> None:
    image = Image.new("L", (900, 300), 240)
    draw = ImageDraw.Draw(image)
    for x in range(100, 700, 24):  # letters of bars, one of which lies level
        draw.rectangle((x, 102, x + 3, 132), fill=20)
        draw.rectangle((x, 116, x + 18, 119), fill=20)
    draw.line((100, at, 500, at + 4), fill=20, width=3)
    box = line("letters", 98, 98, 610, 38)
    assert bool(struck(image, [box])) == found
    assert not struck(image, [line("―" * 20, 98, 98, 610, 38)])
    assert not struck(image, [line("outside", 2000, 98), line("empty", 100, 100, 0, 0)])


# What is installed


@pytest.mark.usefixtures("stand_in")
def test_tesseract_counts_only_with_japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed() == "tesseract"
    installed.cache_clear()
    monkeypatch.setenv("STAND_IN_LANGUAGE", "deu")
    assert installed() == ""


def test_rapidocr_counts_only_with_models_that_know_kana(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "rapidocr"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert recognise._models() is None
    for name in recognise._MODELS.values():
        (package / "models" / name).touch()
    assert recognise._models() == package / "models"


def test_what_may_hold_scans_is_read_anew_when_an_engine_comes() -> None:
    for name in ("a.pdf", "a.PDF", "a.tiff", "a.eml"):
        assert reader_of(Path(name), 400) != reader_of(Path(name), 400, "tesseract")
    for name in ("a.md", "a.docx", "a.csv"):
        assert reader_of(Path(name), 400) == reader_of(Path(name), 400, "tesseract")


def test_what_may_hold_comments_is_read_anew_when_they_are_turned_on() -> None:
    for name in ("a.docx", "a.XLSX", "a.zip"):
        assert reader_of(Path(name), 400) != reader_of(Path(name), 400, comments=True)
    assert reader_of(Path("a.md"), 400) == reader_of(Path("a.md"), 400, comments=True)


def test_the_setting() -> None:
    assert load_settings(environ={"QEU_RAG_INGEST__OCR": "off"}).ingest.ocr == "off"


# In the reading processes

without_rapidocr = pytest.mark.skipif(
    recognise._models() is not None, reason="rapidocr is installed, which processes of their own take before a stand-in"
)


@without_rapidocr
@pytest.mark.usefixtures("stand_in")
def test_the_time_limit_is_one_of_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_S", "2")
    (file,) = scan([scanned_pdf(tmp_path / "long.pdf", *[700] * 5)]).files
    with ReaderPool(workers=1, timeout_s=8, memory_mb=1000, way=Way(recognise=True)) as pool:
        ((_, result),) = pool.read_all([file])
        assert isinstance(result, SplitFile)
        assert "5 pages by text recognition (tesseract)" in map(str, result.notes)
    monkeypatch.setenv("STAND_IN_S", "20")
    with ReaderPool(workers=1, timeout_s=2, memory_mb=1000, way=Way(recognise=True)) as pool:
        ((_, late),) = pool.read_all([file])
    assert isinstance(late, ReadError)
    assert late.reason == "timeout"
    time.sleep(0.2)
    children = psutil.Process().children(recursive=True)
    assert not [child for child in children if child.status() != psutil.STATUS_ZOMBIE and child.name() == "tesseract"]


@without_rapidocr
@pytest.mark.usefixtures("no_engine")
def test_a_collection_reads_scans_anew_when_an_engine_comes(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    scanned_pdf(docs / "scan.pdf", 700)
    picture().save(docs / "photo.png")
    (docs / "note.md").write_text("# Note\n\nA gauge is calibrated each year.\n", encoding="utf-8")

    def ingested(wait: int, ocr: str = "auto") -> tuple[int, int, dict[str, str], list[str]]:
        # The tests keep reading processes by their settings.
        monkeypatch.setenv("QEU_RAG_INGEST__TIMEOUT_S", str(wait))
        monkeypatch.setenv("QEU_RAG_INGEST__OCR", ocr)
        installed.cache_clear()
        with KnowHow.open(home=home) as know_how:
            report = know_how.ingest(docs)
        failed = {skipped.path: skipped.reason for skipped in report.failed}
        return report.added, report.unchanged, failed, list(map(str, report.notes))

    assert ingested(61) == (1, 0, {"scan.pdf": "no_text", "photo.png": "unknown_type"}, [])
    request.getfixturevalue("stand_in")
    added, unchanged, failed, told = ingested(62)
    assert (added, unchanged, failed) == (2, 1, {})
    assert "scan.pdf: 1 page by text recognition (tesseract)" in told
    assert ingested(62)[:3] == (0, 3, {})
    with KnowHow.open(home=home) as know_how:
        answer = know_how.search("検収は何営業日以内か")
    assert answer[0].chunk.source in ("scan.pdf", "photo.png")
    assert ingested(63, "off") == (0, 1, {"scan.pdf": "no_text", "photo.png": "unknown_type"}, [])
