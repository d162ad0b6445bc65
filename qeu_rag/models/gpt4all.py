"""GGUF models by GPT4All 2.8.2, for who wants this engine: llama.cpp of August 2024, without JSON schemas and token counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from langchain_core.messages import BaseMessage

from qeu_rag.errors import ModelError
from qeu_rag.models.chat_model import ResponseFormat, estimated_tokens, until_stop
from qeu_rag.models.child import Child, last_words
from qeu_rag.models.child_model import ChildModel

_HEADINGS = {"human": "### Human", "ai": "### Assistant", "system": "### System"}


class Gpt4AllModel(ChildModel):
    """A GGUF file as a LangChain chat model, in GPT4All's own plain form of a conversation; never any network access."""

    engine: ClassVar[str] = "gpt4all"
    module: ClassVar[str] = "qeu_rag.models.gpt4all_child"

    def pieces(
        self, messages: Sequence[BaseMessage], *, response_format: ResponseFormat | None = None
    ) -> Iterator[str]:
        """The reply in whole characters. Raises ModelError: ``engine_died``, ``engine_load``, ``engine_said``, ..."""
        # "%1%2": "%1" alone makes gpt4all 2.8.2 append two newlines to the reply.
        yield from until_stop(self._reply(text=self.render(messages), template="%1%2"), (_HEADINGS["human"],))

    def count_tokens(self, text: str) -> int:
        """An estimate: gpt4all does not tell."""
        return estimated_tokens(text)

    def render(self, messages: Sequence[BaseMessage]) -> str:
        """``messages`` each below a heading, as GPT4All does for models of which it knows nothing."""
        turns = [f"{_HEADINGS.get(message.type, _HEADINGS['human'])}:\n{message.text}\n\n" for message in messages]
        return "".join([*turns, f"{_HEADINGS['ai']}:\n"])

    def refused(self, failure: dict[str, Any], child: Child) -> ModelError:
        """The error in gpt4all's own words, where it has any."""
        match failure["failed"]:
            case "install":
                return ModelError(
                    "engine_install", engine="gpt4all", package="gpt4all==2.8.2", detail=failure["detail"]
                )
            case "load":
                detail = failure["detail"] or last_words(child.said_to_the_end())
                return ModelError("engine_load", path=self.path, detail=f": {detail}" if detail else "")
        return ModelError("engine_said", model=self.model_name, detail=failure["detail"])
