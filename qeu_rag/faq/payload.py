"""The JSON of approved answers, gaps and conflicts, as ``faq --json`` prints it and the server sends it."""

from __future__ import annotations

from typing import Any

from qeu_rag.faq.conflicts import PassageConflict
from qeu_rag.faq.gaps import Gap
from qeu_rag.faq.review import ApprovedState
from qeu_rag.types import Chunk


def approved_payload(state: ApprovedState) -> dict[str, Any]:
    """An approved answer with what changed under it."""
    approved = state.approved
    return {
        "id": approved.id,
        "question": approved.question,
        "answer": approved.answer,
        "by": approved.by,
        "at": approved.at,
        "stale": bool(state.changed),
        "citations": [
            {"marker": pin.marker, "source": pin.source, "page": pin.page, "passage_hash": pin.hash, "quote": pin.quote}
            for pin in approved.pins
        ],
        "changed": [
            {
                "marker": change.before.marker,
                "source": change.before.source,
                "before": change.before.text,
                "after": None if change.after is None else change.after.text,
            }
            for change in state.changed
        ],
    }


def gap_payload(gap: Gap) -> dict[str, Any]:
    """Questions on one subject that the documents do not answer well."""
    return {
        "count": gap.count,
        "folders": list(gap.folders),
        "questions": [
            {
                "question": q.question,
                "count": q.count,
                "last": q.last,
                "status": q.status,
                "certainty": q.certainty,
                "confidence": q.confidence,
                "wrong": q.wrong,
            }
            for q in gap.questions
        ],
        "nearest": [_side(chunk, chunk.text) for chunk in gap.nearest],
    }


def conflict_payload(one: PassageConflict) -> dict[str, Any]:
    """Two passages that say two things."""
    return {
        "kind": one.found.kind,
        "values": list(one.found.values),
        "alike": one.found.alike,
        "first": _side(one.first, one.found.first),
        "second": _side(one.second, one.found.second),
    }


def _side(chunk: Chunk, quote: str) -> dict[str, Any]:
    return {
        "source": chunk.source,
        "title": chunk.title,
        "headings": list(chunk.headings),
        "page": chunk.page,
        "passage_hash": chunk.passage_hash,
        "quote": quote,
    }
