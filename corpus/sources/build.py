"""Generate the binary and odd-format corpus documents from their text sources.

``corpus/sources/{ja,en}/NAME.EXT.md`` becomes ``corpus/{ja,en}/NAME.EXT``.

    python corpus/sources/build.py           # write every document
    python corpus/sources/build.py --check   # write nothing; exit 1 naming the documents that differ

The output is byte-deterministic: dates are fixed, and nothing is compressed (ZIP members are stored and PDF
streams are plain), so that two zlib builds cannot disagree about the bytes.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from xml.sax.saxutils import escape

import docx
import openpyxl
import pptx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.coreprops import CoreProperties as DocxProperties
from docx.oxml.ns import qn
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from pptx.parts.coreprops import CorePropertiesPart as PptxProperties
from pptx.presentation import Presentation
from pptx.slide import Slide
from pptx.util import Emu, Pt
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

SOURCES = Path(__file__).resolve().parent
CORPUS = SOURCES.parent
LANGUAGES = ("ja", "en")
AUTHOR = {"ja": "QEUコンサルティング", "en": "QEU Consulting"}
FIXED_DATE = datetime(2024, 4, 1, 9, 0, 0)
FIXED_ISO = FIXED_DATE.strftime("%Y-%m-%dT%H:%M:%SZ")
ZIP_DATE = (2024, 4, 1, 9, 0, 0)
EAST_ASIAN_FONT = "Yu Gothic"
JA_SERIF, JA_SANS = "HeiseiMin-W3", "HeiseiKakuGo-W5"


# --- the source dialect -------------------------------------------------------------------------------------


@dataclass
class Block:
    """One block of a source: ``heading``, ``paragraph``, ``item``, ``notes`` or ``table``."""

    kind: str
    text: str = ""
    level: int = 0
    rows: list[list[str]] = field(default_factory=list)


@dataclass
class Section:
    """A ``# `` heading and the blocks below it: a slide or a sheet."""

    title: str
    blocks: list[Block] = field(default_factory=list)


def parse_blocks(text: str) -> list[Block]:
    """Parse the small Markdown of the sources: headings, one-line paragraphs, ``-`` items and ``|`` tables."""
    blocks: list[Block] = []
    in_table = False
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("|"):
            if not in_table:
                blocks.append(Block("table"))
            in_table = True
            cells = [cell.strip() for cell in stripped.strip("|").split("|")]
            if not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
                blocks[-1].rows.append(cells)
            continue
        in_table = False
        if stripped:
            blocks.append(parse_line(stripped))
    return blocks


def parse_line(line: str) -> Block:
    """Parse one line that is not part of a table."""
    heading = re.match(r"(#{1,3}) (.+)", line)
    if heading:
        return Block("heading", heading.group(2), len(heading.group(1)))
    if line.startswith("- "):
        return Block("item", line[2:])
    if line.startswith("Notes: "):
        return Block("notes", line.removeprefix("Notes: "))
    return Block("paragraph", line)


def parse_sections(text: str) -> list[Section]:
    """Split the blocks of a source at its ``# `` headings."""
    sections: list[Section] = []
    for block in parse_blocks(text):
        if block.kind == "heading" and block.level == 1:
            sections.append(Section(block.text))
        elif sections:
            sections[-1].blocks.append(block)
        else:
            raise ValueError(f"text before the first heading: {block.text!r}")
    return sections


def document_title(blocks: list[Block]) -> str:
    """Return the text of the first heading."""
    return next(block.text for block in blocks if block.kind == "heading")


def squared(rows: list[list[str]]) -> list[list[str]]:
    """Return the rows, failing where one has another number of cells than the header."""
    for row in rows:
        if len(row) != len(rows[0]):
            raise ValueError(f"row of {len(row)} cells below a header of {len(rows[0])}: {row}")
    return rows


# --- Office packages ----------------------------------------------------------------------------------------


def fix_zip(data: bytes) -> bytes:
    """Rewrite an Office package with fixed member dates, fixed core properties and no compression."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "word/styles.xml":
                content = re.sub(rb">\s+<", b"><", content)
            if name == "docProps/core.xml":
                pattern = rb"(<dcterms:(created|modified)[^>]*>)[^<]*"
                content = re.sub(pattern, rb"\g<1>" + FIXED_ISO.encode(), content)
            info = zipfile.ZipInfo(name, ZIP_DATE)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            target.writestr(info, content, zipfile.ZIP_STORED)
    return out.getvalue()


def set_properties(properties: DocxProperties | PptxProperties, title: str, language: str) -> None:
    """Set the core properties that python-docx and python-pptx name alike."""
    properties.title = title
    properties.author = AUTHOR[language]
    properties.last_modified_by = AUTHOR[language]
    properties.language = language
    properties.comments = ""
    properties.created = FIXED_DATE
    properties.modified = FIXED_DATE


def build_docx(text: str, language: str) -> bytes:
    """Build a Word document with real heading, list and table styles."""
    blocks = parse_blocks(text)
    document = docx.Document()
    drop_unused_parts(document)
    set_properties(document.core_properties, document_title(blocks), language)
    if language == "ja":
        for name in ("Normal", "Heading 1", "Heading 2", "Heading 3", "List Bullet"):
            run_properties = document.styles[name].element.get_or_add_rPr()
            run_properties.get_or_add_rFonts().set(qn("w:eastAsia"), EAST_ASIAN_FONT)
    for block in blocks:
        if block.kind == "heading":
            document.add_heading(block.text, level=block.level)
        elif block.kind == "item":
            document.add_paragraph(block.text, style="List Bullet")
        elif block.kind == "table":
            add_docx_table(document, squared(block.rows))
        else:
            document.add_paragraph(block.text)
    out = io.BytesIO()
    document.save(out)
    return fix_zip(out.getvalue())


def drop_unused_parts(document: Document) -> None:
    """Drop the template's Word 2010 copy of its styles and the spare styles for tables, most of its size."""
    relations = document.part.rels
    for key in [key for key, relation in relations.items() if relation.reltype.endswith("/stylesWithEffects")]:
        del relations[key]
    for style in list(document.styles):
        if style.type == WD_STYLE_TYPE.TABLE and style.name not in ("Normal Table", "Table Grid"):
            style.delete()


def add_docx_table(document: Document, rows: list[list[str]]) -> None:
    """Add a table whose first row is a bold header."""
    table = document.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
    for row, values in zip(table.rows, rows, strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    for cell in table.rows[0].cells:
        for run in cell.paragraphs[0].runs:
            run.bold = True
    document.add_paragraph()


def build_pptx(text: str, language: str) -> bytes:
    """Build a deck: the first section is the title slide, each later one a slide of bullets or a table."""
    sections = parse_sections(text)
    deck = pptx.Presentation()
    set_properties(deck.core_properties, sections[0].title, language)
    for number, section in enumerate(sections):
        slide = deck.slides.add_slide(deck.slide_layouts[0 if number == 0 else 1])
        slide.shapes.title.text = section.title
        lines = [block for block in section.blocks if block.kind in ("item", "paragraph")]
        body = slide.placeholders[1]
        body.text_frame.text = "\n".join(block.text for block in lines)
        for paragraph in body.text_frame.paragraphs:
            paragraph.font.size = Pt(20)
        for block in section.blocks:
            if block.kind == "table":
                add_slide_table(deck, slide, squared(block.rows), bool(lines))
            elif block.kind == "notes":
                slide.notes_slide.notes_text_frame.text = block.text
        if not lines:
            body.element.getparent().remove(body.element)
    out = io.BytesIO()
    deck.save(out)
    return fix_zip(out.getvalue())


def add_slide_table(deck: Presentation, slide: Slide, rows: list[list[str]], below_text: bool) -> None:
    """Add a table to a slide, lower down where the slide has text too."""
    left, top = Emu(457200), Emu(3700000 if below_text else 1600200)
    width, height = Emu(deck.slide_width - 2 * left), Emu(370000 * len(rows))
    table = slide.shapes.add_table(len(rows), len(rows[0]), left, top, width, height).table
    for row_number, values in enumerate(rows):
        for column_number, value in enumerate(values):
            cell = table.cell(row_number, column_number)
            cell.text = value
            cell.text_frame.paragraphs[0].font.size = Pt(14)


def build_xlsx(text: str, language: str) -> bytes:
    """Build a workbook: each section is a sheet of optional text lines and one table."""
    sections = parse_sections(text)
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.title = sections[0].title
    book.properties.creator = AUTHOR[language]
    for section in sections:
        sheet = book.create_sheet(section.title)
        for block in section.blocks:
            if block.kind == "table":
                add_sheet_table(sheet, squared(block.rows))
            else:
                sheet.append([block.text])
    out = io.BytesIO()
    book.save(out)
    return fix_zip(out.getvalue())


def add_sheet_table(sheet: Worksheet, rows: list[list[str]]) -> None:
    """Append a table with a styled header, numbers stored as numbers."""
    start = sheet.max_row + 1 if sheet.max_row > 1 or sheet["A1"].value else 1
    if start > 1:
        start += 1  # an empty row between the text and the table
    for row_number, values in enumerate(rows, start):
        for column_number, value in enumerate(values, 1):
            set_cell(sheet.cell(row_number, column_number), value)
    for column_number, column in enumerate(zip(*rows, strict=True), 1):
        header = sheet.cell(start, column_number)
        header.font = Font(bold=True)
        header.fill = PatternFill("solid", fgColor="DDE6F0")
        header.alignment = Alignment(wrap_text=True)
        width = max(display_width(value) for value in column)
        sheet.column_dimensions[get_column_letter(column_number)].width = min(max(width + 2, 10), 60)
    sheet.freeze_panes = sheet.cell(start + 1, 1)


def set_cell(cell: Cell, value: str) -> None:
    """Store a number as a number shown with the decimals it is written with, and anything else as text."""
    if re.fullmatch(r"-?\d+", value):
        cell.value = int(value)
    elif re.fullmatch(r"-?\d+\.\d+", value):
        cell.value = float(value)
        cell.number_format = "0." + "0" * len(value.split(".")[1])
    else:
        cell.value = value


def display_width(text: str) -> int:
    """Return the width of a text in half-width columns."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


# --- PDF ----------------------------------------------------------------------------------------------------


def pdf_styles(language: str) -> dict[str, ParagraphStyle]:
    """Return the paragraph styles of a language by block kind."""
    japanese = language == "ja"
    body_font, head_font = (JA_SERIF, JA_SANS) if japanese else ("Times-Roman", "Helvetica-Bold")
    wrap = {"wordWrap": "CJK"} if japanese else {}
    head = {"fontName": head_font, "keepWithNext": 1, **wrap}
    body = ParagraphStyle("paragraph", fontName=body_font, fontSize=11, leading=18, spaceAfter=7, **wrap)
    return {
        "paragraph": body,
        "item": ParagraphStyle(
            "item", parent=body, bulletFontName=body_font, leftIndent=16, bulletIndent=4, spaceAfter=4
        ),
        "cell": ParagraphStyle("cell", parent=body, fontSize=9.5, leading=13, spaceAfter=0),
        "header": ParagraphStyle("header", parent=body, fontName=head_font, fontSize=9.5, leading=13, spaceAfter=0),
        "h1": ParagraphStyle("h1", fontSize=18, leading=26, spaceAfter=14, **head),
        "h2": ParagraphStyle("h2", fontSize=14, leading=20, spaceBefore=14, spaceAfter=8, **head),
        "h3": ParagraphStyle("h3", fontSize=11.5, leading=17, spaceBefore=8, spaceAfter=5, **head),
    }


def pdf_flowables(blocks: list[Block], language: str, width: float) -> Iterator[Flowable]:
    """Yield the flowables of the blocks."""
    styles = pdf_styles(language)
    for block in blocks:
        if block.kind == "heading":
            yield Paragraph(escape(block.text), styles[f"h{block.level}"])
        elif block.kind == "item":
            mark = "・" if language == "ja" else "-"
            yield Paragraph(escape(block.text), styles["item"], bulletText=mark)
        elif block.kind == "table":
            yield pdf_table(squared(block.rows), styles, width)
            yield Spacer(1, 8)
        else:
            yield Paragraph(escape(block.text), styles["paragraph"])


def pdf_table(rows: list[list[str]], styles: dict[str, ParagraphStyle], width: float) -> Table:
    """Return a ruled table whose columns share the width by their longest cells."""
    longest = [min(max(display_width(value) for value in column), 40) + 4 for column in zip(*rows, strict=True)]
    widths = [width * length / sum(longest) for length in longest]
    cells = [
        [Paragraph(escape(value), styles["header" if number == 0 else "cell"]) for value in row]
        for number, row in enumerate(rows)
    ]
    rules = [
        ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
        ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    return Table(cells, colWidths=widths, repeatRows=1, style=TableStyle(rules))


def build_pdf(text: str, language: str) -> bytes:
    """Build a paginated PDF of real text with the title and the page number at the foot of each page."""
    for font in (JA_SERIF, JA_SANS):
        pdfmetrics.registerFont(UnicodeCIDFont(font))
    blocks = parse_blocks(text)
    title = document_title(blocks)
    out = io.BytesIO()
    margins = {"leftMargin": 28 * mm, "rightMargin": 28 * mm, "topMargin": 25 * mm, "bottomMargin": 25 * mm}
    template = SimpleDocTemplate(
        out, pagesize=A4, title=title, author=AUTHOR[language], invariant=1, pageCompression=0, **margins
    )

    def footer(canvas: Canvas, _: SimpleDocTemplate) -> None:
        canvas.setFont(JA_SANS if language == "ja" else "Helvetica", 8)
        canvas.drawString(28 * mm, 14 * mm, f"{AUTHOR[language]}  {title}")
        page = f"{canvas.getPageNumber()} ページ" if language == "ja" else f"Page {canvas.getPageNumber()}"
        canvas.drawRightString(A4[0] - 28 * mm, 14 * mm, page)

    story = list(pdf_flowables(blocks, language, template.width))
    template.build(story, onFirstPage=footer, onLaterPages=footer)
    return out.getvalue()


# --- mail and plain text ------------------------------------------------------------------------------------


def build_eml(text: str, language: str) -> bytes:
    """Build a mail: a header block, the body, then ``attachment: NAME`` sections."""
    head, _, rest = text.partition("\n\n")
    body, *attachments = re.split(r"^attachment: (\S+)\n", rest, flags=re.MULTILINE)
    message = EmailMessage(policy=SMTP.clone(header_factory=HeaderRegistry()))
    for line in head.splitlines():
        name, _, value = line.partition(": ")
        message[name] = value
    message["Content-Language"] = language
    message.set_content(body.strip() + "\n", cte="quoted-printable")
    for name, content in zip(attachments[::2], attachments[1::2], strict=True):
        subtype = "csv" if name.endswith(".csv") else "plain"
        message.add_attachment(content.strip() + "\n", subtype=subtype, filename=name, cte="quoted-printable")
    if attachments:
        message.set_boundary("=_qeu_corpus_boundary")
    return message.as_bytes()


def build_txt(text: str, _: str) -> bytes:
    """Encode a text as an old Windows machine would have: cp932 with CRLF."""
    return text.replace("\n", "\r\n").encode("cp932")


# --- the command --------------------------------------------------------------------------------------------

BUILDERS: dict[str, Callable[[str, str], bytes]] = {
    ".docx": build_docx,
    ".eml": build_eml,
    ".pdf": build_pdf,
    ".pptx": build_pptx,
    ".txt": build_txt,
    ".xlsx": build_xlsx,
}


def gold_questions() -> bytes:
    """All question files below sources/faq as one CSV, under one header."""
    parts = [path.read_text(encoding="utf-8-sig").splitlines() for path in sorted((SOURCES / "faq").glob("*.csv"))]
    lines = [parts[0][0], *(line for part in parts for line in part[1:] if line)]
    return ("\n".join(lines) + "\n").encode("utf-8")


def outputs() -> Iterator[tuple[Path, bytes]]:
    """Yield the path and the bytes of each document that has a source, and of the gold questions together."""
    yield CORPUS / "faq.csv", gold_questions()
    for language in LANGUAGES:
        for source in sorted((SOURCES / language).glob("*.md")):
            target = CORPUS / language / source.stem
            text = source.read_text(encoding="utf-8")
            yield target, BUILDERS[target.suffix](text, language)


def main(argv: list[str] | None = None) -> int:
    """Write the documents, or with ``--check`` name those whose bytes on disk differ."""
    parser = argparse.ArgumentParser(description="Build the generated documents of the sample corpus.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a document differs")
    check = parser.parse_args(argv).check
    stale = 0
    for path, data in outputs():
        if path.is_file() and path.read_bytes() == data:
            continue
        stale += 1
        print(f"{'differs' if check else 'wrote'}: {path.relative_to(CORPUS)}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
