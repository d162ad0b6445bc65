"""A sentence is shown only where a passage supports it and its figures stand there, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from found import chunk_of

from qeu_rag.answer.passage import whole
from qeu_rag.answer.verify import UNSUPPORTED, Support, Verifier, says_only_yes, without_yes
from qeu_rag.embed.cross_encoder import JUDGE, CrossEncoder, open_cross_encoder
from qeu_rag.embed.embedder import Embedder
from qeu_rag.text.terms import Analyzer

ANALYZE = Analyzer().word_terms

TAXIS = (
    "Taxi fares are paid back after the last train. Receipts must be handed in within two weeks. "
    "The head of department approves trips abroad; the accounts office pays in advance."
)
TAKSI = "タクシー代は終電の後に限り支給する。領収書は2週間以内に経理へ出す。海外出張は部長が承認する。"
STUDY = "The standard study has 10 parts, 3 appraisers and 3 trials, that is 90 readings."
STEPS = (
    "| Step | Form | Deadline |\n|---|---|---|\n| D3 | containment sheet | 2 working days |\n"
    "| D8 | closing report | 60 working days |"
)


@pytest.fixture(scope="module")
def judge(embedder_cache: Path) -> CrossEncoder:
    return open_cross_encoder(JUDGE, embedder_cache)


@pytest.fixture
def verifier(judge: CrossEncoder, embedder: Embedder, request: pytest.FixtureRequest) -> Verifier:
    text, question = request.param
    return Verifier(
        passages=[whole(chunk_of(text, name="a")), whole(chunk_of("Our canteen opens at noon.", name="b"))],
        question=question,
        judge=judge,
        encode=embedder.embed_passages,
        analyze=ANALYZE,
    )


@pytest.mark.parametrize(
    ("verifier", "claim", "unit"),
    [
        ((TAXIS, "When do I hand in receipts?"), "Receipts must be handed in within two weeks.", 1),
        (
            (TAXIS, "Who knows?"),
            "The head of department approves trips abroad; the accounts office pays in advance.",
            2,
        ),
        ((TAXIS, "Do they pay for a taxi?"), "Yes, after the last train.", 0),
        ((TAKSI, "タクシーの領収書はいつまでに出す?"), "領収書は2週間以内に経理へ出します。", 1),
        ((TAKSI, "タクシー代は出る?"), "はい、終電後に限ります。", 0),
        ((STEPS, "When is D8 due?"), "60 working days.", 1),
    ],
    indirect=["verifier"],
)
def test_what_a_passage_says_is_shown_with_the_unit_that_says_it(verifier: Verifier, claim: str, unit: int) -> None:
    found = verifier.support(claim)
    assert (found.fault, found.units[:1]) == ("", (verifier.passages[0].units[unit],))


@pytest.mark.parametrize(
    ("verifier", "claim", "fault"),
    [
        ((TAXIS, "When do I hand in receipts?"), "Receipts must be handed in within three weeks.", "figure"),
        ((STEPS, "When is D3 due?"), "The deadline of step D3 is 60 working days.", UNSUPPORTED),
        ((STUDY, "How many parts are in the study?"), "The standard study does not have 10 parts.", UNSUPPORTED),
        ((TAXIS, "When do I hand in receipts?"), "Receipts must be handed in within two days.", "figure"),
        ((TAXIS, "When do I hand in receipts?"), "領収書は2週間以内です。", "language"),
        ((TAXIS, "When do I hand in receipts?"), "When do I hand in receipts?", "nothing"),
        ((TAXIS, "When do I hand in receipts?"), "...", "nothing"),
        ((TAXIS, "When do I hand in receipts?"), "All is well.", "nothing"),
        ((TAKSI, "海外出張は誰が承認する?"), "社長です。", "nothing"),
        ((TAXIS, "Who approves trips?"), "The canteen approves trips to the moon on Sundays.", "nothing"),
        ((TAKSI, "タクシーの領収書はいつまでに出す?"), "領収書は3週間以内に経理へ出します。", "figure"),
        ((TAKSI, "海外出張は誰が承認する?"), "海外出張は食堂の料理長が日曜日に承認します。", UNSUPPORTED),
        ((STEPS, "When is D8 due?"), "The deadline of step D8 is 61 working days.", "figure"),
    ],
    indirect=["verifier"],
)
def test_what_none_says_is_not_shown(verifier: Verifier, claim: str, fault: str) -> None:
    assert verifier.support(claim) == Support(units=(), fault=fault)


@pytest.mark.parametrize("verifier", [(TAXIS, "When do I hand in receipts?")], indirect=True)
def test_figures_of_two_units_are_cited_from_both(verifier: Verifier, embedder: Embedder, judge: CrossEncoder) -> None:
    passage = whole(chunk_of("A study takes 14 weeks in all. The hall is 30 metres long. It has 10 parts at least."))
    lenient = Verifier(
        passages=[passage],
        question="How long?",
        judge=judge,
        encode=embedder.embed_passages,
        analyze=ANALYZE,
        least=-99,
    )
    units = lenient.support("A study takes 14 weeks and has at least 10 parts.").units
    assert set(units) == {passage.units[0], passage.units[2]}


@pytest.mark.parametrize("verifier", [(TAXIS, "When do I hand in receipts?")], indirect=True)
def test_the_unit_that_a_claim_seems_to_be_about(verifier: Verifier) -> None:
    assert verifier.nearest("Receipts are to be handed in within nine weeks.") == verifier.passages[0].units[1]


def test_a_leading_yes_or_no_is_told() -> None:
    assert without_yes("No, the fare is paid.") == "The fare is paid."
    assert without_yes("はい、出します。") == "出します。"
    assert without_yes("Nobody pays.") == "Nobody pays."
    assert says_only_yes("Yes.")
    assert says_only_yes("いいえ、")
    assert not says_only_yes("Yes, it is.")


class Recording:
    """The real judge, and what it was asked to read with what it found."""

    def __init__(self, judge: CrossEncoder) -> None:
        self._judge = judge
        self.runtime = judge.runtime
        self.read_so_far: dict[str, list[float]] = {}

    def read(self, asked: str, texts: Sequence[str]) -> list[float]:
        self.read_so_far[asked] = self._judge.read(asked, texts)
        return self.read_so_far[asked]


def test_a_claim_is_read_behind_its_question_and_by_itself(judge: CrossEncoder, embedder: Embedder) -> None:
    """The mean of both decides."""
    question, claim = "When do they pay for a taxi?", "Taxi fares are paid back once the last train has gone."
    reading = Recording(judge)

    def support(least: float) -> Support:
        passages = [whole(chunk_of(TAXIS, name="a"))]
        checks = Verifier(passages=passages, question=question, judge=reading, encode=embedder.embed_passages,
                          analyze=ANALYZE, least=least)  # fmt: skip
        return checks.support(claim)

    support(0.0)
    assert list(reading.read_so_far) == [f"{question} {claim}", claim]
    mean = sum(logits[0] for logits in reading.read_so_far.values()) / 2
    assert support(mean - 0.01).units
    assert support(mean + 0.01).fault == UNSUPPORTED


@pytest.mark.parametrize(
    ("question", "claim"),
    [
        ("Must receipts be handed in within two weeks?", "No. Receipts must be handed in within two weeks."),
        ("領収書は2週間以内に出す?", "いいえ、領収書は2週間以内に経理へ出す。"),
    ],
)
def test_a_no_before_what_says_yes_falls(question: str, claim: str, judge: CrossEncoder, embedder: Embedder) -> None:
    text = TAXIS if claim.isascii() else TAKSI
    checks = Verifier(passages=[whole(chunk_of(text, name="a"))], question=question, judge=judge,
                      encode=embedder.embed_passages, analyze=ANALYZE, least=-99.0)  # fmt: skip
    assert checks.support(claim).fault == UNSUPPORTED
    assert checks.support(without_yes(claim)).units
