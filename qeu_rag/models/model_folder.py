"""What a folder with a model in it is, by the names of its files: CTranslate2's, or Hugging Face's."""

from __future__ import annotations

import json
from pathlib import Path

from qeu_rag.errors import ModelError
from qeu_rag.models.model_file import ModelFile

_LARGEST_CONFIG = 1 << 20
_MOST_FILES = 1 << 8


def inspect_folder(path: Path) -> ModelFile:
    """What the folder at ``path`` holds; nothing here runs it. Raises ModelError where it cannot be read."""
    try:
        files = {entry.name: entry for entry in sorted(path.iterdir())[:_MOST_FILES] if entry.is_file()}
        size = sum(entry.stat().st_size for entry in files.values())
        architecture = _architecture(files["config.json"]) if "config.json" in files else ""
    except OSError as error:
        raise ModelError("model_unreadable", path=path, detail=error.strerror or error) from error
    if "model.bin" in files and any(name.startswith(("shared_vocabulary.", "vocabulary.")) for name in files):
        return ModelFile(path=path, kind="ctranslate2", state="whole", format="CTranslate2", size_bytes=size)
    if not architecture and not any(name.endswith(".safetensors") for name in files):
        return ModelFile(path=path, kind="unknown", state="not_a_model")
    return ModelFile(
        path=path, kind="huggingface", state="whole", format="Hugging Face", architecture=architecture, size_bytes=size
    )


def _architecture(config: Path) -> str:
    """The kind of model that ``config`` names; "" where it is not JSON, absurdly long, or names none."""
    with config.open("rb") as file:
        text = file.read(_LARGEST_CONFIG)
    try:
        named = json.loads(text)["model_type"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return ""
    return named if isinstance(named, str) else ""
