"""Finds the documents below an address of a store, by the rules that hold for a folder, without fetching any of them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from qeu_rag.errors import ReadError, UsageError
from qeu_rag.ingest.address import Address, Stored
from qeu_rag.ingest.fetch import at_hand
from qeu_rag.ingest.ignore import IGNORE_FILE, is_hidden_name, is_ignored, rules_of
from qeu_rag.ingest.scan import FoundFile, Scan, shown_name, storable, why_not
from qeu_rag.ingest.store import listing

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_STATES = ("md5Hash", "content_md5", "sha", "ETag", "etag", "e_tag", "checksum", "generation", "version_id")
_TIMES = ("LastModified", "last_modified", "Last-Modified", "mtime", "modified", "updated", "modify", "created")
"""What stores call the state of an object's content, and the time of its last change, the best first."""

_MILLISECONDS = 100_000_000_000
"""A number of seconds that no clock shows before the year 5138."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An object with its name below the address for people, in which a server's escapes (%20) are undone."""

    file: FoundFile
    name: str
    kind: str


def scan_store(address: Address, max_file_mb: int, suffixes: frozenset[str]) -> Scan:
    """Looks at every object at ``address`` and below, with one listing, and at the ``.qeuignore`` objects among them.

    Names, suffixes, sizes and ``.qeuignore`` count as in ``scan``; names with ``.`` or ``..`` between slashes are left out.
    Raises what ``store.listing`` raises, and UsageError("ignore_file") for a ``.qeuignore`` that cannot be had or read.
    """
    listed_ns = time.time_ns()
    entries = [
        _entry(address, rest, facts, listed_ns=listed_ns, most=max_file_mb * 1_000_000)
        for rest, facts in listing(address).items()
        if facts["type"] != "directory" and not facts["name"].endswith("/")  # the marks of folders
    ]
    entries.sort(key=lambda entry: entry.name.split("/"))
    rules = _rules(entries)
    files: list[FoundFile] = []
    skipped: list[tuple[str, ReadError]] = []
    left_out: list[FoundFile] = []
    for entry in entries:
        if entry.file.key != address.shown and not _climbs(entry.name) and _passed_over(entry.name, rules):
            continue
        if (why := _unusable(entry, max_file_mb, suffixes)) is None:
            files.append(entry.file)
        else:
            skipped.append((entry.file.source, why))
            left_out.append(entry.file)
    return Scan(files=tuple(files), skipped=tuple(skipped), left_out=tuple(left_out))


def joined(scans: Iterable[Scan]) -> Scan:
    """The scans of several places as one, in which a file that lies in two of them is found once."""
    files: dict[str, FoundFile] = {}
    skipped: dict[str, tuple[tuple[str, ReadError], FoundFile]] = {}
    for scan in scans:
        for file in scan.files:
            files.setdefault(file.key, file)
        for told, file in zip(scan.skipped, scan.left_out, strict=True):
            skipped.setdefault(file.key, (told, file))
    return Scan(
        files=tuple(files.values()),
        skipped=tuple(told for told, _ in skipped.values()),
        left_out=tuple(file for _, file in skipped.values()),
    )


def _entry(address: Address, rest: str, facts: Mapping[str, Any], *, listed_ns: int, most: int) -> _Entry:
    of_web = address.shown.startswith(("http://", "https://"))
    raw = rest or address.shown.rpartition("/")[2]
    name = unquote(raw) if of_web else raw
    size = facts.get("size")
    version, dated = _version(facts)
    stored = Stored(
        address=address,
        name=facts["name"],
        key=storable(f"{address.shown}/{rest}" if rest else address.shown),
        root=address.shown if rest else address.shown.rpartition("/")[0],
        version=version,
        dated=dated,
        listed_ns=listed_ns,
        size=None if size is None else int(size),
        most=most,
    )
    file = FoundFile(
        path=Path(PurePosixPath(name).name),
        root=Path(),
        source=shown_name(name),
        size=stored.size or 0,
        mtime_ns=_changed_ns(facts),
        stored=stored,
    )
    return _Entry(file=file, name=name, kind=str(facts["type"]))


def _unusable(entry: _Entry, max_file_mb: int, suffixes: frozenset[str]) -> ReadError | None:
    """Why an object is left out; None where it is to be read."""
    if entry.kind != "file":
        return ReadError("unreadable", "" if entry.kind == "closed" else " (stored_link)")
    if _climbs(entry.name):
        return ReadError("unreadable", " (dots)")
    assert entry.file.stored is not None
    return why_not(PurePosixPath(entry.name).suffix.lower(), entry.file.stored.size, max_file_mb, suffixes)


def _climbs(name: str) -> bool:
    return not {".", ".."}.isdisjoint(name.split("/"))


def _rules(entries: Iterable[_Entry]) -> dict[PurePosixPath, GitIgnoreSpec]:
    """The rules of each folder that has a ``.qeuignore``, which are fetched for it."""
    found = {}
    for entry in entries:
        path = _place(entry.name)
        if path.name == IGNORE_FILE and entry.file.stored is not None and entry.file.stored.size != 0:
            key = entry.file.key
            try:
                with at_hand(entry.file) as copy:
                    found[path.parent] = rules_of(copy, key)
            except ReadError as error:
                raise UsageError("ignore_file", path=key, detail=error) from error
    return found


def _passed_over(name: str, rules: Mapping[PurePosixPath, GitIgnoreSpec]) -> bool:
    """Whether an object or one of the folders above it is hidden or ignored."""
    path = _place(name)
    active: list[tuple[PurePosixPath, GitIgnoreSpec]] = []
    for folder in (*reversed(path.parents[:-1]), path):  # the last of the parents is the address itself
        if folder.parent in rules:
            active.append((folder.parent, rules[folder.parent]))
        if is_hidden_name(folder.name) or is_ignored(folder, folder != path, active):
            return True
    return False


def _place(name: str) -> PurePosixPath:
    return PurePosixPath(name.lstrip("/"))


def _version(facts: Mapping[str, Any]) -> tuple[str, bool]:
    """What changes with the content, as a short name, and whether it is no more than a time."""
    for names in (_STATES, _TIMES):
        for name in names:
            if facts.get(name):
                text = f"{name} {facts[name]} {facts.get('size')}"
                digest = hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()
                return f"store-{digest}", names is _TIMES
    return "", False


def _changed_ns(facts: Mapping[str, Any]) -> int:
    """When the object changed last; 0 where the store does not tell it in a way that is known."""
    for value in (facts[name] for name in _TIMES if facts.get(name)):
        if (when := _seconds(value)) is not None and when > 0:
            return int(when * 1_000_000_000)
    return 0


def _seconds(value: object) -> float | None:
    if isinstance(value, int | float):
        return value / 1000 if value > _MILLISECONDS else float(value)
    made = value if isinstance(value, datetime) else _datetime(str(value))
    if made is None:
        return None
    return (made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp()


def _datetime(text: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime, lambda text: datetime.strptime(text, "%Y%m%d%H%M%S")):
        try:
            return read(text)
        except ValueError:
            continue
    return None
