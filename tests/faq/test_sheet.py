"""Question lists as people keep them are read whole, and what cannot be used is told."""

from __future__ import annotations

import csv
import datetime
import io
import json
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.errors import UsageError
from qeu_rag.faq.cells import bared, is_formula, shielded
from qeu_rag.faq.read.question_list import QuestionList
from qeu_rag.faq.read.questions import read_questions


def asked(found: QuestionList) -> list[tuple[int, str]]:
    return [(row.number, row.question) for row in found.rows]


def written(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


TABLE = '社内照会票;;\n番号;お問い合わせ内容（必須）;担当\n1;日当はいくらですか;田中\n2;;佐藤\n3;"二行の\n質問";鈴木\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_csv_in_every_encoding_below_a_title(tmp_path: Path, encoding: str) -> None:
    found = read_questions(written(tmp_path, "q.csv", TABLE.encode(encoding)))
    assert asked(found) == [(3, "日当はいくらですか"), (5, "二行の\n質問")]
    assert found.names == ("番号", "お問い合わせ内容（必須）", "担当")
    assert [row.cells[2] for row in found.rows] == ["田中", "鈴木"]


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_delimiter_is_found(tmp_path: Path, mark: str) -> None:
    text = mark.join(("id", "Question", "note")) + "\n" + mark.join(("7", '"A, b; c|d\te?"', "x")) + "\n"
    assert asked(read_questions(written(tmp_path, "q.csv", text))) == [(2, "A, b; c|d\te?")]


@pytest.mark.parametrize("column", ["text", "TEXT", "B", "2"])
def test_column_by_name_letter_or_number(tmp_path: Path, column: str) -> None:
    found = read_questions(written(tmp_path, "q.csv", "id,text\n1,What?\n"), column=column)
    assert asked(found) == [(2, "What?")]


def test_json_lines_and_pipes(tmp_path: Path) -> None:
    text = '{"id": 1, "question": "A?", "tags": ["x"]}\n\n"B?"\n{"id": 2}\n'
    found = read_questions(written(tmp_path, "q.jsonl", text))
    assert asked(found) == [(1, "A?"), (3, "B?")]
    assert found.rows[0].cells == ("1", "A?", '["x"]')
    assert asked(read_questions(text.encode())) == asked(found)
    assert asked(read_questions("日当は？\n\nWhat?\n".encode("cp932"))) == [(1, "日当は？"), (3, "What?")]
    assert asked(read_questions(b"id,question\n1,A?\n")) == [(2, "A?")]


def test_markdown_list(tmp_path: Path) -> None:
    text = "# Title\n\nWords.\n\n- A?\n  goes on\n* [ ] B?\n1. C?\n\n   more\n```\n- not this\n```\n2） D\n12) E?\n"
    found = read_questions(written(tmp_path, "q.md", text))
    assert asked(found) == [(5, "A? goes on"), (7, "B?"), (8, "C?"), (15, "E?")]


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Cover"
    book.active["A1"] = "Cover page"
    sheet = book.create_sheet("List")
    sheet.append(["Client list", None, None])
    sheet.merge_cells("A1:C1")
    sheet.append(["No.", "質問", "Due"])
    sheet.append([1, "日当はいくらですか", datetime.datetime(2026, 11, 24)])
    sheet.append([2, datetime.datetime(2026, 1, 2), None])
    sheet.append([3, "=A3&A4", None])
    sheet.append([4, None, None])
    sheet.append([5, "What is the quality loss?", None])
    sheet.merge_cells("B7:B8")
    sheet.append([6, None, None])
    sheet.append([7, "x" * 32_767, None])
    book.save(path)
    return path


def test_workbook_with_merged_cells_dates_and_formulas(tmp_path: Path) -> None:
    found = read_questions(workbook(tmp_path / "q.xlsx"))
    assert (found.sheet, found.header_row) == ("List", 2)
    assert asked(found)[:4] == [
        (3, "日当はいくらですか"),
        (4, "2026-01-02"),
        (5, "=A3&A4"),
        (7, "What is the quality loss?"),
    ]
    assert [row.problem for row in found.rows] == ["", "", "row_formula", "", ""]
    assert len(found.rows[4].question) == 32_767
    assert found.rows[0].cells == ("1", "日当はいくらですか", "2026-11-24")


def test_a_formula_alone_in_its_row_is_not_lost(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for place, value in enumerate(("質問", "RT法とは何ですか", '="RT法"&"とは"', None, "Cpとは何ですか"), 1):
        book.active.cell(place, 1, value)
    book.save(tmp_path / "alone.xlsx")
    rows = read_questions(tmp_path / "alone.xlsx").rows
    assert [(row.number, row.problem) for row in rows] == [(2, ""), (3, "row_formula"), (5, "")]


def test_cells_beyond_the_header_are_kept() -> None:
    found = read_questions(b"id,question\n1,What is Cpk?,extra,more\n2,What is Cp?\n")
    assert found.names == ("id", "question", "", "")
    assert [row.cells for row in found.rows] == [("1", "What is Cpk?", "extra", "more"), ("2", "What is Cp?", "", "")]


def test_bad_input_is_told(tmp_path: Path) -> None:
    empty = openpyxl.Workbook()
    empty.save(tmp_path / "empty.xlsx")
    (tmp_path / "old.xlsx").write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
    )
    cases = {
        "empty.xlsx": (None, "batch_no_questions"),
        "old.xlsx": (None, "batch_encrypted"),
        "torn.xlsx": (b"PK\x03\x04torn", "batch_damaged"),
        "gone.csv": (None, "batch_unreadable"),
        "none.csv": (b"a,b\n1,2\n", "batch_no_column"),
        "head.csv": (b"question\n", "batch_no_questions"),
        "empty.csv": (b"", "batch_no_questions"),
        "quote.csv": (b'question\n"a"b\n', "batch_no_csv"),
        "bad.jsonl": (b'{"question": "a"}\n{"question"\n', "batch_no_json"),
        "list.docx": (b"", "batch_kind"),
        "lines.txt": (b"\n \n", "batch_no_questions"),
        "noise.txt": (bytes(range(256)) * 8, "batch_encoding"),
    }
    for name, (data, key) in cases.items():
        if data is not None:
            written(tmp_path, name, data)
        with pytest.raises(UsageError) as caught:
            read_questions(tmp_path / name)
        assert caught.value.key == key, name
    with pytest.raises(UsageError, match="line 2"):
        read_questions(tmp_path / "bad.jsonl")
    with pytest.raises(UsageError, match="A1"):  # a way that loses nothing
        read_questions(tmp_path / "none.csv")


HEADERLESS = {
    "one column": ("RT法とは何ですか\nCpkの求め方は？\n日当はいくらですか\n", [1, 2, 3], "A"),
    "like a header": ("質問はどこへ送ればよいですか\n日当はいくらですか\n", [1, 2], "A"),
    "subjects": ("RT法について\n日当はいくらですか\n海外の日当は？\n1000円の領収書は要りますか\n", [1, 2, 3, 4], "A"),
    "columns": ("1,RT法について,田中\n2,日当はいくらですか,佐藤\n3,Cpkの求め方は？,鈴木\n", [1, 2, 3], "B"),
    "commas": ("If Cpk is low, what do we do?\nWhat, if any, is the limit?\n", [1, 2], "A"),
    "other header": ("番号,内容,担当\n1,日当はいくらですか,佐藤\n2,Cpkの求め方は？,鈴木\n", [2, 3], "B"),
    "names": ("QEU 様,\n項目,担当者\n日当はいくらですか,佐藤\nCpkの求め方は？,鈴木\n", [3, 4], "A"),
}


@pytest.mark.parametrize("name", HEADERLESS)
def test_no_question_of_a_list_without_a_header_is_lost(tmp_path: Path, name: str) -> None:
    text, numbers, letter = HEADERLESS[name]
    found = read_questions(written(tmp_path, "q.csv", text))
    assert ([row.number for row in found.rows], found.letters, found.guessed) == (numbers, letter, True)
    book = openpyxl.Workbook()
    for row in ([line] for line in text.splitlines()) if name == "commas" else csv.reader(io.StringIO(text)):
        book.active.append(row)
    book.save(tmp_path / "q.xlsx")
    same = read_questions(tmp_path / "q.xlsx")
    assert asked(same) == asked(found)
    assert same.header_row == numbers[0] - 1


def test_the_first_questions_cell_names_the_column(tmp_path: Path) -> None:
    path = written(tmp_path, "q.csv", "RT法\nMT法\nT法\n")
    assert [asked(read_questions(path, column=cell))[0] for cell in ("A1", "a2", "A")] == [
        (1, "RT法"), (2, "MT法"), (1, "RT法"),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="B"):
        read_questions(path, column="B")


def test_commas_of_a_single_column_are_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, "q.csv", 'question\nWhat, if any, is Cpk?\n"Two\nlines, one cell"\n\nEnd?\n')
    assert asked(read_questions(path)) == [(2, "What, if any, is Cpk?"), (3, "Two\nlines, one cell"), (5, "End?")]
    assert asked(read_questions(path.read_bytes())) == asked(read_questions(path))
    assert asked(read_questions(written(tmp_path, "q.txt", "質問\n日当は？\n"))) == [(2, "日当は？")]


def test_many_rows(tmp_path: Path) -> None:
    text = "no,question\n" + "".join(f"{n},Question {n}?\n" for n in range(100_000))
    found = read_questions(written(tmp_path, "q.csv", text))
    assert (len(found.rows), found.rows[-1].number) == (100_000, 100_001)


@given(st.text(), st.booleans())
def test_no_cell_begins_as_a_formula_and_all_come_back(text: str, risky: bool) -> None:
    cell = ("=" if risky else "") + text
    kept = shielded(cell)
    assert bared(kept) == cell
    assert not is_formula(kept) or kept.startswith("'")
    stream = io.StringIO(newline="")
    csv.writer(stream).writerow([kept, "end"])
    (row,) = csv.reader(io.StringIO(stream.getvalue(), newline=""), strict=True)
    assert bared(row[0]) == cell


@given(
    st.lists(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(str.strip), min_size=1)
)
def test_json_lines_come_back(questions: list[str]) -> None:
    text = "\n".join(json.dumps({"question": question}, ensure_ascii=False) for question in questions)
    assert [row.question for row in read_questions(text.encode()).rows] == [question.strip() for question in questions]
