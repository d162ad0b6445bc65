"""The seal of a generation's folder: what its files were when they were made, and whether they are so still."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from qeu_rag.text.terms import ANALYZER_VERSION


def _sealed_files(folder: Path) -> list[Path]:
    """All files but Chroma's SQLite file and lock files, which a mere reader touches."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in files if not path.name.startswith("chroma.sqlite3") and path.suffix != ".lock"]


def seal_of(folder: Path, dense: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The analyzer's version, and size and CRC-32 of every file that does not change by reading, ready for JSON.

    ``dense``: what the vectors are, where they lie on a server and not in the folder.
    """
    files = _sealed_files(folder)
    with ThreadPoolExecutor(4) as pool:
        sums = pool.map(_sum, files)
        named = {path.relative_to(folder).as_posix(): s for path, s in zip(files, sums, strict=True)}
    return {"analyzer": ANALYZER_VERSION, "files": named, **({} if dense is None else {"dense": dense})}


def dense_part(seal: str | None) -> dict[str, Any] | None:
    """What a seal says of vectors on a server; None where they lie in the folder, or nothing can be read there."""
    try:
        part = json.loads(seal or "{}").get("dense")
    except (ValueError, AttributeError):
        return None
    return part if isinstance(part, dict) and isinstance(part.get("name"), str) else None


def _sum(path: Path) -> list[int]:
    size = crc = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            size += len(block)
            crc = zlib.crc32(block, crc)
    return [size, crc]


def intact(folder: Path, seal: str) -> bool:
    """Whether the folder is as it was sealed; of vectors on a server their server is asked (``dense_remote.sound``).

    HNSW files are memory-mapped by Chroma, which dies of damaged ones, so their sums are checked before it may see
    them; its SQLite file is asked by SQLite itself.
    """
    try:
        remote = dense_part(seal)
        if not folder.is_dir() or json.loads(seal) != seal_of(folder, remote):
            return False
        return remote is not None or _sqlite_sound(folder / "dense" / "chroma.sqlite3")
    except (OSError, ValueError):
        return False


def _sqlite_sound(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.Error:
        return False
