"""``/api/batch`` and ``/api/jobs``: a list of questions in, and the jobs with their progress and what they made."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from qeu_rag.errors import UsageError
from qeu_rag.faq.read.question_list import kind_of
from qeu_rag.payload import SCHEMA_VERSION
from qeu_rag.serve.access import Asking, Caller, Named
from qeu_rag.serve.batch_job import ROWS
from qeu_rag.serve.jobs import Job
from qeu_rag.serve.refusals import Json, language_of
from qeu_rag.serve.routes.ask import event
from qeu_rag.serve.service import Here, Service
from qeu_rag.serve.shapes.documents_and_jobs import JobOf, JobsOf, RowsOf
from qeu_rag.serve.uploads import clean_name

router = APIRouter(prefix="/api", tags=["jobs"])

_LIST_LIMIT = 50_000_000
_LOOK_S = 0.2
_PING = b": still here\n\n"
_PING_EVERY = 75


@router.post("/batch", status_code=202, response_model=JobOf, max_body_size=_LIST_LIMIT)
def batch(
    request: Request,
    service: Here,
    caller: Asking,
    file: Annotated[UploadFile, File()],
    column: Annotated[str | None, Form(max_length=200)] = None,
    long: Annotated[bool, Form()] = False,
    collection: Named = None,
) -> Response:
    """Takes a list of questions and answers it."""
    collection = caller.choose(service, collection)
    name = clean_name(file.filename or "")
    kind_of(Path(name))

    def keep(folder: Path) -> None:
        with (folder / name).open("xb") as kept:
            shutil.copyfileobj(file.file, kept)

    job = service.jobs.add(
        "batch",
        collection=collection,
        name=name,
        lang=language_of(request),
        given={"list": name, "column": column or None, "long": long},
        prepare=keep,
    )
    return Json(job.payload(), status_code=202)


@router.get("/jobs", response_model=JobsOf)
def jobs(service: Here, caller: Asking, collection: Named = None) -> Response:
    """The jobs of a collection, newest first."""
    found = service.jobs.of(caller.choose(service, collection))
    return Json({"schema_version": SCHEMA_VERSION, "jobs": [job.payload() for job in found]})


@router.get("/jobs/{key}", response_model=JobOf)
def job(service: Here, caller: Asking, key: str) -> Response:
    """One job."""
    return Json(_find(service, caller, key).payload())


@router.delete("/jobs/{key}", status_code=204)
def remove(service: Here, caller: Asking, key: str) -> Response:
    """Stops a job and forgets its files."""
    found = _find(service, caller, key)
    if found.kind == "ingest" and not caller.may("ingest"):
        raise UsageError("serve_scope", scope="ingest")
    service.jobs.remove(found)
    return Response(status_code=204)


@router.get("/jobs/{key}/events", responses={200: {"content": {"text/event-stream": {}}}}, response_class=Response)
async def events(service: Here, caller: Asking, key: str) -> Response:
    """The job each time something happens to it, until it ends."""
    return StreamingResponse(_changes(service, _find(service, caller, key)), media_type="text/event-stream")


@router.get("/jobs/{key}/file", response_class=FileResponse)
def answered(service: Here, caller: Asking, key: str) -> Response:
    """The answered list."""
    found = _done(service, caller, key)
    return FileResponse(service.jobs.folder_of(found) / str(found.file), filename=found.file)


@router.get("/jobs/{key}/rows", response_model=RowsOf)
def rows(service: Here, caller: Asking, key: str) -> Response:
    """The answered rows with all that an answer has."""
    found = _done(service, caller, key)
    lines = (service.jobs.folder_of(found) / ROWS).read_text(encoding="utf-8").splitlines()
    return Json({"schema_version": SCHEMA_VERSION, "rows": [json.loads(line) for line in lines]})


def _find(service: Service, caller: Caller, key: str) -> Job:
    """The job, if it is of a collection that the caller may see; else it is as if there were none."""
    found = service.jobs.find(key)
    if not caller.sees(found.collection):
        raise UsageError("job_unknown")
    return found


def _done(service: Service, caller: Caller, key: str) -> Job:
    found = _find(service, caller, key)
    if found.file is None or found.state != "done":
        raise UsageError("job_unfinished")
    return found


async def _changes(service: Service, job: Job) -> AsyncIterator[bytes]:
    seen, silent = -1, 0
    while not job.ended and not service.stopping.is_set() and not job.stopped():
        if job.version != seen:
            seen, silent = job.version, 0
            yield event("progress", job.payload())
        elif (silent := silent + 1) % _PING_EVERY == 0:
            yield _PING
        await asyncio.sleep(_LOOK_S)
    yield event("end", job.payload())
