"""What a folder with a model in it is: CTranslate2's, or Hugging Face's."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from qeu_rag.errors import ModelError
from qeu_rag.models.fields import Cut, Fields
from qeu_rag.models.model_file import ModelFile, elements
from qeu_rag.models.safetensors_file import read_safetensors

_LARGEST_CONFIG = 1 << 20
_MOST_VARIABLES = 1 << 16
_MOST_FILES = 1 << 8
_CT2_VOCABULARIES = {f"{name}.{end}" for name in ("shared_vocabulary", "vocabulary") for end in ("json", "txt")}
_CT2_TYPES = {0: "f32", 1: "int8", 2: "int16", 3: "int32", 4: "f16", 5: "bf16"}


def inspect_folder(path: Path) -> ModelFile:
    """What the folder at ``path`` holds. Raises ModelError where it cannot be read."""
    try:
        files = sorted(entry for entry in path.iterdir() if entry.is_file())[:_MOST_FILES]
        size = sum(entry.stat().st_size for entry in files)
        names = {entry.name for entry in files}
        if "model.bin" in names and names & {
            "shared_vocabulary.json",
            "shared_vocabulary.txt",
            "vocabulary.json",
            "vocabulary.txt",
        }:
            return _ctranslate2(path, size)
        config = _config(path / "config.json") if "config.json" in names else {}
    except OSError as error:
        raise ModelError("model_unreadable", path=path, detail=error.strerror or error) from error
    weights = [entry for entry in files if entry.suffix == ".safetensors"]
    architecture = config.get("model_type")
    if not isinstance(architecture, str) and not weights:
        return ModelFile(path=path, kind="unknown", state="not_a_model")
    return _hugging_face(path, size, config, [read_safetensors(entry) for entry in weights])


def _hugging_face(path: Path, size: int, config: dict[str, Any], weights: list[ModelFile]) -> ModelFile:
    def number(*keys: str) -> int:
        found = (config.get(key) for key in keys)
        return next((n for n in found if isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 1 << 40), 0)

    architecture = config.get("model_type")
    broken = next((file for file in weights if file.state != "whole"), None)
    return ModelFile(
        path=path if broken is None else broken.path,
        kind="huggingface",
        state="whole" if broken is None else broken.state,
        format="Hugging Face",
        architecture=architecture if isinstance(architecture, str) else "",
        parameters=sum(file.parameters for file in weights),
        quantisation=str(config.get("torch_dtype") or config.get("dtype") or "")[:40],
        context_tokens=number("max_position_embeddings", "n_positions", "n_ctx"),
        vocabulary=number("vocab_size"),
        layers=number("num_hidden_layers", "n_layer"),
        size_bytes=size,
        missing_bytes=0 if broken is None else broken.missing_bytes,
        missing_at_least=broken is not None and broken.missing_at_least,
        problem="" if broken is None else broken.problem,
        problem_at=0 if broken is None else broken.problem_at,
    )


def _config(path: Path) -> dict[str, Any]:
    """The settings in ``path``; none where they are not JSON or absurdly long."""
    with path.open("rb") as file:
        text = file.read(_LARGEST_CONFIG)
    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return config if isinstance(config, dict) else {}


def _ctranslate2(path: Path, size: int) -> ModelFile:
    """Walks ``model.bin`` as ctranslate2.specs.model_spec writes it (versions 3 to 6)."""
    model = path / "model.bin"
    known: dict[str, Any] = {"path": path, "kind": "ctranslate2", "format": "CTranslate2", "size_bytes": size}
    with model.open("rb") as file:
        fields = Fields(file, os.fstat(file.fileno()).st_size)
        try:
            version = fields.u32()
            name = _name(fields)
            fields.u32()
            count = fields.u32()
            if not 3 <= version <= 6 or count > _MOST_VARIABLES:
                return ModelFile(state="damaged", problem="model_damaged", problem_at=fields.at, **known)
            weights, types = 0, dict.fromkeys(_CT2_TYPES.values(), 0)
            for _ in range(count):
                _name(fields)
                shape = fields.unpack(f"{fields.unpack('B')[0]}I")
                kind, length = (fields.unpack("BI")) if version >= 4 else (0, _old_length(fields))
                if fields.left < length:
                    return ModelFile(
                        state="truncated", missing_bytes=length - fields.left, missing_at_least=True, **known
                    )
                fields.skip(length)
                weights += elements(shape)
                if len(shape) == 2 and kind in _CT2_TYPES:
                    types[_CT2_TYPES[kind]] += elements(shape)
            for _ in range(2 * min(fields.u32(), _MOST_VARIABLES)):  # other names of variables
                _name(fields)
        except Cut:
            return ModelFile(state="truncated", missing_bytes=1, missing_at_least=True, **known)
    usual = max(types, key=lambda kind: types[kind])
    return ModelFile(
        state="whole", architecture=name, parameters=weights, quantisation=usual if types[usual] else "", **known
    )


def _old_length(fields: Fields) -> int:
    size, count = fields.unpack("BI")
    return size * count


def _name(fields: Fields) -> str:
    length = fields.unpack("H")[0]
    return fields.take(length).rstrip(b"\0").decode("utf-8", "replace")
