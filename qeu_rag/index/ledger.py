"""The ledger: one SQLite file a collection, the truth about its files, documents, chunks and vectors.

Documents and chunks never change; ``sources`` says which name shows which document in which generation. A run writes
for the next generation, so that readers go on seeing the last whole one until ``publish`` moves the pointer. Format:
SQLite 3 in WAL mode (https://sqlite.org/wal.html). What it says is read by ``ledger_read``; here it is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qeu_rag.index.ledger_read import LedgerRead
from qeu_rag.index.rows import FileRow as FileRow
from qeu_rag.index.rows import SourceRow as SourceRow
from qeu_rag.index.schema import ledger_errors
from qeu_rag.types import Chunk, Document, Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Ledger(LedgerRead):
    """One open ledger, to read and to write; safe to share between threads (one statement at a time)."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside happen together or not at all."""
        with self._lock, ledger_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    # For the modules of this room that keep tables of their own

    def run(self, sql: str, values: Mapping[str, object] | Sequence[object] = ()) -> int:
        """Carries a statement out and says how many rows it changed."""
        with self._lock, ledger_errors(self.path):
            return self._connection.execute(sql, values).rowcount

    def set_meta(self, key: str, value: str) -> None:
        """Keeps ``value`` under ``key``."""
        self.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # Files and sources

    def put_file(self, row: FileRow) -> None:
        """Notes the state of one file."""
        values = (row.path, row.root, row.source, row.size, row.mtime_ns, row.checked_ns, row.hash, row.reader)
        self.run(
            "INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (*values, row.reason, row.detail, json.dumps(row.notes)),
        )

    def forget_file(self, path: str) -> None:
        """Forgets a file that is gone and hides its documents from the next generation on."""
        self.run("DELETE FROM files WHERE path=?", (path,))
        self.show(path, (), at="")

    def show(self, path: str, documents: Sequence[Document], *, at: str) -> None:
        """From the next generation on, the file ``path`` shows exactly ``documents``."""
        upcoming = self.generation + 1
        self.run("DELETE FROM sources WHERE path=? AND since=?", (path, upcoming))
        # A name that an interrupted run had hidden is taken up again where it still shows the same document.
        self.run("UPDATE sources SET until=NULL WHERE path=? AND until=?", (path, upcoming))
        now = {(d.source, d.id) for d in documents}
        old = {
            (str(source), str(document)): int(str(row))
            for row, source, document in self.rows(
                "SELECT rowid, source, document_id FROM sources WHERE path=? AND until IS NULL", (path,)
            )
        }
        for key, row in old.items():
            if key not in now:
                self.run("UPDATE sources SET until=? WHERE rowid=?", (upcoming, row))
        for source, document in sorted(now - old.keys()):
            self.run("INSERT INTO sources VALUES (?,?,?,?,?,NULL)", (path, source, document, at, upcoming))

    # Documents, chunks and vectors

    def put_vectors(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Keeps unit vectors by the hash of the text that was embedded."""
        with self._lock, ledger_errors(self.path):
            self._connection.executemany(
                "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
                [(key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()],
            )

    def put_document(self, document: Document, chunks: Sequence[tuple[Chunk, Sequence[tuple[Window, str]]]]) -> None:
        """Keeps ``document`` with its ``chunks``, each with its windows and the keys of their vectors."""
        pages = json.dumps([[p.number, p.span.start, p.span.end] for p in document.pages])
        headings = json.dumps([[h.level, h.text, h.span.start, h.span.end] for h in document.headings])
        self.run(
            "INSERT OR REPLACE INTO documents VALUES (?,?,?,?,?,?)",
            (document.id, document.title, document.lang, pages, headings, document.text),
        )
        self.run("DELETE FROM windows WHERE chunk_id IN (SELECT id FROM chunks WHERE document_id=?)", (document.id,))
        self.run("DELETE FROM chunks WHERE document_id=?", (document.id,))
        for ordinal, (chunk, cut) in enumerate(chunks):
            place = (chunk.id, document.id, ordinal, chunk.span.start, chunk.span.end, chunk.page, chunk.lang)
            self.run(
                "INSERT INTO chunks VALUES (?,?,?,?,?,?,?,?,?,?)",
                (*place, json.dumps(chunk.headings, ensure_ascii=False), chunk.header, chunk.text),
            )
            for number, (window, key) in enumerate(cut):
                shape = (window.first, window.last, window.span.start, window.span.end, window.lead)
                self.run("INSERT INTO windows VALUES (?,?,?,?,?,?,?,?)", (chunk.id, number, *shape, key))

    def put_glossary(self, document_id: str, rows: Sequence[Sequence[str]]) -> None:
        """Keeps the rows of a document that is a glossary, each the terms of one concept."""
        self.run("DELETE FROM glossary WHERE document_id=?", (document_id,))
        for ordinal, terms in enumerate(rows):
            kept = json.dumps(terms, ensure_ascii=False)
            self.run("INSERT INTO glossary VALUES (?,?,?)", (document_id, ordinal, kept))

    # Generations

    def publish(self, generation: int, seal: str) -> None:
        """Makes ``generation`` the one that readers see, and drops what no reader can reach any more."""
        with self.transaction():
            self.set_meta("generation", str(generation))
            self.set_meta("seal", seal)
            self.run("DELETE FROM sources WHERE until <= ?", (generation,))
            self.run("DELETE FROM documents WHERE id NOT IN (SELECT document_id FROM sources)")
            self.run("DELETE FROM chunks WHERE document_id NOT IN (SELECT id FROM documents)")
            self.run("DELETE FROM glossary WHERE document_id NOT IN (SELECT id FROM documents)")
            self.run("DELETE FROM windows WHERE chunk_id NOT IN (SELECT id FROM chunks)")
            self.run("DELETE FROM vectors WHERE key NOT IN (SELECT vector_key FROM windows)")

    def reseal(self, seal: str) -> None:
        """Notes the seal of a rebuilt folder of the same generation."""
        with self.transaction():
            self.set_meta("seal", seal)
