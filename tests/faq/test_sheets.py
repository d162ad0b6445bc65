"""A workbook's questions are found on all its sheets, past cover sheets, and answered in their places."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import pytest

from qeu_rag import KnowHow
from qeu_rag.cli.main import run
from qeu_rag.faq.answers import read_answers
from qeu_rag.faq.sheet import QuestionList, read_questions

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
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "cache").symlink_to(embedder_cache)
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
