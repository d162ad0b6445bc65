"""Tensors of an old GGML file as float32 rows, a few megabytes at a time, from every block form that it may have.

The forms are ggml's of April 2023 to today (ggml.c, ggml-common.h): blocks of 32 elements with one scale, q4_1 and q5_1 with a
least value besides; the fifth bits of q5 stand before the nibbles, bit i for element i.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from qeu_rag.errors import ModelError
from qeu_rag.models.tensor_types import F16, F32, NAMES, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, READABLE

if TYPE_CHECKING:
    from qeu_rag.models.ggml_file import GptjFile
    from qeu_rag.models.tensor_types import GgmlTensor

Rows = NDArray[np.float32]

_BLOCK = 32
_PIECE = 4_000_000
"""Elements read at a time: 16 MB as float32, and about four times that while they are worked out."""


def rows_of(opened: BinaryIO, file: GptjFile, tensor: GgmlTensor) -> Iterator[Rows]:
    """The tensor's rows in order, as arrays of shape (some rows, row length); a 1-D tensor is one row.

    Raises ModelError for a type that is not READABLE ("gptj_type") and where the file ends early ("model_truncated").
    """
    if tensor.type not in READABLE:
        raise ModelError("gptj_type", path=file.path, tensor=tensor.name, type=NAMES.get(tensor.type, tensor.type))
    length = tensor.shape[-1]
    count = math.prod(tensor.shape[:-1])
    row_bytes = tensor.size // count
    step = max(1, _PIECE // length)
    for start in range(0, count, step):
        rows = min(step, count - start)
        data = read_exactly(opened, file, tensor.offset + start * row_bytes, rows * row_bytes)
        yield dequantise(data, tensor.type, wide=file.old_blocks, paired=file.paired_nibbles).reshape(rows, length)


def read_exactly(opened: BinaryIO, file: GptjFile, offset: int, size: int) -> bytes:
    """``size`` bytes at ``offset``. Raises ModelError("model_truncated") where the file, whole before, ends earlier now."""
    opened.seek(offset)
    data = opened.read(size)
    if len(data) < size:
        raise ModelError("model_truncated", path=file.path, missing=f"{size - len(data):,}")
    return data


def require_usable(file: GptjFile) -> None:
    """Raises ModelError for a file that is cut short ("model_truncated") or whose sizes do not go together ("gptj_shape")."""
    if file.missing_bytes:
        raise ModelError("model_truncated", path=file.path, missing=f"{file.missing_bytes:,}")
    if not file.heads_fit:
        raise ModelError("gptj_shape", path=file.path, width=file.n_embd, heads=file.n_head, rotary=file.n_rot)


def dequantise(data: bytes, kind: int, *, wide: bool, paired: bool) -> Rows:
    """The float32 values of ``data``, flat. ``wide``: q4 and q8 blocks have float32 scales; ``paired``: see ``GptjFile``."""
    if kind in (F32, F16):
        return np.frombuffer(data, "<f4" if kind == F32 else "<f2").astype(np.float32)
    # q5 came with float16 scales from its first day.
    scale = np.dtype("<f4" if wide and kind not in (Q5_0, Q5_1) else "<f2")
    fields: list[tuple[str, object] | tuple[str, object, tuple[int]]] = [("scale", scale)]
    if kind in (Q4_1, Q5_1):
        fields.append(("least", scale))
    if kind in (Q5_0, Q5_1):
        fields.append(("fifth", np.uint8, (4,)))
    fields.append(("quants", np.int8, (_BLOCK,)) if kind == Q8_0 else ("quants", np.uint8, (_BLOCK // 2,)))
    blocks = np.frombuffer(data, np.dtype(fields))
    if kind == Q8_0:
        values = blocks["quants"].astype(np.float32)
    else:
        quants = _apart(blocks["quants"], paired)
        if kind in (Q5_0, Q5_1):
            quants |= np.unpackbits(blocks["fifth"], axis=1, bitorder="little") << 4
        values = quants.astype(np.float32)
        if kind == Q4_0:
            values -= 8
        elif kind == Q5_0:
            values -= 16
    values *= blocks["scale"].astype(np.float32)[:, None]
    if kind in (Q4_1, Q5_1):
        values += blocks["least"].astype(np.float32)[:, None]
    return values.reshape(-1)


def quantise_q4_0(values: Rows) -> bytes:
    """``values`` in 18-byte q4_0 blocks with nibbles apart, by ggml's reference arithmetic (quantize_row_q4_0)."""
    rows = values.reshape(-1, _BLOCK)
    extreme = rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)]
    scale = extreme / np.float32(-8)
    inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale != 0)
    quants = np.minimum(15, (rows * inverse[:, None] + np.float32(8.5)).astype(np.int8)).astype(np.uint8)
    return _packed(scale, quants)


def repack_q4_0(data: bytes, *, wide: bool, paired: bool) -> bytes:
    """q4_0 blocks of any form as 18-byte blocks with nibbles apart: the same four bits, the scale rounded to float16."""
    scale = np.dtype("<f4" if wide else "<f2")
    blocks = np.frombuffer(data, np.dtype([("scale", scale), ("quants", np.uint8, (_BLOCK // 2,))]))
    return _packed(blocks["scale"], _apart(blocks["quants"], paired))


def _packed(scale: NDArray[np.floating], quants: NDArray[np.uint8]) -> bytes:
    blocks = np.empty(len(scale), np.dtype([("scale", "<f2"), ("quants", np.uint8, (_BLOCK // 2,))]))
    blocks["scale"] = scale
    blocks["quants"] = quants[:, :16] | (quants[:, 16:] << 4)
    return blocks.tobytes()


def _apart(packed: NDArray[np.uint8], paired: bool) -> NDArray[np.uint8]:
    """The 32 quants of each block, in order of their elements."""
    low, high = packed & 15, packed >> 4
    if not paired:
        return np.concatenate((low, high), axis=1)
    return np.stack((low, high), axis=2).reshape(len(packed), _BLOCK)
