"""What is known of a model file or folder from its own bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from qeu_rag.errors import ModelError

Kind: TypeAlias = Literal[
    "gguf", "gptj", "llama-legacy", "ggml-legacy", "ctranslate2", "huggingface", "safetensors", "pytorch", "html",
    "lfs-pointer", "archive", "text", "unknown", "empty",
]  # fmt: skip
State: TypeAlias = Literal["whole", "truncated", "damaged", "not_a_model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A file or folder that may be a model, as far as its header tells.

    ``format`` is the container with its version, as people call it ("GGUF 3", "ggjt 1").

    ``engine`` is what runs it here, or may: "llama.cpp" (which alone knows whether it can: ``llama_load.memory_when_loaded``),
    "gptj", or "" for nothing. ``architecture`` in the words of its format ("llama", "qwen2", "gptj"). ``parameters`` is the
    number of weights. ``quantisation`` is the type of most weights, or what the file calls its own type. ``embeds``: it turns
    texts into vectors and writes nothing. ``context_tokens``, ``vocabulary`` (tokens) and ``layers`` are 0, texts empty, where
    the file does not say.

    ``memory_bytes`` is what running it will need, 0 where nothing here runs it: see ``memory_of_gguf`` and ``int8_memory``.
    ``missing_bytes`` of a truncated file are the least that is missing where ``missing_at_least``, else exact. ``problem`` names
    the message for a damaged file, and ``problem_at`` is the byte or version that it is about. ``first_bytes`` are at most 16.
    """

    path: Path
    kind: Kind
    state: State
    format: str = ""
    engine: Literal["llama.cpp", "gptj", ""] = ""
    architecture: str = ""
    parameters: int = 0
    quantisation: str = ""
    context_tokens: int = 0
    vocabulary: int = 0
    tokenizer: str = ""
    chat_template: str = ""
    layers: int = 0
    size_bytes: int = 0
    memory_bytes: int = 0
    missing_bytes: int = 0
    missing_at_least: bool = False
    embeds: bool = False
    problem: str = ""
    problem_at: int = 0
    first_bytes: bytes = b""


def damaged(path: Path, error: ModelError, **known: Any) -> ModelFile:
    """A file that its reader gave up on, as a result; what concerns reading itself stays an error."""
    if error.key == "model_unreadable":
        raise error
    place = next((value for value in error.values.values() if isinstance(value, int)), 0)
    return ModelFile(path=path, state="damaged", problem=error.key, problem_at=place, **known)
