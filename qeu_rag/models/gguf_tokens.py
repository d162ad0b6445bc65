"""The special tokens of a GGUF file, which its chat template writes and which end a reply.

Source: the GGUF specification, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qeu_rag.errors import ModelError
from qeu_rag.models.fields import Cut, Fields

_UNKNOWN, _CONTROL = 2, 3  # types of tokens
_STRING, _ARRAY = 8, 9  # types of values
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TOKENS, _TYPES = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"
_MOST_ITEMS, _MOST_TOKENS, _LONGEST_TOKEN = 1 << 22, 1 << 21, 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialTokens:
    """``special`` are the texts that the tokenizer takes for control tokens, ``control`` the ids of those tokens."""

    bos: str = ""
    bos_id: int | None = None
    eos: str = ""
    special: frozenset[str] = frozenset()
    control: frozenset[int] = frozenset()


def read_special_tokens(path: Path) -> SpecialTokens:
    """Reads them from a file that ``inspect`` found whole. Raises ModelError("model_damaged") for another."""
    try:
        with path.open("rb") as file:
            fields = Fields(file, os.fstat(file.fileno()).st_size)
            try:
                return _special(_metadata(fields))
            except (Cut, struct.error, ValueError, KeyError) as e:
                raise ModelError("model_damaged", path=path, at=fields.at) from e
    except OSError as e:
        raise ModelError("model_unreadable", path=path, detail=e.strerror or type(e).__name__) from e


def _special(values: dict[str, Any]) -> SpecialTokens:
    tokens: list[str] = values.get(_TOKENS) or []
    types: list[int] = values.get(_TYPES) or []
    ids = {kind: values.get(f"tokenizer.ggml.{kind}_token_id") for kind in ("bos", "eos", "eot", "eom")}
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


def _metadata(fields: Fields) -> dict[str, Any]:
    """The numbers and the two arrays of tokens; everything else is passed over."""
    fields.take(4)
    version, _tensors, count = fields.u32(), fields.u64(), fields.u64()
    if version not in (2, 3) or count > _MOST_ITEMS:
        raise ValueError("version")
    values: dict[str, Any] = {}
    for _ in range(count):
        key = _text(fields)
        kind = fields.u32()
        if kind == _STRING:
            fields.skip(fields.u64())
        elif kind == _ARRAY:
            values[key] = _array(fields, keep=key in (_TOKENS, _TYPES))
        else:
            values[key] = fields.unpack(_NUMBERS[kind])[0]
    return values


def _array(fields: Fields, *, keep: bool) -> list[Any] | None:
    kind, count = fields.u32(), fields.u64()
    if count > (_MOST_TOKENS if keep else _MOST_ITEMS):
        raise ValueError("too many")
    if kind == _STRING:
        if keep:
            return [_text(fields) for _ in range(count)]
        for _ in range(count):
            fields.skip(fields.u64())
        return None
    form = _NUMBERS[kind]
    if keep:
        return list(fields.unpack(f"{count}{form}"))
    fields.skip(count * struct.calcsize(f"<{form}"))
    return None


def _text(fields: Fields) -> str:
    length = fields.u64()
    if length > _LONGEST_TOKEN:
        raise ValueError("too long")
    return fields.take(length).decode("utf-8", "replace")
