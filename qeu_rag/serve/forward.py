"""Passes requests from one server on to the application of another, as ASGI's own messages, streams and all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn import Config
from uvicorn.lifespan.on import LifespanOn

from qeu_rag.errors import QeuRagError
from qeu_rag.serve.refusals import preferred, refusal

OPENED: Message = {"type": "opened"}
"""The first message of every exchange: what the client sends may now be passed on."""

_HERE = ("/api/ask", "/api/search", "/api/document", "/api/document/page.png", "/api/collections")
"""What every server answers by itself: questions, and documents as they were when it answered. What is not under /api, too."""
_PASSED_ON = ("type", "asgi", "http_version", "method", "scheme", "path", "raw_path", "root_path", "query_string")
_ADDRESSES = ("headers", "client", "server")
_AHEAD = 8


class Far(Protocol):
    """A way to the other server."""

    def exchange(self, scope: dict[str, Any], receive: Receive) -> AsyncIterator[Message]:
        """What the other server sends back. Raises QeuRagError where it cannot be reached."""
        ...


class PassOn:
    """An ASGI application around another, which has all that writes answered by the other server."""

    path = "/api/..."
    """For the log and the figures, in place of the pattern of an address."""

    def __init__(self, app: ASGIApp, *, far: Far, lang: str) -> None:
        self._app = app
        self._far = far
        self._lang = lang

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on to the other server, or inwards."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/") or scope["path"] in _HERE:
            await self._app(scope, receive, send)
            return
        scope["route"] = self
        begun = False
        try:
            known = {name: scope[name] for name in (*_PASSED_ON, *_ADDRESSES) if name in scope}
            async for message in self._far.exchange(known, receive):
                begun = True
                await send(message)
        except QeuRagError as error:
            if begun:  # half an answer is told from a whole one by how it ends
                raise
            await refusal(error, preferred(Headers(scope=scope), self._lang))(scope, receive, send)


class Taken:
    """The other end: what was passed on, answered by ``app``. All methods are for one event loop."""

    def __init__(self, app: ASGIApp, *, tell: Callable[[str], None]) -> None:
        """``tell`` gets what went wrong unexpectedly."""
        self._app = app
        self._tell = tell
        self._inboxes: dict[str, asyncio.Queue[Message]] = {}
        self._lifespan = LifespanOn(Config(app, lifespan="on", log_config=None, access_log=False))

    async def opened(self) -> None:
        """Starts the application. Raises QeuRagError("serve_log") where it cannot be."""
        await self._lifespan.startup()
        if self._lifespan.should_exit:
            raise QeuRagError("serve_log", kind="lifespan")

    async def closed(self) -> None:
        """Ends the application."""
        await self._lifespan.shutdown()

    async def answer(self, key: str, scope: Scope) -> AsyncGenerator[Message, None]:
        """Begins the exchange ``key`` and gives OPENED and then every message of the answer."""
        inbox = self._inboxes[key] = asyncio.Queue(_AHEAD)
        outbox: asyncio.Queue[Message | None] = asyncio.Queue(_AHEAD)

        async def run() -> None:
            try:
                await self._app(scope, inbox.get, outbox.put)
            except Exception as error:  # noqa: BLE001 - the application has answered it; one request ends, not the server
                self._tell(f"{scope['method']}: {type(error).__name__}: {error}")
            await outbox.put(None)

        task = asyncio.create_task(run())
        try:
            yield OPENED
            while (message := await outbox.get()) is not None:
                yield message
        finally:
            task.cancel()
            del self._inboxes[key]
            while not inbox.empty():  # who waits for room in it need not wait any more
                inbox.get_nowait()

    async def push(self, key: str, message: Message) -> None:
        """Gives the exchange ``key`` what its client sent; nothing happens where it has ended."""
        if (inbox := self._inboxes.get(key)) is not None:
            await inbox.put(message)
