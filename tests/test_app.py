"""The library face, alone and inside someone else's LangChain chain."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import QUESTIONS
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough

from qeu_rag import Answer, KnowHow
from qeu_rag.errors import QeuRagError


@pytest.fixture
def kh(notes_home: Path) -> Iterator[KnowHow]:
    with KnowHow.open(home=notes_home) as opened:
        yield opened


def scripted(home: Path, *replies: str) -> KnowHow:
    """A consultant whose replies are given beforehand: what is tested is what becomes of them."""
    return KnowHow.open(home=home, model=GenericFakeChatModel(messages=iter([AIMessage(reply) for reply in replies])))


def test_answer_has_checked_citations(kh: KnowHow) -> None:
    answer = kh.ask("Within how many days must major findings be answered?")
    assert answer.status == "answered"
    assert answer.engine == "extractive"
    assert "ten working days" in answer.text
    assert answer.citations
    for citation in answer.citations:
        assert citation.quote in citation.chunk.text
        assert f"[{citation.marker}]" in answer.text
    assert 0.5 <= answer.confidence <= 1


def test_japanese_answer(kh: KnowHow) -> None:
    answer = kh.ask("国内出張の日当はいくらですか")
    assert "3,000円" in answer.text
    assert answer.citations[0].chunk.headings[-1] == "日当"


@pytest.mark.parametrize("question", ["What is the capital of Mongolia?", "モンゴルの首都はどこですか"])
def test_a_foreign_question_is_not_surely_answered_and_is_spoken_to_in_its_language(
    notes_home: Path, question: str
) -> None:
    with KnowHow.open(home=notes_home) as kh:
        answer = kh.ask(question)
        assert answer.certainty != "sure"
    with KnowHow.open(home=notes_home, answer__likely=0.99) as kh:
        answer = kh.ask(question)
    assert (answer.status, answer.citations, answer.reason) == ("abstained", (), "weak_evidence")
    assert ("資料" in answer.text) == question.startswith("モ")


def test_a_table_row_comes_with_its_header(kh: KnowHow) -> None:
    answer = kh.ask("Which grade means minor findings only?")
    assert "\nGrade | Meaning\n" in answer.text
    assert "B | Minor findings only" in answer.text
    assert answer.citations[0].quote == "| B | Minor findings only |"


def test_stream_is_the_answer_in_pieces(kh: KnowHow) -> None:
    *pieces, answer = kh.stream(QUESTIONS[0])
    assert isinstance(answer, Answer)
    assert "".join(str(piece) for piece in pieces) == answer.text


def test_answers_are_the_same_every_time(kh: KnowHow) -> None:
    def shape(answer: Answer) -> tuple[object, ...]:
        return answer.text, answer.confidence, [s.chunk.id for s in answer.evidence]

    for question in QUESTIONS:
        assert shape(kh.ask(question)) == shape(kh.ask(question))


def test_threads_share_one_collection(kh: KnowHow) -> None:
    expected = {question: kh.ask(question).text for question in QUESTIONS}
    wrong: list[str] = []

    def ask() -> None:
        for _ in range(5):
            wrong.extend(q for q in QUESTIONS if kh.ask(q).text != expected[q])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_retriever_inside_a_foreign_chain(kh: KnowHow) -> None:
    prompt = ChatPromptTemplate.from_template("{context}\n\n{question}")
    seen: list[str] = []

    def model(value: object) -> str:
        seen.append(str(value))
        return "done"

    chain = (
        {
            "context": kh.as_retriever(k=2) | (lambda docs: "\n".join(d.page_content for d in docs)),
            "question": RunnablePassthrough(),
        }
        | prompt
        | RunnableLambda(model)
        | StrOutputParser()
    )
    assert chain.invoke("What is the quality loss?") == "done"
    assert "L = k (y - m)^2" in seen[0]


def test_retriever_documents_can_be_cited(kh: KnowHow) -> None:
    found = kh.as_retriever(k=3).invoke("日当はいくらですか")
    assert 1 <= len(found) <= 3
    assert found[0].metadata["source"] == "travel.md"
    assert found[0].metadata["headings"] == ["旅費規程", "日当"]


def test_chain_inside_a_foreign_chain(kh: KnowHow) -> None:
    chain = kh.as_chain() | RunnableLambda(lambda result: (result["status"], result["citations"][0].chunk.source))
    assert chain.invoke(QUESTIONS[0]) == ("answered", "loss.md")
    assert chain.batch(list(QUESTIONS[:2])) == [("answered", "loss.md"), ("answered", "travel.md")]


def test_chain_streams_and_runs_async(kh: KnowHow) -> None:
    chain = kh.as_chain()
    whole = chain.invoke({"question": QUESTIONS[0]})
    assert "".join(part.get("answer", "") for part in chain.stream(QUESTIONS[0])) == whole["answer"]
    assert whole["result"].text == whole["answer"]

    async def collect() -> str:
        return "".join([part.get("answer", "") async for part in chain.astream(QUESTIONS[0])])

    assert asyncio.run(collect()) == whole["answer"]


def test_a_model_reply_is_checked_sentence_by_sentence(notes_home: Path) -> None:
    reply = (
        "Major findings must be answered within ten working days. [1] The moon is made of cheese. [1] "
        "Major findings must be answered within 99 working days. [1] An audit takes two days. An audit takes two days [42]."
    )
    with scripted(notes_home, reply) as kh:
        answer = kh.ask("Within how many days must major findings be answered?")
    assert answer.text == "Major findings must be answered within ten working days. [1] An audit takes two days. [2]"
    assert [c.chunk.source for c in answer.citations] == ["audit.md", "audit.md"]
    assert answer.citations[0].quote in answer.citations[0].chunk.text


@pytest.mark.parametrize(
    ("reply", "reason"),
    [("The documents do not say.", "engine_abstained")],
)
def test_a_reply_without_a_checked_claim_abstains(notes_home: Path, reply: str, reason: str) -> None:
    with scripted(notes_home, reply) as kh:
        answer = kh.ask("What is the quality loss?")
    assert (answer.status, answer.reason, answer.citations) == ("abstained", reason, ())


def test_an_engine_without_its_file_or_server_says_what_to_write(notes_home: Path) -> None:
    for flags, said in (
        ({"profile": "gpt4all"}, "--model FILE"),
        ({"profile": "gpt4all-j"}, "--model FILE"),
        ({"model__engine": "server"}, "base_url"),
        ({"profile": "server", "model__base_url": "http://127.0.0.1:9/v1"}, "127.0.0.1:9"),
    ):
        with KnowHow.open(home=notes_home, **flags) as kh, pytest.raises(QeuRagError, match=said) as raised:  # type: ignore[arg-type]
            kh.ask("What is the quality loss?")
        assert raised.value.exit_code == 3


def test_a_question_does_not_pay_for_what_reads_documents_or_runs_models() -> None:
    code = "import sys, qeu_rag.app; print(sorted({'llama_index', 'langchain_core', 'torch', 'chromadb'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_collection_beside_another_works_with_its_networks_and_leaves_them_open(notes_home: Path) -> None:
    closed: list[str] = []
    with KnowHow.open(home=notes_home) as first:
        first.networks.close = lambda: closed.append("networks")  # type: ignore[method-assign]
        with first.beside("default") as second:
            assert second.networks is first.networks
            assert second.ask("国内出張の日当はいくらですか").text == first.ask("国内出張の日当はいくらですか").text
        assert closed == []
        assert first.ask("国内出張の日当はいくらですか").status == "answered"
    assert closed == ["networks"]


def test_what_is_prepared_is_the_consultant_itself(notes_home: Path) -> None:
    """Several first questions at once would else each build one."""
    with KnowHow.open(home=notes_home) as kh:
        assert kh.prepare() == "extractive"
        assert "consultant" in vars(kh.parts)
    with scripted(notes_home, "3,000 yen.") as kh:
        assert kh.prepare() == "given"
        assert {"consultant"} <= set(vars(kh.parts))
        assert "judge" in vars(kh.networks)
