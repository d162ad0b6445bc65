"""Where a chunk comes from: the whole text of its document, and the day on which its file was last changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from qeu_rag.index.ledger import Ledger
from qeu_rag.types import Chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A document's ``text``, and when its file was ``changed``, by the clock of this computer; None where nobody knows."""

    text: str
    changed: date | None


def origin(ledger: Ledger, chunk: Chunk) -> Origin | None:
    """The origin of ``chunk`` as the ledger knows it; None where its document is gone. Of equal files the newest counts."""
    document = ledger.document(chunk.document_id)
    if document is None:
        return None
    changed = ledger.rows(
        "SELECT max(f.mtime_ns) FROM sources s JOIN files f ON f.path=s.path WHERE s.document_id=? AND s.until IS NULL",
        (chunk.document_id,),
    )
    known = changed[0][0]
    day = None if known is None else datetime.fromtimestamp(int(str(known)) / 1e9).astimezone().date()
    return Origin(text=document.text, changed=day)
