"""Which runtime a GPT-J file gets on this machine, with how much context, the memory that takes, and why."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qeu_rag.language import say
from qeu_rag.models.memory import int8_memory, q4_memory

if TYPE_CHECKING:
    from qeu_rag.models.ggml_file import GptjFile

Runtime = Literal["ctranslate2", "ctransformers", "none"]

_LEAST_CONTEXT = 1024
"""A smaller context than wanted is chosen to fit the memory, down to this: question, some evidence and a reply."""
_STEP = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``runtime`` ("none": this machine cannot hold the model), the context in tokens, the memory it takes and what is free.

    ``reason_key`` is one of ``gptj.int8``, ``gptj.int8_less`` (with less context than wanted), ``gptj.q4``,
    ``gptj.q4_missing`` (the extra would make it run) and ``gptj.no_memory``. Sizes are in bytes.
    """

    runtime: Runtime
    context_tokens: int
    memory_bytes: int
    available_bytes: int
    reason_key: str

    def reason(self, lang: str) -> str:
        """The reason as a sentence in ``lang`` ("en" or "ja")."""
        return say(self.reason_key, lang, **self.values())

    def values(self) -> dict[str, object]:
        """What the reason speaks of: need and free in GB, and the context."""
        need, free = self.memory_bytes / 1e9, self.available_bytes / 1e9
        return {"need": f"{need:.1f}", "free": f"{free:.1f}", "context": self.context_tokens}


def plan(file: GptjFile, available_bytes: int, *, context_tokens: int = 2048, q4_installed: bool | None = None) -> Plan:
    """How ``file`` would run in ``available_bytes`` of memory, with at most ``context_tokens`` of context.

    int8 by CTranslate2 where that fits, as it is the more exact and reads prompts faster; else q4_0 by ctransformers where
    that fits and is installed (None: look).
    """
    wanted = min(file.n_ctx, context_tokens)
    fitting = _fitting(file, available_bytes, wanted)
    q4 = q4_memory(file)
    installed = q4_available() if q4_installed is None else q4_installed

    def chosen(runtime: Runtime, context: int, need: int, key: str) -> Plan:
        return Plan(
            runtime=runtime,
            context_tokens=context,
            memory_bytes=need,
            available_bytes=available_bytes,
            reason_key=f"gptj.{key}",
        )

    if fitting is not None:
        key = "int8" if fitting == wanted else "int8_less"
        return chosen("ctranslate2", fitting, int8_memory(file, fitting), key)
    if q4 > available_bytes:
        return chosen("none", wanted, min(q4, int8_memory(file, min(wanted, _LEAST_CONTEXT))), "no_memory")
    if not installed:
        return chosen("none", wanted, int8_memory(file, min(wanted, _LEAST_CONTEXT)), "q4_missing")
    return chosen("ctransformers", wanted, q4, "q4")


def _fitting(file: GptjFile, available_bytes: int, wanted: int) -> int | None:
    """The largest context up to ``wanted`` whose int8 model fits; None where not even the least does."""
    least = min(wanted, _LEAST_CONTEXT)
    contexts = (wanted, *range(wanted - wanted % _STEP, least, -_STEP), least)
    return next((context for context in contexts if int8_memory(file, context) <= available_bytes), None)


def q4_available() -> bool:
    """Whether the extra ``gptj-q4`` (ctransformers) is installed."""
    return importlib.util.find_spec("ctransformers") is not None
