"""Tables in PDF files: the cells that drawn lines bound are rows with their header, and nothing else changes."""

import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag import KnowHow
from qeu_rag.errors import ReadError
from qeu_rag.ingest.read import Parsed, parse
from qeu_rag.ingest.readers.pdf.ruled import grids
from qeu_rag.ingest.readers.pdf.strokes import Rule, Rules, turned, turned_rules
from qeu_rag.ingest.split import split

ROOT = Path(__file__).parents[2]
Edges = Sequence[float]
PAGE = (595, 842)
XS = (72, 172, 272, 372)
HEADER = ("Gauge", "Interval", "Owner")
ROWS = (HEADER, ("Caliper", "12 months", "Mori"), ("Scale", "18 months", "Tanaka"))
TABLE = (
    "| Gauge | Interval | Owner |\n| --- | --- | --- |\n| Caliper | 12 months | Mori |\n| Scale | 18 months | Tanaka |"
)
BEFORE, AFTER = "The intervals follow.", "They are kept in the log."


# A small writer of PDF files: what it draws is what stands in the file.


def text(x: float, y: float, words: str, *, font: str = "F1", size: float = 10) -> str:
    escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /{font} {size} Tf {x} {y} Td ({escaped}) Tj ET"


def stroke(x: float, y: float, to_x: float, to_y: float) -> str:
    return f"{x} {y} m {to_x} {to_y} l S"


def thin(x: float, y: float, to_x: float, to_y: float) -> str:
    """A line as Word and Excel draw it: a filled rectangle of half a point."""
    return f"{x} {y} {to_x - x or 0.48} {to_y - y or 0.48} re f"


def box(x: float, y: float, to_x: float, to_y: float, paint: str = "S") -> str:
    return f"{x} {y} {to_x - x} {to_y - y} re {paint}"


def ruled(xs: Edges, ys: Edges, line: Callable[[float, float, float, float], str] = stroke) -> list[str]:
    level = [line(xs[0], y, xs[-1], y) for y in ys]
    return level + [line(x, min(ys), x, max(ys)) for x in xs]


def written(xs: Edges, ys: Edges, rows: Iterable[Iterable[str]], **options: object) -> list[str]:
    """The rows, each cell's lines from the top, 4 points off the edges."""
    return [
        text(x + 4, y - 12 - 12 * i, line, **options)  # type: ignore[arg-type]
        for y, row in zip(ys, rows, strict=False)
        for x, cell in zip(xs, row, strict=False)
        for i, line in enumerate(cell.split("\n"))
        if line
    ]


def levels(count: int, top: float = 700, height: float = 18) -> list[float]:
    return [top - height * i for i in range(count + 1)]


def pdf(path: Path, *pages: Sequence[str], rotate: int = 0) -> Path:
    fonts = "/F1 3 0 R /F2 4 0 R"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(f'{5 + 2 * i} 0 R' for i in range(len(pages)))}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>",
    ]
    for i, page in enumerate(pages):
        content = "\n".join(page)
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE[0]} {PAGE[1]}] /Rotate {rotate} "
            f"/Resources << /Font << {fonts} >> >> /Contents {6 + 2 * i} 0 R >>",
            f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        ]
    made, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\n"
    )
    path.write_bytes(made + f"{end}startxref\n{len(made)}\n%%EOF\n".encode())
    return path


def read(path: Path) -> Parsed:
    parsed = parse(path, path.name)
    for document in parsed.documents:
        assert all(chunk.span.of(document.text) == chunk.text for chunk in split(document))
        assert all(page.span.of(document.text).strip() for page in document.pages)
    return parsed


def pages_of(path: Path) -> list[str]:
    document = read(path).documents[0]
    return [page.span.of(document.text).strip() for page in document.pages]


def between(drawn: Sequence[str]) -> list[str]:
    return [text(72, 730, BEFORE), *drawn, text(72, 500, AFTER)]


# Tables


@pytest.mark.parametrize(
    "line", [stroke, thin, lambda *ends: f"[1 2] 0 d {stroke(*ends)} [] 0 d"], ids=["strokes", "thin boxes", "dashes"]
)
def test_a_ruled_table_is_rows_in_its_place(tmp_path: Path, line: Callable[[float, float, float, float], str]) -> None:
    ys = levels(3)
    path = pdf(tmp_path / "a.pdf", between([*ruled(XS, ys, line), *written(XS, ys, ROWS)]))
    assert pages_of(path) == [f"{BEFORE}\n\n{TABLE}\n\n{AFTER}"]


def test_cells_that_are_boxes_of_their_own(tmp_path: Path) -> None:
    ys = levels(3)
    boxes = [box(x, y, x + 100, y - 18) for x in XS[:-1] for y in ys[:-1]]
    assert pages_of(pdf(tmp_path / "a.pdf", between([*boxes, *written(XS, ys, ROWS)]))) == [
        f"{BEFORE}\n\n{TABLE}\n\n{AFTER}"
    ]


def test_lines_in_pieces_and_doubled_and_in_one_path(tmp_path: Path) -> None:
    ys = levels(3)
    pieces = [stroke(x + 0.7, y, x + 99, y) + "\n" + stroke(x, y + 1.2, x + 100, y + 1.2) for x in XS[:-1] for y in ys]
    upright = " ".join(f"{x} {y - 1} m {x} {y - 17.5} l" for x in XS for y in ys[:-1]) + " S"
    path = pdf(tmp_path / "a.pdf", between([*pieces, upright, *written(XS, ys, ROWS)]))
    assert pages_of(path) == [f"{BEFORE}\n\n{TABLE}\n\n{AFTER}"]


def test_a_table_drawn_under_a_matrix(tmp_path: Path) -> None:
    ys = levels(3)
    scaled = ["q 0.5 0 0 0.5 36 350 cm", *ruled([2 * x - 72 for x in XS], [2 * y - 700 for y in ys]), "Q"]
    assert TABLE in pages_of(pdf(tmp_path / "a.pdf", [*scaled, *written(XS, ys, ROWS)]))[0]


def test_text_that_crosses_from_a_table_to_what_stands_beside_it(tmp_path: Path) -> None:
    ys = levels(3)
    beside = [text(376, 688, "margin note")]  # on the line of the header, which PDFium reads as one line
    got = pages_of(
        pdf(
            tmp_path / "a.pdf",
            between([*ruled(XS, ys), *written(XS, ys[:1], ROWS[:1]), *beside, *written(XS, ys[1:], ROWS[1:])]),
        )
    )
    assert TABLE in got[0]
    assert "margin note" in got[0].replace(TABLE, "")


def test_cells_of_several_lines(tmp_path: Path) -> None:
    ys = [700, 670, 640]
    rows = (("Place", "Ceiling (JPY)"), ("New York, San\nFrancisco", "38000"))
    got = pages_of(pdf(tmp_path / "a.pdf", [*ruled(XS[:3], ys), *written(XS, ys, rows)]))
    assert got == ["| Place | Ceiling (JPY) |\n| --- | --- |\n| New York, San Francisco | 38000 |"]


def test_a_word_broken_by_a_narrow_column_is_whole_where_the_document_knows_it(tmp_path: Path) -> None:
    xs, ys = [72, 96, 196], [700, 670, 652]
    rows = (("Zon\ne", "Ceiling"), ("A", "38000"))
    path = pdf(tmp_path / "a.pdf", [text(72, 730, "Each zone has a ceiling."), *ruled(xs, ys), *written(xs, ys, rows)])
    assert "| Zone | Ceiling |" in pages_of(path)[0]
    path = pdf(tmp_path / "b.pdf", [text(72, 730, "Each place has a ceiling."), *ruled(xs, ys), *written(xs, ys, rows)])
    assert "| Zon e | Ceiling |" in pages_of(path)[0]


def test_japanese_cells_are_joined_without_spaces(tmp_path: Path) -> None:
    from reportlab.lib import colors
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
    style = ParagraphStyle("j", fontName="HeiseiMin-W3", fontSize=10, leading=14, wordWrap="CJK")
    rows = (
        ("測定器", "校正の周期", "保管の場所"),
        ("ノギス", "一年ごとに社外の校正機関へ送ること", "第二測定室の棚の上から二段目"),
        ("はかり", "半年ごと", "事務所"),
    )
    cells = [[Paragraph(cell, style) for cell in row] for row in rows]
    table = Table(cells, colWidths=[60, 90, 90], style=[("GRID", (0, 0), (-1, -1), 0.5, colors.grey)])
    SimpleDocTemplate(str(tmp_path / "a.pdf")).build([table])
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    assert pages_of(tmp_path / "a.pdf") == ["\n".join([lines[0], "| --- | --- | --- |", *lines[1:]])]


def test_merged_cells_and_a_header_of_two_rows(tmp_path: Path) -> None:
    xs, ys = [72, 172, 252, 332, 412], levels(5)
    lines = [
        *(stroke(xs[0], y, xs[-1], y) for y in (ys[0], ys[2], ys[5])),
        stroke(xs[1], ys[1], xs[3], ys[1]),  # "Error" stands over two columns
        stroke(xs[1], ys[3], xs[-1], ys[3]),  # "Micrometer" goes through two rows
        stroke(xs[0], ys[4], xs[-1], ys[4]),
        *(stroke(x, ys[0], x, ys[-1]) for x in (xs[0], xs[1], xs[3], xs[4])),
        stroke(xs[2], ys[1], xs[2], ys[-1]),
    ]
    rows = (
        ("Gauge", "Error", "", "Unit"),
        ("", "least", "most", ""),
        ("Micrometer", "1", "3", "um"),
        ("", "2", "4", "nm"),
        ("Dial", "5", "", "um"),
    )
    got = pages_of(pdf(tmp_path / "a.pdf", [*lines, *written(xs, ys, rows)]))
    assert got[0].split("\n") == [
        "| Gauge | Error least | Error most | Unit |",
        "| --- | --- | --- | --- |",
        "| Micrometer | 1 | 3 | um |",
        "| Micrometer | 2 | 4 | nm |",
        "| Dial | 5 |  | um |",
    ]


def test_a_table_open_at_its_sides(tmp_path: Path) -> None:
    ys = levels(3)
    inner = [stroke(x, ys[0], x, ys[-1]) for x in XS[1:-1]]
    lines = [stroke(XS[0], y, XS[-1], y) for y in ys]
    assert pages_of(pdf(tmp_path / "a.pdf", [*lines, *inner, *written(XS, ys, ROWS)])) == [TABLE]


def test_a_title_in_the_frame_stays_before_the_table(tmp_path: Path) -> None:
    ys = levels(4)
    lines = [*(stroke(XS[0], y, XS[-1], y) for y in ys), *(stroke(x, ys[1], x, ys[-1]) for x in XS)]
    lines += [stroke(x, ys[0], x, ys[1]) for x in (XS[0], XS[-1])]
    rows = (("Table 3. Intervals of gauges",), *ROWS)
    assert pages_of(pdf(tmp_path / "a.pdf", [*lines, *written(XS, ys, rows)])) == [
        f"Table 3. Intervals of gauges\n\n{TABLE}"
    ]


def test_rows_without_lines_between_them(tmp_path: Path) -> None:
    ys = [700, 682, 630]
    rows = (HEADER, ("Caliper\nScale\nDial", "12\n18\n6", "Mori\nTanaka\nSato"))
    got = pages_of(pdf(tmp_path / "a.pdf", [*ruled(XS, ys), *written(XS, ys, rows)]))[0].split("\n")
    assert got[2:] == ["| Caliper | 12 | Mori |", "| Scale | 18 | Tanaka |", "| Dial | 6 | Sato |"]


def test_lists_in_cells_are_not_rows(tmp_path: Path) -> None:
    ys = [700, 682, 630]
    rows = (("Do", "Leave"), ("1. clean\n2. weigh\n3. note", "1. dust\n2. heat\n3. guess"))
    got = pages_of(pdf(tmp_path / "a.pdf", [*ruled(XS[:3], ys), *written(XS, ys, rows)]))[0].split("\n")
    assert got[2:] == ["| 1. clean 2. weigh 3. note | 1. dust 2. heat 3. guess |"]


def test_a_row_that_only_its_colour_sets_off(tmp_path: Path) -> None:
    ys = levels(3)
    header = [f"0.2 0.4 0.8 rg {box(x, ys[0], x + 100, y, 'f')} 0 g" for x in XS[:-1] for y in (ys[1], ys[0] - 9)]
    lines = [stroke(XS[0], y, XS[-1], y) for y in ys[2:]] + [stroke(x, ys[0], x, ys[-1]) for x in XS]
    assert pages_of(pdf(tmp_path / "a.pdf", [*header, *lines, *written(XS, ys, ROWS)])) == [TABLE]


def test_cells_that_are_only_coloured(tmp_path: Path) -> None:
    ys = levels(3)
    tiles = [
        f"{'0.1 0.4 0.5' if i % 2 else '0.8 0.8 0.8'} rg {box(x, y, x + 100, y - 18, 'f')}"
        for i, y in enumerate(ys[:-1])
        for x in XS[:-1]
    ]
    assert pages_of(pdf(tmp_path / "a.pdf", between([*tiles, "0 g", *written(XS, ys, ROWS)]))) == [
        f"{BEFORE}\n\n{TABLE}\n\n{AFTER}"
    ]


def test_a_stamp_over_a_table_is_not_in_its_cells(tmp_path: Path) -> None:
    ys = levels(3)
    stamps = [text(100, 660, "DRAFT", size=60), "q 0 1 -1 0 240 650 cm BT /F1 9 Tf 0 0 Td (not released) Tj ET Q"]
    got = pages_of(pdf(tmp_path / "a.pdf", [*ruled(XS, ys), *written(XS, ys, ROWS), *stamps]))[0]
    assert TABLE in got
    assert "DRAFT" in got
    assert "not released" in got


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize(
    ("drawn", "matrix"), [(90, "0 1 -1 0 500 100"), (180, "-1 0 0 -1 500 800"), (270, "0 -1 1 0 0 700")]
)
def test_turned_pages_and_tables(tmp_path: Path, rotate: int, drawn: int, matrix: str) -> None:
    ys = levels(3, top=300)
    path = pdf(tmp_path / "a.pdf", [f"q {matrix} cm", *ruled(XS, ys), *written(XS, ys, ROWS), "Q"], rotate=rotate)
    assert pages_of(path) == [TABLE], drawn


def test_a_label_turned_in_an_upright_table(tmp_path: Path) -> None:
    ys = [700, 640, 622, 604]
    turned_label = "q 0 1 -1 0 190 645 cm BT /F1 10 Tf 0 0 Td (Interval) Tj ET Q"
    rows = (("Gauge", "", "Owner"), *ROWS[1:])
    got = pages_of(pdf(tmp_path / "a.pdf", [*ruled(XS, ys), *written(XS, ys, rows), turned_label]))
    assert got == [TABLE]


# Tables without lines


COLUMNS = (72, 180, 280, 380)


def set_out(xs: Edges, top: float, rows: Iterable[Sequence[str]], step: float = 18) -> list[str]:
    return [
        text(x, top - step * i, cell) for i, row in enumerate(rows) for x, cell in zip(xs, row, strict=True) if cell
    ]


@pytest.mark.parametrize("rotate", [0, 90])
def test_empty_cells_stay_in_their_columns(tmp_path: Path, rotate: int) -> None:
    rows = (
        ("Item", "Room A", "Room B", "Room C"),
        ("Alpha", "1", "2", "3"),
        ("Beta", "", "4", ""),
        ("Gamma", "5", "", "6"),
    )
    made = between(set_out(COLUMNS, 660, rows))
    assert pages_of(pdf(tmp_path / "a.pdf", made, rotate=rotate)) == [
        f"{BEFORE}\n\n| Item | Room A | Room B | Room C |\n| --- | --- | --- | --- |\n| Alpha | 1 | 2 | 3 |\n"
        f"| Beta |  | 4 |  |\n| Gamma | 5 |  | 6 |\n\n{AFTER}"
    ]


def test_names_over_columns_and_cells_of_two_lines(tmp_path: Path) -> None:
    rows = (
        ("Item", "first", "second", "first", "second"),
        ("Steel", "12", "", "15", "9"),
        ("Wood", "", "7", "", "8"),
        ("Sum", "12", "7", "15", "17"),
    )
    groups = [text(200, 678, "2025"), text(340, 678, "2026")]
    made = [*groups, *set_out((72, 180, 240, 320, 380), 660, rows)]
    assert pages_of(pdf(tmp_path / "a.pdf", made)) == [
        "| Item | 2025 first | 2025 second | 2026 first | 2026 second |\n| --- | --- | --- | --- | --- |\n"
        "| Steel | 12 |  | 15 | 9 |\n| Wood |  | 7 |  | 8 |\n| Sum | 12 | 7 | 15 | 17 |"
    ]
    lines = [
        *set_out((72, 180, 400), 660, [("Part", "What is done", "Limit")]),
        *set_out(
            (72, 180, 400), 640, [("Valve", "It is closed by hand at the", "5 bar"), ("", "wheel and locked", "")], 12
        ),
        *set_out((72, 180, 400), 610, [("Pump", "It is stopped", ""), ("Seal", "It is exchanged", "2 h")], 20),
    ]
    assert pages_of(pdf(tmp_path / "b.pdf", lines)) == [
        "| Part | What is done | Limit |\n| --- | --- | --- |\n| Valve | It is closed by hand at the wheel and locked | 5 bar |\n"
        "| Pump | It is stopped |  |\n| Seal | It is exchanged | 2 h |"
    ]


def test_columns_close_to_each_other(tmp_path: Path) -> None:
    rows = (
        ("Part", "Interval", "Owner"),
        ("Belt", "6 months", "Mori"),
        ("Shaft", "12 months", "Hayashi"),
        ("Filter", "1 month", ""),
    )
    assert pages_of(pdf(tmp_path / "a.pdf", set_out((72, 110, 170), 660, rows))) == [
        "| Part | Interval | Owner |\n| --- | --- | --- |\n| Belt | 6 months | Mori |\n| Shaft | 12 months | Hayashi |\n"
        "| Filter | 1 month |  |"
    ]


def test_values_without_names_have_an_empty_header_and_go_on_over_a_page(tmp_path: Path) -> None:
    first = [("Gauge", "Days", "Price"), *((f"G{i}", f"{i}", f"{i}.50") for i in range(1, 5))]
    more = [("G5", "", "5.50"), ("G6", "6", "6.50"), ("G7", "7", "")]
    path = pdf(tmp_path / "a.pdf", set_out(COLUMNS[:3], 130, first), set_out(COLUMNS[:3], 780, more))
    one, two = pages_of(path)
    assert one.endswith("| G4 | 4 | 4.50 |")
    assert two == "| Gauge | Days | Price |\n| --- | --- | --- |\n| G5 |  | 5.50 |\n| G6 | 6 | 6.50 |\n| G7 | 7 |  |"
    alone = pages_of(pdf(tmp_path / "b.pdf", set_out(COLUMNS[:3], 600, more)))
    assert alone == ["|  |  |  |\n| --- | --- | --- |\n| G5 |  | 5.50 |\n| G6 | 6 | 6.50 |\n| G7 | 7 |  |"]


def test_text_with_wide_gaps_and_contents_are_no_tables(tmp_path: Path) -> None:
    contents = [
        text(72, 700 - 14 * i, f"{i}.1   Scope of part {i}   . . . . . . . . . . . .   {i}") for i in range(1, 5)
    ]
    wide = [
        "who  signs   the   order",
        "must read   all of  it",
        "and  then keep   a copy",
        "in the    file  of the firm",
    ]
    prose = [text(72, 500 - 14 * i, line) for i, line in enumerate(wide)]
    assert "|" not in pages_of(pdf(tmp_path / "a.pdf", [*contents, *prose]))[0]


# Tables over the end of a page


def over_two_pages(second: Sequence[Sequence[str]], top: str = "", xs: Edges = XS) -> list[list[str]]:
    first, low = levels(3, top=130), levels(len(second), top=770)
    footer = [text(280, 20, "Page 1")]
    return [
        [
            text(72, 300, BEFORE),
            *ruled(XS, first),
            *written(XS, first[:1], [HEADER], font="F2"),
            *written(XS, first[1:], ROWS[1:]),
            *footer,
        ],
        [
            text(72, 800, "Gauge rules"),
            *([text(72, 780, top)] if top else []),
            *ruled(xs, low),
            *written(xs, low[:1], second[:1], font="F1"),
            *written(xs, low[1:], second[1:]),
            text(72, 400, AFTER),
        ],
    ]


def test_a_table_that_goes_on_has_its_header_again(tmp_path: Path) -> None:
    pages = over_two_pages([("Dial", "6 months", "Sato"), ("Torque wrench", "9 months", "Kato")])
    assert pages_of(pdf(tmp_path / "a.pdf", *pages))[1] == (
        "Gauge rules\n\n| Gauge | Interval | Owner |\n| --- | --- | --- |\n| Dial | 6 months | Sato |\n"
        f"| Torque wrench | 9 months | Kato |\n\n{AFTER}"
    )


def test_a_header_that_is_repeated_is_not_doubled(tmp_path: Path) -> None:
    pages = over_two_pages([HEADER, ("Dial", "6 months", "Sato")])
    second = pages_of(pdf(tmp_path / "a.pdf", *pages))[1]
    assert "| Gauge | Interval | Owner |\n| --- | --- | --- |\n| Dial | 6 months | Sato |" in second
    assert second.count("Interval") == 1


@pytest.mark.parametrize("repeated", [True, False])
@pytest.mark.parametrize("merged", [True, False])
def test_a_merged_cell_that_the_end_of_the_page_cut_keeps_its_label(
    tmp_path: Path, repeated: bool, merged: bool
) -> None:
    rows = [
        *([HEADER] if repeated else []),
        ("", "or 5000 uses", "Sato"),
        ("", "or a fall", "Ito"),
        ("Dial", "6 months", "Kato"),
    ]
    pages = over_two_pages(rows)
    if merged:
        y = 770 - 18 * (1 + repeated)
        pages[1] = [stroke(XS[1], y, XS[-1], y) if line == stroke(XS[0], y, XS[-1], y) else line for line in pages[1]]
    lines = pages_of(pdf(tmp_path / "a.pdf", *pages))[1].split("\n")
    label = "Scale" if merged else ""
    assert f"| {label} | or 5000 uses | Sato |" in lines
    assert f"| {label} | or a fall | Ito |" in lines
    assert "| Dial | 6 months | Kato |" in lines


@pytest.mark.parametrize("case", ["other columns", "text between", "own header", "far from the edge"])
def test_another_table_keeps_its_own_header(tmp_path: Path, case: str) -> None:
    rows = [("Tool", "Price", "Place"), ("Dial", "6 yen", "Kyoto")]
    pages = over_two_pages(
        rows, "A second list:" if case == "text between" else "", (72, 150, 272, 372) if case == "other columns" else XS
    )
    if case == "own header":
        pages[1] = [line.replace("/F1", "/F2") if any(word in line for word in rows[0]) else line for line in pages[1]]
    if case == "far from the edge":
        pages[0] = [f"q 1 0 0 1 0 400 cm {line} Q" for line in pages[0][:-1]]
    got = pages_of(pdf(tmp_path / "a.pdf", *pages))[1]
    assert "| Tool | Price | Place |\n| --- | --- | --- |\n| Dial | 6 yen | Kyoto |" in got
    assert "Interval" not in got


def test_a_letterhead_in_a_frame_stands_once(tmp_path: Path) -> None:
    ys = levels(4, top=825)
    pages = []
    for number in (1, 2, 3, 4):
        rows = (("Document", "QM-H-01"), ("Revision", "3"), ("Page", f"{number} of 4"), ("Owner", "Measuring room"))
        pages.append([*ruled(XS[:3], ys), *written(XS, ys, rows), text(72, 600, f"Rule {'ABCD'[number - 1]} is kept.")])
    got = pages_of(pdf(tmp_path / "a.pdf", *pages))
    assert "| Owner | Measuring room |" in got[0]
    assert got[1:] == ["Rule B is kept.", "Rule C is kept.", "Rule D is kept."]


def test_a_header_repeated_at_the_top_of_many_pages_is_no_running_line(tmp_path: Path) -> None:
    ys, names = levels(3, top=815), ("Caliper", "Scale", "Dial", "Wrench")
    pages = [
        [*ruled(XS, ys), *written(XS, ys, (HEADER, (f"{n} A", "1", "Mori"), (f"{n} B", "2", "Sato")))] for n in names
    ]
    for got, name in zip(pages_of(pdf(tmp_path / "a.pdf", *pages)), names, strict=True):
        assert got.startswith(f"| Gauge | Interval | Owner |\n| --- | --- | --- |\n| {name} A | 1 | Mori |")


# What is no table


FIGURES = {
    "a box around prose": [
        box(60, 600, 540, 720), text(72, 700, "Note that all gauges"), text(72, 680, "come back by Friday."),
    ],
    "a page border": [
        box(30, 30, 565, 812), box(33, 33, 562, 809), text(72, 700, "Gauges come back"), text(72, 680, "by Friday at noon."),
    ],
    "an underline": [text(72, 700, "Gauges come back by Friday."), stroke(72, 698, 200, 698), stroke(72, 690, 540, 690)],
    "a frame of one column": [
        *ruled((72, 300), levels(3)), *written((72,), levels(3), [("Gauges come",), ("back by",), ("Friday",)]),
    ],
    "two columns of prose": [
        *(stroke(72, y, 500, y) for y in (720, 600)), stroke(286, 720, 286, 600),
        *(text(x, y, "Gauges come back by Friday") for x in (76, 290) for y in (700, 680, 660)),
    ],
    "an empty grid": [*ruled(XS, levels(3)), text(72, 560, "Fig. 1")],
    "a chart": [
        *ruled(range(72, 400, 40), range(500, 720, 20)),
        *(text(55, y, str(y)) for y in range(500, 720, 20)), *(text(x, 488, str(x)) for x in range(72, 400, 40)),
        *(box(x, 500, x + 15, 590 + x / 8, "f") for x in range(80, 380, 40)), text(120, 655, "peak"),
    ],
    "bars in colours": [
        *(
            f"0.{c}0 0.3 0.6 rg {box(x, 500 + 60 * c, x + 40, 560 + 60 * c, 'f')} 0 g"
            for x in (80, 160, 240) for c in (0, 1, 2)
        ),
        *(text(x + 5, y, "units") for x in (80, 160, 240) for y in (520, 580, 640)),
    ],
    "a margin and lines of text that were filled one by one": [
        *(f"0.9 0.9 0.9 rg {box(x, y, to_x, y + 14, 'f')} 0 g" for y in (640, 654, 668) for x, to_x in ((66, 72), (72, 300))),
        *(text(72, y + 3, "Note well") for y in (640, 654, 668)),
    ],
    "zebra stripes": [
        *(f"0.{8 + i % 2} 0.9 0.9 rg {box(72, y, 372, y + 18, 'f')} 0 g" for i, y in enumerate((640, 658, 676))),
        *(text(x, y + 4, "some words") for y in (640, 658, 676) for x in (76, 230)),
    ],
    "boxes and arrows": [
        *(box(x, y, x + 90, y + 30) for x in (72, 250) for y in (640, 560)),
        *(text(x + 5, y + 12, "measure it") for x in (72, 250) for y in (640, 560)),
        *(stroke(x + 45, 590, x + 45, 640) for x in (72, 250)), *(stroke(162, y, 250, y) for y in (655, 575)),
    ],
    "lines through the text": [
        *ruled(range(72, 500, 30), range(600, 720, 9)),
        *(text(72, y, "Long words cross the lines of this pattern everywhere") for y in range(603, 715, 13)),
    ],
    "a drawing frame with a title block": [
        *ruled((40, 300, 555), (40, 60, 80)), box(40, 40, 555, 800), text(72, 500, "Bracket, left"),
        *(text(x, y, "sheet one") for x in (50, 310) for y in (45, 65)), text(60, 300, "all edges broken"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_what_is_no_table_reads_as_without_its_lines(tmp_path: Path, name: str) -> None:
    figure = FIGURES[name]
    bare = [item for item in figure if item.startswith("BT")]
    around = (text(72, 760, BEFORE), text(72, 460, AFTER))
    with_lines = pages_of(pdf(tmp_path / "a.pdf", [around[0], *figure, around[1]]))
    without = pages_of(pdf(tmp_path / "b.pdf", [around[0], *bare, around[1]]))
    if name == "a drawing frame with a title block":
        assert "Bracket, left" in with_lines[0]
        assert "Bracket, left |" not in with_lines[0]
    else:
        assert with_lines == without
        assert "|" not in with_lines[0]


DATA = Path(os.environ.get("QEU_RAG_DATA", ROOT.parent / "shared" / "data"))
REAL = [path for folder in (ROOT / "corpus", DATA / "fixtures") for path in sorted(folder.rglob("*.pdf"))]


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_outside_tables_real_files_read_as_without_their_lines(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        tabled = parse(path, path.name).documents[0].text
    except ReadError:
        return
    monkeypatch.setattr("qeu_rag.ingest.readers.pdf.table.grids", lambda rules: [])
    monkeypatch.setattr("qeu_rag.ingest.readers.pdf.table.aligned", lambda lines, letters_of, quarter: [])
    plain = parse(path, path.name).documents[0].text
    lines = iter(plain.split("\n"))
    outside = [line for line in tabled.split("\n") if line and not line.startswith("|")]
    assert [line for line in outside if line not in lines] == []  # ``in`` goes on from where the last was found
    letters = [Counter(re.sub(r"[\s#|\\-]", "", text)) for text in (plain, tabled)]
    assert not letters[0] - letters[1]


# Limits


def test_a_page_of_countless_paths_is_read_by_lines_and_told(tmp_path: Path) -> None:
    ys = levels(3)
    noise = random.Random(1)
    paths = [f"{noise.uniform(0, 595):.1f} {noise.uniform(0, 842):.1f} 2 9 re S" for _ in range(50_000)]
    path = pdf(tmp_path / "a.pdf", [text(72, 730, BEFORE)], between([*paths, *ruled(XS, ys), *written(XS, ys, ROWS)]))
    start = time.perf_counter()
    parsed = read(path)
    assert time.perf_counter() - start < 10
    assert [str(note) for note in parsed.notes] == [
        "more is drawn on page 2 than is searched for tables: their text is read line by line"
    ]
    assert "| Caliper | 12 months | Mori |" in parsed.documents[0].text


def test_a_page_full_of_crossing_lines_is_read_in_time(tmp_path: Path) -> None:
    hatched = [stroke(10, y / 10, 585, y / 10) for y in range(100, 8000, 25)]
    hatched += [stroke(x / 10, 10, x / 10, 800) for x in range(100, 5800, 25)]
    path = pdf(tmp_path / "a.pdf", [text(72, 730, BEFORE), *hatched])
    start = time.perf_counter()
    assert pages_of(path) == [BEFORE]
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    "broken",
    ["1e38 1e38 m 9e38 1e38 l S", "0 0 0 0 re S", "nan inf m 1 1 l S", "5 5 m S", "q 0 0 0 0 0 0 cm 1 1 9 9 re S Q"],
)
def test_senseless_paths_do_no_harm(tmp_path: Path, broken: str) -> None:
    ys = levels(3)
    assert pages_of(pdf(tmp_path / "a.pdf", [broken, *ruled(XS, ys), *written(XS, ys, ROWS), broken])) == [TABLE]


def test_a_file_cut_in_its_lines_is_read_or_reported(tmp_path: Path) -> None:
    ys = levels(3)
    whole = pdf(tmp_path / "a.pdf", [*ruled(XS, ys), *written(XS, ys, ROWS)]).read_bytes()
    reasons = set()
    for end in range(400, len(whole), 97):
        (tmp_path / "b.pdf").write_bytes(whole[:end])
        try:
            read(tmp_path / "b.pdf")
        except ReadError as e:
            reasons.add(e.reason)
    assert reasons <= {"damaged", "no_text"}


# From the file to the answer


def test_a_question_about_a_cell_is_answered_by_its_row_and_header(know_how: KnowHow) -> None:
    folder = ROOT / "corpus" / "en"
    know_how.ingest([folder / "travel-policy-overseas.pdf", folder / "measurement-handbook.pdf"])
    for question, header, row in (
        (
            "What is the hotel ceiling in London?",
            "Hotel ceiling per night (JPY)",
            "London, Zurich, Singapore | 38000 | 9500",
        ),
        ("What is the daily allowance in Prague?", "Daily allowance (JPY)", "Prague, Mexico City | 21000 | 7000"),
        ("What is the starting interval of a caliper?", "Starting interval", "Caliper | 12 months | 24 months"),
    ):
        answer = know_how.ask(question)
        lines = answer.text.split("\n")
        at = next(place for place, line in enumerate(lines) if header in line)
        assert any(row in line for line in lines[at:]), answer.text


# The geometry by itself


@st.composite
def merged_grids(draw: st.DrawFn) -> tuple[list[float], list[float], list[tuple[int, int, int, int]]]:
    """Edges, and cells (row, column, end row, end column) that fill them, some merged."""
    rows, columns = draw(st.integers(2, 6)), draw(st.integers(2, 6))
    free = {(r, c) for r in range(rows) for c in range(columns)}
    cells = []
    while free:
        row, column = min(free)
        width = draw(st.integers(1, 3))
        while width > 1 and any((row, column + i) not in free for i in range(width)):
            width -= 1
        height = draw(st.integers(1, 3))
        while any((row + j, column + i) not in free for i in range(width) for j in range(height)):
            height -= 1
        free -= {(row + j, column + i) for i in range(width) for j in range(height)}
        cells.append((row, column, row + height, column + width))
    gaps = st.floats(10, 80)
    xs, ys = [50.0], [700.0]
    for _ in range(columns):
        xs.append(xs[-1] + draw(gaps))
    for _ in range(rows):
        ys.append(ys[-1] - draw(gaps))
    return xs, ys, cells


def sides(xs: Edges, ys: Edges, cells: Iterable[tuple[int, int, int, int]], shift: Callable[[], float]) -> Rules:
    across, down = [], []
    for top, left, bottom, right in cells:
        across += [Rule(ys[y] + shift(), xs[left] + shift(), xs[right] + shift()) for y in (top, bottom)]
        down += [Rule(xs[x] + shift(), ys[bottom] + shift(), ys[top] + shift()) for x in (left, right)]
    return Rules(across=tuple(across), down=tuple(down))


@given(merged_grids(), st.randoms(use_true_random=False), st.integers(0, 3))
def test_every_filling_of_a_grid_is_found_whatever_is_merged_and_turned(
    made: tuple[list[float], list[float], list[tuple[int, int, int, int]]], noise: random.Random, quarter: int
) -> None:
    xs, ys, cells = made
    rules = sides(xs, ys, cells, lambda: noise.uniform(-0.4, 0.4))
    found = grids(turned_rules(turned_rules(rules, quarter), -quarter % 4))
    boxes = {(xs[left], ys[bottom], xs[right], ys[top]) for top, left, bottom, right in cells}
    kept = [cell for grid in found for cell in grid.cells]
    for cell in kept:
        assert any(all(abs(a - b) < 2 for a, b in zip(cell.box, box, strict=True)) for box in boxes)
        middle = (cell.box[0] + cell.box[2]) / 2, (cell.box[1] + cell.box[3]) / 2
        assert [grid.at(*middle) for grid in found] == [
            grid.cells.index(cell) if cell in grid.cells else -1 for grid in found
        ]
    whole = (xs[-1] - xs[0]) * (ys[0] - ys[-1])
    across = [right - left for _, left, _, right in cells]
    largest = max((box[2] - box[0]) * (box[3] - box[1]) for box in boxes)
    split_both_ways = len({cell[1] for cell in cells}) > 1 and len({cell[0] for cell in cells}) > 1
    if split_both_ways and largest < 0.79 * whole and max(across) < len(xs) - 1:
        assert len(kept) == len(cells)


@given(st.tuples(*[st.floats(-900, 900)] * 4), st.integers(0, 3))
def test_turning_back_gives_the_same_box(box: tuple[float, float, float, float], quarter: int) -> None:
    left, bottom = min(box[0], box[2]), min(box[1], box[3])
    upright = (left, bottom, max(box[0], box[2]), max(box[1], box[3]))
    assert turned(turned(upright, quarter), -quarter % 4) == upright
