"""Compares what a scan found with what the ledger knows: which files must be read, which only noted, which are gone."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from qeu_rag.index.rows import FileRow
from qeu_rag.ingest.address import Address
from qeu_rag.ingest.glossary import is_glossary
from qeu_rag.ingest.read import READER_VERSION
from qeu_rag.ingest.readers import PICTURES
from qeu_rag.ingest.scan import FoundFile, Scan, name_of
from qeu_rag.ingest.split import SPLIT_VERSION

KEEPS_OLD = frozenset({"unreadable", "timeout", "memory", "too_large", "no_libreoffice", "worker_lost", "not_fetched"})
"""Failures that say nothing about the content: what was known of the file stays, and the failure is reported."""

_MAY_HOLD_SCANS = PICTURES | {".pdf", ".eml", ".msg", ".zip"}
_MAY_HOLD_COMMENTS = frozenset(
    (".docx", ".xlsx", ".xlsm", ".pptx", ".doc", ".dot", ".xls", ".ppt", ".pps", ".eml", ".msg", ".zip")
)

_RACY_NS = 2_000_000_000
"""A file changed this shortly before it was last looked at may have changed again within the clock's grain."""


def compared(
    scan: Scan, known: Mapping[str, FileRow], reader_of: Callable[[Path], str]
) -> tuple[list[FoundFile], list[FileRow], list[FileRow]]:
    """The files that must be read, the rows of those that only need to be noted anew, and all rows that are as they were.

    ``reader_of`` says of a file what it would be read by now.

    A file is hashed only where its size, its time or its name is not the known one, or its time says too little. An object
    on a store is not even fetched: its store must say of it what it said when it was read.
    """
    fresh: list[FoundFile] = []
    touched: list[FileRow] = []
    same: list[FileRow] = []
    for file in scan.files:
        row = known.get(file.key)
        if row is None or row.reader != reader_of(file.path) or row.reason in KEEPS_OLD or row.hash == "":
            fresh.append(file)
            continue
        if file.stored is not None:
            if _as_known(file, row):
                same.append(row)
            else:
                fresh.append(file)
            continue
        stat = (file.size, file.mtime_ns)
        if stat != (row.size, row.mtime_ns) or row.checked_ns - row.mtime_ns < _RACY_NS or row.source != file.source:
            if hash_of(file.path) != row.hash or row.source != file.source:
                fresh.append(file)
                continue
            touched.append(replace(row, size=file.size, mtime_ns=file.mtime_ns, checked_ns=time.time_ns()))
        same.append(row)
    return fresh, touched, same


def _as_known(file: FoundFile, row: FileRow) -> bool:
    """Whether a store says of an object what it said when it was read."""
    if file.stored is not None and file.stored.dated and row.checked_ns - row.mtime_ns < _RACY_NS:
        return False
    return (row.hash, row.size, row.source) == (state_of(file)[0], file.size, file.source)


def state_of(file: FoundFile) -> tuple[str, int]:
    """What tells this state of a file from any other, and when it was looked at (ns): a hash, or what the store says of it."""
    if file.stored is not None:
        return file.stored.version, file.stored.listed_ns
    return hash_of(file.path), time.time_ns()


def gone_from(scan: Scan, known: Mapping[str, FileRow], roots: Sequence[Path | Address]) -> list[str]:
    """Known files below ``roots`` that are there no more; a folder that cannot be looked into keeps its files."""
    met = {file.key for file in (*scan.files, *scan.left_out)}
    blocked = [path for path, error in scan.skipped if error.reason in KEEPS_OLD]
    missing = []
    for path, row in known.items():
        if path in met or not any(_is_below(path, root) for root in roots):
            continue
        if not any(row.source == source or row.source.startswith(f"{source}/") for source in blocked):
            missing.append(path)
    return missing


def _is_below(path: str, root: Path | Address) -> bool:
    return root.holds(path) if isinstance(root, Address) else Path(path).is_relative_to(name_of(root))


def is_on_store(path: str) -> bool:
    """Whether the ledger's name of a file is one of an object on a store."""
    return "://" in path


def reader_of(path: Path, max_size: int, engine: str = "", *, comments: bool = False) -> str:
    """What a file is read by, as its row in the ledger says it: a file read by anything else has to be read anew.

    ``engine`` is the name of what recognises text here: what may hold scans is read anew when it comes or goes, and
    what may hold ``comments`` when these are turned on or off.
    """
    recognised = f"/{engine}" if engine and path.suffix.lower() in _MAY_HOLD_SCANS else ""
    remarked = "/comments" if comments and path.suffix.lower() in _MAY_HOLD_COMMENTS else ""
    return f"{READER_VERSION}/{SPLIT_VERSION}/{'glossary' if is_glossary(path) else max_size}{recognised}{remarked}"


def hash_of(path: Path) -> str:
    """BLAKE2b of the file's bytes; empty where it cannot be read just now."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError:
        return ""
