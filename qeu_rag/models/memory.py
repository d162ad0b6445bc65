"""How much memory a model needs when it runs here, reckoned from its header, and how much there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qeu_rag.models.ggml_file import GptjFile

_CGROUP = Path("/sys/fs/cgroup")
_COMPUTE = 100_000_000  # llama.cpp's buffers for a batch of 256 tokens, and the tokenizer's tables
_LIBRARIES = 120_000_000  # a Python process with the engine loaded and no model yet
_GPTJ_LIBRARIES = 150_000_000  # the same with CTranslate2 or ctransformers
_WORK = 256_000_000  # ctransformers' buffer for the work


def memory_of_gguf(*, weights: int, layers: int, key_values: int, context_tokens: int) -> int:
    """The bytes that llama.cpp needs at most: weights (mapped, but all of them are touched), keys and values, room to compute.

    ``weights`` in bytes as stored; ``key_values`` is the width of one layer's keys and values together (heads times head
    size, twice without grouping), in float16 for each layer and token of ``context_tokens``. llama.cpp's own
    account is ``llama_load.memory_when_loaded``.
    """
    return weights + layers * context_tokens * key_values * 2 + _COMPUTE + _LIBRARIES


def int8_size(file: GptjFile) -> int:
    """The bytes of a GPT-J's weights in CTranslate2's int8, as a folder and in memory, within a few kilobytes a layer."""
    width = file.n_embd
    in_layer = 12 * width * width + 4 * (9 * width) + 4 * (7 * width)
    outside = 2 * file.n_vocab * width + 3 * 4 * file.n_vocab + 2 * 4 * width
    return file.n_layer * (in_layer + 2_000) + outside + 32 * file.n_vocab + 10_000


def int8_memory(file: GptjFile, context_tokens: int) -> int:
    """The bytes that CTranslate2 needs for a GPT-J in int8, with ``context_tokens`` all in use.

    The weights; float32 keys and values; and, as a prompt is read at once, a square of float32 scores a head and some nine
    float32 rows a token, as measured on CTranslate2 4.8.5.
    """
    keys = 2 * 4 * file.n_layer * file.n_embd * context_tokens
    reading = 4 * file.n_head * context_tokens**2 + 9 * 4 * file.n_embd * context_tokens
    return int8_size(file) + keys + reading + _GPTJ_LIBRARIES


def q4_size(file: GptjFile) -> int:
    """The bytes of a GPT-J's weights in 18-byte q4_0 blocks, as a file and in memory, within a few kilobytes a layer."""
    matrices = 12 * file.n_layer * file.n_embd**2 + 2 * file.n_vocab * file.n_embd
    vectors = file.n_layer * 7 * file.n_embd + 2 * file.n_embd + file.n_vocab
    return matrices // 32 * 18 + 4 * vectors + 16 * file.n_vocab + 1_000 * (file.n_layer + 1)


def q4_memory(file: GptjFile) -> int:
    """The bytes that ctransformers needs for q4_0: the weights, float16 keys and values for all of ``n_ctx``, its buffers."""
    return q4_size(file) + 2 * 2 * file.n_layer * file.n_embd * file.n_ctx + _WORK + _GPTJ_LIBRARIES


def free_memory() -> int:
    """Bytes that a process may still take: what is free, within the container's limit where there is one."""
    import psutil

    free = int(psutil.virtual_memory().available)
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
        stat = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        return max(0, min(free, limit - used + int(stat.get("inactive_file", 0))))
    except (OSError, ValueError):
        return free  # no such limit ("max"), or no such system
