"""OpenDocument files, made here of their XML, read for what they say."""

# ruff: noqa: E501 - XML and RTF are easier to read in whole lines

from pathlib import Path

import pytest
from archives import zipped

from qeu_rag.errors import ReadError
from qeu_rag.ingest.read import Parsed, parse
from qeu_rag.ingest.readers.options import Way

NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}"'
    for prefix, name in {
        "office": "office:1.0", "text": "text:1.0", "table": "table:1.0", "style": "style:1.0", "fo": "xsl-fo-compatible:1.0",
        "draw": "drawing:1.0", "svg": "svg-compatible:1.0", "presentation": "presentation:1.0", "form": "form:1.0",
        "chart": "chart:1.0", "meta": "meta:1.0",
    }.items()
) + ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:m="http://www.w3.org/1998/Math/MathML"'  # fmt: skip

STYLES = """
<style:style style:name="sup" style:family="text"><style:text-properties style:text-position="super 58%"/></style:style>
<style:style style:name="sub" style:family="text"><style:text-properties style:text-position="-33% 58%"/></style:style>
<style:style style:name="strike" style:family="text"><style:text-properties style:text-line-through-style="solid"/></style:style>
<style:style style:name="child" style:family="text" style:parent-style-name="strike"><style:text-properties fo:color="#ff0000"/></style:style>
<style:style style:name="unstrike" style:family="text" style:parent-style-name="strike"><style:text-properties style:text-line-through-style="none"/></style:style>
<style:style style:name="hidden" style:family="text"><style:text-properties text:display="none"/></style:style>
<style:style style:name="white" style:family="text"><style:text-properties fo:color="#ffffff"/></style:style>
<style:style style:name="tiny" style:family="text"><style:text-properties fo:font-size="1pt"/></style:style>
<style:style style:name="whiteonblue" style:family="text"><style:text-properties fo:color="#ffffff" fo:background-color="#0000ff"/></style:style>
<style:style style:name="symbol" style:family="text"><style:text-properties style:font-name="Wingdings"/></style:style>
<style:style style:name="struckpara" style:family="paragraph"><style:text-properties style:text-line-through-type="single"/></style:style>
<style:style style:name="hiddenpara" style:family="paragraph"><style:text-properties text:display="none"/></style:style>
<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>
<style:style style:name="Title" style:family="paragraph" style:display-name="Title"/>
<style:style style:name="Preformatted_20_Text" style:family="paragraph" style:display-name="Preformatted Text"/>
<style:style style:name="blue" style:family="table-cell"><style:table-cell-properties fo:background-color="#000080"/></style:style>
<style:style style:name="strikecell" style:family="table-cell"><style:text-properties style:text-line-through-style="solid"/></style:style>
<style:style style:name="bold" style:family="table-cell"><style:text-properties fo:font-weight="bold"/></style:style>
<style:style style:name="nosheet" style:family="table"><style:table-properties table:display="false"/></style:style>
<style:style style:name="noslide" style:family="drawing-page"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>
<text:list-style style:name="num"><text:list-level-style-number text:level="1" style:num-suffix="." style:num-format="1"/>
<text:list-level-style-number text:level="2" style:num-prefix="(" style:num-suffix=")" style:num-format="a"/></text:list-style>
<text:list-style style:name="jo"><text:list-level-style-number text:level="1" style:num-prefix="第" style:num-suffix="条" style:num-format="1"/>
<text:list-level-style-number text:level="2" style:num-format="1" style:num-suffix="." text:display-levels="2"/></text:list-style>
<text:list-style style:name="dot"><text:list-level-style-bullet text:level="1" text:bullet-char="•"/></text:list-style>
"""
OUTLINE = """<text:outline-style style:name="Outline"><text:outline-level-style text:level="1" style:num-format="1"/>
<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/></text:outline-style>"""


def made(path: Path, kind: str, body: str, more: dict[str, str] | None = None) -> Path:
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {NAMES}><office:automatic-styles>{STYLES}'
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    return zipped(path, {"content.xml": content, **(more or {})})


def odt(tmp_path: Path, body: str, more: dict[str, str] | None = None) -> Parsed:
    return parse(made(tmp_path / "a.odt", "text", body, more), "a.odt", Way(comments=True))


def text(tmp_path: Path, body: str, more: dict[str, str] | None = None) -> str:
    (document,) = odt(tmp_path, body, more).documents
    return document.text


def span(style: str, words: str) -> str:
    return f'<text:span text:style-name="{style}">{words}</text:span>'


@pytest.mark.parametrize(
    ("inner", "shown", "told"),
    [
        ("10" + span("sup", "6") + " Ω", "10⁶ Ω", ""),
        ("H" + span("sub", "2") + "O", "H₂O", ""),
        ("期限は" + span("strike", "30日") + "60日", "期限は60日", "struck-out passages left out: 1"),
        ("a" + span("child", "x") + span("child", "y") + "b", "ab", "struck-out passages left out: 1"),
        ("a" + span("unstrike", "x"), "ax", ""),
        ("a" + span("hidden", "社内限り"), "a", "hidden passages left out: 1"),
        ("a" + span("white", "x"), "a", "passages that cannot be seen (no size, white on white) left out: 1"),
        ("a" + span("tiny", "x"), "a", "passages that cannot be seen (no size, white on white) left out: 1"),
        ("a" + span("whiteonblue", "x"), "ax", ""),
        (span("symbol", "\uf0fe") + " yes", "☑ yes", ""),
        ("a<text:s text:c='3'/>b<text:tab/>c<text:line-break/>d", "a b c\nd", ""),
        ("<text:ruby><text:ruby-base>規程</text:ruby-base><text:ruby-text>きてい</text:ruby-text></text:ruby>", "規程（きてい）", ""),
        ('<text:a xlink:href="http://x">link</text:a>', "link", ""),
        ('a<text:hidden-text text:is-hidden="true" text:string-value="no"/>', "a", "hidden passages left out: 1"),
        ('a<text:hidden-text text:is-hidden="false" text:string-value="yes"/>', "ayes", ""),
        ('b<text:change-start/>new<text:change-end/>', "bnew", ""),
        (
            '単価<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>税別'
            "</text:p></text:note-body></text:note>は5円。", "単価（注1: 税別）は5円。", "",
        ),
        (
            "保管は20 L<office:annotation><dc:creator>佐藤</dc:creator><text:p>15 Lまで</text:p></office:annotation>。",
            "保管は20 L【コメント（佐藤）: 15 Lまで】。", "",
        ),
        ('x<draw:frame text:anchor-type="as-char"><draw:object><m:math><m:mfrac><m:mi>a</m:mi><m:mn>2</m:mn></m:mfrac></m:math></draw:object></draw:frame>', "xa/2", ""),
        ('<draw:frame><draw:text-box><text:p>box</text:p></draw:text-box></draw:frame>para', "para\n\nbox", ""),
        ('<draw:g><draw:custom-shape><text:p>shape</text:p></draw:custom-shape></draw:g>para', "para\n\nshape", ""),
        ("# no heading", "\\# no heading", ""),
    ],
)  # fmt: skip
def test_what_a_paragraph_says(tmp_path: Path, inner: str, shown: str, told: str) -> None:
    read = odt(tmp_path, f"<text:p>{inner}</text:p>")
    assert read.documents[0].text == shown
    assert "; ".join(map(str, read.notes)) == told
    assert all("remark." not in note.render("ja") for note in read.notes)


def test_blocks_that_do_not_count(tmp_path: Path) -> None:
    body = """<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion></text:changed-region>
    </text:tracked-changes><text:table-of-content><text:index-body><text:p>目次</text:p></text:index-body></text:table-of-content>
    <text:section text:display="none"><text:p>secret</text:p></text:section><text:section><text:p>open</text:p></text:section>
    <text:p text:style-name="struckpara">old rule</text:p><text:p text:style-name="hiddenpara">hid</text:p>
    <text:p><text:hidden-paragraph text:is-hidden="true"/>hidden</text:p>"""
    read = odt(tmp_path, body)
    assert read.documents[0].text == "open"
    assert [str(note) for note in read.notes] == [
        "deleted passages (tracked changes) left out: 1",
        "struck-out passages left out: 1",
        "hidden passages left out: 3",
    ]


def test_headings_lists_and_code(tmp_path: Path) -> None:
    body = """<text:p text:style-name="P1">旅費規程</text:p><text:h text:outline-level="1">総則</text:h>
    <text:h text:outline-level="2">目的</text:h><text:h text:outline-level="2">範囲</text:h>
    <text:list text:style-name="num"><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>sub</text:p></text:list-item>
    </text:list></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>
    <text:p>between</text:p>
    <text:list text:style-name="num" text:continue-numbering="true"><text:list-item><text:p>three</text:p></text:list-item></text:list>
    <text:list text:style-name="jo"><text:list-item text:start-value="3"><text:p>条文</text:p><text:list><text:list-item><text:p>項</text:p></text:list-item></text:list></text:list-item></text:list>
    <text:list text:style-name="dot"><text:list-item><text:p>bullet</text:p></text:list-item></text:list>
    <text:p text:style-name="Preformatted_20_Text">x = 1</text:p><text:p text:style-name="Preformatted_20_Text">y = 2</text:p>"""
    styles = f"<office:document-styles {NAMES}><office:styles>{OUTLINE}</office:styles></office:document-styles>"
    assert text(tmp_path, body, {"styles.xml": styles}) == (
        "# 旅費規程\n\n# 1 総則\n\n## 1.1 目的\n\n## 1.2 範囲\n\n1. one\n   - (a) sub\n2. two\n\nbetween\n\n3. three\n\n"
        "- 第3条 条文\n  - 3.1. 項\n\n- bullet\n\n```\nx = 1\ny = 2\n```"
    )


def test_a_list_that_is_set_further_in(tmp_path: Path) -> None:
    inner = "<text:list><text:list-item><text:p>in</text:p></text:list-item></text:list>"
    item = "<text:list-item>{}</text:list-item>"
    body = f'<text:list text:style-name="dot">{item.format(inner)}{item.format("<text:p>out</text:p>")}{item.format(inner)}</text:list>'
    assert text(tmp_path, body) == "- in\n\n- out\n  - in"


def test_tables(tmp_path: Path) -> None:
    body = """<table:table><table:table-column table:number-columns-repeated="3"/><table:table-header-rows><table:table-row>
    <table:table-cell table:number-rows-spanned="2" table:style-name="blue"><text:p><text:span text:style-name="white">工程</text:span></text:p></table:table-cell>
    <table:table-cell table:number-columns-spanned="2"><text:p>2025年度</text:p></table:table-cell><table:covered-table-cell/></table:table-row>
    <table:table-row><table:covered-table-cell/><table:table-cell><text:p>上期</text:p></table:table-cell><table:table-cell><text:p>下期</text:p></table:table-cell></table:table-row>
    </table:table-header-rows><table:table-row><table:table-cell><text:p>塗装</text:p></table:table-cell>
    <table:table-cell table:number-columns-repeated="2"><text:p>0.8%</text:p><text:p>x|y</text:p></table:table-cell></table:table-row></table:table>"""
    assert text(tmp_path, body) == (
        "| 工程 | 2025年度 上期 | 2025年度 下期 |\n| --- | --- | --- |\n| 塗装 | 0.8% x\\|y | 0.8% x\\|y |"
    )


def test_page_headers_that_tell_something(tmp_path: Path) -> None:
    styles = (
        f"<office:document-styles {NAMES}><office:master-styles><style:master-page><style:header><text:p>文書番号: QM-01</text:p>"
        "</style:header><style:footer><text:p>Page <text:page-number>1</text:page-number></text:p></style:footer>"
        "</style:master-page></office:master-styles></office:document-styles>"
    )
    assert text(tmp_path, "<text:p>本文</text:p>", {"styles.xml": styles}) == "文書番号: QM-01\n\n本文"


def test_charts_formulas_and_objects(tmp_path: Path) -> None:
    chart = f"""<office:document-content {NAMES}><office:body><office:chart><chart:chart><chart:title><text:p>売上</text:p></chart:title>
    <table:table table:name="local-table"><table:table-header-rows><table:table-row><table:table-cell><text:p>月</text:p></table:table-cell>
    <table:table-cell><text:p>円</text:p></table:table-cell></table:table-row></table:table-header-rows><table:table-rows><table:table-row>
    <table:table-cell><text:p>4月</text:p></table:table-cell><table:table-cell><text:p>120</text:p></table:table-cell></table:table-row></table:table-rows>
    </table:table></chart:chart></office:chart></office:body></office:document-content>"""
    formula = '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><msup><mi>x</mi><mn>2</mn></msup><annotation>x^2</annotation></semantics></math>'
    body = (
        '<text:p>a<draw:frame><draw:object xlink:href="./Object 1"><text:p/></draw:object></draw:frame></text:p>'
        '<text:p>f = <draw:frame><draw:object xlink:href="./Object 2"/></draw:frame></text:p>'
        '<text:p>o<draw:frame><draw:object-ole xlink:href="./Object 3"/></draw:frame></text:p>'
    )
    read = odt(tmp_path, body, {"Object 1/content.xml": chart, "Object 2/content.xml": formula})
    assert read.documents[0].text == "a\n\n売上\n\n| 月 | 円 |\n| --- | --- |\n| 4月 | 120 |\n\nf = x²\n\no"
    assert [str(note) for note in read.notes] == ["embedded objects (such as sheets and old equations) not read: 1"]


@pytest.mark.parametrize(
    ("axis", "series", "plot", "shown"),
    [
        ("percent", "plain", "", "| 4月 | 1.2% | 1.9% |"),
        ("plain", "percent", "", "| 4月 | 1.2% | 0.019 |"),
        ("plain", "plain", "", "| 4月 | 0.012 | 0.019 |"),
        ("percent", "plain", 'chart:percentage="true"', "| 4月 | 0.012 | 0.019 |"),
    ],
)
def test_percentages_of_a_chart(tmp_path: Path, axis: str, series: str, plot: str, shown: str) -> None:
    def chart_cell(words: str) -> str:
        value = f'office:value-type="float" office:value="{words}"' if words[0].isdigit() and "." in words else ""
        return cell(words, value)

    rows = row(chart_cell("月"), chart_cell("不良"), chart_cell("他")) + row(
        *map(chart_cell, ("4月", "0.012", "0.019"))
    )
    chart = f"""<office:document-content {NAMES} xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"><office:automatic-styles>
    <number:percentage-style style:name="N11"><number:number number:decimal-places="0"/><number:text>%</number:text></number:percentage-style>
    <style:style style:name="percent" style:family="chart" style:data-style-name="N11"/>
    <style:style style:name="plain" style:family="chart" style:data-style-name="N0"><style:chart-properties {plot}/></style:style>
    </office:automatic-styles><office:body><office:chart><chart:chart><chart:plot-area>
    <chart:axis chart:dimension="y" chart:style-name="{axis}"/>
    <chart:series chart:style-name="{series}" chart:values-cell-range-address="local-table.$B$2:.$B$2"/><chart:series chart:style-name="plain"/>
    </chart:plot-area><table:table table:name="local-table">{rows}</table:table></chart:chart></office:chart></office:body>
    </office:document-content>"""
    body = '<text:p>a<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame></text:p>'
    assert shown in text(tmp_path, body, {"Object 1/content.xml": chart})


def test_forms(tmp_path: Path) -> None:
    body = """<office:forms><form:form><form:checkbox form:id="c1" form:label="承認" form:current-state="checked"/>
    <form:checkbox form:id="c2" form:label="却下"/><form:text form:id="c3" form:current-value="佐藤"/></form:form></office:forms>
    <text:p><draw:control draw:control="c1"/> <draw:control draw:control="c2"/> <draw:control draw:control="c3"/></text:p>"""
    assert text(tmp_path, body) == "☑ 承認 ☐ 却下 佐藤"


def cell(words: str = "", more: str = "") -> str:
    return f"<table:table-cell {more}>{f'<text:p>{words}</text:p>' if words else ''}</table:table-cell>"


def row(*cells: str, more: str = "") -> str:
    return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"


def test_a_spreadsheet(tmp_path: Path) -> None:
    column = '<table:table-column/><table:table-column table:visibility="collapse"/><table:table-column table:number-columns-repeated="1000"/>'
    rows = [
        row(cell("品名"), cell("原価"), cell("単価"), cell("備考")),
        row(
            cell("A"),
            cell("3"),
            cell("1,200円", 'office:value-type="float" office:value="1200"'),
            cell(span("strike", "旧") + "新"),
        ),
        row(cell("B"), cell("4"), cell("5"), cell("10" + span("sup", "3"))),
        row(cell("隠し"), cell("5"), cell("6"), more='table:visibility="collapse"'),
        row(cell("絞り"), cell("5"), cell("6"), more='table:visibility="filter"'),
        row(cell("C"), cell("7"), cell("#REF!"), cell("", 'table:formula="of:=1+1"')),
        row(
            cell("D"),
            cell("7"),
            cell("", 'office:value-type="percentage" office:value="0.125"'),
            cell("struck", 'table:style-name="strikecell"'),
        ),
        row(
            cell("E<office:annotation/>"),
            cell("7"),
            "<table:table-cell><office:annotation><text:p>要確認</text:p></office:annotation><text:p>9</text:p></table:table-cell>",
            cell("", 'office:value-type="date" office:date-value="2025-04-01"'),
        ),
        row(cell(), more='table:number-rows-repeated="1048000"'),
    ]
    body = (
        f'<table:table table:name="価格 表">{column}{"".join(rows)}</table:table>'
        f'<table:table table:name="secret" table:style-name="nosheet">{row(cell("no"))}</table:table>'
        f'<table:table table:name="third">{row(cell("x"), cell("y"))}{row(cell("1"), cell("2"), more="table:number-rows-repeated=" + chr(34) + "2" + chr(34))}'
        "<table:shapes><draw:custom-shape><text:p>box</text:p></draw:custom-shape></table:shapes></table:table>"
    )
    read = parse(made(tmp_path / "a.ods", "spreadsheet", body), "a.ods", Way(comments=True))
    (document,) = read.documents
    assert document.text == (
        "# 価格 表\n\n| 品名 | 単価 | 備考 |\n| --- | --- | --- |\n| A | 1,200円 | 新 |\n| B | 5 | 10³ |\n| C | #REF! |  |\n"
        "| D | 12.5% |  |\n| E | 9 【コメント: 要確認】 | 2025-04-01 |\n\n# third\n\n| x | y |\n| --- | --- |\n| 1 | 2 |\n| 1 | 2 |\n\nbox"
    )
    assert [page.number for page in document.pages] == [1, 3]
    assert sorted(map(str, read.notes)) == sorted([
        "hidden sheets left out: 1", "hidden rows left out: 1",
        "rows hidden by a filter left out: 1 (clear the filter and save to have them read)", "hidden columns left out: 1",
        "cells with a formula whose result is not stored, read as empty: 1 (open the file in Excel and save it to have them read)",
        "cells that show an error such as #REF!: 1", "struck-out passages left out: 2",
    ])  # fmt: skip


def test_more_hours_than_a_day_has_stay_hours(tmp_path: Path) -> None:
    hours = cell("", 'office:value-type="time" office:time-value="PT36H05M00S"')
    body = '<table:table table:name="a">' + row(cell("炉"), cell("時間")) + row(cell("1号"), hours) + "</table:table>"
    (document,) = parse(made(tmp_path / "a.ods", "spreadsheet", body), "a.ods").documents
    assert "| 1号 | 36:05:00 |" in document.text


def test_headers_of_two_rows_in_a_spreadsheet(tmp_path: Path) -> None:
    body = (
        '<table:table table:name="s">'
        + row(
            cell("工程", 'table:number-rows-spanned="2"'),
            cell("2024年度", 'table:number-columns-spanned="2"'),
            "<table:covered-table-cell/>",
            cell("2025年度", 'table:number-columns-spanned="2"'),
            "<table:covered-table-cell/>",
        )
        + row("<table:covered-table-cell/>", cell("上期"), cell("下期"), cell("上期"), cell("下期"))
        + row(cell("塗装"), cell("1.2%"), cell("1.0%"), cell("0.8%"), cell("0.6%"))
        + "</table:table>"
    )
    (document,) = parse(made(tmp_path / "a.ods", "spreadsheet", body), "a.ods").documents
    assert "| 工程 | 2024年度 上期 | 2024年度 下期 | 2025年度 上期 | 2025年度 下期 |" in document.text


def test_a_presentation(tmp_path: Path) -> None:
    def frame(kind: str, words: str, y: str = "5cm", more: str = "") -> str:
        return f'<draw:frame presentation:class="{kind}" svg:x="1cm" svg:y="{y}" {more}><draw:text-box><text:p>{words}</text:p></draw:text-box></draw:frame>'

    body = (
        "<draw:page>" + frame("outline", "low", "9cm") + frame("outline", "high " + span("strike", "old"), "4cm") + frame("title", "題", "1cm")
        + f"<draw:g>{frame('outline', 'group', '10cm')}</draw:g>" + frame("footer", "foot") + frame("outline", "click here", more='presentation:placeholder="true"')
        + "<draw:frame svg:y='12cm'><table:table>" + row(cell("a"), cell("b")) + row(cell("1"), cell("2")) + "</table:table></draw:frame>"
        + "<office:annotation><text:p>確認</text:p></office:annotation>"
        + "<presentation:notes>" + frame("notes", "話すこと") + "</presentation:notes></draw:page>"
        + '<draw:page draw:style-name="noslide">' + frame("title", "secret") + "</draw:page>"
        + "<draw:page>" + frame("title", "次") + "</draw:page>"
    )  # fmt: skip
    read = parse(made(tmp_path / "a.odp", "presentation", body), "a.odp", Way(comments=True))
    (document,) = read.documents
    assert document.text == (
        "# 題\n\nhigh\n\nlow\n\ngroup\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n【コメント: 確認】\n\n話すこと\n\n# 次"
    )
    assert [page.number for page in document.pages] == [1, 3]
    assert [str(note) for note in read.notes] == ["hidden slides left out: 1", "struck-out passages left out: 1"]


@pytest.mark.parametrize(
    ("kind", "more", "why"),
    [
        ("text", {"META-INF/manifest.xml": "<m><encryption-data/></m>"}, "encrypted"),
        ("spreadsheet", {}, "damaged"),
        ("text", {}, "no_text"),
    ],
)
def test_files_that_are_not_read(tmp_path: Path, kind: str, more: dict[str, str], why: str) -> None:
    with pytest.raises(ReadError) as caught:
        parse(made(tmp_path / "a.odt", kind, "", more), "a.odt")
    assert caught.value.reason == why


def test_hostile_files_end_soon(tmp_path: Path) -> None:
    deep = "<text:section>" * 200 + "<text:p>deep</text:p>" + "</text:section>" * 200
    assert "deep" in text(tmp_path, deep)
    nested = (
        "<table:table><table:table-row><table:table-cell>" * 60
        + "<text:p>x</text:p>"
        + "</table:table-cell></table:table-row></table:table>" * 60
    )
    assert "x" in text(tmp_path, nested)
    huge = (
        "<table:table>"
        + row(cell("v", 'table:number-columns-repeated="9999999"'), more='table:number-rows-repeated="9999999"')
        + "</table:table>"
    )
    assert "v" in parse(made(tmp_path / "a.ods", "spreadsheet", huge), "a.ods").documents[0].text
    broken = zipped(tmp_path / "b.odt", {"content.xml": "<a><b>"})
    with pytest.raises(ReadError):
        parse(broken, "b.odt")
