"""Says what a model file is from its own bytes, without loading any library that would run it."""

from __future__ import annotations

import codecs
import dataclasses
import json
import stat
from pathlib import Path

from qeu_rag.errors import ModelError
from qeu_rag.models import ggml_file, gguf_file
from qeu_rag.models.inspect_ggml import LEGACY, inspect_gptj, inspect_legacy
from qeu_rag.models.inspect_gguf import inspect_gguf
from qeu_rag.models.model_file import Kind, ModelFile
from qeu_rag.models.refusal import refusal

__all__ = ["ModelFile", "inspect", "refusal"]

_HEAD = 4096
_LFS = b"version https://git-lfs.github.com/spec/"
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
_LARGEST_CONFIG = 1 << 20
_MOST_FILES = 1 << 8


def inspect(path: Path, *, context_tokens: int = 2048) -> ModelFile:
    """What the file or folder at ``path`` is, by its header and the place of every tensor; nothing else is read.

    ``memory_bytes`` is reckoned for ``context_tokens``, or for the model's own limit where that is lower, and for a GPT-J file,
    run by CTranslate2 in int8, for 1,024 tokens at most.
    Raises ModelError where there is nothing at ``path``, or it cannot be read, or it is neither a file nor a folder.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            return _folder(path)
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
        return inspect_gguf(path, context_tokens)
    if ggml_file.is_gptj(head[: ggml_file.HEADER_BYTES]):
        return inspect_gptj(path, context_tokens)
    if head[:4] in LEGACY:
        return inspect_legacy(path, head, size)
    if len(head) > 9 and head[8:9] == b"{" and 1 < int.from_bytes(head[:8], "little") < 1 << 40:
        return ModelFile(path=path, kind="safetensors", state="whole", format="safetensors")
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


def _folder(path: Path) -> ModelFile:
    """What a folder is by the names of its files, CTranslate2's or Hugging Face's; nothing here runs it."""
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
