"""The job that reads uploads and folders into a collection, with what became of each uploaded file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qeu_rag.app import KnowHow
from qeu_rag.errors import ReadError
from qeu_rag.language import CATALOGUES
from qeu_rag.payload import ingest_payload
from qeu_rag.serve.collections import Collections
from qeu_rag.serve.jobs import Job, Work
from qeu_rag.serve.uploads import folder_of


def reading(collections: Collections, home: Path, folders: tuple[Path, ...]) -> Work:
    """How a job of the kind "ingest" is done: ``given`` has the names of uploads, and whether ``folders`` are read, too."""

    def work(job: Job, _: Path) -> None:
        know_how = collections.open(job.collection)
        uploads = folder_of(home, job.collection)
        uploads.mkdir(parents=True, exist_ok=True)
        wanted = (uploads, *(folders if job.given.get("folders") else ()))
        report = know_how.ingest(
            wanted, progress=lambda step: job.step(step.stage, step.done, step.total, now=step.file)
        )
        job.report = ingest_payload(report)
        job.notes = [note.render(job.lang) for note in report.notes]
        job.files = [_result(know_how, uploads / name, job.lang) for name in job.given.get("names", ())]

    return work


def _result(know_how: KnowHow, path: Path, lang: str) -> dict[str, Any]:
    """What became of one file: read with so many chunks, or why not."""
    with know_how.collection.reading() as ledger:
        row = ledger.files().get(str(path))
        chunks = sum(one.chunks for one in ledger.source_rows() if one.path == str(path))
    reason = row.reason if row else "unknown_type"
    return {
        "name": path.name,
        "state": "failed" if reason else "read",
        "reason": reason,
        "message": why_not(reason, row.detail if row else "", lang) if reason else "",
        "remarks": list(row.notes) if row else [],
        "chunks": chunks,
    }


def why_not(reason: str, detail: str, lang: str) -> str:
    """Why a file was not read and what to do, for people."""
    known = f"error.read_{reason}" in CATALOGUES["en"]
    return ReadError(reason, detail).render(lang) if known else f"{reason}{detail}"
