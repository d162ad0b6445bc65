"""GPT4All-J and its relatives as a chat model: the one way in, whichever runtime this machine has the memory for."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from langchain_core.messages import BaseMessage
from pydantic import PrivateAttr

from qeu_rag.errors import ModelError
from qeu_rag.models.chat_model import EngineModel, ResponseFormat, until_stop
from qeu_rag.models.ggml_file import GptjFile, read_gptj, read_vocabulary
from qeu_rag.models.gptj import prompt
from qeu_rag.models.gptj.plan import Plan, plan
from qeu_rag.models.gptj.tensors import require_usable
from qeu_rag.models.gptj.vocabulary import Vocabulary
from qeu_rag.models.memory import free_memory
from qeu_rag.models.progress import Progress, no_progress


class Runtime(Protocol):
    """What makes tokens: see ``int8.Int8Runtime`` and ``q4.Q4Runtime``."""

    def tokens(self, prompt: Sequence[int], *, fixed: int, max_tokens: int, temperature: float) -> Iterator[int]:
        """The reply's tokens as they are made."""
        ...

    def close(self) -> None:
        """Lets go of memory."""
        ...


class GptjModel(EngineModel):
    """A GPT-J that writes replies. Made by ``open_gptj``; ``plan`` says how it runs here and why."""

    plan: Plan
    _runtime: Runtime = PrivateAttr()
    _vocabulary: Vocabulary = PrivateAttr()

    def __init__(self, *, runtime: Runtime, vocabulary: Vocabulary, **fields: Any) -> None:
        super().__init__(**fields)
        self._runtime = runtime
        self._vocabulary = vocabulary

    def pieces(
        self, messages: Sequence[BaseMessage], *, response_format: ResponseFormat | None = None
    ) -> Iterator[str]:
        """The reply in pieces of whole characters; without leading space, and up to where the model begins another turn.

        Raises ModelError("prompt_long") when the prompt leaves no room for a reply of ``max_tokens`` (or of half the
        context, where that is less), before anything is run.
        """
        fixed_text, rest = prompt.parts(messages)
        tokens = self._vocabulary.encode(fixed_text + rest)
        room = min(self.max_tokens, self.context_tokens // 2)
        if len(tokens) > self.context_tokens - room:
            raise ModelError("prompt_long", model=self.model_name, tokens=len(tokens), limit=self.context_tokens - room)
        fixed = self._vocabulary.encode(fixed_text)
        # Where a word runs across the seam the whole text has other tokens than its parts; then nothing is fixed.
        same = len(fixed) if tokens[: len(fixed)] == fixed and len(fixed) < len(tokens) else 0
        made = self._runtime.tokens(tokens, fixed=same, max_tokens=room, temperature=self.temperature)
        text = _text(self._vocabulary, made)
        with closing(text):
            yield from _begun(until_stop(text, prompt.STOPS))

    def count_tokens(self, text: str) -> int:
        """How many of the model's own tokens ``text`` takes."""
        return len(self._vocabulary.encode(text))

    def render(self, messages: Sequence[BaseMessage]) -> str:
        """The instruct prompt for ``messages``."""
        return prompt.render(messages)

    def close(self) -> None:
        """Lets go of the model's memory; the next reply loads it again."""
        self._runtime.close()


def open_gptj(
    path: Path,
    *,
    cache: Path,
    max_tokens: int = 256,
    temperature: float = 0.0,
    context_tokens: int = 2048,
    progress: Progress = no_progress,
    available_bytes: int | None = None,
) -> GptjModel:
    """The model of the old GGML GPT-J file at ``path``; converts it into ``cache`` the first time, which takes minutes.

    ``context_tokens`` is the most that is wanted; the model has what its file and this machine's memory allow of it.
    ``available_bytes``: memory to go by; None: what is free now. Nothing is loaded before the first reply. Raises
    ModelError for a file that is none, is cut short or is of a type that nobody reads, where the memory or the disk does
    not suffice, and for trouble with the cache.
    """
    file = read_gptj(path)
    require_usable(file)
    free = free_memory() if available_bytes is None else available_bytes
    chosen = plan(file, free, context_tokens=context_tokens)
    if chosen.runtime == "none":
        raise ModelError(chosen.reason_key.replace(".", "_"), path=path, **chosen.values())
    vocabulary = Vocabulary(read_vocabulary(file), name=str(path))
    return GptjModel(
        model_name=path.name,
        context_tokens=chosen.context_tokens,
        max_tokens=max_tokens,
        temperature=temperature,
        plan=chosen,
        runtime=_runtime(file, chosen, vocabulary, cache / "gptj", progress),
        vocabulary=vocabulary,
    )


def _runtime(file: GptjFile, chosen: Plan, vocabulary: Vocabulary, cache: Path, progress: Progress) -> Runtime:
    if chosen.runtime == "ctransformers":
        from qeu_rag.models.gptj.q4 import Q4Runtime
        from qeu_rag.models.gptj.repack import repack

        return Q4Runtime(repack(file, cache, progress=progress), end=vocabulary.end, name=file.path.name)
    from qeu_rag.models.gptj.convert import convert
    from qeu_rag.models.gptj.int8 import Int8Runtime

    return Int8Runtime(
        convert(file, cache, progress=progress), vocabulary.names(), end=vocabulary.end, name=file.path.name
    )


def _text(vocabulary: Vocabulary, tokens: Iterator[int]) -> Generator[str]:
    """The tokens' text; closing it ends the work behind it at once, without waiting for anybody's garbage."""
    try:
        yield from vocabulary.stream(tokens)
    finally:
        close = getattr(tokens, "close", None)
        if close is not None:
            close()


def _begun(pieces: Iterator[str]) -> Generator[str]:
    """``pieces`` from the first that is not space."""
    begun = False
    for piece in pieces:
        shown = piece if begun else piece.lstrip()
        begun = begun or bool(shown)
        if shown:
            yield shown
