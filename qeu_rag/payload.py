"""The public JSON of answers, evidence and documents: pure functions from values to plain dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qeu_rag.types import Answer, Chunk, Citation, ScoredChunk

if TYPE_CHECKING:
    from qeu_rag.config import Settings
    from qeu_rag.ingest.inventory import DocumentList
    from qeu_rag.ingest.report import IngestReport, Skipped

SCHEMA_VERSION = 1
"""Grows when a key is renamed or removed or changes its meaning; new keys do not change it."""


def answer_payload(answer: Answer) -> dict[str, Any]:
    """What ``ask --json`` prints; ``reason`` is empty for an answer, ``certainty`` for an abstention, ``timings`` are seconds.

    ``highlights`` are ``[start, end]`` pairs of characters in ``answer``: what answers, to be emphasised.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "question": answer.question,
        "answer": answer.text,
        "status": answer.status,
        "reason": answer.reason,
        "certainty": answer.certainty,
        "confidence": float(answer.confidence),
        "highlights": [[span.start, span.end] for span in answer.highlights],
        "engine": answer.engine,
        "citations": [_citation(citation) for citation in answer.citations],
        "evidence": [_scored(scored) for scored in answer.evidence],
        "timings": {stage: float(seconds) for stage, seconds in answer.timings.items()},
        "notes": list(answer.notes),
        "approved": None if answer.approved is None else asdict(answer.approved),
        "stale": None if answer.stale is None else asdict(answer.stale),
        "nearest": [{"quote": near.quote, **_place(near.chunk)} for near in answer.nearest],
    }


def failure_payload(question: str, reason: str, detail: str) -> dict[str, Any]:
    """The JSON of a question that could not be answered: an answer's keys with status "error", ``reason`` a stable word.

    ``detail`` is for people, in their language.
    """
    empty = Answer(
        question=question,
        text="",
        status="abstained",
        reason=reason,
        confidence=0.0,
        citations=(),
        evidence=(),
        engine="",
    )
    return {**answer_payload(empty), "status": "error", "detail": detail}


def search_payload(question: str, results: Iterable[ScoredChunk]) -> dict[str, Any]:
    """What ``search --json`` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "question": question,
        "results": [_scored(scored) for scored in results],
    }


def documents_payload(listing: DocumentList) -> dict[str, Any]:
    """What ``documents --json`` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "documents": [
            {
                "document_id": document.document_id,
                "source": document.source,
                "title": document.title,
                "lang": document.lang,
                "pages": document.pages,
                "chunks": document.chunks,
                "hash": document.hash,
                "ingested_at": document.ingested_at,
            }
            for document in listing.documents
        ],
        "skipped": [_skipped(skipped) for skipped in listing.skipped],
    }


def ingest_payload(report: IngestReport) -> dict[str, Any]:
    """What ``ingest --json`` prints; counts are files, ``embedded`` counts texts."""
    return {
        "added": report.added,
        "updated": report.updated,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "failed": [_skipped(skipped) for skipped in report.failed],
        "chunks": report.chunks,
        "embedded": report.embedded,
        "seconds": round(float(report.seconds), 3),
    }


def status_payload(status: Mapping[str, object]) -> dict[str, Any]:
    """What ``status --json`` prints."""
    return {"schema_version": SCHEMA_VERSION, **status}


def config_payload(settings: Settings, *, origin: bool) -> dict[str, Any]:
    """What ``config show --json`` prints: dotted keys with their values, and where each came from if asked."""
    payload: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "settings": settings.flat()}
    return payload | {"origins": dict(settings.origins)} if origin else payload


def _place(chunk: Chunk) -> dict[str, Any]:
    return {
        "chunk_id": chunk.id,
        "document_id": chunk.document_id,
        "passage_hash": chunk.passage_hash,
        "source": chunk.source,
        "other_sources": list(chunk.other_sources),
        "title": chunk.title,
        "headings": list(chunk.headings),
        "page": chunk.page,
    }


def _citation(citation: Citation) -> dict[str, Any]:
    """``span``: the stretch that is shown, as ``[start, end]`` in the document's text; None where no more than the quote is."""
    before, span = citation.chunk.span.start, citation.span
    shown = None if span is None else [before + span.start, before + span.end]
    return {"marker": citation.marker, "quote": citation.quote, "span": shown, **_place(citation.chunk)}


def _scored(scored: ScoredChunk) -> dict[str, Any]:
    # float(): scores may come as NumPy numbers, which JSON does not know.
    return {
        "rank": int(scored.rank),
        "score": float(scored.score),
        **_place(scored.chunk),
        "text": scored.chunk.passage,
    }


def _skipped(skipped: Skipped) -> dict[str, Any]:
    return {"path": skipped.path, "reason": skipped.reason}
