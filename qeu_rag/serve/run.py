"""Runs the server of a home: one for each home, on a port that is free, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from qeu_rag.errors import StorageError, UsageError
from qeu_rag.serve.application import application
from qeu_rag.serve.assembly import Place, assemble
from qeu_rag.serve.collections import Collections
from qeu_rag.serve.service import Service
from qeu_rag.serve.tokens import Tokens

if TYPE_CHECKING:
    from qeu_rag.config import Settings

_GRACE_S = 30
_NEXT_PORTS = 20


def serve(
    settings: Settings, place: Place, *, lang: str, tell: Callable[[str], None], ready: Callable[[str], None]
) -> None:
    """Serves until SIGINT or SIGTERM; ``ready`` gets the address as soon as it answers, ``tell`` lines for who runs it.

    Raises UsageError: "serve_port" (taken; names a free one), "serve_host", "serve_running" (this home has a server),
    "serve_no_token" (others can reach it and there is no token).
    """
    tokens = Tokens(settings.home)
    if place.closed and not tokens.all():
        raise UsageError("serve_no_token")
    with _bound(place) as listener:
        address = _address(place.host, listener.getsockname()[1])
        with only_server(settings.home, address):
            _raise_limit_of_files()
            service = assemble(
                settings,
                place,
                lambda told: Collections(settings, notify=tell, told=told),
                lang=lang,
                tell=tell,
                tokens=tokens,
            )
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
def only_server(home: Path, address: str) -> Iterator[None]:
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


def _address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


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
