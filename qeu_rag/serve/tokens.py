"""The tokens of a home: who may use its server, for what, how often, and what they may see; kept as hashes alone."""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol, get_args

from qeu_rag.errors import StorageError, UsageError

Scope = Literal["ask", "ingest", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "qeu-"
"""Every token begins so: one that is mistyped or was taken back is told from a word that some other program sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token without its secret: ``hash`` is its SHA-256; ``collections`` is empty where it may see all."""

    id: str
    name: str
    hash: str
    scopes: tuple[str, ...]
    collections: tuple[str, ...]
    created: str


class FindsTokens(Protocol):
    """Whatever knows the tokens of a home."""

    def find(self, secret: str) -> Token | None:
        """The token whose secret this is."""
        ...


def holder_of(tokens: Iterable[Token], secret: str) -> Token | None:
    """The one of ``tokens`` whose secret this is."""
    made = _hash(secret)
    # Compared in constant time, so that answers do not tell how much of a guess is right.
    found = [token for token in tokens if secrets.compare_digest(token.hash, made)]
    return found[0] if found else None


class Tokens:
    """The tokens in ``serve/tokens.json`` of a home; safe between threads and processes, a change holds at once."""

    def __init__(self, home: Path) -> None:
        """Nothing is read or made here."""
        self._path = home / "serve" / "tokens.json"
        self._lock = threading.Lock()
        self._read_at: tuple[int, int] | None = None
        self._known: tuple[Token, ...] = ()

    def all(self) -> tuple[Token, ...]:
        """Every token, oldest first. Raises StorageError where the file cannot be read or is damaged."""
        with self._lock:
            try:
                state = self._path.stat()
            except FileNotFoundError:
                self._read_at, self._known = None, ()
                return ()
            except OSError as error:
                raise StorageError("tokens_unreadable", path=self._path, detail=error) from error
            if (seen := (state.st_mtime_ns, state.st_ino)) != self._read_at:
                self._known, self._read_at = self._read(), seen
            return self._known

    def find(self, secret: str) -> Token | None:
        """The token whose secret this is."""
        return holder_of(self.all(), secret)

    def new(self, name: str, scopes: Sequence[str], collections: Sequence[str]) -> tuple[Token, str]:
        """Makes a token and gives its secret, which is kept nowhere. Raises UsageError for no name or one in use."""
        name = " ".join(name.split())
        with self._changing() as tokens:
            if not name or any(token.name == name for token in tokens):
                raise UsageError("token_name", name=name)
            secret = PREFIX + secrets.token_urlsafe(32)
            made = Token(
                id=secrets.token_hex(4),
                name=name,
                hash=_hash(secret),
                scopes=tuple(scope for scope in SCOPES if scope in scopes),
                collections=tuple(dict.fromkeys(collections)),
                created=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            tokens.append(made)
        return made, secret

    def revoke(self, named: str) -> Token:
        """Takes back the token with this name or id. Raises UsageError where there is none."""
        with self._changing() as tokens:
            found = [token for token in tokens if named in (token.id, token.name)]
            if not found:
                raise UsageError("token_unknown", name=named)
            tokens.remove(found[0])
        return found[0]

    @contextmanager
    def _changing(self) -> Iterator[list[Token]]:
        """The tokens, to be changed in place; written whole or not at all, for the owner's eyes only."""
        from filelock import FileLock

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(self._path.with_suffix(".lock")):
                tokens = list(self._read() if self._path.exists() else ())
                yield tokens
                made = self._path.with_suffix(".new")
                made.touch(mode=0o600)
                made.write_text(json.dumps([asdict(token) for token in tokens], indent=1), encoding="utf-8")
                os.replace(made, self._path)
        except OSError as error:
            raise StorageError("tokens_unwritten", path=self._path, detail=error) from error

    def _read(self) -> tuple[Token, ...]:
        try:
            rows = json.loads(self._path.read_text(encoding="utf-8"))
            return tuple(
                Token(**{**row, "scopes": tuple(row["scopes"]), "collections": tuple(row["collections"])})
                for row in rows
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise StorageError("tokens_unreadable", path=self._path, detail=error) from error


class Rate:
    """A token bucket for each name; safe between threads. https://en.wikipedia.org/wiki/Token_bucket"""

    def __init__(self, a_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """``a_minute`` requests at most, all of them at once if need be; 0: as many as come."""
        self._full = float(a_minute)
        self._clock = clock
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> None:
        """Takes one for ``name``. Raises UsageError("serve_rate") where none is left, with the seconds until there is."""
        if not self._full:
            return
        with self._lock:
            left, now = self._now(name)
            if left < 1:
                raise UsageError("serve_rate", seconds=math.ceil((1 - left) * 60 / self._full))
            self._left[name] = (left - 1, now)

    def _reduce(self, name: str, by: int) -> None:
        """Takes ``by`` for ``name`` whether there are so many or not."""
        with self._lock:
            left, now = self._now(name)
            self._left[name] = (left - by, now)

    def _now(self, name: str) -> tuple[float, float]:
        """How many are left for ``name``, and the time."""
        now = self._clock()
        left, since = self._left.get(name, (self._full, now))
        return min(self._full, left + (now - since) * self._full / 60), now


def _hash(secret: str) -> str:
    # No salt and no slow hash: a secret of 256 random bits cannot be guessed from its hash.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
