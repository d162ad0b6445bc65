"""Errors as answers over HTTP: which status each has, and the JSON that says what happened and what to do next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from qeu_rag.errors import CollectionError, QeuRagError, UsageError

_STATUS: Mapping[str, int] = MappingProxyType(
    {
        "serve_token": 401,
        "serve_scope": 403,
        "serve_origin": 403,
        "collection_unknown": 404,
        "document_unknown": 404,
        "passage_unknown": 404,
        "picture_unknown": 404,
        "picture_on_store": 404,
        "job_unknown": 404,
        "model_id_unknown": 404,
        "document_changed": 409,
        "document_elsewhere": 409,
        "job_unfinished": 409,
        "body_large": 413,
        "body_wrong": 422,
        "serve_rate": 429,
        "serve_busy": 503,
        "dense_away": 503,
        "dense_slow": 503,
        "head_away": 503,
        "head_silent": 503,
    }
)
_LEFT = 499
"""What others, too, log where a client left before its answer was there; nobody receives it."""
_PLAIN = MappingProxyType(
    {400: "body_broken", 404: "address_unknown", 405: "method_unknown", 408: "body_slow", 413: "body_large"}
)


class Detail(BaseModel):
    """What happened and what to do next, for people; and two words for programs."""

    message: str
    type: str
    code: str


class Problem(BaseModel):
    """The body of every answer that is a refusal."""

    error: Detail


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 405, 408, 409, 413, 422, 429, 500, 503)
}
"""For the OpenAPI document."""


class Json(JSONResponse):
    """JSON in UTF-8, whatever a document holds."""

    def render(self, content: Any) -> bytes:
        """As ``in_json``."""
        return in_json(content).encode()


def in_json(content: Any) -> str:
    """``content`` on one line; halves of characters, which no UTF-8 can hold, become question marks."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()


def status_of(error: QeuRagError) -> int:
    """400 for what the caller can mend, 409 for what the collection's state does not allow, else 500, or the key's own."""
    fallback = 400 if isinstance(error, UsageError) else 409 if isinstance(error, CollectionError) else 500
    return _STATUS.get(error.key, fallback)


def body_of(error: QeuRagError, lang: str) -> dict[str, Any]:
    """``{"error": {message, type, code}}``, as OpenAI's clients read it, too."""
    kind = type(error).__name__.removesuffix("Error").lower()
    return {"error": {"message": error.render(lang), "type": kind, "code": error.key}}


def refusal(error: QeuRagError, lang: str) -> Json:
    """The whole answer for ``error``."""
    status = status_of(error)
    headers = {"Retry-After": str(error.values.get("seconds", 1))} if status in (429, 503) else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Json(body_of(error, lang), status_code=status, headers=headers)


def language_of(request: Request) -> str:
    """The language that the client prefers, of ours; else the server's."""
    return preferred(request.headers, request.app.state.service.lang)


def preferred(headers: Mapping[str, str], otherwise: str) -> str:
    """The first of our languages that ``headers`` ask for."""
    given = headers.get("accept-language", "").lower()
    found = [lang for part in given.split(",") if (lang := part.strip()[:2]) in ("en", "ja")]
    return found[0] if found else otherwise


def handle_errors(app: FastAPI) -> None:
    """Makes every error of ``app`` an answer of one shape, in the client's language, without a traceback."""

    @app.exception_handler(QeuRagError)
    async def ours(request: Request, error: QeuRagError) -> Response:
        return refusal(error, language_of(request))

    @app.exception_handler(RequestValidationError)
    async def wrong_shape(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return refusal(UsageError("body_wrong", where=where[:200], detail=first["msg"][:300]), language_of(request))

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> Response:
        key = _PLAIN.get(error.status_code, "body_broken")
        answer = refusal(UsageError(key), language_of(request))
        answer.status_code = error.status_code
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(ClientDisconnect)
    async def left(_: Request, __: ClientDisconnect) -> Response:
        return Response(status_code=_LEFT)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        lang = language_of(request)
        # What a library says may hold words of documents: the log has it, the client the kind alone.
        return Json(body_of(QeuRagError("serve_log", kind=type(error).__name__), lang), status_code=500)
