"""The whole chain on a model that generates: ingest, gate, prompt, tokens, stream, stop, markers, checks, refusal."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import new_home

from qeu_rag import Answer, KnowHow
from qeu_rag.models.ggml_file import read_gptj
from qeu_rag.models.gptj.engine import GptjModel, open_gptj
from qeu_rag.testing import EngineContract

DEMO = Path(__file__).parents[1] / "demo_model"
FILE = DEMO / "demo-gptj.bin"
sys.path.insert(0, str(DEMO))

from cases import make_case  # noqa: E402 - found through the path above
from world import LANGS, PAIRS, QUESTIONS, documents  # noqa: E402

ASKED = {
    "What is the caliper weight?": "The caliper weight is 59 kilograms.",
    "Tell me the robot price.": "The robot price is 66 euros.",
    "ノギス重量は？": "ノギス重量は59キロです。",
    "旋盤電力を教えてください。": "旋盤電力は22ワットです。",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GptjModel]:
    opened = open_gptj(FILE, cache=tmp_path_factory.mktemp("cache"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def demo_home(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path) -> Path:
    home = new_home(tmp_path_factory.mktemp("demo"), embedder_cache)
    with KnowHow.open(home=home) as opened:
        assert not opened.ingest(DEMO / "docs").failed
    return home


@pytest.fixture(scope="module", params=["gptj", "auto"])
def demo(request: pytest.FixtureRequest, demo_home: Path) -> Iterator[KnowHow]:
    with KnowHow.open(home=demo_home, model__engine=request.param, model__file=FILE) as opened:
        yield opened


class TestDemo(EngineContract):
    @pytest.fixture
    def model(self, model: GptjModel) -> GptjModel:
        return model


def test_the_file_is_small_and_of_the_oldest_layout() -> None:
    file = read_gptj(FILE)
    assert FILE.stat().st_size <= 3_000_000
    assert not file.missing_bytes
    assert (file.n_embd, file.n_layer, file.n_ctx, file.quantisation) == (128, 3, 1024, "f16")


def test_the_documents_are_those_of_the_toy_world() -> None:
    assert {path.name: path.read_text(encoding="utf-8") for path in (DEMO / "docs").iterdir()} == documents()


def test_the_documents_tell_only_what_training_never_showed() -> None:
    text = "".join(documents().values())
    for pair in PAIRS:
        for lang in LANGS:
            said = pair.state(lang, 10).split("10")[0]
            assert (said in text) == pair.held


@pytest.mark.parametrize("question", ASKED)
def test_answers_in_the_document_s_words_with_a_checked_citation(demo: KnowHow, question: str) -> None:
    *pieces, answer = demo.stream(question)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.engine, answer.notes) == ("answered", FILE.name, ())
    assert "".join(map(str, pieces)) == answer.text
    assert re.fullmatch(re.escape(ASKED[question]) + r" \[\d\]", answer.text)
    [citation] = answer.citations
    assert citation.quote == ASKED[question]
    assert citation.quote in citation.chunk.text
    assert answer.text.endswith(f"[{citation.marker}]")


@pytest.mark.parametrize("lang", LANGS)
def test_the_model_itself_refuses_what_the_evidence_lacks(demo_home: Path, lang: str) -> None:
    asked = [pair for pair in PAIRS if not pair.held][::9]
    # Without a threshold the gate lets everything through, so that it is the model that refuses.
    with KnowHow.open(
        home=demo_home, model__engine="gptj", model__file=FILE, answer__likely=0, retrieve__k=3
    ) as opened:
        answers = [opened.ask(QUESTIONS[lang][0].format(**pair.words(lang))) for pair in asked]
    refused = [answer for answer in answers if answer.reason == "engine_abstained"]
    # Three pieces of evidence, as in its training; Japanese ones are harder for it (see its README).
    assert len(refused) >= {"en": 5, "ja": 1}[lang], f"{len(refused)} of {len(asked)}"
    assert not any(answer.citations for answer in refused)
    # Where it should have refused and did not, the checks let nothing through that no document says.
    for answer in answers:
        assert all(citation.quote in citation.chunk.text for citation in answer.citations)
    for pair, answer in zip(asked, answers, strict=True):
        if answer.engine == FILE.name and answer.status == "answered":
            thing = pair.words(lang)["thing"]
            assert all(
                thing in f"{c.chunk.context}{c.chunk.text}".lower() for c in answer.citations if thing in answer.text
            )


@pytest.mark.parametrize("question", ["What is the capital of Mongolia?", "モンゴルの首都はどこですか"])
def test_a_foreign_question_never_reaches_the_model(demo: KnowHow, question: str) -> None:
    answer = demo.ask(question)
    assert (answer.status, answer.reason) == ("abstained", "weak_evidence")


@pytest.mark.parametrize("lang", LANGS)
def test_four_of_five_held_back_replies_are_right_to_the_letter(model: GptjModel, lang: str) -> None:
    rng = random.Random(5)
    cases = [make_case(lang, rng, facts=facts, refusals=0.3, held=True) for facts in (3, 5) for _ in range(40)]
    assert {case.answerable for case in cases} == {True, False}
    right = sum(model.invoke(case.messages()).text == case.reply for case in cases)
    assert right >= 0.8 * len(cases), f"{right} of {len(cases)}"


def test_the_command_line_answers_with_the_file(
    qeu_rag: Callable[..., subprocess.CompletedProcess[str]], demo_home: Path
) -> None:
    done = qeu_rag("ask", "--json", "--model", str(FILE), "ノギス重量は？", env={"QEU_RAG_HOME": str(demo_home)})
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["status"] == "answered"
    assert told["engine"] == FILE.name
    assert re.fullmatch(r"ノギス重量は59キロです。 \[\d\]", told["answer"])
