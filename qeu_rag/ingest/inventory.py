"""Lists what a collection holds: its figures, its documents and chunks, and the files that the last ingest left out."""

from __future__ import annotations

from dataclasses import dataclass

from qeu_rag.errors import StorageError
from qeu_rag.index.collection import Collection
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.rows import SourceRow
from qeu_rag.ingest.report import Skipped
from qeu_rag.types import Chunk

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentList:
    """What the collection holds, by name, and what the last ingest left out."""

    documents: tuple[SourceRow, ...]
    skipped: tuple[Skipped, ...]


def documents(ledger: Ledger) -> DocumentList:
    """Every document by name, and every file that was left out with its reason."""
    failed = sorted((row for row in ledger.files().values() if row.reason), key=lambda row: row.source)
    skipped = tuple(Skipped(path=row.source, reason=row.reason, detail=row.detail) for row in failed)
    return DocumentList(documents=tuple(ledger.source_rows()), skipped=skipped)


def chunks(ledger: Ledger) -> tuple[Chunk, ...]:
    """Every chunk that readers see, in the order of ids."""
    wanted = ledger.chunk_ids(ledger.generation)
    parts = (ledger.chunks(wanted[start : start + _AT_ONCE]) for start in range(0, len(wanted), _AT_ONCE))
    return tuple(chunk for part in parts for _, chunk in sorted(part.items()))


def status(
    collection: Collection, ledger: Ledger, *, home: str, name: str, embedder: str, engine: str, gate: str
) -> dict[str, object]:
    """The collection in figures, ready for JSON; the names are those of the settings. Sizes are in MB of 10^6 bytes."""
    rows = ledger.source_rows()
    langs = sorted({row.lang for row in rows})
    size = sum(path.stat().st_size for path in collection.folder.rglob("*") if path.is_file())
    return {
        "home": home,
        "collection": name,
        "documents": len({row.document_id for row in rows}),
        "chunks": ledger.chunk_count(),
        "languages": {lang: len({row.document_id for row in rows if row.lang == lang}) for lang in langs},
        "embedder": embedder,
        "runtime": ledger.meta("runtime"),
        "engine": engine,
        "gate": gate,
        "generation": ledger.generation,
        "interrupted": ledger.pending(),
        "indexes": _indexes(collection, ledger),
        "size_mb": round(size / 1e6, 1),
        "last_ingest": max((row.ingested_at for row in rows), default=None),
        "skipped": sum(bool(row.reason) for row in ledger.files().values()),
    }


def _indexes(collection: Collection, ledger: Ledger) -> str:
    """ "away": the vectors are on a server, which cannot be asked."""
    try:
        return "intact" if collection.intact(ledger) else "damaged"
    except StorageError:
        return "away"
