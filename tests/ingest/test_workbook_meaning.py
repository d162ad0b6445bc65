"""What a sheet says beyond the bare values of its cells: each kind is read, or left out and told."""

# ruff: noqa: E501 (the files that are written here have lines that are longer)

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from archives import change, unzipped, zipped
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Color, Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from qeu_rag.errors import ReadError
from qeu_rag.ingest.read import Parsed, parse
from qeu_rag.ingest.readers.options import Way

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
XDR = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
DML = "http://schemas.openxmlformats.org/drawingml/2006/main"
HIDDEN = 'hidden="1"'
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def made(path: Path, fill: Callable[[Worksheet], object]) -> Parsed:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "表"
    fill(sheet)
    book.save(path)
    return parse(path, path.name)


def told(parsed: Parsed) -> list[str]:
    return [note.key for note in parsed.notes]


def body(parsed: Parsed) -> str:
    (document,) = parsed.documents
    return document.text.removeprefix("# 表\n\n")


def rows(*lines: list[object]) -> Callable[[Worksheet], None]:
    """Fills a sheet with lines; an empty list is an empty row."""

    def fill(sheet: Worksheet) -> None:
        for number, line in enumerate(lines, 1):
            for column, value in enumerate(line, 1):
                if value is not None:
                    sheet.cell(number, column).value = value

    return fill


def table(*lines: str) -> str:
    """A Markdown table of lines of cells parted by a comma."""
    cells = [line.split(",") for line in lines]
    first, *rest = ["| " + " | ".join(line) + " |" for line in cells]
    return "\n".join([first, "|" + " --- |" * len(cells[0]), *rest])


def patched(path: Path, changes: dict[str, Callable[[str], str]], **added: str) -> Parsed:
    """Changes and adds parts of a saved workbook."""
    return parse(change(path, changes, **added), path.name)


def test_days_counted_from_1904(tmp_path: Path) -> None:
    made(tmp_path / "a.xlsx", rows(["品名", "期日"], ["軸", 44286]))
    parsed = patched(
        tmp_path / "a.xlsx",
        {
            "xl/workbook.xml": lambda t: re.sub(
                r"<workbookPr */>|<workbookPr[^>]*>", '<workbookPr date1904="1"/>', t, count=1
            ),
            "xl/worksheets/sheet1.xml": lambda t: t.replace('<c r="B2"', '<c r="B2" s="1"'),
            "xl/styles.xml": lambda t: t.replace(
                "</cellXfs>", '<xf numFmtId="31" fontId="0" fillId="0" borderId="0"/></cellXfs>'
            ),
        },
    )
    assert body(parsed) == table("品名,期日", "軸,2025年4月1日")


# Raised, struck out, hidden


def _rich(sheet: Worksheet) -> None:
    sheet.append(["項目", "基準"])
    sheet["A2"] = "絶縁"
    up, gone = InlineFont(vertAlign="superscript"), InlineFont(strike=True)
    sheet["B2"] = CellRichText("10", TextBlock(up, "-6"), " m", TextBlock(up, "3"), TextBlock(gone, "30日"), " 60日")
    sheet["A3"], sheet["B3"] = "水", CellRichText("CO", TextBlock(InlineFont(vertAlign="subscript"), "2"), " 以下")
    sheet["A4"], sheet["B4"] = "廃止", 5
    sheet["B4"].font = sheet["A4"].font = Font(strike=True)
    sheet["A5"], sheet["B5"] = "現行", 12


def test_rich_text_and_struck_out_cells(tmp_path: Path) -> None:
    parsed = made(tmp_path / "a.xlsx", _rich)
    assert body(parsed) == table("項目,基準", "絶縁,10⁻⁶ m³ 60日", "水,CO₂ 以下", "現行,12")
    assert [(n.key, n.values["count"]) for n in parsed.notes] == [("left_out_struck", 3)]


def test_letters_of_symbol_fonts(tmp_path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        for row in (
            ["点検", "結果"],
            ["外観", "ü"],
            ["寸法", "R"],
            ["重量", 1],
            ["漏れ", CellRichText(TextBlock(InlineFont(rFont="Wingdings"), "û"), " R")],
        ):
            sheet.append(row)
        sheet["B2"].font, sheet["B3"].font, sheet["B4"].font = (
            Font(name="Wingdings"),
            Font(name="Wingdings 2"),
            Font(name="Wingdings"),
        )
        sheet["B4"].number_format = '[=1]"ü";[=0]"û"'

    assert body(made(tmp_path / "a.xlsx", fill)) == table("点検,結果", "外観,✓", "寸法,☑", "重量,✓", "漏れ,✗ R")


def _hidden(sheet: Worksheet) -> None:
    rows(["品名", "単価", "原価"], ["軸", 1, 10], ["旧", 2, 20], ["輪", 3, 30], ["低", 4, 40])(sheet)
    sheet.column_dimensions["C"].hidden = True
    sheet.row_dimensions[3].hidden = True


def test_hidden_rows_and_columns_are_told(tmp_path: Path) -> None:
    made(tmp_path / "a.xlsx", _hidden)
    parsed = patched(
        tmp_path / "a.xlsx", {"xl/worksheets/sheet1.xml": lambda t: t.replace('<row r="5"', '<row r="5" ht="0"')}
    )
    assert body(parsed) == table("品名,単価", "軸,1", "輪,3")
    assert [(n.key, n.values["count"]) for n in parsed.notes] == [("hidden_rows", 2), ("hidden_columns", 1)]


def _filtered(sheet: Worksheet) -> None:
    rows(["品名", "課"], ["軸", "A"], ["輪", "B"])(sheet)
    sheet.auto_filter.ref = "A1:B3"
    sheet.auto_filter.add_filter_column(1, ["A"])
    sheet.row_dimensions[3].hidden = True


def test_rows_hidden_by_a_filter_are_told_apart(tmp_path: Path) -> None:
    parsed = made(tmp_path / "a.xlsx", _filtered)
    assert body(parsed) == table("品名,課", "軸,A")
    assert told(parsed) == ["filtered_rows"]


def test_very_hidden_sheets(tmp_path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["A1"] = "見える"
        assert sheet.parent
        other = sheet.parent.create_sheet("原価")
        other["A1"] = "秘密"
        other.sheet_state = "veryHidden"

    parsed = made(tmp_path / "a.xlsx", fill)
    assert (body(parsed), told(parsed)) == ("見える", ["hidden_sheets"])


@pytest.mark.parametrize(
    ("font", "fill", "form", "seen"),
    [
        (Font(color="FFFFFFFF"), None, "General", False), (Font(color=Color(theme=0)), None, "General", False),
        (Font(color="FFFDFDFD"), PatternFill("solid", fgColor="FFFFFFFF"), "General", False),
        (Font(color="FF000000"), PatternFill("solid", fgColor="FF000000"), "General", False), (Font(sz=1), None, "General", False),
        (None, None, ";;;", False), (Font(color="FFFFFFFF"), PatternFill("solid", fgColor="FF003366"), "General", True),
        (Font(color=Color(theme=0, tint=-0.5)), None, "General", True), (Font(color="FFFF0000"), None, "General", True),
    ],
)  # fmt: skip
def test_text_that_nobody_can_see(tmp_path: Path, font: Any, fill: Any, form: str, seen: bool) -> None:
    def put(sheet: Worksheet) -> None:
        rows(["品名", "単価"], ["軸", 1], ["輪", 1870])(sheet)
        cell = sheet["B3"]
        cell.number_format = form
        if font is not None:
            cell.font = font
        if fill is not None:
            cell.fill = fill

    parsed = made(tmp_path / "a.xlsx", put)
    assert ("1870" in body(parsed)) == seen
    assert told(parsed) == ([] if seen else ["left_out_white"])


def test_white_text_where_a_condition_or_a_table_colours_the_cell(tmp_path: Path) -> None:
    from openpyxl.formatting.rule import CellIsRule

    def put(sheet: Worksheet) -> None:
        rows(["品名", "単価"], ["軸", 1870])(sheet)
        sheet["B2"].font = Font(color="FFFFFFFF")
        sheet.conditional_formatting.add(
            "B2:B9", CellIsRule("greaterThan", ["5"], fill=PatternFill("solid", bgColor="FFFF0000"))
        )

    assert "1870" in body(made(tmp_path / "a.xlsx", put))


def test_rules_that_strike_cells_out_are_told(tmp_path: Path) -> None:
    from openpyxl.formatting.rule import FormulaRule

    def put(sheet: Worksheet) -> None:
        rows(["品名", "単価"], ["軸", 5])(sheet)
        sheet.conditional_formatting.add("A2:B9", FormulaRule(formula=['$A2="軸"'], font=Font(strike=True)))
        sheet.conditional_formatting.add("A2:B9", FormulaRule(formula=['$A2="輪"'], font=Font(b=True)))

    parsed = made(tmp_path / "a.xlsx", put)
    assert body(parsed) == table("品名,単価", "軸,5")
    assert [(n.key, n.values["count"]) for n in parsed.notes] == [("rules", 1)]


def test_embedded_files_are_told(tmp_path: Path) -> None:
    made(tmp_path / "a.xlsx", rows(["品名", "単価"], ["軸", 5]))
    inside = (
        "<oleObjects><oleObject shapeId='1' progId='x'/><oleObject shapeId='1' progId='x'/></oleObjects></worksheet>"
    )
    parsed = patched(tmp_path / "a.xlsx", {"xl/worksheets/sheet1.xml": lambda t: t.replace("</worksheet>", inside)})
    assert [(n.key, n.values["count"]) for n in parsed.notes] == [("embedded", 1)]


# Formulas


def test_formulas_without_results_are_told_and_literal_texts_read(tmp_path: Path) -> None:
    parsed = made(
        tmp_path / "a.xlsx",
        rows(
            ["品目", "金額", "説明"], ["甲", "=B1*2", '=CONCATENATE("保証は","3年")'], ["乙", "=SUM(B2:B2)", '=HYPERLINK("https://a.invalid","14日")'],
            ["丙", 5, '="a"&"b"'],
        ),
    )  # fmt: skip
    assert body(parsed) == table("品目,金額,説明", "甲,,保証は3年", "乙,,14日", "丙,5,ab")
    assert [(n.key, n.values["count"]) for n in parsed.notes] == [("formulas", 2)]


def _cells(text: str) -> Callable[[str], str]:
    return lambda sheet: re.sub("<sheetData>.*</sheetData>", f"<sheetData>{text}</sheetData>", sheet, flags=re.S)


def test_results_errors_and_empty_results_of_formulas(tmp_path: Path) -> None:
    made(tmp_path / "a.xlsx", rows(["x"]))
    parsed = patched(
        tmp_path / "a.xlsx",
        {
            "xl/worksheets/sheet1.xml": _cells(
                '<row><c t="inlineStr"><is><t>品目</t></is></c><c t="str"><v>金額</v></c></row>'
                '<row><c t="str"><v>甲</v></c><c><f>A1*2</f><v>12.5</v></c></row>'
                '<row><c t="str"><v>乙</v></c><c t="str"><f>IF(1,"")</f><v></v></c></row>'
                '<row><c t="str"><v>丙</v></c><c t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
                '<row><c t="str"><v>丁_x000a_戊</v></c><c t="b"><v>1</v></c></row>'
            )
        },
    )
    assert body(parsed) == table("品目,金額", "甲,12.5", "乙,", "丙,#DIV/0!", "丁 戊,TRUE")
    assert told(parsed) == ["errors"]


def test_zeros_that_a_program_stored_for_what_it_did_not_calculate(tmp_path: Path) -> None:
    made(tmp_path / "a.xlsx", rows(["品目", "金額"], ["甲", "=1+1"]))
    zero = {"xl/worksheets/sheet1.xml": lambda t: t.replace("<v></v>", "<v>0</v>").replace("<v/>", "<v>0</v>")}
    parsed = patched(tmp_path / "a.xlsx", zero)
    assert (body(parsed), told(parsed)) == (table("品目", "甲"), ["formulas"]) or "| 0 |" not in body(parsed)
    parsed = patched(tmp_path / "a.xlsx", {"xl/workbook.xml": lambda t: t.replace('fullCalcOnLoad="1"', "")})
    assert (body(parsed), told(parsed)) == (table("品目,金額", "甲,0"), [])


# Tables


SPLIT: list[tuple[str, list[list[object]], list[str]]] = [
    ("empty row inside", [["装置", "担当", "間隔"], ["甲", "森", "30日"], [], ["乙", "原", "7日"], ["丙", "岡", "60日"]],
     [table("装置,担当,間隔", "甲,森,30日", "乙,原,7日", "丙,岡,60日")]),
    ("empty rows between all rows", [["装置", "間隔"], [], ["甲", "30日"], [], ["乙", "7日"]], [table("装置,間隔", "甲,30日", "乙,7日")]),
    ("total below an empty row", [["品目", "金額"], ["甲", 5], ["乙", 7], [], ["合計", 12]], [table("品目,金額", "甲,5", "乙,7", "合計,12")]),
    ("two tables below each other", [["装置", "間隔"], ["甲", "30日"], [], ["役割", "氏名"], ["班長", "森"]],
     [table("装置,間隔", "甲,30日"), table("役割,氏名", "班長,森")]),
    ("two tables with figures", [["部品", "単価"], ["軸", 5], ["輪", 6], [], ["工程", "時間"], ["旋盤", 3], ["研磨", 4]],
     [table("部品,単価", "軸,5", "輪,6"), table("工程,時間", "旋盤,3", "研磨,4")]),
    ("two tables with a title between", [["装置", "間隔"], ["甲", "30日"], [], ["表2 役割"], ["役割", "氏名"], ["班長", "森"]],
     [table("装置,間隔", "甲,30日"), "表2 役割", table("役割,氏名", "班長,森")]),
    ("a title without an empty row", [["部品", "単価"], ["軸", 5], ["輪", 6], ["表2 時間"], ["工程", "時間"], ["旋盤", 3], ["研磨", 4]],
     [table("部品,単価", "軸,5", "輪,6"), "表2 時間", table("工程,時間", "旋盤,3", "研磨,4")]),
    ("side by side", [["倉庫", "上限", None, "工場", "上限"], ["東", 400, None, "北", 90], ["西", 250, None, "南", 120]],
     [table("倉庫,上限", "東,400", "西,250"), table("工場,上限", "北,90", "南,120")]),
    ("side by side with empty rows", [["倉庫", "数", None, "氏名", "内線"], ["東", 4, None, "森", 11], [], ["西", 2, None, "林", 12]],
     [table("倉庫,数", "東,4", "西,2"), table("氏名,内線", "森,11", "林,12")]),
    ("a list beside itself", [["氏名", "内線", "氏名", "内線"], ["森", 11, "原", 13], ["林", 12, "岡", 14]],
     [table("氏名,内線", "森,11", "林,12", "原,13", "岡,14")]),
    ("one table with a gap", [["品名", "単価", None, "数量", "金額"], ["軸", 5, None, 2, 10], ["輪", 6, None, 1, 6]],
     [table("品名,単価,数量,金額", "軸,5,2,10", "輪,6,1,6")]),
    ("below metadata", [["台帳"], ["作成日", "2025-04-01"], ["作成者", "計測係"], ["番号", "名称", "周期", "場所"], ["M-1", "ノギス", "12か月", "室"]],
     ["台帳", "作成日: 2025-04-01\n\n作成者: 計測係", table("番号,名称,周期,場所", "M-1,ノギス,12か月,室")]),
    ("below metadata and an empty row", [["部署", "品質"], ["版", 3], [], ["番号", "名称", "周期"], ["M-1", "ノギス", "12か月"], ["M-2", "秤", "6か月"]],
     ["部署: 品質\n\n版: 3", table("番号,名称,周期", "M-1,ノギス,12か月", "M-2,秤,6か月")]),
    ("below two pairs in a row", [["発行日", "2025/4/1", "版", 3], ["番号", "名称", "周期", "場所"], ["M-1", "ノギス", "12か月", "室"], ["M-2", "秤", "6か月", "棚"]],
     ["発行日: 2025/4/1\n\n版: 3", table("番号,名称,周期,場所", "M-1,ノギス,12か月,室", "M-2,秤,6か月,棚")]),
    ("no metadata at all", [["装置", "担当"], ["甲", "森", "要確認"], ["乙", "林", "済"]], [table("装置,担当,", "甲,森,要確認", "乙,林,済")]),
    ("note below", [["品目", "金額"], ["甲", 5], ["※ 税抜き"]], [table("品目,金額", "甲,5"), "※ 税抜き"]),
    ("header in two rows without merged cells", [["工程", "2024年度", None, "2025年度"], [None, "上期", "下期", "上期", "下期"], ["塗装", "1%", "2%", "3%", "4%"]],
     [table("工程,2024年度 上期,2024年度 下期,2025年度 上期,2025年度 下期", "塗装,1%,2%,3%,4%")]),
    ("units below names", [["項目", "長さ", "重さ"], [None, "(mm)", "(kg)"], ["軸", 5, 2]], [table("項目,長さ (mm),重さ (kg)", "軸,5,2")]),
    ("a form", [["氏名", "森", "部署", "品質"], ["入社日", "2020-04-01", "内線", 123], ["備考", "なし"]],
     ["氏名: 森\n\n部署: 品質\n\n入社日: 2020-04-01\n\n内線: 123\n\n備考: なし"]),
    ("a line of metadata with a title", [["点検表", None, "作成日", "2025-04-01"], [], ["装置", "担当", "周期"], ["甲", "森", "30日"], ["乙", "林", "7日"]],
     ["点検表\n\n作成日: 2025-04-01", table("装置,担当,周期", "甲,森,30日", "乙,林,7日")]),
    ("a sum alone below an empty row", [["品目", "数量", "金額"], ["軸", 1, 100], [], [None, None, 100]], [table("品目,数量,金額", "軸,1,100", ",,100")]),
    ("names of other columns right below", [["品目", "数量"], ["軸", 1], ["輪", 2], ["工程", "時間"], ["旋盤", 3], ["研磨", 4]],
     [table("品目,数量", "軸,1", "輪,2"), table("工程,時間", "旋盤,3", "研磨,4")]),
    ("side by side with titles", [["倉庫一覧", None, None, "工場一覧"], ["倉庫", "上限", None, "工場", "人数"], ["東", 400, None, "北", 90], ["西", 250, None, "南", 12]],
     ["倉庫一覧", table("倉庫,上限", "東,400", "西,250"), "工場一覧", table("工場,人数", "北,90", "南,12")]),
    ("two header rows, the keys named in the lower", [[None, "2024年度", None, "2025年度"], ["工程", "上期", "下期", "上期", "下期"], ["塗装", 1, 2, 3, 4]],
     [table("工程,2024年度 上期,2024年度 下期,2025年度 上期,2025年度 下期", "塗装,1,2,3,4")]),
    ("a key without a value", [["項目", "値"], ["電圧", 100], ["電流", 5], ["予備"], ["塗装色", "青"], ["重量", 10], ["長さ", 20]],
     [table("項目,値", "電圧,100", "電流,5", "予備,", "塗装色,青", "重量,10", "長さ,20")]),
    ("years as names", [["品目", 2024, 2025], ["甲", 5, 6]], [table("品目,2024,2025", "甲,5,6")]),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "blocks"), [c[1:] for c in SPLIT], ids=[c[0] for c in SPLIT])
def test_tables_on_a_sheet(tmp_path: Path, lines: list[list[object]], blocks: list[str]) -> None:
    assert body(made(tmp_path / "a.xlsx", rows(*lines))) == "\n\n".join(blocks)


def _merged(lines: list[list[object]], *areas: str) -> Callable[[Worksheet], None]:
    def fill(sheet: Worksheet) -> None:
        rows(*lines)(sheet)
        for area in areas:
            sheet.merge_cells(area)

    return fill


def test_merged_headers_keep_both_names(tmp_path: Path) -> None:
    lines: list[list[object]] = [
        ["工程別の不良率"],
        ["工程", "2024年度", None, "2025年度", None],
        [None, "上期", "下期", "上期", "下期"],
        ["塗装", 0.1, 0.2, 0.3, "廃止"],
    ]
    parsed = made(tmp_path / "a.xlsx", _merged(lines, "A1:E1", "A2:A3", "B2:C2", "D2:E2"))
    assert body(parsed) == "工程別の不良率\n\n" + table(
        "工程,2024年度 上期,2024年度 下期,2025年度 上期,2025年度 下期", "塗装,0.1,0.2,0.3,廃止"
    )


def test_header_of_three_rows(tmp_path: Path) -> None:
    lines: list[list[object]] = [
        ["拠点", "売上", None, None, None],
        [None, "国内", None, "海外", None],
        [None, 2024, 2025, 2024, 2025],
        ["東京", 1, 2, 3, 4],
    ]
    parsed = made(tmp_path / "a.xlsx", _merged(lines, "A1:A3", "B1:E1", "B2:C2", "D2:E2"))
    assert body(parsed) == table("拠点,売上 国内 2024,売上 国内 2025,売上 海外 2024,売上 海外 2025", "東京,1,2,3,4")


def test_merged_values_belong_to_all_their_rows_and_columns(tmp_path: Path) -> None:
    lines: list[list[object]] = [["区分", "品目", "上期", "下期"], ["甲", "軸", "5%", None], [None, "輪", "6%", "7%"]]
    parsed = made(tmp_path / "a.xlsx", _merged(lines, "A2:A3", "C2:D2"))
    assert body(parsed) == table("区分,品目,上期,下期", "甲,軸,5%,5%", "甲,輪,6%,7%")


def test_forms_on_narrow_columns(tmp_path: Path) -> None:
    lines: list[list[object]] = [
        ["氏名", None, None, "電話", None, None],
        ["森", None, None, "11", None, None],
        ["林", None, None, "12", None, None],
    ]
    areas = [f"{a}{n}:{b}{n}" for n in (1, 2, 3) for a, b in ("AC", "DF")]
    assert body(made(tmp_path / "a.xlsx", _merged(lines, *areas))) == table("氏名,電話", "森,11", "林,12")


def test_bold_rows_are_headers(tmp_path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        rows(
            ["拠点", "東"], ["役割", "氏名"], ["班長", "森"], [], ["係長", "林"], [], ["機械", "台数"], ["旋盤", "多数"]
        )(sheet)
        for place in ("A2", "B2", "A7", "B7"):
            sheet[place].font = Font(b=True)

    assert body(made(tmp_path / "a.xlsx", fill)) == "\n\n".join(
        ["拠点: 東", table("役割,氏名", "班長,森", "係長,林"), table("機械,台数", "旋盤,多数")]
    )


def test_struck_out_and_hidden_rows_leave_no_gap(tmp_path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        rows(["役割", "氏名"], ["係", "甲"], ["班長", "森"], ["係長", "林"])(sheet)
        sheet.row_dimensions[2].hidden = True
        sheet["A3"].font = sheet["B3"].font = Font(strike=True)

    assert body(made(tmp_path / "a.xlsx", fill)) == table("役割,氏名", "係長,林")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("No,品名", "1,鋼", "2,銅", "3,木"), ("番号,単価", "101,500", "102,700", "103,90")),
        (("年,売上", "2023,10", "2024,12"), ("年度,費用", "2023,7", "2024,8")),
        (("温度,圧力", "20,1.5", "30,1.7", "40,1.9"), ("時間,速度", "5,100", "10,120", "15,151")),
    ],
)
def test_tables_of_one_height_side_by_side_with_numbers_as_keys(
    tmp_path: Path, left: tuple[str, ...], right: tuple[str, ...]
) -> None:
    lines = [[*a.split(","), None, *b.split(",")] for a, b in zip(left, right, strict=True)]
    values = [[float(v) if v and v.replace(".", "").isdigit() else v for v in line] for line in lines]
    assert body(made(tmp_path / "a.xlsx", rows(*values))) == f"{table(*left)}\n\n{table(*right)}"


def test_a_table_with_an_empty_column_stays_one(tmp_path: Path) -> None:
    values = [["氏名", "課", None, "電話番号", "入社年"], ["森", "A", None, 5501, 2011], ["林", "B", None, 5502, 2012]]
    assert body(made(tmp_path / "a.xlsx", rows(*values))).startswith("| 氏名 | 課 | 電話番号 | 入社年 |")


def test_names_that_only_reach_down(tmp_path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        rows(["区分", "条件", "量"], [None, "最大", None], ["A", "5", 500], ["B", "6", 700])(sheet)
        sheet.merge_cells("A1:A2")
        sheet.merge_cells("C1:C2")

    assert body(made(tmp_path / "a.xlsx", fill)) == table("区分,条件 最大,量", "A,5,500", "B,6,700")


# Comments, drawings, controls


def test_notes_stand_at_their_cell(tmp_path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        rows(["薬品", "量"], ["酸", "20 L"], ["灰", None])(sheet)
        sheet["B2"].comment = Comment("消防の指導で\n15 Lまで", "森")
        sheet["B3"].comment = Comment("only on site", "x")
        sheet["B1"].comment = Comment("単位に注意", "森")
        sheet["A9"].comment = Comment("空き", "森")

    plain = made(tmp_path / "a.xlsx", fill)
    assert body(plain) == table("薬品,量", "酸,20 L", "灰,")
    assert [str(n) for n in plain.notes] == ["comments not read: 4 (ingest.comments: true reads them)"]
    assert body(parse(tmp_path / "a.xlsx", "a.xlsx", Way(comments=True))) == "\n\n".join(
        [
            table("薬品,量", "酸,20 L 【コメント: 消防の指導で 15 Lまで】", "灰,[Comment: only on site]"),
            "量 【コメント: 単位に注意】",
            "【コメント: 空き】",
        ]
    )


def _relations(*lines: tuple[str, str, str]) -> str:
    inner = "".join(f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{to}"/>' for key, kind, to in lines)
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>'
    )


def test_threads_name_who_writes(tmp_path: Path) -> None:
    made(tmp_path / "a.xlsx", rows(["薬品", "量"], ["酸", "20 L"]))
    space = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
    thread = "".join(f'<threadedComment ref="B2" personId="{p}" id="{i}"><text>{t}</text></threadedComment>' for i, p, t in
                     (("1", "a", "15 Lでは？"), ("2", "b", "20 Lで可")))  # fmt: skip
    parsed = patched(
        tmp_path / "a.xlsx",
        {"xl/_rels/workbook.xml.rels": lambda t: t.replace("</Relationships>", f'<Relationship Id="p1" Type="{OFFICE}/person" Target="persons/person.xml"/></Relationships>')},
        **{
            "xl/worksheets/_rels/sheet1.xml.rels": _relations(("t", "threadedComment", "../tc.xml"), ("c", "comments", "../c.xml")),
            "xl/tc.xml": f'<ThreadedComments xmlns="{space}">{thread}</ThreadedComments>',
            "xl/c.xml": f'<comments xmlns="{MAIN}"><commentList><comment ref="B2" authorId="0"><text><t>[Threaded comment]\nYour version</t></text></comment></commentList></comments>',
            "xl/persons/person.xml": f'<personList xmlns="{space}"><person id="a" displayName="森"/><person id="b" displayName="林"/></personList>',
        },
    )  # fmt: skip
    assert told(parsed) == ["comments_off"]
    parsed = parse(tmp_path / "a.xlsx", "a.xlsx", Way(comments=True))
    assert body(parsed) == table("薬品,量", "酸,20 L 【コメント（森）: 15 Lでは？】 【コメント（林）: 20 Lで可】")


def _box(text: str, key: int = 5, extra: str = "") -> str:
    return f'<xdr:sp><xdr:nvSpPr><xdr:cNvPr id="{key}" name="x" {extra}/><xdr:cNvSpPr/></xdr:nvSpPr><xdr:spPr/><xdr:txBody><a:bodyPr/>{text}</xdr:txBody></xdr:sp>'


def _drawn(path: Path, *shapes: str, sheet: str = "", **added: str) -> Parsed:
    """A sheet of one row with a drawing of ``shapes``, each anchored one row lower."""
    made(path, rows(["薬品", "量"], ["酸", "20 L"]))
    anchors = "".join(
        f"<xdr:twoCellAnchor><xdr:from><xdr:col>0</xdr:col><xdr:row>{n}</xdr:row></xdr:from>{shape}<xdr:clientData/></xdr:twoCellAnchor>"
        for n, shape in enumerate(shapes, 1)
    )
    names = f'xmlns:xdr="{XDR}" xmlns:a="{DML}" xmlns:mc="{MC}" xmlns:r="{OFFICE}"'
    return patched(
        path,
        {"xl/worksheets/sheet1.xml": lambda t: t.replace("</worksheet>", f'<drawing xmlns:r="{OFFICE}" r:id="d"/>{sheet}</worksheet>')},
        **{
            "xl/worksheets/_rels/sheet1.xml.rels": _relations(("d", "drawing", "../drawings/d.xml"), ("k", "ctrlProp", "../k.xml"), ("j", "ctrlProp", "../j.xml"), ("v", "vmlDrawing", "../v.vml")),
            "xl/drawings/d.xml": f"<xdr:wsDr {names}>{anchors}</xdr:wsDr>",
            "xl/drawings/_rels/d.xml.rels": _relations(("c", "chart", "../charts/c.xml"), ("m", "diagramData", "../m.xml")),
            **added,
        },
    )  # fmt: skip


def test_text_boxes_in_groups_and_alternatives(tmp_path: Path) -> None:
    run = "<a:p><a:r><a:t>{}</a:t></a:r></a:p>"
    raised = '<a:p><a:r><a:t>10</a:t></a:r><a:r><a:rPr baseline="30000"/><a:t>6</a:t></a:r><a:r><a:rPr strike="sngStrike"/><a:t>廃止</a:t></a:r></a:p>'
    parsed = _drawn(
        tmp_path / "a.xlsx",
        _box(run.format("注意書き") + raised),
        f"<xdr:grpSp><xdr:grpSp>{_box(run.format('組の中'))}</xdr:grpSp></xdr:grpSp>",
        f"<mc:AlternateContent><mc:Choice>{_box(run.format('選ばれた'))}</mc:Choice><mc:Fallback>{_box(run.format('代わり'))}</mc:Fallback></mc:AlternateContent>",
        _box(run.format("隠し"), extra='hidden="1"'),
    )
    assert body(parsed) == table("薬品,量", "酸,20 L") + "\n\n注意書き\n10⁶\n\n組の中\n\n選ばれた"
    assert told(parsed) == ["left_out_struck", "left_out_hidden"]


def test_charts_and_diagrams_on_a_sheet(tmp_path: Path) -> None:
    chart = "http://schemas.openxmlformats.org/drawingml/2006/chart"
    dgm = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
    parsed = _drawn(
        tmp_path / "a.xlsx",
        f'<xdr:graphicFrame><a:graphic><a:graphicData><c:chart xmlns:c="{chart}" r:id="c"/></a:graphicData></a:graphic></xdr:graphicFrame>',
        f'<xdr:graphicFrame><a:graphic><a:graphicData><d:relIds xmlns:d="{dgm}" r:dm="m"/></a:graphicData></a:graphic></xdr:graphicFrame>',
        **{
            "xl/charts/c.xml": f'<c:chartSpace xmlns:c="{chart}"><c:chart><c:plotArea><c:barChart><c:ser><c:tx><c:v>率</c:v></c:tx><c:cat><c:strLit><c:pt idx="0"><c:v>塗装</c:v></c:pt></c:strLit></c:cat><c:val><c:numLit><c:formatCode>0.0%</c:formatCode><c:pt idx="0"><c:v>0.008</c:v></c:pt></c:numLit></c:val></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>',
            "xl/m.xml": f'<d:dataModel xmlns:d="{dgm}" xmlns:a="{DML}"><a:p><a:r><a:t>受付</a:t></a:r></a:p><a:p><a:r><a:t>検査</a:t></a:r></a:p></d:dataModel>',
        },
    )  # fmt: skip
    assert body(parsed).split("\n\n")[1:] == [
        "|   | 率 |\n| --- | --- |\n| 塗装 | 0.8% |".replace("|   |", "|  |"),
        "- 受付\n- 検査",
    ]


def test_check_boxes_of_forms(tmp_path: Path) -> None:
    label = "<a:p><a:r><a:t>承認</a:t></a:r></a:p>"
    control = f'<controls><control xmlns:r="{OFFICE}" shapeId="1025" r:id="k"/><control xmlns:r="{OFFICE}" shapeId="1026" r:id="j"/></controls>'
    shape = '<v:shape id="_x0000_s{}"><v:textbox><div>{}</div></v:textbox><x:ClientData ObjectType="Checkbox"><x:Anchor>1, 0, 2, 0, 2, 0, 3, 0</x:Anchor></x:ClientData></v:shape>'
    properties = '<formControlPr xmlns="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main" objectType="CheckBox" {}/>'
    parsed = _drawn(
        tmp_path / "a.xlsx",
        f"<mc:AlternateContent><mc:Choice>{_box(label, 1025, HIDDEN)}</mc:Choice></mc:AlternateContent>",
        sheet=control,
        **{
            "xl/k.xml": properties.format('checked="Checked"'),
            "xl/j.xml": properties.format(""),
            "xl/v.vml": f'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x="urn:schemas-microsoft-com:office:excel">{shape.format(1025, "承認")}{shape.format(1026, "却下")}</xml>',
        },
    )  # fmt: skip
    assert body(parsed) == table("薬品,量", "☑ 承認 酸,20 L", ",☐ 却下")


def test_check_boxes_in_cells(tmp_path: Path) -> None:
    made(tmp_path / "a.xlsx", rows(["作業", "済"], ["点検", True], ["記録", False]))
    extension = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0"><extLst><ext><x:xfComplement xmlns:x="urn:x" i="0"/></ext></extLst></xf></cellXfs>'
    parsed = patched(
        tmp_path / "a.xlsx",
        {
            "xl/worksheets/sheet1.xml": lambda t: t.replace('t="b"', 's="1" t="b"'),
            "xl/styles.xml": lambda t: t.replace("</cellXfs>", extension),
        },
    )
    assert body(parsed) == table("作業,済", "点検,☑", "記録,☐")


def test_page_headers_and_hints_for_input(tmp_path: Path) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    def fill(sheet: Worksheet) -> None:
        rows(["作業", "済"], ["点検", "可"])(sheet)
        sheet.oddHeader.left.text = "文書番号 QA-12"
        sheet.oddFooter.center.text = "&P / &N ページ"
        hint = DataValidation(
            "list", formula1='"可,不可"', showInputMessage=True, prompt="班長が記入", promptTitle="判定"
        )
        hint.add("B2:B9")
        sheet.add_data_validation(hint)

    assert body(made(tmp_path / "a.xlsx", fill)) == "\n\n".join(
        ["文書番号 QA-12", table("作業,済", "点検,可"), "B2:B9: 判定: 班長が記入: 可 / 不可"]
    )


def test_readings_of_kanji_are_no_text(tmp_path: Path) -> None:
    made(tmp_path / "a.xlsx", rows(["x"]))
    parsed = patched(
        tmp_path / "a.xlsx",
        {
            "xl/worksheets/sheet1.xml": _cells('<row><c t="s"><v>0</v></c></row>'),
            "xl/_rels/workbook.xml.rels": lambda t: t.replace(
                "</Relationships>",
                f'<Relationship Id="ss" Type="{OFFICE}/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>',
            ),
        },
        **{
            "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>検査</t><rPh sb="0" eb="2"><t>ケンサ</t></rPh></si></sst>'
        },
    )
    assert body(parsed) == "検査"


# Damage and size


HOSTILE = {
    "an endless merge": ("", '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
    "columns without end": ('<cols><col min="1" max="999999999" hidden="0"/></cols>', ""),
    "far cells": ('<sheetData><row r="1048576"><c r="XFD1048576" t="str"><v>端</v></c></row></sheetData>', ""),
    "wrong numbers": (
        '<sheetData><row r="x"><c s="99999" t="s"><v>-7</v></c><c t="n"><v>abc</v></c><c t="d"><v>?</v></c></row></sheetData>',
        "",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_sheets_are_read_in_time(tmp_path: Path, name: str) -> None:
    made(tmp_path / "a.xlsx", rows(["薬品", "量"], ["酸", "20 L"]))
    before, after = HOSTILE[name]

    def change(text: str) -> str:
        return re.sub("(<sheetData>)", before.replace("\\", "") + r"\1", text, count=1).replace(
            "<pageMargins", after + "<pageMargins"
        )

    start = time.monotonic()
    parsed = patched(tmp_path / "a.xlsx", {"xl/worksheets/sheet1.xml": change})
    assert "20 L" in body(parsed)
    assert time.monotonic() - start < 5


def test_a_damaged_drawing_or_comment_does_not_hide_the_sheet(tmp_path: Path) -> None:
    parsed = _drawn(tmp_path / "a.xlsx", "<broken", sheet="", **{"xl/v.vml": "<xml><br></xml>"})
    assert body(parsed) == table("薬品,量", "酸,20 L")


def test_a_missing_sheet_is_damage(tmp_path: Path) -> None:
    made(tmp_path / "a.xlsx", rows(["x"]))
    parts = unzipped(tmp_path / "a.xlsx")
    zipped(tmp_path / "b.xlsx", {name: data for name, data in parts.items() if "sheet1" not in name})
    with pytest.raises(ReadError, match="damaged"):
        parse(tmp_path / "b.xlsx", "b")


def test_a_long_sheet_is_read_in_time(tmp_path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("表")

    def lines() -> Iterator[list[object]]:
        yield ["番号", "名称", "数量"]
        for number in range(8000):
            yield [number, f"部品{number}", number % 7]
            if number % 10 == 0:
                yield []

    for line in lines():
        sheet.append(line)
    book.save(tmp_path / "a.xlsx")
    start = time.monotonic()
    text = body(parse(tmp_path / "a.xlsx", "a"))
    assert time.monotonic() - start < 10
    assert text.count("| 番号 |") == 1
    assert text.endswith("| 7999 | 部品7999 | 5 |")
