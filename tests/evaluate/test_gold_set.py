"""Gold sets as people make them: any separator, encoding and header, in Japanese and English, in CSV and Excel."""

from __future__ import annotations

import csv
import random
import string
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.cli.main import run
from qeu_rag.errors import UsageError
from qeu_rag.evaluate.gold_columns import Documents, places, truth
from qeu_rag.evaluate.gold_set import GoldSet

NAMES = {"travel.md", "audit.md", "ja/旅費規程（改訂）.docx", "ja/監査.md", "en/監査.md"}
ENGLISH = ["question", "gold_document", "gold_passage", "answerable"]
JAPANESE = ["質問", "正解文書", "正解箇所", "回答可否"]
ROWS = [
    ["日当はいくらですか", "travel.md", "日当は3,000円とする。", "true"],
    ["モンゴルの首都はどこですか", "", "", "FALSE"],
]


def write_csv(path: Path, rows: list[list[str]], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def write_book(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    book = openpyxl.Workbook()
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    del book["Sheet"]
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", [ENGLISH, JAPANESE])
def test_any_encoding_separator_and_header(tmp_path: Path, encoding: str, delimiter: str, header: list[str]) -> None:
    found = GoldSet(write_csv(tmp_path / "gold.csv", [header, *ROWS], encoding, delimiter), NAMES)
    first, second = found.questions()
    assert (first.question, first.gold, first.lang) == ("日当はいくらですか", ("travel.md",), "ja")
    assert first.answers == ("日当は3,000円とする。",)
    assert first.answerable
    assert not second.answerable
    assert second.gold == ()
    assert [one.id for one in found.questions(frozenset({1}))] == ["3"]
    assert found.count == 2


def test_a_sheet_as_a_japanese_office_keeps_it(tmp_path: Path) -> None:
    """A title above the header, a numbered column, はい and いいえ, blank rows, a question on two lines, notes at the side."""
    rows: list[list[object]] = [
        ["AI相談員の確認用 正解表", None, "2026/11/24"],
        [],
        ["No.", "質問内容", "言語", "正解の文書", "該当箇所", "回答例", "回答できる？", "分類", None],
        [
            1,
            "日当は\nいくらですか",
            "日本語",
            "travel.md",
            "日当は3,000円とする。",
            "3,000円",
            "はい",
            "旅費",
            "要確認",
        ],
        [None, None],
        [2, "How long is an audit?", "英語", "audit.md\ntravel.md", None, None, True, None],
        [3, "モンゴルの首都は", None, "―", None, None, "いいえ", "対象外"],
        [4, "改訂後の上限は", None, "JA\\旅費規程(改訂).docx", None, None, 1, None],
    ]
    found = GoldSet(write_book(tmp_path / "gold.xlsx", {"表紙": [["質問の作り方"]], "質問": rows}), NAMES)
    first, second, third, fourth = found.questions()
    assert (first.id, first.question, first.lang, first.kind) == ("1", "日当は\nいくらですか", "ja", "旅費")
    assert first.answers == ("3,000円", "日当は3,000円とする。")
    assert second.gold == ("audit.md", "travel.md")
    assert (second.lang, second.answerable) == ("en", True)
    assert (third.answerable, third.lang, third.gold) == (False, "ja", ())
    assert (fourth.gold, fourth.answerable) == (("ja/旅費規程（改訂）.docx",), True)


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("はい 可 ○ 〇 ◯ yes Y TRUE true 1 １ あり 回答可 ✓", True),
        ("いいえ 不可 × ✕ no N FALSE False 0 ０ なし 回答不可", False),
        ("△ perhaps 2 x 要確認 未 -", None),
    ],
)
def test_what_says_yes_and_no(words: str, meaning: bool | None) -> None:
    assert {word: truth(word) for word in words.split()} == dict.fromkeys(words.split(), meaning)
    assert truth("  ") is True


def test_marks_without_a_meaning_are_told_with_their_rows(tmp_path: Path) -> None:
    rows = [[f"質問{n}は何ですか", "travel.md", "", mark] for n, mark in enumerate(["○", "△", "×", "要確認"])]
    with pytest.raises(UsageError) as caught:
        GoldSet(write_csv(tmp_path / "gold.csv", [["社内 正解表"], JAPANESE, *rows]), NAMES)
    assert caught.value.key == "eval_answerable_unclear"
    assert caught.value.values["count"] == 2
    assert "4: △, 6: 要確認。" in caught.value.happened("ja")
    assert "○/×" in caught.value.render("en")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("question,answer\nx,y\n", "eval_gold_columns"),
        ("正解文書,回答\nx,y\n", "eval_gold_columns"),
        ("", "eval_gold_columns"),
        ("\n\n", "eval_gold_columns"),
        ("question,gold_document\n", "eval_no_questions"),
        ("question,gold_document\nWhat?,nowhere.md\n", "eval_unknown_document"),
        ("question,gold_document\nWhat?,監査.md\n", "eval_unknown_document"),
        ("question,gold_document\n,travel.md\n", "eval_question_blank"),
        ("question,gold_document,answerable\nWhat?,travel.md,perhaps\n", "eval_answerable_unclear"),
        ("question,gold_document\nWhat?,travel.md,more\n", "eval_row_long"),
        ('question,gold_document\n"What?,travel.md\n', "batch_no_csv"),
        ("id,question,gold_document\n1,What?,travel.md\n1,Who?,travel.md\n", "eval_duplicate"),
    ],
)
def test_a_table_that_cannot_be_used(tmp_path: Path, text: str, key: str) -> None:
    (tmp_path / "gold.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        GoldSet(tmp_path / "gold.csv", NAMES)
    assert caught.value.key == key
    assert caught.value.render("ja")


def test_a_row_is_numbered_as_a_spreadsheet_does(tmp_path: Path) -> None:
    rows = [["質問", "正解文書"], ["日当は\nいくらか", "travel.md"], ["", "travel.md"]]
    for path in (
        write_csv(tmp_path / "gold.csv", rows),
        write_book(tmp_path / "gold.xlsx", {"表": [list(row) for row in rows]}),
    ):
        with pytest.raises(UsageError, match="Row 3 of"):
            GoldSet(path, NAMES)


def test_what_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "gold.csv").write_bytes(random.Random(3).randbytes(5000))
    (tmp_path / "gold.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    for name, key in (("gold.csv", "batch_encoding"), ("gold.xlsx", "batch_damaged"), ("none.csv", "batch_unreadable")):
        with pytest.raises(UsageError) as caught:
            GoldSet(tmp_path / name, set())
        assert caught.value.key == key


def test_columns_are_taken_once_and_by_their_plainest_name() -> None:
    header, found = places([["No", "質問", "正解", "正解文書", "文書", "回答", "Gold passage"]])
    assert header is not None
    assert found == {"id": 0, "question": 1, "expected_answer": 2, "gold_document": 3, "gold_passage": 6}
    assert places([["質問"], ["x"]])[1] == {"question": 0}


FILES = st.text(string.ascii_letters + "あ規程（）()/ ._-", min_size=1, max_size=12).filter(
    lambda name: name == name.strip()
)


@given(st.sets(FILES, min_size=1, max_size=6))
def test_every_document_is_found_by_its_own_name(names: set[str]) -> None:
    documents = Documents(names)
    for name in names:
        assert documents.find(name) == ((name,), ())
    assert documents.find(" ") == ((), ())
    assert documents.find("nowhere!") == ((), ("nowhere!",))


def test_a_gold_set_in_japanese_is_measured(noted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        ["質問", "正解文書", "正解箇所", "回答可否"],
        ["国内出張の日当はいくらですか", "travel.md", "国内出張の日当は3,000円とする。", "○"],
        ["モンゴルの首都はどこですか", "", "", "×"],
    ]
    gold = write_csv(tmp_path / "正解表.csv", rows, "cp932", ";")
    assert run(["eval", str(gold), "--home", str(noted), "--lang", "ja"]) == 0
    assert "正解表.csv: 質問 2 件" in capsys.readouterr().out
    rows[2][3] = "△"
    assert run(["calibrate", str(write_csv(gold, rows, "cp932", ";")), "--home", str(noted), "--lang", "ja"]) == 2
    assert "3: △" in capsys.readouterr().err
