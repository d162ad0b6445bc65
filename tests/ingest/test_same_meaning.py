"""What a stretch of text means is the same in every office format: one passage, written into each, is read alike."""

# ruff: noqa: E501 - XML and RTF are easier to read in whole lines

import html
from collections.abc import Callable
from pathlib import Path

import pytest
from archives import zipped

from qeu_rag.ingest.read import Parsed, parse
from qeu_rag.ingest.readers.options import Way

Part = tuple[str, str]
"""Words, and how they look: "", "raised", "lowered", "struck" or "note"."""

_ODF = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = " ".join(f'xmlns:{p}="{_ODF}{n}:1.0"' for p, n in (("office", "office"), ("text", "text"), ("style", "style")))
_STYLES = "".join(
    f'<style:style style:name="{name}" style:family="text"><style:text-properties {look}/></style:style>'
    for name, look in (
        ("raised", 'style:text-position="super 58%"'),
        ("lowered", 'style:text-position="sub 58%"'),
        ("struck", 'style:text-line-through-style="solid"'),
    )
)


def docx(path: Path, parts: list[Part]) -> None:
    import docx

    made = docx.Document()
    paragraph = made.add_paragraph()
    for words, look in parts:
        run = paragraph.add_run(words)
        if look:
            setattr(run.font, {"raised": "superscript", "lowered": "subscript", "struck": "strike"}[look], True)
    made.save(str(path))


def pptx(path: Path, parts: list[Part]) -> None:
    from pptx import Presentation
    from pptx.util import Inches

    made = Presentation()
    frame = made.slides.add_slide(made.slide_layouts[6]).shapes.add_textbox(0, 0, Inches(5), Inches(1)).text_frame
    for words, look in parts:
        run = frame.paragraphs[0].add_run()
        run.text = words
        if look in {"raised", "lowered"}:
            run.font._element.set("baseline", "30000" if look == "raised" else "-25000")
        if look == "struck":
            run.font._element.set("strike", "sngStrike")
    made.save(str(path))


def xlsx(path: Path, parts: list[Part]) -> None:
    from openpyxl import Workbook
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont

    place = {"raised": "superscript", "lowered": "subscript"}
    blocks = [
        TextBlock(InlineFont(vertAlign=place.get(look), strike=look == "struck" or None), words)
        for words, look in parts
    ]
    made = Workbook()
    made.active["A1"] = CellRichText(*blocks)
    made.save(path)


def odt(path: Path, parts: list[Part]) -> None:
    def shown(words: str, look: str) -> str:
        inner = html.escape(words)
        if look == "note":
            return (
                '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
                f"<text:note-body><text:p>{inner}</text:p></text:note-body></text:note>"
            )
        return f'<text:span text:style-name="{look}">{inner}</text:span>' if look else inner

    body = "".join(shown(*part) for part in parts)
    content = (
        f"<office:document-content {_NAMES}><office:automatic-styles>{_STYLES}</office:automatic-styles><office:body>"
        f"<office:text><text:p>{body}</text:p></office:text></office:body></office:document-content>"
    )
    zipped(path, {"content.xml": content})


def rtf(path: Path, parts: list[Part]) -> None:
    words = {"raised": r"{\super %s}", "lowered": r"{\sub %s}", "struck": r"{\strike %s}", "": "{%s}"}
    words["note"] = r"{\super\chftn}{\footnote\pard\plain{\super\chftn} %s}"
    coded = [(words[look] % "".join(c if ord(c) < 128 else f"\\u{ord(c)}?" for c in text)) for text, look in parts]
    path.write_text(r"{\rtf1\ansi " + "".join(coded) + r"\par}", encoding="ascii")


FORMATS: dict[str, Callable[[Path, list[Part]], None]] = {
    ".docx": docx, ".pptx": pptx, ".xlsx": xlsx, ".odt": odt, ".rtf": rtf,
}  # fmt: skip


def read(tmp_path: Path, suffix: str, parts: list[Part]) -> Parsed:
    path = tmp_path / f"a{suffix}"
    FORMATS[suffix](path, parts)
    return parse(path, path.name)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ([("at most 10", ""), ("-4", "raised"), (" Pa", "")], "at most 10⁻⁴ Pa"),
        ([("10", ""), ("-", "raised"), ("4", "raised"), (" Pa", "")], "10⁻⁴ Pa"),
        ([("on the 21", ""), ("st", "raised"), (" of May", "")], "on the 21st of May"),
        ([("the 5", ""), ("th", "raised"), (" sheet", "")], "the 5th sheet"),
        ([("at 25 ", ""), ("o", "raised"), ("C", "")], "at 25 °C"),
        ([("Loctite", ""), ("TM", "raised"), (" glue", "")], "Loctite™ glue"),
        ([("日当は3,000円", ""), ("※1", "raised"), ("とする", "")], "日当は3,000円※1とする"),
        ([("単価は5円", ""), ("注1", "raised"), ("とする", "")], "単価は5円注1とする"),
        ([("H", ""), ("2", "lowered"), ("O", "")], "H₂O"),
        ([("t", ""), ("max", "lowered"), (" is 5", "")], "t_(max) is 5"),
    ],
)  # fmt: skip
def test_raised_and_lowered_text(tmp_path: Path, suffix: str, parts: list[Part], shown: str) -> None:
    (document,) = read(tmp_path, suffix, parts).documents
    assert document.text.split("\n")[-1] == shown


@pytest.mark.parametrize("suffix", FORMATS)
def test_struck_out_runs_that_follow_each_other_are_one_passage(tmp_path: Path, suffix: str) -> None:
    parsed = read(tmp_path, suffix, [("期限は", ""), ("30", "struck"), ("日", "struck"), ("60日", "")])
    assert parsed.documents[0].text.split("\n")[-1] == "期限は60日"
    assert list(map(str, parsed.notes)) == ["struck-out passages left out: 1"]


def docx_table(path: Path, rows: list[list[str]]) -> None:
    import docx

    made = docx.Document()
    table = made.add_table(len(rows), len(rows[0]))
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    made.save(str(path))


def pptx_table(path: Path, rows: list[list[str]]) -> None:
    from pptx import Presentation
    from pptx.util import Inches

    made = Presentation()
    slide = made.slides.add_slide(made.slide_layouts[6])
    table = slide.shapes.add_table(len(rows), len(rows[0]), 0, 0, Inches(5), Inches(3)).table
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    made.save(str(path))


LIST = [
    ["番号", "名称", "校正周期", "置き場"],
    ["M-11", "ノギス", "12か月", "検査室"],
    ["M-12", "ダイヤル", "6か月", "組立"],
]
WRITTEN = "| 番号 | 名称 | 校正周期 | 置き場 |\n| --- | --- | --- | --- |\n| M-11 | ノギス | 12か月 | 検査室 |\n| M-12 | ダイヤル | 6か月 | 組立 |"


@pytest.mark.parametrize("suffix", [".docx", ".pptx"])
@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        (LIST, WRITTEN),
        ([["測定器", "", "", ""], *LIST], f"測定器\n\n{WRITTEN}"),
        (
            [["", "担当"], ["塗装", "森"], ["溶接", "林"]],
            "|  | 担当 |\n| --- | --- |\n| 塗装 | 森 |\n| 溶接 | 林 |",
        ),
        ([["分野", ""], ["会計", ""], ["医療", ""]], "| 分野 |\n| --- |\n| 会計 |\n| 医療 |"),
        (
            [["作成日", "2025-04-01", "", ""], ["作成者", "計測係", "", ""], *LIST],
            f"作成日: 2025-04-01\n\n作成者: 計測係\n\n{WRITTEN}",
        ),
        ([["", "", "", ""], ["文書番号", "QM-01", "版", "3"], *LIST], f"文書番号: QM-01\n\n版: 3\n\n{WRITTEN}"),
        (
            [["部署", "品質"], ["担当", "森"], ["期限", "5日"]],
            "| 部署 | 品質 |\n| --- | --- |\n| 担当 | 森 |\n| 期限 | 5日 |",
        ),
    ],
)
def test_headers_below_rows_about_the_table(tmp_path: Path, suffix: str, rows: list[list[str]], shown: str) -> None:
    path = tmp_path / f"a{suffix}"
    (docx_table if suffix == ".docx" else pptx_table)(path, rows)
    (document,) = parse(path, path.name).documents
    assert document.text == shown


@pytest.mark.parametrize("suffix", [".odt", ".rtf"])
def test_notes_stand_before_the_full_stop_and_long_ones_below(tmp_path: Path, suffix: str) -> None:
    (document,) = read(tmp_path, suffix, [("日当は3,000円とする。", ""), ("日帰りは半額", "note")]).documents
    assert document.text == "日当は3,000円とする（注1: 日帰りは半額）。"
    (document,) = read(tmp_path, suffix, [("It is 5 m.", ""), ("not indoors", "note"), (" Next.", "")]).documents
    assert document.text == "It is 5 m (note 1: not indoors). Next."
    (document,) = read(tmp_path, suffix, [("One rule.", ""), ("word " * 100, "note")]).documents
    first, second = document.text.split("\n\n")
    assert first == "One rule (note 1)."
    assert second.startswith("note 1: word word")


@pytest.mark.parametrize(
    ("suffix", "comment"),
    [
        (".odt", '<office:annotation><text:p>15 L<text:span text:style-name="struck">old</text:span></text:p></office:annotation>'),
        (".rtf", r"{\*\annotation 15 L{\strike old}}"),
    ],
)  # fmt: skip
def test_comments_are_counted_unless_they_are_asked_for(tmp_path: Path, suffix: str, comment: str) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".odt":
        content = f"<office:document-content {_NAMES}><office:automatic-styles>{_STYLES}</office:automatic-styles><office:body><office:text><text:p>20 L{comment}</text:p></office:text></office:body></office:document-content>"
        zipped(path, {"content.xml": content})
    else:
        path.write_text(r"{\rtf1\ansi 20 L" + comment + r"\par}", encoding="ascii")
    parsed = parse(path, path.name)
    assert parsed.documents[0].text == "20 L"
    assert list(map(str, parsed.notes)) == ["comments not read: 1 (ingest.comments: true reads them)"]
    assert parse(path, path.name, Way(comments=True)).documents[0].text == "20 L[Comment: 15 L]"


def _sheet(path: Path, rows: list[list[str]]) -> None:
    from openpyxl import Workbook

    made = Workbook()
    for row in rows:
        made.active.append(row)
    made.save(path)


def _words(path: Path, rows: list[list[str]]) -> None:
    import docx

    made = docx.Document()
    grid = made.add_table(len(rows), len(rows[0]))
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            grid.cell(r, c).text = text
    made.save(str(path))


def _page(path: Path, rows: list[list[str]]) -> None:
    cells = ["".join(f"<td>{text}</td>" for text in row) for row in rows[1:]]
    names = "".join(f"<th>{text}</th>" for text in rows[0])
    path.write_text(f"<table><tr>{names}</tr>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>", encoding="utf-8")


def _commas(path: Path, rows: list[list[str]]) -> None:
    path.write_text("\n".join(map(",".join, rows)), encoding="utf-8")


TABLES: dict[str, Callable[[Path, list[list[str]]], None]] = {
    ".xlsx": _sheet, ".docx": _words, ".html": _page, ".csv": _commas,
}  # fmt: skip
GROUPED = [
    ["区分", "細目", "上限"], ["国内", "宿泊", "1万円"], ["", "日当", "3千円"], ["海外", "宿泊", "200ドル"], ["", "日当", "60ドル"],
]  # fmt: skip


@pytest.mark.parametrize("suffix", TABLES)
def test_a_key_that_stands_for_the_rows_below_it_is_said_in_each(tmp_path: Path, suffix: str) -> None:
    def rows(given: list[list[str]]) -> list[str]:
        path = tmp_path / f"a{suffix}"
        TABLES[suffix](path, given)
        return [line for line in parse(path, path.name).documents[0].text.split("\n") if line.startswith("|")][2:]

    assert rows(GROUPED) == [
        "| 国内 | 宿泊 | 1万円 |", "| 国内 | 日当 | 3千円 |", "| 海外 | 宿泊 | 200ドル |", "| 海外 | 日当 | 60ドル |",
    ]  # fmt: skip
    apart = [*GROUPED[:4], ["", "土産", "60ドル"]]
    apart[3] = ["海外", "視察", "200ドル"]
    assert rows(apart)[1] == "|  | 日当 | 3千円 |"  # nothing comes again: an empty cell may be empty
    marked = [GROUPED[0], ["○", "宿泊", "1"], ["", "日当", "2"], ["○", "宿泊", "3"], ["", "日当", "4"]]
    assert rows(marked)[1] == "|  | 日当 | 2 |"
