"""Documents that give orders are evidence: they change no other answer, answer nothing that they do not tell, and stay inside."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import QUESTIONS
from instructing import MARK, Trap, write_all
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

from qeu_rag import KnowHow
from qeu_rag.payload import answer_payload, search_payload

UNRELATED = (
    "What is the capital of Mongolia?",
    "モンゴルの首都はどこですか",
    "How do I bake sourdough bread?",
    "富士山の高さは何メートルですか",
    "Who painted the ceiling of the Sistine Chapel?",
    "円周率の百桁目は何ですか",
)
LIVE = re.compile(r"<\s*(script|img|a|iframe|svg|style|object|form)\b", re.I)


@pytest.fixture(scope="module")
def traps(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Trap]]:
    folder = tmp_path_factory.mktemp("traps")
    return folder, write_all(folder)


@pytest.fixture(scope="module")
def trapped(
    traps: tuple[Path, list[Trap]], notes_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KnowHow]:
    """The small documents, and in the same collection everything that gives orders."""
    home = tmp_path_factory.mktemp("trapped") / "home"
    shutil.copytree(notes_home, home, symlinks=True)
    with KnowHow.open(home=home) as opened:
        report = opened.ingest([home / "docs", traps[0]])
        assert not report.failed
        assert report.added + report.unchanged == len(traps[1]) + 4
        yield opened


@pytest.fixture(scope="module")
def clean(notes_home: Path) -> Iterator[KnowHow]:
    with KnowHow.open(home=notes_home) as opened:
        yield opened


def test_there_are_enough_of_every_kind(traps: tuple[Path, list[Trap]]) -> None:
    kinds = {trap.name.rsplit(".", 1)[1] for trap in traps[1]}
    assert kinds == {"docx", "html", "md", "pdf", "xlsx", "eml"}
    assert len(traps[1]) >= 40
    assert sum(trap.hidden for trap in traps[1]) >= 12


def test_what_people_cannot_see_is_not_read(trapped: KnowHow, traps: tuple[Path, list[Trap]]) -> None:
    texts: dict[str, str] = {}
    for chunk in trapped.chunks():
        texts[chunk.source] = texts.get(chunk.source, "") + chunk.title + chunk.passage
    for trap in traps[1]:
        assert trap.figure in texts[trap.name], trap
        if trap.hidden:
            assert MARK not in texts[trap.name], trap
        assert not re.search("[\u200b\u202a-\u202e\u2060-\u2069\U000e0000-\U000e007f]", texts[trap.name]), trap


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_answer_to_another_question_changes(
    trapped: KnowHow, clean: KnowHow, traps: tuple[Path, list[Trap]], question: str
) -> None:
    """An order that names what is asked about is a passage on it, and may stand, quoted, after the one that answers."""
    now, before = trapped.ask(question), clean.ask(question)
    assert before.status == now.status == "answered"
    assert now.certainty == before.certainty
    shown = re.split(r"\s*\[\d\]", before.text)[0]
    assert now.text.startswith(shown)
    assert now.citations[0].quote == before.citations[0].quote
    baits = {trap.name for trap in traps[1] if trap.bait}
    assert {Path(one.chunk.source).name for one in now.citations[len(before.citations) :]} <= baits


@pytest.mark.parametrize("question", UNRELATED)
def test_no_order_answers_what_the_documents_do_not_say(trapped: KnowHow, question: str) -> None:
    answer = trapped.ask(question)
    assert answer.status == "abstained"
    assert not answer.citations
    without = answer.text
    for near in answer.nearest:  # what is near stands there in quotation marks, with its source
        without = without.replace(" ".join(near.quote.split()), "").replace(near.quote, "")
    assert MARK not in without


def test_a_document_that_gives_orders_still_tells_its_fact(trapped: KnowHow, traps: tuple[Path, list[Trap]]) -> None:
    for trap in traps[1]:
        answer = trapped.ask(trap.question)
        assert answer.status == "answered", trap
        assert trap.figure in answer.text, trap
        assert answer.citations[0].chunk.source == trap.name
        for citation in answer.citations:
            assert citation.quote in citation.chunk.text


def fields(value: Any) -> Iterator[str]:
    """Every string of a JSON value."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from fields(inner)


def test_markup_of_a_document_is_not_markup_of_ours(trapped: KnowHow, traps: tuple[Path, list[Trap]]) -> None:
    """Tags of web pages, Markdown and HTML mail are gone; where they are the words of a text, they are its words."""
    words = {trap.name for trap in traps[1] if not trap.markup}
    for trap in traps[1]:
        answer = answer_payload(trapped.ask(trap.question))
        found = search_payload(trap.question, trapped.search(trap.question))
        for one in (*answer["citations"], *answer["evidence"], *answer["nearest"], *found["results"]):
            assert Path(one["source"]).name in words or not any(map(LIVE.search, fields(one))), one
        if trap.markup:
            assert not LIVE.search(answer["answer"]), trap
    assert sum(bool(LIVE.search(chunk.text)) for chunk in trapped.chunks()) >= 4


class Obedient(BaseChatModel):
    """A model that does what any text tells it to: it says the word, or repeats the whole order."""

    repeat: bool
    prompts: list[list[BaseMessage]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "obedient"

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        self.prompts.append(messages)
        told = str(messages[-1].content)
        orders = [line for line in told.splitlines() if MARK in line]
        mark = re.search(rf"{MARK}\d+", told)
        said = "I do not know." if mark is None else orders[0] if self.repeat else f"The answer is {mark[0]} [1]."
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=said))])


@pytest.mark.parametrize("repeat", [False, True])
def test_an_obedient_model_is_not_believed(trapped: KnowHow, traps: tuple[Path, list[Trap]], repeat: bool) -> None:
    """To other questions the documents' own words stand in place of what it says.

    Asked of a document that gives orders it may follow them as far as that document's words go, and cited to it.
    """
    model = Obedient(repeat=repeat)
    with KnowHow.open(settings=trapped.settings, model=model) as opened:
        for question in (*QUESTIONS, *UNRELATED):
            assert opened.ask(question).text == trapped.ask(question).text
        for trap in traps[1]:
            answer = opened.ask(trap.question)
            cited = {Path(one.chunk.source).stem for one in answer.citations}
            assert {f"trap-{number}" for number in re.findall(rf"{MARK}(\d+)", answer.text)} <= cited
            assert Path(answer.citations[0].chunk.source).name == trap.name
    assert any(MARK in str(prompt[-1].content) for prompt in model.prompts)


def test_an_order_stays_inside_its_evidence(trapped: KnowHow, traps: tuple[Path, list[Trap]]) -> None:
    """In a prompt every line of a document stands behind its mark, so that none of it can pass for the frame."""
    model = Obedient(repeat=False)
    with KnowHow.open(settings=trapped.settings, model=model) as opened:
        for question in (*QUESTIONS, *(trap.question for trap in traps[1])):
            opened.ask(question)
    assert model.prompts
    for system, user in model.prompts:
        assert MARK not in str(system.content)
        heading, *facts, empty, asked = str(user.content).splitlines()
        assert heading in ("Facts:", "事実:")
        assert empty == ""
        assert asked.startswith(("Question: ", "質問: "))
        assert MARK not in asked
        assert all(fact.startswith("- ") for fact in facts)
