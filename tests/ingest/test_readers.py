"""Every kind of file, made here, read into documents whose spans are exact."""

import datetime
import email.policy
import pickle
import time
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from archives import unzipped, zipped
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qeu_rag.errors import ReadError
from qeu_rag.ingest.read import SUPPORTED, Parsed, parse
from qeu_rag.ingest.readers.markup.markdown import headings
from qeu_rag.ingest.readers.page import clean, sensible_title
from qeu_rag.ingest.readers.typeset.numerals import in_form
from qeu_rag.text.encoding import decode
from qeu_rag.types import Document

JAPANESE = (
    "就業規則の改定について\n\n第1条　従業員は、始業時刻までに出勤しなければならない。遅刻・早退をするときは、"
    "あらかじめ上長の許可を受けるものとする。①勤怠システム　②ｶﾅの見積書　㈱山田製作所\n"
)


def read(path: Path) -> Document:
    parsed = parse(path, path.name)
    check(parsed)
    (document,) = parsed.documents
    return document


def text_of(path: Path, data: bytes | str) -> Document:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read(path)


def check(parsed: Parsed) -> None:
    """What holds of every document: clean text, pages that tile it but for blank lines, headings that are lines."""
    for document in parsed.documents:
        text = document.text
        assert text
        assert text == clean(text)
        end = 0
        for page in document.pages:
            assert text[end : page.span.start].strip() == ""
            assert page.span.of(text).strip()
            end = page.span.end
        assert not document.pages or text[end:] == ""
        assert [p.number for p in document.pages] == sorted({p.number for p in document.pages})
        for heading in document.headings:
            assert heading.text
            assert 1 <= heading.level <= 6
            assert text[: heading.span.start].endswith("\n") or heading.span.start == 0
            assert text[heading.span.end :].startswith("\n") or heading.span.end == len(text)


def refusal(call: Callable[[], object]) -> str:
    """The reason for which ``call`` raises a ReadError, empty if it does not."""
    try:
        call()
    except ReadError as e:
        return e.reason
    return ""


def reason(path: Path) -> str:
    with pytest.raises(ReadError) as caught:
        parse(path, path.name)
    assert caught.value.detail == "" or caught.value.detail.startswith((": ", " ("))
    return caught.value.reason


# Text and its encodings


@pytest.mark.parametrize(
    ("codec", "named"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"), ("cp932", "cp932"), ("euc_jis_2004", "euc-jp"),
    ],
)  # fmt: skip
def test_japanese_text_in_every_encoding(codec: str, named: str) -> None:
    text = JAPANESE.replace("ｶﾅ", "カナ") if codec == "euc_jis_2004" else JAPANESE
    assert decode(text.encode(codec)) == (text, named)


def test_iso_2022_jp_with_and_without_the_signs_that_it_lacks() -> None:
    text = "見積書（第１版）を送ります。"
    assert decode(text.encode("iso2022_jp")) == (text, "iso-2022-jp")
    circled = b"\x1b$B-!8+@Q\x1b(B ok"  # row 13, which mail programs write all the same
    assert decode(circled) == ("①見積 ok", "iso-2022-jp")


@pytest.mark.parametrize("text", ["日本語", "売上高,東京\n1,2\n", "はい", "2024年度 品質保証部", "ﾃｽﾄ 電話ﾒﾓ", "髙橋"])
def test_short_japanese_in_cp932(text: str) -> None:
    assert decode(text.encode("cp932")) == (text, "cp932")


@pytest.mark.parametrize("text", ["Überprüfung der Qualität für Müller", "café société déjà vu", "“smart” – £5 naïve"])
def test_western_text_is_no_japanese(text: str) -> None:
    assert decode(text.encode("cp1252")) == (text, "latin-1")


@pytest.mark.parametrize("data", [bytes(range(256)) * 8, b"\x89PNG\r\n\x1a\n" + bytes(range(255, -1, -1)) * 9])
def test_binary_is_undecodable(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    assert reason(tmp_path / "a.txt") == "undecodable"


def test_a_log_with_a_few_bad_bytes_is_read_as_utf_8() -> None:
    text, name = decode(("2024-01-01 エラーが発生しました\n" * 20).encode() + b"\xe3\x81")
    assert text.startswith("2024-01-01 エラー")
    assert name == "utf-8 (with errors)"


@given(st.text())
def test_whatever_is_utf_8_is_read_or_refused_as_binary(text: str) -> None:
    data = text.encode("utf-8", "replace")
    refused = refusal(lambda: decode(data))
    assert refused == ("undecodable" if refused else "")
    if text.isprintable() and not refused and "\ufeff" not in text:
        assert decode(data)[0] == data.decode()


@given(st.binary())
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    assert refusal(lambda: decode(data)) in {"", "undecodable"}


def test_text_files_have_no_headings_and_tell_their_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(("# 見出しではない\n" + JAPANESE).encode("cp932"))
    parsed = parse(path, "folder/a.log")
    (document,) = parsed.documents
    assert (document.headings, document.title, document.lang) == ((), "", "ja")
    assert document.source == "folder/a.log"
    assert [str(note) for note in parsed.notes] == ["read as cp932"]
    assert parsed.notes[0].render("ja") == "文字コードを cp932 とみなして読みました。"


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(" \n\r\t\x00\u3000\ud800か\u3099\ufeff"))))
def test_clean_text_is_clean_and_stays_so(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    once.encode("utf-8")
    assert "\r" not in once
    assert "\x00" not in once
    assert "\n\n\n\n" not in once
    assert " \n" not in once


def test_long_runs_of_spaces_take_no_time(tmp_path: Path) -> None:
    start = time.monotonic()
    text_of(tmp_path / "a.md", "# a" + " " * 300_000 + "b\n" + "x" + " " * 300_000 + "y\n" + "# " + "*" * 100_000)
    text_of(tmp_path / "a.html", "<p>あ" + "\n" * 300_000 + "x</p>")
    assert time.monotonic() - start < 20


# Markdown


def test_markdown_headings_with_exact_spans(tmp_path: Path) -> None:
    source = (
        "---\ntitle: '規程集'\ntags: [a]\n---\n"
        "# はじめに #\n本文 # ではない\n\nSetext 一\n===\n\nSetext *two*\n---\n\n```sh\n# comment\n```\n"
        "<!-- # hidden\n-->\n### [Link](http://x) `code` {#id}\n\n    # indented\n\n~~~\n# open to the end\n"
    )
    document = text_of(tmp_path / "a.md", source)
    assert document.title == "規程集"
    assert "tags" not in document.text
    assert "hidden" not in document.text
    assert [(h.level, h.text, h.span.of(document.text)) for h in document.headings] == [
        (1, "はじめに", "# はじめに #"),
        (1, "Setext 一", "Setext 一\n==="),
        (2, "Setext two", "Setext *two*\n---"),
        (3, "Link code", "### [Link](http://x) `code` {#id}"),
    ]


def test_text_between_rules_is_no_front_matter(tmp_path: Path) -> None:
    assert text_of(tmp_path / "a.md", "---\n# 題\n本文\n---\n続き").text == "---\n# 題\n本文\n---\n続き"
    assert text_of(tmp_path / "b.md", "---\n\n---\n").text == "---\n\n---"
    assert text_of(tmp_path / "c.md", "---\ntags:\n  - a\n- b\n# c\n\ntitle: x\n---\n本文").text == "本文"


def test_front_matter_stands_first(tmp_path: Path) -> None:
    front = "---\ntitle: 題\ndate: 2023-02-01\ntags: 2020 の話\n改定日: 令和5年4月1日\nversion: 2\n---\n本文\n"
    assert text_of(tmp_path / "a.md", front).text == "date: 2023-02-01\n改定日: 令和5年4月1日\nversion: 2\n\n本文"


def test_a_rule_is_no_heading_and_the_first_h1_is_the_title(tmp_path: Path) -> None:
    document = text_of(tmp_path / "a.md", "intro\n\n---\n\n## Second\n\n# First\n\n- item\n---\n| a |\n---\n")
    assert [h.text for h in document.headings] == ["Second", "First"]
    assert document.title == "First"
    assert document.pages == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                "# 見出し",
                "## b",
                "###",
                "text",
                "",
                "```",
                "~~~~",
                "====",
                "---",
                "| a | b |",
                "> # q",
                "- x",
                "   # c",
                "第1条",
            ]
        )
    )
)
def test_spans_fit_any_markdown(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "a.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    if not "".join(lines).strip():
        assert refusal(lambda: parse(path, "a.md")) == "empty"
        return
    parsed = parse(path, "a.md")
    check(parsed)
    text = parsed.documents[0].text
    assert parsed.documents[0].headings == headings(text, setext=True)


def test_the_id_is_of_the_content_alone(tmp_path: Path) -> None:
    first = text_of(tmp_path / "a.md", "# a\r\n\r\ntext  \r\n")
    second = text_of(tmp_path / "b.md", "# a\n\ntext")
    assert first.id == second.id
    assert len(first.id) == 32
    assert int(first.id, 16) >= 0
    assert text_of(tmp_path / "c.md", "# a\n\ntexts").id != first.id
    assert text_of(tmp_path / "d.txt", "# a\n\ntext").id != first.id


# HTML


def test_html_keeps_content_and_drops_furniture(tmp_path: Path) -> None:
    page = """<html><head><title>出張規程</title><style>p{}</style></head><body>
    <header><a>ロゴ</a><h1>出張<br>規程</h1></header><nav><a>メニュー</a></nav><script>x()</script>
    <p>一行目
    の続き<ruby>漢字<rt>かんじ</rt></ruby>。 <a href="/x">link</a> and <code>code</code></p>
    <ul><li>a<ul><li>b</li></ul></li></ul><ol start="3"><li>三</li></ol>
    <table><caption>表1</caption><tr><th>区分<th>額|円</tr><tr><td rowspan=2>役員<td>1<br>2</tr><tr><td>3</tr></table>
    <pre><code class="language-sql">SELECT 1
# no heading</code></pre><p># not a heading</p><p style="display:none">見えない</p>
    <footer>著作権</footer></body></html>"""
    document = text_of(tmp_path / "a.html", page)
    assert document.title == "出張規程"
    assert [(h.level, h.text) for h in document.headings] == [(1, "出張 規程")]
    for kept in (
        "一行目の続き漢字（かんじ）。 link and `code`", "- a\n  - b", "3. 三", "表1",
        "| 区分 | 額\\|円 |\n| --- | --- |\n| 役員 | 1 2 |\n| 役員 | 3 |",
        "```sql\nSELECT 1\n# no heading\n```", "\\# not a heading",
    ):  # fmt: skip
        assert kept in document.text
    for dropped in ("ロゴ", "メニュー", "x()", "見えない", "著作権"):
        assert dropped not in document.text


@pytest.mark.parametrize("codec", ["cp932", "euc_jp", "iso2022_jp", "utf-8"])
def test_html_encodings_declared_wrongly_declared_and_not_declared(tmp_path: Path, codec: str) -> None:
    body = "<p>日本語のページです。品質管理の手引き</p>"
    labels = {"cp932": "Shift_JIS", "euc_jp": "euc-jp", "iso2022_jp": "iso-2022-jp", "utf-8": "utf-8"}
    for meta in (f'<meta charset="{labels[codec]}">', '<meta charset="iso-8859-1">', '<meta charset="utf-16">', ""):
        document = text_of(tmp_path / "a.htm", (meta + body).encode(codec))
        assert document.text == "日本語のページです。品質管理の手引き"


# Tables of values


def test_csv_with_any_delimiter_and_odd_cells(tmp_path: Path) -> None:
    for delimiter in ",;\t|":
        rows = [["氏名", "備考"], ["佐藤", '"a|b\nc"'], ["短い"], ["鈴木", "x", "余り"]]
        data = "\n".join(delimiter.join(row) for row in rows)
        document = text_of(tmp_path / "a.csv", data.encode("cp932"))
        assert document.text == (
            "| 氏名 | 備考 |  |\n| --- | --- | --- |\n| 佐藤 | a\\|b c |  |\n| 短い |  |  |\n| 鈴木 | x | 余り |"
        ), delimiter
    assert text_of(tmp_path / "b.csv", "sep=;\na;b,c\n").text.startswith("| a | b,c |")
    assert text_of(tmp_path / "c.tsv", "a\tb,c\n1\t2,3\n").text.startswith("| a | b,c |")
    assert text_of(tmp_path / "d.csv", "# a\n1\n").headings == ()


def test_xlsx_sheets_blocks_merges_and_values(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "売上 2024"
    sheet["A1"] = "表1　売上"
    for row in (
        ["区分", "日付", "率", "金額"],
        ["東京", datetime.date(2024, 4, 1), 0.125, 1234567],
        [None, None, 0.5, -5],
    ):
        sheet.append(row)
    sheet.merge_cells("A3:A4")
    for cell, form in (
        ("C3", "0.0%"),
        ("C4", "0%"),
        ("D3", "#,##0"),
        ("D4", "#,##0;[Red]#,##0"),
        ("B3", 'yyyy"年"m"月"d"日"'),
    ):
        sheet[cell].number_format = form
    sheet["B7"] = "注記 | 改行\nあり"
    book.create_sheet("空")
    hidden = book.create_sheet("隠し")
    hidden["A1"] = "秘密"
    hidden.sheet_state = "hidden"
    book.create_sheet("二")["C5"] = 0.1 + 0.2
    book.save(tmp_path / "a.xlsx")
    parsed = parse(tmp_path / "a.xlsx", "a.xlsx")
    check(parsed)
    (document,) = parsed.documents
    assert document.text == (
        "# 売上 2024\n\n表1　売上\n\n| 区分 | 日付 | 率 | 金額 |\n| --- | --- | --- | --- |\n"
        "| 東京 | 2024年4月1日 | 12.5% | 1,234,567 |\n| 東京 |  | 50% | -5 |\n\n注記 | 改行\nあり\n\n# 二\n\n0.3"
    )
    assert [p.number for p in document.pages] == [1, 4]
    assert document.title == ""
    assert [str(note) for note in parsed.notes] == ["hidden sheets left out: 1"]


# Word


def test_docx_headings_numbers_lists_tables_and_footnotes(tmp_path: Path) -> None:
    import docx
    from docx.enum.style import WD_STYLE_TYPE

    made = docx.Document()
    made.core_properties.title = "出張旅費規程"
    made.sections[0].header.paragraphs[0].text = "社外秘"
    made.add_heading("規程", 0)
    made.add_heading("総則", 1)
    style = made.styles.add_style("見出し 2", WD_STYLE_TYPE.PARAGRAPH)
    made.add_paragraph("目的", style=style)
    made.add_paragraph("# 本文\n二行目")
    made.add_paragraph("一つ目", style="List Bullet")
    made.add_paragraph("二つ目", style="List Bullet")
    made.add_paragraph("手順", style="List Number")
    table = made.add_table(rows=3, cols=3)
    for r, row in enumerate(table.rows):
        for c, cell in enumerate(row.cells):
            cell.text = f"{r}|{c}"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "縦"
    table.cell(0, 1).merge(table.cell(0, 2)).text = "横\n二"
    frame = made.add_table(rows=1, cols=1)
    frame.cell(0, 0).text = "枠の中"
    made.save(str(tmp_path / "a.docx"))
    document = read(tmp_path / "a.docx")
    assert document.title == "出張旅費規程"
    assert [(h.level, h.text) for h in document.headings] == [(1, "規程"), (1, "総則"), (2, "目的")]
    assert "社外秘" not in document.text
    assert document.text.split("## 目的\n\n")[1] == (
        "\\# 本文\n二行目\n\n- 一つ目\n- 二つ目\n1. 手順\n\n| 0\\|0 | 横 二 |  |\n| --- | --- | --- |\n"
        "| 縦 | 1\\|1 | 1\\|2 |\n| 縦 | 2\\|1 | 2\\|2 |\n\n枠の中"
    )


@pytest.mark.parametrize(
    ("n", "form", "text"),
    [
        (4, "upperRoman", "IV"), (28, "lowerLetter", "bb"), (3, "decimalEnclosedCircle", "③"), (2, "aiueoFullWidth", "イ"),
        (3, "iroha", "ハ"), (12, "japaneseCounting", "十二"), (120, "japaneseCounting", "百二十"), (5, "decimalFullWidth", "５"),
        (10, "ideographDigital", "一〇"), (7, "unknown", "7"),
    ],
)  # fmt: skip
def test_number_formats_of_word(n: int, form: str, text: str) -> None:
    assert in_form(n, form) == text


def test_docx_articles_numbered_by_word(tmp_path: Path) -> None:
    import docx
    from docx.oxml import OxmlElement, parse_xml
    from docx.oxml.ns import nsdecls, qn

    made = docx.Document()
    root = made.part.numbering_part.element
    levels = '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="第%1条"/></w:lvl>'
    levels += (
        '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimalEnclosedCircle"/><w:lvlText w:val="%2"/></w:lvl>'
    )
    root.insert(0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="77">{levels}</w:abstractNum>'))
    root.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="78"><w:abstractNumId w:val="77"/></w:num>'))

    def add(text: str, level: int, heading: bool = False) -> None:
        paragraph = made.add_heading(text, 2) if heading else made.add_paragraph(text)
        properties = OxmlElement("w:numPr")
        for name, value in (("w:ilvl", level), ("w:numId", 78)):
            element = OxmlElement(name)
            element.set(qn("w:val"), str(value))
            properties.append(element)
        paragraph._p.get_or_add_pPr().append(properties)

    add("（目的）", 0, heading=True)
    add("一項", 1)
    add("二項", 1)
    add("（範囲）", 0, heading=True)
    add("また一項", 1)
    made.save(str(tmp_path / "a.docx"))
    assert read(tmp_path / "a.docx").text == (
        "## 第1条 （目的）\n\n  - ① 一項\n  - ② 二項\n\n## 第2条 （範囲）\n\n  - ① また一項"
    )


# PowerPoint


def test_pptx_slides_tables_and_notes(tmp_path: Path) -> None:
    import pptx
    from pptx.util import Inches

    made = pptx.Presentation()
    first = made.slides.add_slide(made.slide_layouts[0])
    first.shapes.title.text = "品質\v工学入門"
    second = made.slides.add_slide(made.slide_layouts[1])
    second.shapes.title.text = "要点"
    body = second.placeholders[1].text_frame
    body.text = "一"
    inner = body.add_paragraph()
    inner.text, inner.level = "二", 1
    table = second.shapes.add_table(2, 2, Inches(1), Inches(5), Inches(4), Inches(1)).table
    for r in range(2):
        for c in range(2):
            table.cell(r, c).text = f"{r}{c}"
    second.notes_slide.notes_text_frame.text = "話すこと"
    hidden = made.slides.add_slide(made.slide_layouts[0])
    hidden.shapes.title.text = "隠し"
    hidden._element.set("show", "0")
    made.core_properties.title = "PowerPoint プレゼンテーション"
    made.save(str(tmp_path / "a.pptx"))
    document = read(tmp_path / "a.pptx")
    assert document.title == "品質 工学入門"
    assert document.text == (
        "# 品質 工学入門\n\n# 要点\n\n- 一\n  - 二\n\n| 00 | 01 |\n| --- | --- |\n| 10 | 11 |\n\n話すこと"
    )
    assert [p.span.of(document.text)[:4] for p in document.pages] == ["# 品質", "# 要点"]


# PDF


def pdf(path: Path, **options: object) -> Path:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
    japanese = ParagraphStyle("j", fontName="HeiseiMin-W3", fontSize=10, leading=17, firstLineIndent=10, wordWrap="CJK")
    large = ParagraphStyle("h", parent=japanese, fontSize=18, leading=26, firstLineIndent=0)
    english = ParagraphStyle("e", fontName="Helvetica", fontSize=10, leading=14)
    story = []
    for number in (1, 2, 3):
        story += [
            Paragraph(f"第{number}章　総則", large),
            Paragraph(RULE, japanese),
            Paragraph(SHORT, japanese),
            Paragraph(PROSE, english),
            PageBreak(),
        ]

    def footer(canvas: object, made: object) -> None:
        canvas.drawString(280, 30, f"- {made.page} -")  # type: ignore[attr-defined]

    SimpleDocTemplate(str(path), **options).build(story, onFirstPage=footer, onLaterPages=footer)
    return path


RULE = (
    "従業員は、出張を命じられたときは、事前に所定の申請書を所属長へ提出し、承認を得なければならない。ただし、緊急やむを得ない"
    "場合は、事後に速やかに届け出るものとする。宿泊費は一泊につき12,000円を上限とする。"
)
SHORT = "旅費の精算は、帰着後一週間以内に行う。"
PROSE = (
    "The Taguchi method finds settings of a process that make its output insensitive to noise, and it does so with "
    "orthogonal arrays that need only a few experiments, while the signal to noise ratio measures robustness."
)


def test_pdf_paragraphs_are_whole_and_page_numbers_gone(tmp_path: Path) -> None:
    document = read(pdf(tmp_path / "a.pdf", title="untitled"))
    assert [p.number for p in document.pages] == [1, 2, 3]
    first = document.pages[0].span.of(document.text)
    # The font is not in the file: how high it stands, and so the level, depends on the fonts of the machine.
    assert "#" + first.lstrip("#") == f"# 第1章 総則\n\n{RULE}\n{SHORT}\n\n{PROSE}"
    assert document.title == "第1章 総則"
    assert [h.text for h in document.headings] == ["第1章 総則", "第2章 総則", "第3章 総則"]


def test_pdf_hyphens_are_mended_but_those_of_compounds_kept(tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "a.pdf"))
    text = canvas.beginText(72, 700)
    lines = (
        "This long line of text speaks of documenta-",
        "tion, and this one of a state-of-the-art and a well-",
        "known well-known thing.",
    )
    for line in lines:
        text.textLine(line)
    canvas.drawText(text)
    canvas.save()
    assert "documentation, and" in read(tmp_path / "a.pdf").text
    assert "a well-known well-known" in read(tmp_path / "a.pdf").text


def test_pdf_encrypted_without_text_and_damaged(tmp_path: Path) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    assert reason(pdf(tmp_path / "a.pdf", encrypt=StandardEncryption("secret"))) == "encrypted"
    canvas = Canvas(str(tmp_path / "b.pdf"))
    canvas.rect(10, 10, 50, 50)
    canvas.save()
    assert reason(tmp_path / "b.pdf") == "no_text"
    (tmp_path / "c.pdf").write_bytes(b"%PDF-1.4 and nothing else")
    assert reason(tmp_path / "c.pdf") == "damaged"


# Mail


def message() -> EmailMessage:
    mail = EmailMessage(policy=email.policy.default)
    mail["Subject"] = "見積書の件"
    mail["From"] = "佐藤 <sato@example.com>"
    mail["To"] = "all@example.com"
    mail["Date"] = "Mon, 01 Apr 2024 09:00:00 +0900"
    mail.set_content("お世話になります。\n# 見出しではない\n", charset="iso-2022-jp")
    mail.add_alternative("<p>HTML の本文</p>", subtype="html")
    return mail


def test_mail_and_its_attachments(tmp_path: Path) -> None:
    mail = message()
    mail.add_attachment("# 規程\n\n本文".encode(), maintype="text", subtype="plain", filename="規程.md")
    mail.add_attachment("別の規程".encode("cp932"), maintype="text", subtype="plain", filename="規程.md")
    mail.add_attachment(b"PK\x03\x04 broken", maintype="application", subtype="octet-stream", filename="../x/表.xlsx")
    mail.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="run.exe")
    mail.add_attachment(message())
    (tmp_path / "a.eml").write_bytes(mail.as_bytes())
    parsed = parse(tmp_path / "a.eml", "mails/a.eml")
    check(parsed)
    assert [d.source for d in parsed.documents] == [
        "mails/a.eml", "mails/a.eml#規程.md", "mails/a.eml#規程 (2).md", "mails/a.eml#見積書の件.eml",
    ]  # fmt: skip
    own, first, second, inner = parsed.documents
    assert own.title == "見積書の件"
    assert [h.text for h in own.headings] == ["見積書の件"]
    assert own.text.startswith(
        "# 見積書の件\n\nFrom: 佐藤 <sato@example.com>\nTo: all@example.com\nDate: Mon, 01 Apr 2024"
    )
    assert own.text.endswith("お世話になります。\n\\# 見出しではない")
    assert (first.title, second.text) == ("規程", "別の規程")
    assert inner.id == own.id
    assert any(note.startswith("attachment 表.xlsx: ") and "damaged" in note for note in map(str, parsed.notes))
    assert any("壊れています" in note.render("ja") for note in pickle.loads(pickle.dumps(parsed.notes)))
    assert any(note.startswith("attachment run.exe: ") for note in map(str, parsed.notes))


def test_a_mail_of_html_alone_and_what_is_no_mail(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "html"
    mail.set_content("<h2>題</h2><p>本文</p>", subtype="html", charset="utf-8")
    (tmp_path / "a.eml").write_bytes(mail.as_bytes())
    assert read(tmp_path / "a.eml").text == "# html\n\n## 題\n\n本文"
    (tmp_path / "b.eml").write_bytes(b"no mail at all")
    assert reason(tmp_path / "b.eml") == "damaged"


# Damage


def ooxml(path: Path) -> Path:
    import docx
    import openpyxl
    import pptx

    if path.suffix == ".docx":
        made = docx.Document()
        made.add_paragraph("text")
        made.save(str(path))
    elif path.suffix == ".pptx":
        pptx.Presentation().save(str(path))
    else:
        openpyxl.Workbook().save(path)
    return path


def _html(path: Path) -> None:
    path.write_text("<html><body>an export that calls itself something else</body></html>")


def _half(path: Path) -> None:
    data = ooxml(path).read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _garbage(path: Path) -> None:
    path.write_bytes(b"\x00\x01\x02garbage" * 100)


def _other_zip(path: Path) -> None:
    zipped(path, {"a.txt": "not an Office file"})


def _bad_xml(path: Path) -> None:
    parts = unzipped(ooxml(path)).items()
    zipped(path, {n: data if n.endswith(".rels") or n.startswith("[") else data[: len(data) // 2] for n, data in parts})


@pytest.mark.parametrize("spoil", [_html, _half, _garbage, _other_zip, _bad_xml])
@pytest.mark.parametrize("suffix", [".docx", ".pptx", ".xlsx", ".xlsm", ".xls"])
def test_damaged_office_files_say_so(tmp_path: Path, suffix: str, spoil: Callable[[Path], None]) -> None:
    if suffix == ".xls" and spoil in (_half, _bad_xml):
        pytest.skip("no OOXML")
    path = tmp_path / f"a{suffix}"
    spoil(path)
    assert reason(path) == "damaged"


@pytest.mark.parametrize("suffix", [".docx", ".pptx", ".xlsx", ".xls"])
def test_office_files_with_a_password(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000)
    path.write_bytes(ole + "EncryptedPackage".encode("utf-16-le") + bytes(1000))
    assert reason(path) == "encrypted"
    path.write_bytes(ole)
    assert reason(path) == "damaged"


def test_a_zip_bomb_is_not_opened(tmp_path: Path) -> None:
    path = ooxml(tmp_path / "a.docx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("word/media/a.bin", "w") as part:
        for _ in range(80):
            part.write(bytes(1 << 20))
    start = time.monotonic()
    assert reason(path) == "too_large"
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("suffix", sorted(SUPPORTED))
def test_a_file_without_text_is_reported(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text(" \n\n \t\n")
    assert reason(path) in {"empty", "damaged"}
    path.unlink()
    assert reason(path) in {"unreadable", "damaged"}


def test_other_kinds_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("x")
    assert reason(tmp_path / "a.xyz") == "unknown_type"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=10)
@given(st.binary(max_size=300), st.sampled_from(sorted(SUPPORTED)))
def test_any_bytes_under_any_suffix_are_read_or_reported(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data)
    assert refusal(lambda: check(parse(path, path.name))) in {
        "",
        "damaged",
        "undecodable",
        "empty",
        "no_text",
        "encrypted",
    }


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Microsoft Word - 規程.docx", ""), ("Microsoft Word - 出張規程", "出張規程"), ("PowerPoint Presentation", ""),
        ("無題", ""),
        ("Slide 1", ""), ("paper.dvi", ""), ("\x8fo\x92£\x8bK\x92ö", ""), ("  A\n title ", "A title"), ("文書1", ""),
    ],
)  # fmt: skip
def test_titles_of_templates_are_none(given: str, kept: str) -> None:
    assert sensible_title(given) == kept
