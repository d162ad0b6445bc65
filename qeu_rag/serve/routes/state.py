"""``/api/status``, ``/api/collections``, ``/health`` and ``/metrics``: what is there and how it goes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import PlainTextResponse, Response

from qeu_rag import __version__
from qeu_rag.app import KnowHow
from qeu_rag.errors import CollectionError
from qeu_rag.payload import SCHEMA_VERSION
from qeu_rag.serve.access import Asking, Deciding, Named
from qeu_rag.serve.refusals import Json
from qeu_rag.serve.service import Here
from qeu_rag.serve.shapes.decisions_and_state import CollectionsOf, HealthOf, StatusOf
from qeu_rag.serve.tokens import SCOPES

router = APIRouter(tags=["state"])


@router.get("/health", response_model=HealthOf)
async def health(service: Here) -> Response:
    """Whether the server is up; for whoever asks."""
    return Json({"status": "ok", "version": __version__, "token_required": service.token_required})


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(service: Here, caller: Deciding) -> Response:
    """The server's figures for Prometheus."""
    return PlainTextResponse(service.figures.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/status", response_model=StatusOf)
def status(service: Here, caller: Asking, collection: Named = None) -> Response:
    """The collection in figures, and what the caller may do."""
    know_how = caller.open(service, collection)
    name = know_how.settings.collection
    facts = {key: value for key, value in _facts(know_how).items() if key != "home"}
    return Json(
        {
            "schema_version": SCHEMA_VERSION,
            "version": __version__,
            "collection": name,
            **facts,
            "scopes": [scope for scope in SCOPES if caller.may(scope)],
            "who": caller.name,
            "logged": know_how.settings.log.questions,
            "running": service.queue.running,
            "waiting": service.queue.waiting,
            "writing": any(job.kind == "ingest" and not job.ended for job in service.jobs.of(name)),
        }
    )


@router.get("/api/collections", response_model=CollectionsOf)
def collections(service: Here, caller: Asking) -> Response:
    """The collections that the caller may see."""
    names = [name for name in service.collections.names() if caller.sees(name)]
    listed = [{"name": name, "documents": _facts(service.collections.open(name))["documents"]} for name in names]
    default = caller.choose(service, None) if names else None
    return Json({"schema_version": SCHEMA_VERSION, "default": default, "collections": listed})


def _facts(know_how: KnowHow) -> dict[str, Any]:
    try:
        return know_how.status()
    except CollectionError as error:
        if error.key != "no_collection":
            raise
        return {"documents": 0, "chunks": 0}
