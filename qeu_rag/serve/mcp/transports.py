"""The two ways to reach the tools: standard input and output for one assistant, and ``/mcp`` of the server for many."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp.server.context import ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from qeu_rag.errors import QeuRagError, UsageError
from qeu_rag.serve.access import Caller, caller_of
from qeu_rag.serve.collections import Collections
from qeu_rag.serve.mcp.server import Assistant
from qeu_rag.serve.mcp.tools import tools
from qeu_rag.serve.queue import Queue
from qeu_rag.serve.refusals import language_of, refusal

if TYPE_CHECKING:
    from qeu_rag.config import Settings
    from qeu_rag.serve.service import Service

_BODY_LIMIT = 1_000_000
_WORKERS, _PLACES = 2, 32


class Door:
    """``/mcp``: read-only whatever the token may do, and each message by the token that it comes with.

    No session is kept, so that nothing of one caller's can be met by another.
    """

    def __init__(self, service: Service) -> None:
        self.path = "/mcp"
        self._service = service
        self._way: ASGIApp | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Lets messages in; for the time that the server runs."""
        assistant = Assistant(self._service, tools(()), _shown)
        manager = StreamableHTTPSessionManager(assistant.server, stateless=True, max_request_body_size=_BODY_LIMIT)
        async with manager.run():
            self._way = manager.handle_request
            yield
            self._way = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a message of a known caller on."""
        scope["route"] = self  # for the log and the figures
        request = Request(scope)
        try:
            if scope["method"] != "POST" or self._way is None:
                raise UsageError("method_unknown")
            kind, _, secret = request.headers.get("authorization", "").partition(" ")
            caller = caller_of(self._service, secret.strip() if kind.lower() == "bearer" else None)
            request.state.caller = caller.name
            if not caller.may("ask"):
                raise UsageError("serve_scope", scope="ask")
        except QeuRagError as error:
            answer = refusal(error, language_of(request))
            if error.key == "method_unknown":
                answer.status_code, answer.headers["Allow"] = 405, "POST"
            await answer(scope, receive, send)
            return
        request.state.assistant = caller
        await self._way(scope, receive, send)


def _shown(ctx: ServerRequestContext[Any, Any]) -> Caller:
    if ctx.request is None:
        raise AssertionError("what comes over HTTP comes with a request")
    caller: Caller = ctx.request.state.assistant
    return caller


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDesk:
    """What one assistant on this machine works with."""

    collections: Collections
    queue: Queue
    lang: str


def serve_stdio(settings: Settings, *, folders: tuple[Path, ...], lang: str, tell: Callable[[str], None]) -> None:
    """Serves the assistant that started this process until it closes our standard input.

    It sees the collection of ``settings`` alone, and may have ``folders`` read in again; ``tell`` gets lines for people.
    """
    import anyio

    desk = OwnDesk(
        collections=Collections(settings, notify=tell), queue=Queue(workers=_WORKERS, places=_PLACES), lang=lang
    )
    scopes = frozenset({"ask", "ingest"} if folders else {"ask"})
    caller = Caller(name="", scopes=scopes, collections=frozenset({settings.collection}))
    server = Assistant(desk, tools(folders), lambda _: caller).server

    async def serve() -> None:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    try:
        anyio.run(serve)
    finally:
        desk.queue.close()
        desk.collections.close()
