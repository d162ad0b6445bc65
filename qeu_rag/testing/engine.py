"""What any engine must do: stream its reply, end where it is told to, count its tokens, and be there for the next question."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from qeu_rag.models.chat_model import EngineModel

QUESTIONS = ("Who checks the gauge?", "日当はいくらですか")
FORM = {
    "type": "json_schema",
    "json_schema": {
        "name": "reply",
        "schema": {
            "type": "object",
            "properties": {"source": {"type": "integer", "minimum": 1, "maximum": 2}},
            "required": ["source"],
            "additionalProperties": False,
        },
    },
}
"""A form that every engine which constrains its replies can keep within a few tokens."""


def replied(model: EngineModel, question: str = QUESTIONS[0]) -> str:
    """The whole reply of ``model`` to ``question``."""
    return str(model.invoke(question).text)


class EngineContract:
    """Inherit this and override ``model`` with a fixture that gives the engine, at temperature 0 and with short replies."""

    @pytest.fixture
    def model(self) -> EngineModel:
        """The engine under test; let a fixture of the module open it, so that it is loaded once."""
        raise NotImplementedError("override the fixture `model`")

    @pytest.mark.parametrize("question", QUESTIONS, ids=["en", "ja"])
    def test_what_it_streams_is_what_it_replies(self, model: EngineModel, question: str) -> None:
        """The pieces joined are the reply, and it is the same every time."""
        whole = replied(model, question)
        assert whole
        assert "".join(str(chunk.text) for chunk in model.stream(question)) == whole

    @pytest.mark.parametrize("question", QUESTIONS, ids=["en", "ja"])
    def test_pieces_are_whole_characters(self, model: EngineModel, question: str) -> None:
        """No piece ends within a character; only a model that begins to write within one may show where."""
        pieces = [str(chunk.text) for chunk in model.stream(question)]
        assert len(pieces) > 1
        text = "".join(pieces)
        assert "\ufffd" not in text.lstrip("\ufffd")
        assert text.encode().decode() == text

    def test_leaving_a_stream_early_keeps_it_usable(self, model: EngineModel) -> None:
        """Who reads one piece and goes gets the whole reply the next time."""
        whole = replied(model)
        for _ in range(2):
            next(model.stream(QUESTIONS[0]))
        assert replied(model) == whole

    def test_a_stop_string_cuts(self, model: EngineModel) -> None:
        """The reply ends before the first stop string, streamed or not; an empty one is none."""
        whole = replied(model)
        middle = len(whole) // 2
        stop = whole[middle : middle + 2]
        before = whole.partition(stop)[0]
        assert str(model.invoke(QUESTIONS[0], stop=["", stop]).text) == before
        assert "".join(str(chunk.text) for chunk in model.stream(QUESTIONS[0], stop=[stop])) == before

    def test_tokens_are_counted(self, model: EngineModel) -> None:
        """Any text has a count; longer text has not fewer, and much longer text has more."""
        for text in ("The loss. ", "損失関数。"):
            counts = [model.count_tokens(text * times) for times in (0, 1, 2, 20)]
            assert counts == sorted(counts)
            assert 0 <= counts[0] < counts[-1]
            assert model.get_num_tokens(text) == counts[1]

    def test_the_rendered_form_holds_the_messages(self, model: EngineModel) -> None:
        """Every message stands in the text that the model reads, in order, and is counted."""
        from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

        messages = [SystemMessage("Be brief."), HumanMessage("日当は?"), AIMessage("3,000円"), HumanMessage("Why so?")]
        rendered = model.render(messages)
        places = [rendered.find(str(message.text)) for message in messages]
        assert places == sorted(places)
        assert min(places) >= 0
        assert model.get_num_tokens_from_messages(messages) == model.count_tokens(rendered)

    def test_after_close_it_works_again(self, model: EngineModel) -> None:
        """Closing lets go of the model, twice if need be; the next call loads it again."""
        whole, counted = replied(model), model.count_tokens(QUESTIONS[0])
        model.close()
        model.close()
        assert model.count_tokens(QUESTIONS[0]) == counted
        assert replied(model) == whole

    def test_two_threads_both_get_their_reply(self, model: EngineModel) -> None:
        """Who asks at the same time waits, and gets the reply that he gets alone."""
        alone = [replied(model, question) for question in QUESTIONS]
        with ThreadPoolExecutor(2) as threads:
            assert list(threads.map(lambda question: replied(model, question), QUESTIONS)) == alone

    def test_a_reply_keeps_its_schema(self, model: EngineModel) -> None:
        """An engine that says that it constrains JSON does, streamed or not."""
        if not model.constrains_json:
            pytest.skip("it does not constrain its replies")
        told = str(model.invoke(QUESTIONS[0], response_format=FORM).text)
        streamed = "".join(str(chunk.text) for chunk in model.stream(QUESTIONS[0], response_format=FORM))
        for reply in map(json.loads, (told, streamed)):
            assert list(reply) == ["source"]
            assert reply["source"] in (1, 2)
