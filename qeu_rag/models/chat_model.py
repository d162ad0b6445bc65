"""The seam for engines: a LangChain chat model that streams text, ends at stop strings and knows its own room."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, ClassVar, TypeAlias

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

ResponseFormat: TypeAlias = Mapping[str, Any]
"""The form that a reply must have, as OpenAI's API takes it."""


class EngineModel(BaseChatModel):
    """A model that writes replies. Each engine gives ``pieces``, ``count_tokens`` and ``render``; the rest is here.

    ``model_name`` names the model for people. ``context_tokens`` is the room for prompt and reply together, in the model's
    own tokens; ``max_tokens`` the longest reply. ``temperature`` 0 is greedy. Leaving a stream early (closing it, or an
    exception in the reader) ends the generation. Raises ModelError for whatever the engine cannot do.

    ``constrains_json``: whether a ``response_format`` (of ``stream``, ``invoke`` and ``pieces``) is kept, in OpenAI's form:
    ``{"type": "json_schema", "json_schema": {"name": ..., "schema": ...}}``. Other engines ignore it.
    """

    constrains_json: ClassVar[bool] = False

    model_name: str
    context_tokens: int
    max_tokens: int = 256
    temperature: float = 0.0

    @abstractmethod
    def pieces(
        self, messages: Sequence[BaseMessage], *, response_format: ResponseFormat | None = None
    ) -> Iterator[str]:
        """The reply in pieces of whole characters, as they are generated; closing the iterator ends the generation."""

    @abstractmethod
    def count_tokens(self, text: str) -> int:
        """How many of the model's own tokens ``text`` takes."""

    @abstractmethod
    def render(self, messages: Sequence[BaseMessage]) -> str:
        """The one text that the model reads for ``messages``, in the form that it was trained on."""

    def close(self) -> None:
        """Lets go of the model's memory; the next call loads it again."""

    def get_num_tokens(self, text: str) -> int:
        """LangChain's name for ``count_tokens``."""
        return self.count_tokens(text)

    def get_num_tokens_from_messages(self, messages: Sequence[BaseMessage], tools: Any = None) -> int:
        """How many tokens the rendered ``messages`` take."""
        return self.count_tokens(self.render(messages))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        response_format: ResponseFormat | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with closing(until_stop(self.pieces(messages, response_format=response_format), stop or ())) as pieces:
            for piece in pieces:
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
                if run_manager is not None:
                    run_manager.on_llm_new_token(piece, chunk=chunk)
                yield chunk

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        response_format: ResponseFormat | None = None,
        **_: Any,
    ) -> ChatResult:
        with closing(until_stop(self.pieces(messages, response_format=response_format), stop or ())) as pieces:
            message = AIMessage(content="".join(pieces))
        return ChatResult(generations=[ChatGeneration(message=message)])

    @property
    def _llm_type(self) -> str:
        return f"qeu_rag-{type(self).__name__}"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        names = ("model_name", "context_tokens", "max_tokens", "temperature")
        return {name: getattr(self, name) for name in names}


def until_stop(pieces: Iterator[str], stops: Sequence[str]) -> Generator[str]:
    """``pieces`` up to the first of ``stops``, which is left out; then the source is closed, which ends its work.

    What may be the beginning of a stop string is held back until it is known not to be one. Empty stop strings are none.
    """
    wanted = [stop for stop in stops if stop]
    held = ""
    try:
        for piece in pieces:
            held += piece
            found = [at for stop in wanted if (at := held.find(stop)) >= 0]
            if found:
                if before := held[: min(found)]:
                    yield before
                return
            keep = _possible_start(held, wanted)
            if ready := held[: len(held) - keep]:
                yield ready
            held = held[len(held) - keep :]
        if held:
            yield held
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


def _possible_start(text: str, stops: Sequence[str]) -> int:
    """The length of the longest end of ``text`` that begins one of ``stops``."""
    longest = max(map(len, stops), default=0) - 1
    for size in range(min(longest, len(text)), 0, -1):
        if any(stop.startswith(text[-size:]) for stop in stops):
            return size
    return 0


def estimated_tokens(text: str) -> int:
    """About how many tokens ``text`` takes where nobody tells, rather too many: half a token for a letter or space of ASCII,
    one for its other characters, two for kana, kanji and the like, four for what lies beyond (emoji)."""
    halves = 0
    for character in text:
        if character.isascii():
            halves += 1 if character.isalpha() or character == " " else 2
        else:
            halves += 4 if ord(character) < 0x10000 else 8
    return (halves + 1) // 2
