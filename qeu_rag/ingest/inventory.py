"""What a collection holds, by document and by chunk, and what the last ingest left out."""

from __future__ import annotations

from dataclasses import dataclass

from qeu_rag.index.ledger import Ledger, SourceRow
from qeu_rag.ingest.sync import Skipped
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
