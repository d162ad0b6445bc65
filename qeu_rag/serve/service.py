"""What all addresses work with: the collections, the queue, the jobs and the tokens of one server."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from qeu_rag.serve.collections import Collections
from qeu_rag.serve.queue import Queue
from qeu_rag.serve.rate import Rate
from qeu_rag.serve.tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One server's parts. ``token_required``: whether nobody is let in without a token. ``folders`` are read again on a sync.

    ``questions_logged``: whether the text of questions goes into the server's own log. ``stopping`` is set when the server ends.
    """

    home: Path
    lang: str
    collections: Collections
    queue: Queue
    tokens: Tokens
    rate: Rate
    token_required: bool
    max_file_mb: int
    hosts: frozenset[str] = frozenset()
    folders: tuple[Path, ...] = ()
    questions_logged: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(_service)]
"""The server that a request came to, as a parameter of an address."""
