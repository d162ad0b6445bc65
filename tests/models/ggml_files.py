"""Writes old GGML GPT-J files from arrays, byte for byte as ggml's converter and quantiser did in each generation.

The arithmetic is that of ggml's reference quantisers: with float32 scales and paired nibbles (until 11 May 2023), with float32
scales and nibbles apart (version 1, until 19 May 2023), and with float16 scales (version 2, ever since).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7, "q8_0": 8}
FTYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q8_0": 7, "q5_0": 8, "q5_1": 9}
HYPERPARAMETERS = ("n_vocab", "n_ctx", "n_embd", "n_head", "n_layer", "n_rot")
BLOCK = 32


def write_gptj(
    path: Path,
    *,
    vocabulary: Sequence[bytes],
    tensors: Mapping[str, NDArray[Any]],
    hyperparameters: Mapping[str, int],
    type: str,
    old_blocks: bool,
    version: int | None = None,
) -> None:
    """Writes the file; ``hyperparameters`` are those of HYPERPARAMETERS. 1-D tensors are float32, 2-D ones of ``type``.

    ``old_blocks``: float32 scales. ``version`` of the quantisation: by default 0 (paired nibbles) for old blocks, else 2.
    """
    if version is None:
        version = 0 if old_blocks else 2
    with path.open("wb") as file:
        file.write(b"lmgg")
        file.write(struct.pack("<6i", *(hyperparameters[name] for name in HYPERPARAMETERS)))
        file.write(struct.pack("<i", FTYPES[type] + 1000 * version))
        file.write(struct.pack("<i", len(vocabulary)))
        for token in vocabulary:
            file.write(struct.pack("<I", len(token)) + token)
        for name, array in tensors.items():
            kind = type if array.ndim == 2 else "f32"
            encoded = name.encode()
            file.write(struct.pack("<3i", array.ndim, len(encoded), TYPES[kind]))
            file.write(struct.pack(f"<{array.ndim}i", *reversed(array.shape)))
            file.write(encoded)
            file.write(quantise(array, kind, old_blocks=old_blocks, paired=old_blocks and version == 0))


def quantise(array: NDArray[Any], type: str, *, old_blocks: bool, paired: bool) -> bytes:
    """The bytes of ``array`` in ``type``: blocks of 32 along its last axis."""
    values = np.ascontiguousarray(array, dtype=np.float32)
    if type in ("f32", "f16"):
        return values.astype("<f4" if type == "f32" else "<f2").tobytes()
    blocks = values.reshape(-1, BLOCK)
    quantiser = {"q4_0": _q4_0, "q4_1": _q4_1, "q5_0": _q5_0, "q5_1": _q5_1, "q8_0": _q8_0}[type]
    scales, quants = quantiser(blocks, paired)
    wide = old_blocks and not type.startswith("q5")  # q5 has had float16 scales from its first day
    columns = [scale.astype("<f4" if wide else "<f2").reshape(-1, 1).view(np.uint8) for scale in scales]
    if type.startswith("q5"):
        columns.append(np.packbits(quants >> 4, axis=1, bitorder="little"))
    columns.append(quants.view(np.uint8) if type == "q8_0" else _nibbles(quants, paired))
    return np.concatenate(columns, axis=1).tobytes()


Quantised = tuple[list[NDArray[np.float32]], NDArray[Any]]


def _nibbles(quants: NDArray[np.uint8], paired: bool) -> NDArray[np.uint8]:
    low, high = (quants[:, 0::2], quants[:, 1::2]) if paired else (quants[:, :16], quants[:, 16:])
    return (low & 15) | ((high & 15) << 4)


def _inverse(scale: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale != 0)[:, None]


def _extreme(blocks: NDArray[np.float32]) -> NDArray[np.float32]:
    """The value of largest magnitude in each block, with its sign."""
    return blocks[np.arange(len(blocks)), np.abs(blocks).argmax(axis=1)]


def _q4_0(blocks: NDArray[np.float32], paired: bool) -> Quantised:
    if paired:  # as GPT4All-J was made in April 2023
        scale = np.abs(blocks).max(axis=1) / np.float32(7)
        return [scale], (_round(blocks * _inverse(scale)) + 8).astype(np.uint8)
    scale = _extreme(blocks) / np.float32(-8)
    return [scale], np.minimum(15, (blocks * _inverse(scale) + np.float32(8.5)).astype(np.int8)).astype(np.uint8)


def _q4_1(blocks: NDArray[np.float32], paired: bool) -> Quantised:
    least = blocks.min(axis=1)
    scale = (blocks.max(axis=1) - least) / np.float32(15)
    shifted = (blocks - least[:, None]) * _inverse(scale)
    return [scale, least], np.minimum(15, (shifted + np.float32(0.5)).astype(np.int8)).astype(np.uint8)


def _q5_0(blocks: NDArray[np.float32], paired: bool) -> Quantised:
    scale = _extreme(blocks) / np.float32(-16)
    return [scale], np.minimum(31, (blocks * _inverse(scale) + np.float32(16.5)).astype(np.int8)).astype(np.uint8)


def _q5_1(blocks: NDArray[np.float32], paired: bool) -> Quantised:
    least = blocks.min(axis=1)
    scale = (blocks.max(axis=1) - least) / np.float32(31)
    return [scale, least], ((blocks - least[:, None]) * _inverse(scale) + np.float32(0.5)).astype(np.uint8)


def _q8_0(blocks: NDArray[np.float32], paired: bool) -> Quantised:
    scale = np.abs(blocks).max(axis=1) / np.float32(127)
    return [scale], _round(blocks * _inverse(scale)).astype(np.int8)


def _round(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """C's roundf: halves away from zero."""
    return np.trunc(values + np.copysign(np.float32(0.5), values))
