"""What a slide says beyond the bare words of its shapes: each kind is read, or left out and told."""

# ruff: noqa: E501 (the files that are written here have lines that are longer)

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pptx
import pytest
from archives import change
from lxml import etree
from pptx.chart.data import BubbleChartData, CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches, Pt

from qeu_rag.ingest.read import Parsed, parse
from qeu_rag.ingest.readers.options import Way

A = "http://schemas.openxmlformats.org/drawingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def made(path: Path, fill: Callable[[Any], object], *, layout: int = 6) -> Parsed:
    deck = pptx.Presentation()
    fill(deck.slides.add_slide(deck.slide_layouts[layout]))
    deck.save(str(path))
    return parse(path, path.name)


def body(parsed: Parsed) -> str:
    return parsed.documents[0].text


def told(parsed: Parsed) -> list[str]:
    return [note.key for note in parsed.notes]


def box(slide: Any, *texts: str, top: float = 1.0) -> Any:
    """A text box with a run for each text, all in one paragraph."""
    shape = slide.shapes.add_textbox(Inches(1), Inches(top), Inches(5), Inches(0.5))
    for text in texts:
        shape.text_frame.paragraphs[0].add_run().text = text
    return shape


def style(shape: Any, run: int, **attributes: str) -> None:
    properties = shape.text_frame.paragraphs[0].runs[run]._r.get_or_add_rPr()
    for name, value in attributes.items():
        properties.set(name, value)


def test_raised_lowered_and_struck_out_runs(tmp_path: Path) -> None:
    def fill(slide: Any) -> None:
        style(box(slide, "10", "-4", " m以下"), 1, baseline="30000")
        style(box(slide, "CO", "2", top=2), 1, baseline="-25000")
        shape = box(slide, "保管は", "3年", "5年", top=3)
        style(shape, 1, strike="sngStrike")
        struck = box(slide, "取消", top=4)
        style(struck, 0, strike="dblStrike")

    parsed = made(tmp_path / "a.pptx", fill)
    assert body(parsed) == "10⁻⁴ m以下\n\nCO₂\n\n保管は5年"
    assert [(n.key, n.values["count"]) for n in parsed.notes] == [("left_out_struck", 2)]


def test_titles_and_tables_and_notes_have_runs_too(tmp_path: Path) -> None:
    def fill(slide: Any) -> None:
        for text in ("面積 m", "2", "旧"):
            slide.shapes.title.text_frame.paragraphs[0].add_run().text = text
        style(slide.shapes.title, 1, baseline="30000")
        style(slide.shapes.title, 2, strike="sngStrike")
        table = slide.shapes.add_table(2, 2, Inches(1), Inches(3), Inches(4), Inches(1)).table
        for r, line in enumerate((["項目", "値"], ["絶縁", "10"])):
            for c, text in enumerate(line):
                table.cell(r, c).text = text
        run = table.cell(1, 1).text_frame.paragraphs[0].add_run()
        run.text = "6"
        run._r.get_or_add_rPr().set("baseline", "30000")
        frame = slide.notes_slide.notes_text_frame
        frame.text = "話す"
        frame.paragraphs[0].add_run().text = "話さない"
        frame.paragraphs[0].runs[1]._r.get_or_add_rPr().set("strike", "sngStrike")

    parsed = made(tmp_path / "a.pptx", fill, layout=5)
    assert body(parsed) == "# 面積 m²\n\n| 項目 | 値 |\n| --- | --- |\n| 絶縁 | 10⁶ |\n\n話す"
    assert told(parsed) == ["left_out_struck"]


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda run, shape: setattr(run.font, "size", Pt(1)), False),
        (lambda run, shape: run.font.fill.background(), False),
        (lambda run, shape: setattr(run.font.color, "rgb", RGBColor(255, 255, 255)), False),
        (lambda run, shape: (setattr(run.font.color, "rgb", RGBColor(255, 255, 255)), shape.fill.solid(), setattr(shape.fill.fore_color, "rgb", RGBColor(0, 0, 80))), True),
        (lambda run, shape: (setattr(run.font.color, "rgb", RGBColor(0, 0, 80)), shape.fill.solid(), setattr(shape.fill.fore_color, "rgb", RGBColor(0, 0, 80))), False),
        (lambda run, shape: setattr(run.font.color, "rgb", RGBColor(255, 0, 0)), True),
    ],
)  # fmt: skip
def test_text_that_nobody_can_see(tmp_path: Path, change: Callable[[Any, Any], object], seen: bool) -> None:
    def fill(slide: Any) -> None:
        shape = box(slide, "見える", "原価1870")
        change(shape.text_frame.paragraphs[0].runs[1], shape)

    parsed = made(tmp_path / "a.pptx", fill)
    assert ("1870" in body(parsed)) == seen
    assert told(parsed) == ([] if seen else ["left_out_white"])


def test_white_text_on_a_picture_or_shape_is_seen(tmp_path: Path) -> None:
    def fill(slide: Any) -> None:
        slide.shapes.add_shape(1, Inches(0), Inches(0), Inches(9), Inches(5))
        box(slide, "白い字").text_frame.paragraphs[0].runs[0].font.color.rgb = RGBColor(255, 255, 255)

    assert body(made(tmp_path / "a.pptx", fill)) == "白い字"


def test_hidden_shapes_and_slides_are_told(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[6])
    box(first, "見える")
    box(first, "隠し", top=2)._element.nvSpPr.cNvPr.set("hidden", "1")
    second = deck.slides.add_slide(deck.slide_layouts[6])
    box(second, "別")
    second._element.set("show", "0")
    deck.save(str(tmp_path / "a.pptx"))
    parsed = parse(tmp_path / "a.pptx", "a")
    assert (body(parsed), told(parsed)) == ("見える", ["hidden_slides", "left_out_hidden"])


def test_alternatives_groups_and_equations(tmp_path: Path) -> None:
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    equation = (
        f'<m:oMath xmlns:m="{math}"><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>'
        "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath>"
    )

    def fill(slide: Any) -> None:
        group = slide.shapes.add_group_shape()
        inner = group.shapes.add_group_shape().shapes.add_textbox(Inches(1), Inches(1), Inches(4), Inches(1))
        inner.text_frame.text = "組の中"
        shape = box(slide, "利得は", top=3)
        paragraph = shape.text_frame.paragraphs[0]._p
        paragraph.append(
            etree.fromstring(
                f'<a14:m xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main">{equation}</a14:m>'
            )
        )
        element = shape._element
        parent = element.getparent()
        alternate = etree.SubElement(parent, f"{{{MC}}}AlternateContent")
        etree.SubElement(alternate, f"{{{MC}}}Choice", Requires="a14").append(element)
        other = box(slide, "代わり", top=4)._element
        etree.SubElement(alternate, f"{{{MC}}}Fallback").append(other)

    assert body(made(tmp_path / "a.pptx", fill)) == "組の中\n\n利得は(a+b)/2 x^2"


def test_numbered_lists_keep_their_numbers(tmp_path: Path) -> None:
    def fill(slide: Any) -> None:
        frame = slide.placeholders[1].text_frame
        frame.text = "止める"
        for text in ("待つ", "開ける"):
            frame.add_paragraph().text = text
        for paragraph in frame.paragraphs:
            etree.SubElement(paragraph._p.get_or_add_pPr(), f"{{{A}}}buAutoNum", type="arabicPeriod")
        frame.add_paragraph().text = "注意"

    assert body(made(tmp_path / "a.pptx", fill, layout=1)) == "1. 止める\n2. 待つ\n3. 開ける\n- 注意"


def test_numbers_and_bullets_in_their_form(tmp_path: Path) -> None:
    def fill(slide: Any) -> None:
        frame = slide.placeholders[1].text_frame
        frame.text = "総則"
        for text in ("止める", "待つ", "済", "未"):
            frame.add_paragraph().text = text
        looks = [paragraph._p.get_or_add_pPr() for paragraph in frame.paragraphs]
        for look, scheme in zip(looks, ("romanUcPeriod", "alphaLcParenBoth", "alphaLcParenBoth"), strict=False):
            etree.SubElement(look, f"{{{A}}}buAutoNum", type=scheme)
        for look in looks[1:3]:
            look.set("lvl", "1")
        for look, sign in zip(looks[3:], "ü\uf0fb", strict=True):
            etree.SubElement(look, f"{{{A}}}buFont", typeface="Wingdings")
            etree.SubElement(look, f"{{{A}}}buChar", char=sign)

    lines = ["- I. 総則", "  - (a) 止める", "  - (b) 待つ", "- ✓ 済", "- ✗ 未"]
    assert body(made(tmp_path / "a.pptx", fill, layout=1)) == "\n".join(lines)


def test_letters_of_symbol_fonts(tmp_path: Path) -> None:
    def fill(slide: Any) -> None:
        shape = box(slide, "外観 ", "ü", "、", "\uf0b1", "5 ", "\uf0fe")
        for run, kind, font in ((1, "latin", "Wingdings"), (3, "sym", "Symbol")):
            look = shape.text_frame.paragraphs[0].runs[run]._r.get_or_add_rPr()
            etree.SubElement(look, f"{{{A}}}{kind}", typeface=font)

    assert body(made(tmp_path / "a.pptx", fill)) == "外観 ✓、±5 ☑"


def test_merged_cells_of_tables(tmp_path: Path) -> None:
    lines = [
        ["工程", "2024年度", "", "2025年度", ""],
        ["", "上期", "下期", "上期", "下期"],
        ["塗装", "1%", "2%", "3%", "4%"],
    ]

    def fill(slide: Any) -> None:
        table = slide.shapes.add_table(3, 5, Inches(1), Inches(1), Inches(6), Inches(2)).table
        for r, line in enumerate(lines):
            for c, text in enumerate(line):
                table.cell(r, c).text = text
        table.cell(0, 0).merge(table.cell(1, 0))
        table.cell(0, 1).merge(table.cell(0, 2))
        table.cell(0, 3).merge(table.cell(0, 4))

    assert body(made(tmp_path / "a.pptx", fill)).splitlines()[0::2] == [
        "| 工程 | 2024年度 上期 | 2024年度 下期 | 2025年度 上期 | 2025年度 下期 |",
        "| 塗装 | 1% | 2% | 3% | 4% |",
    ]


# Charts


def _categories() -> Any:
    data = CategoryChartData(number_format="0.0%")
    data.categories = ["塗装", "溶接"]
    data.add_series("2025年度", (0.008, None))
    return XL_CHART_TYPE.COLUMN_CLUSTERED, data


def _dates() -> Any:
    import datetime

    data = CategoryChartData()
    data.categories = [datetime.date(2025, 4, 1), datetime.date(2025, 5, 1)]
    data.add_series("出荷数", (120, 1350), number_format="#,##0")
    return XL_CHART_TYPE.LINE, data


def _levels() -> Any:
    data = CategoryChartData()
    for year in ("2024年度", "2025年度"):
        group = data.add_category(year)
        group.add_sub_category("上期")
        group.add_sub_category("下期")
    data.add_series("率", (1, 2, 3, 4))
    return XL_CHART_TYPE.COLUMN_CLUSTERED, data


def _scatter() -> Any:
    data = XyChartData()
    for name, points in (("甲", ((200, 58), (300, 54))), ("乙", ((200, 60), (350, 51)))):
        series = data.add_series(name)
        for x, y in points:
            series.add_data_point(x, y)
    return XL_CHART_TYPE.XY_SCATTER, data


def _bubbles() -> Any:
    data = BubbleChartData()
    data.add_series("甲").add_data_point(1, 2, 30)
    return XL_CHART_TYPE.BUBBLE, data


@pytest.mark.parametrize(
    ("chart", "lines"),
    [
        (_categories, ["|  | 2025年度 |", "| --- | --- |", "| 塗装 | 0.8% |", "| 溶接 |  |"]),
        (_dates, ["|  | 出荷数 |", "| --- | --- |", "| 2025-04-01 | 120 |", "| 2025-05-01 | 1,350 |"]),
        (_levels, ["|  | 率 |", "| --- | --- |", "| 2024年度 上期 | 1 |", "| 2024年度 下期 | 2 |", "| 2025年度 上期 | 3 |", "| 2025年度 下期 | 4 |"]),
        (_scatter, ["| X | 甲 |", "| --- | --- |", "| 200 | 58 |", "| 300 | 54 |", "", "| X | 乙 |", "| --- | --- |", "| 200 | 60 |", "| 350 | 51 |"]),
        (_bubbles, ["| X | 甲 | 甲 ○ |", "| --- | --- | --- |", "| 1 | 2 | 30 |"]),
    ],
)  # fmt: skip
def test_values_of_charts(tmp_path: Path, chart: Callable[[], Any], lines: list[str]) -> None:
    kind, data = chart()

    def fill(slide: Any) -> None:
        made_chart = slide.shapes.add_chart(kind, Inches(1), Inches(1), Inches(5), Inches(3), data).chart
        made_chart.has_title = True
        made_chart.chart_title.text_frame.text = "推移"

    assert body(made(tmp_path / "a.pptx", fill)).splitlines() == ["推移", "", *lines]


def test_titles_of_axes_and_formats_of_labels(tmp_path: Path) -> None:
    def fill(slide: Any) -> None:
        data = CategoryChartData()
        data.categories = ["塗装"]
        data.add_series("率", (0.008,))
        chart = slide.shapes.add_chart(
            XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(1), Inches(5), Inches(3), data
        ).chart
        chart.category_axis.axis_title.text_frame.text = "工程"
        chart.value_axis.axis_title.text_frame.text = "不良率"
        plot = chart.plots[0]
        plot.has_data_labels = True
        plot.data_labels.show_value = True
        plot.data_labels.number_format, plot.data_labels.number_format_is_linked = "0.00%", False

    assert body(made(tmp_path / "a.pptx", fill)) == "不良率\n\n| 工程 | 率 |\n| --- | --- |\n| 塗装 | 0.80% |"


# What stands beside the slide


def test_labels_written_at_points_name_them(tmp_path: Path) -> None:
    def fill(slide: Any) -> None:
        data = CategoryChartData()
        data.categories = ["東", "西"]
        data.add_series("値", (1, 2))
        chart = slide.shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, Inches(4), Inches(3), data).chart
        chart.plots[0].series[0].points[1].data_label.text_frame.text = "欠測"

    assert body(made(tmp_path / "a.pptx", fill)).endswith("| 西 | 2 |\n\n西: 欠測")


def patched(path: Path, changes: dict[str, Callable[[str], str]]) -> Parsed:
    return parse(change(path, changes), path.name)


def related(key: str, kind: str, target: str) -> Callable[[str], str]:
    return lambda text: text.replace(
        "</Relationships>", f'<Relationship Id="{key}" Type="{kind}" Target="{target}"/></Relationships>'
    )


def typed(part: str, kind: str) -> Callable[[str], str]:
    return lambda text: text.replace("</Types>", f'<Override PartName="{part}" ContentType="{kind}"/></Types>')


def test_comments_of_both_kinds(tmp_path: Path) -> None:
    made(tmp_path / "a.pptx", lambda slide: box(slide, "保管は5年"))
    xml = "application/xml"
    new = "http://schemas.microsoft.com/office/powerpoint/2018/8/main"
    said = "<p188:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></p188:txBody>"
    parsed = patched(
        tmp_path / "a.pptx",
        {
            "ppt/_rels/presentation.xml.rels": lambda t: related("ca", f"{OFFICE}/commentAuthors", "ca.xml")(related("au", "http://x/authors", "au.xml")(t)),
            "ppt/slides/_rels/slide1.xml.rels": lambda t: related("c1", f"{OFFICE}/comments", "../c1.xml")(related("c2", "http://x/comments", "../c2.xml")(t)),
            "[Content_Types].xml": lambda t: typed("/ppt/ca.xml", xml)(typed("/ppt/au.xml", xml)(typed("/ppt/c1.xml", xml)(typed("/ppt/c2.xml", xml)(t)))),
            "ppt/ca.xml": lambda t: f'<p:cmAuthorLst xmlns:p="{P}"><p:cmAuthor id="0" name="森"/></p:cmAuthorLst>',
            "ppt/au.xml": lambda t: f'<p188:authorLst xmlns:p188="{new}"><p188:author id="b" name="Sato"/></p188:authorLst>',
            "ppt/c1.xml": lambda t: f'<p:cmLst xmlns:p="{P}"><p:cm authorId="0"><p:text>3年では？</p:text></p:cm></p:cmLst>',
            "ppt/c2.xml": lambda t: f'<p188:cmLst xmlns:p188="{new}" xmlns:a="{A}"><p188:cm authorId="b"><p188:replyLst><p188:reply authorId="b">{said.format("Yes")}</p188:reply></p188:replyLst>{said.format("Agreed?")}</p188:cm></p188:cmLst>',
        },
    )  # fmt: skip
    assert body(parsed) == "保管は5年"
    assert [(note.key, note.values["count"]) for note in parsed.notes] == [("comments_off", 3)]
    first, *said = body(parse(tmp_path / "a.pptx", "a.pptx", Way(comments=True))).split("\n\n")
    assert first == "保管は5年"
    assert {"【コメント（森）: 3年では？】", "[Comment by Sato: Agreed?]", "[Comment by Sato: Yes]"} == set(said)


def test_footers_are_told_once(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    run = "<p:txBody {}><a:bodyPr/><a:p>{}</a:p></p:txBody>"
    names = f'xmlns:p="{P}" xmlns:a="{A}"'
    for text in ("一枚目", "二枚目"):
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        box(slide, text)
        for key, (kind, inner) in enumerate((("ftr", "<a:r><a:t>文書番号 QA-12</a:t></a:r>"), ("dt", '<a:fld id="{1}" type="datetime1"><a:t>2020/1/1</a:t></a:fld>'), ("sldNum", '<a:fld id="{2}" type="slidenum"><a:t>1</a:t></a:fld>'))):  # fmt: skip
            slide.shapes._spTree.append(
                etree.fromstring(
                    f'<p:sp {names}><p:nvSpPr><p:cNvPr id="{20 + key}" name="f"/><p:cNvSpPr/><p:nvPr><p:ph type="{kind}" idx="{10 + key}"/></p:nvPr></p:nvSpPr><p:spPr/>{run.format("", inner)}</p:sp>',
                    slide._element.makeelement("x").getroottree().parser,
                )
            )
    deck.save(str(tmp_path / "a.pptx"))
    assert body(parse(tmp_path / "a.pptx", "a")) == "一枚目\n\n文書番号 QA-12\n\n二枚目"


def test_texts_of_the_layout_are_told_once(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    layout = deck.slide_layouts[6]
    for text in ("一枚目", "二枚目"):
        shape = box(deck.slides.add_slide(layout), text)
    copy = etree.fromstring(
        etree.tostring(shape._element).replace("二枚目".encode("ascii", "xmlcharrefreplace"), b"QA-12")
    )
    layout.shapes._spTree.append(copy)
    deck.save(str(tmp_path / "a.pptx"))
    assert body(parse(tmp_path / "a.pptx", "a")) == "一枚目\n\nQA-12\n\n二枚目"


def test_embedded_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "b.bin").write_bytes(b"x")

    def fill(slide: Any) -> None:
        box(slide, "本文")
        slide.shapes.add_ole_object(str(tmp_path / "b.bin"), "Package", Inches(1), Inches(3), Inches(1), Inches(1))

    parsed = made(tmp_path / "a.pptx", fill)
    assert (body(parsed), told(parsed)) == ("本文", ["embedded"])


@pytest.mark.parametrize(
    ("kind", "shown"),
    [(XL_CHART_TYPE.COLUMN_CLUSTERED, "| 塗装 | 0.8% |"), (XL_CHART_TYPE.COLUMN_STACKED_100, "| 塗装 | 0.008 |")],
)
def test_an_axis_of_shares_says_nothing_of_the_values(tmp_path: Path, kind: Any, shown: str) -> None:
    def fill(slide: Any) -> None:
        data = CategoryChartData()
        data.categories = ["塗装", "溶接"]
        data.add_series("2025年度", (0.008, 0.019))
        labels = slide.shapes.add_chart(kind, 0, 0, Inches(4), Inches(3), data).chart.value_axis.tick_labels
        labels.number_format, labels.number_format_is_linked = "0%", False

    assert shown in body(made(tmp_path / "a.pptx", fill))


def test_a_damaged_chart_does_not_hide_the_slide(tmp_path: Path) -> None:
    def fill(slide: Any) -> None:
        box(slide, "本文")
        kind, data = _categories()
        slide.shapes.add_chart(kind, Inches(1), Inches(3), Inches(5), Inches(3), data)

    made(tmp_path / "a.pptx", fill)
    with zipfile.ZipFile(tmp_path / "a.pptx") as archive:
        (chart,) = [name for name in archive.namelist() if name.startswith("ppt/charts/chart")]
    parsed = patched(
        tmp_path / "a.pptx",
        {chart: lambda t: t.replace("<c:v>0.008</c:v>", "<c:v>?</c:v>").replace('idx="0"', 'idx="x"')},
    )
    assert body(parsed).startswith("本文")
