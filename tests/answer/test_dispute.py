"""Two documents that say otherwise: both are shown with their dates, by the extractive engine and after a model's reply."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.language_models.fake import FakeListLLM

from qeu_rag import KnowHow

DOCS = {
    "travel-2022.md": "# 出張旅費規程\n\n改定日：2022年4月1日\n\n国内出張の日当は3,000円とする。宿泊費は実費とする。\n",
    "travel-2024.md": "# 出張旅費の手引き\n\n改定日：令和6年4月1日\n\n国内出張の日当は3,500円です。領収書は経理に送る。\n",
    "audit.md": "# Supplier audit\n\nMajor findings must be answered within ten working days. An audit takes two days.\n",
    "audit-new.md": "# Audit handbook\n\nRevised on 1 May 2024.\n\nMajor findings must be answered within 15 working days.\n",
    "tools.md": "# Tools\n\nThe torque wrench is calibrated every 12 months. Wrenches are kept in the cabinet.\n",
    "tools-plant.md": "# Tools of the plant\n\nThe torque wrench is calibrated every year. Gloves are worn.\n",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path) -> Path:
    base = tmp_path_factory.mktemp("dispute")
    (base / "docs").mkdir()
    for name, text in DOCS.items():
        (base / "docs" / name).write_text(text, encoding="utf-8")
    (base / "home").mkdir()
    (base / "home" / "cache").symlink_to(embedder_cache)
    with KnowHow.open(home=base / "home") as opened:
        opened.ingest(base / "docs")
    return base / "home"


def test_both_sources_are_shown_with_documents_and_dates(home: Path) -> None:
    with KnowHow.open(home=home) as know_how:
        answer = know_how.ask("国内出張の日当はいくらですか")
    assert answer.notes == ("sources_differ",)
    line = answer.text.partition("資料によって記載が異なります。")[2]
    assert "出張旅費規程（2022年4月1日）: 国内出張の日当は3,000円とする。 [" in line
    assert "出張旅費の手引き（令和6年4月1日）: 国内出張の日当は3,500円です。 [" in line
    assert all(citation.quote in citation.chunk.text for citation in answer.citations)
    assert len({c.chunk.document_id for c in answer.citations}) == 2
    assert len({(c.marker, c.chunk.id) for c in answer.citations}) == len({c.marker for c in answer.citations})


def test_sources_that_agree_in_other_words_are_not_set_against_each_other(home: Path) -> None:
    with KnowHow.open(home=home) as know_how:
        answer = know_how.ask("How often is the torque wrench calibrated?")
    assert answer.status == "answered"
    assert answer.notes == ()


def test_a_models_reply_is_set_against_the_other_evidence(home: Path) -> None:
    reply = "Major findings must be answered within ten working days. [{}]"
    question = "Within how many days must major findings be answered?"
    with KnowHow.open(home=home) as know_how:
        first = know_how.search(question)[0].chunk.title
    marker = 1 if first == "Supplier audit" else 2
    with KnowHow.open(home=home, model=FakeListLLM(responses=[reply.format(marker)])) as know_how:
        answer = know_how.ask(question)
    assert answer.notes == ("sources_differ",)
    assert answer.text.startswith(reply.format(marker) + "\nThe sources differ:\n- Supplier audit: Major findings")
    assert (
        f"- Audit handbook (1 May 2024): Major findings must be answered within 15 working days. [{3 - marker}]"
        in answer.text
    )
