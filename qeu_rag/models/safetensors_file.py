"""The header of a safetensors file: https://github.com/huggingface/safetensors (a u64 length, JSON, then the data)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from qeu_rag.errors import ModelError
from qeu_rag.models.model_file import ModelFile, elements

_LARGEST_HEADER = 1 << 22


def read_safetensors(path: Path) -> ModelFile:
    """What the safetensors file at ``path`` holds and whether it is whole. Raises ModelError where it cannot be read."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
            if 8 + length > size:
                return _file(path, "truncated", missing_bytes=8 + length - size, missing_at_least=True)
            if length > _LARGEST_HEADER:
                return _file(path, "damaged", problem="model_damaged", problem_at=8)
            text = file.read(length)
    except OSError as error:
        raise ModelError("model_unreadable", path=path, detail=error.strerror or error) from error
    try:
        weights, end = _tensors(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _file(path, "damaged", problem="model_damaged", problem_at=8)
    missing = 8 + length + end - size
    if missing > 0:
        return _file(path, "truncated", missing_bytes=missing, parameters=weights)
    return _file(path, "whole", parameters=weights)


def _tensors(header: dict[str, Any]) -> tuple[int, int]:
    """The number of weights, and where the last one's data ends. Raises whatever a header of another shape leads to."""
    weights = end = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            begin, stop = (int(place) for place in tensor["data_offsets"])
            shape = [int(dimension) for dimension in tensor["shape"]]
            if (
                not 0 <= begin <= stop
                or min(shape, default=0) < 0
                or max(stop, *shape, 0) >= 1 << 60
                or len(shape) > 16
            ):
                raise ValueError(name)
            end = max(end, stop)
            weights += elements(shape)
    return weights, end


def _file(path: Path, state: Any, **known: Any) -> ModelFile:
    return ModelFile(path=path, kind="safetensors", state=state, format="safetensors", **known)
