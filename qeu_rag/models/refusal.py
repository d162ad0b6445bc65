"""Why a model file cannot be run here, and what to do instead."""

from __future__ import annotations

from qeu_rag.errors import ModelError
from qeu_rag.models.model_file import ModelFile
from qeu_rag.models.tensor_types import F16, F32, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0

# What gpt4all 2.8.2's library accepts, tried with a file of each architecture that llama.cpp has a name for.
GPT4ALL_ARCHITECTURES = frozenset(
    "baichuan bloom chatglm codeshell command-r deepseek2 falcon gemma gemma2 gpt2 gptneox internlm2 jais llama mpt olmo "
    "openelm orion phi2 phi3 qwen qwen2 qwen2moe refact stablelm starcoder starcoder2 xverse".split()
)
# The tensor types that its llama.cpp (August 2024) computes on any processor.
GPT4ALL_TYPES = frozenset((0, 1, 2, 3, 6, 7, 8, *range(10, 15), *range(16, 31)))
# What the converter of GPT-J files reads.
GPTJ_TYPES = frozenset((F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0))
_EMBEDDERS = frozenset(
    ("bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "jina-bert-v3", "modern-bert", "t5encoder")
)
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

    Whether this machine has the memory for it is another question, which the engines answer.
    """
    path = file.path
    if file.state == "damaged":
        key, at = file.problem, file.problem_at
        if key == "gguf_version" and at in _BIG_ENDIAN:
            return ModelError("gguf_big_endian", path=path)
        if key == "gguf_version":
            return ModelError("gguf_version", path=path, version=at)
        if key == "gguf_type":
            return ModelError("gguf_type", path=path, type=at)
        if key in ("gguf_tensor_missing", "gguf_tensor_size"):
            values = {"tensor": file.problem_tensor, "found": at, "expected": file.problem_expected}
            return ModelError(key, path=path, **values)
        return ModelError("model_damaged", path=path, at=at)
    if file.state == "truncated":
        key = "model_truncated_least" if file.missing_at_least else "model_truncated"
        if file.missing_bytes == 1:
            return ModelError(f"{key}_one", path=path)
        return ModelError(key, path=path, missing=f"{file.missing_bytes:,}")
    if file.kind == "gguf":
        return _of_gguf(file)
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


def _of_gguf(file: ModelFile) -> ModelError | None:
    path, architecture = file.path, file.architecture or "-"
    if file.architecture == "gptj":
        return ModelError("gguf_gptj", path=path)
    if file.architecture in _EMBEDDERS:
        return ModelError("gguf_embedder", path=path, architecture=architecture)
    if file.architecture not in GPT4ALL_ARCHITECTURES:
        return ModelError("gguf_architecture", path=path, architecture=architecture)
    if file.parts > 1:
        return ModelError("gguf_part", path=path, parts=file.parts)
    if file.format == "GGUF 1":
        return ModelError("gguf_old", path=path)
    if not file.engine:
        return ModelError("gguf_quantisation", path=path, quantisation=file.quantisation or "-")
    if not (file.parameters and file.vocabulary and file.layers and file.context_tokens):
        return ModelError("gguf_incomplete", path=path)
    if file.template_problem:
        return ModelError("template_bad", path=path, detail=file.template_problem)
    return _short_context(file)


def _short_context(file: ModelFile) -> ModelError | None:
    if file.context_tokens >= LEAST_CONTEXT:
        return None
    return ModelError("context_short", path=file.path, context=file.context_tokens, least=LEAST_CONTEXT)
