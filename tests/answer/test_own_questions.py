"""Documents that are lists of questions and answers, whose answers seldom say a word of the question again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import folder_with, new_home

from qeu_rag import KnowHow

FAQ = """# Office FAQ

## Where do I get new business cards?

Ask at the front desk; they are printed within five working days.

## Can I bring my dog to the office?

On Fridays only, and not into the laboratory.

## What happens if I lose my badge?

The guard blocks it at once. A new one costs 2,000 yen.
"""
SHEET = """質問,回答
会議室は何日前から予約できますか,30日前から予約できます。
冷蔵庫は自由に使えますか,名前を書いた物だけ置けます。
プリンタの紙が切れたらどうしますか,3階の棚から補充します。
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path) -> Iterator[KnowHow]:
    rules = "# Rules\n\nNobody is allowed to drive abroad. Work begins at nine. Badges have a photograph.\n"
    base = new_home(tmp_path_factory.mktemp("office"), embedder_cache)
    folder_with(base / "docs", {"faq.md": FAQ, "総務.csv": SHEET, "rules.md": rules})
    with KnowHow.open(home=base) as opened:
        opened.ingest(base / "docs")
        yield opened


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What happens if I lose my badge?", "The guard blocks it at once. A new one costs 2,000 yen."),
        ("Where do I get business cards?", "Ask at the front desk; they are printed within five working days."),
        ("May I take a dog to the office?", "On Fridays only, and not into the laboratory."),
    ],
)
def test_the_answer_below_the_question_is_given(office: KnowHow, question: str, answer: str) -> None:
    found = office.ask(question)
    assert found.status == "answered"
    assert found.citations[0].chunk.text.endswith(answer)
    assert answer in found.text


@pytest.mark.parametrize(
    ("question", "row"), [("冷蔵庫を使いたい", "冷蔵庫"), ("プリンタの紙がなくなった", "プリンタ")]
)
def test_one_row_of_a_sheet_answers(office: KnowHow, question: str, row: str) -> None:
    found = office.ask(question)
    assert found.status == "answered"
    assert found.citations[0].quote.startswith(f"| {row}")
    assert f"質問 | 回答\n{row}" in found.text
