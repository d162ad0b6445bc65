"""Vectors in PostgreSQL: each build is one table, made in one transaction and sealed by a trigger.

A build that dies leaves nothing, as its transaction goes with it. A finished table refuses every change; one that was dropped
or made anew is told by its number (``tableoid``), which comes with every hit.
"""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Any

from qeu_rag.errors import CollectionError
from qeu_rag.index.dense_remote import part_of_sum
from qeu_rag.index.postgres import EF_SEARCH, Database

if TYPE_CHECKING:
    import numpy as np
    import psycopg
    from numpy.typing import NDArray
    from psycopg.sql import Composed

_MOST_EF_SEARCH = 1000  # pgvector's own limit
_MOST_DIMENSIONS = 2000  # of pgvector's HNSW; beyond it every vector is compared
_CHECK, _BUILD = 20, 240
"""How many times the limit of a search a check of all vectors, and the building of a graph, may take."""

_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = struct.pack(">h", -1)


class PgvectorServer:
    """The tables of a database (``VectorServer``); safe between threads."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """Nothing is contacted. Raises ConfigError("dense_url_bad")."""
        self._database = Database(url, timeout_s)

    @property
    def where(self) -> str:
        """The address without user and password."""
        return self._database.where

    def check(self) -> str:
        """Asks whether it answers, and gives the versions of PostgreSQL and pgvector; errors as in ``Database.connect``."""
        return self._database.check()

    def create(self, name: str, marks: Mapping[str, str]) -> PgvectorIndex:
        """A new, empty table, which nobody else sees before ``finish``; see ``VectorServer.create``."""
        connection, _ = self._database.connect()
        try:
            self._database.prepare(connection)
            connection.autocommit = False
            with self._database.errors(connection, name):
                if _owner(connection, name) not in (None, marks["qeu_rag"]):
                    raise CollectionError("dense_taken", where=self.where, name=name)
                _drop(connection, name)
                made = 'CREATE TABLE {} (id text COLLATE "C" PRIMARY KEY, embedding vector NOT NULL)'
                connection.execute(_sql(made, name))
                marked = json.dumps(dict(marks))  # ASCII, whatever the database is encoded in
                connection.execute(_sql("COMMENT ON TABLE {} IS {}", name, marked))
            return PgvectorIndex(self._database, connection, name)
        except BaseException:
            connection.close()
            raise

    def open(self, name: str) -> PgvectorIndex:
        """The table of this name; see ``VectorServer.open``."""
        connection, _ = self._database.connect()
        try:
            return PgvectorIndex(self._database, connection, name)
        except BaseException:
            connection.close()
            raise

    def drop(self, name: str, owner: str) -> None:
        """Removes the table of this name if it is ``owner``'s."""
        connection, _ = self._database.connect()
        with closing(connection), self._database.errors(connection, name), connection.transaction():
            if _owner(connection, name) == owner:
                _drop(connection, name)

    def close(self) -> None:
        """Nothing is held: connections are the tables'."""


class PgvectorIndex:
    """Nearest neighbours by cosine over the vectors of one build (``RemoteStore``); all of it raises StorageError, or
    CollectionError("dense_changed") where they are no longer as they were."""

    def __init__(self, database: Database, connection: psycopg.Connection[Any], name: str) -> None:
        self._database = database
        self._connection = connection
        self._name = name
        self._lock = threading.RLock()
        self._ef_search = EF_SEARCH
        self._number, self._count = self._there()

    def close(self) -> None:
        """Lets go of the connection; what was not finished is gone."""
        self._connection.close()

    def count(self) -> int:
        """How many vectors are kept."""
        return self._count

    def add(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Adds unit vectors, shape (n, dimension), under ``ids``; a known id gets the new one."""
        last = dict(zip(ids, vectors, strict=True))
        rows = (_tuple(key.encode(), _vector(vector)) for key, vector in last.items())
        content = b"".join((_COPY_HEAD, *rows, _COPY_END))
        with self._lock, self._database.errors(self._connection, self._name, patience=_CHECK):
            if not self._count:
                sized = f"ALTER TABLE {{}} ALTER COLUMN embedding TYPE vector({vectors.shape[1]})"
                self._connection.execute(_sql(sized, self._name))
            self._connection.execute(_sql("DELETE FROM {} WHERE id = ANY(%s)", self._name), (list(last),))
            copied = _sql("COPY {} (id, embedding) FROM STDIN (FORMAT BINARY)", self._name)
            with self._connection.cursor() as cursor, cursor.copy(copied) as copy:
                copy.write(content)
        _, self._count = self._there()

    def remove(self, ids: Iterable[str]) -> None:
        """Removes the vectors of ``ids``."""
        with self._lock, self._database.errors(self._connection, self._name, patience=_CHECK):
            self._connection.execute(_sql("DELETE FROM {} WHERE id = ANY(%s)", self._name), (list(ids),))
        _, self._count = self._there()

    def search(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """The ``k`` nearest ids with their cosine similarity, best first, ties by id."""
        wanted = min(k, self._count)
        if wanted == 0:
            return []
        found = self._nearest(vector, wanted)
        if len(found) < wanted:  # the graph gives no more than it keeps candidates; then all are compared
            found = self._nearest(vector, wanted, exactly=True)
        if len(found) < wanted or any(number != self._number for _, _, number in found):
            raise CollectionError("dense_changed", where=self._database.where, name=self._name)
        return sorted(((key, 1.0 - away) for key, away, _ in found), key=lambda hit: (-hit[1], hit[0]))

    def _nearest(self, vector: NDArray[np.float32], k: int, *, exactly: bool = False) -> list[tuple[str, float, int]]:
        given = "[" + ",".join(map(repr, vector.tolist())) + "]"
        asked = "SELECT id, embedding <=> %(v)s::vector AS away, tableoid FROM {} ORDER BY away LIMIT %(k)s"
        with self._lock, self._database.errors(self._connection, self._name):
            if self._ef_search < min(k, _MOST_EF_SEARCH):
                self._ef_search = min(k, _MOST_EF_SEARCH)
                self._connection.execute(f"SET hnsw.ef_search = {self._ef_search}")
            with self._connection.transaction() if exactly else nullcontext():
                if exactly:
                    self._connection.execute("SET LOCAL enable_indexscan = off")
                return self._connection.execute(_sql(asked, self._name), {"v": given, "k": k}).fetchall()

    def finish(self) -> None:
        """Builds the graph, refuses changes from now on, and shows the table to others."""
        seconds = int(self._database.timeout_s * 1000) * _BUILD
        steps = [
            "CREATE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'sealed by qeu_rag'; END $$",
            "CREATE TRIGGER sealed BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {0} EXECUTE FUNCTION {0}()",
            "ANALYZE {}",
        ]
        with self._lock, self._database.errors(self._connection, self._name, patience=_BUILD):
            self._connection.execute(f"SET LOCAL statement_timeout = {seconds}")
            row = self._connection.execute(_sql("SELECT vector_dims(embedding) FROM {} LIMIT 1", self._name)).fetchone()
            if row is not None and row[0] <= _MOST_DIMENSIONS:
                graph = (
                    "CREATE INDEX ON {} USING hnsw (embedding vector_cosine_ops) WITH (m = 24, ef_construction = 200)"
                )
                steps.insert(0, graph)
            for step in steps:
                self._connection.execute(_sql(step, self._name))
            self._connection.commit()
            self._connection.autocommit = True

    def weigh(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> int:
        """The sum over ids and vectors, which the database can work out itself."""
        return sum(part_of_sum(key, _vector(vector)) for key, vector in zip(ids, vectors, strict=True))

    def held(self) -> tuple[int, int]:
        """How many vectors the database has, and the sum over them."""
        each = "sha256(convert_to(id, 'UTF8') || vector_send(embedding))"
        number = f"('x' || encode(substring({each} FOR 7), 'hex'))::bit(56)::bigint"
        ((count, total),) = self._rows(f"SELECT count(*), coalesce(sum({number}), 0) FROM {{}}", patience=_CHECK)
        return int(count), int(total)

    def _there(self) -> tuple[int, int]:
        """The table's number, and how many vectors it has."""
        asked = "SELECT {1}::regclass::oid, count(*) FROM {0}"
        ((number, count),) = self._rows(asked, f'"{self._name}"', patience=_CHECK)
        return int(number), int(count)

    def _rows(self, asked: str, *literals: str, patience: int = 1) -> list[tuple[Any, ...]]:
        with (
            self._lock,
            self._database.errors(self._connection, self._name, patience=patience),
            self._connection.transaction(),
        ):
            limit = int(self._database.timeout_s * 1000) * patience
            self._connection.execute(f"SET LOCAL statement_timeout = {limit}")
            return self._connection.execute(_sql(asked, self._name, *literals)).fetchall()


def _owner(connection: psycopg.Connection[Any], name: str) -> str | None:
    """Whose table it is, "" for nobody's that we know; None where there is none."""
    asked = (
        "SELECT obj_description(oid, 'pg_class') FROM pg_class "
        "WHERE relname = %s AND relnamespace = current_schema()::regnamespace"
    )
    row = connection.execute(asked, (name,)).fetchone()
    if row is None:
        return None
    try:
        return str(json.loads(row[0] or "{}")["qeu_rag"])
    except (ValueError, KeyError, TypeError):
        return ""


def _drop(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute(_sql("DROP TABLE IF EXISTS {}", name))
    connection.execute(_sql("DROP FUNCTION IF EXISTS {}()", name))


def _sql(text: str, name: str, *literals: str) -> Composed:
    """``text`` with the table's name in its braces, and texts in those after it."""
    from psycopg.sql import SQL, Identifier, Literal

    return SQL(text).format(Identifier(name), *map(Literal, literals))


def _vector(vector: NDArray[np.float32]) -> bytes:
    """A vector as pgvector sends and takes it: dimension, a spare field, and numbers, the highest byte first."""
    return struct.pack(">hh", len(vector), 0) + vector.astype(">f4").tobytes()


def _tuple(*fields: bytes) -> bytes:
    """A row of PostgreSQL's binary COPY (https://www.postgresql.org/docs/current/sql-copy.html)."""
    return struct.pack(">h", len(fields)) + b"".join(struct.pack(">i", len(field)) + field for field in fields)
