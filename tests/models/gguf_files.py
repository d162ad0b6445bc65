"""Writes small GGUF files with the gguf package, and by hand where no library would write them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np


def write_gguf(
    path: Path,
    architecture: str = "llama",
    *,
    type: str = "f16",
    vocabulary: int = 64,
    embedding: int = 256,
    layers: int = 2,
    context: int = 512,
    template: str = "{% for m in messages %}{{ m.content }}{% endfor %}",
    more: Mapping[str, Any] | None = None,
) -> Path:
    """A GGUF file with the header and tensors of a small llama of random weights, which llama.cpp loads."""
    random = np.random.default_rng(0)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("small")
    writer.add_context_length(context)
    writer.add_embedding_length(embedding)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(2 * embedding)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(embedding // 4)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([f"t{number}" for number in range(vocabulary - 1)] + ["日"])
    writer.add_token_merges([f"a b{number}" for number in range(10)])
    writer.add_chat_template(template)
    for key, value in (more or {}).items():
        writer.add_uint32(key, value)
    kind = gguf.GGMLQuantizationType[type.upper()]
    rows_of = {"attn_q": embedding, "attn_k": embedding // 2, "attn_v": embedding // 2, "attn_output": embedding}
    rows_of |= {"ffn_up": 2 * embedding, "ffn_gate": 2 * embedding, "ffn_down": embedding}
    sizes = {"token_embd.weight": (vocabulary, embedding)}
    for layer in range(layers):
        for part, rows in rows_of.items():
            sizes[f"blk.{layer}.{part}.weight"] = (rows, 2 * embedding if part == "ffn_down" else embedding)
        for part in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{part}.weight", np.ones(embedding, dtype=np.float32))
    for name, (rows, columns) in sizes.items():
        values = random.standard_normal((rows, columns), dtype=np.float32)
        if type in ("f32", "f16"):
            writer.add_tensor(name, values.astype(np.float32 if type == "f32" else np.float16))
        else:
            blocks, size = gguf.GGML_QUANT_SIZES[kind]
            data = random.integers(0, 256, (rows, columns // blocks * size), dtype=np.uint8)
            writer.add_tensor(name, data, raw_dtype=kind)
    writer.add_tensor("output_norm.weight", np.ones(embedding, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def by_hand(
    *,
    version: int = 3,
    values: Sequence[bytes] = (),
    tensors: Sequence[tuple[bytes, Sequence[int], int, int]] = (),
    counts: tuple[int, int] | None = None,
) -> bytes:
    """A GGUF header from raw key-value bytes and (name, dimensions, type, offset); ``counts`` overrides the true ones."""
    described = [
        text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
        for name, shape, kind, offset in tensors
    ]
    count = struct.pack("<QQ", *(counts or (len(tensors), len(values))))
    return b"GGUF" + struct.pack("<I", version) + count + b"".join(values) + b"".join(described)
