"""Looks at an Office file from outside before any library opens it: what it really is, and how large it would grow."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

from qeu_rag.errors import ReadError

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAX_TOTAL = 1 << 30
_MAX_RATIO = 200
_RATIO_FROM = 64 << 20
_MAX_ENTRIES = 50_000
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/((?:relationships/)?)(\w+)")
_HYPHENED = {b"extendedProperties": b"extended-properties", b"customProperties": b"custom-properties"}


def check_ooxml(path: Path, part: str) -> Path | IO[bytes]:
    """What to open ``path`` by, a sound, unencrypted OOXML archive of reasonable size that holds ``part``: of a file in Strict
    Open XML a copy with the names that programs know (ECMA-376 parts 1 and 4 differ in them and in little else).

    Raises ReadError: "encrypted", "too_large" (over 1 GiB or 50,000 parts unpacked, or packed over 200-fold, as a zip bomb
    is; Python's zipfile never unpacks more than an archive declares), "damaged".
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_OLE):
        raise ReadError("encrypted") if _has_stream(path, "EncryptedPackage") else _other_kind(path, "Office 97-2003")
    if not head.startswith(b"PK"):
        raise _other_kind(path, _kind(head))
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            strict = "_rels/.rels" in archive.namelist() and b"purl.oclc.org/ooxml" in archive.open("_rels/.rels").read(
                1 << 20
            )
    except (zipfile.BadZipFile, struct.error, zlib.error, OSError, ValueError, NotImplementedError) as e:
        raise ReadError("damaged", " (ZIP)") from e
    _check_size(entries)
    names = {entry.filename.replace("\\", "/") for entry in entries}
    if part not in names and "[Content_Types].xml" not in names:
        raise _other_kind(path, "ZIP")
    if any(entry.flag_bits & 1 for entry in entries):
        raise ReadError("encrypted")
    return _transitional(path) if strict else path


def _transitional(path: Path) -> IO[bytes]:
    copy = io.BytesIO()
    try:
        with (
            zipfile.ZipFile(path) as archive,
            zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made,
        ):
            for entry in archive.infolist():
                data = archive.read(entry)
                if entry.filename.lower().endswith((".xml", ".rels")):
                    data = _STRICT.sub(_known_name, data)
                made.writestr(entry.filename, data)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as e:
        raise ReadError("damaged", " (ZIP)") from e
    copy.seek(0)
    return copy


def _known_name(found: re.Match[bytes]) -> bytes:
    """The older name: ``…/officeDocument/2006/relationships`` of ``…/officeDocument/relationships``, and so on."""
    return b"http://schemas.openxmlformats.org/" + found[1] + b"/2006/" + found[2] + _HYPHENED.get(found[3], found[3])


def _check_size(entries: list[zipfile.ZipInfo]) -> None:
    total = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    bomb = total > _RATIO_FROM and total > _MAX_RATIO * max(1, packed)
    if total > _MAX_TOTAL or len(entries) > _MAX_ENTRIES or bomb:
        raise ReadError("too_large", f" ({packed >> 10:,} KB -> {total >> 20:,} MB)")


def is_encrypted_ole(path: Path) -> bool:
    """Whether ``path`` is an encrypted OOXML file, which travels inside an OLE container."""
    return _has_stream(path, "EncryptedPackage")


def _has_stream(path: Path, name: str) -> bool:
    """Whether an OLE container names a stream ``name`` in its directory (names stand there in UTF-16)."""
    wanted, overlap = name.encode("utf-16-le"), b""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            if wanted in overlap + block:
                return True
            overlap = block[-len(wanted) :]
    return False


def _other_kind(path: Path, kind: str) -> ReadError:
    suffix = path.suffix.lower().lstrip(".").upper()
    return ReadError("damaged", f" ({kind} \u2260 {suffix})" if kind else "")


def _kind(head: bytes) -> str:
    """What a file's first bytes say it is, or empty."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for mark, kind in (
        (b"%pdf", "PDF"),
        (b"<!doctype html", "HTML"),
        (b"<html", "HTML"),
        (b"<?xml", "XML"),
        (b"{\\rtf", "RTF"),
    ):
        if start.startswith(mark):
            return kind
    return ""
