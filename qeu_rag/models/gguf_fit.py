"""Whether the tensors of a GGUF file are those that its header speaks of, as far as every architecture has them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from qeu_rag.models.gguf_file import GgufFile

_TOKENS = "token_embd.weight"
_LAYER = re.compile(r"blk\.(\d+)\.(.+)")
# What these matrices read is as wide as the embedding in every model; names as in llama.cpp's gguf-py.
_READ_EMBEDDING = frozenset(
    f"{name}.weight" for name in ("attn_q", "attn_k", "attn_v", "attn_qkv", "ffn_up", "ffn_gate")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """A tensor that is not there (``found`` 0), or that has ``found`` rows or columns where the header says ``expected``."""

    tensor: str
    found: int
    expected: int


def misfit(file: GgufFile, *, layers: int, embedding: int, vocabularies: Collection[int]) -> Misfit | None:
    """The first tensor of a whole file that does not fit its header; None where all do.

    ``vocabularies`` are the numbers of tokens that the header gives, one of which the embeddings must have as rows. What
    loads a model checks much more; this finds what conversions get wrong and what was put together of two files.
    """
    shapes = {tensor.name: tensor.shape for tensor in file.tensors}
    tokens = shapes.get(_TOKENS)
    if tokens is None or len(tokens) != 2:
        return Misfit(tensor=_TOKENS, found=0, expected=max(vocabularies))
    if tokens[1] != embedding:
        return Misfit(tensor=_TOKENS, found=tokens[1], expected=embedding)
    if tokens[0] not in vocabularies:
        return Misfit(tensor=_TOKENS, found=tokens[0], expected=max(vocabularies))
    in_layers = [(int(match[1]), name, match[2]) for name in shapes if (match := _LAYER.fullmatch(name))]
    there = {number for number, _, _ in in_layers}
    lacking = next((number for number in range(layers) if number not in there), layers)
    if lacking < layers:
        return Misfit(tensor=f"blk.{lacking}", found=0, expected=layers)
    for number, name, part in in_layers:
        if number >= layers:
            return Misfit(tensor=name, found=number + 1, expected=layers)
        if part in _READ_EMBEDDING and shapes[name][-1] != embedding:
            return Misfit(tensor=name, found=shapes[name][-1], expected=embedding)
    return None
