# ruff: noqa: E501 - XML is not broken in the middle
"""What a Word page really says: nothing that changes the meaning is lost in silence."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from qeu_rag.ingest.read import Parsed, parse
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.word.reader import DocxReader
from qeu_rag.text.sentences import sentences

NAMES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "wpg": "http://schemas.microsoft.com/office/word/2010/wordprocessingGroup",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "w15": "http://schemas.microsoft.com/office/word/2012/wordml",
    "w16se": "http://schemas.microsoft.com/office/word/2015/wordml/symex",
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
}
SPACES = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NAMES.items())
STYLES = (
    '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Secret"><w:name w:val="Secret"/><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Old"><w:name w:val="Old"/><w:rPr><w:strike/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Open"><w:name w:val="Open"/><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:type="table" w:styleId="Dark"><w:name w:val="Dark"/>'
    '<w:tblStylePr w:type="firstRow"><w:tcPr><w:shd w:fill="000080"/></w:tcPr></w:tblStylePr></w:style>'
)


def t(text: str, look: str = "") -> str:
    """A run."""
    properties = f"<w:rPr>{look}</w:rPr>" if look else ""
    return f'<w:r>{properties}<w:t xml:space="preserve">{text}</w:t></w:r>'


def p(*runs: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(runs)}</w:p>"


def tc(text: str, properties: str = "") -> str:
    inner = text if text.startswith("<w:") else p(t(text))
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner}</w:tc>"


def tr(*cells: str, properties: str = "") -> str:
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(c if c.startswith('<w:tc>') else tc(c) for c in cells)}</w:tr>"


def tbl(*rows: str, properties: str = "") -> str:
    return f"<w:tbl><w:tblPr>{properties}</w:tblPr>{''.join(rows)}</w:tbl>"


def made(path: Path, body: str, **parts: str | bytes) -> Path:
    """A Word file with this body; ``parts``: further parts by name, as ``footnotes`` or ``chart1``."""
    path = path / "a.docx" if path.is_dir() else path
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kinds = {name: name.partition("_")[0].rstrip("0123456789") for name in parts}
    targets = {n: n.replace("_", ".") if "_" in n else f"{n}.xml" for n in parts}
    overrides = "".join(
        f'<Override PartName="/word/{targets[n]}" ContentType="{main}.{k}+xml"/>'
        for n, k in kinds.items()
        if "_" not in n
    )
    relations = "".join(f'<Relationship Id="{n}" Type="{office}/{k}" Target="{targets[n]}"/>' for n, k in kinds.items())
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="html" ContentType="text/html"/><Default Extension="mht" ContentType="message/rfc822"/>'
            '<Default Extension="txt" ContentType="text/plain"/><Default Extension="docx" ContentType="application/zip"/>'
            f'<Override PartName="/word/document.xml" ContentType="{main}.document.main+xml"/>'
            f'<Override PartName="/word/styles.xml" ContentType="{main}.styles+xml"/>{overrides}</Types>',
        )
        head = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        archive.writestr(
            "_rels/.rels",
            f'{head}<Relationship Id="rId1" Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
        )
        archive.writestr(
            "word/_rels/document.xml.rels",
            f'{head}<Relationship Id="rIdS" Type="{office}/styles" Target="styles.xml"/>{relations}</Relationships>',
        )
        archive.writestr("word/document.xml", f"<w:document {SPACES}><w:body>{body}</w:body></w:document>")
        archive.writestr("word/styles.xml", f"<w:styles {SPACES}>{STYLES}</w:styles>")
        for name, xml in parts.items():
            archive.writestr(f"word/{targets[name]}", xml.replace("NAMES", SPACES) if isinstance(xml, str) else xml)
    return path


def read(tmp_path: Path, body: str, **parts: str | bytes) -> Parsed:
    return parse(made(tmp_path, body, **parts), "a.docx")


def text(tmp_path: Path, body: str, **parts: str | bytes) -> str:
    return read(tmp_path, body, **parts).documents[0].text


def keys(parsed: Parsed) -> dict[str, object]:
    return {note.key: note.values.get("count") for note in parsed.notes}


# Runs


@pytest.mark.parametrize(
    ("runs", "shown"),
    [
        (t("10") + t("6", '<w:vertAlign w:val="superscript"/>') + t(" Ω"), "10⁶ Ω"),
        (t("10") + t("-", '<w:vertAlign w:val="superscript"/>') + t("4", '<w:vertAlign w:val="superscript"/>'), "10⁻⁴"),
        (t("H") + t("2", '<w:vertAlign w:val="subscript"/>') + t("O"), "H₂O"),
        (t("10") + t("6", '<w:position w:val="8"/>') + t(" Ω"), "10⁶ Ω"),
        (t("S") + t("0", '<w:position w:val="-6"/>') + t("を測る"), "S₀を測る"),
        (t("全文", '<w:position w:val="-6"/>') + t("10", '<w:position w:val="-6"/>'), "全文10"),
        (t("3,000円") + t("1", '<w:vertAlign w:val="superscript"/>') + t("とする"), "3,000円¹とする"),
        (t("3,000円") + t("※1", '<w:vertAlign w:val="superscript"/>') + t("とする"), "3,000円※1とする"),
        (t("3,000円") + t("注1", '<w:vertAlign w:val="superscript"/>'), "3,000円注1"),
        (t("the 5") + t("th", '<w:vertAlign w:val="superscript"/>') + t(" day"), "the 5th day"),
        (t("20 ") + t("o", '<w:vertAlign w:val="superscript"/>') + t("C"), "20 °C"),
        (t("all of it 2", '<w:vertAlign w:val="superscript"/>'), "all of it 2"),
        (t("abc", "<w:caps/>") + t("def", "<w:smallCaps/>"), "ABCdef"),
        (t("重要", '<w:em w:val="dot"/>'), "重要"),
        (t("web", "<w:webHidden/>"), "web"),
        (t("見える", '<w:vanish w:val="0"/>'), "見える"),
        (t("a") + "<w:r><w:noBreakHyphen/><w:softHyphen/><w:t>b</w:t></w:r>", "a-b"),
        ('<w:r><w:ruby><w:rt><w:r><w:t>そくてい</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>測定</w:t></w:r></w:rubyBase></w:ruby></w:r>', "測定"),
        ('<w:hyperlink r:id="x"><w:r><w:t>社内の頁</w:t></w:r></w:hyperlink>', "社内の頁"),
    ],
)  # fmt: skip
def test_a_run_is_read_as_it_looks(tmp_path: Path, runs: str, shown: str) -> None:
    assert text(tmp_path, p(runs)) == shown


@pytest.mark.parametrize(
    ("look", "key"),
    [
        ("<w:strike/>", "left_out_struck"),
        ("<w:dstrike/>", "left_out_struck"),
        ('<w:rStyle w:val="Old"/>', "left_out_struck"),
        ("<w:vanish/>", "left_out_hidden"),
        ('<w:rStyle w:val="Open"/>', "left_out_hidden"),
        ('<w:sz w:val="0"/>', "left_out_white"),
        ('<w:sz w:val="1"/>', "left_out_white"),
        ('<w:color w:val="FFFFFF"/>', "left_out_white"),
        ('<w:color w:val="FEFEFE"/>', "left_out_white"),
        ('<w:color w:themeColor="background1"/>', "left_out_white"),
        ('<w:color w:val="000000"/><w:highlight w:val="black"/>', "left_out_white"),
        ('<w:color w:val="FF0000"/><w:shd w:val="clear" w:fill="FF0000"/>', "left_out_white"),
    ],
)
def test_what_does_not_count_is_left_out_and_told(tmp_path: Path, look: str, key: str) -> None:
    parsed = read(tmp_path, p(t("期限は"), t("30", look), t("日", look), t("60日とする。")))
    assert parsed.documents[0].text == "期限は60日とする。"
    assert keys(parsed) == {key: 1}


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (p(t("白", '<w:color w:val="FFFFFF"/><w:highlight w:val="darkBlue"/>')), "白"),
        (p(t("白", '<w:color w:val="FFFFFF"/>'), properties='<w:shd w:val="clear" w:fill="000080"/>'), "白"),
        (tbl(tr(tc(p(t("白", '<w:color w:val="FFFFFF"/>')), '<w:shd w:val="clear" w:fill="000080"/>'), "b")), "| 白 | b |\n| --- | --- |"),
        (tbl(tr(tc(p(t("白", '<w:color w:val="FFFFFF"/>'))), "b"), properties='<w:tblStyle w:val="Dark"/>'), "| 白 | b |\n| --- | --- |"),
        (p(t("二重に", '<w:rStyle w:val="Open"/>'), t("本文", "<w:vanish w:val='0'/>"), properties='<w:pStyle w:val="Secret"/>'), "二重に本文"),
    ],
)  # fmt: skip
def test_what_can_be_seen_is_read(tmp_path: Path, body: str, shown: str) -> None:
    parsed = read(tmp_path, body)
    assert (parsed.documents[0].text, parsed.notes) == (shown, ())


def test_a_hidden_style_hides_its_paragraph(tmp_path: Path) -> None:
    parsed = read(tmp_path, p(t("本文。")) + p(t("原価は5,200円。"), properties='<w:pStyle w:val="Secret"/>'))
    assert parsed.documents[0].text == "本文。"
    assert keys(parsed) == {"left_out_hidden": 1}


# Symbols and check boxes


@pytest.mark.parametrize(
    ("run", "shown"),
    [
        ('<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>', "☑"),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0A8"/></w:r>', "☐"),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0FD"/></w:r>', "☒"),
        ('<w:r><w:sym w:font="Wingdings 2" w:char="F052"/></w:r>', "☑"),
        ('<w:r><w:sym w:font="Wingdings 2" w:char="F0A3"/></w:r>', "☐"),
        ('<w:r><w:sym w:font="Wingdings 3" w:char="F070"/></w:r>', "▲"),
        ('<w:r><w:sym w:font="Webdings" w:char="F061"/></w:r>', "✔"),
        ('<w:r><w:sym w:font="Symbol" w:char="F06D"/></w:r>', "μ"),
        ('<w:r><w:sym w:font="Symbol" w:char="00B1"/></w:r>', "±"),
        ('<w:r><w:sym w:font="Segoe UI Symbol" w:char="2713"/></w:r>', "✓"),
        (t("\uf0a3", '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>'), "≤"),
        (t("m", '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>'), "μ"),
        (t("\uf0fc"), "✓"),
        ('<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="1"/></w14:checkbox></w:sdtPr><w:sdtContent><w:r><w:t>☒</w:t></w:r></w:sdtContent></w:sdt>', "☑"),
        ('<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="0"/></w14:checkbox></w:sdtPr><w:sdtContent><w:r><w:t>☐</w:t></w:r></w:sdtContent></w:sdt>', "☐"),
        ('<w:r><mc:AlternateContent><mc:Choice Requires="w16se"><w16se:symEx w16se:font="Segoe UI Emoji" w16se:char="1F60A"/></mc:Choice><mc:Fallback><w:t>😊</w:t></mc:Fallback></mc:AlternateContent></w:r>', "😊"),
    ],
)  # fmt: skip
def test_symbols_and_check_boxes(tmp_path: Path, run: str, shown: str) -> None:
    assert text(tmp_path, p(run, t("合格"))) == shown + "合格"


# Fields


def field(instruction: str, result: str | None = None, data: str = "") -> str:
    shown = "" if result is None else f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{t(result)}'
    return (
        f'<w:r><w:fldChar w:fldCharType="begin">{data}</w:fldChar></w:r><w:r><w:instrText xml:space="preserve">{instruction}'
        f'</w:instrText></w:r>{shown}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def checkbox(inner: str) -> str:
    return f"<w:ffData><w:checkBox>{inner}</w:checkBox></w:ffData>"


@pytest.mark.parametrize(
    ("runs", "shown"),
    [
        (field(" REF _a \\h ", "第3条"), "第3条"),
        (field("FORMCHECKBOX", None, checkbox('<w:default w:val="0"/><w:checked/>')), "☑"),
        (field("FORMCHECKBOX", None, checkbox('<w:default w:val="0"/>')), "☐"),
        (field("FORMCHECKBOX", None, checkbox('<w:default w:val="1"/><w:checked w:val="0"/>')), "☐"),
        (field("FORMDROPDOWN", None, '<w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="否"/><w:listEntry w:val="可"/></w:ddList></w:ffData>'), "可"),
        (field("FORMTEXT", "記入"), "記入"),
        (field("EQ \\f(1,n)"), "1/n"),
        (field("EQ \\o\\ac(○,3)"), "③"),
        (field('EQ \\* jc2 \\* "Font:MS 明朝" \\o\\ad(\\s\\up 9(そくてい),測定)'), "測定"),
        (field("EQ x\\s\\up8(2)\\s\\do3(i)"), "x²_i"),
        (field("EQ \\i\\su(i=1,n,y)"), "∑_{i=1}^{n} y"),
        (field("EQ \\r(3,x)"), "³√x"),
        (field("EQ \\b\\bc\\[(a)"), "[a]"),
        (field("EQ \\x\\to(x)"), "x̄"),
        (field('SYMBOL 109 \\f "Symbol"'), "μ"),
        (field("XE &quot;索引&quot;"), ""),
        (field("MACROBUTTON No ここを押す"), "ここを押す"),
        ('<w:fldSimple w:instr="DATE"><w:r><w:t>2024年4月1日</w:t></w:r></w:fldSimple>', "2024年4月1日"),
        ('<w:r><w:fldChar w:fldCharType="begin"/><w:instrText>IF </w:instrText></w:r>' + field("PAGE", "7")
         + '<w:r><w:instrText> = 1</w:instrText><w:fldChar w:fldCharType="separate"/></w:r>' + t("本則")
         + '<w:r><w:fldChar w:fldCharType="end"/></w:r>', "本則"),
        ('<w:r><w:fldChar w:fldCharType="begin"/></w:r>' + t("閉じない"), "閉じない"),
        ('<w:del><w:r><w:delInstrText>REF x</w:delInstrText></w:r></w:del>' + t("本文"), "本文"),
    ],
)  # fmt: skip
def test_a_field_shows_its_result(tmp_path: Path, runs: str, shown: str) -> None:
    assert text(tmp_path, p(t("前"), runs, t("後"))) == f"前{shown}後"


@pytest.mark.parametrize("error", ["エラー! 参照元が見つかりません。", "Error! Reference source not found."])
def test_a_reference_without_target_is_told(tmp_path: Path, error: str) -> None:
    parsed = read(tmp_path, p(t("手順は"), field("REF _a", error), t("による。")))
    assert parsed.documents[0].text == "手順は[?]による。"
    assert keys(parsed) == {"word_broken": 1}


# Tracked changes


def test_tracked_changes_are_read_as_accepted(tmp_path: Path) -> None:
    body = p(
        t("期限は"), '<w:del><w:r><w:delText>30</w:delText></w:r></w:del>', f"<w:ins>{t('60')}</w:ins>", t("日。"),
        f"<w:moveFrom>{t('移動')}</w:moveFrom>",
    ) + p(f"<w:moveTo>{t('移動')}</w:moveTo>")  # fmt: skip
    parsed = read(tmp_path, body)
    assert parsed.documents[0].text == "期限は60日。\n\n移動"
    assert keys(parsed) == {"word_deleted": 1}


@pytest.mark.parametrize(
    ("first", "shown"),
    [
        (p(t("値引きは"), properties="<w:rPr><w:del/></w:rPr>"), "値引きは部長が認める。"),
        (p(t("値引きは"), properties="<w:rPr><w:vanish/></w:rPr>"), "値引きは部長が認める。"),
        (p(t("値"), properties='<w:framePr w:dropCap="drop"/>'), "値部長が認める。"),
        (p(t("値引きは"), properties="<w:rPr><w:ins/></w:rPr>"), "値引きは\n\n部長が認める。"),
        (p(t("値引き"), properties="<w:rPr><w:vanish/><w:specVanish/></w:rPr>"), "値引き\n\n部長が認める。"),
    ],
)
def test_paragraphs_whose_end_does_not_show_are_one(tmp_path: Path, first: str, shown: str) -> None:
    assert text(tmp_path, first + p(t("部長が認める。"))) == shown


def test_deleted_and_hidden_rows_and_cells(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        tbl(
            tr("品", "数"),
            tr("a", "1", properties="<w:del/>"),
            tr("b", "2", properties="<w:hidden/>"),
            tr("c", tc("3", "<w:cellDel/>")),
            tr("d", "4", properties="<w:ins/>"),
        ),
    )
    assert parsed.documents[0].text == "| 品 | 数 |\n| --- | --- |\n| c |  |\n| d | 4 |"
    assert keys(parsed) == {"left_out_hidden": 1, "word_deleted": 2}


# Notes and comments

FOOTNOTES = (
    '<w:footnotes NAMES><w:footnote w:type="separator" w:id="0"><w:p/></w:footnote>'
    '<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/><w:t xml:space="preserve"> 半額とする。（端数は切捨て。）</w:t></w:r></w:p></w:footnote>'
    '<w:footnote w:id="3"><w:p><w:r><w:t>Up to 20 percent. Not more.</w:t></w:r></w:p></w:footnote>'
    f'<w:footnote w:id="4"><w:p><w:r><w:t>{"長い注である。" * 60}</w:t></w:r></w:p></w:footnote></w:footnotes>'
)
ENDNOTES = (
    '<w:endnotes NAMES><w:endnote w:id="1"><w:p><w:r><w:t>旧規程による。</w:t></w:r></w:p></w:endnote></w:endnotes>'
)


def mark(number: int, kind: str = "footnote", more: str = "") -> str:
    follows = ' w:customMarkFollows="1"' if more else ""
    look = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
    return f'<w:r>{look}<w:{kind}Reference{follows} w:id="{number}"/>{more}</w:r>'


@pytest.mark.parametrize(
    ("runs", "shown"),
    [
        (t("日当は3,000円とする") + mark(2) + t("。"), "日当は3,000円とする（注1: 半額とする。（端数は切捨て。））。"),
        (t("日当は3,000円とする。") + mark(2) + t("宿泊は実費。"), "日当は3,000円とする（注1: 半額とする。（端数は切捨て。））。宿泊は実費。"),
        (t("Advances are paid.") + mark(3) + t(" Then ask."), "Advances are paid (note 1: Up to 20 percent. Not more.). Then ask."),
        (t("甲") + mark(2) + t("乙") + mark(1, "endnote"), "甲（注1: 半額とする。（端数は切捨て。））乙（文末注i: 旧規程による。）"),
        (t("日当") + mark(2, more="<w:t>*</w:t>") + t("は"), "日当（注*: 半額とする。（端数は切捨て。））は"),
        (t("甲") + mark(4) + t("。"), "甲（注1）。\n\n注1: " + "長い注である。" * 60),
        (t("甲") + mark(99) + t("。"), "甲。"),
        (t("甲", "<w:strike/>") + "<w:del>" + mark(2) + "</w:del>" + t("乙"), "乙"),
    ],
)  # fmt: skip
def test_notes_stand_beside_their_sentence(tmp_path: Path, runs: str, shown: str) -> None:
    assert text(tmp_path, p(runs), footnotes=FOOTNOTES, endnotes=ENDNOTES) == shown


def test_a_note_in_a_cell_and_notes_without_a_place(tmp_path: Path) -> None:
    assert text(tmp_path, tbl(tr("日当", tc(p(t("3,000円"), mark(3))))), footnotes=FOOTNOTES) == (
        "| 日当 | 3,000円（注1: Up to 20 percent. Not more.） |\n| --- | --- |"
    )


def test_a_note_to_a_heading_stands_below_it(tmp_path: Path) -> None:
    body = p(t("日当"), mark(2), properties='<w:pStyle w:val="H1"/>') + p(t("3,000円。"))
    assert text(tmp_path, body, footnotes=FOOTNOTES) == "# 日当\n\n注1: 半額とする。（端数は切捨て。）\n\n3,000円。"


@pytest.mark.parametrize(
    "runs",
    [
        t("日当は3,000円とする。") + mark(2) + t("宿泊は実費。"),
        t("Advances are paid.") + mark(3) + t(" Then ask for the rest."),
    ],
)
def test_a_sentence_is_cited_with_its_note(tmp_path: Path, runs: str) -> None:
    document = read(tmp_path, p(runs), footnotes=FOOTNOTES).documents[0]
    first, second = (span.of(document.text) for span in sentences(document.text))
    assert "注1" in first or "note 1" in first
    assert second in {"宿泊は実費。", "Then ask for the rest."}


COMMENTS = (
    '<w:comments NAMES><w:comment w:id="0" w:author="S. Mori"><w:p w14:paraId="0A"><w:r><w:t>来月から40 mm。確認中。</w:t></w:r></w:p></w:comment>'
    '<w:comment w:id="1" w:author="Kato"><w:p w14:paraId="0B"><w:r><w:t>Check. Twice.</w:t></w:r></w:p></w:comment>'
    '<w:comment w:id="2" w:author="Abe"><w:p><w:r><w:t>Twice too.</w:t></w:r></w:p></w:comment></w:comments>'
)


def remarked(number: int) -> str:
    return f'<w:r><w:commentReference w:id="{number}"/></w:r>'


def test_comments_are_set_off_and_can_be_left_out(tmp_path: Path) -> None:
    body = (
        p(t("厚さ30 mm以上。"), remarked(0))
        + p(t("It is thick."), remarked(1))
        + tbl(tr("a", tc(p(t("b"), remarked(2)))))
    )
    made(tmp_path, body, comments=COMMENTS)
    document = parse(tmp_path / "a.docx", "a.docx", Way(comments=True)).documents[0]
    assert document.text == (
        "厚さ30 mm以上。\n\n【コメント（S. Mori）: 来月から40 mm。確認中。】\n\nIt is thick.\n\n[Comment by Kato: Check. Twice.]\n\n"
        "| a | b [Comment by Abe: Twice too.] |\n| --- | --- |"
    )
    units = [span.of(document.text) for span in sentences(document.text)]
    assert [unit[:3] for unit in units if "確認中" in unit or "Twice" in unit] == ["【コメ", "[Co", "| a"]
    (page,) = DocxReader().load_data(tmp_path / "a.docx")
    assert "コメント" not in page.text
    assert [(note.key, note.values["count"]) for note in page.metadata["notes"]] == [("comments_off", 3)]


def test_a_resolved_comment_is_told_as_such(tmp_path: Path) -> None:
    extended = '<w15:commentsEx NAMES><w15:commentEx w15:paraId="0A" w15:done="1"/></w15:commentsEx>'
    path = made(tmp_path, p(t("厚さ。"), remarked(0)), comments=COMMENTS, commentsExtended=extended)
    assert "【コメント（S. Mori、解決済み）:" in parse(path, "a.docx", Way(comments=True)).documents[0].text


# Page headers


def section(*references: str, more: str = "") -> str:
    return f"<w:sectPr>{''.join(references)}{more}</w:sectPr>"


def test_page_headers_that_say_which_document_it_is(tmp_path: Path) -> None:
    header = f"<w:hdr NAMES>{tbl(tr('文書番号', 'QM-0417'), tr('改訂', '第6版'))}{p(t('株式会社品質工学'))}</w:hdr>"
    footer = f"<w:ftr NAMES>{p(field('PAGE', '1'), t(' / '), field('NUMPAGES', '9'), t(' ページ'))}{p(t('主管：計測室'))}</w:ftr>"
    refs = section(
        '<w:headerReference w:type="default" r:id="header1"/>', '<w:footerReference w:type="default" r:id="footer1"/>'
    )
    body = (
        p(t("測定室"), properties='<w:pStyle w:val="H1"/>') + p(t("20℃に保つ。"), properties=refs) + p(t("次。")) + refs
    )
    assert text(tmp_path, body, header1=header, footer1=footer) == (
        "# 測定室\n\n| 文書番号 | QM-0417 |\n| --- | --- |\n| 改訂 | 第6版 |\n\n主管：計測室\n\n20℃に保つ。\n\n次。"
    )


def test_a_first_page_header_counts_where_it_is_shown(tmp_path: Path) -> None:
    header = f"<w:hdr NAMES>{p(t('制定 2024年9月2日'))}</w:hdr>"
    reference = '<w:headerReference w:type="first" r:id="header1"/>'
    assert text(tmp_path, p(t("本文。")) + section(reference), header1=header) == "本文。"
    shown = text(tmp_path, p(t("本文。")) + section(reference, more="<w:titlePg/>"), header1=header)
    assert shown == "制定 2024年9月2日\n\n本文。"


def test_headers_that_tell_nothing_are_left_out(tmp_path: Path) -> None:
    header = f"<w:hdr NAMES>{p(t('株式会社品質工学'))}{p(t('Copyright 2024 QEU'))}{p(t('('), field('PAGE', '1'), t('/'), field('NUMPAGES', '3'), t(')'))}</w:hdr>"
    reference = '<w:headerReference w:type="default" r:id="header1"/>'
    assert text(tmp_path, p(t("本文。")) + section(reference), header1=header) == "本文。"
    second = f"<w:hdr NAMES>{p(t('QM-2 ('), field('PAGE', '1'), t('/'), field('NUMPAGES', '3'), t(')'))}</w:hdr>"
    body = (
        p(t("表紙。"), properties=section(reference))
        + p(t("本文。"))
        + section(reference.replace("header1", "header2"))
    )
    assert text(tmp_path, body, header1=header, header2=second) == "QM-2\n\n表紙。\n\n本文。"


def test_a_watermark_voids_a_document(tmp_path: Path) -> None:
    shape = '<w:r><w:pict><v:shape><v:textpath string="廃止"/></v:shape></w:pict></w:r>'
    header = f"<w:hdr NAMES>{p(shape)}</w:hdr>"
    reference = '<w:headerReference w:type="default" r:id="header1"/>'
    assert text(tmp_path, p(t("本文。")) + section(reference), header1=header) == "透かし: 廃止\n\n本文。"


# Drawings


def box(words: str, fill: str = "") -> str:
    return (
        f"<wps:wsp><wps:spPr>{fill}</wps:spPr><wps:txbx><w:txbxContent>{p(words)}</w:txbxContent></wps:txbx></wps:wsp>"
    )


def drawn(inner: str, name: str = "") -> str:
    return f"<w:drawing><wp:anchor><wp:docPr {name}/><a:graphic><a:graphicData>{inner}</a:graphicData></a:graphic></wp:anchor></w:drawing>"


def test_text_boxes_are_read_once_also_in_groups(tmp_path: Path) -> None:
    choice = drawn(f"<wpg:wgp>{box(t('枠の中'))}{box(t('もう一つ'))}</wpg:wgp>")
    fallback = f"<w:pict><v:group><v:shape><v:textbox><w:txbxContent>{p(t('枠の中'))}</w:txbxContent></v:textbox></v:shape></v:group></w:pict>"
    both = f'<mc:AlternateContent><mc:Choice Requires="wpg">{choice}</mc:Choice><mc:Fallback>{fallback}</mc:Fallback></mc:AlternateContent>'
    old = "<w:r><w:pict><v:textbox><w:txbxContent>" + p(t("古い枠")) + "</w:txbxContent></v:textbox></w:pict></w:r>"
    lettering = '<w:r><w:pict><v:shape><v:textpath string="飾り文字"/></v:shape></w:pict></w:r>'
    body = p(t("本文"), f"<w:r>{both}</w:r>", old, lettering)
    assert text(tmp_path, body) == "本文\n\n枠の中\n\nもう一つ\n\n古い枠\n\n飾り文字"


def test_hidden_and_white_text_boxes(tmp_path: Path) -> None:
    white = '<a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill>'
    dark = '<a:solidFill><a:srgbClr val="000080"/></a:solidFill>'
    look = '<w:color w:val="FFFFFF"/>'
    body = p(
        t("本文"),
        f"<w:r>{drawn(box(t('隠す')), HIDDEN)}</w:r>",
        f"<w:r><w:rPr><w:vanish/></w:rPr>{drawn(box(t('隠す')))}</w:r>",
        f"<w:r>{drawn(box(t('白地', look), white))}{drawn(box(t('紺地', look), dark))}</w:r>",
        f"<w:del><w:r>{drawn(box(t('消した')))}</w:r></w:del>",
    )
    parsed = read(tmp_path, body)
    assert parsed.documents[0].text == "本文\n\n紺地"
    assert keys(parsed) == {"left_out_hidden": 2, "left_out_white": 1, "word_deleted": 1}


def test_white_text_over_a_picture_is_read(tmp_path: Path) -> None:
    white = '<w:color w:val="FFFFFF"/>'
    picture = '<w:r><w:drawing><wp:anchor behindDoc="1"><wp:docPr/></wp:anchor></w:drawing></w:r>'
    body = (
        p(picture)
        + p(t("表紙の題", white))
        + p('<w:r><w:br w:type="page"/></w:r>')
        + p(t("本文。"), t("白い文。", white))
    )
    parsed = read(tmp_path, body)
    assert parsed.documents[0].text == "表紙の題\n\n本文。"
    assert keys(parsed) == {"left_out_white": 1}


def series(values: str, name: str = "達成率", form: str = "0%", kind: str = "val") -> str:
    points = "".join(f'<c:pt idx="{i}"><c:v>{v}</c:v></c:pt>' for i, v in enumerate(values.split()))
    label = (
        f"<c:tx><c:strRef><c:strCache><c:pt idx='0'><c:v>{name}</c:v></c:pt></c:strCache></c:strRef></c:tx>"
        if name
        else ""
    )
    return f"{label}<c:{kind}><c:numRef><c:numCache><c:formatCode>{form}</c:formatCode>{points}</c:numCache></c:numRef></c:{kind}>"


CATEGORIES = (
    "<c:cat><c:multiLvlStrRef><c:multiLvlStrCache><c:lvl><c:pt idx='0'><c:v>上期</c:v></c:pt><c:pt idx='1'><c:v>下期</c:v></c:pt></c:lvl>"
    "<c:lvl><c:pt idx='0'><c:v>2025年度</c:v></c:pt></c:lvl></c:multiLvlStrCache></c:multiLvlStrRef></c:cat>"
)


@pytest.mark.parametrize(
    ("plot", "shown"),
    [
        (f"<c:barChart><c:ser>{series('0.95 0.5')}{CATEGORIES}</c:ser></c:barChart>",
         "\n|  | 達成率 |\n| --- | --- |\n| 2025年度 上期 | 95% |\n| 2025年度 下期 | 50% |"),
        (f"<c:scatterChart><c:ser>{series('1 2', '', 'General', 'xVal')}{series('0.5 1.25', '', '0.00', 'yVal')}</c:ser></c:scatterChart>",
         "\n| X | Y |\n| --- | --- |\n| 1 | 0.50 |\n| 2 | 1.25 |"),
        (f"<c:lineChart><c:ser>{series('45292', '日', 'General')}</c:ser><c:axId val='1'/></c:lineChart>"
         "<c:valAx><c:axId val='1'/><c:title><c:tx><c:rich><a:p><a:r><a:t>日付</a:t></a:r></a:p></c:rich></c:tx></c:title>"
         "<c:numFmt formatCode='yyyy/m/d'/></c:valAx>", "日付\n\n|  | 日 |\n| --- | --- |\n| 1 | 2024-01-01 |"),
    ],
)  # fmt: skip
def test_charts_give_their_values(tmp_path: Path, plot: str, shown: str) -> None:
    part = f"<c:chartSpace NAMES><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>推移</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea>{plot}</c:plotArea></c:chart></c:chartSpace>"
    assert text(tmp_path, p(f"<w:r>{drawn(CHART)}</w:r>"), chart1=part) == "推移\n" + shown


def test_a_newer_chart_gives_its_values(tmp_path: Path) -> None:
    part = (
        '<cx:chartSpace xmlns:cx="http://schemas.microsoft.com/office/drawing/2014/chartex"><cx:chartData><cx:data id="0">'
        '<cx:strDim type="cat"><cx:lvl><cx:pt idx="0">売上</cx:pt></cx:lvl></cx:strDim><cx:numDim type="val"><cx:lvl formatCode="#,##0">'
        '<cx:pt idx="0">1200</cx:pt></cx:lvl></cx:numDim></cx:data></cx:chartData></cx:chartSpace>'
    )
    inner = '<cx:chart xmlns:cx="http://schemas.microsoft.com/office/drawing/2014/chartex" r:id="chartEx1"/>'
    assert text(tmp_path, p(f"<w:r>{drawn(inner)}</w:r>"), chartEx1=part) == "| 売上 | 1,200 |\n| --- | --- |"


def test_a_diagram_is_a_list_as_deep_as_it_hangs(tmp_path: Path) -> None:
    points = "".join(
        f'<dgm:pt modelId="{key}"{kind}><dgm:t><a:p><a:r><a:t>{words}</a:t></a:r></a:p></dgm:t></dgm:pt>'
        for key, kind, words in (
            ("0", ' type="doc"', ""),
            ("2", "", "課"),
            ("1", "", "部"),
            ("3", ' type="parTrans"', "x"),
        )
    )
    links = '<dgm:cxn srcId="0" destId="1" srcOrd="0"/><dgm:cxn srcId="1" destId="2" srcOrd="0"/>'
    part = f"<dgm:dataModel NAMES><dgm:ptLst>{points}</dgm:ptLst><dgm:cxnLst>{links}</dgm:cxnLst></dgm:dataModel>"
    assert text(tmp_path, p(f"<w:r>{drawn(DIAGRAM)}</w:r>"), data1=part) == "- 部\n  - 課"


def test_embedded_objects_are_told(tmp_path: Path) -> None:
    parsed = read(tmp_path, p(t("式 "), '<w:r><w:object><o:OLEObject ProgID="Equation.3"/></w:object></w:r>'))
    assert keys(parsed) == {"word_embedded": 1}


def test_words_of_drawn_shapes_and_documents_below(tmp_path: Path) -> None:
    shape = "<a:sp><a:txBody><a:p><a:r><a:t>流れ</a:t></a:r><a:r><a:t>図</a:t></a:r></a:p></a:txBody></a:sp>"
    parsed = read(tmp_path, p(t("本文"), f"<w:r>{drawn(shape)}</w:r>") + '<w:subDoc r:id="none"/>')
    assert parsed.documents[0].text == "本文\n\n流れ図"
    assert keys(parsed) == {"word_embedded": 1}


def test_files_taken_in_are_read(tmp_path: Path) -> None:
    body = p(t("前。")) + '<w:altChunk r:id="aFChunk_html"/>' + '<w:altChunk r:id="aFChunk_mht"/>' + p(t("後。"))
    parsed = read(
        tmp_path, body, aFChunk_html="<html><body><p>別紙の本文。</p></body></html>", aFChunk_mht="MIME-Version: 1.0"
    )
    assert parsed.documents[0].text == "前。\n\n別紙の本文。\n\n後。"
    assert keys(parsed) == {"word_embedded": 1}


def test_text_and_word_files_taken_in_are_read(tmp_path: Path) -> None:
    inner = made(
        tmp_path / "inner.docx", p(t("別の文書")) + '<w:altChunk r:id="aFChunk_docx"/>', aFChunk_docx=b"PK"
    ).read_bytes()
    body = "".join(f'<w:altChunk r:id="aFChunk_{kind}"/>' for kind in ("txt", "docx")) + p(t("後。"))
    assert text(tmp_path, body, aFChunk_txt="覚え書き", aFChunk_docx=inner) == "覚え書き\n\n別の文書\n\n後。"
    broken = read(tmp_path, p(t("前。")) + body, aFChunk_txt="", aFChunk_docx=b"PK broken")
    assert (broken.documents[0].text, keys(broken)) == ("前。\n\n後。", {"word_embedded": 2})


# Tables

CHART, DIAGRAM, HIDDEN = '<c:chart r:id="chart1"/>', '<dgm:relIds r:dm="data1"/>', 'hidden="1"'
SPAN2 = '<w:gridSpan w:val="2"/>'
DOWN, GOES_ON = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"


@pytest.mark.parametrize(
    ("table", "shown"),
    [
        (tbl(tr("a", "b", "c"), tr("x", "y", properties='<w:gridBefore w:val="1"/>'), tr("z", properties='<w:gridAfter w:val="2"/>')),
         "| a | b | c |\n| --- | --- | --- |\n|  | x | y |\n| z |  |  |"),
        (tbl(tr("a", "b"), tr(tc("x", DOWN), "1"), tr(tc("", GOES_ON), "2")), "| a | b |\n| --- | --- |\n| x | 1 |\n| x | 2 |"),
        (tbl(tr(tc("a", '<w:hMerge w:val="restart"/>'), tc("", "<w:hMerge/>"), "b"), tr("1", "2", "3")),
         "| a |  | b |\n| --- | --- | --- |\n| 1 | 2 | 3 |"),
        (tbl(tr(tc("工程", DOWN), tc("2025年度", SPAN2)), tr(tc("", GOES_ON), "上期", "下期"), tr("塗装", "0.8%", "0.6%")),
         "| 工程 | 2025年度 上期 | 2025年度 下期 |\n| --- | --- | --- |\n| 塗装 | 0.8% | 0.6% |"),
        (tbl(tr("年", "度", properties="<w:tblHeader/>"), tr("上", "下", properties="<w:tblHeader/>"), tr("1", "2")),
         "| 年 上 | 度 下 |\n| --- | --- |\n| 1 | 2 |"),
        (tbl(tr(tc("表題", SPAN2)), tr("a", "b"), tr("1", "2")), "表題\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"),
        (tbl(tr("部署", "設備"), tr("製造課", tc(p(t("次のとおり")) + tbl(tr("名称", "台数"), tr("旋盤", "7台"))))),
         "| 部署 | 設備 |\n| --- | --- |\n| 製造課 | 次のとおり |\n\n製造課 設備 次のとおり\n\n| 名称 | 台数 |\n| --- | --- |\n| 旋盤 | 7台 |"),
        (tbl(tr("設備", tc(p() + tbl(tr("名称", "台数"), tr("旋盤", "7台")) + p()))), "設備\n\n| 名称 | 台数 |\n| --- | --- |\n| 旋盤 | 7台 |"),
        (tbl(tr(tc(tbl(tr("a", "b"), tr("1", "2"))), tc(tbl(tr("c", "d"), tr("3", "4"))))),
         "| a | b |\n| --- | --- |\n| 1 | 2 |\n\n| c | d |\n| --- | --- |\n| 3 | 4 |"),
        (f"<w:tbl><w:sdt><w:sdtContent>{tr('a', 'b')}</w:sdtContent></w:sdt><w:ins>{tr('1', '2')}</w:ins></w:tbl>",
         "| a | b |\n| --- | --- |\n| 1 | 2 |"),
    ],
)  # fmt: skip
def test_tables_keep_their_columns(tmp_path: Path, table: str, shown: str) -> None:
    assert text(tmp_path, table) == shown


# Numbers


def level(depth: int, form: str, pattern: str, more: str = "") -> str:
    return f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{pattern}"/>{more}</w:lvl>'


def numbered(words: str, depth: int = 0) -> str:
    return p(t(words) if words else "", properties=f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="1"/></w:numPr>')


@pytest.mark.parametrize(
    ("levels", "body", "shown"),
    [
        (level(0, "decimal", "第%1条"), numbered("甲") + numbered("") + numbered("乙"), "- 第1条 甲\n- 第3条 乙"),
        (level(0, "upperRoman", "%1") + level(1, "decimal", "%1.%2", "<w:isLgl/>"), numbered("甲") + numbered("乙", 1), "- I 甲\n  - 1.1 乙"),
        (level(0, "decimal", "%1.") + level(1, "decimal", "(%2)", '<w:lvlRestart w:val="0"/>'),
         numbered("甲") + numbered("乙", 1) + numbered("丙") + numbered("丁", 1), "1. 甲\n  - (1) 乙\n2. 丙\n  - (2) 丁"),
        (level(0, "bullet", "\uf0fb", '<w:rPr><w:rFonts w:ascii="Wingdings"/></w:rPr>'), numbered("禁止"), "- ✗ 禁止"),
        (level(0, "bullet", "\uf06c", '<w:rPr><w:rFonts w:ascii="Wingdings"/></w:rPr>'), numbered("項目"), "- 項目"),
        (level(0, "ideographTraditional", "%1"), numbered("売主"), "- 甲 売主"),
        (level(0, "decimalEnclosedParen", "%1"), numbered("a"), "- ⑴ a"),
    ],
)  # fmt: skip
def test_numbers_that_word_shows(tmp_path: Path, levels: str, body: str, shown: str) -> None:
    numbering = (
        f'<w:numbering NAMES><w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )
    assert text(tmp_path, body, numbering=numbering) == shown


def test_a_list_style_lends_its_levels(tmp_path: Path) -> None:
    numbering = (
        f'<w:numbering NAMES><w:abstractNum w:abstractNumId="0">{level(0, "decimal", "第%1条")}<w:styleLink w:val="L"/></w:abstractNum>'
        '<w:abstractNum w:abstractNumId="1"><w:numStyleLink w:val="L"/></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num></w:numbering>'
    )
    assert text(tmp_path, numbered("甲"), numbering=numbering) == "- 第1条 甲"


def test_numbers_alone_in_cells(tmp_path: Path) -> None:
    numbering = (
        f'<w:numbering NAMES><w:abstractNum w:abstractNumId="0">{level(0, "decimal", "No.%1")}</w:abstractNum>'
        f'<w:abstractNum w:abstractNumId="1">{level(0, "bullet", "●")}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num></w:numbering>'
    )
    dot = '<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="2"/></w:numPr></w:pPr></w:p>'
    body = tbl(tr("番号", "名称"), tr(tc(numbered("")), "軸"), tr(tc(numbered("")), tc(dot)))
    assert text(tmp_path, body, numbering=numbering).splitlines()[2:] == ["| No.1 | 軸 |", "| No.2 |  |"]


# Damage


def test_hostile_files_are_read_or_reported(tmp_path: Path) -> None:
    begins = "".join('<w:r><w:fldChar w:fldCharType="begin"/></w:r>' for _ in range(20_000))
    ends = "".join('<w:r><w:fldChar w:fldCharType="end"/></w:r>' for _ in range(20_000))
    assert "本文" in text(tmp_path, p(begins, t("本文"), ends) + p(t("本文")))
    deep = "<w:sdt><w:sdtContent>" * 110 + p(t("深い")) + "</w:sdtContent></w:sdt>" * 110
    assert text(tmp_path, deep) == "深い"
    wide = tbl(tr(tc("a", '<w:gridSpan w:val="999999999"/>'), "b"), tr("x", properties='<w:gridBefore w:val="-5"/>'))
    assert "x" in text(tmp_path, wide)
    missing = p(t("図"), f"<w:r>{drawn(CHART.replace('chart1', 'none'))}</w:r>", mark(5), remarked(9))
    assert text(tmp_path, missing, footnotes="<broken", comments="<w:comments NAMES/>") == "図"
