"""The ledger's tables, and opening its SQLite file so that damage, age and a full disk become clear errors."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qeu_rag.errors import CollectionError, StorageError

SCHEMA_VERSION = 4

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- What is on disk: one row a file of the last ingest, read or not. `reason` is empty for a file that was read.
CREATE TABLE files (
  path TEXT PRIMARY KEY, root TEXT NOT NULL, source TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
  checked_ns INTEGER NOT NULL, hash TEXT NOT NULL, reader TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
  notes TEXT NOT NULL) WITHOUT ROWID;
-- Which name shows which document, from which generation on and until which (null: still).
CREATE TABLE sources (
  path TEXT NOT NULL, source TEXT NOT NULL, document_id TEXT NOT NULL, ingested_at TEXT NOT NULL,
  since INTEGER NOT NULL, until INTEGER);
CREATE INDEX sources_path ON sources (path);
CREATE INDEX sources_document ON sources (document_id);
-- Documents and chunks never change: their ids are hashes of what they hold.
CREATE TABLE documents (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, lang TEXT NOT NULL, pages TEXT NOT NULL, headings TEXT NOT NULL,
  text TEXT NOT NULL);
CREATE TABLE chunks (
  id TEXT PRIMARY KEY, document_id TEXT NOT NULL, ordinal INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
  page INTEGER, lang TEXT NOT NULL, headings TEXT NOT NULL, header TEXT NOT NULL, text TEXT NOT NULL,
  vector_key TEXT NOT NULL);
CREATE INDEX chunks_document ON chunks (document_id, ordinal);
CREATE INDEX chunks_vector ON chunks (vector_key);
CREATE TABLE vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL);
"""

# Version 2: answers that a person approved, and the passages that each stands on, kept as they were then.
_APPROVED = """
CREATE TABLE approved (
  id TEXT PRIMARY KEY, question TEXT NOT NULL, answer TEXT NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE pins (
  approved_id TEXT NOT NULL, ordinal INTEGER NOT NULL, marker INTEGER NOT NULL, quote TEXT NOT NULL, hash TEXT NOT NULL,
  document_id TEXT NOT NULL, source TEXT NOT NULL, title TEXT NOT NULL, headings TEXT NOT NULL, page INTEGER,
  header TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (approved_id, ordinal)) WITHOUT ROWID;
"""

# Version 3: the rows of documents that are glossaries (and have no chunks), each the terms of one concept as JSON.
_GLOSSARY = """
CREATE TABLE glossary (
  document_id TEXT NOT NULL, ordinal INTEGER NOT NULL, terms TEXT NOT NULL, PRIMARY KEY (document_id, ordinal)) WITHOUT ROWID;
"""

# Version 4: vectors belong to windows, whole units (`first` to `last`) of a chunk; `start` and `end` count in its text.
_WINDOWS = """
DROP INDEX IF EXISTS chunks_vector;
ALTER TABLE chunks DROP COLUMN vector_key;
CREATE TABLE windows (
  chunk_id TEXT NOT NULL, ordinal INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, start INTEGER NOT NULL,
  end INTEGER NOT NULL, lead TEXT NOT NULL, vector_key TEXT NOT NULL, PRIMARY KEY (chunk_id, ordinal)) WITHOUT ROWID;
CREATE INDEX windows_vector ON windows (vector_key);
"""

_STEPS = (_TABLES, _APPROVED, _GLOSSARY, _WINDOWS)
"""What makes a ledger of version n + 1 of one of version n, at place n."""


@contextmanager
def ledger_errors(path: Path) -> Iterator[None]:
    """Turns SQLite's errors on the ledger at ``path`` into errors that say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise StorageError("disk_full", path=path) from error
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            raise StorageError("home_read_only", path=path.parent) from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise CollectionError("ledger_damaged", path=path) from error
        # SQLITE_IOERR is what a full disk gives for the WAL's shared memory file.
        raise StorageError("ledger_io", path=path, detail=error) from error


def connect(path: Path, *, write: bool, untouched: bool = False) -> sqlite3.Connection:
    """Opens the ledger at ``path``; makes it where it is missing and ``write`` is true.

    Mere reading makes SQLite write files beside a ledger, and fold a WAL that was left into it; ``untouched`` prevents both.

    Raises CollectionError for a ledger that is missing, damaged or of a newer program, StorageError for a full disk
    or a folder that cannot be written.
    """
    with ledger_errors(path):
        if not write and not path.exists():
            raise CollectionError("no_collection", path=path.parent)
        if untouched:
            connection = _connect_untouched(path)
        elif write or (os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)):
            connection = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
        else:
            # A folder that cannot be written cannot hold the WAL's shared memory: nothing can change there either.
            wal = path.with_name(path.name + "-wal")
            if wal.exists() and wal.stat().st_size:
                raise StorageError("home_read_only", path=path.parent)
            uri = f"{path.absolute().as_uri()}?immutable=1"
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
        try:
            _prepare(connection, path, write=write)
        except BaseException:
            connection.close()
            raise
        return connection


def _connect_untouched(path: Path) -> sqlite3.Connection:
    wal = path.with_name(path.name + "-wal")
    # With a WAL its shared memory is read as it is (or made anew in our own memory); else nothing changes the file.
    how = "mode=ro&readonly_shm=1" if wal.exists() and wal.stat().st_size else "immutable=1"
    uri = f"{path.absolute().as_uri()}?{how}"
    return sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)


def _prepare(connection: sqlite3.Connection, path: Path, *, write: bool) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    _refuse_truncated(connection, path)
    if version > SCHEMA_VERSION:
        raise CollectionError("ledger_newer", path=path, version=version, known=SCHEMA_VERSION)
    if write:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        if version < SCHEMA_VERSION:
            _upgrade(connection)
    elif version == 0:
        raise CollectionError("no_collection", path=path.parent)


def _refuse_truncated(connection: sqlite3.Connection, path: Path) -> None:
    """A file shorter than its pages is damaged; SQLite would notice the loss of a part of the last one only when it meets it.

    Asked of SQLite, never read from the file: to close a file drops all POSIX locks of the process on it, those of its other
    connections too, and another process may then remove the WAL under them (sqlite.org/howtocorrupt.html, 2.2).
    """
    (pages,), (page,) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    wal = path.with_name(path.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        return  # a shorter file beside a WAL is a checkpoint that was cut off, or one to come: SQLite mends that itself
    if 0 < path.stat().st_size < page * max(pages, 1):
        raise CollectionError("ledger_damaged", path=path)


def _upgrade(connection: sqlite3.Connection) -> None:
    """Takes every step that is missing, in one transaction: a kill leaves the ledger as it was."""
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]  # another process may have been faster
    for step in _STEPS[version:]:
        for statement in step.split(";"):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={max(version, SCHEMA_VERSION)}")
    connection.execute("COMMIT")
