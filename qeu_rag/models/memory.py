"""How much memory a model needs when it runs here, reckoned from its header."""

from __future__ import annotations

_BATCH = 512  # tokens that llama.cpp computes at once, at most
_TOKEN = 2_400  # bytes for each token of the vocabulary
_LIBRARIES = 120_000_000  # a Python process with the engine loaded and no model yet
_GPTJ_LIBRARIES = 150_000_000  # the same with CTranslate2 or ctransformers


def memory_of_gguf(
    *,
    weights: int,
    layers: int,
    key_values: int,
    embedding: int,
    feed_forward: int,
    vocabulary: int,
    context_tokens: int,
) -> int:
    """The bytes that gpt4all needs: weights (mapped, but all of them are touched), cache, and room to compute.

    ``weights`` in bytes as stored; ``key_values`` is the width of one layer's keys and values together (heads times head
    size, twice without grouping); the cache holds float16 for each layer and token of ``context_tokens``. The room to compute is
    a few times the widest layer for a batch of 512 tokens in float32; a token of the vocabulary costs its share of the logits
    and of the tokenizer's tables. Measured with gpt4all 2.8.2 at its peak: 207 MB where this says 336 (32,000 tokens, 118 MB of
    weights), 722 MB where this says 729 (120,000 tokens, 296 MB).
    """
    cache = layers * context_tokens * key_values * 2
    compute = min(_BATCH, context_tokens) * (6 * embedding + 2 * feed_forward) * 4
    return weights + cache + compute + vocabulary * _TOKEN + _LIBRARIES


def size_of_gptj(*, n_vocab: int, n_embd: int, n_layer: int) -> int:
    """The bytes of a GPT-J's weights in CTranslate2's int8, as a folder and in memory, within a few kilobytes a layer."""
    in_layer = 12 * n_embd * n_embd + 4 * (9 * n_embd) + 4 * (7 * n_embd)
    outside = 2 * n_vocab * n_embd + 3 * 4 * n_vocab + 2 * 4 * n_embd
    return n_layer * (in_layer + 2_000) + outside + 32 * n_vocab + 10_000


def size_of_gptj_q4(*, n_vocab: int, n_embd: int, n_layer: int) -> int:
    """The bytes of a GPT-J's weights in 18-byte q4_0 blocks, as a file and in memory, within a few kilobytes a layer."""
    matrices = 12 * n_layer * n_embd**2 + 2 * n_vocab * n_embd
    vectors = n_layer * 7 * n_embd + 2 * n_embd + n_vocab
    return matrices // 32 * 18 + 4 * vectors + 16 * n_vocab + 1_000 * (n_layer + 1)


def memory_of_gptj(*, n_vocab: int, n_embd: int, n_layer: int, n_head: int, context_tokens: int) -> int:
    """The bytes that CTranslate2 needs for a GPT-J in int8, with ``context_tokens`` all in use.

    The weights; float32 keys and values; and, as a prompt is read at once, a square of float32 scores a head and some nine
    float32 rows a token, as measured on CTranslate2 4.8.5.
    """
    keys = 2 * 4 * n_layer * n_embd * context_tokens
    reading = 4 * n_head * context_tokens**2 + 9 * 4 * n_embd * context_tokens
    return size_of_gptj(n_vocab=n_vocab, n_embd=n_embd, n_layer=n_layer) + keys + reading + _GPTJ_LIBRARIES
