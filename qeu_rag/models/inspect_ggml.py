"""What a file in one of the formats before GGUF is: a GPT-J by its layout, a llama, or another family."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

from qeu_rag.errors import ModelError
from qeu_rag.models import ggml_file
from qeu_rag.models.memory import int8_memory
from qeu_rag.models.model_file import ModelFile, damaged
from qeu_rag.models.tensor_types import READABLE

LEGACY = {b"lmgg": "ggml", b"fmgg": "ggmf", b"tjgg": "ggjt", b"algg": "ggla"}
"""The first four bytes of such a file, and the name of its format."""

_GPTJ_FORMAT = "GGML"
_GPTJ_TOKENS = 1024  # its cache grows with the text: a prompt with evidence and its reply are about this long


def inspect_gptj(path: Path, context_tokens: int) -> ModelFile:
    """A GPT-J file; raises ModelError only where it cannot be read."""
    try:
        file = ggml_file.read_gptj(path)
    except ModelError as error:
        return damaged(path, error, kind="gptj", architecture="gptj", format=_GPTJ_FORMAT)
    if not file.heads_fit:
        # No model has such heads: the counts in the header are wrong, from n_head on.
        problem = ModelError("model_damaged", path=path, at=16)
        return damaged(path, problem, kind="gptj", architecture="gptj", format=_GPTJ_FORMAT)
    shapes = ggml_file.tensor_shapes(n_vocab=file.n_vocab, n_embd=file.n_embd, n_layer=file.n_layer)
    return ModelFile(
        path=path,
        kind="gptj",
        state="truncated" if file.missing_bytes else "whole",
        engine="gptj" if READABLE.issuperset(tensor.type for tensor in file.tensors) else "",
        architecture="gptj",
        parameters=sum(map(math.prod, shapes.values())),
        quantisation=file.quantisation,
        context_tokens=file.n_ctx,
        vocabulary=file.n_vocab,
        tokenizer="gpt2",
        layers=file.n_layer,
        memory_bytes=int8_memory(file, min(context_tokens, file.n_ctx, _GPTJ_TOKENS)),
        missing_bytes=file.missing_bytes,
        missing_at_least=bool(file.missing_bytes) and not file.vocabulary_whole,
        format=_GPTJ_FORMAT,
    )


def inspect_legacy(path: Path, head: bytes, size: int) -> ModelFile:
    """An old ggml file that is no GPT-J: a llama by its layout, or another family."""
    magic = LEGACY[head[:4]]
    at = 4 if magic == "ggml" else 8
    version = 0 if at == 4 or len(head) < 8 else int.from_bytes(head[4:8], "little")
    values: tuple[Any, ...] = struct.unpack_from("<7I", head, at) if len(head) >= at + 28 else (0,) * 7
    vocabulary, embedding, multiple, heads, _, rotary, _ = values
    llama = magic in ("ggmf", "ggjt") or (
        0 < vocabulary < 1 << 20
        and 0 < heads <= 1 << 10
        and 0 < multiple <= 1 << 12
        and rotary * heads == embedding > 0
    )
    if len(head) < at + 28:
        return ModelFile(
            path=path,
            kind="ggml-legacy",
            state="truncated",
            format=magic,
            missing_bytes=at + 28 - size,
            missing_at_least=True,
        )
    return ModelFile(
        path=path,
        kind="llama-legacy" if llama else "ggml-legacy",
        state="whole",
        architecture="llama" if llama else "",
        format=f"{magic} {version}" if version else magic,
    )
