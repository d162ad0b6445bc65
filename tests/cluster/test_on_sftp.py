"""Documents on an SFTP server, which a test starts on this machine (paramiko): one that can also break off."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from conftest import NOTES, state_of
from ingest.shelves import Shelf, fetches, on_disk

from qeu_rag import KnowHow
from qeu_rag.errors import ConfigError, StorageError, UsageError

pytestmark = [
    pytest.mark.skipif(find_spec("paramiko") is None, reason="paramiko is not installed: make cluster"),
    pytest.mark.filterwarnings("ignore"),  # its own
]


@dataclass
class Sftp:
    """A server for ``folder``; ``closed`` are names of folders that it does not list, at ``broken`` it hangs up."""

    folder: Path
    closed: set[str] = field(default_factory=set)
    broken: str = ""
    port: int = 0
    transports: list[Any] = field(default_factory=list)

    def start(self) -> None:
        import paramiko

        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        key, server = paramiko.ECDSAKey.generate(), self

        class Door(paramiko.ServerInterface):
            def check_auth_password(self, username: str, password: str) -> int:
                known = (username, password) == ("ann", "geheim")
                return paramiko.AUTH_SUCCESSFUL if known else paramiko.AUTH_FAILED

            def check_channel_request(self, kind: str, chanid: int) -> int:
                return paramiko.OPEN_SUCCEEDED

        class Files(paramiko.SFTPServerInterface):
            def list_folder(self, path: str) -> Any:
                if Path(path).name in server.closed:
                    return paramiko.SFTP_PERMISSION_DENIED
                return [
                    paramiko.SFTPAttributes.from_stat(one.lstat(), one.name) for one in server.place(path).iterdir()
                ]

            def stat(self, path: str) -> Any:
                try:
                    return paramiko.SFTPAttributes.from_stat(server.place(path).stat())
                except OSError as error:
                    return paramiko.SFTPServer.convert_errno(error.errno)

            lstat = stat

            def open(self, path: str, flags: int, attr: Any) -> Any:
                if server.broken and path.endswith(server.broken):
                    server.transports[-1].close()
                handle = paramiko.SFTPHandle(flags)
                handle.readfile = server.place(path).open("rb")
                handle.stat = lambda: self.stat(path)
                return handle

        def take() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                transport = paramiko.Transport(connection)
                transport.add_server_key(key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Files)
                transport.start_server(server=Door(), event=threading.Event())
                self.transports.append(transport)

        threading.Thread(target=take, daemon=True).start()
        self.listener = listener

    def place(self, path: str) -> Path:
        return self.folder / path.lstrip("/")

    def stop(self) -> None:
        with contextlib.suppress(OSError):  # it was stopped before
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for transport in self.transports:
            transport.close()


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[Sftp]:
    server = Sftp(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def shelf(sftp: Sftp, tmp_path: Path) -> Shelf:
    return on_disk(tmp_path / "know-how", f"sftp://ann:geheim@127.0.0.1:{sftp.port}/know-how")


def counts(know_how: KnowHow, address: str) -> tuple[int, int, int, int, int]:
    report = know_how.ingest(address)
    return report.added, report.updated, report.removed, report.unchanged, len(report.failed)


def test_sftp_as_a_folder(
    shelf: Shelf, sftp: Sftp, know_how: KnowHow, noted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = fetches(monkeypatch)
    shelf.fill(NOTES)
    assert counts(know_how, shelf.address) == (4, 0, 0, 0, 0)
    assert state_of(know_how.settings.home) == state_of(noted)
    for transport in sftp.transports:  # as servers do with who is silent for long
        transport.close()
    shelf.put("in a folder/日本.md", b"# Note\n\nA note on gauges.\n")
    shelf.put("loss.md", NOTES["loss.md"].replace("rework", "REWORK").encode())
    shelf.remove("mts.md")
    os.symlink("/etc/passwd", sftp.folder / "know-how" / "link.md")
    assert counts(know_how, shelf.address) == (1, 1, 1, 2, 1)
    assert fetched[4:] == ["日本.md", "loss.md"]
    sftp.closed = {"in a folder"}
    assert counts(know_how, shelf.address) == (0, 0, 0, 3, 2)
    assert len(know_how.documents().documents) == 4
    kept = b"".join(path.read_bytes() for path in know_how.collection.folder.rglob("*") if path.is_file())
    assert b"sftp://ann@127.0.0.1" in kept
    assert b"geheim" not in kept


def test_sftp_that_breaks_off(shelf: Shelf, sftp: Sftp, know_how: KnowHow) -> None:
    shelf.fill(NOTES)
    sftp.broken = "loss.md"
    assert counts(know_how, shelf.address) == (3, 0, 0, 0, 1)
    sftp.broken = ""
    assert counts(know_how, shelf.address) == (1, 0, 0, 3, 0)
    sftp.stop()
    with pytest.raises(StorageError) as away:
        know_how.ingest(shelf.address)
    assert away.value.key == "store_away"
    assert len(know_how.documents().documents) == 4


def test_sftp_that_lets_nobody_in(shelf: Shelf, know_how: KnowHow) -> None:
    with pytest.raises(ConfigError) as refused:
        know_how.ingest(shelf.address.replace("geheim", "falsch"))
    assert refused.value.key == "store_refused"
    assert "falsch" not in str(refused.value)
    with pytest.raises(UsageError, match="There is nothing"):
        know_how.ingest(f"{shelf.address}/nowhere")
