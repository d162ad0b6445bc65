"""Keeps a collection in step with folders: reads what changed, embeds only new chunks, one transaction a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from qeu_rag.errors import ReadError
from qeu_rag.index.collection import Collection
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.rows import FileRow
from qeu_rag.ingest.address import Address
from qeu_rag.ingest.changes import KEEPS_OLD, compared, gone_from, reader_of, state_of
from qeu_rag.ingest.glossary import is_glossary, shared_terms
from qeu_rag.ingest.remark import Remark
from qeu_rag.ingest.report import IngestReport, Progress, Skipped
from qeu_rag.ingest.scan import FoundFile, Scan
from qeu_rag.ingest.split import SplitDocument, SplitFile
from qeu_rag.ingest.vectors import Encoder, embed_texts, keyed_windows
from qeu_rag.types import Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_GROUP = 512
"""Windows that are embedded and stored together: enough for the encoder to sort them by length."""


class Pool(Protocol):
    """What the sync needs of the readers."""

    def read_all(self, files: Iterable[FoundFile]) -> Iterator[tuple[FoundFile, SplitFile | ReadError]]:
        """Each file with what was read of it and how it was split, in order."""
        ...


class Workers(Protocol):
    """Machines that read and embed in this one's place."""

    def open_pool(self, known: Container[str]) -> AbstractContextManager[Pool]:
        """What reads there; of files that are not ``known`` (by their keys) the vectors come with the text."""
        ...

    def encoder(self, own: Encoder) -> Encoder:
        """What embeds there the texts whose vectors did not come along, as ``own`` would here."""
        ...


@dataclass(slots=True)
class _Counts:
    added: int = 0
    updated: int = 0
    dropped: int = 0
    unchanged: int = 0
    embedded: int = 0
    failed: list[Skipped] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)


Seen = Callable[[FoundFile, SplitFile | ReadError], None]
"""Gets each file with what was read of it, or why it could not be read."""


class Sync:
    """One run over folders that were scanned."""

    def __init__(
        self,
        collection: Collection,
        ledger: Ledger,
        *,
        open_pool: Callable[[], AbstractContextManager[Pool]],
        open_encoder: Callable[[], Encoder],
        max_size: int,
        engine: str = "",
        comments: bool = False,
        progress: Callable[[Progress], None],
        seen: Seen,
    ) -> None:
        self._collection = collection
        self._ledger = ledger
        self._open_pool = open_pool
        self._open_encoder = open_encoder
        self._encoder: Future[Encoder]
        self._looked_at: dict[str, tuple[str, int]] = {}
        self._max_size = max_size
        self._reader_of = partial(reader_of, max_size=max_size, engine=engine, comments=comments)
        self._progress = progress
        self._seen = seen
        self._counts = _Counts()

    def run(self, scan: Scan, roots: Sequence[Path | Address], *, prune: bool, dry_run: bool = False) -> IngestReport:
        """Brings the collection in step with ``scan``; with ``dry_run`` it only says what would be done.

        Killed at any point, the next run ends in the same state as one that was not. Raises StorageError when the disk
        is full (what was committed stays).
        """
        began = time.perf_counter()
        known = self._ledger.files()
        if self._ledger.pending() and not dry_run:
            self._collection.tell("resuming")
        fresh, touched, same = compared(scan, known, self._reader_of)
        for row in same:
            self._count_same(row)
        gone = gone_from(scan, known, roots) if prune else []
        shown = {row.path for row in self._ledger.source_rows()} if gone else set()
        left_out = [Skipped(path=source, reason=e.reason, detail=e.detail) for source, e in scan.skipped]
        self._counts.failed.extend(left_out)
        if dry_run:
            for file in fresh:
                self._count_change(known.get(file.key))
        else:
            self._take_over(touched, gone, scan, known)
            self._read(fresh, known)
            if any(is_glossary(file.path) for file in fresh):
                self._counts.notes.extend(shared_terms(self._ledger.glossaries(self._ledger.generation + 1)))
            if self._ledger.pending() or self._ledger.generation == 0:
                self._collection.build_next(self._ledger, lambda d, t: self._tell("index", d, t))
            elif not self._collection.intact(self._ledger):
                self._collection.repair(self._ledger)
        counts = self._counts
        return IngestReport(
            added=counts.added,
            updated=counts.updated,
            removed=counts.dropped + sum(not known[path].reason or path in shown for path in gone),
            unchanged=counts.unchanged,
            failed=tuple(sorted(counts.failed, key=lambda skipped: skipped.path)),
            chunks=self._ledger.chunk_count(),
            embedded=counts.embedded,
            seconds=round(time.perf_counter() - began, 3),
            notes=tuple(counts.notes),
        )

    def _tell(self, stage: Literal["read", "embed", "index"], done: int, total: int, file: str = "") -> None:
        self._progress(Progress(stage=stage, done=done, total=total, file=file))

    def _count_change(self, row: FileRow | None) -> None:
        if row is None or row.reason:
            self._counts.added += 1
        else:
            self._counts.updated += 1

    def _count_same(self, row: FileRow) -> None:
        if row.reason:
            self._counts.failed.append(Skipped(path=row.source, reason=row.reason, detail=row.detail))
        else:
            self._counts.unchanged += 1

    def _take_over(
        self, touched: Sequence[FileRow], gone: Sequence[str], scan: Scan, known: dict[str, FileRow]
    ) -> None:
        with self._ledger.transaction():
            for row in touched:
                self._ledger.put_file(row)
        for path in gone:
            with self._ledger.transaction():
                self._ledger.forget_file(path)
        for file, (_, error) in zip(scan.left_out, scan.skipped, strict=True):
            self._leave_out(file, error, known.get(file.key))

    def _leave_out(self, file: FoundFile, error: ReadError, row: FileRow | None) -> None:
        """Notes a file that the scan passed over, unless that is known."""
        if row is not None and (row.source, row.reason, row.detail) == (file.source, error.reason, error.detail):
            return
        self._drop(file, error, row)

    def _read(self, files: Sequence[FoundFile], known: dict[str, FileRow]) -> None:
        if not files:
            return
        waiting: list[_Ready] = []
        # Before reading: a file that changes while it is read must look changed to the next run.
        self._looked_at = {file.key: state_of(file) for file in files}
        # Opening the encoder can take as long as reading does (the export, once a model): both at a time.
        with ThreadPoolExecutor(1) as beside, self._open_pool() as pool:
            self._encoder = beside.submit(self._open_encoder)
            for done, (file, result) in enumerate(pool.read_all(files), start=1):
                row = known.get(file.key)
                self._seen(file, result)
                if isinstance(result, ReadError):
                    self._fail(file, result, row)
                else:
                    waiting.append(self._ready(file, result, row))
                self._tell("read", done, len(files), file.source)
                if sum(len(ready.new) + len(ready.made) for ready in waiting) >= _GROUP:
                    self._store(waiting)
                    waiting = []
            self._store(waiting)

    def _fail(self, file: FoundFile, error: ReadError, row: FileRow | None) -> None:
        self._counts.failed.append(Skipped(path=file.source, reason=error.reason, detail=error.detail))
        self._drop(file, error, row)

    def _drop(self, file: FoundFile, error: ReadError, row: FileRow | None) -> None:
        """Notes that ``file`` cannot be read, and hides what it showed unless the failure says nothing of its content."""
        with self._ledger.transaction():
            if error.reason not in KEEPS_OLD:
                self._ledger.show(file.key, (), at="")
                self._counts.dropped += row is not None and not row.reason
            self._ledger.put_file(self._row(file, error))

    def _row(self, file: FoundFile, error: ReadError | None, notes: tuple[str, ...] = ()) -> FileRow:
        digest, checked_ns = self._looked_at.get(file.key, ("", time.time_ns()))
        return FileRow(
            path=file.key,
            root=file.root_key,
            source=file.source,
            size=file.size,
            mtime_ns=file.mtime_ns,
            checked_ns=checked_ns,
            hash="" if error and error.reason in KEEPS_OLD else digest,
            reader=self._reader_of(file.path),
            reason=error.reason if error else "",
            detail=error.detail if error else "",
            notes=notes,
        )

    def _ready(self, file: FoundFile, found: SplitFile, row: FileRow | None) -> _Ready:
        """One file read and split, its chunks cut into windows, with the windows' texts for which there is no vector yet."""
        cut = {chunk.id: keyed_windows(chunk) for split in found.documents for chunk in split.chunks}
        texts = {key: text for windows in cut.values() for _, text, key in windows}
        missing = self._ledger.missing_vectors(texts)
        self._counts.notes.extend(replace(note, source=file.source) for note in found.notes)
        return _Ready(
            row=self._row(file, None, tuple(map(str, found.notes))),
            documents=found.documents,
            windows={chunk: [(window, key) for window, _, key in windows] for chunk, windows in cut.items()},
            new={key: texts[key] for key in sorted(missing) if key not in found.vectors},
            made={key: found.vectors[key] for key in missing if key in found.vectors},
            known=row,
        )

    def _store(self, group: Sequence[_Ready]) -> None:
        """Embeds the new windows of several files together, then commits file by file."""
        made = {key: vector for ready in group for key, vector in ready.made.items()}
        texts = {key: text for ready in group for key, text in ready.new.items() if key not in made}
        vectors = made | self._embed(texts, len(made))
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for ready in group:
            with self._ledger.transaction():
                self._ledger.put_vectors({key: vectors[key] for key in (*ready.new, *ready.made)})
                for split in ready.documents:
                    if not self._ledger.has_document(split.document.id):
                        cut = [(chunk, ready.windows[chunk.id]) for chunk in split.chunks]
                        self._ledger.put_document(split.document, cut)
                        self._ledger.put_glossary(split.document.id, split.glossary)
                self._ledger.show(ready.row.path, [split.document for split in ready.documents], at=now)
                self._ledger.put_file(ready.row)
            self._count_change(ready.known)

    def _embed(self, texts: dict[str, str], made: int) -> dict[str, NDArray[np.float32]]:
        """The vectors of ``texts``, beside which ``made`` came with their files: these need the embedder's claim as well."""
        if not texts and not made:
            return {}
        encoder, total = self._encoder.result(), len(texts)
        self._counts.embedded += total + made
        return embed_texts(texts, encoder, lambda done: self._tell("embed", done, total)) if texts else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    row: FileRow
    documents: tuple[SplitDocument, ...]
    windows: dict[str, list[tuple[Window, str]]]
    new: dict[str, str]
    made: Mapping[str, NDArray[np.float32]]
    known: FileRow | None
