"""``/api/documents`` and ``/api/document``: what a collection holds, uploads, removals, and one document with its pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, Query, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from qeu_rag.app import KnowHow
from qeu_rag.errors import CollectionError, UsageError
from qeu_rag.index.ledger import FileRow, SourceRow
from qeu_rag.ingest.changes import hash_of, is_on_store
from qeu_rag.payload import SCHEMA_VERSION, documents_payload
from qeu_rag.serve.access import Asking, Ingesting, Named
from qeu_rag.serve.ingest_job import why_not
from qeu_rag.serve.refusals import Json, language_of
from qeu_rag.serve.routes.ask import Body, Collection
from qeu_rag.serve.service import Here, Service
from qeu_rag.serve.shapes.documents_and_jobs import DocumentOf, DocumentsOf, JobOf
from qeu_rag.serve.uploads import folder_of, store

router = APIRouter(prefix="/api", tags=["documents"])

UPLOAD_LIMIT = 1_000_000_000
Source = Annotated[str, Query(alias="path", min_length=1, max_length=4096, description="A document's `source`.")]


class Sync(Body):
    """Which collection's folders to read again."""

    collection: Collection


@router.get("/documents", response_model=DocumentsOf)
def documents(request: Request, service: Here, caller: Asking, collection: Named = None) -> Response:
    """Every document, and every file that was left out."""
    know_how = caller.open(service, collection)
    try:
        listing = know_how.documents()
        files = _files(know_how)
    except CollectionError as error:
        if error.key != "no_collection":
            raise
        return Json({"schema_version": SCHEMA_VERSION, "documents": [], "skipped": []})
    made = documents_payload(listing)
    lang = language_of(request)
    for shown, row in zip(made["documents"], listing.documents, strict=True):
        file = files.get(row.path)
        shown["removable"] = _uploaded(service, know_how, row)
        shown["remarks"] = list(file.notes) if file else []
    for shown, skipped in zip(made["skipped"], listing.skipped, strict=True):
        shown["message"] = why_not(skipped.reason, skipped.detail, lang)
    return Json(made)


@router.post("/documents", status_code=202, response_model=JobOf, max_body_size=UPLOAD_LIMIT)
def upload(
    request: Request,
    service: Here,
    caller: Ingesting,
    files: Annotated[list[UploadFile], File(min_length=1)],
    collection: Named = None,
) -> Response:
    """Takes files and reads them into the collection."""
    name = caller.choose(service, collection)
    names = store(folder_of(service.home, name), ((file.filename or "", file.file) for file in files))
    return _read(request, service, name, ", ".join(names), names=names)


@router.post("/sync", status_code=202, response_model=JobOf)
def sync(body: Sync, request: Request, service: Here, caller: Ingesting) -> Response:
    """Reads again what changed of the uploads and the server's folders."""
    name = caller.choose(service, body.collection)
    # The folders are those of the collection that the server was started with.
    return _read(request, service, name, "", folders=name == service.collections.default)


@router.delete("/documents", status_code=202, response_model=JobOf)
def remove(request: Request, service: Here, caller: Ingesting, source: Source, collection: Named = None) -> Response:
    """Deletes an uploaded file and forgets its document."""
    know_how = caller.open(service, collection)
    row = _row(know_how, source)
    if not _uploaded(service, know_how, row):
        raise UsageError("document_elsewhere", name=source)
    Path(row.path).unlink(missing_ok=True)
    return _read(request, service, know_how.settings.collection, source)


@router.get("/document", response_model=DocumentOf)
def document(service: Here, caller: Asking, source: Source, collection: Named = None) -> Response:
    """One document whole, with its pages and headings."""
    know_how = caller.open(service, collection)
    row = _row(know_how, source)
    with know_how.collection.reading() as ledger:
        found = ledger.document(row.document_id)
    if found is None:
        raise UsageError("document_unknown", name=source)
    file = _files(know_how).get(row.path)
    return Json(
        {
            "schema_version": SCHEMA_VERSION,
            "document_id": found.id,
            "source": source,
            "title": found.title or Path(source.rsplit("#", 1)[-1]).stem,
            "lang": found.lang,
            "text": found.text,
            "pages": [{"number": p.number, "start": p.span.start, "end": p.span.end} for p in found.pages],
            "headings": [
                {"level": h.level, "text": h.text, "start": h.span.start, "end": h.span.end} for h in found.headings
            ],
            "remarks": list(file.notes) if file else [],
            "pictures": _is_pdf(row) and not is_on_store(row.path),
        }
    )


@router.get("/document/page.png", responses={200: {"content": {"image/png": {}}}}, response_class=Response)
async def picture(
    request: Request,
    service: Here,
    caller: Asking,
    source: Source,
    page: Annotated[int, Query(ge=1, le=1_000_000)],
    start: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    end: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    width: Annotated[int, Query(ge=200, le=2400)] = 1200,
    collection: Named = None,
) -> Response:
    """A page of a PDF as a picture, with a stretch of the document's text marked on it."""
    name = caller.choose(service, collection)

    def work() -> tuple[bytes, bool]:
        return _picture(service.collections.open(name), source, page, start, end, width)

    png, marked = await service.queue.run(request, work)
    return Response(png, media_type="image/png", headers={"X-Marked": "yes" if marked else "no"})


def _picture(know_how: KnowHow, source: str, page: int, start: int, end: int, width: int) -> tuple[bytes, bool]:
    from qeu_rag.ingest.readers.pdf.picture import picture_of

    row = _row(know_how, source)
    if is_on_store(row.path):
        raise UsageError("picture_on_store", name=source)
    if not _is_pdf(row):
        raise UsageError("picture_unknown", name=source, page=page)
    if hash_of(Path(row.path)) != row.hash:
        raise UsageError("document_changed", name=source)
    with know_how.collection.reading() as ledger:
        found = ledger.document(row.document_id)
    quote = found.text[start:end] if found else ""
    made = picture_of(Path(row.path), page, quote=quote, width=width)
    if made is None:
        raise UsageError("picture_unknown", name=source, page=page)
    return made


def _read(request: Request, service: Service, collection: str, name: str, **given: object) -> Response:
    job = service.jobs.add(
        "ingest", collection=collection, name=name[:200], lang=language_of(request), given=given, prepare=lambda _: None
    )
    return Json(job.payload(), status_code=202)


def _row(know_how: KnowHow, source: str) -> SourceRow:
    with know_how.collection.reading() as ledger:
        found = [row for row in ledger.source_rows() if row.source == source]
    if not found:
        raise UsageError("document_unknown", name=source)
    return found[0]


def _files(know_how: KnowHow) -> dict[str, FileRow]:
    with know_how.collection.reading() as ledger:
        return ledger.files()


def _uploaded(service: Service, know_how: KnowHow, row: SourceRow) -> bool:
    """Whether the document is an uploaded file, whole: to delete an archive for one of its documents would be too much."""
    folder = folder_of(service.home, know_how.settings.collection)
    return "#" not in row.source and Path(row.path).parent == folder


def _is_pdf(row: SourceRow) -> bool:
    return "#" not in row.source and row.path.lower().endswith(".pdf")
