"""Stop strings and the LangChain face that every engine shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage, HumanMessage

from qeu_rag.models.chat_model import EngineModel, ResponseFormat, until_stop

WORDS = st.text("ab日本\n#", max_size=12)


class Recited(EngineModel):
    """A model that says what it was given, one character at a time, and counts how much of it was asked for."""

    text: str
    asked: list[str]

    def pieces(
        self, messages: Sequence[BaseMessage], *, response_format: ResponseFormat | None = None
    ) -> Iterator[str]:
        for character in self.text:
            self.asked.append(character)
            yield character

    def count_tokens(self, text: str) -> int:
        return len(text)

    def render(self, messages: Sequence[BaseMessage]) -> str:
        return "".join(str(message.content) for message in messages)


def recited(text: str) -> Recited:
    return Recited(model_name="recited", context_tokens=100, text=text, asked=[])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=3))
def test_a_stop_string_cuts_wherever_the_pieces_are_cut(pieces: list[str], stops: list[str]) -> None:
    whole = "".join(pieces)
    places = [at for stop in stops if stop and (at := whole.find(stop)) >= 0]
    assert "".join(until_stop(iter(pieces), stops)) == whole[: min(places, default=len(whole))]


def test_generation_ends_at_the_stop_string() -> None:
    model = recited("答えです。\n### Human: and on and on")
    assert "".join(str(c.content) for c in model.stream("?", stop=["\n###"])) == "答えです。"
    assert "".join(model.asked) == "答えです。\n###"
    assert model.invoke("?", stop=["\n###"]).content == "答えです。"


def test_leaving_the_stream_ends_the_generation() -> None:
    model = recited("abcdef")
    for chunk in model.stream("?"):
        if chunk.content == "b":
            break
    assert "".join(model.asked) in ("ab", "abc")


def test_tokens_are_counted_in_the_models_own() -> None:
    model = recited("")
    assert model.get_num_tokens("日本") == 2
    assert model.get_num_tokens_from_messages([HumanMessage("ab"), HumanMessage("c")]) == 3
