"""Who asks: the caller of a request, what the token allows, and which collection is meant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from qeu_rag.app import KnowHow
from qeu_rag.errors import UsageError
from qeu_rag.serve.collections import HasCollections
from qeu_rag.serve.service import Here, Service
from qeu_rag.serve.tokens import PREFIX, SCOPES, Scope

_bearer = HTTPBearer(auto_error=False)
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who made a request: the token's name ("" for whoever sits at this machine) and what it may do.

    ``collections`` is empty where it may see all.
    """

    name: str
    scopes: frozenset[str]
    collections: frozenset[str]

    def may(self, scope: Scope) -> bool:
        """Whether this may be done; ``admin`` may do all."""
        return scope in self.scopes or "admin" in self.scopes

    def sees(self, collection: str) -> bool:
        """Whether this collection is on the caller's side of the wall."""
        return not self.collections or collection in self.collections

    def choose(self, service: HasCollections, name: str | None) -> str:
        """The collection that ``name`` means, or the one that is meant without a name.

        Raises UsageError("collection_unknown"), the same whether there is none of that name or the caller may not see it.
        """
        known = [one for one in service.collections.names() if self.sees(one)]
        if name is None:
            default = service.collections.default
            name = default if default in known or not known else known[0]
        if name not in known:
            raise UsageError("collection_unknown", name=name)
        return name

    def open(self, service: HasCollections, name: str | None) -> KnowHow:
        """The collection that ``name`` means, for reading its ledger; raises as ``choose``."""
        return service.collections.open(self.choose(service, name))


_ANYBODY = Caller(name="", scopes=frozenset(SCOPES), collections=frozenset())


def caller_of(service: Service, secret: str | None) -> Caller:
    """Who holds ``secret``. Raises UsageError: "serve_token" where a token is missing or unknown, "serve_rate"."""
    token = service.tokens.find(secret) if secret else None
    if token is None:
        # Programs made for OpenAI send some key or other; where no token is needed it says nothing.
        if service.token_required or (secret or "").startswith(PREFIX):
            raise UsageError("serve_token")
        return _ANYBODY
    service.rate.take(token.id)
    return Caller(name=token.name, scopes=frozenset(token.scopes), collections=frozenset(token.collections))


def _needs(scope: Scope) -> Callable[[Request, Service, Given], Awaitable[Caller]]:
    async def check(request: Request, service: Here, given: Given) -> Caller:
        caller = caller_of(service, given.credentials if given else None)
        request.state.caller = caller.name
        if not caller.may(scope):
            raise UsageError("serve_scope", scope=scope)
        return caller

    return check


Asking = Annotated[Caller, Depends(_needs("ask"))]
Ingesting = Annotated[Caller, Depends(_needs("ingest"))]
Deciding = Annotated[Caller, Depends(_needs("admin"))]
Named = Annotated[
    str | None, Query(alias="collection", max_length=63, description="Another than the usual collection.")
]
