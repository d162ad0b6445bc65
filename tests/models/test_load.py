"""From settings to the engine that answers: which one, why not, and through the whole program with a real model."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from conftest import NOTES, new_home
from langchain_core.messages import HumanMessage

from qeu_rag import KnowHow
from qeu_rag.errors import ConfigError, ModelError
from qeu_rag.models import engine_name, load_model
from qeu_rag.models.bench import measure
from qeu_rag.models.chat_model import EngineModel
from qeu_rag.models.gpt4all import Gpt4AllModel
from qeu_rag.models.llama import LlamaModel
from qeu_rag.models.server import ServerModel

sys.path.insert(0, str(Path(__file__).parent))
import tiny_gguf as tiny

SENTENCE = "国内出張の日当は3,000円とする。"


@pytest.fixture(scope="module")
def reciter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "reciter.gguf"
    tiny.write_reciter(path, f"{SENTENCE} [1]\n", context=8192)
    return path


@pytest.fixture(scope="module")
def home_of_all(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path, reciter: Path) -> Path:
    home = new_home(tmp_path_factory.mktemp("talking"), embedder_cache)
    (home / "models").mkdir()
    os.link(reciter, home / "models" / "reciter.gguf")
    (home / "travel.md").write_text(NOTES["travel.md"], encoding="utf-8")
    with KnowHow.open(home=home) as kh:
        kh.ingest(home / "travel.md")
    return home


@pytest.fixture
def talking(home_of_all: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a document and with the reciter in its models folder."""
    monkeypatch.setenv("QEU_RAG_MODEL__CONTEXT_TOKENS", "8192")  # for a model whose tokens are bytes
    monkeypatch.setenv("QEU_RAG_HOME", str(home_of_all))
    return home_of_all


@contextmanager
def one_core() -> Iterator[None]:
    """One thread for what is started within: llama.cpp's threads wait spinning, which a busy machine makes slow."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    if allowed:
        os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        if allowed:
            os.sched_setaffinity(0, allowed)


def own(home: Path) -> dict[str, str]:
    return {"QEU_RAG_HOME": str(home)}


def loaded(tmp_path: Path, **values: Any) -> Any:
    given: dict[str, Any] = {
        "engine": "auto", "file": None, "base_url": None, "name": None, "api_key_env": None, "max_tokens": 16,
        "temperature": 0.0, "context_tokens": 256, "timeout_s": 1.0, "cache": tmp_path / "cache",
        "models_folder": tmp_path / "models", "progress": lambda stage, done, total: None,
    }  # fmt: skip
    return load_model(**{**given, **values})


# Which engine


def test_the_file_decides_the_engine(tmp_path: Path, reciter: Path) -> None:
    assert loaded(tmp_path, engine="extractive") is None
    for engine in ("auto", "llama.cpp"):
        assert isinstance(loaded(tmp_path, engine=engine, file=reciter), LlamaModel)
    assert isinstance(loaded(tmp_path, engine="gpt4all", file=reciter), Gpt4AllModel)
    server = {"base_url": "http://127.0.0.1:9/v1", "name": "m"}
    for engine in ("auto", "server"):
        assert isinstance(loaded(tmp_path, engine=engine, **server), ServerModel)
    assert isinstance(loaded(tmp_path, file=reciter, **server), LlamaModel)


def test_a_file_in_the_models_folder_is_known_by_its_name(tmp_path: Path, reciter: Path) -> None:
    (tmp_path / "models").mkdir()
    shutil.copy(reciter, tmp_path / "models" / "mine.gguf")
    for name in ("mine", "mine.gguf"):
        assert loaded(tmp_path, file=Path(name)).path == tmp_path / "models" / "mine.gguf"
    with pytest.raises(ModelError, match="mime") as caught:
        loaded(tmp_path, file=Path("mime"))
    assert caught.value.key == "model_name_unknown"
    assert caught.value.values["near"] == "mine.gguf"


def test_the_wrong_engine_for_a_file_is_told_with_the_right_one(tmp_path: Path, reciter: Path) -> None:
    with pytest.raises(ModelError, match=r"llama\.cpp or auto") as caught:
        loaded(tmp_path, engine="gptj", file=reciter)
    assert caught.value.key == "engine_other"


@pytest.mark.parametrize(("engine", "key"), [("auto", "model_file_missing"), ("server", "base_url_missing")])
def test_missing_settings_say_what_to_write(tmp_path: Path, engine: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, engine=engine)
    assert caught.value.key == key


def test_what_will_answer_is_told_without_opening_it() -> None:
    missing = Path("/nowhere/model.gguf")
    assert engine_name("extractive", file=missing, base_url=None, name=None) == "extractive"
    assert engine_name("auto", file=missing, base_url="http://a/v1", name="m") == "auto: model.gguf"
    assert engine_name("auto", file=None, base_url="http://a/v1", name="m") == "server: m (http://a/v1)"


# How fast


def test_the_speed_of_a_model_is_measured(tmp_path: Path, reciter: Path) -> None:
    model = loaded(tmp_path, file=reciter, context_tokens=2048)
    try:
        speed = measure(model, prompt_tokens=200, reply_tokens=12)
        assert 100 < speed.prompt_tokens <= 400
        assert 6 <= speed.reply_tokens <= 60
        assert speed.seconds(prompt_tokens=1000, reply_tokens=10) == pytest.approx(
            1000 / speed.prompt_per_s + 10 / speed.reply_per_s
        )
        assert model.count_tokens("a") > 0  # left early, the model is still there
    finally:
        model.close()


class Terse:
    """A model that has nothing to say to a text of more than ``most`` characters."""

    model_name, context_tokens, max_tokens = "terse", 2048, 64

    def __init__(self, most: int) -> None:
        self._most = most

    def pieces(self, messages: list[HumanMessage]) -> Iterator[str]:
        for piece in ("well", ", ", "so", ".") if len(str(messages[0].content)) <= self._most else ("no",):
            time.sleep(0.001)
            yield piece

    def get_num_tokens_from_messages(self, messages: list[HumanMessage]) -> int:
        return len(str(messages[0].content).split())

    def count_tokens(self, text: str) -> int:
        return len(text)


def test_a_model_that_says_nothing_to_a_long_text_is_measured_with_a_short_one() -> None:
    speed = measure(cast("EngineModel", Terse(400)), prompt_tokens=300)
    assert speed.prompt_tokens < 100
    with pytest.raises(ModelError, match="too little"):
        measure(cast("EngineModel", Terse(20)), prompt_tokens=300)


def test_bench_on_the_command_line(talking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from click.testing import CliRunner

    from qeu_rag.cli.models_bench import bench

    with one_core():
        result = CliRunner().invoke(bench, ["reciter", "--home", str(talking), "--json"], catch_exceptions=False)
    facts = json.loads(result.stdout)
    assert facts["model"] == "reciter.gguf"
    assert facts["answer"]["prompt_tokens"] > 500
    assert facts["answer"]["seconds"] > 0
    with pytest.raises(ModelError, match="extractive"):
        CliRunner().invoke(bench, ["--home", str(talking)], catch_exceptions=False)


# The whole way


def test_a_model_is_asked_and_ends_with_the_home(talking: Path) -> None:
    with one_core(), KnowHow.open(home=talking, model__engine="auto", model__file="reciter") as kh:
        assert kh.status()["engine"] == "auto: reciter"
        answer = kh.ask("国内出張の日当はいくらですか")
        child = psutil.Process(kh.networks.engine_model._child.pid)  # type: ignore[union-attr]
    # What recites without sense refuses as it likes, where it is held to a form; what is shown stands in the document.
    assert answer.engine == "reciter.gguf"
    assert answer.status == "abstained" or SENTENCE in answer.text
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_real_instruct_model_says_nothing_that_its_sources_do_not(
    home_of_all: Path, real_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with KnowHow.open(home=home_of_all, model__engine="auto", model__file=real_model) as kh:
        *pieces, answer = kh.stream("How much is the daily allowance for domestic travel?")
    assert answer.status == "answered"
    assert "".join(map(str, pieces)) == answer.text
    assert answer.engine in (real_model.name, "extractive")
    assert "3,000" in answer.text
    assert answer.citations
    assert all(citation.quote in citation.chunk.text for citation in answer.citations)


def test_the_command_line_streams_from_the_model(talking: Path, qeu_rag: Any) -> None:
    with one_core():
        done = qeu_rag("ask", "国内出張の日当はいくらですか", "--model", "reciter", env=own(talking))
    assert done.returncode == 0
    # It recites without end, which the guard cuts off and says.
    assert {line[:2] for line in done.stderr.splitlines()} <= {"! "}
    assert SENTENCE in done.stdout
    assert "travel.md" in done.stdout


def test_a_file_that_is_no_model_is_told_in_a_sentence(talking: Path, here: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.gguf"
    page.write_text("<!DOCTYPE html><html><body>404</body></html>", encoding="utf-8")
    for name, said in ((str(page), "page.gguf"), ("nowhere.gguf", "nowhere.gguf")):
        done = here("ask", "国内出張の日当はいくらですか", "--model", name, env=own(talking))
        assert (done.returncode, done.stdout) == (3, "")
        assert said in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_at_once_and_leaves_no_process(talking: Path, tmp_path: Path) -> None:
    environ = {**os.environ, "QEU_RAG_HOME": str(talking), "QEU_RAG_MODEL__MAX_TOKENS": "7000"}
    # It goes on long after its sentence, so that a busy machine still finds it at work; no guard ends a row of numbers.
    writer = tmp_path / "counter.gguf"
    tiny.write_reciter(writer, f"{SENTENCE} [1]\n{' '.join(map(str, range(100, 200)))} ", context=8192)
    with one_core():
        command = [sys.executable, "-m", "qeu_rag", "ask", "国内出張の日当はいくらですか", "--model", str(writer)]
        run = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdout.read(10)  # it has begun to write
    children = psutil.Process(run.pid).children()
    assert children
    run.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, errors = run.communicate(timeout=20)
    assert (run.returncode, errors.decode().strip()) == (130, "Stopped.")
    assert time.monotonic() - began < 15  # the machine may be busy
    gone, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    assert gone


def test_tracing_by_others_is_off(tmp_path: Path) -> None:
    script = "import os; from qeu_rag.cli.main import _keep_to_ourselves; _keep_to_ourselves(); "
    script += "from langsmith.utils import tracing_is_enabled; print(tracing_is_enabled())"
    environ = {**os.environ, "LANGSMITH_TRACING": "true", "LANGCHAIN_TRACING_V2": "true"}
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
