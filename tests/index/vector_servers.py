"""Real servers for vectors, started by the tests on free ports of this machine: `chroma run`, and PostgreSQL with pgvector."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_PATIENCE_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A server that can be stopped, frozen and started again; ``settings`` make a KnowHow use it."""

    store = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        raise NotImplementedError

    @property
    def settings(self) -> dict[str, object]:
        return {"index.dense.store": self.store, "index.dense.url": self.url}

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        user = {"user": "postgres", "group": "postgres", "extra_groups": []} if _as_postgres(self) else {}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.folder, **user)  # type: ignore[call-overload]
        end = time.monotonic() + _PATIENCE_S
        while not self.answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.02)

    def answers(self) -> bool:
        from qeu_rag.errors import StorageError
        from qeu_rag.index.dense_choice import vector_server

        try:
            made = vector_server(self.store, self.url, 5)  # type: ignore[arg-type]
            assert made is not None
            made.check()
        except StorageError as error:
            return error.key == "dense_extension"
        return True

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGINT)  # PostgreSQL's fast way
            self.process.wait(30)
            self.process = None

    def freeze(self) -> None:
        raise NotImplementedError

    def thaw(self) -> None:
        raise NotImplementedError


class Chroma(Server):
    store = "chroma-server"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        place = ["--path", str(self.folder / "data"), "--host", "127.0.0.1", "--port", str(self.port)]
        return [sys.executable, "-c", "from chromadb.cli.cli import app; app()", "run", *place]

    def freeze(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


class Postgres(Server):
    store = "pgvector"

    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__(folder)
        self.programs = programs
        if _as_postgres(self):
            shutil.chown(folder, "postgres", "postgres")
        user = {"user": "postgres", "group": "postgres", "extra_groups": []} if _as_postgres(self) else {}
        command = [str(programs / "initdb"), "-D", str(folder / "data"), "-A", "trust", "-U", "qeu", "--no-sync"]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, **user)  # type: ignore[call-overload]

    @property
    def url(self) -> str:
        return f"postgresql://qeu@127.0.0.1:{self.port}/postgres"

    def command(self) -> list[str]:
        place = ["-D", str(self.folder / "data"), "-p", str(self.port), "-h", "127.0.0.1", "-k", str(self.folder)]
        return [str(self.programs / "postgres"), *place, "-c", "fsync=off"]

    def _all(self) -> list[int]:
        import psutil

        assert self.process is not None
        return [self.process.pid, *(child.pid for child in psutil.Process(self.process.pid).children())]

    def freeze(self) -> None:
        for number in self._all():
            os.kill(number, signal.SIGSTOP)

    def thaw(self) -> None:
        for number in self._all():
            os.kill(number, signal.SIGCONT)


def _as_postgres(server: Server) -> bool:
    """PostgreSQL refuses to run as root."""
    return isinstance(server, Postgres) and os.geteuid() == 0


def postgres_programs(*, with_vector: bool) -> Path | None:
    """The folder with ``initdb`` and ``postgres``: of the package pgserver, which has pgvector, or of the system."""
    found = importlib.util.find_spec("pgserver")
    if with_vector and found is not None and found.origin is not None:
        return Path(found.origin).parent / "pginstall" / "bin"
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        extension = Path("/usr/share/postgresql") / folder.parent.name / "extension" / "vector.control"
        if extension.exists() == with_vector:
            return folder
    return None


@contextlib.contextmanager
def running(kind: str, *, with_vector: bool = True) -> Iterator[Server]:
    """A server of this kind, with nothing in it; skips the test where its programs are not here."""
    if kind == "pgvector":
        pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'qeu_rag[cluster]'")
        programs = postgres_programs(with_vector=with_vector)
        if programs is None:
            pytest.skip("no PostgreSQL with pgvector here: pip install pgserver, or apt install postgresql-15-pgvector")
    # Not below pytest's own folder, which the user postgres may not enter.
    with tempfile.TemporaryDirectory(prefix="qeu-rag-vectors-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server: Server = Chroma(folder) if kind == "chroma-server" else Postgres(folder, programs)
        server.start()
        try:
            yield server
        finally:
            server.stop()


Servers = Callable[[str], Server]


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The server of a kind, one for all tests of this process, running."""
    started: dict[str, Server] = {}
    with contextlib.ExitStack() as held:

        def of(kind: str) -> Server:
            if kind not in started:
                started[kind] = held.enter_context(running(kind))
            if started[kind].process is None:
                started[kind].start()
            return started[kind]

        yield of
