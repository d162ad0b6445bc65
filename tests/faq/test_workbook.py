"""The workbook that a batch writes: sound as a package (ECMA-376), no row of it held, every source within reach."""

from __future__ import annotations

import csv
import io
import re
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest

from qeu_rag.faq.outcome import CitedDocument, Record
from qeu_rag.faq.read.answers import read_answers
from qeu_rag.faq.read.question_list import QuestionList
from qeu_rag.faq.read.questions import read_questions
from qeu_rag.faq.write.fields import moment, read_moment
from qeu_rag.faq.write.output import write
from qeu_rag.faq.write.sheet import OutputKind, Row, Sheet

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
ORDER = (
    "sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection protectedRanges scenarios autoFilter "
    "sortState dataConsolidate customSheetViews mergeCells phoneticPr conditionalFormatting dataValidations hyperlinks "
    "printOptions pageMargins pageSetup headerFooter rowBreaks colBreaks customProperties cellWatches ignoredErrors smartTags "
    "drawing legacyDrawing legacyDrawingHF picture oleObjects controls webPublishItems tableParts extLst"
).split()
"""The children of ``worksheet`` in the order of their schema (ECMA-376 part 1, 18.3.1.99)."""


def record(answer: str, places: int = 1) -> Record:
    """An answer that cites ``places`` documents."""
    documents = tuple(
        CitedDocument(
            document_id=str(n), source=f"d{n}.md", path=f"/know how/{n}.md", hash="ab" * 32, date="2026-11-24"
        )
        for n in range(places)
    )
    citations = [
        {"marker": n + 1, "quote": f"=quote {n} & <b>", "title": "T", "headings": ["H"], "source": f"d{n}.md", "page": None,
         "document_id": str(n), "passage_hash": "cd" * 8, "chunk_id": "ef" * 8} for n in range(places)
    ]  # fmt: skip
    payload = {"question": "q", "answer": answer, "status": "answered", "confidence": 0.9, "engine": "extractive",
               "citations": citations, "evidence": []}  # fmt: skip
    return Record(
        outcome="supported" if places else "not_in_documents", payload=payload, seconds=0.1, documents=documents
    )


def sheet(listed: QuestionList, made: Callable[[int], Record | None], source: Path | None = None) -> Sheet:
    def rows() -> Iterator[Row]:
        for place, row in enumerate(listed.rows):
            one = made(place)
            yield row, "waiting" if one is None else one.outcome, one

    return Sheet(questions=listed, rows=rows, title="Title", lang="en", facts=(("a", "=b"),), source=source)


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names))
        return {name: archive.read(name) for name in names}


def check_package(path: Path) -> None:
    """Every part has a type, every relationship a target, and every sheet the order, references and styles that are allowed."""
    held = parts(path)
    types = ElementTree.fromstring(held["[Content_Types].xml"])
    named = [one.get("PartName", "").lstrip("/") for one in types if one.get("PartName")]
    endings = {one.get("Extension") for one in types if one.get("Extension")}
    assert len(named) == len(set(named))
    assert set(named) <= held.keys()
    for name in held.keys() - {"[Content_Types].xml"}:
        assert name in named or name.rsplit(".", 1)[-1] in endings, name
    for name in (one for one in held if one.endswith(".rels")):
        links = ElementTree.fromstring(held[name])
        ids = [one.get("Id") for one in links]
        assert len(ids) == len(set(ids))
        for one in links:
            if one.get("TargetMode") != "External":
                folder = name.split("_rels/")[0]
                target = one.get("Target", "")
                assert (target.lstrip("/") if target.startswith("/") else folder + target) in held, (name, target)
    styles = len(ElementTree.fromstring(held["xl/styles.xml"]).find(f"{MAIN}cellXfs") or ())
    for name in (one for one in held if re.fullmatch(r"xl/worksheets/\w+\.xml", one)):
        check_sheet(ElementTree.fromstring(held[name]), styles, ids_of(held, name))


def ids_of(held: dict[str, bytes], name: str) -> set[str | None]:
    related = held.get(name.replace("worksheets/", "worksheets/_rels/") + ".rels")
    return {one.get("Id") for one in ElementTree.fromstring(related)} if related else set()


def check_sheet(root: ElementTree.Element, styles: int, ids: set[str | None]) -> None:
    order = [ORDER.index(child.tag.removeprefix(MAIN)) for child in root]
    assert order == sorted(order)
    before = 0
    for row in root.iter(f"{MAIN}row"):
        assert int(row.get("r", "")) > before
        before, last = int(row.get("r", "")), 0
        assert float(row.get("ht", "15")) <= 409
        for cell in row:
            column = openpyxl.utils.cell.coordinate_to_tuple(cell.get("r", ""))
            assert column[0] == before
            assert column[1] > last
            last = column[1]
            assert int(cell.get("s", "0")) < styles
            text = "".join(one.text or "" for one in cell.iter(f"{MAIN}t"))
            assert len(text) <= 32_767
    links = list(root.iter(f"{MAIN}hyperlink"))
    places = [link.get("ref") for link in links]
    assert len(places) == len(set(places)) <= 65_530
    for link in links:
        assert link.get("location") or link.get(f"{RELATED}id") in ids


NASTY = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "x" * 32_767,
    "=" + "y" * 40_000,
    "a\x0bb\x1fc",
    "  spaces  ",
    "00123",
    "&<>\"'",
)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_package_is_sound(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"q.{kind}"
    if kind == "csv":
        stream = io.StringIO()
        csv.writer(stream).writerows([["no", "question", "note"], *([n, f"Q{n}?", one] for n, one in enumerate(NASTY))])
        path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    else:
        book = openpyxl.Workbook()
        page = book.active
        page.title = "Client's <list>"
        page.append(["no", "question", "note"])
        for n, one in enumerate(NASTY):
            page.append([n, f"Q{n}?", openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", one)[:32_767]])
        page["B3"].hyperlink = "https://example.org/"
        page["XFD900"].font = openpyxl.styles.Font(bold=True)
        page.row_dimensions[5].height = 77
        page.add_data_validation(openpyxl.worksheet.datavalidation.DataValidation(type="whole", sqref="A2:A9"))
        book.create_sheet("Evidence")
        book.save(path)
    listed = read_questions(path)
    made = sheet(listed, lambda n: record(NASTY[n], n % 3) if n != 4 else None, path if kind == "xlsx" else None)
    write(tmp_path / "a.xlsx", "xlsx", made)
    check_package(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    if kind == "csv":
        assert not any(b"<f>" in part for name, part in parts(tmp_path / "a.xlsx").items() if "worksheets" in name)
    found = {row.number: row.answer for row in read_answers(tmp_path / "a.xlsx")}
    assert (found[2], found[5]) == ("=1+1", "@SUM(A1)")
    page = book.worksheets[0]
    if kind == "xlsx":
        assert page.row_dimensions[5].height == 77
        assert page["B3"].hyperlink.target == "https://example.org/"
        assert page["D1"].value == "answer"  # not beyond column XFD, where a style stands
    else:
        assert (page["D2"].quotePrefix, page["B2"].value, page["D11"].value) == (True, 0, "00123")


def test_every_source_is_within_reach(tmp_path: Path) -> None:
    listed = read_questions(b"One?\nTwo?\nThree?\n")
    write(tmp_path / "a.xlsx", "xlsx", sheet(listed, lambda n: record("A", n)))
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    page, evidence = book.worksheets[0], book["Evidence"]
    names = [cell.value for cell in page[1]]
    source = page.cell(4, names.index("source") + 1)
    assert source.hyperlink.target == "file:///know%20how/0.md"
    lead = page.cell(4, names.index("Evidence") + 1)
    assert (lead.value, lead.hyperlink.location) == ("row 3–4", "'Evidence'!A3")
    assert [row[5].hyperlink.target for row in evidence.iter_rows(min_row=3)] == [
        "file:///know%20how/0.md", "file:///know%20how/1.md",
    ]  # fmt: skip
    assert [evidence.cell(line, 1).hyperlink.location for line in (2, 3, 4)] == [f"'Answers'!A{n}" for n in (3, 4, 4)]


def test_a_list_without_a_header_stays_as_it_is(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for text in ("日当はいくらですか", None, "Cpkの求め方は？"):
        book.active.append([text, "memo"])
    book.save(tmp_path / "q.xlsx")
    listed = read_questions(tmp_path / "q.xlsx")
    write(tmp_path / "a.xlsx", "xlsx", sheet(listed, lambda n: record(f"A{n}"), tmp_path / "q.xlsx"))
    check_package(tmp_path / "a.xlsx")
    made = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert made.sheetnames == ["Sheet", "Answers", "Evidence", "Summary"]
    assert [cell.value for cell in made["Sheet"]["A"]] == ["日当はいくらですか", None, "Cpkの求め方は？"]
    assert [cell.value for cell in made["Answers"][3]][:4] == [3, "Cpkの求め方は？", "memo", "A1"]
    assert [(row.number, row.question) for row in read_answers(tmp_path / "a.xlsx")] == [
        (1, "日当はいくらですか"), (3, "Cpkの求め方は？"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["xlsx", "csv", "jsonl", "md", "html"])
def test_rows_have_one_number_everywhere(tmp_path: Path, kind: OutputKind) -> None:
    text = 'Title,\nno,question\n1,"two\nlines?"\n\n,\n2,Last?\n'
    (tmp_path / "q.csv").write_text(text, encoding="utf-8")
    listed = read_questions(tmp_path / "q.csv")
    assert [row.number for row in listed.rows] == [3, 6]
    write(tmp_path / f"a.{kind}", kind, sheet(listed, lambda n: record("A")))
    if kind in ("md", "html"):
        assert "row 6" in (tmp_path / f"a.{kind}").read_text(encoding="utf-8")
    else:
        assert [row.number for row in read_answers(tmp_path / f"a.{kind}")] == [3, 6]


def test_no_more_than_a_row_is_held(tmp_path: Path) -> None:
    peaks = []
    for count in (30, 230):
        listed = read_questions("".join(f"Question {n}?\n" for n in range(count)).encode())
        made = sheet(listed, lambda n: record(f"{n} " + "long answer " * 200, 2))
        tracemalloc.start()
        write(tmp_path / "a.xlsx", "xlsx", made)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 3e5  # the answers alone are 480 kB longer, their quotes and traces more


def test_moments_are_local_and_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of the process is that of Windows")
    time.tzset()
    try:
        at = read_moment("2026-11-24T15:30:00")
        assert moment(at, "ja") == "2026年11月25日 00:30（UTC+09:00）"
        assert moment(at, "en") == "25 November 2026, 00:30 (UTC+09:00)"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_columns_without_names_lose_nothing_in_json(tmp_path: Path) -> None:
    listed = read_questions(b"id,question,note,note\n1,Q?,a,b,c,d\n")
    write(tmp_path / "a.jsonl", "jsonl", sheet(listed, lambda n: record("A")))
    import json

    line: dict[str, Any] = json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8"))
    assert line["input"] == {"id": "1", "question": "Q?", "note": "a", "note (2)": "b", "E": "c", "F": "d"}
