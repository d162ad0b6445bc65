"""The header of a GGUF file: its metadata and its tensors' shapes, read without trusting any count in it.

Versions 1 to 3, little-endian. Specification: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from qeu_rag.errors import ModelError

MAGIC = b"GGUF"
_STRING, _ARRAY, _BOOL = 8, 9, 7
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", _BOOL: "B", 10: "Q", 11: "q", 12: "d"}
# Far above what any model has (about 1,500 tensors, 60 values, 15 MB), and small enough to be read in a moment.
_MOST_TENSORS = 1 << 16
_MOST_VALUES = 1 << 14
_LONGEST_NAME = 1 << 8
_LARGEST_HEADER = 1 << 25
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
            size = os.fstat(file.fileno()).st_size
            return _Reader(path, file.read(_LARGEST_HEADER), size, keep).read()
    except OSError as error:
        raise ModelError("model_unreadable", path=path, detail=error.strerror or error) from error


class _Cut(Exception):
    """The file ends here."""


class _Reader:
    """One reading of one header, whose beginning is ``data``."""

    def __init__(self, path: Path, data: bytes, size: int, keep: frozenset[str]) -> None:
        self._path, self._data, self._size, self._keep = path, data, size, keep
        self._at = len(MAGIC)
        self._count_form = "Q"
        self._metadata: dict[str, Value] = {}
        self._shapes: list[tuple[int, ...]] = []
        self._last = 0

    def read(self) -> GgufFile:
        version, whole = 0, False
        try:
            version = self._number("I")
            if not 1 <= version <= 3:
                raise ModelError("gguf_version", path=self._path, version=version)
            self._count_form = "I" if version == 1 else "Q"
            tensors, values = self._count(), self._count()
            if tensors > _MOST_TENSORS or values > _MOST_VALUES:
                raise self._damaged()
            for _ in range(values):
                key = self._text(_LONGEST_NAME)
                self._metadata[key] = self._value(self._number("I"), key)
            for _ in range(tensors):
                self._tensor()
            whole = True
        except _Cut:
            pass
        alignment = self._metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 16 or alignment & (alignment - 1):
            raise self._damaged()
        data = -(-self._at // alignment) * alignment if whole else self._size
        end = data + self._last + 1 if self._shapes else 0
        return GgufFile(
            path=self._path,
            version=version,
            metadata=self._metadata,
            shapes=tuple(self._shapes),
            data_offset=data,
            missing_bytes=max(0, end - self._size) if whole else 1,
        )

    def _damaged(self) -> ModelError:
        return ModelError("model_damaged", path=self._path, at=self._at)

    def _skip(self, size: int) -> int:
        """Goes on by ``size`` bytes; where they begin."""
        begin, end = self._at, self._at + size
        if end > self._size:
            raise _Cut
        if end > len(self._data):
            raise self._damaged()
        self._at = end
        return begin

    def _numbers(self, form: str, count: int) -> tuple[int | float, ...]:
        return struct.unpack_from(f"<{count}{form}", self._data, self._skip(count * struct.calcsize(form)))

    def _number(self, form: str) -> int:
        return int(self._numbers(form, 1)[0])

    def _count(self) -> int:
        return self._number(self._count_form)

    def _text(self, longest: int = _LARGEST_HEADER) -> str:
        length = self._count()
        if length > longest:
            raise self._damaged()
        begin = self._skip(length)
        return self._data[begin : begin + length].decode("utf-8", "replace")

    def _value(self, kind: int, key: str) -> Value:
        if kind == _STRING:
            return self._text()
        if kind == _ARRAY:
            return self._array(self._number("I"), self._count(), keep=key in self._keep)
        if kind not in _NUMBERS:
            raise self._damaged()
        number = self._numbers(_NUMBERS[kind], 1)[0]
        return bool(number) if kind == _BOOL else number

    def _array(self, kind: int, count: int, *, keep: bool) -> GgufArray:
        if kind == _STRING:
            if count > len(self._data):  # each takes some bytes at least
                raise self._damaged()
            if keep:
                return GgufArray(count=count, texts=tuple(self._text() for _ in range(count)))
            self._skip_texts(count)
            return GgufArray(count=count)
        if kind not in _NUMBERS:
            raise self._damaged()  # arrays of arrays are allowed, but nothing writes or loads them
        if keep or count <= _NUMBERS_KEPT:
            return GgufArray(count=count, numbers=self._numbers(_NUMBERS[kind], count))
        self._skip(count * struct.calcsize(_NUMBERS[kind]))
        return GgufArray(count=count)

    def _skip_texts(self, count: int) -> None:
        length = struct.Struct(f"<{self._count_form}")
        at, size, data = self._at, length.size, self._data
        try:
            for _ in range(count):
                at += size + length.unpack_from(data, at)[0]
        except (struct.error, OverflowError):  # past the end, by little or by more than any file has
            at += size
        self._skip(at - self._at)

    def _tensor(self) -> None:
        self._text(_LONGEST_NAME)
        dimensions = self._number("I")
        if not 1 <= dimensions <= 4:
            raise self._damaged()
        shape = tuple(self._count() for _ in range(dimensions))[::-1]
        self._number("I")  # its type
        offset = self._number("Q")
        if math.prod(shape) > 1 << 48 or offset > 1 << 48:
            raise self._damaged()
        self._shapes.append(shape)
        self._last = max(self._last, offset)
