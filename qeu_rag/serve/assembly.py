"""Where and for whom one server serves, and its parts put together for that."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qeu_rag.serve.batch_job import listing
from qeu_rag.serve.collections import Collections, Once
from qeu_rag.serve.ingest_job import reading
from qeu_rag.serve.jobs import Jobs
from qeu_rag.serve.observe import Figures
from qeu_rag.serve.queue import Queue
from qeu_rag.serve.service import Service
from qeu_rag.serve.tokens import FindsTokens, Rate
from qeu_rag.types import Answer

if TYPE_CHECKING:
    from qeu_rag.config import Settings

PORT = 8470
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_WAITING_PLACES = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and for whom to serve. ``hosts`` are further names by which the server may be called; ``rate`` is a minute's."""

    host: str = "127.0.0.1"
    port: int = PORT
    token_required: bool = False
    hosts: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()
    rate: int = 600
    questions_logged: bool = False

    @property
    def open_to_others(self) -> bool:
        """Whether other machines can reach it."""
        return self.host not in _LOOPBACK

    @property
    def closed(self) -> bool:
        """Whether nobody is let in without a token."""
        return self.token_required or self.open_to_others

    @property
    def names(self) -> frozenset[str]:
        """The names by which the server may be called."""
        own = {socket.gethostname().lower()} if self.open_to_others else set()
        return _LOOPBACK | {self.host.lower(), *map(str.lower, self.hosts)} | own


def assemble(
    settings: Settings,
    place: Place,
    opened: Callable[[Callable[[Answer], None]], Collections],
    *,
    lang: str,
    tell: Callable[[str], None],
    tokens: FindsTokens,
    rate: Rate | None = None,
    jobs: Path | None = None,
) -> Service:
    """The parts of a server of the home of ``settings``; ``tell`` gets lines for who runs it.

    ``opened`` gives its collections, of which what it is given gets every answer.
    ``rate`` and ``jobs`` (the folder of jobs) are others than the home's own where this is one server of many.
    """
    stopping = threading.Event()
    queue = Queue(workers=max(2, os.cpu_count() or 2), places=_WAITING_PLACES)
    figures = Figures(queue)
    collections = opened(figures.answered)
    work = {"ingest": reading(collections, settings.home, place.folders), "batch": listing(collections)}
    return Service(
        home=settings.home,
        lang=lang,
        collections=collections,
        jobs=Jobs(
            jobs or settings.home / "serve" / "jobs",
            work,
            stopping=stopping,
            tell=tell,
            asked=lambda: queue.running > 0,
        ),
        once=Once(),
        stopping=stopping,
        queue=queue,
        figures=figures,
        log=log_line,
        tokens=tokens,
        rate=rate or Rate(place.rate),
        token_required=place.closed,
        max_file_mb=settings.ingest.max_file_mb,
        hosts=place.names,
        folders=place.folders,
        questions_logged=place.questions_logged,
    )


def log_line(line: str) -> None:
    """A line in the log of who runs the server."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
