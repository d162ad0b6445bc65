"""The shipped corpus: complete, in step with its sources, kept apart from its gold set, and answered from."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT

from qeu_rag import KnowHow
from qeu_rag.ingest.glossary import read_glossary
from qeu_rag.ingest.scan import scan

CORPUS = ROOT / "corpus"
GOLD = list(csv.DictReader((CORPUS / "faq.csv").open(encoding="utf-8")))


def bare(text: str) -> str:
    return re.sub(r"[\s|*`\\]+", "", unicodedata.normalize("NFKC", text)).lower()


def test_generated_files_are_in_step_with_their_sources() -> None:
    done = subprocess.run([sys.executable, CORPUS / "sources" / "build.py", "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_gold_and_sources_are_kept_out_and_the_glossary_is_whole() -> None:
    names = {file.source for file in scan([CORPUS]).files}
    assert len(names) >= 30
    assert not any("faq" in name or name.startswith("sources") for name in names)
    assert not scan([CORPUS]).skipped
    glossary = read_glossary(CORPUS / "glossary.csv")
    assert len(glossary.rows) >= 200
    assert not glossary.notes


def test_formats_and_languages() -> None:
    suffixes = Counter(Path(file.source).suffix for file in scan([CORPUS]).files)
    for suffix in (".docx", ".pdf", ".pptx", ".xlsx", ".html"):
        assert suffixes[suffix] >= 2
    for suffix in (".txt", ".eml", ".csv"):
        assert suffixes[suffix] >= 1
    languages = Counter(file.source.split("/")[0] for file in scan([CORPUS]).files)
    assert min(languages["ja"], languages["en"]) >= 15


def test_gold_set_is_what_it_says(corpus_home: Path) -> None:
    assert len(GOLD) >= 80
    assert sum(row["answerable"] == "false" for row in GOLD) >= 20
    assert sum(row["kind"] == "cross" for row in GOLD) >= 5
    with KnowHow.open(home=corpus_home) as kh:
        listed = kh.documents()
        texts: dict[str, str] = {}
        from qeu_rag.index.ledger import Ledger

        with Ledger(kh.collection.ledger_path) as ledger:
            for row in listed.documents:
                document = ledger.document(row.document_id)
                name = row.source.split("#")[0]
                texts[name] = texts.get(name, "") + bare(document.text if document else "")
    assert listed.skipped == ()
    missing = [
        r["id"] for r in GOLD if r["answerable"] == "true" and bare(r["gold_passage"]) not in texts[r["gold_document"]]
    ]
    assert missing == []


@pytest.fixture(scope="module")
def asked(corpus_home: Path) -> list[tuple[dict[str, str], bool, str]]:
    """Each gold question with whether its passage was among the first five, and how certainly it was answered."""
    found = []
    with KnowHow.open(home=corpus_home) as kh:
        for row in GOLD:
            answer = kh.ask(row["question"])
            hit = any(
                s.chunk.source.split("#")[0] == row["gold_document"]
                and bare(row["gold_passage"]) in bare(s.chunk.passage)
                for s in answer.evidence[:5]
            )
            for citation in answer.citations:
                assert citation.quote in citation.chunk.text
            found.append((row, hit, answer.certainty))
    return found


def test_direct_questions_find_their_passage(asked: list[tuple[dict[str, str], bool, str]]) -> None:
    direct = [(hit, bool(certainty)) for row, hit, certainty in asked if row["kind"] == "direct"]
    assert sum(hit for hit, _ in direct) >= 0.9 * len(direct)
    assert sum(answered for _, answered in direct) >= 0.8 * len(direct)


def test_what_the_corpus_does_not_say_is_not_surely_answered(asked: list[tuple[dict[str, str], bool, str]]) -> None:
    far = [certainty for row, _, certainty in asked if row["kind"] == "unanswerable-far"]
    near = [certainty for row, _, certainty in asked if row["kind"] == "unanswerable-near"]
    assert far.count("sure") == 0
    assert far.count("") >= 0.6 * len(far)
    assert near.count("sure") <= 0.15 * len(near)
