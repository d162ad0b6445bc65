"""What a PDF page really says: raised, struck and hidden text, notes, form values, columns, and sentences over page breaks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFName, PDFString
from reportlab.pdfgen.canvas import Canvas

from qeu_rag.ingest.read import Parsed, parse
from qeu_rag.ingest.readers.pdf.layers import switched_off
from qeu_rag.ingest.split import split

Draw = Callable[[Canvas], None]
JA = "HeiseiMin-W3"
pdfmetrics.registerFont(UnicodeCIDFont(JA))


def made(path: Path, *pages: Draw, **options: object) -> Parsed:
    canvas = Canvas(str(path), **options)  # type: ignore[arg-type]
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return parse(path, path.name)


def text_of(parsed: Parsed) -> str:
    return parsed.documents[0].text


def notes_of(parsed: Parsed) -> dict[str, dict[str, object]]:
    return {note.key: dict(note.values) for note in parsed.notes}


def lines(
    *texts: str, font: str = "Helvetica", size: float = 11, x: float = 72, y: float = 760, pitch: float = 14
) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.setFont(font, size)
        for i, text in enumerate(texts):
            canvas.drawString(x, y - pitch * i, text)

    return draw


def runs(*parts: tuple[str, float, float], font: str = "Helvetica", y: float = 760) -> Draw:
    """Runs of one line, each with its size and rise."""

    def draw(canvas: Canvas) -> None:
        words = canvas.beginText(72, y)
        for text, size, rise in parts:
            words.setFont(font, size)
            words.setRise(rise)
            words.textOut(text)
        canvas.drawText(words)

    return draw


def both(*draws: Draw) -> Draw:
    def draw(canvas: Canvas) -> None:
        for one in draws:
            one(canvas)

    return draw


# Raised and lowered


@pytest.mark.parametrize(
    ("parts", "right"),
    [
        ([("At least 10", 12, 0), ("6", 7, 5), (" ohms are asked for.", 12, 0)], "At least 10⁶ ohms are asked for."),
        ([("Below 5 x 10", 12, 0), ("-4", 7, 5), (" Pa.", 12, 0)], "Below 5 x 10⁻⁴ Pa."),
        ([("H", 12, 0), ("2", 8, -3), ("O and CO", 12, 0), ("2", 8, -3)], "H₂O and CO₂"),
        ([("Tanks of 5 m", 11, 0), ("3", 11, 4), (" are used.", 11, 0)], "Tanks of 5 m³ are used."),
        ([("The 1", 11, 0), ("st", 7, 4), (" of May", 11, 0)], "The 1st of May"),
        ([("x", 12, 0), ("ab", 7, 5), (" grows", 12, 0)], "x^(ab) grows"),
        ([("1", 6, 4), ("See the annex for the list.", 10, 0)], "¹See the annex for the list."),
        ([("S", 12, 0), ("MALL CAPS", 9, 0)], "SMALL CAPS"),
    ],
)
def test_raised_and_lowered_text_says_so(parts: list[tuple[str, float, float]], right: str, tmp_path: Path) -> None:
    assert text_of(made(tmp_path / "a.pdf", runs(*parts))) == right


def test_raised_text_in_japanese(tmp_path: Path) -> None:
    draw = runs(("絶縁抵抗は10", 11, 0), ("6", 6, 5), ("Ω以上とし、日当は3,000円", 11, 0), ("注1)", 6, 5), font=JA)
    assert text_of(made(tmp_path / "a.pdf", draw)) == "絶縁抵抗は10⁶Ω以上とし、日当は3,000円^(注1))"


def test_raised_text_in_a_ruled_table(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for y in (700, 720, 740):
            canvas.line(72, y, 372, y)
        for x in (72, 222, 372):
            canvas.line(x, 700, x, 740)
        lines("Item", x=76, y=726)(canvas)
        lines("Leak", x=226, y=726)(canvas)
        lines("Tank", x=76, y=706)(canvas)
        words = canvas.beginText(226, 706)
        for text, size, rise in (("10", 11, 0), ("-4", 7, 4), (" Pa", 11, 0)):
            words.setFont("Helvetica", size)
            words.setRise(rise)
            words.textOut(text)
        canvas.drawText(words)

    assert "| Tank | 10⁻⁴ Pa |" in text_of(made(tmp_path / "a.pdf", draw))


def test_ruby_is_left_out(tmp_path: Path) -> None:
    base = lines("漢字の本文に振仮名がある。", font=JA, size=10, y=700)
    ruby = lines("かんじ", font=JA, size=5, y=710.5)
    assert text_of(made(tmp_path / "a.pdf", both(base, ruby))) == "漢字の本文に振仮名がある。"
    assert text_of(made(tmp_path / "b.pdf", both(ruby, base))) == "漢字の本文に振仮名がある。"


# Struck out


def struck(canvas: Canvas, text: str, bad: str, y: float = 700, *, bar: bool = True) -> tuple[float, float]:
    lines(text, y=y)(canvas)
    start = 72 + pdfmetrics.stringWidth(text[: text.index(bad)], "Helvetica", 11)
    end = start + pdfmetrics.stringWidth(bad, "Helvetica", 11)
    if bar:
        canvas.line(start, y + 3.2, end, y + 3.2)
    return start, end


def test_text_with_a_line_through_it_is_left_out_and_told(tmp_path: Path) -> None:
    parsed = made(tmp_path / "a.pdf", lambda c: struck(c, "The torque is 12 Nm 14 Nm.", "12 Nm") and None)
    assert text_of(parsed) == "The torque is 14 Nm."
    assert notes_of(parsed) == {"left_out_struck": {"count": 1}}


def test_underlined_text_and_a_line_over_the_page_strike_nothing(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        start, end = struck(canvas, "The torque is 12 Nm today.", "12 Nm", bar=False)
        canvas.line(start, 698, end, 698)
        canvas.line(20, 703, 560, 703)

    parsed = made(tmp_path / "a.pdf", draw)
    assert text_of(parsed) == "The torque is 12 Nm today."
    assert not parsed.notes


def annotate(canvas: Canvas, kind: str, contents: str, box: tuple[float, ...], **more: object) -> None:
    canvas._addAnnotation(
        PDFDictionary(
            {
                "Type": PDFName("Annot"),
                "Subtype": PDFName(kind),
                "Rect": "[%s]" % " ".join(map(str, box)),  # noqa: UP031
                **({"Contents": PDFString(contents)} if contents else {}),
                **more,
            }
        )
    )


def test_a_strike_out_mark_is_as_a_line(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        start, end = struck(canvas, "The torque is 12 Nm 14 Nm.", "12 Nm", bar=False)
        quad = f"[{start} 710 {end} 710 {start} 698 {end} 698]"
        annotate(canvas, "StrikeOut", "", (start, 698, end, 710), QuadPoints=quad)

    parsed = made(tmp_path / "a.pdf", draw)
    assert text_of(parsed) == "The torque is 14 Nm."
    assert notes_of(parsed) == {"left_out_struck": {"count": 1}}


# Notes


@pytest.mark.parametrize("kind", ["FreeText", "Text", "Stamp", "Square", "Caret", "Highlight", "Underline", "Ink"])
def test_notes_stand_beside_what_they_are_at(kind: str, tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        lines("Torque of the cover screws: 12 Nm", y=760)(canvas)
        lines("The box is closed by hand.", y=600)(canvas)
        quad = "[72 770 200 770 72 758 200 758]"
        annotate(canvas, kind, "Changed to 14 Nm", (300, 755, 420, 775), QuadPoints=quad)

    parsed = made(tmp_path / "a.pdf", draw)
    assert text_of(parsed) == (
        "Torque of the cover screws: 12 Nm\n\nNote: Changed to 14 Nm\n\nThe box is closed by hand."
    )
    assert not parsed.notes


def test_notes_in_japanese_hidden_notes_and_standard_stamps(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        lines("本文の行である。", font=JA)(canvas)
        annotate(canvas, "FreeText", "十四に改める", (72, 740, 200, 755))
        annotate(canvas, "Text", "not for you", (72, 700, 90, 720), F=2)
        annotate(canvas, "Stamp", "", (72, 650, 90, 660), Name=PDFName("NotApproved"))

    parsed = made(tmp_path / "a.pdf", draw)
    assert text_of(parsed) == "本文の行である。\n\n注記：十四に改める\n\nNote: Not Approved"
    assert notes_of(parsed) == {"left_out_hidden": {"count": 1}}


def test_a_page_of_notes_alone_is_read(tmp_path: Path) -> None:
    parsed = made(tmp_path / "a.pdf", lambda c: annotate(c, "FreeText", "All is in this note.", (72, 700, 300, 720)))
    assert text_of(parsed) == "Note: All is in this note."


# Forms


def test_form_values_stand_by_their_labels(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        form = canvas.acroForm
        lines("Name:", y=704)(canvas)
        form.textfield(name="n", value="Mori Akiko", x=120, y=700, width=150, height=16)
        lines("Torque:                                                  Date:", y=674)(canvas)
        form.textfield(name="t", value="14 Nm", x=120, y=670, width=80, height=16)
        form.textfield(name="d", value="3 May", x=300, y=670, width=80, height=16)
        lines("Accepted", x=100, y=644)(canvas)
        form.checkbox(name="c", checked=True, x=80, y=642, size=14)
        lines("Refused", x=200, y=644)(canvas)
        form.checkbox(name="e", checked=False, x=180, y=642, size=14)
        lines("Lab:", y=614)(canvas)
        form.choice(name="o", value="Osaka", options=["Tokyo", "Osaka"], x=120, y=610, width=80, height=16)
        form.textfield(name="z", value="unlabelled", tooltip="Remark", x=72, y=560, width=150, height=16)

    text = text_of(made(tmp_path / "a.pdf", draw))
    assert "Name: Mori Akiko" in text
    assert "Torque: 14 Nm Date: 3 May" in " ".join(text.split())
    assert "☑ Accepted ☐ Refused" in " ".join(text.split())
    assert "Lab: Osaka" in text
    assert "Remark: unlabelled" in text


def test_a_value_in_a_high_field_is_no_heading(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        lines("The order is kept for ten years.")(canvas)
        canvas.acroForm.textfield(name="m", value="line one\nline two", x=72, y=640, width=200, height=60)

    parsed = made(tmp_path / "a.pdf", draw)
    assert text_of(parsed) == "The order is kept for ten years.\n\nline one line two"
    assert parsed.documents[0].title == ""


# What nobody sees


def test_white_tiny_and_clear_text_is_left_out_and_told_but_white_on_a_colour_is_read(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        lines("The limit is 40 litres.", "It holds for all halls.", y=760)(canvas)
        canvas.setFillColorRGB(1, 1, 1)
        lines("The limit is 90 litres.", y=700)(canvas)
        canvas.setFillColorRGB(0, 0, 0.6)
        canvas.rect(70, 640, 300, 20, stroke=0, fill=1)
        lines("Blue on blue", y=645, x=200)(canvas)
        canvas.setFillColorRGB(1, 1, 1)
        lines("White on blue", y=645)(canvas)
        canvas.setFillColorRGB(0, 0, 0)
        lines("The limit is 70 litres.", y=600, size=0.2)(canvas)

    parsed = made(tmp_path / "a.pdf", draw)
    text = text_of(parsed)
    assert "40 litres" in text
    assert "White on blue" in text
    assert not any(word in text for word in ("90 litres", "Blue on blue", "70 litres"))
    assert notes_of(parsed) == {"left_out_white": {"count": 3}}


def invisible(canvas: Canvas, text: str, y: float) -> None:
    words = canvas.beginText(72, y)
    words.setFont("Helvetica", 11)
    words.setTextRenderMode(3)
    words.textOut(text)
    words.setTextRenderMode(0)
    canvas.drawText(words)


def test_text_beside_the_page_is_left_out_and_told(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        lines("The limit is 40 litres.", "It holds for all halls.")(canvas)
        lines("The limit is 90 litres.", x=-400)(canvas)
        lines("INTRODUCTION", size=30, y=-60)(canvas)
        lines("cut by the edge", x=-20, y=500)(canvas)

    parsed = made(tmp_path / "a.pdf", draw)
    assert text_of(parsed) == "The limit is 40 litres. It holds for all halls.\n\ncut by the edge"
    assert notes_of(parsed) == {"left_out_white": {"count": 2}}
    cropped = made(
        tmp_path / "b.pdf",
        lines("in the crop", y=700),
        cropBox=(0, 0, 595, 750),
    )
    assert text_of(cropped) == "in the crop"


def test_invisible_letters_are_read_in_scans_only(tmp_path: Path) -> None:
    def scan(canvas: Canvas) -> None:
        from PIL import Image
        from reportlab.lib.utils import ImageReader

        canvas.drawImage(ImageReader(Image.new("L", (20, 20), 200)), 0, 0, 595, 842)
        invisible(canvas, "The scanned limit is 40 litres.", 700)
        lines("Stamped 3 May", y=60)(canvas)

    def trick(canvas: Canvas) -> None:
        lines("The limit is 40 litres.", "It holds for all halls.")(canvas)
        invisible(canvas, "The limit is 90 litres.", 600)

    assert "The scanned limit is 40 litres." in text_of(made(tmp_path / "a.pdf", scan))
    assert "read by a machine" in text_of(
        made(tmp_path / "b.pdf", lambda c: invisible(c, "This was read by a machine.", 700))
    )
    parsed = made(tmp_path / "c.pdf", trick)
    assert "90" not in text_of(parsed)
    assert notes_of(parsed) == {"left_out_white": {"count": 1}}


def layered(path: Path, off: str) -> Path:
    content = (
        "BT /F1 11 Tf 72 700 Td (The limit is 40 litres.) Tj ET\n"
        "/OC /L1 BDC BT /F1 11 Tf 72 680 Td (Draft: 90 litres.) Tj ET EMC\n"
        "/OC /L2 BDC BT /F1 11 Tf 72 660 Td (Seen: 50 kg.) Tj ET EMC"
    )
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [6 0 R 7 0 R] /D << {off} >> >> >>",
        "<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 3 0 R >>"
        " /Properties << /L1 6 0 R /L2 7 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /OCG /Name (Draft \\(old\\)) >>",
        "<< /Type /OCG /Name (Text) >>",
    ]
    data, places = b"%PDF-1.5\n", []
    for i, body in enumerate(objects, 1):
        places.append(len(data))
        data += f"{i} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    data += f"xref\n0 8\n0000000000 65535 f \n{table}trailer\n<< /Size 8 /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF".encode()
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("off", ["/OFF [6 0 R]", "/BaseState /OFF /ON [7 0 R]"])
def test_a_layer_that_is_switched_off_is_left_out_and_told(off: str, tmp_path: Path) -> None:
    path = layered(tmp_path / "a.pdf", off)
    parsed = parse(path, "a.pdf")
    assert text_of(parsed).split() == "The limit is 40 litres. Seen: 50 kg.".split()
    assert notes_of(parsed) == {"left_out_hidden": {"count": 1}}
    assert "90 litres" in text_of(parse(layered(tmp_path / "b.pdf", "/OFF []"), "b.pdf"))


def test_damaged_lists_of_layers_hide_nothing() -> None:
    assert switched_off(b"1 0 obj << /OCProperties << /D << /OFF [ 99 0 R 1 0 R >> endobj") == frozenset()
    assert switched_off(b"/OCProperties 5 0 R" * 1000) == frozenset()


# Page breaks


EN = (
    "The customer may send back a wrong delivery without any reason within",
    "twenty-one days of the delivery date. Later it is kept.",
)
JP = (
    "不合格になったロットを隔離しておく期間は、検査課長が判定を出した日から数えて",
    "最長で十営業日とし、これを超えるときは部長の許可を得る。許可は残す。",
)


@pytest.mark.parametrize(
    ("above", "below", "whole"),
    [
        (EN[0], EN[1], " ".join(EN)),
        (
            "All of this is written down in the calibration docu-",
            "mentation, which is kept for nine years.",
            "documentation, which",
        ),
        (
            "The gauge goes to the laboratory of the Osaka branch and not to the",
            "Tokyo office.",
            "not to the Tokyo office.",
        ),
    ],
)
def test_a_sentence_over_a_page_break_is_one(above: str, below: str, whole: str, tmp_path: Path) -> None:
    top = lines("This is the first line of the first page of the text.", above, y=120)
    document = made(tmp_path / "a.pdf", top, lines(below)).documents[0]
    assert whole in document.text
    first, second = document.pages
    assert second.span.of(document.text).startswith(below[:5])
    assert document.text[first.span.end : second.span.start] in {"", " "}


def test_a_japanese_sentence_over_a_page_break_is_one_past_headers_footers_and_footnotes(tmp_path: Path) -> None:
    def leaf(number: int, *texts: str, note: str = "") -> Draw:
        def draw(canvas: Canvas) -> None:
            lines("社内規程 QC-12", font=JA, size=9, y=815)(canvas)
            lines(f"- {number} -", font=JA, size=9, x=290, y=20)(canvas)
            lines(*texts, font=JA, size=11, y=200)(canvas)
            if note:
                lines(note, font=JA, size=7, y=90)(canvas)

        return draw

    first = leaf(1, "検査の規程を次のように定める。", JP[0], note="注 ロットは箱ごとに数える。")
    document = made(tmp_path / "a.pdf", first, leaf(2, JP[1])).documents[0]
    assert "".join(JP) in document.text
    assert document.text.count("社内規程 QC-12") == 1
    assert "注 ロットは箱ごとに数える。" in document.text
    assert "- 1 -" not in document.text
    assert "- 2 -" not in document.text
    assert [page.span.of(document.text)[:3] for page in document.pages] == ["社内規", "最長で"]
    chunks = split(document)
    assert any("".join(JP).split("。")[0] in chunk.text for chunk in chunks)
    assert {chunk.page for chunk in chunks if chunk.text.startswith("許可は残す")} <= {2}


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("The customer may send back a wrong delivery within a month.", "Later it is kept."),
        ("Name of the person", "Address of the firm"),
        ("The following tools are needed for the work in the new hall", "1. A hammer of the usual size"),
        ("手袋の着用", "帽子の着用"),
        ("検査は毎日行う。", "記録は残す。"),
    ],
)
def test_what_ends_at_a_page_break_stays_apart(above: str, below: str, tmp_path: Path) -> None:
    font = "Helvetica" if above.isascii() else JA
    document = made(tmp_path / "a.pdf", lines(above, font=font), lines(below, font=font)).documents[0]
    assert document.text == f"{above}\n\n{below}"


# Columns


LEFT = (
    "Solvents are kept in the red cabinet",
    "next to the east door. The key hangs",
    "in the foreman's office. No more than",
    "forty litres may be stored in the hall.",
)
RIGHT = (
    "Batteries are kept on the metal rack",
    "behind the loading bay. Damaged cells",
    "go into the sand bucket at once. The",
    "brigade is called on extension 7731.",
)


def by_rows(*columns: tuple[str, ...], xs: tuple[float, ...] = (60, 320), font: str = "Helvetica") -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.setFont(font, 10)
        for i, row in enumerate(zip(*columns, strict=True)):
            for x, text in zip(xs, row, strict=True):
                canvas.drawString(x, 730 - 14 * i, text)

    return draw


def test_columns_drawn_row_by_row_are_read_column_by_column(tmp_path: Path) -> None:
    draw = both(lines("Storage rules", size=16, y=790), by_rows(LEFT, RIGHT))
    assert text_of(made(tmp_path / "a.pdf", draw)) == f"# Storage rules\n\n{' '.join(LEFT)}\n\n{' '.join(RIGHT)}"


def test_japanese_columns_drawn_row_by_row(tmp_path: Path) -> None:
    left = (
        "溶剤は東の扉のそばの赤い保管庫に置く。鍵は職",
        "長の机の裏に掛ける。アセトンは建物の中に四十",
        "リットルを超えて置いてはならない。保管庫の温",
        "度は毎朝八時に記録し、課長が確かめて印を押す。",
    )
    right = (
        "電池は搬入口の裏の金属の棚に置く。傷んだ電池",
        "は直ちに砂の入った箱に移す。消防署には内線七",
        "七三一で連絡し、全員が構内から退避する。点呼",
        "は正門の前で行い、班長が人数を課長に報告する。",
    )
    text = text_of(made(tmp_path / "a.pdf", by_rows(left, right, xs=(60, 310), font=JA)))
    assert text == f"{''.join(left)}\n\n{''.join(right)}"


def test_rows_of_tables_without_lines_stay_rows(tmp_path: Path) -> None:
    rows = by_rows(
        ("Item", "Wrench", "Caliper", "Gauge"), ("Interval", "12 months", "6 months", "18 months"), xs=(60, 220)
    )
    text = text_of(made(tmp_path / "a.pdf", rows))
    assert all(row in text for row in ("Wrench 12 months", "Caliper 6 months", "Gauge 18 months"))


def test_cells_of_wrapped_text_stand_whole_in_their_rows(tmp_path: Path) -> None:
    asked = (
        "How long is the warranty of a new",
        "gauge that was bought last year?",
        "",
        "Who pays for the return of goods",
        "that were delivered wrongly to us?",
        "",
        "Where are the masters kept in the",
        "new building of the company?",
    )
    told = (
        "Two years from the day of delivery,",
        "and three for the masters.",
        "",
        "The supplier pays for the return in",
        "all cases of wrong delivery.",
        "",
        "In the vault at twenty degrees, next",
        "to the lab on the second floor.",
    )
    text = text_of(made(tmp_path / "a.pdf", by_rows(asked, told)))
    assert text.split("\n\n")[2:4] == [
        "Who pays for the return of goods that were delivered wrongly to us?",
        "The supplier pays for the return in all cases of wrong delivery.",
    ]


# Symbols, attachments, passwords


def test_symbols_are_read(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        lines("The length is")(canvas)
        canvas.setFont("Symbol", 11)
        canvas.drawString(140, 760, "\u00b1")
        lines("2 mm", x=150)(canvas)
        canvas.setFont("ZapfDingbats", 11)
        canvas.drawString(72, 740, "\u2713")
        lines("accepted", x=90, y=740)(canvas)

    text = " ".join(text_of(made(tmp_path / "a.pdf", draw)).split())
    assert "The length is ± 2 mm" in text
    assert "✓ accepted" in text


def test_letters_that_a_font_does_not_name_are_told(tmp_path: Path) -> None:
    parsed = made(tmp_path / "a.pdf", lines("The sign \ue123 is a house sign.", font=JA))
    assert notes_of(parsed).get("unnamed") == {"pages": (1,)}


def test_files_pinned_to_a_page_are_told(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        lines("See the file.")(canvas)
        annotate(canvas, "FileAttachment", "limits.xlsx", (300, 755, 320, 775))

    assert notes_of(made(tmp_path / "a.pdf", draw)) == {"attached": {"names": "limits.xlsx"}}


def test_a_file_that_opens_without_a_password_is_read(tmp_path: Path) -> None:
    encrypt = StandardEncryption("", ownerPassword="owner", canPrint=0)
    assert (
        text_of(made(tmp_path / "a.pdf", lines("The limit is 40 litres."), encrypt=encrypt))
        == "The limit is 40 litres."
    )


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_turned_pages_read_as_upright(angle: int, tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(angle)
        runs(("At least 10", 12, 0), ("6", 7, 5), (" ohms are asked for.", 12, 0), y=500)(canvas)

    assert text_of(made(tmp_path / "a.pdf", draw)) == "At least 10⁶ ohms are asked for."


def test_upright_columns_are_read_from_the_right_to_the_left() -> None:
    from qeu_rag.ingest.readers.pdf.layout import blocks
    from qeu_rag.ingest.readers.pdf.lines import Body, Line
    from qeu_rag.ingest.readers.pdf.upright import levelled

    def column(text: str, x: float) -> Line:
        return Line(text=text, left=x, right=x + 12, bottom=770 - 12 * len(text), top=770, height=12, down=True)

    columns = [
        "不合格になったロットを隔離しておく",
        "期間は判定の日から数えて十営業日と",
        "する。記録は五年間保管する。",
    ]
    drawn = [column(text, 500 - 20 * i) for i, text in enumerate(columns)]
    lines = levelled(drawn[::-1])
    assert [block.text for block in blocks(lines, Body.of([lines]))] == ["".join(columns)]
    assert levelled(drawn[:1]) == drawn[:1]


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_page_on_its_side_is_read_in_its_order(tmp_path: Path, angle: int) -> None:
    page = Canvas(str(tmp_path / "a.pdf"), pagesize=(600, 800))
    page.translate(300, 400)
    page.rotate(angle)
    for n, line in enumerate(
        ("The fee does not apply to suppliers who", "have signed before the first of March and", "pay soon.")
    ):
        page.drawString(0, -14 * n, line)
    page.save()
    said = "The fee does not apply to suppliers who have signed before the first of March and pay soon."
    assert parse(tmp_path / "a.pdf", "a.pdf").documents[0].text == said


def test_rows_without_lines_stay_rows_where_few_lines_are_long(tmp_path: Path) -> None:
    page = Canvas(str(tmp_path / "a.pdf"), pagesize=(600, 800))
    rows = (("Item", "Fee", "Days"), ("Alpha", "10 EUR", "3"), ("Beta", "", "4"), ("Gamma long name", "12 EUR", ""))
    for n, row in enumerate(rows):
        for x, cell in zip((100, 250, 350), row, strict=True):
            page.drawString(x, 700 - 18 * n, cell)
    page.save()
    said = parse(tmp_path / "a.pdf", "a.pdf").documents[0].text
    assert said == (
        "| Item | Fee | Days |\n| --- | --- | --- |\n| Alpha | 10 EUR | 3 |\n| Beta |  | 4 |\n| Gamma long name | 12 EUR |  |"
    )


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_level_text_on_a_turned_page_keeps_its_order(tmp_path: Path, angle: int) -> None:
    page = Canvas(str(tmp_path / "a.pdf"), pagesize=(600, 800))
    for n in range(5):
        page.drawString(60, 540 - 40 * n, f"Valve {n} is closed at {n} bar.")
    page.setPageRotation(angle)
    page.save()
    said = parse(tmp_path / "a.pdf", "a.pdf").documents[0].text
    assert [word for word in said.split() if word.isdigit()] == [str(n) for n in range(5) for _ in range(2)]


def test_text_below_an_area_is_left_out_and_told(tmp_path: Path) -> None:
    page = Canvas(str(tmp_path / "a.pdf"), pagesize=(600, 800))
    page.drawString(60, 700, "The price is 4711 yen a piece.")
    page.rect(130, 695, 25, 15, fill=1, stroke=0)
    page.setFillColorRGB(1, 1, 0)
    page.setFillAlpha(0.4)
    page.drawString(60, 660, "What is marked can be read.")
    page.rect(60, 655, 100, 15, fill=1, stroke=0)
    page.setFillAlpha(1)
    page.rect(60, 615, 200, 15, fill=1, stroke=0)
    page.setFillColorRGB(0, 0, 0)
    page.drawString(60, 620, "What is painted later can be read, too.")
    page.save()
    parsed = parse(tmp_path / "a.pdf", "a.pdf")
    assert parsed.documents[0].text.startswith("The price is yen a piece.")
    assert "What is marked can be read." in parsed.documents[0].text
    assert "What is painted later can be read, too." in parsed.documents[0].text
    assert [(note.key, note.values["count"]) for note in parsed.notes] == [("left_out_white", 1)]
