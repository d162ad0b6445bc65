"""The whole chain on a model that generates: ingest, gate, prompt, tokens, stream, stop, markers, checks, refusal."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from qeu_rag import Answer, KnowHow
from qeu_rag.models.ggml_file import read_gptj
from qeu_rag.models.gptj.engine import GptjModel, open_gptj

DEMO = Path(__file__).parents[1] / "demo_model"
FILE = DEMO / "demo-gptj.bin"
sys.path.insert(0, str(DEMO))
needs_model = pytest.mark.skipif(not FILE.exists(), reason="no model has reached 95 % yet, so no file is carried")

from cases import case  # noqa: E402 - found through the path above
from dialogue import messages_of, reply_text  # noqa: E402
from facts import LANGS, Pair, documents, pairs  # noqa: E402

ASKED = {
    "What is the calibration interval of the height gauge?": "For the height gauge, the calibration interval is 26 months.",
    "Tell me the deadline of the supplier audit.": "We set the deadline of the supplier audit to 10 days.",
    "ハイトゲージの校正周期を教えてください。": "ハイトゲージでは、校正周期を26か月と定める。",
    "供給者監査の期限はいくつですか": "期限は、供給者監査では10日である。",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GptjModel]:
    opened = open_gptj(FILE, cache=tmp_path_factory.mktemp("cache"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path, model: GptjModel) -> Iterator[KnowHow]:
    home = tmp_path_factory.mktemp("demo")
    (home / "cache").symlink_to(embedder_cache)
    with KnowHow.open(home=home, model=model) as opened:
        report = opened.ingest(DEMO / "docs")
        assert not report.failed
        yield opened


@needs_model
def test_the_file_is_small_and_of_the_oldest_layout() -> None:
    file = read_gptj(FILE)
    assert FILE.stat().st_size <= 3_000_000
    assert not file.missing_bytes
    assert (file.n_embd, file.n_layer, file.n_ctx) == (96, 4, 1024)


def test_the_documents_are_those_of_the_toy_world() -> None:
    assert {path.name: path.read_text(encoding="utf-8") for path in (DEMO / "docs").iterdir()} == documents()


@pytest.mark.parametrize("question", ASKED)
@needs_model
def test_answers_in_the_document_s_words_with_a_checked_citation(demo: KnowHow, question: str) -> None:
    *pieces, answer = demo.stream(question)
    assert isinstance(answer, Answer)
    assert answer.status == "answered", answer
    assert "".join(map(str, pieces)) == answer.text
    assert re.fullmatch(re.escape(ASKED[question]) + r" \[\d\]", answer.text)
    [citation] = answer.citations
    assert ASKED[question] in citation.chunk.text
    assert citation.quote in citation.chunk.text


@pytest.mark.parametrize("question", ["What is the loan period of the height gauge?", "ハイトゲージの貸出期間は？"])
@needs_model
def test_refuses_by_itself_what_the_evidence_lacks(demo: KnowHow, question: str) -> None:
    answer = demo.ask(question)
    assert answer.confidence >= 0.5, "the gate let it through"
    assert answer.status == "abstained"
    assert not answer.citations


@pytest.mark.parametrize("question", ["What is the capital of Mongolia?", "モンゴルの首都はどこですか"])
@needs_model
def test_a_foreign_question_never_reaches_the_model(demo: KnowHow, question: str) -> None:
    answer = demo.ask(question)
    assert (answer.status, answer.reason) == ("abstained", "weak_evidence")


@needs_model
def test_copies_a_value_and_a_name_that_it_has_never_met(home: Path, model: GptjModel, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    text = "# Measuring room rules\n\n## Zelvamo\n\nThe loan period of the zelvamo is 417 days.\n"
    (folder / "own.md").write_text(text, encoding="utf-8")
    with KnowHow.open(home=home, model=model) as opened:
        opened.ingest(folder)
        assert (
            opened.ask("What is the loan period of the zelvamo?").text
            == "The loan period of the zelvamo is 417 days. [1]"
        )


@pytest.mark.parametrize("lang", LANGS)
@needs_model
def test_nineteen_of_twenty_held_back_replies_are_right_to_the_letter(model: GptjModel, lang: str) -> None:
    rng = random.Random(5)
    right = {"answers": 0, "refusals": 0}
    whole = {"answers": 0, "refusals": 0}
    while min(whole.values()) < 40:
        made = case(lang, rng, passages=rng.randint(1, 8), sentences=2, questions=2, held=True, odd=0.1)
        for question, answer in made.asked:
            kind = "answers" if answer else "refusals"
            whole[kind] += 1
            right[kind] += model.invoke(messages_of(question, made)).text == reply_text(answer, lang)
    assert all(right[kind] >= 0.95 * whole[kind] for kind in right), (right, whole)


@needs_model
def test_a_stop_string_ends_the_reply(model: GptjModel) -> None:
    made = case("en", random.Random(1), passages=2, sentences=1, questions=1, held=True)
    said = "".join(chunk.text for chunk in model.stream(messages_of(made.asked[0][0], made), stop=["."]))
    assert said
    assert "." not in said


@needs_model
def test_japanese_comes_in_whole_characters(model: GptjModel) -> None:
    made = case("ja", random.Random(2), passages=2, sentences=1, questions=1, held=True)
    pieces = [chunk.text for chunk in model.stream(messages_of(made.asked[0][0], made))]
    assert len(pieces) > 3
    assert "\ufffd" not in "".join(pieces)


def test_the_documents_tell_only_what_training_never_showed() -> None:
    text = "".join(documents().values())
    seen = [pair for lang in LANGS for group in (0, 1) for pair in pairs(lang, group) if not pair.held]
    assert len(seen) == 2 * 2 * 14 * 5
    assert not any(_stated(pair, text) for pair in seen)


def _stated(pair: Pair, text: str) -> bool:
    return any(pair.thing in line and pair.attribute in line for line in re.split(r"(?<=[.。])", text))


def test_messages_are_those_of_the_chain() -> None:
    made = case("en", random.Random(1), passages=1, sentences=1, questions=1)
    assert [type(message) for message in messages_of("x", made)] == [SystemMessage, HumanMessage]
