"""The log of questions: one SQLite file beside the ledger, so that a reader may write to it whatever an ingest does.

Format: SQLite 3 with a rollback journal; what is forgotten is overwritten (https://sqlite.org/pragma.html#pragma_secure_delete).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qeu_rag.errors import CollectionError, StorageError
from qeu_rag.index.schema import ledger_errors
from qeu_rag.types import Answer

_VERSION = 2
"""2: with ``certainty``; a log of version 1 is read as it is and gets the column with its next entry."""

_TABLE = """
CREATE TABLE questions (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, question TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
  confidence REAL NOT NULL, engine TEXT NOT NULL, seconds REAL NOT NULL, certainty TEXT NOT NULL DEFAULT '')
"""
_CERTAINTY = "ALTER TABLE questions ADD COLUMN certainty TEXT NOT NULL DEFAULT ''"
_NAMES = ("id", "at", "question", "status", "reason", "confidence", "engine", "seconds", "certainty")
_FEEDBACK = "CREATE TABLE IF NOT EXISTS feedback (at TEXT NOT NULL, question TEXT NOT NULL, helped INTEGER NOT NULL)"
_PATIENCE_S = 5.0
"""An entry takes a millisecond to write: whoever waits longer waits for something that is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One question as it was answered at ``at`` (ISO 8601, UTC); the rest as in ``Answer``.

    ``certainty`` is empty for an abstention, and for what was logged before answers had one.
    """

    id: int
    at: str
    question: str
    status: str
    reason: str
    confidence: float
    engine: str
    seconds: float
    certainty: str = ""

    @property
    def outcome(self) -> str:
        """``answered``, ``likely`` or ``abstained``."""
        return "likely" if self.status == "answered" and self.certainty == "likely" else self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What somebody said at ``at`` (ISO 8601, UTC) of the answer to ``question``: whether it helped."""

    at: str
    question: str
    helped: bool


class QuestionLog:
    """The log of one collection; every call opens and closes its file. Safe between threads and processes."""

    def __init__(self, path: Path) -> None:
        """Nothing is read or made here; the file is made with the first entry."""
        self.path = path

    def add(self, answer: Answer, *, at: datetime | None = None) -> None:
        """Notes that a question was answered, now unless ``at`` is given. Raises StorageError where it cannot be."""
        moment = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
        seconds = float(answer.timings.get("total", 0.0))
        made = (
            answer.question,
            answer.status,
            answer.reason,
            answer.confidence,
            answer.engine,
            seconds,
            answer.certainty,
        )
        row = (moment, *made)
        with self._open(write=True) as connection:
            connection.execute(
                f"INSERT INTO questions ({', '.join(_NAMES[1:])}) VALUES ({','.join('?' * len(row))})",
                row,
            )

    def judge(self, question: str, *, helped: bool) -> None:
        """Notes what somebody said of the answer to ``question``. Raises StorageError where it cannot be."""
        with self._open(write=True) as connection:
            connection.execute(_FEEDBACK)
            moment = datetime.now(UTC).isoformat(timespec="seconds")
            connection.execute("INSERT INTO feedback VALUES (?,?,?)", (moment, question, helped))

    def feedback(self) -> tuple[Feedback, ...]:
        """What was said of answers, oldest first."""
        if not self.path.exists():
            return ()
        with self._open(write=True) as connection:
            connection.execute(_FEEDBACK)
            rows = connection.execute("SELECT at, question, helped FROM feedback ORDER BY rowid").fetchall()
        return tuple(Feedback(at=str(at), question=str(question), helped=bool(helped)) for at, question, helped in rows)

    def entries(self, *, last: int | None = None) -> tuple[LogEntry, ...]:
        """The entries, oldest first; only the ``last`` ones where that is given. None where nothing was ever logged."""
        if not self.path.exists():
            return ()
        with self._open(write=False) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            names = _NAMES if version >= 2 else _NAMES[:-1]
            rows = connection.execute(
                f"SELECT {', '.join(names)} FROM questions ORDER BY id DESC LIMIT ?", (-1 if last is None else last,)
            ).fetchall()
        return tuple(LogEntry(**dict(zip(names, row, strict=True))) for row in reversed(rows))

    def forget(self, *, before: str | None = None, ids: tuple[int, ...] = ()) -> int:
        """Deletes entries for good and says how many: those older than ``before`` (ISO date, UTC), those of ``ids``, or all.

        Raises StorageError where the file cannot be written.
        """
        if not self.path.exists():
            return 0
        with self._open(write=True) as connection:
            connection.execute(_FEEDBACK)
            if ids:
                gone = sum(connection.execute("DELETE FROM questions WHERE id=?", (one,)).rowcount for one in ids)
            elif before is not None:
                gone = connection.execute("DELETE FROM questions WHERE at < ?", (before,)).rowcount
                connection.execute("DELETE FROM feedback WHERE at < ?", (before,))
            else:
                gone = connection.execute("DELETE FROM questions").rowcount
                connection.execute("DELETE FROM feedback")
        return gone

    @contextmanager
    def _open(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        with ledger_errors(self.path):
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError("home_read_only", path=self.path.parent) from error
            uri = f"{self.path.absolute().as_uri()}?mode={'rwc' if write else 'ro'}"
            with closing(sqlite3.connect(uri, uri=True, timeout=_PATIENCE_S, isolation_level=None)) as connection:
                connection.execute("PRAGMA secure_delete=ON")
                connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version > _VERSION:
                    raise CollectionError("ledger_newer", path=self.path, version=version, known=_VERSION)
                if write and version < _VERSION:
                    connection.execute(_CERTAINTY if version else _TABLE)
                    connection.execute(f"PRAGMA user_version={_VERSION}")
                yield connection
                connection.execute("COMMIT")
