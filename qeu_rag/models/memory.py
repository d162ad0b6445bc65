"""How much memory a model needs when it runs here, reckoned from its header."""

from __future__ import annotations

_BATCH = 512  # tokens that llama.cpp computes at once, at most
_TOKEN = 2_400  # bytes for each token of the vocabulary
_LIBRARIES = 120_000_000  # a Python process with the engine loaded and no model yet


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


def memory_of_gptj(*, n_vocab: int, n_embd: int, n_layer: int, context_tokens: int) -> int:
    """The bytes that CTranslate2 needs for a GPT-J in int8: a byte a weight, the float32 cache, and room to compute.

    Each row of a matrix has a float32 scale beside it. The cache grows with the text; it is counted in full for
    ``context_tokens``.
    """
    matrices = 2 * n_vocab * n_embd + 12 * n_layer * n_embd * n_embd
    rows = 2 * n_vocab + n_layer * 9 * n_embd
    cache = 2 * n_layer * context_tokens * n_embd * 4
    compute = min(_BATCH, context_tokens) * 12 * n_embd * 4
    return matrices + 4 * rows + cache + compute + _LIBRARIES
