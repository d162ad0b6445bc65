"""Stands before all addresses: whose host and origin a request names, how long its body may pause, what headers go back."""

from __future__ import annotations

import asyncio
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qeu_rag.errors import UsageError
from qeu_rag.serve.refusals import preferred, refusal

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """An ASGI application around another."""

    def __init__(
        self, app: ASGIApp, *, hosts: frozenset[str], any_address: bool, lang: str, silence_s: float = 30.0
    ) -> None:
        """``hosts`` are the names by which this server may be called; ``any_address``: and by any IP address, too.

        A body may pause for ``silence_s``; then its connection serves others.
        """
        self._app = app
        self._hosts = hosts
        self._any_address = any_address
        self._lang = lang
        self._silence_s = silence_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        lang, refused = preferred(headers, self._lang), False

        async def sent(message: Message) -> None:
            nonlocal refused
            if refused:
                return
            if message["type"] == "http.response.start":
                if (
                    message["status"] == 413
                    and Headers(raw=message["headers"]).get("content-type") != "application/json"
                ):
                    # The framework refuses what is too large in its own words.
                    await refusal(UsageError("body_large"), lang)(scope, receive, sent)
                    refused = True
                    return
                given = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    given.setdefault(name, value)
                if scope["path"].startswith(("/api", "/v1", "/metrics")):
                    given.setdefault("Cache-Control", "no-store")
            await send(message)

        if not self._ours(headers):
            await refusal(UsageError("serve_origin"), lang)(scope, receive, sent)
            return
        await self._app(scope, _patient(receive, self._silence_s), sent)

    def _ours(self, headers: Headers) -> bool:
        """Whether a request is meant for us: neither by a page of another origin, nor by a name that was bound to our address."""
        host = headers.get("host", "")
        origin = headers.get("origin")
        try:
            name = (urlsplit(f"//{host}").hostname or "") if "@" not in host else ""
            same = origin is None or urlsplit(origin).netloc == host
        except ValueError:
            return False
        return same and (name in self._hosts or (self._any_address and _is_address(name)))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _patient(receive: Receive, silence_s: float) -> Receive:
    whole = False

    async def received() -> Message:
        nonlocal whole
        if whole:  # what comes now is that the client went away, and that may take as long as the answer
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), silence_s)
        except TimeoutError as error:
            raise HTTPException(408) from error
        whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    return received
