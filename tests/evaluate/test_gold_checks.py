"""What a gold set says that cannot be right is told by row, and what cannot be found is not counted."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from sets import QUERIES, write_set

from qeu_rag import KnowHow
from qeu_rag.cli.calibrate import lines
from qeu_rag.cli.main import run
from qeu_rag.evaluate.calibrate import LEAST, calibrate
from qeu_rag.evaluate.gold_checks import row_numbers

HEADER = ["id", "question", "gold_document", "gold_passage", "answerable"]
RIGHT = ["a", "国内出張の日当はいくらですか", "travel.md", "国内出張の日当は 3,000円\nとする。", "○"]
LOST = ["b", "How long does a supplier audit take?", "audit.md", "The duration of audits is two working days.", "yes"]
CONTRARY = ["c", "モンゴルの首都はどこですか", "travel.md", "ウランバートル", "×"]


def write(path: Path, *rows: list[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def test_a_passage_that_its_document_does_not_hold_is_told_by_row_and_not_counted(
    noted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["eval", str(write(tmp_path / "gold.csv", RIGHT, LOST)), "--home", str(noted), "--json"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["lost_passages"] == [3]
    assert found["contrary"] == []
    assert "does not stand in their document as it was read in: 1 (rows 3)" in told.err
    assert found["passages"]["ours"]["hit@10"] == 1.0
    assert found["retrieval"]["ours"]["hit@10"] == 1.0
    # Words of another document are no better.
    other = [*LOST[:3], RIGHT[3], "yes"]
    assert run(["eval", str(write(tmp_path / "gold.csv", other)), "--home", str(noted), "--lang", "ja"]) == 0
    told = capsys.readouterr()
    assert "見つからない質問が 1 件あります（行: 2）" in told.err
    assert "検索（箇所）" not in told.out


def test_an_unanswerable_row_that_names_a_document_is_told(
    noted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gold = write(tmp_path / "gold.csv", RIGHT, CONTRARY, ["d", "月の直径は", "", "", "×"])
    for lang, words in (("en", "all the same: 1 (rows 3)"), ("ja", "質問が 1 件あります（行: 3）")):
        assert run(["eval", str(gold), "--home", str(noted), "--lang", lang, "--json"]) == 0
        told = capsys.readouterr()
        assert words in told.err
        found = json.loads(told.out)
        assert (found["contrary"], found["lost_passages"]) == ([3], [])
        assert found["abstention"]["unanswerable"] == 2
    odd = {"question": "What is the capital of Peru?", "gold": ["audit"], "answerable": False}
    folder = write_set(tmp_path / "set", queries=[*QUERIES, odd])
    assert run(["eval", str(folder), "--limit", "5"]) == 0
    assert f"(rows {len(QUERIES) + 1})" in capsys.readouterr().err


def test_calibrate_tells_it_too(noted: Path, tmp_path: Path) -> None:
    many = [[f"q{n}", f"国内出張の日当は{n}日でいくらですか", "travel.md", "", "○"] for n in range(LEAST)]
    with KnowHow.open(home=noted) as know_how:
        found = calibrate(know_how, write(tmp_path / "gold.csv", *many, CONTRARY))
    assert found.to_json()["contrary"] == [LEAST + 2]
    assert any(f"{LEAST + 2}" in line and "unanswerable" in line for line in lines(found, "en", kept=False))
    assert any(f"行: {LEAST + 2}" in line for line in lines(found, "ja", kept=False))


def test_ten_rows_are_named() -> None:
    assert row_numbers(range(2, 12)) == "2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
    assert row_numbers(range(2, 13)).endswith("11, …")
