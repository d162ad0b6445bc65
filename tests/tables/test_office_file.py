"""Office files in Strict Open XML, whose names differ from those that programs know."""

import re
import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx
from pptx.util import Inches

from qeu_rag.faq.read.questions import read_questions
from qeu_rag.ingest.read import parse

OLD = re.compile(rb"http://schemas\.openxmlformats\.org/(officeDocument|\w+ml)/2006/((?:relationships/)?)([\w-]+)")
NAMES = {b"extended-properties": b"extendedProperties", b"custom-properties": b"customProperties"}


def strict(path: Path) -> Path:
    """Rewrites a file with the names of ECMA-376 part 1."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in parts.items():
            new.writestr(
                name,
                OLD.sub(lambda m: b"http://purl.oclc.org/ooxml/" + m[1] + b"/" + m[2] + NAMES.get(m[3], m[3]), data),
            )
    with zipfile.ZipFile(path) as archive:
        assert b"purl.oclc.org/ooxml/officeDocument/relationships/officeDocument" in archive.read("_rels/.rels")
    return path


def test_a_word_file(tmp_path: Path) -> None:
    made = docx.Document()
    made.core_properties.title = "材料基準"
    made.add_heading("材料", 1)
    made.add_paragraph("抵抗は10").add_run("6").font.superscript = True
    made.add_paragraph().add_run("廃止").font.strike = True
    cells = made.add_table(2, 2)
    for i, text in enumerate(("品名", "量", "鋼", "5")):
        cells.cell(i // 2, i % 2).text = text
    made.save(str(tmp_path / "a.docx"))
    parsed = parse(strict(tmp_path / "a.docx"), "a.docx")
    assert parsed.documents[0].text == "# 材料\n\n抵抗は10⁶\n\n| 品名 | 量 |\n| --- | --- |\n| 鋼 | 5 |"
    assert parsed.documents[0].title == "材料基準"
    assert [note.key for note in parsed.notes] == ["left_out_struck"]


def test_a_workbook_also_of_questions(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (("質問", "回答"), ("保管は何年ですか", "5年")):
        book.active.append(row)
    book.active["B2"].number_format = "@"
    book.save(tmp_path / "a.xlsx")
    strict(tmp_path / "a.xlsx")
    assert "| 保管は何年ですか | 5年 |" in parse(tmp_path / "a.xlsx", "a.xlsx").documents[0].text
    assert [row.question for row in read_questions(tmp_path / "a.xlsx").rows] == ["保管は何年ですか"]


def test_slides(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    slide.shapes.add_textbox(0, 0, Inches(3), Inches(1)).text_frame.text = "保管は5年"
    deck.save(str(tmp_path / "a.pptx"))
    assert parse(strict(tmp_path / "a.pptx"), "a.pptx").documents[0].text == "保管は5年"
