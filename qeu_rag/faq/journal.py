"""Keeps every answer of a batch on disk as soon as it is there, so that a kill loses at most the row under way.

A journal is JSON lines, only ever appended to and synced after each: ``{"sum":"16 hex digits","line":{"n":…,"kind":…}}``, the sum
being the beginning of the SHA-256 of the inner object's bytes. The first line (``run``) says by which profile.
Of what is damaged, a last line is cut off, as an interrupted write leaves one; anything before it is refused with its number.
An output is noted before it is put in its place and again after, so that what a cut takes away is never the only note of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from qeu_rag.errors import StorageError, UsageError

FORMAT = 1
_HEAD = b'{"sum":"%s","line":'
_HEAD_LENGTH = len(_HEAD % (b"0" * 16))


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the last answer to a question stands in the journal, and its outcome; answers are read only when they are needed."""

    offset: int
    length: int
    outcome: str


def journal_path(output: Path) -> Path:
    """The journal beside ``output``."""
    return output.with_name(f"{output.name}.journal.jsonl")


@contextmanager
def only_run(output: Path) -> Iterator[None]:
    """Holds off every other run with the same output. Raises UsageError(``batch_running``), StorageError."""
    from filelock import FileLock, Timeout

    path = output.with_name(f".{output.name}.lock")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UsageError("batch_running", path=output) from error
    except OSError as error:
        raise StorageError("batch_unwritable", path=output.parent, detail=error) from error
    try:
        yield
    finally:
        if os.name != "nt":  # there a file that is held cannot be removed
            path.unlink(missing_ok=True)
        lock.release()


class Journal:
    """An open journal, a context manager for one thread at a time.

    ``entries`` are by the question's key; ``written`` are the SHA-256 sums of the outputs that may be written over. ``torn``:
    the last line was damaged and is cut off.
    """

    def __init__(self, path: Path, run: Mapping[str, Any], *, restart: bool = False) -> None:
        """Opens the journal at ``path`` of the same ``run`` or begins one; ``restart`` forgets what is there.

        Raises UsageError(``batch_other_profile``) where it is of another run, StorageError: ``batch_journal_damaged`` with the
        line, ``batch_journal_io``.
        """
        self.path = path
        self.entries: dict[str, Entry] = {}
        self.written: set[str] = set()
        self.torn = False
        self._count = 0
        self._end = 0
        with self._errors():
            if restart:
                path.unlink(missing_ok=True)
            # Not buffered: what a full disk refused must not be tried again when the file is closed.
            self._file = path.open("r+b" if path.exists() else "x+b", buffering=0)
            self._reader: IO[bytes] = path.open("rb")
        try:
            with self._errors():
                self._take_in(run)
            if not self._count:
                self._add({"kind": "run", "format": FORMAT, **run})
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()
        self._reader.close()

    def add(self, key: str, outcome: str, record: Mapping[str, Any]) -> None:
        """Keeps ``record`` as the answer to the question with ``key``. Raises StorageError(``batch_journal_io``)."""
        offset, length = self._add({"kind": "answer", "key": key, "outcome": outcome, **record})
        self.entries[key] = Entry(offset, length, outcome)

    def add_written(self, digest: str) -> None:
        """Notes the SHA-256 of an output that is put in its place now, or may be written over."""
        self._add({"kind": "written", "sha256": digest})
        self.written.add(digest)

    def read(self, key: str) -> dict[str, Any] | None:
        """The last answer to the question with ``key``; None where there is none yet."""
        entry = self.entries.get(key)
        if entry is None:
            return None
        with self._errors():
            self._reader.seek(entry.offset)
            line = self._parsed(self._reader.read(entry.length))
        if line is None:
            raise StorageError("batch_journal_damaged", path=self.path, line="?")
        return line

    def _take_in(self, run: Mapping[str, Any]) -> None:
        """Reads and checks every line there is; a damaged last one is cut off."""
        offset = 0
        damaged = 0
        for number, raw in enumerate(self._reader, 1):
            if damaged:
                raise StorageError("batch_journal_damaged", path=self.path, line=damaged)
            line = self._parsed(raw)
            if line is None or line.get("n") != number:
                damaged = number
                continue
            if number == 1:
                _check_run(self.path, line, run)
            elif line["kind"] == "answer":
                self.entries[line["key"]] = Entry(offset, len(raw), line["outcome"])
            elif line["kind"] == "written":
                self.written.add(line["sha256"])
            self._count = number
            offset += len(raw)
        self._end = offset
        if damaged:
            self.torn = True
            self._file.truncate(offset)

    def _parsed(self, raw: bytes) -> dict[str, Any] | None:
        """The inner object of a line; None where the line is not as it was written."""
        body = raw[_HEAD_LENGTH:-2]
        if not raw.endswith(b"}\n") or raw[:_HEAD_LENGTH] != _HEAD % _sum(body):
            return None
        line = json.loads(body)
        return line if isinstance(line, dict) else None

    def _add(self, line: Mapping[str, Any]) -> tuple[int, int]:
        body = json.dumps({"n": self._count + 1, **line}, ensure_ascii=True, separators=(",", ":")).encode()
        raw = _HEAD % _sum(body) + body + b"}\n"
        with self._errors():
            self._file.seek(self._end)
            try:
                written = 0
                while written < len(raw):
                    written += self._file.write(raw[written:])
                os.fsync(self._file.fileno())
            except OSError:
                self._drop_torn()
                raise
        at = self._end
        self._end += len(raw)
        self._count += 1
        return at, len(raw)

    def _drop_torn(self) -> None:
        """Takes a half-written line away, where the disk allows it; else the next opening does."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._file.fileno(), self._end)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError("batch_journal_io", path=self.path, detail=error) from error


def _sum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:16].encode()


def _check_run(path: Path, line: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    if line["kind"] != "run" or line.get("format") != FORMAT:
        raise StorageError("batch_journal_damaged", path=path, line=1)
    before, now = line["settings"], run["settings"]
    if other := [name for name in {**before, **now} if before.get(name) != now.get(name)]:
        raise UsageError("batch_other_profile", path=path, settings=", ".join(sorted(other)))
