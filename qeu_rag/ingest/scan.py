"""Finds the files below the given folders that can be read, in a stable order, and says why the others are left out."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qeu_rag.errors import ReadError, UsageError
from qeu_rag.ingest.address import Stored
from qeu_rag.ingest.ignore import IGNORE_FILE, is_hidden_name, is_ignored, rules_of
from qeu_rag.ingest.read import SUPPORTED

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_HIDDEN_ON_WINDOWS = 0x2


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file to read: ``path`` is absolute, ``source`` is the path below ``root`` with ``/``; ``size`` is in bytes.

    In ``source``, accents are composed (NFC), and control characters and bytes that are no UTF-8 are written as backslash
    escapes, so that it can be shown and stored.

    Of an object on a store, ``stored`` says where it lies; its ``path`` is its bare name and its ``root`` empty, and before
    it is read it is fetched (``fetch.at_hand``). Its ``size`` and ``mtime_ns`` are 0 where the store does not tell them.
    """

    path: Path
    root: Path
    source: str
    size: int
    mtime_ns: int
    stored: Stored | None = None

    @property
    def key(self) -> str:
        """The file's name in the ledger."""
        return name_of(self.path) if self.stored is None else self.stored.key

    @property
    def root_key(self) -> str:
        """The ledger's name of where the file was found."""
        return name_of(self.root) if self.stored is None else self.stored.root


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What was found, in the order of the folders given and of the names below each; ``skipped`` is (source, reason).

    ``left_out`` are the files and folders of ``skipped``, in its order, of which no more is known than where they are.
    """

    files: tuple[FoundFile, ...]
    skipped: tuple[tuple[str, ReadError], ...]
    left_out: tuple[FoundFile, ...] = ()


def scan(paths: Sequence[Path], max_file_mb: int = 200, suffixes: frozenset[str] = SUPPORTED) -> Scan:
    """Looks at every file and folder of ``paths`` for files with one of ``suffixes``; opens none of them.

    ``.qeuignore`` files (gitignore syntax) hold for their folder and below; hidden files, Office's lock files and what is
    ignored are passed over without a word. Links to files are followed inside the root only, links to folders never. A file
    named in ``paths`` itself is taken even if hidden or ignored. A file under two of the paths is found once.

    Raises UsageError("path_missing") for a path that does not exist and UsageError("ignore_file") for a ``.qeuignore``
    that cannot be read.
    """
    files: dict[str, FoundFile] = {}
    skipped: dict[tuple[str, str], tuple[ReadError, Path]] = {}
    for given in paths:
        start = Path(os.path.abspath(given))
        if not os.path.lexists(start):
            raise UsageError("path_missing", path=str(given))
        root = start if start.is_dir() else start.parent
        walk = _walk(root, root, []) if start.is_dir() else iter((start,))
        for path in walk:
            found = _look(path, root, max_file_mb, suffixes)
            if isinstance(found, FoundFile):
                files.setdefault(str(path), found)
            else:
                skipped.setdefault((source_of(path, root), found.reason), (found, path))
    return Scan(
        files=tuple(files.values()),
        skipped=tuple((source, why) for (source, _), (why, _) in skipped.items()),
        left_out=tuple(
            FoundFile(path=path, root=path.parent, source=source, size=0, mtime_ns=0)
            for (source, _), (_, path) in skipped.items()
        ),
    )


def source_of(path: Path, root: Path) -> str:
    """The name of ``path`` below ``root`` as ``FoundFile.source`` has it."""
    return shown_name(path.relative_to(root).as_posix())


def shown_name(name: str) -> str:
    """A name as ``FoundFile.source`` has it."""
    name = storable(unicodedata.normalize("NFC", name))
    return "".join(c if c.isprintable() or c == "\u3000" else _escaped(c) for c in name)


def name_of(path: Path) -> str:
    """A path as the ledger keeps it."""
    return storable(str(path))


def storable(name: str) -> str:
    """``name`` with bytes that are no UTF-8, which SQLite refuses, as backslash escapes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _escaped(char: str) -> str:
    """Control characters as escapes; joiners within emoji and the like stay."""
    if unicodedata.category(char) in {"Cf", "Zs", "Cn", "Co"}:
        return char
    return char.encode("unicode_escape").decode("ascii")


def _walk(folder: Path, root: Path, rules: list[tuple[Path, GitIgnoreSpec]]) -> Iterator[Path]:
    """The files and unreadable folders below ``folder``, in order of their names; links to folders are not entered."""
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        yield folder
        return
    rules_at = folder / IGNORE_FILE
    own = rules_of(rules_at, str(rules_at)) if any(entry.name == IGNORE_FILE for entry in listed) else None
    active = [*rules, (folder, own)] if own is not None else rules
    for entry in listed:
        path = folder / entry.name
        is_folder = _is_real_folder(entry)
        if _is_hidden(entry) or is_ignored(path, is_folder, active):
            continue
        if is_folder:
            yield from _walk(path, root, active)
        elif not _links_to_folder_within(entry, path, root):
            yield path


def _is_real_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False) and not getattr(entry, "is_junction", lambda: False)()
    except OSError:
        return False


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    if is_hidden_name(entry.name):
        return True
    try:
        attributes = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0)
    except OSError:
        return False
    return bool(attributes & _HIDDEN_ON_WINDOWS)


def _links_to_folder_within(entry: os.DirEntry[str], path: Path, root: Path) -> bool:
    """Whether an entry is a link to a folder inside ``root``, whose files are found under their own names."""
    try:
        return entry.is_dir() and _is_within(path, root)
    except OSError:
        return False


def _is_within(path: Path, root: Path) -> bool:
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
    except OSError:
        return False


def _look(path: Path, root: Path, max_file_mb: int, suffixes: frozenset[str]) -> FoundFile | ReadError:
    """The file at ``path``, or why it is left out."""
    try:
        if path.is_symlink() and path != root and not _is_within(path, root):
            return ReadError("unreadable", " (link)")
        status = path.stat()
    except OSError as e:
        return ReadError("unreadable", f" ({e.strerror})" if e.strerror else "")
    if stat.S_ISDIR(status.st_mode):
        return ReadError("unreadable", " (link)" if path.is_symlink() else "")
    suffix = path.suffix.lower()
    if not stat.S_ISREG(status.st_mode):
        return ReadError("unknown_type", f" ({suffix})" if suffix else "")
    if (why := why_not(suffix, status.st_size, max_file_mb, suffixes)) is not None:
        return why
    if not os.access(path, os.R_OK):
        return ReadError("unreadable")
    source = source_of(path, root)
    return FoundFile(path=path, root=root, source=source, size=status.st_size, mtime_ns=status.st_mtime_ns)


def why_not(suffix: str, size: int | None, max_file_mb: int, suffixes: frozenset[str]) -> ReadError | None:
    """Why a file of this suffix and size (bytes; None: not known yet) is left out; None where it is not."""
    if suffix not in suffixes:
        return ReadError("unknown_type", f" ({suffix})" if suffix else "")
    if size == 0:
        return ReadError("empty")
    if size is not None and size > max_file_mb * 1_000_000:
        return ReadError("too_large", f" ({size / 1e6:,.0f} MB > {max_file_mb:,} MB)")
    return None
