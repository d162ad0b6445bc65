"""The header of a GGUF file: its metadata and every tensor's place, read without trusting any count in it.

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
from qeu_rag.models.tensor_types import NAMES, GgmlTensor, size_of

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
    """What the header says. ``missing_bytes`` is 0 for a whole file.

    ``header_whole`` is False where the file ends within its header: then ``tensors`` are those described before that, and
    ``missing_bytes`` is the least that is missing.
    """

    path: Path
    version: int
    metadata: Mapping[str, Value]
    tensors: tuple[GgmlTensor, ...]
    header_whole: bool
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
        self._places: list[tuple[str, int, tuple[int, ...], int, int]] = []

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
        header = self._fields.at if whole else self._fields.size
        data = -(-header // alignment) * alignment
        end = header if not self._places else data
        for _, _, _, offset, size in sorted(self._places, key=lambda place: place[3]):
            if offset % alignment or data + offset < end:
                raise self._damaged()  # lies askew, or over the one before
            end = data + offset + size
        missing = max(0, end - self._fields.size)
        return GgufFile(
            path=self._path,
            version=version,
            metadata=self._metadata,
            tensors=tuple(
                GgmlTensor(name=name, type=kind, shape=shape, offset=data + offset, size=size)
                for name, kind, shape, offset, size in self._places
            ),
            header_whole=whole,
            missing_bytes=missing if whole else max(1, missing),
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
        name = self._text(_LONGEST_NAME)
        dimensions = self._fields.u32()
        if not 1 <= dimensions <= 4:
            raise self._damaged()
        shape = tuple(self._count() for _ in range(dimensions))[::-1]
        kind, offset = self._fields.u32(), self._fields.u64()
        if kind not in NAMES and kind < 1 << 10:
            raise ModelError("gguf_type", path=self._path, type=kind)
        size = size_of(kind, shape)
        if size is None or size > 1 << 48 or offset > 1 << 48:
            raise self._damaged()
        self._places.append((name, kind, shape, offset, size))
