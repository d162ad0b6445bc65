"""A sentence is shown only where one unit of the evidence says as much: kinds of truths and of untruths, in both languages."""

from __future__ import annotations

import pytest
from found import chunk_of

from qeu_rag.answer.passage import whole
from qeu_rag.answer.verify import Support, Verifier
from qeu_rag.text.terms import Analyzer

ANALYZE = Analyzer().evidence_terms
AUDIT = (
    "A standard project takes 14 weeks. A study has 10 parts at least. Reports must be kept for five years. Visitors may take "
    "photographs in the hall. Drawings must not leave the house. The lead auditor signs the report; the trainee files it. "
    "Samples are dried before they are weighed. Free delivery is offered for orders over 400 euros."
)
JA = (
    "試作品は出荷の前に検査する。報告書は5年間保管しなければならない。来客は応接室で写真を撮ってもよい。図面を社外に持ち出してはならない。"
    "申請は出張の3日前までに課長に出す。補助は、正社員だけが受けられる。"
)
STEPS = (
    "| Step | Form | Deadline |\n|---|---|---|\n| D3 | containment sheet | 2 working days |\n"
    "| D8 | closing report | 60 working days |"
)


def support(text: str, claim: str, question: str) -> Support:
    return Verifier(units=whole(chunk_of(text)).units, question=question, analyze=ANALYZE).support(claim)


@pytest.mark.parametrize(
    ("text", "claim", "unit"),
    [
        (AUDIT, "It takes 14 weeks: a standard project.", 0),
        (AUDIT, "You have to keep reports for 5 years.", 2),
        (AUDIT, "Yes, visitors may photograph in the hall.", 3),
        (AUDIT, "The lead auditor signs the report.", 5),
        (AUDIT, "Delivery is free for orders over 400 EUR.", 7),
        (JA, "報告書は五年間、保存する必要があります。", 1),
        (JA, "はい、来客は応接室で写真を撮ってもかまいません。", 2),
        (JA, "申請は、出張の３日前までに課長へ提出します。", 4),
        (STEPS, "D3 is due within 2 working days.", 0),
        (STEPS, "The deadline for D8 is 60 working days.", 1),
    ],
)
def test_what_a_unit_says_is_shown_with_it(text: str, claim: str, unit: int) -> None:
    question = "はい？" if claim[0] > "z" else "Is it so?"
    units = whole(chunk_of(text)).units
    assert support(text, claim, question).units == (units[unit],)


@pytest.mark.parametrize(
    ("text", "claim", "fault"),
    [
        (AUDIT, "A standard project takes 12 weeks.", "figure"),
        (AUDIT, "A standard project takes 14 days.", "figure"),
        (AUDIT, "A study has 10 parts at most.", "figure"),
        (AUDIT, "A study does not have 10 parts at least.", "mood"),
        (AUDIT, "Reports may be kept for five years.", "mood"),
        (AUDIT, "Reports need not be kept for five years.", "mood"),
        (AUDIT, "Visitors must take photographs in the hall.", "mood"),
        (AUDIT, "Drawings may leave the house.", "mood"),
        (AUDIT, "The trainee signs the report.", "words"),
        (AUDIT, "Samples are weighed before they are dried.", "order"),
        (AUDIT, "All visitors may take photographs in the hall.", "qualifier"),
        (AUDIT, "Free delivery is offered for all orders.", "qualifier"),
        (AUDIT, "Reports must be kept for five years because the law says so.", "qualifier"),
        (AUDIT, "A standard project takes 14 weeks and costs little.", "words"),
        (AUDIT, "Yes, drawings must not leave the house.", "yes or no"),
        (AUDIT, "El proyecto dura 14 semanas.", "figure"),
        (AUDIT, "Does a standard project take 14 weeks?", "nothing"),
        (AUDIT, "Is it so?", "nothing"),
        (AUDIT, "14週間です。", "language"),
        (STEPS, "The deadline for D3 is 60 working days.", "figure"),
        (STEPS, "D3 has to be done within 60 working days.", "figure"),
        (STEPS, "The form of D8 is 60 working days.", "cell"),
        (JA, "報告書は3年間保管しなければならない。", "figure"),
        (JA, "報告書は5年間保管しなくてもよい。", "mood"),
        (JA, "図面は社外に持ち出してもよい。", "mood"),
        (JA, "試作品は出荷の後で検査する。", "qualifier"),
        (JA, "申請は出張の3日前から課長に出す。", "figure"),
        (JA, "申請は出張の3日前までに部長に出す。", "opposite"),
        (JA, "補助は、すべての正社員だけが受けられる。", "qualifier"),
        (JA, "出張の3日前までに出せば、課長は申請を断れません。", "mood"),
    ],
)
def test_what_no_unit_says_is_not_shown(text: str, claim: str, fault: str) -> None:
    question = "はい？" if text is JA else "Is it so?"
    assert support(text, claim, question) == Support(units=(), fault=fault)


def test_two_units_of_a_chunk_may_carry_a_claim_of_two_clauses() -> None:
    units = whole(chunk_of(AUDIT)).units
    claim = "Reports must be kept for five years, and the lead auditor signs the report."
    assert support(AUDIT, claim, "Is it so?").units == (units[2], units[5])
    assert not support(AUDIT, "Reports must be kept for five years, and leave the house.", "Is it so?").units


def test_a_word_of_the_question_stands_for_what_the_evidence_is_about() -> None:
    text = "It is confirmed in writing within one working day."
    claim = "The complaint is confirmed in writing within one working day."
    assert support(text, claim, "What happens to a complaint?").units
    assert not support(text, claim, "Is a complaint answered?").units
    assert not support(f"{text} A complaint costs money.", claim, "Is a complaint answered?").units


def test_a_list_s_introduction_rules_its_items() -> None:
    text = "The following must not be sent:\n\n- batteries\n- open drinks"
    assert support(text, "No, batteries must not be sent.", "May I send batteries?").units
    assert not support(text, "Yes, batteries may be sent.", "May I send batteries?").units


@pytest.mark.parametrize(
    ("claim", "question", "shown"),
    [
        ("14 weeks.", "How many weeks does a standard project take?", True),
        ("14 weeks.", "How long are reports kept?", False),
        ("14.", "How long are reports kept?", False),
        ("A", "How long are reports kept?", False),
        ("It is so.", "How long are reports kept?", False),
        ("The hall.", "How long are reports kept?", False),
    ],
)
def test_a_word_or_figure_alone_answers_only_its_own_question(claim: str, question: str, *, shown: bool) -> None:
    assert bool(support(AUDIT, claim, question).units) == shown
