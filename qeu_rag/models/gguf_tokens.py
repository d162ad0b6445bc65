"""The special tokens of a GGUF file: what would end a turn, or begin another one, if a message could say it.

Source: the GGUF specification, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

from pathlib import Path

from qeu_rag.models.gguf_file import GgufArray, read_gguf

_UNKNOWN, _CONTROL, _ADDED = 2, 3, 4  # types of tokens
_TOKENS, _TYPES = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"


def special_tokens(path: Path) -> frozenset[str]:
    """The texts that the tokenizer takes for more than text. Raises ModelError as ``read_gguf`` does."""
    metadata = read_gguf(path, keep=frozenset((_TOKENS, _TYPES))).metadata
    tokens, types = (
        value if isinstance(value, GgufArray) else GgufArray(count=0)
        for value in (metadata.get(_TOKENS), metadata.get(_TYPES))
    )
    known = list(enumerate(zip(tokens.texts, types.numbers, strict=False)))
    # Of added tokens only those in brackets: others are runs of spaces and the like.
    ids = {i for i, (text, kind) in known if kind in (_UNKNOWN, _CONTROL) or (kind == _ADDED and text.startswith("<"))}
    for end in ("bos", "eos", "eot", "eom"):
        number = metadata.get(f"tokenizer.ggml.{end}_token_id")
        if isinstance(number, int):
            ids.add(number)
    return frozenset(tokens.texts[i] for i in ids if 0 <= i < len(tokens.texts) and len(tokens.texts[i]) > 1)
