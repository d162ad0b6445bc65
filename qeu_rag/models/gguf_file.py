"""The header of a GGUF file: its metadata and its tensors' shapes, read without trusting any count in it.

Versions 1 to 3, little-endian. Specification: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from qeu_rag.errors import ModelError
from qeu_rag.models.fields import Cut, Fields
from qeu_rag.models.model_file import elements

MAGIC = b"GGUF"
_STRING, _ARRAY = 8, 9
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
# Far above what any model has (about 1,500 tensors, 60 values, 260,000 tokens), and small enough to be read in a moment.
_MOST_TENSORS = 1 << 16
_MOST_VALUES = 1 << 14
_MOST_STRINGS = 1 << 21  # in all arrays together
_LONGEST_NAME = 1 << 8
_LONGEST_TOKEN = 1 << 16
_LONGEST_KEPT = 1 << 20  # of one text; longer ones are passed over
_KEPT_ALTOGETHER = 1 << 24
_LARGEST_HEADER = 1 << 28
_NUMBERS_KEPT = 1 << 10  # of an array, such as one value a layer


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufArray:
    """An array in the metadata: how many values, and the values themselves where they are few numbers or were asked for."""

    count: int
    numbers: tuple[int | float, ...] = ()
    texts: tuple[str, ...] = ()


Value: TypeAlias = "int | float | bool | str | GgufArray"


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufFile:
    """What the header says. ``data_offset`` is where the tensors' data begins.

    ``missing_bytes`` is the least that is missing where the file ends within its header, or before its last tensor begins: how
    long that one is, only what loads it knows. 0 for any other file.
    """

    path: Path
    version: int
    metadata: Mapping[str, Value]
    shapes: tuple[tuple[int, ...], ...]
    data_offset: int
    missing_bytes: int


def read_gguf(path: Path, *, keep: frozenset[str] = frozenset()) -> GgufFile:
    """The header of the GGUF file at ``path``; one that is cut short is read as far as it goes.

    ``keep`` names arrays whose values are wanted whole, such as the tokens of the vocabulary.

    Raises ModelError where it is damaged, big-endian, of an unknown version, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            fields = Fields(file, os.fstat(file.fileno()).st_size)
            return _Reader(path, fields, keep).read()
    except OSError as error:
        raise ModelError("model_unreadable", path=path, detail=error.strerror or error) from error


class _Reader:
    """One reading of one header."""

    def __init__(self, path: Path, fields: Fields, keep: frozenset[str]) -> None:
        self._keep = keep
        self._path = path
        self._fields = fields
        self._wide = True
        self._kept = 0
        self._texts = 0
        self._metadata: dict[str, Value] = {}
        self._shapes: list[tuple[int, ...]] = []
        self._last = 0

    def read(self) -> GgufFile:
        fields = self._fields
        version, whole = 0, False
        try:
            if fields.take(4) != MAGIC:
                raise ModelError("model_damaged", path=self._path, at=0)
            version = fields.u32()
            if not 1 <= version <= 3:
                raise ModelError("gguf_version", path=self._path, version=version)
            self._wide = version > 1
            tensors, values = self._count(), self._count()
            if tensors > _MOST_TENSORS or values > _MOST_VALUES:
                raise self._damaged()
            for _ in range(values):
                self._value_of_key()
            for _ in range(tensors):
                self._tensor()
            whole = True
        except Cut:
            pass
        return self._placed(version, whole)

    def _placed(self, version: int, whole: bool) -> GgufFile:
        alignment = self._metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 16 or alignment & (alignment - 1):
            raise self._damaged()
        data = -(-self._fields.at // alignment) * alignment if whole else self._fields.size
        end = data + self._last + 1 if self._shapes else 0
        return GgufFile(
            path=self._path,
            version=version,
            metadata=self._metadata,
            shapes=tuple(self._shapes),
            data_offset=data,
            missing_bytes=max(0, end - self._fields.size) if whole else 1,
        )

    def _damaged(self) -> ModelError:
        return ModelError("model_damaged", path=self._path, at=self._fields.at)

    def _count(self) -> int:
        return self._fields.u64() if self._wide else self._fields.u32()

    def _text(self, longest: int) -> str:
        length = self._count()
        if length > longest:
            raise self._damaged()
        return self._fields.take(length).decode("utf-8", "replace")

    def _value_of_key(self) -> None:
        if self._fields.at > _LARGEST_HEADER:
            raise self._damaged()
        key = self._text(_LONGEST_NAME)
        kind = self._fields.u32()
        if kind == _STRING:
            value = self._long_text()
        elif kind == _ARRAY:
            value = self._array(keep=key in self._keep)
        elif kind in _NUMBERS:
            number = self._fields.unpack(_NUMBERS[kind])[0]
            value = bool(number) if kind == 7 else number
        else:
            raise self._damaged()
        if value is not None:
            self._metadata[key] = value

    def _long_text(self) -> Value | None:
        length = self._count()
        if length > _LONGEST_KEPT or self._kept + length > _KEPT_ALTOGETHER:
            self._fields.skip(length)
            return None
        self._kept += length
        return self._fields.take(length).decode("utf-8", "replace")

    def _array(self, *, keep: bool) -> GgufArray:
        kind, count = self._fields.u32(), self._count()
        if kind == _STRING:
            self._texts += count
            if self._texts > _MOST_STRINGS:
                raise self._damaged()
            if keep:
                return GgufArray(count=count, texts=tuple(self._text(_LONGEST_TOKEN) for _ in range(count)))
            self._strings(count)
            return GgufArray(count=count)
        if kind not in _NUMBERS:
            raise self._damaged()  # arrays of arrays are allowed, but nothing writes or loads them
        if keep and count <= _MOST_STRINGS:
            return GgufArray(count=count, numbers=self._fields.unpack(f"{count}{_NUMBERS[kind]}"))
        if count <= _NUMBERS_KEPT and self._kept <= _KEPT_ALTOGETHER:
            self._kept += 64 * count
            return GgufArray(count=count, numbers=self._fields.unpack(f"{count}{_NUMBERS[kind]}"))
        self._fields.skip(count * struct.calcsize(_NUMBERS[kind]))
        return GgufArray(count=count)

    def _strings(self, count: int) -> None:
        if self._wide:
            if not self._fields.skip_strings(count, _LONGEST_TOKEN):
                raise self._damaged()
            return
        for _ in range(count):
            length = self._fields.u32()
            if length > _LONGEST_TOKEN:
                raise self._damaged()
            self._fields.skip(length)

    def _tensor(self) -> None:
        self._text(_LONGEST_NAME)
        dimensions = self._fields.u32()
        if not 1 <= dimensions <= 4:
            raise self._damaged()
        shape = tuple(self._count() for _ in range(dimensions))[::-1]
        self._fields.u32()  # its type
        offset = self._fields.u64()
        if elements(shape) > 1 << 48 or offset > 1 << 48:
            raise self._damaged()
        self._shapes.append(shape)
        self._last = max(self._last, offset)
