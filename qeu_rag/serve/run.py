"""Runs the server of a home: one for each home, on a port that is free, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from qeu_rag.errors import StorageError, UsageError
from qeu_rag.serve.application import application
from qeu_rag.serve.collections import Collections, Once
from qeu_rag.serve.jobs import Jobs
from qeu_rag.serve.listing import listing
from qeu_rag.serve.observe import Figures
from qeu_rag.serve.queue import Queue
from qeu_rag.serve.reading import reading
from qeu_rag.serve.service import Service
from qeu_rag.serve.tokens import Rate, Tokens

if TYPE_CHECKING:
    from qeu_rag.config import Settings

PORT = 8470
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_GRACE_S = 30
_NEXT_PORTS = 20
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


def serve(
    settings: Settings, place: Place, *, lang: str, tell: Callable[[str], None], ready: Callable[[str], None]
) -> None:
    """Serves until SIGINT or SIGTERM; ``ready`` gets the address as soon as it answers, ``tell`` lines for who runs it.

    Raises UsageError: "serve_port" (taken; names a free one), "serve_host", "serve_running" (this home has a server),
    "serve_no_token" (others can reach it and there is no token).
    """
    tokens = Tokens(settings.home)
    required = place.token_required or place.open_to_others
    if required and not tokens.all():
        raise UsageError("serve_no_token")
    with _bound(place) as listener:
        address = _address(place.host, listener.getsockname()[1])
        with _only_server(settings.home, address):
            _raise_limit_of_files()
            service = _service(settings, place, tokens, lang=lang, tell=tell, token_required=required)
            config = uvicorn.Config(
                application(service),
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE_S,
            )
            server = _Server(config, service, lambda: ready(address))
            with _quiet_end():
                asyncio.run(server.serve(sockets=[listener]))


def _service(
    settings: Settings, place: Place, tokens: Tokens, *, lang: str, tell: Callable[[str], None], token_required: bool
) -> Service:
    """Everything that the server's routes share."""
    stopping = threading.Event()
    queue = Queue(workers=max(2, os.cpu_count() or 2), places=_WAITING_PLACES)
    figures = Figures(queue)
    collections = Collections(settings, notify=tell, told=figures.answered)
    work = {"ingest": reading(collections, settings.home, place.folders), "batch": listing(collections)}
    folder = settings.home / "serve" / "jobs"
    return Service(
        home=settings.home,
        lang=lang,
        collections=collections,
        jobs=Jobs(folder, work, stopping=stopping, tell=tell, asked=lambda: queue.running > 0),
        once=Once(),
        stopping=stopping,
        queue=queue,
        figures=figures,
        log=_log,
        tokens=tokens,
        rate=Rate(place.rate),
        token_required=token_required,
        max_file_mb=settings.ingest.max_file_mb,
        hosts=_LOOPBACK | {place.host.lower(), *map(str.lower, place.hosts)} | _own_names(place),
        folders=place.folders,
        questions_logged=place.questions_logged,
    )


class _Server(uvicorn.Server):
    """Says when it listens, and tells what runs long when it is to end."""

    def __init__(self, config: uvicorn.Config, service: Service, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._service = service
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._service.stopping.set()
        super().handle_exit(sig, frame)


@contextmanager
def _bound(place: Place) -> Iterator[socket.socket]:
    """A socket that listens where it was asked to."""
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        if os.name != "nt":  # there it would let two programs listen on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((place.host, place.port))
            listener.listen(2048)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                holder = _holder_of(place.port)
                raise UsageError("serve_port", port=place.port, holder=holder, free=_free(place, family)) from error
            raise UsageError("serve_host", host=place.host, detail=error) from error
        yield listener


def _holder_of(port: int) -> str:
    """The program that listens on ``port``, as far as the system tells."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        for one in psutil.net_connections("tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port and one.pid:
                return f"{psutil.Process(one.pid).name()}, {one.pid}"
    return "?"


def _free(place: Place, family: int) -> int:
    for port in range(place.port + 1, min(place.port + _NEXT_PORTS, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
            probe.bind((place.host, port))
            return port
    return 0


@contextmanager
def _only_server(home: Path, address: str) -> Iterator[None]:
    """Holds the home's server lock. Raises UsageError("serve_running") with the address of who holds it."""
    from filelock import FileLock, Timeout

    folder = home / "serve"
    note = folder / "server.json"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(folder / "server.lock", timeout=0):
            note.write_text(json.dumps({"pid": os.getpid(), "address": address}), encoding="utf-8")
            yield
            note.unlink(missing_ok=True)
    except Timeout as error:
        known = {"pid": "?", "address": "?"}
        with contextlib.suppress(OSError, ValueError):
            known |= json.loads(note.read_text(encoding="utf-8"))
        raise UsageError("serve_running", home=home, **known) from error
    except OSError as error:
        raise StorageError("home_read_only", path=folder) from error


def _log(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _own_names(place: Place) -> frozenset[str]:
    return frozenset({socket.gethostname().lower()}) if place.open_to_others else frozenset()


@contextmanager
def _quiet_end() -> Iterator[None]:
    """Uvicorn raises the signal that ended it once more; by then all is closed, and it is no failure."""
    before = {sig: signal.signal(sig, lambda *_: None) for sig in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)


def _raise_limit_of_files() -> None:
    """A thousand idle connections are a thousand open files, and 1,024 is what many systems begin with."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 65_536 if hard == resource.RLIM_INFINITY else min(65_536, hard)
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
