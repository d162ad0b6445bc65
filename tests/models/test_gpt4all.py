"""GGUF models by the real gpt4all, where somebody chooses it: replies, room, and what it cannot load."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from qeu_rag.errors import ModelError
from qeu_rag.models.gpt4all import Gpt4AllModel
from qeu_rag.testing import EngineContract

sys.path.insert(0, str(Path(__file__).parent))
import tiny_gguf as tiny

RECITED = "日本語の品質工学🙂です。The loss! "


@pytest.fixture(scope="module")
def reciter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gpt4AllModel]:
    path = tmp_path_factory.mktemp("gpt4all") / "reciter.gguf"
    tiny.write_reciter(path, RECITED)
    model = Gpt4AllModel.open(path, max_tokens=120, temperature=0.0, context_tokens=4096)
    model.threads = 1  # they wait spinning, which a busy machine makes slow
    yield model
    model.close()


class TestGpt4All(EngineContract):
    @pytest.fixture
    def model(self, reciter: Gpt4AllModel) -> Gpt4AllModel:
        return reciter


def test_it_writes_whole_characters_in_its_own_plain_form(reciter: Gpt4AllModel) -> None:
    messages = [SystemMessage("S"), HumanMessage("Q")]
    assert reciter.render(messages) == "### System:\nS\n\n### Human:\nQ\n\n### Assistant:\n"
    text = "".join(reciter.pieces(messages))
    assert text[text.index("日本語") :].startswith(RECITED)


def test_leaving_a_reply_early_keeps_the_model(reciter: Gpt4AllModel) -> None:
    stream = reciter.pieces([HumanMessage("a")])
    next(stream)
    pid = reciter._child.pid if reciter._child else 0
    stream.close()
    reciter.invoke("a")
    assert reciter._child is not None
    assert reciter._child.pid == pid


def test_what_it_says_itself_is_told(reciter: Gpt4AllModel) -> None:
    with pytest.raises(ModelError, match="prompt size exceeds") as caught:
        reciter.invoke("あ" * 400)
    assert caught.value.key == "engine_said"


@pytest.mark.parametrize("cut", [True, False])
def test_what_it_cannot_load_is_told(reciter: Gpt4AllModel, tmp_path: Path, cut: bool) -> None:
    data = reciter.path.read_bytes()
    path = tmp_path / "odd.gguf"
    path.write_bytes(data[:-100] if cut else data.replace(b"gpt-2", b"gpt-9"))
    model = Gpt4AllModel.open(path, max_tokens=8, temperature=0.0, context_tokens=256)
    with pytest.raises(ModelError, match=r"odd\.gguf") as caught:
        model.invoke("a")
    assert caught.value.key == "engine_load"
