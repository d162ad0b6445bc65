from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag.errors import CollectionError
from qeu_rag.index.glossary import Concept, Glossary
from qeu_rag.index.lexical import LexicalIndex, LexicalItem
from qeu_rag.text.match import reading
from qeu_rag.text.terms import Analyzer

ANALYZER = Analyzer()
ROWS = [
    ("SN比", "signal-to-noise ratio", "SNR"),
    ("実験計画法", "design of experiments", "DOE"),
    ("実験", "experiment", "trial"),
    ("情報システム", "information technology", "IT"),
    ("是正及び予防処置", "corrective and preventive action", "CAPA"),
    ("連", "run"),
    ("感度", "sensitivity", "S"),
]


def said(question: str, rows: list[tuple[str, ...]] = ROWS) -> dict[str, tuple[str, ...]]:
    return {c.said: c.others for c in Glossary.make(rows, ANALYZER).concepts(question, ANALYZER)}


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("SN比の求め方", {"SN比": ("signal-to-noise ratio", "SNR")}),
        ("Ｓ／Ｎ比 and signal to noise ratios", {"signal to noise ratios": ("SN比", "SNR")}),
        ("実験計画法とは", {"実験計画法": ("design of experiments", "DOE")}),
        ("How does it work?", {}),
        (
            "Does IT keep our doe?",
            {"IT": ("情報システム", "information technology"), "doe": ("実験計画法", "design of experiments")},
        ),
        ("連絡先はどこですか", {}),
        ("連の判定", {"連": ("run",)}),
        ("s is not sensitivity", {"sensitivity": ("感度",)}),
        ("the trials of a trial", {"trials": ("実験", "experiment"), "trial": ("実験", "experiment")}),
        ("", {}),
    ],
)
def test_terms_are_whole_words_the_longest_first(question: str, found: dict[str, tuple[str, ...]]) -> None:
    assert said(question) == found


def test_chains_and_loops_of_rows_reach_no_further_than_a_row() -> None:
    rows = [("alpha", "beta"), ("beta", "gamma"), ("gamma", "alpha"), ("alpha", "alphas")]
    assert said("alpha", rows) == {"alpha": ("beta", "gamma")}
    assert said("beta", rows) == {"beta": ("alpha", "gamma")}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.text(alphabet="ab 連実験- ", min_size=1, max_size=6), min_size=2, max_size=4), max_size=5),
    st.text("ab 連実験-", max_size=30),
)
def test_what_is_said_stands_in_the_question(rows: list[list[str]], question: str) -> None:
    for concept in Glossary.make(rows, ANALYZER).concepts(question, ANALYZER):
        assert concept.said in question
        assert any(set(concept.others) <= set(row) or concept.others for row in rows)
        assert concept.said not in concept.others


def test_what_was_written_is_read(tmp_path: Path) -> None:
    made = Glossary.make(ROWS, ANALYZER)
    made.write(tmp_path / "glossary.json")
    read = Glossary.read(tmp_path / "glossary.json")
    assert len(read) == len(ROWS)
    assert read.concepts("DOE and CAPA", ANALYZER) == made.concepts("DOE and CAPA", ANALYZER) != ()
    assert len(Glossary.read(tmp_path / "none.json")) == 0
    (tmp_path / "glossary.json").write_text("{", encoding="utf-8")
    with pytest.raises(CollectionError) as caught:
        Glossary.read(tmp_path / "glossary.json")
    assert caught.value.key == "index_damaged"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    index = LexicalIndex.create(tmp_path_factory.mktemp("glossary") / "lexical")
    index.add(
        [
            LexicalItem(id="capa", above="Findings", units=["Every corrective and preventive action has an owner."]),
            LexicalItem(id="parts", above="Findings", units=["A corrective lens.", "Nobody took preventive steps."]),
            LexicalItem(id="ja", above="監査", units=["是正及び予防処置は三十日以内に決める。", "費用は持つ。"]),
            LexicalItem(id="other", above="監査", units=["監査の費用は供給者が持つ。"]),
        ]
    )
    index.commit()
    return index


CAPA = (Concept(said="CAPA", others=("是正及び予防処置", "corrective and preventive action")),)


def test_another_term_of_the_house_counts_as_the_questions_own(index: LexicalIndex) -> None:
    assert index.search("CAPA", 4) == []
    assert {hit.id for hit in index.search("CAPA", 4, CAPA)} == {"capa", "ja"}
    assert {hit.id for hit in index.search("corrective CAPA", 4, CAPA)} == {"capa", "ja", "parts"}
    found = index.held("CAPA", ["capa", "parts", "ja"], CAPA)
    assert (found["capa"].share(0, 0), found["ja"].share(0, 0), found["parts"].share(0, 1)) == (1.0, 1.0, 0.0)


def test_all_terms_of_a_concept_together_are_one_evidence(index: LexicalIndex) -> None:
    plain = index.held("CAPA owner", ["capa"])["capa"]
    more = index.held("CAPA owner", ["capa"], CAPA)["capa"]
    assert plain.share(0, 0) < more.share(0, 0) == 1.0
    alone = index.evidence("CAPA owner").weights
    joint = index.evidence("CAPA owner", CAPA).weights
    assert joint["w:owner"] == alone["w:owner"]
    assert joint["w:capa"] < alone["w:capa"]  # as rare as what it is called elsewhere


def test_evidence_that_says_it_otherwise_has_the_questions_term(index: LexicalIndex) -> None:
    read = reading(ANALYZER.evidence_terms, index.evidence("CAPA", CAPA).synonyms)
    assert "w:capa" in read("是正及び予防処置を決める。")
    assert "w:capa" in read("Corrective and preventive actions are due.")
    assert "w:capa" not in read("予防処置と是正")
    assert "w:capa" not in read("Preventive work is not corrective action.")
