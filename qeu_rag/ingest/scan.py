"""Finds the files below folders, honouring ``.qeuignore``, and says of each that is passed over why."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qeu_rag.errors import ReadError, UsageError
from qeu_rag.ingest.readers import READERS

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".qeuignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file to read: where it is, the folder it was found from, and its name for people (below that folder, with /)."""

    path: Path
    root: Path
    source: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The files found, and (source, reason) of those that are not read, both in the order of names."""

    files: tuple[FoundFile, ...]
    skipped: tuple[tuple[str, ReadError], ...]


def scan(paths: Sequence[Path], *, max_file_mb: int = 200) -> Scan:
    """Every file below ``paths`` (files or folders), each once, in a stable order.

    ``.qeuignore`` (gitignore's syntax) holds for its folder and all below. Hidden files and Office's lock files are passed
    over in silence; a link that leads out of the folder is not followed. Raises UsageError for a path that does not
    exist.
    """
    files: dict[Path, FoundFile] = {}
    skipped: dict[str, ReadError] = {}
    for path in paths:
        root = Path(os.path.abspath(path))
        if not os.path.lexists(root):
            raise UsageError("path_missing", path=path)
        entries = _walk(root, root, [], set()) if root.is_dir() else iter([root])
        base = root if root.is_dir() else root.parent
        for entry in entries:
            source = entry.relative_to(base).as_posix() if entry != base else entry.name
            found = _look(entry, base, source, max_file_mb)
            if isinstance(found, FoundFile):
                files.setdefault(entry, found)
            else:
                skipped.setdefault(source, found)
    return Scan(
        files=tuple(sorted(files.values(), key=lambda file: (file.source, str(file.path)))),
        skipped=tuple(sorted(skipped.items(), key=lambda item: item[0])),
    )


def _look(path: Path, root: Path, source: str, max_file_mb: int) -> FoundFile | ReadError:
    """The file at ``path``, or why it is not read; a folder comes here only when it cannot be listed."""
    try:
        stat = path.stat()
    except OSError:
        return ReadError("unreadable")
    if path.is_dir() or not os.access(path, os.R_OK):
        return ReadError("unreadable")
    suffix = path.suffix.lower()
    if not path.is_file() or suffix not in READERS:
        return ReadError("unknown_type", f" ({suffix})" if suffix else "")
    if stat.st_size == 0:
        return ReadError("empty")
    if stat.st_size > max_file_mb * 1_000_000:
        return ReadError("too_large", f" ({stat.st_size // 1_000_000} MB)")
    return FoundFile(path=path, root=root, source=source, size=stat.st_size, mtime_ns=stat.st_mtime_ns)


def _walk(folder: Path, root: Path, rules: list[tuple[Path, GitIgnoreSpec]], seen: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        stat = folder.stat()
        if (stat.st_dev, stat.st_ino) in seen:
            return  # a loop of links
        seen.add((stat.st_dev, stat.st_ino))
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield folder
        return
    own = _rules(folder)
    rules = [*rules, (folder, own)] if own is not None else rules
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith((".", "~$")) or _ignored(path, entry.is_dir(), rules):
            continue
        if entry.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
            continue
        if entry.is_dir():
            yield from _walk(path, root, rules, seen)
        else:
            yield path


def _rules(folder: Path) -> GitIgnoreSpec | None:
    try:
        lines = (folder / IGNORE_FILE).read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return None
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)


def _ignored(path: Path, is_folder: bool, rules: Sequence[tuple[Path, GitIgnoreSpec]]) -> bool:
    """Whether the innermost rule that speaks of ``path`` excludes it."""
    for folder, spec in reversed(rules):
        name = path.relative_to(folder).as_posix() + ("/" if is_folder else "")
        verdict = spec.check_file(name).include
        if verdict is not None:
            return verdict
    return False
