"""Stores that tests put documents on: each is written to in its own way and read by its address."""

from __future__ import annotations

import base64
import http.server
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from qeu_rag.ingest import fetch
from qeu_rag.ingest.address import Stored

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Shelf:
    """Documents below ``address``; ``put`` and ``remove`` take a name below it."""

    address: str
    put: Callable[[str, bytes], None]
    remove: Callable[[str], None]

    def fill(self, texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            self.put(name, text.encode())


@contextmanager
def in_memory() -> Iterator[Shelf]:
    import fsspec
    from fsspec.implementations.memory import MemoryFile

    memory = fsspec.filesystem("memory")
    memory.store.clear()
    turn = iter(range(1, 1000))

    def put(name: str, data: bytes) -> None:
        made = MemoryFile(memory, f"/docs/{name}", data)
        made.created = LONG_AGO + timedelta(minutes=next(turn))
        memory.store[f"/docs/{name}"] = made

    yield Shelf("memory://docs", put, lambda name: memory.store.pop(f"/docs/{name}"))
    memory.store.clear()


def on_disk(folder: Path, address: str) -> Shelf:
    turn = iter(range(1, 1000))

    def put(name: str, data: bytes) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        when = (LONG_AGO + timedelta(minutes=next(turn))).timestamp()
        os.utime(path, (when, when))

    folder.mkdir(exist_ok=True)
    return Shelf(address, put, lambda name: (folder / name).unlink())


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A folder as pages; with a ``secret``, only for who knows it."""

    secret = ""

    def log_message(self, *_: object) -> None:
        pass

    def send_head(self) -> Any:
        known = self.headers.get("Authorization") == f"Basic {base64.b64encode(self.secret.encode()).decode()}"
        if self.secret and not known:
            self.send_error(401)
            return None
        return super().send_head()


@contextmanager
def served(folder: Path, secret: str = "") -> Iterator[int]:
    """A web server of this machine for ``folder``; its port."""
    handler = type("Asking", (Quiet,), {"secret": secret})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def shelf_of(kind: str, folder: Path) -> Iterator[Shelf]:
    """An empty one of the ``kind``: "memory", "file" or "http", the last two of which lie in ``folder``."""
    if kind == "memory":
        with in_memory() as shelf:
            yield shelf
    elif kind == "file":
        yield on_disk(folder, f"file://{folder}")
    else:
        with served(folder.parent) as port:
            yield on_disk(folder, f"http://127.0.0.1:{port}/{folder.name}/")


def fetches(patch: pytest.MonkeyPatch) -> list[str]:
    """What is fetched from now on, by the ends of the names."""
    seen: list[str] = []
    whole = fetch._fetch

    def noted(there: Stored, *rest: Any) -> None:
        seen.append(there.key.rpartition("/")[2])
        whole(there, *rest)

    patch.setattr(fetch, "_fetch", noted)
    return seen
