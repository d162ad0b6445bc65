"""The types of tensors in ggml's files of 2023: their numbers, names and sizes in bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 = 0, 1, 2, 3, 6, 7, 8
READABLE = frozenset({F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0})
"""The types that GPT-J files are converted from."""

# Number: name, elements in a block, bytes in a block. From ggml.h; 4 and 5 lived for a few weeks in 2023 only.
_TYPES: dict[int, tuple[str, int, int]] = {
    0: ("f32", 1, 4), 1: ("f16", 1, 2), 2: ("q4_0", 32, 18), 3: ("q4_1", 32, 20), 4: ("q4_2", 16, 10), 5: ("q4_3", 16, 12),
    6: ("q5_0", 32, 22), 7: ("q5_1", 32, 24), 8: ("q8_0", 32, 34), 10: ("q2_k", 256, 84), 11: ("q3_k", 256, 110),
    12: ("q4_k", 256, 144), 13: ("q5_k", 256, 176), 14: ("q6_k", 256, 210),
}  # fmt: skip

# Until 20 May 2023 (quantisation version 2; llama.cpp pull request 1508) these blocks had float32 scales.
_OLD_BYTES: Mapping[int, int] = MappingProxyType({Q4_0: 20, Q4_1: 24, Q8_0: 36})

NAMES: Mapping[int, str] = MappingProxyType({number: name for number, (name, _, _) in _TYPES.items()})


def size_of(number: int, shape: tuple[int, ...], *, old_blocks: bool = False) -> int | None:
    """The bytes of a tensor of type ``number`` and ``shape`` (outermost first); None where no such tensor can be.

    ``old_blocks``: with float32 scales, as ggml wrote them until May 2023.
    """
    if number not in _TYPES or not shape or min(shape) < 1:
        return None
    _, elements, size = _TYPES[number]
    if shape[-1] % elements:
        return None
    if old_blocks:
        size = _OLD_BYTES.get(number, size)
    return math.prod(shape) // elements * size


@dataclass(frozen=True, slots=True, kw_only=True)
class GgmlTensor:
    """One tensor: its name, ggml type, shape (outermost first, as NumPy has it), and where its bytes lie in the file."""

    name: str
    type: int
    shape: tuple[int, ...]
    offset: int
    size: int
