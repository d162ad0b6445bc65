"""GGUF models by llama.cpp (the package xllamacpp), which brings templates, tokenizer, prompt cache and JSON schemas along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

from langchain_core.messages import BaseMessage

from qeu_rag.errors import ModelError
from qeu_rag.models.chat_model import ResponseFormat, estimated_tokens
from qeu_rag.models.child import Child
from qeu_rag.models.child_model import ChildModel
from qeu_rag.models.inspect_gguf import special_tokens
from qeu_rag.models.llama_load import MODULE, load_failure

_ROLES: Mapping[str, str] = MappingProxyType({"human": "user", "ai": "assistant", "system": "system"})


class LlamaModel(ChildModel):
    """A GGUF file as a LangChain chat model; no network beyond this computer.

    The template is the file's own; of a file without one, llama.cpp takes ChatML. What stands in messages is never read as one
    of the ``special`` tokens: they are broken up by a space, so that no document and no question can end its turn or begin
    another one. The prompt's beginning that equals the last one's is not computed again.
    """

    constrains_json: ClassVar[bool] = True
    engine: ClassVar[str] = "llama.cpp"
    module: ClassVar[str] = MODULE

    @cached_property
    def special(self) -> frozenset[str]:
        """The texts that the file's tokenizer takes for more than text."""
        return special_tokens(self.path)

    def pieces(
        self, messages: Sequence[BaseMessage], *, response_format: ResponseFormat | None = None
    ) -> Iterator[str]:
        """The reply in whole characters. Raises ModelError: ``prompt_long``, ``engine_died``, ``engine_words``, ..."""
        form = {"response_format": dict(response_format)} if response_format else {}
        yield from self._reply(messages=self._turns(messages), **form)

    def count_tokens(self, text: str) -> int:
        """The tokens of ``text`` as a prompt, with the one that the model puts before it, by the model's own tokenizer.

        While a reply is being read in the same thread: an estimate.
        """
        return estimated_tokens(text) if self._reading else int(self._ask("count", text=text)["tokens"])

    def render(self, messages: Sequence[BaseMessage]) -> str:
        """``messages`` in the model's template. Raises ModelError("template_bad") for one that fails."""
        return str(self._ask("render", messages=self._turns(messages))["text"])

    def refused(self, failure: dict[str, Any], child: Child) -> ModelError:
        """The error in llama.cpp's own words."""
        if failure.get("type") == "exceed_context_size_error":
            tokens, limit = failure["n_prompt_tokens"], failure["n_ctx"]
            return ModelError("prompt_long", tokens=tokens, limit=limit, model=self.model_name)
        if failure["failed"] == "render":
            return ModelError("template_bad", path=self.path, detail=failure["detail"])
        if failure["failed"] == "generate":
            detail = failure.get("message") or failure["detail"]
            return ModelError("engine_said", model=self.model_name, detail=detail)
        return load_failure(failure, child, self.path)

    def _turns(self, messages: Sequence[BaseMessage]) -> list[dict[str, str]]:
        return [
            {"role": _ROLES.get(message.type, "user"), "content": _harmless(message.text, self.special)}
            for message in messages
        ]


def _harmless(text: str, special: Iterable[str]) -> str:
    for token in sorted((token for token in special if token in text), key=len, reverse=True):
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return text
