"""The special tokens of a GGUF file, which its chat template writes and which end a reply.

Source: the GGUF specification, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qeu_rag.models.gguf_file import GgufArray, GgufFile, read_gguf

_UNKNOWN, _CONTROL = 2, 3  # types of tokens
_TOKENS, _TYPES = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialTokens:
    """``special`` are the texts that the tokenizer takes for control tokens, ``control`` the ids of those tokens."""

    bos: str = ""
    bos_id: int | None = None
    eos: str = ""
    special: frozenset[str] = frozenset()
    control: frozenset[int] = frozenset()


def read_special_tokens(path: Path) -> SpecialTokens:
    """Reads them from a file that ``inspect`` found whole. Raises ModelError as ``read_gguf`` does."""
    file = read_gguf(path, keep=frozenset((_TOKENS, _TYPES)))
    tokens, types = _array(file, _TOKENS).texts, _array(file, _TYPES).numbers
    ids = {kind: file.metadata.get(f"tokenizer.ggml.{kind}_token_id") for kind in ("bos", "eos", "eot", "eom")}
    known = {kind: i for kind, i in ids.items() if isinstance(i, int) and 0 <= i < len(tokens)}
    control = {i for i, kind in enumerate(types) if kind == _CONTROL} | set(known.values())
    special = control | {i for i, kind in enumerate(types) if kind == _UNKNOWN}
    return SpecialTokens(
        bos=tokens[known["bos"]] if "bos" in known else "",
        bos_id=known.get("bos"),
        eos=tokens[known["eos"]] if "eos" in known else "",
        special=frozenset(tokens[i] for i in special if i < len(tokens)) - {""},
        control=frozenset(control),
    )


def _array(file: GgufFile, key: str) -> GgufArray:
    value = file.metadata.get(key)
    return value if isinstance(value, GgufArray) else GgufArray(count=0)
