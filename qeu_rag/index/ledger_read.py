"""What a ledger says: its files, and the documents, chunks and windows that are live in a generation."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from qeu_rag.index.rows import FileRow, KeptWindow, Origin, SourceRow, chunk_of, told_apart, window_of
from qeu_rag.index.schema import connect, ledger_errors
from qeu_rag.types import Chunk, Document, Heading, Page, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LIVE = "s.since <= :generation AND (s.until IS NULL OR s.until > :generation)"


class LedgerRead:
    """The half of ``Ledger`` that changes nothing."""

    def __init__(self, path: Path, *, write: bool = False, untouched: bool = False) -> None:
        """Opens the ledger; see ``schema.connect`` for ``untouched`` and the errors."""
        self.path = path
        self._connection = connect(path, write=write, untouched=untouched)
        self._lock = threading.RLock()
        self._apart: tuple[int, Mapping[tuple[str, str], str]] | None = None

    def close(self) -> None:
        """Closes the file; the last writer folds the WAL into it."""
        with self._lock, ledger_errors(self.path):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads inside see one state, whatever a writer commits meanwhile."""
        with self._lock, ledger_errors(self.path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    def rows(self, sql: str, values: Mapping[str, object] | Sequence[object] = ()) -> list[tuple[object, ...]]:
        """What a query gives, whole."""
        with self._lock, ledger_errors(self.path):
            return self._connection.execute(sql, values).fetchall()

    # What is known of the whole

    def meta(self, key: str) -> str | None:
        """The value kept under ``key``."""
        rows = self.rows("SELECT value FROM meta WHERE key=?", (key,))
        return str(rows[0][0]) if rows else None

    @property
    def generation(self) -> int:
        """The generation that readers see; 0 where none was ever finished."""
        return int(self.meta("generation") or 0)

    # Is it sound?

    def quick_check(self, seconds: float) -> str:
        """What SQLite finds wrong with the file: "ok", its first complaint, or "" where ``seconds`` were not enough."""
        end = time.monotonic() + seconds
        with self._lock, ledger_errors(self.path):
            self._connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
            try:
                return str(self._connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                    raise
                return ""
            finally:
                self._connection.set_progress_handler(None, 0)

    def lost_vectors(self) -> int:
        """How many windows name a vector that is not kept; 0 in a sound ledger, and in one from before there were windows."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE type='table' AND name='windows'"):
            return 0
        sql = "SELECT count(*) FROM windows WHERE vector_key NOT IN (SELECT key FROM vectors)"
        return int(str(self.rows(sql)[0][0]))

    # Files and sources

    def files(self) -> dict[str, FileRow]:
        """Every file that the last runs met, by path."""
        rows = self.rows(
            "SELECT path, root, source, size, mtime_ns, checked_ns, hash, reader, reason, detail, notes FROM files"
        )
        names = ("path", "root", "source", "size", "mtime_ns", "checked_ns", "hash", "reader", "reason", "detail")
        return {
            str(row[0]): FileRow(**dict(zip(names, row, strict=False)), notes=tuple(json.loads(str(row[10]))))  # type: ignore[arg-type]
            for row in rows
        }

    def pending(self) -> bool:
        """Whether a run wrote for the next generation and never published it."""
        upcoming = self.generation + 1
        return bool(self.rows("SELECT 1 FROM sources WHERE since=? OR until=? LIMIT 1", (upcoming, upcoming)))

    # Documents, chunks and vectors

    def has_document(self, document_id: str) -> bool:
        """Whether the document and its chunks are kept already."""
        return bool(self.rows("SELECT 1 FROM documents WHERE id=?", (document_id,)))

    def missing_vectors(self, keys: Iterable[str]) -> set[str]:
        """Those of ``keys`` for which no vector is kept."""
        wanted = set(keys)
        ordered = sorted(wanted)
        for start in range(0, len(ordered), 500):
            part = ordered[start : start + 500]
            marks = ",".join("?" * len(part))
            wanted -= {str(row[0]) for row in self.rows(f"SELECT key FROM vectors WHERE key IN ({marks})", part)}
        return wanted

    def glossary(self, generation: int) -> list[tuple[str, ...]]:
        """The rows of all glossaries live in ``generation``, in the order of their names."""
        return [row for rows in self.glossaries(generation).values() for row in rows]

    def glossaries(self, generation: int) -> dict[str, list[tuple[str, ...]]]:
        """The rows of each glossary live in ``generation``, by its name (its path where several have that); copies are one."""
        rows = self.rows(
            "SELECT d.name, d.path, g.terms FROM glossary g JOIN "
            "(SELECT s.document_id AS id, min(s.source) AS name, s.path FROM sources s "
            f"WHERE {_LIVE} GROUP BY s.document_id) d ON d.id=g.document_id ORDER BY d.name, g.document_id, g.ordinal",
            {"generation": generation},
        )
        found: dict[str, list[tuple[str, ...]]] = {}
        places: dict[str, set[str]] = {}
        for name, path, _ in rows:
            places.setdefault(str(name), set()).add(str(path))
        for name, path, terms in rows:
            label = str(name if len(places[str(name)]) == 1 else path)
            found.setdefault(label, []).append(tuple(json.loads(str(terms))))
        return found

    def document(self, document_id: str) -> Document | None:
        """One document whole, under its first live name (or none)."""
        rows = self.rows("SELECT title, lang, pages, headings, text FROM documents WHERE id=?", (document_id,))
        if not rows:
            return None
        title, lang, pages, headings, text = (str(value) for value in rows[0])
        names = self._names((document_id,)).get(document_id, ())
        return Document(
            id=document_id,
            source=names[0] if names else "",
            title=title,
            text=text,
            lang=lang,  # type: ignore[arg-type]
            pages=tuple(Page(number=n, span=Span(start=a, end=b)) for n, a, b in json.loads(pages)),
            headings=tuple(Heading(level=n, text=t, span=Span(start=a, end=b)) for n, t, a, b in json.loads(headings)),
        )

    def chunk_ids(self, generation: int) -> list[str]:
        """The ids of all chunks live in ``generation``, sorted."""
        rows = self.rows(
            "SELECT c.id FROM chunks c WHERE c.document_id IN "
            f"(SELECT s.document_id FROM sources s WHERE {_LIVE}) ORDER BY c.id",
            {"generation": generation},
        )
        return [str(row[0]) for row in rows]

    def chunk_count(self) -> int:
        """How many chunks are live in the generation that readers see."""
        return len(self.chunk_ids(self.generation))

    def window_ids(self, chunk_ids: Sequence[str]) -> list[str]:
        """The ids of all windows of ``chunk_ids``, sorted: a chunk's id, a colon, the window's place in it."""
        found: list[str] = []
        for start in range(0, len(chunk_ids), 500):
            part = chunk_ids[start : start + 500]
            marks = ",".join("?" * len(part))
            rows = self.rows(f"SELECT chunk_id, ordinal FROM windows WHERE chunk_id IN ({marks})", part)
            found.extend(f"{row[0]}:{row[1]}" for row in rows)
        return sorted(found)

    def windows(self, chunk_ids: Sequence[str]) -> tuple[list[KeptWindow], NDArray[np.float32]]:
        """The windows of ``chunk_ids``, and their vectors in the same order, shape (n, dimension)."""
        import numpy as np  # 0.1 s, which an ingest with nothing changed does not need

        marks = ",".join("?" * len(chunk_ids))
        rows = self.rows(
            "SELECT w.chunk_id, w.ordinal, w.first, w.last, w.start, w.end, w.lead, c.lang, v.vector FROM windows w "
            "JOIN chunks c ON c.id=w.chunk_id JOIN vectors v ON v.key=w.vector_key "
            f"WHERE w.chunk_id IN ({marks}) ORDER BY w.chunk_id, w.ordinal",
            chunk_ids,
        )
        kept = [window_of(row) for row in rows]
        if not kept:
            return [], np.zeros((0, 0), dtype=np.float32)
        whole = np.frombuffer(b"".join(row[8] for row in rows), dtype="<f4")  # type: ignore[misc]
        return kept, whole.reshape(len(kept), -1).astype(np.float32)

    def chunks(self, chunk_ids: Sequence[str]) -> dict[str, Chunk]:
        """The chunks of ``chunk_ids`` that are live in the generation that readers see, by id."""
        rows = self._chunk_rows(chunk_ids)
        names = self._names({str(row[1]) for row in rows})
        return {str(row[0]): chunk_of(row, names[str(row[1])]) for row in rows if str(row[1]) in names}

    def raw_chunks(self, chunk_ids: Sequence[str]) -> Iterator[Chunk]:
        """The chunks as they are indexed, whether live or not, in the order of ``chunk_ids``: no source, own title."""
        for start in range(0, len(chunk_ids), 500):
            part = chunk_ids[start : start + 500]
            found = {str(row[0]): chunk_of(row, ()) for row in self._chunk_rows(part)}
            yield from (found[i] for i in part)

    def _chunk_rows(self, chunk_ids: Sequence[str]) -> list[tuple[object, ...]]:
        marks = ",".join("?" * len(chunk_ids))
        return self.rows(
            "SELECT c.id, c.document_id, d.title, c.headings, c.text, c.start, c.end, c.page, c.lang, c.header "
            f"FROM chunks c JOIN documents d ON d.id=c.document_id WHERE c.id IN ({marks})",
            chunk_ids,
        )

    def _names(self, document_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The live names of each document, sorted; of those that several files have, with what tells them apart."""
        ordered = sorted(document_ids)
        values: dict[str, object] = {f"d{n}": d for n, d in enumerate(ordered)}
        marks = ",".join(f":d{n}" for n in range(len(ordered)))
        names: dict[str, tuple[str, ...]] = {}
        apart = self.told_apart()
        for document, source, path in self.rows(
            f"SELECT document_id, source, path FROM sources s WHERE document_id IN ({marks}) AND {_LIVE} ORDER BY source, path",
            {**values, "generation": self.generation},
        ):
            name = apart.get((str(source), str(path)), str(source))
            names[str(document)] = (*names.get(str(document), ()), name)
        return names

    def told_apart(self) -> Mapping[tuple[str, str], str]:
        """What people see of each live (name, path) whose name several files have."""
        generation = self.generation
        if self._apart is None or self._apart[0] != generation:
            rows = self.rows(f"SELECT s.source, s.path FROM sources s WHERE {_LIVE}", {"generation": generation})
            self._apart = (generation, told_apart((str(source), str(path)) for source, path in rows))
        return self._apart[1]

    def source_rows(self) -> list[SourceRow]:
        """Every live name with what it shows, in the order of names."""
        rows = self.rows(
            "SELECT s.source, s.path, s.document_id, d.title, d.lang, json_array_length(d.pages), "
            "(SELECT count(*) FROM chunks c WHERE c.document_id=d.id), coalesce(f.hash, ''), s.ingested_at "
            "FROM sources s JOIN documents d ON d.id=s.document_id LEFT JOIN files f ON f.path=s.path "
            f"WHERE {_LIVE} ORDER BY s.source, s.path",
            {"generation": self.generation},
        )
        names = ("source", "path", "document_id", "title", "lang", "pages", "chunks", "hash", "ingested_at")
        apart = self.told_apart()
        made = [SourceRow(**dict(zip(names, row, strict=True))) for row in rows]  # type: ignore[arg-type]
        shown = (replace(row, source=apart.get((row.source, row.path), row.source)) for row in made)
        return sorted(shown, key=lambda row: (row.source, row.path))

    def origin(self, chunk: Chunk) -> Origin | None:
        """Where ``chunk`` comes from; None where its document is gone. Of equal files the newest counts."""
        document = self.document(chunk.document_id)
        if document is None:
            return None
        changed = self.rows(
            "SELECT max(f.mtime_ns) FROM sources s JOIN files f ON f.path=s.path WHERE s.document_id=? AND s.until IS NULL",
            (chunk.document_id,),
        )
        known = changed[0][0]
        day = None if not known else datetime.fromtimestamp(int(str(known)) / 1e9).astimezone().date()
        return Origin(text=document.text, changed=day)
