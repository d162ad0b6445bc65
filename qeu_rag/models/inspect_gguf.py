"""What a GGUF file is, by its metadata: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from qeu_rag.errors import ModelError
from qeu_rag.models.gguf_file import GgufArray, GgufFile, Value, read_gguf
from qeu_rag.models.memory import memory_of_gguf
from qeu_rag.models.model_file import ModelFile, damaged

_TOKENS, _TYPES = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"
_UNKNOWN, _CONTROL, _ADDED = 2, 3, 4  # types of tokens
# general.file_type, by llama.cpp's llama.h: enum llama_ftype.
_FILE_TYPES = dict(
    enumerate(
        "F32 F16 Q4_0 Q4_1 - - - Q8_0 Q5_0 Q5_1 Q2_K Q3_K_S Q3_K_M Q3_K_L Q4_K_S Q4_K_M Q5_K_S Q5_K_M Q6_K IQ2_XXS IQ2_XS "
        "Q2_K_S IQ3_XS IQ3_XXS IQ1_S IQ4_NL IQ3_S IQ3_M IQ2_S IQ2_M IQ4_XS IQ1_M BF16 - - - TQ1_0 TQ2_0 MXFP4_MOE".split()
    )
)


def inspect_gguf(path: Path, context_tokens: int) -> ModelFile:
    """A GGUF file; raises ModelError only where it cannot be read."""
    try:
        file = read_gguf(path)
    except ModelError as error:
        return damaged(path, error, kind="gguf", format="GGUF")
    values = file.metadata
    architecture = _text(values, "general.architecture")
    context = _number(values, f"{architecture}.context_length")
    tokens = values.get(_TOKENS)
    kind = values.get("general.file_type")
    template = _text(values, "tokenizer.chat_template")
    embeds = bool(_number(values, f"{architecture}.pooling_type"))
    runs = not (file.missing_bytes or embeds)
    return ModelFile(
        path=path,
        kind="gguf",
        state="truncated" if file.missing_bytes else "whole",
        engine="llama.cpp" if runs else "",
        architecture=architecture,
        parameters=sum(map(math.prod, file.shapes)),
        quantisation=_FILE_TYPES.get(kind, str(kind)) if isinstance(kind, int) else "",
        context_tokens=context,
        vocabulary=tokens.count if isinstance(tokens, GgufArray) else 0,
        tokenizer=" ".join(filter(None, (_text(values, "tokenizer.ggml.model"), _text(values, "tokenizer.ggml.pre")))),
        chat_template=template if template.strip() else "",
        layers=_number(values, f"{architecture}.block_count"),
        memory_bytes=_memory(file, architecture, min(context_tokens, context or context_tokens)) if runs else 0,
        missing_bytes=file.missing_bytes,
        missing_at_least=True,
        embeds=embeds,
        format=f"GGUF {file.version}" if file.version else "GGUF",
    )


def special_tokens(path: Path) -> frozenset[str]:
    """The texts that the tokenizer takes for more than text. Raises ModelError as ``read_gguf`` does."""
    values = read_gguf(path, keep=frozenset((_TOKENS, _TYPES))).metadata
    tokens, types = (
        value if isinstance(value, GgufArray) else GgufArray(count=0) for value in map(values.get, (_TOKENS, _TYPES))
    )
    known = list(enumerate(zip(tokens.texts, types.numbers, strict=False)))
    # Of added tokens only those in brackets: others are runs of spaces and the like.
    ids = {i for i, (text, kind) in known if kind in (_UNKNOWN, _CONTROL) or (kind == _ADDED and text.startswith("<"))}
    for end in ("bos", "eos", "eot", "eom"):
        number = values.get(f"tokenizer.ggml.{end}_token_id")
        if isinstance(number, int):
            ids.add(number)
    return frozenset(tokens.texts[i] for i in ids if 0 <= i < len(tokens.texts) and len(tokens.texts[i]) > 1)


def _text(values: Mapping[str, Value], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _number(values: Mapping[str, Value], key: str) -> int:
    """A count; of an array with one value a layer the largest. 0 where there is none that can be."""
    value = values.get(key)
    numbers = value.numbers if isinstance(value, GgufArray) else (value,)
    whole = [n for n in numbers if isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 1 << 40]
    return max(whole, default=0)


def _memory(file: GgufFile, architecture: str, context_tokens: int) -> int:
    def number(key: str) -> int:
        return _number(file.metadata, f"{architecture}.{key}")

    heads = max(1, number("attention.head_count"))
    head = number("embedding_length") // heads
    wide = (number("attention.head_count_kv") or heads) * (
        (number("attention.key_length") or head) + (number("attention.value_length") or head)
    )
    weights = max(0, file.path.stat().st_size - file.data_offset)
    return memory_of_gguf(weights=weights, layers=number("block_count"), key_values=wide, context_tokens=context_tokens)
