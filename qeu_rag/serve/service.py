"""What all addresses work with: the collections, the queue, the jobs and the tokens of one server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from qeu_rag.serve.collections import Collections, Once
from qeu_rag.serve.jobs import Jobs
from qeu_rag.serve.observe import Figures
from qeu_rag.serve.queue import Queue
from qeu_rag.serve.tokens import FindsTokens, Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One server's parts. ``token_required``: whether nobody is let in without a token. ``folders`` are read on a sync.

    ``log`` takes the server's own lines, with the text of questions where ``questions_logged``. ``stopping``: it ends.
    """

    home: Path
    lang: str
    collections: Collections
    queue: Queue
    tokens: FindsTokens
    rate: Rate
    jobs: Jobs
    once: Once
    figures: Figures
    log: Callable[[str], None]
    stopping: threading.Event
    token_required: bool
    max_file_mb: int
    hosts: frozenset[str] = frozenset()
    folders: tuple[Path, ...] = ()
    questions_logged: bool = False


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(_service)]
"""The server that a request came to, as a parameter of an address."""
