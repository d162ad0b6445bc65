"""Why a model file cannot be run here, and what to do instead."""

from __future__ import annotations

from qeu_rag.errors import ModelError
from qeu_rag.models.model_file import ModelFile

LEAST_CONTEXT = 256
"""Tokens; a model with a smaller context cannot hold the instruction, some evidence, a question and a reply."""
_BIG_ENDIAN = frozenset(version << 24 for version in (1, 2, 3))
_BY_KIND = {
    "empty": "model_empty",
    "html": "model_html",
    "lfs-pointer": "model_lfs_pointer",
    "text": "model_text",
    "llama-legacy": "llama_legacy",
    "ggml-legacy": "ggml_legacy",
    "safetensors": "model_safetensors",
    "pytorch": "model_pytorch",
    "archive": "model_archive",
}


def refusal(file: ModelFile) -> ModelError | None:
    """The error for a model that cannot be run here; None for one that can.

    Whether an engine takes what a GGUF file holds, and whether this machine has the memory, the engines answer.
    """
    path = file.path
    if file.state == "damaged":
        key, at = file.problem, file.problem_at
        if key == "gguf_version" and at in _BIG_ENDIAN:
            return ModelError("gguf_big_endian", path=path)
        if key == "gguf_version":
            return ModelError("gguf_version", path=path, version=at)
        return ModelError("model_damaged", path=path, at=at)
    if file.state == "truncated":
        key = "model_truncated_least" if file.missing_at_least else "model_truncated"
        if file.missing_bytes == 1:
            return ModelError(f"{key}_one", path=path)
        return ModelError(key, path=path, missing=f"{file.missing_bytes:,}")
    if file.kind == "gguf":
        if file.embeds:
            return ModelError("gguf_embedder", path=path, architecture=file.architecture)
        return _short_context(file)
    if file.kind == "gptj":
        if not file.engine:
            return ModelError("gptj_quantisation", path=path, quantisation=file.quantisation)
        return _short_context(file)
    if file.kind in ("ctranslate2", "huggingface"):
        if file.kind == "ctranslate2":
            return ModelError("model_ctranslate2", path=path)
        return ModelError("model_huggingface", path=path, architecture=file.architecture or "-")
    if file.kind in _BY_KIND:
        return ModelError(_BY_KIND[file.kind], path=path, format=file.format)
    if file.size_bytes == 0:
        return ModelError("model_folder_unknown", path=path)
    return ModelError("model_unknown", path=path, first=file.first_bytes.hex(" "))


def _short_context(file: ModelFile) -> ModelError | None:
    if file.context_tokens >= LEAST_CONTEXT or not file.context_tokens:
        return None
    return ModelError("context_short", path=file.path, context=file.context_tokens, least=LEAST_CONTEXT)
