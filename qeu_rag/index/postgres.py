"""A PostgreSQL database with the extension pgvector: connections, their limits of time, and what their failures mean.

psycopg's types stay here and in ``dense_pgvector``.
"""

from __future__ import annotations

import math
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qeu_rag.config.address import scrubbed, without_password
from qeu_rag.errors import CollectionError, ConfigError, StorageError

if TYPE_CHECKING:
    import psycopg

EF_SEARCH = 200
"""How many candidates a search of the graph keeps, as in Chroma; no more than these are found."""
_WANTED = "PostgreSQL 13, pgvector 0.5"
_GRACE_S = 1.0
"""A server that is well ends a statement by itself; only one that hangs is hung up on, this much later."""


class Database:
    """A database at an address; each user of it has a connection of its own."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """Nothing is contacted. Raises ConfigError("dense_url_bad") for what is no ``postgresql://…/database``."""
        self.url = url
        self.timeout_s = timeout_s
        try:
            address = urlsplit(url)
            usable = address.scheme in ("postgresql", "postgres") and address.port != 0
        except ValueError as error:  # a port that is no number, brackets that do not close
            raise self._bad() from error
        if not usable:
            raise self._bad()

    def _bad(self) -> ConfigError:
        example = "postgresql://qeu@127.0.0.1:5432/vectors"
        return ConfigError("dense_url_bad", url=without_password(self.url), example=example)

    @property
    def where(self) -> str:
        """The address without user and password."""
        return without_password(self.url).rstrip("/")

    def check(self) -> str:
        """Asks whether it answers, and gives the versions of PostgreSQL and pgvector; errors as in ``connect``."""
        connection, extension = self.connect()
        with closing(connection):
            return f"PostgreSQL {connection.info.server_version // 10000}, pgvector {extension}"

    def connect(self) -> tuple[psycopg.Connection[Any], str]:
        """A connection, in which each statement is one transaction, and pgvector's version.

        Raises ConfigError("dense_psycopg"), StorageError: "dense_away", "dense_slow", "dense_strange", "dense_extension".
        """
        try:
            import psycopg
        except ImportError as error:
            raise ConfigError("dense_psycopg") from error
        try:
            connection = psycopg.connect(
                self.url, autocommit=True, connect_timeout=max(1, math.ceil(self.timeout_s)), fallback_application_name="qeu_rag"
            )  # fmt: skip
        except psycopg.errors.ConnectionTimeout as error:
            raise self._slow() from error
        except psycopg.Error as error:
            raise StorageError("dense_away", where=self.where, detail=scrubbed(str(error), self.url)) from error
        try:
            with self.errors(connection):
                connection.execute(f"SET statement_timeout = {int(self.timeout_s * 1000)}")
                connection.execute(f"SET hnsw.ef_search = {EF_SEARCH}")
                return connection, self._extension(connection)
        except BaseException:
            connection.close()
            raise

    def _extension(self, connection: psycopg.Connection[Any]) -> str:
        asked = "SELECT coalesce(installed_version, default_version) FROM pg_available_extensions WHERE name = 'vector'"
        row = connection.execute(asked).fetchone()
        if row is None:
            raise StorageError("dense_extension", where=self.where, detail="pg_available_extensions")
        version, server = str(row[0]), connection.info.server_version
        numbers = [int(part) for part in re.findall(r"\d+", version)[:2]]
        if server < 130000 or numbers < [0, 5]:
            detail = f"PostgreSQL {server // 10000}, pgvector {version}"
            raise StorageError("dense_strange", where=self.where, wanted=_WANTED, detail=detail)
        return version

    def prepare(self, connection: psycopg.Connection[Any]) -> None:
        """Makes the extension known in the database, if it is not yet. Raises StorageError("dense_extension")."""
        import psycopg

        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except psycopg.DatabaseError as error:
            raise StorageError("dense_extension", where=self.where, detail=scrubbed(str(error), self.url)) from error

    def _slow(self) -> StorageError:
        return StorageError("dense_slow", where=self.where, seconds=f"{self.timeout_s:g}")

    @contextmanager
    def errors(self, connection: psycopg.Connection[Any], name: str = "", *, patience: int = 1) -> Iterator[None]:
        """What psycopg raises, as our errors; ``name``: the table in hand.

        A server that hangs is hung up on after ``patience`` times the time that it has.
        """
        import psycopg

        late, watch = threading.Event(), None
        try:
            watch = threading.Timer(self.timeout_s * patience + _GRACE_S, _hang_up, (connection.fileno(), late))
            watch.daemon = True
            watch.start()
            yield
        except psycopg.errors.QueryCanceled as error:
            raise self._slow() from error
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
            raise CollectionError("dense_changed", where=self.where, name=name) from error
        except psycopg.OperationalError as error:
            if late.is_set():
                raise self._slow() from error
            raise StorageError("dense_away", where=self.where, detail=scrubbed(str(error), self.url)) from error
        except psycopg.Error as error:
            raise StorageError("dense_refused", where=self.where, detail=scrubbed(str(error), self.url)) from error
        finally:
            if watch is not None:
                watch.cancel()


def _hang_up(number: int, late: threading.Event) -> None:
    """Ends the connection of this file number under whoever waits for it."""
    late.set()
    with suppress(OSError):
        held = socket.socket(fileno=number)
        try:
            held.shutdown(socket.SHUT_RDWR)
        finally:
            held.detach()
