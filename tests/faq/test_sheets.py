"""A workbook's questions are found on all its sheets, past cover sheets, and answered in their places."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import pytest
from conftest import new_home

from qeu_rag import KnowHow
from qeu_rag.cli.main import run
from qeu_rag.faq.read.answers import read_answers
from qeu_rag.faq.read.question_list import QuestionList
from qeu_rag.faq.read.questions import read_questions
from qeu_rag.language import say, system_language

COVER = [["質問票"], [], ["宛先", "品質保証部 御中"], ["提出日", "2025-06-02"]]
FIRST = [["番号", "質問", "回答"], [1, "社員の宿泊費はいくらですか"], [2, "日当はいくらですか"]]
SECOND = [["分類", "番号", "ご質問"], ["追加", 3, "宿泊費の上限はいくらですか"]]
Rows = Sequence[Sequence[object]]


def book(path: Path, sheets: Mapping[str, Rows], hidden: Sequence[str] = ()) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        page = made.create_sheet(name)
        for row in rows:
            page.append(list(row))
        if name in hidden:
            page.sheet_state = "hidden"
    made.save(path)
    return path


def asked(found: QuestionList) -> list[tuple[str, int, str]]:
    return [(row.sheet, row.number, row.question) for row in found.rows]


def test_every_sheet_with_questions_is_taken_and_no_cover(tmp_path: Path) -> None:
    found = read_questions(book(tmp_path / "q.xlsx", {"表紙": COVER, "質問一覧": FIRST, "追加質問": SECOND}))
    assert asked(found) == [
        ("質問一覧", 2, "社員の宿泊費はいくらですか"),
        ("質問一覧", 3, "日当はいくらですか"),
        ("追加質問", 2, "宿泊費の上限はいくらですか"),
    ]
    assert found.names == ("シート", "番号", "質問", "回答", "分類")
    assert found.rows[2].cells == ("追加質問", "3", "宿泊費の上限はいくらですか", "", "追加")
    assert [part.sheet for part in found.parts] == ["質問一覧", "追加質問"]
    assert not found.passed


@pytest.mark.parametrize(
    "cover",
    [
        COVER,
        [["FAQ"], ["宛先", "営業部"], ["期限", "6月末"]],
        [["お問い合わせ一覧表"], ["会社", "A社"], ["担当", "森"]],
        [["Questionnaire"], ["To", "Quality Department"], ["Due", "2 June 2025"]],
        [["ご案内"], ["次のシートに記入してください。"]],
    ],
)
def test_covers_hold_no_questions(cover: Rows, tmp_path: Path) -> None:
    found = read_questions(book(tmp_path / "q.xlsx", {"Cover": cover, "List": FIRST}))
    assert [(row.number, row.question) for row in found.rows] == [
        (2, "社員の宿泊費はいくらですか"),
        (3, "日当はいくらですか"),
    ]
    assert found.sheet == "List"
    assert not found.parts
    assert not found.passed


def test_a_title_above_the_list_of_one_sheet(tmp_path: Path) -> None:
    rows = [["質問票"], [], ["No", "ご質問の内容", "回答"], [1, "日当はいくらですか"]]
    found = read_questions(book(tmp_path / "q.xlsx", {"List": rows}))
    assert [(row.number, row.question) for row in found.rows] == [(4, "日当はいくらですか")]


def test_a_list_of_one_column_below_its_name(tmp_path: Path) -> None:
    found = read_questions(book(tmp_path / "q.xlsx", {"List": [["質問一覧"], ["日当はいくらですか"], ["返品の期限"]]}))
    assert [row.question for row in found.rows] == ["日当はいくらですか", "返品の期限"]


def test_sheets_that_are_not_asked_are_named(tmp_path: Path) -> None:
    loose = [["その他"], ["宿泊費はいくらですか？"]]
    found = read_questions(book(tmp_path / "q.xlsx", {"List": FIRST, "Loose": loose, "Old": SECOND}, hidden=["Old"]))
    assert found.passed == ("Loose", "Old")
    assert len(found.rows) == 2


def test_a_named_column_is_taken_from_every_sheet_that_has_it(tmp_path: Path) -> None:
    path = book(tmp_path / "q.xlsx", {"表紙": COVER, "一": FIRST, "二": [["質問"], ["返品できますか"]], "三": SECOND})
    found = read_questions(path, column="質問")
    assert [part.sheet for part in found.parts] == ["一", "二"]
    assert found.passed == ("三",)
    assert read_questions(path, column="B").rows[0].question == "社員の宿泊費はいくらですか"


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedder_cache: Path) -> Path:
    new_home(tmp_path / "home", embedder_cache)
    monkeypatch.setenv("QEU_RAG_HOME", str(tmp_path / "home"))
    docs = tmp_path / "work" / "資料"
    docs.mkdir(parents=True)
    (docs / "旅費.md").write_text(
        "# 旅費\n\n社員の宿泊費は9,000円とする。\n\n日当は2,000円とする。\n", encoding="utf-8"
    )
    with KnowHow.open() as opened:
        opened.ingest(docs)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def test_answers_stand_on_every_sheet_and_links_go_with_the_folder(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book(ready / "q.xlsx", {"表紙": COVER, "質問一覧": FIRST, "追加質問": SECOND})
    assert run(["batch", "q.xlsx", "-o", "a.xlsx"]) == 0
    assert "質問一覧 (2), 追加質問 (1)" in capsys.readouterr().err
    made = openpyxl.load_workbook("a.xlsx")
    assert [cell.value for cell in made["表紙"]["A"]] == ["質問票", None, "宛先", "提出日"]
    answers = {name: made[name].cell(2, 4).value for name in ("質問一覧", "追加質問")}
    assert all("9,000円" in str(text) for text in answers.values())
    assert "2,000円" in str(made["質問一覧"].cell(3, 4).value)
    evidence = made.worksheets[3]
    links = [row[5].hyperlink.target for row in evidence.iter_rows(min_row=2)]
    assert {unquote(link) for link in links} == {"資料/旅費.md"}
    assert [row[0].hyperlink.location.split("!")[0] for row in evidence.iter_rows(min_row=2)][-1] == "'追加質問'"
    moved = ready.parent / "moved"
    shutil.copytree(ready, moved)
    assert (moved / unquote(links[0])).is_file()
    assert [row.question for row in read_answers(ready / "a.xlsx")] == [
        "社員の宿泊費はいくらですか",
        "日当はいくらですか",
        "宿泊費の上限はいくらですか",
    ]
    again = read_questions(ready / "a.xlsx")
    assert [part.sheet for part in again.parts] == ["質問一覧", "追加質問"]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "md", "html"])
def test_other_outputs_name_the_sheet_of_a_row(ending: str, ready: Path) -> None:
    book(ready / "q.xlsx", {"質問一覧": FIRST, "追加質問": SECOND})
    assert run(["batch", "q.xlsx", "-o", f"a.{ending}"]) == 0
    assert "追加質問" in Path(f"a.{ending}").read_text(encoding="utf-8")


BLOCKS: Rows = [
    ["質問票"],
    ["番号", "質問", "回答"],
    [1, "社員の宿泊費はいくらですか"],
    [2, "日当はいくらですか"],
    [],
    ["2. 追加のご質問"],
    ["区分", "番号", "ご質問", "回答"],
    ["旅費", 1, "宿泊費の上限はいくらですか"],
]


def test_every_list_of_a_sheet_is_taken_below_its_own_header(tmp_path: Path) -> None:
    wanted = [
        ("", 3, "社員の宿泊費はいくらですか"),
        ("", 4, "日当はいくらですか"),
        ("", 8, "宿泊費の上限はいくらですか"),
    ]
    found = read_questions(book(tmp_path / "q.xlsx", {"List": BLOCKS}))
    assert asked(found) == wanted
    assert [part.header_row for part in found.parts] == [2, 7]
    assert not found.unasked
    with (tmp_path / "q.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(BLOCKS)
    assert asked(read_questions(tmp_path / "q.csv")) == wanted


def test_a_header_that_stands_again_is_no_question(tmp_path: Path) -> None:
    rows = [
        ["No", "Question"],
        [1, "What is Cpk?"],
        ["No", "Question"],
        [2, "Subject alone"],
        [],
        ["Question"],
        ["RT method"],
    ]
    found = read_questions(book(tmp_path / "q.xlsx", {"List": rows}))
    assert [row.question for row in found.rows] == ["What is Cpk?", "Subject alone", "RT method"]


def test_categories_and_short_subjects_are_no_headers(tmp_path: Path) -> None:
    subjects = ["宿泊費の上限", "日当はいくらですか", "返品の期限"]
    rows = [["区分", "内容", "担当"], *zip(("質問", "要望", "質問"), subjects, ("田中", "森", "林"), strict=True)]
    path = book(tmp_path / "q.xlsx", {"List": rows})
    assert [row.question for row in read_questions(path, column="内容").rows] == subjects
    topics = book(tmp_path / "t.xlsx", {"List": [["質問", "回答者"], ["返品の期限", "営業"], ["照会", "経理"]]})
    assert [row.question for row in read_questions(topics).rows] == ["返品の期限", "照会"]


def test_rows_that_ask_in_another_column_are_told(tmp_path: Path) -> None:
    rows = [["No", "Question", "Note"], [1, "What is Cpk?", ""], ["", "", "What is the limit of Cp?"]]
    assert read_questions(book(tmp_path / "q.xlsx", {"List": rows})).unasked == ("List!3",)
    beside = [["Question", "Answer", "Question", "Answer"], ["What is Cpk?", "", "What is Cp?", ""]]
    assert read_questions(book(tmp_path / "s.xlsx", {"List": beside})).unasked == ("List!2",)


@pytest.mark.parametrize(
    "cover",
    [
        [["Inquiry No.", "Q-2025-01"], ["Customer", "ACME"], ["Due", "2 June"]],
        [["Questions"], ["Customer"], ["ACME"], ["Date"], ["2 June"]],
        [["お問い合わせ番号", "A-12"], ["お客様名", "森製作所"], ["提出日", "6月2日"]],
    ],
)
def test_a_cover_with_labels_is_told_apart_from_a_list(cover: Rows, tmp_path: Path) -> None:
    found = read_questions(book(tmp_path / "q.xlsx", {"Cover": cover, "List": FIRST}))
    assert (found.sheet, len(found.rows)) == ("List", 2)
    plain = [["項目", "担当"], ["日当はいくらですか", "森"]]
    assert read_questions(book(tmp_path / "p.xlsx", {"Cover": cover, "List": plain})).sheet == "List"


def test_the_answers_of_both_lists_stand_in_the_same_columns(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book(ready / "q.xlsx", {"質問": BLOCKS})
    assert run(["batch", "q.xlsx", "-o", "a.xlsx"]) == 0
    assert "質問!2 (2), 質問!7 (1)" in capsys.readouterr().err
    page = openpyxl.load_workbook("a.xlsx")["質問"]
    assert page.cell(2, 5).value == page.cell(7, 5).value == say("batch.column.answer", system_language())
    assert "9,000円" in str(page.cell(3, 5).value)
    assert "9,000円" in str(page.cell(8, 5).value)
    rows = read_answers(ready / "a.xlsx")
    assert [(row.number, row.question) for row in rows] == [
        (3, "社員の宿泊費はいくらですか"),
        (4, "日当はいくらですか"),
        (8, "宿泊費の上限はいくらですか"),
    ]
    assert all(row.citations for row in rows)
