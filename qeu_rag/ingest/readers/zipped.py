"""Reads a ZIP archive as if it were a folder: each file in it that can be read is a document of its own."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.deadline import left
from qeu_rag.ingest.readers.nested_file import Budget, inner_pages, is_read, one_deeper
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.page import FileReader, one_line, page
from qeu_rag.ingest.remark import Remark

_MAX_NAMED = 100
_MAX_RATIO = 200
_RATIO_FROM = 64 << 20
_LONGEST_NAME = 300
_UTF_8 = 0x800
_ENCRYPTED = 1
_UNICODE_PATH = 0x7075
_SYSTEM_FOLDERS = frozenset(("__macosx", "system volume information", "$recycle.bin"))
_SYSTEM_FILES = frozenset(("thumbs.db", "desktop.ini"))
_BROKEN = (
    zipfile.BadZipFile,
    struct.error,
    zlib.error,
    OSError,
    ValueError,
    NotImplementedError,
    EOFError,
    RuntimeError,
)


class ZipReader(FileReader):
    """A ZIP archive; the pages of a file in it name the file in their metadata, with its folders."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """The pages of all files in the archive. Raises ReadError: "damaged", "encrypted", "empty", "nested", "no_text"."""
        with one_deeper() as budget:
            try:
                archive = zipfile.ZipFile(file)
            except FileNotFoundError:
                raise
            except _BROKEN as e:
                raise ReadError("damaged", " (ZIP)") from e
            with archive:
                return _all(archive, budget, self._way)


def _all(archive: zipfile.ZipFile, budget: Budget, way: Way) -> list[LlamaDocument]:
    named = sorted((_name(entry), entry) for entry in archive.infolist() if not entry.is_dir())
    pages: list[LlamaDocument] = []
    failed: list[tuple[str, ReadError]] = []
    taken: set[str] = set()
    for full, entry in named:
        if _is_hidden(full):
            continue
        name = _unused(full.strip("/") or "?", taken)
        try:
            pages += _member(archive, entry, name, budget, way)
        except ReadError as e:
            failed.append((name, e))
    if not any(leaf.text for leaf in pages):
        raise _nothing(failed)
    told = [Remark(key="member", values={"name": name, "error": error}) for name, error in failed[:_MAX_NAMED]]
    if len(failed) > _MAX_NAMED:
        told.append(Remark(key="more_members", values={"count": len(failed) - _MAX_NAMED}))
    return [page("", notes=told), *pages]


def _member(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, budget: Budget, way: Way
) -> list[LlamaDocument]:
    """The pages of one file. Raises ReadError, also where a limit is reached."""
    if stat.S_ISLNK(entry.external_attr >> 16) or ".." in PurePosixPath(name).parts:
        raise ReadError("unreadable", " (link)")
    if not is_read(name):
        raise ReadError("unknown_type", f" ({suffix})" if (suffix := PurePosixPath(name).suffix.lower()) else "")
    if entry.flag_bits & _ENCRYPTED:
        raise ReadError("encrypted")
    bomb = entry.file_size > _RATIO_FROM and entry.file_size > _MAX_RATIO * max(1, entry.compress_size)
    if bomb or budget.members <= 0 or entry.file_size > budget.size:
        raise ReadError(
            "too_large", f" ({entry.compress_size >> 10:,} KB -> {entry.file_size >> 20:,} MB)" if bomb else ""
        )
    if left() < 0:
        raise ReadError("timeout")
    budget.members -= 1
    budget.size -= entry.file_size
    try:
        with archive.open(entry) as stream:
            return inner_pages(name, stream, entry.file_size, way)
    except _BROKEN as e:
        raise ReadError("damaged", " (ZIP)") from e


def _nothing(failed: list[tuple[str, ReadError]]) -> ReadError:
    """Why an archive gave no text at all: the reason that all its files have, with the first of their names."""
    if not failed:
        return ReadError("empty")
    reasons = {error.reason for _, error in failed}
    names = ", ".join(name for name, _ in failed[:3]) + (", …" if len(failed) > 3 else "")
    return ReadError(reasons.pop() if len(reasons) == 1 else "no_text", f" ({names})")


def _name(entry: zipfile.ZipInfo) -> str:
    """The name with folders of a file in an archive; Japanese Windows writes it in its own encoding and does not say so."""
    raw = entry.orig_filename
    if not entry.flag_bits & _UTF_8:
        raw = _unicode_path(entry.extra) or _decoded(raw)
    return one_line(raw.partition("\x00")[0].replace("\\", "/"))[-_LONGEST_NAME:]


def _decoded(name: str) -> str:
    try:
        data = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    for encoding in ("ascii", "utf-8", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name


def _unicode_path(extra: bytes) -> str:
    """The name in the field that Info-ZIP adds for it; empty if there is none."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == _UNICODE_PATH and size > 5 and extra[4] == 1:
            return extra[9 : 4 + size].decode("utf-8", "replace")
        extra = extra[4 + size :]
    return ""


def _is_hidden(name: str) -> bool:
    """What a scan of a folder passes over without a word: hidden files, and what systems and Office lay beside files."""
    parts = [part for part in name.split("/") if part]
    hidden = any(part.startswith((".", "~$")) and part not in {".", ".."} for part in parts)
    return (
        hidden
        or any(part.lower() in _SYSTEM_FOLDERS for part in parts[:-1])
        or parts[-1:] == []
        or (parts[-1].lower() in _SYSTEM_FILES)
    )


def _unused(name: str, taken: set[str]) -> str:
    """``name``, with a number before its suffix if a file of that name came before."""
    path, number = PurePosixPath(name), 1
    while name in taken:
        number += 1
        name = path.with_name(f"{path.stem} ({number}){path.suffix}").as_posix()
    taken.add(name)
    return name
