"""What a chat needs to know of a GGUF file: its template, its special tokens, and the length of its context.

Source: the GGUF specification, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from qeu_rag.errors import ModelError

_UNKNOWN, _CONTROL = 2, 3  # types of tokens
_STRING, _ARRAY = 8, 9  # types of values
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_MOST_KEYS, _MOST_ITEMS, _LONGEST = 100_000, 4_000_000, 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufFacts:
    """``special`` are the texts that the tokenizer takes for control tokens, ``control`` the ids of those tokens."""

    name: str
    architecture: str
    context_tokens: int | None
    template: str | None
    bos: str
    bos_id: int | None
    eos: str
    special: frozenset[str]
    control: frozenset[int]


def read_facts(path: Path) -> GgufFacts:
    """Reads the metadata of the file, never its weights. Raises ModelError("gguf_header") where they cannot be read."""
    try:
        with path.open("rb") as file:
            values = _metadata(file)
        return _facts(values, path)
    except OSError as e:
        raise ModelError("model_unreadable", path=path, detail=e.strerror or type(e).__name__) from e
    except (struct.error, UnicodeDecodeError, ValueError, TypeError) as e:
        raise ModelError("gguf_header", path=path) from e


def _facts(values: dict[str, Any], path: Path) -> GgufFacts:
    architecture = str(values.get("general.architecture", ""))
    tokens: list[str] = values.get("tokenizer.ggml.tokens", [])
    types: list[int] = values.get("tokenizer.ggml.token_type", [])
    ends = {values.get(f"tokenizer.ggml.{kind}_token_id") for kind in ("bos", "eos", "eot", "eom")}
    control = {i for i, kind in enumerate(types) if kind == _CONTROL} | {i for i in ends if isinstance(i, int)}
    special = control | {i for i, kind in enumerate(types) if kind == _UNKNOWN}
    context = values.get(f"{architecture}.context_length")
    template = values.get("tokenizer.chat_template")
    bos_id, eos_id = (values.get(f"tokenizer.ggml.{kind}_token_id") for kind in ("bos", "eos"))

    def text(number: object) -> str:
        return tokens[number] if isinstance(number, int) and 0 <= number < len(tokens) else ""

    return GgufFacts(
        name=str(values.get("general.name") or path.stem),
        architecture=architecture,
        context_tokens=context if isinstance(context, int) and context > 0 else None,
        template=template if isinstance(template, str) and template.strip() else None,
        bos=text(bos_id),
        bos_id=bos_id if isinstance(bos_id, int) else None,
        eos=text(eos_id),
        special=frozenset(text(i) for i in special) - {""},
        control=frozenset(control),
    )


def _metadata(file: BinaryIO) -> dict[str, Any]:
    """Every key with its value; arrays other than those of the tokens are passed over."""
    magic, version, _tensors, count = struct.unpack("<4sIQQ", file.read(24))
    if magic != b"GGUF" or version not in (2, 3) or count > _MOST_KEYS:
        raise ValueError("no GGUF")
    values: dict[str, Any] = {}
    for _ in range(count):
        key = _string(file)
        (kind,) = struct.unpack("<I", file.read(4))
        value = _value(file, kind, keep=key in ("tokenizer.ggml.tokens", "tokenizer.ggml.token_type"))
        values[key] = value
    return values


def _value(file: BinaryIO, kind: int, *, keep: bool) -> Any:
    if kind == _STRING:
        return _string(file)
    if kind != _ARRAY:
        layout = _SCALARS.get(kind)
        if layout is None:
            raise ValueError("unknown type")
        return struct.unpack(layout, _exactly(file, struct.calcsize(layout)))[0]
    inner, count = struct.unpack("<IQ", _exactly(file, 12))
    if count > _MOST_ITEMS or inner == _ARRAY:
        raise ValueError("too many items")
    if inner == _STRING:
        texts = []
        for _ in range(count):
            text = _string(file)
            if keep:
                texts.append(text)
        return texts
    layout = _SCALARS.get(inner)
    if layout is None:
        raise ValueError("unknown type")
    data = _exactly(file, struct.calcsize(layout) * count)
    return list(struct.unpack(f"<{count}{layout[1]}", data)) if keep else None


def _string(file: BinaryIO) -> str:
    (length,) = struct.unpack("<Q", _exactly(file, 8))
    if length > _LONGEST:
        raise ValueError("too long")
    return _exactly(file, length).decode("utf-8", "replace")


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise ValueError("cut off")
    return data
