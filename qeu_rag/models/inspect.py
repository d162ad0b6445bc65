"""Says what a model file is from its own bytes, without loading any library that would run it."""

from __future__ import annotations

import codecs
import dataclasses
import stat
import struct
from pathlib import Path
from typing import Any

from qeu_rag.errors import ModelError
from qeu_rag.models import ggml_file, gguf_file
from qeu_rag.models.gguf_fit import Misfit, misfit
from qeu_rag.models.memory import memory_of_gguf, memory_of_gptj
from qeu_rag.models.model_file import Kind, ModelFile, elements, usual_type
from qeu_rag.models.refusal import GPT4ALL_ARCHITECTURES, GPT4ALL_TYPES, GPTJ_TYPES, refusal
from qeu_rag.models.safetensors_file import read_safetensors

__all__ = ["ModelFile", "inspect", "refusal"]

_HEAD = 4096
_LFS = b"version https://git-lfs.github.com/spec/"
_GPTJ_FORMAT = "GGML"
_GPTJ_TOKENS = 1024  # its cache grows with the text: a prompt with evidence and its reply are about this long
_LONGEST_TEMPLATE = 1 << 16  # characters of a chat template that are looked into; real ones have a tenth of that
_ARCHIVES = {
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\0": "xz",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"Rar!\x1a\x07": "rar",
}
_TAR_AT = 257
_LEGACY = {b"lmgg": "ggml", b"fmgg": "ggmf", b"tjgg": "ggjt", b"algg": "ggla"}


def inspect(path: Path, *, context_tokens: int = 2048) -> ModelFile:
    """What the file or folder at ``path`` is, by its header and the place of every tensor; nothing else is read.

    ``memory_bytes`` is reckoned for ``context_tokens``, or for the model's own limit where that is lower, and for a GPT-J file,
    run by CTranslate2 in int8, for 1,024 tokens at most.
    Raises ModelError where there is nothing at ``path``, or it cannot be read, or it is neither a file nor a folder.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            from qeu_rag.models.model_folder import inspect_folder

            return inspect_folder(path)
        if not stat.S_ISREG(status.st_mode):
            raise ModelError("model_not_file", path=path)
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError as error:
        raise ModelError("model_missing", path=path) from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        detail = getattr(error, "strerror", None) or error
        raise ModelError("model_unreadable", path=path, detail=detail) from error
    found = _by_content(path, head, status.st_size, context_tokens)
    return dataclasses.replace(found, size_bytes=status.st_size, first_bytes=head[:16])


def _by_content(path: Path, head: bytes, size: int, context_tokens: int) -> ModelFile:
    if not head:
        return ModelFile(path=path, kind="empty", state="not_a_model")
    if head.startswith(gguf_file.MAGIC):
        return _gguf(path, context_tokens)
    if ggml_file.is_gptj(head[: ggml_file.HEADER_BYTES]):
        return _gptj(path, context_tokens)
    if head[:4] in _LEGACY:
        return _legacy(path, head, size)
    if len(head) > 9 and head[8:9] == b"{" and 1 < int.from_bytes(head[:8], "little") < 1 << 40:
        return read_safetensors(path)
    kind = _plain_kind(head)
    return ModelFile(path=path, kind=kind, state="not_a_model", format=_archive(head) if kind == "archive" else "")


def _archive(head: bytes) -> str:
    """What packed the file that begins with ``head``; "" where it is no archive."""
    if head[_TAR_AT:].startswith(b"ustar"):
        return "tar"
    return next((name for start, name in _ARCHIVES.items() if head.startswith(start)), "")


def _plain_kind(head: bytes) -> Kind:
    """What a file is that has no model's header."""
    if head.startswith(_LFS):
        return "lfs-pointer"
    if head.startswith(b"PK\x03\x04") and b"/data.pkl" in head[:256]:
        return "pytorch"
    if _archive(head):
        return "archive"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:512].lower()
    if start.startswith((b"<!doctype html", b"<html")) or (start.startswith((b"<?xml", b"<!--")) and b"<html" in start):
        return "html"
    try:
        # A character may be cut at the end of what was read.
        text = codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < _HEAD)
    except UnicodeDecodeError:
        return "unknown"
    odd = any((c < " " and c not in "\t\n\r\f") or c == "\x7f" for c in text)
    return "unknown" if odd or not text.strip() else "text"


def _gptj(path: Path, context_tokens: int) -> ModelFile:
    try:
        file = ggml_file.read_gptj(path)
    except ModelError as error:
        return _broken(path, error, kind="gptj", architecture="gptj", format=_GPTJ_FORMAT)
    head, left = divmod(file.n_embd, file.n_head)
    if left or file.n_rot % 2 or not 0 < file.n_rot <= head:
        # No model has such heads: the counts in the header are wrong, from n_head on.
        problem = ModelError("model_damaged", path=path, at=16)
        return _broken(path, problem, kind="gptj", architecture="gptj", format=_GPTJ_FORMAT)
    shapes = ggml_file.tensor_shapes(n_vocab=file.n_vocab, n_embd=file.n_embd, n_layer=file.n_layer)
    memory = memory_of_gptj(
        n_vocab=file.n_vocab,
        n_embd=file.n_embd,
        n_layer=file.n_layer,
        n_head=file.n_head,
        context_tokens=min(context_tokens, file.n_ctx, _GPTJ_TOKENS),
    )
    return ModelFile(
        path=path,
        kind="gptj",
        state="truncated" if file.missing_bytes else "whole",
        engine="gptj" if GPTJ_TYPES.issuperset(tensor.type for tensor in file.tensors) else "",
        architecture="gptj",
        parameters=sum(elements(shape) for shape in shapes.values()),
        quantisation=file.quantisation,
        context_tokens=file.n_ctx,
        vocabulary=file.n_vocab,
        tokenizer="gpt2",
        layers=file.n_layer,
        memory_bytes=memory,
        missing_bytes=file.missing_bytes,
        missing_at_least=bool(file.missing_bytes) and not file.vocabulary_whole,
        format=_GPTJ_FORMAT,
    )


def _gguf(path: Path, context_tokens: int) -> ModelFile:
    try:
        file = gguf_file.read_gguf(path)
    except ModelError as error:
        return _broken(path, error, kind="gguf", format="GGUF")
    facts = _Facts(file)
    architecture = facts.text("general.architecture")
    context = facts.number(f"{architecture}.context_length")
    types = [tensor.type for tensor in file.tensors]
    runs = architecture in GPT4ALL_ARCHITECTURES and GPT4ALL_TYPES.issuperset(types)
    wrong = facts.misfit(architecture) if runs and not file.missing_bytes else None
    runs = runs and wrong is None
    template = facts.text("tokenizer.chat_template")
    return ModelFile(
        path=path,
        kind="gguf",
        state="truncated" if file.missing_bytes else "whole" if wrong is None else "damaged",
        problem="" if wrong is None else "gguf_tensor_size" if wrong.found else "gguf_tensor_missing",
        problem_at=0 if wrong is None else wrong.found,
        problem_tensor="" if wrong is None else wrong.tensor,
        problem_expected=0 if wrong is None else wrong.expected,
        template_problem=_template_problem(template),
        engine="gguf" if runs else "",
        architecture=architecture,
        parameters=sum(elements(tensor.shape) for tensor in file.tensors),
        quantisation=usual_type((tensor.type, tensor.shape) for tensor in file.tensors),
        context_tokens=context,
        vocabulary=facts.vocabulary(architecture),
        tokenizer=" ".join(filter(None, (facts.text("tokenizer.ggml.model"), facts.text("tokenizer.ggml.pre")))),
        chat_template=template,
        layers=facts.number(f"{architecture}.block_count"),
        memory_bytes=facts.memory(architecture, min(context_tokens, context or context_tokens)) if runs else 0,
        missing_bytes=file.missing_bytes,
        missing_at_least=not file.header_whole,
        parts=max(1, facts.number("split.count")),
        format=f"GGUF {file.version}" if file.version else "GGUF",
    )


def _template_problem(template: str) -> str:
    if not template.strip() or len(template) > _LONGEST_TEMPLATE:
        return ""
    from qeu_rag.models.chat_template import syntax_problem

    return syntax_problem(template)


class _Facts:
    """The metadata of a GGUF file, each value only if it is of the kind that it should be."""

    def __init__(self, file: gguf_file.GgufFile) -> None:
        self._file = file
        self._values = file.metadata

    def text(self, key: str) -> str:
        value = self._values.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        """A count; of an array with one value a layer the largest. 0 where there is none that can be."""
        value = self._values.get(key)
        numbers = value.numbers if isinstance(value, gguf_file.GgufArray) else (value,)
        whole = [n for n in numbers if isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 1 << 40]
        return max(whole, default=0)

    def vocabulary(self, architecture: str) -> int:
        tokens = self._values.get("tokenizer.ggml.tokens")
        return tokens.count if isinstance(tokens, gguf_file.GgufArray) else self.number(f"{architecture}.vocab_size")

    def misfit(self, architecture: str) -> Misfit | None:
        """What does not fit in a file that is one of one, and has tensors, layers and tokens at all."""
        layers, embedding = (self.number(f"{architecture}.{key}") for key in ("block_count", "embedding_length"))
        sizes = {self.vocabulary(architecture), self.number(f"{architecture}.vocab_size")} - {0}
        if not (self._file.tensors and layers and sizes) or self.number("split.count") > 1:
            return None
        return misfit(self._file, layers=layers, embedding=embedding, vocabularies=sizes)

    def memory(self, architecture: str, context_tokens: int) -> int:
        def number(key: str) -> int:
            return self.number(f"{architecture}.{key}")

        embedding, heads = number("embedding_length"), max(1, number("attention.head_count"))
        shared = number("attention.head_count_kv") or heads
        head = embedding // heads
        wide = shared * ((number("attention.key_length") or head) + (number("attention.value_length") or head))
        return memory_of_gguf(
            weights=sum(tensor.size for tensor in self._file.tensors),
            layers=number("block_count"),
            key_values=wide,
            embedding=embedding,
            feed_forward=number("feed_forward_length"),
            vocabulary=self.vocabulary(architecture),
            context_tokens=context_tokens,
        )


def _legacy(path: Path, head: bytes, size: int) -> ModelFile:
    """An old ggml file that is no GPT-J: a llama by its layout, or another family."""
    magic = _LEGACY[head[:4]]
    at = 4 if magic == "ggml" else 8
    version = 0 if at == 4 or len(head) < 8 else int.from_bytes(head[4:8], "little")
    values: tuple[Any, ...] = struct.unpack_from("<7I", head, at) if len(head) >= at + 28 else (0,) * 7
    vocabulary, embedding, multiple, heads, layers, rotary, _ = values
    llama = magic in ("ggmf", "ggjt") or (
        0 < vocabulary < 1 << 20
        and 0 < heads <= 1 << 10
        and 0 < multiple <= 1 << 12
        and rotary * heads == embedding > 0
    )
    if len(head) < at + 28:
        return ModelFile(
            path=path,
            kind="ggml-legacy",
            state="truncated",
            format=magic,
            missing_bytes=at + 28 - size,
            missing_at_least=True,
        )
    known = llama and 0 < layers < 1 << 10 and 0 < vocabulary < 1 << 20
    return ModelFile(
        path=path,
        kind="llama-legacy" if llama else "ggml-legacy",
        state="whole",
        architecture="llama" if llama else "",
        format=f"{magic} {version}" if version else magic,
        layers=layers if known else 0,
        vocabulary=vocabulary if known else 0,
    )


def _broken(path: Path, error: ModelError, **known: Any) -> ModelFile:
    """A file that its reader gave up on, as a result; what concerns reading itself stays an error."""
    if error.key == "model_unreadable":
        raise error
    place = next((value for value in error.values.values() if isinstance(value, int)), 0)
    return ModelFile(path=path, state="damaged", problem=error.key, problem_at=place, **known)
