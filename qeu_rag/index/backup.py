"""A home as one file: what cannot be made again goes in, each part with its hash, and comes out into a new home.

Format: ZIP (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT) whose ``manifest.json`` names every part, its size
and SHA-256. In it are the ledgers with approved answers and vectors, the logs of questions, profiles, hashes of tokens, and
uploads; indexes are made anew from the ledgers, and model files are to be had again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

from qeu_rag.errors import CollectionError, StorageError, UsageError
from qeu_rag.index.collection import Collection, Notify
from qeu_rag.index.dense_remote import VectorServer, forget
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.schema import connect, ledger_errors

FORMAT = 1
_MANIFEST = "manifest.json"
_DATABASES = ("ledger.sqlite", "questions.sqlite")
_PLACES = ("collections/*/*.sqlite", "profiles/*", "uploads/*/*", "serve/tokens.json")
"""What a backup holds; whatever else an archive has in it is refused."""
_BLOCK = 1 << 20
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What went into a file or came out of it: names of collections, and how many other files; ``size`` in bytes."""

    collections: tuple[str, ...]
    others: int
    size: int


def export_home(home: Path, file: Path) -> Backup:
    """Writes the state of ``home`` now into ``file``, whole or not at all; who reads, asks or ingests meanwhile goes on.

    Raises UsageError: "save_exists", "nothing_to_export"; StorageError("save_failed"), CollectionError for a damaged ledger.
    """
    if file.exists():
        raise UsageError("save_exists", path=file)
    names = [path.relative_to(home).as_posix() for path in _held(home)]
    if not any(name.endswith("/ledger.sqlite") for name in names):
        raise UsageError("nothing_to_export", home=home)
    try:
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".qeu-rag-") as folder:
            made = Path(folder) / "backup"
            with zipfile.ZipFile(made, "x", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                parts = [_pack(archive, home, name, Path(folder)) for name in names]
                about = {"format": FORMAT, "made": datetime.now(UTC).isoformat(timespec="seconds"), "home": str(home)}
                archive.writestr(_MANIFEST, json.dumps({**about, "parts": parts}, ensure_ascii=False, indent=1))
            os.chmod(made, 0o600)
            os.replace(made, file)
    except OSError as error:
        raise StorageError("save_failed", path=file, detail=error) from error
    return _summary(names, file)


def import_home(
    home: Path, file: Path, *, replace: bool, notify: Notify, lang: str, server: VectorServer | None = None
) -> Backup:
    """Puts what ``file`` holds into ``home`` and makes its indexes anew; nothing is placed before all of it was verified.

    A home that holds something is left alone, or with ``replace`` its own state is moved into ``before-import-…`` in it.
    ``server`` is where the vectors go, if it is not the home.

    Raises UsageError: "home_not_empty", "import_served"; StorageError: "backup_damaged" (which part), "save_failed";
    CollectionError: "backup_newer", "ledger_newer", "ledger_damaged".
    """
    if _held(home) and not replace:
        raise UsageError("home_not_empty", home=home)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _unserved(home), tempfile.TemporaryDirectory(dir=home, prefix=".import-") as folder:
            fresh = Path(folder)
            names, before = _unpack(file, fresh)
            for path in sorted(fresh.glob("collections/*/ledger.sqlite")):
                _take_up(path, PurePosixPath(before) / "uploads", home / "uploads")
            for used in (home / "collections").glob("*/"):
                with Collection(used, notify=notify, lang=lang).writer():
                    pass  # an ingest that runs ends first; a lock that is held could not be moved on Windows
            aside = home / f"before-import-{datetime.now():%Y%m%d-%H%M%S-%f}"
            for part in ("collections", "profiles", "uploads", "serve/tokens.json"):
                _move(home / part, aside / part)
                _move(fresh / part, home / part)
    except OSError as error:
        raise StorageError("save_failed", path=home, detail=error) from error
    for folder_of in sorted((home / "collections").iterdir()):
        _index(Collection(folder_of, notify=notify, lang=lang, server=server))
    return _summary(names, file)


def _held(home: Path) -> list[Path]:
    """Every file of ``home`` that a backup holds."""
    found = (path for place in _PLACES for path in home.glob(place))
    return sorted(path for path in found if path.is_file() and (path.suffix != ".sqlite" or path.name in _DATABASES))


def _summary(names: list[str], file: Path) -> Backup:
    ledgers = [PurePosixPath(name).parent.name for name in names if name.endswith("/ledger.sqlite")]
    others = sum(not name.startswith("collections/") for name in names)
    return Backup(collections=tuple(sorted(ledgers)), others=others, size=file.stat().st_size)


def _pack(archive: zipfile.ZipFile, home: Path, name: str, folder: Path) -> dict[str, object]:
    """Puts one file into the archive, a database as it is at one moment, and says what is in there."""
    path = home / name
    if path.name in _DATABASES:
        path = database_copy(path, folder / "snapshot.sqlite")
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        size, digest = _copy(source, target)
    return {"name": name, "size": size, "sha256": digest}


def database_copy(path: Path, copy: Path) -> Path:
    """Makes ``copy`` one file that holds the database as it is now, by https://sqlite.org/backup.html, and gives it back.

    Raises StorageError and CollectionError as opening it does.
    """
    copy.unlink(missing_ok=True)
    if path.name == "ledger.sqlite":
        source = connect(path, write=False)
    else:
        with ledger_errors(path):
            source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE_S)
    with ledger_errors(path), closing(source), closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, without a WAL beside it
    return copy


def _copy(source: IO[bytes], target: IO[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while block := source.read(_BLOCK):
        digest.update(block)
        size += target.write(block)
    return size, digest.hexdigest()


def _unpack(file: Path, folder: Path) -> tuple[list[str], str]:
    """Writes every part of the archive below ``folder``, verified; gives their names and the home that they were in."""
    part = _MANIFEST
    try:
        with zipfile.ZipFile(file) as archive:
            about = json.loads(archive.read(_MANIFEST))
            if about["format"] > FORMAT:
                raise CollectionError("backup_newer", path=file, version=about["format"], known=FORMAT)
            names = [str(one["name"]) for one in about["parts"]]
            for one, part in zip(about["parts"], names, strict=True):
                if not _expected(part) or archive.getinfo(part).file_size != one["size"]:
                    raise ValueError(part)
                path = folder / part
                path.parent.mkdir(parents=True, exist_ok=True)
                opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
                with archive.open(part) as source, os.fdopen(opened, "wb") as target:
                    if _copy(source, target) != (one["size"], one["sha256"]):
                        raise ValueError(part)
            return names, str(about["home"]).replace("\\", "/")
    except (zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, EOFError, RuntimeError) as error:
        raise StorageError("backup_damaged", path=file, part=part[:200]) from error


def _expected(name: str) -> bool:
    """Whether a part of this name is of a home, and in no other place on the disk."""
    path = PurePosixPath(name)
    plain = not any(c in name for c in ("\\", ":", "\0")) and str(path) == name and ".." not in path.parts
    return plain and any(len(path.parts) == place.count("/") + 1 and path.match(place) for place in _PLACES)


def _take_up(path: Path, before: PurePosixPath, after: Path) -> None:
    """Brings a ledger to today's form, checks it, and lets its uploads be where they now are.

    Raises CollectionError: "ledger_newer", "ledger_damaged".
    """
    with Ledger(path, write=True) as ledger:
        if ledger.quick_check(_PATIENCE_S) not in ("ok", ""):
            raise CollectionError("ledger_damaged", path=path)
        with ledger.transaction():
            forget(ledger)
            for table, column in (("files", "path"), ("files", "root"), ("sources", "path")):
                for (value,) in ledger.rows(f"SELECT DISTINCT {column} FROM {table}"):
                    old = PurePosixPath(str(value).replace("\\", "/"))
                    if old.is_relative_to(before):
                        new = str(after.absolute() / old.relative_to(before))
                        ledger.run(f"UPDATE {table} SET {column}=? WHERE {column}=?", (new, value))
    with ledger_errors(path), closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # what is moved now is one file


def _move(path: Path, target: Path) -> None:
    if path.exists():
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.replace(path, target)


def _index(collection: Collection) -> None:
    """Makes the indexes of a collection whose first ingest was finished."""
    if not collection.ledger_path.exists():
        return
    with Ledger(collection.ledger_path) as ledger:
        finished = ledger.generation > 0
    if finished:
        ledger, generation = collection.open()
        generation.close()
        ledger.close()


@contextmanager
def _unserved(home: Path) -> Iterator[None]:
    """Keeps servers out of a home. Raises UsageError("import_served") where there is one."""
    from filelock import FileLock, Timeout

    (home / "serve").mkdir(exist_ok=True, mode=0o700)
    try:
        with FileLock(home / "serve" / "server.lock", timeout=0):
            yield
    except Timeout as error:
        raise UsageError("import_served", home=home) from error
