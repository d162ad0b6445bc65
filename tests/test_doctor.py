"""What the doctor finds in real homes: fresh, ingested, damaged, with models of every kind; and that it changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "models"))

from ggml_files import FTYPES, write_gptj
from gguf_files import write_gguf
from test_ggml_file import SMALL, weights

import qeu_rag
from qeu_rag import KnowHow
from qeu_rag.config import load_settings
from qeu_rag.doctor import machine, packages
from qeu_rag.doctor.check import Check, run_check
from qeu_rag.doctor.engine import check_model
from qeu_rag.doctor.examine import examine
from qeu_rag.embed.runners import cores
from qeu_rag.errors import ModelError
from qeu_rag.index.ledger import Ledger
from qeu_rag.models.ggml_file import read_gptj, tensor_shapes
from qeu_rag.models.gptj.convert import convert
from qeu_rag.models.gptj.plan import plan
from qeu_rag.models.memory import int8_memory, q4_memory

MUCH = 10**12
BYTES = tuple(bytes([byte]) for byte in range(256))
REAL = {"n_vocab": 50400, "n_ctx": 2048, "n_embd": 4096, "n_head": 16, "n_layer": 28, "n_rot": 64}


def look(
    home: Path, lang: str = "en", *, available: int = MUCH, environ: Mapping[str, str] | None = None, **flags: object
) -> dict[str, Check]:
    given = {name.replace("__", "."): value for name, value in flags.items()}
    settings = load_settings(environ={}, flags={"home": str(home), **given})
    found = examine(lambda: settings, lambda: lang, environ or {}, available_bytes=available)
    assert len({check.name for check in found}) == len(found)
    return {check.name: check for check in found}


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder below ``folder`` with its size and time; sizes of folders say nothing."""
    found = {str(path.relative_to(folder)): path.lstat() for path in sorted(folder.rglob("*"))}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


def small_gptj(path: Path) -> Path:
    """A GPT-J of a few kilobytes that everything can be written with."""
    shapes = {**SMALL, "n_vocab": 256}
    arrays = weights()
    for name in ("transformer.wte.weight", "lm_head.weight", "lm_head.bias"):
        arrays[name] = arrays[name].repeat(7, axis=0)[:256]
    write_gptj(path, vocabulary=BYTES, tensors=arrays, hyperparameters=shapes, type="q4_0", old_blocks=True)
    return path


def real_sized_gptj(path: Path) -> Path:
    """The header of GPT4All-J with every tensor in its place, the weights being a hole in the file."""
    import struct

    with path.open("wb") as file:
        file.write(b"lmgg" + struct.pack("<7i", *REAL.values(), FTYPES["q4_0"]) + struct.pack("<i", REAL["n_vocab"]))
        for number in range(REAL["n_vocab"]):
            token = BYTES[number] if number < 256 else f"t{number}".encode()
            file.write(struct.pack("<I", len(token)) + token)
        for name, shape in tensor_shapes(n_vocab=50400, n_embd=4096, n_layer=28).items():
            kind, count = (2, shape[0] * shape[1] // 32 * 20) if len(shape) == 2 else (0, 4 * shape[0])
            file.write(struct.pack("<3i", len(shape), len(name), kind))
            file.write(struct.pack(f"<{len(shape)}i", *reversed(shape)) + name.encode())
            file.seek(count, os.SEEK_CUR)
        file.truncate()
    return path


def collection(home: Path) -> Path:
    return home / "collections" / "default"


# Homes


def test_a_fresh_home_needs_documents_and_nothing_else(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    found = look(home)
    assert {check.name for check in found.values() if check.state == "problem"} == set()
    assert found["documents"].state == "warning"
    assert "qeu-rag ingest" in found["documents"].next
    assert found["embedder"].state == "ok"
    assert not home.parent.exists()


def test_a_home_with_documents_is_well_and_stays_as_it_is(noted: Path) -> None:
    before = snapshot(noted)
    found = look(noted)
    states = {name: found[name].state for name in ("home", "model", "embedder", "documents", "indexes")}
    assert set(states.values()) == {"ok"}
    assert "4 (chunks: 6)" in found["documents"].message
    assert "collection" not in found
    assert snapshot(noted) == before


def test_what_a_killed_writer_left_is_read_and_left(noted: Path) -> None:
    ledger = collection(noted) / "ledger.sqlite"
    script = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute(\"INSERT OR REPLACE INTO meta VALUES ('note', 'x')\")\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(ledger)], check=True)
    assert ledger.with_name("ledger.sqlite-wal").stat().st_size
    before = snapshot(noted)
    found = look(noted)
    assert (found["documents"].state, found["indexes"].state) == ("ok", "ok")
    assert snapshot(noted) == before


def test_an_interrupted_ingest(noted: Path) -> None:
    with Ledger(collection(noted) / "ledger.sqlite", write=True) as ledger:
        ledger.forget_file(next(iter(ledger.files())))
    found = look(noted)["documents"]
    assert found.state == "warning"
    assert "ingest again" in found.next


@pytest.mark.parametrize("place", ["dense", "lexical"])
def test_a_damaged_index_is_told_and_not_mended(place: str, noted: Path) -> None:
    files = [path for path in collection(noted).glob(f"generation-*/{place}/**/*") if path.is_file()]
    victim = max((path for path in files if path.suffix != ".lock"), key=lambda path: path.stat().st_size)
    victim.write_bytes(victim.read_bytes()[: victim.stat().st_size // 2])
    before = snapshot(noted)
    found = look(noted)
    assert (found["documents"].state, found["indexes"].state) == ("ok", "warning")
    assert found["indexes"].next
    assert snapshot(noted) == before
    with KnowHow.open(home=noted) as know_how:  # what the next step promises
        know_how.search("loss")
    assert look(noted)["indexes"].state == "ok"


@pytest.mark.parametrize("how", ["cut", "overwritten", "text", "lost vectors"])
def test_a_damaged_ledger(how: str, noted: Path) -> None:
    path = collection(noted) / "ledger.sqlite"
    data = path.read_bytes()
    if how == "lost vectors":
        import sqlite3

        connection = sqlite3.connect(path)
        connection.execute("DELETE FROM vectors")
        connection.commit()
        connection.close()
    else:
        middle = data[:4096] + b"\x55" * (len(data) - 8192) + data[-4096:]
        path.write_bytes({"cut": data[: len(data) // 2], "overwritten": middle, "text": b"no ledger" * 100}[how])
    found = look(noted)["documents"]
    assert found.state == "problem"
    assert "--rebuild" in found.next


def test_another_embedder(noted: Path) -> None:
    found = look(noted, embedder__model="no/such-model")["collection"]
    assert found.state == "problem"
    assert "made with the embedder bundled," in found.message
    assert "now say no/such-model." in found.message
    assert "--rebuild" in found.next
    assert look(noted, embedder__query_prefix="Frage: ")["collection"].state == "problem"
    with Ledger(collection(noted) / "ledger.sqlite", write=True) as ledger:
        ledger.set_meta("embedder", "0" * 32)  # the same name, other weights
    assert "earlier version" in look(noted)["collection"].message


def test_an_embedder_that_is_not_here(home: Path, tmp_path: Path) -> None:
    assert look(home, embedder__model="no/such-model")["embedder"].state == "problem"
    (tmp_path / "empty").mkdir()
    found = look(home, embedder__model=str(tmp_path / "empty"))["embedder"]
    assert (found.state, "embedder" in found.message) == ("problem", True)


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        assert look(home)["home"].state == "problem"


# Models


def test_models_that_cannot_answer(home: Path, tmp_path: Path) -> None:
    whole = write_gguf(tmp_path / "m.gguf")
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(whole.read_bytes()[:-1000])
    page = tmp_path / "page.bin"
    page.write_text("<!DOCTYPE html><html>404</html>")
    for file, engine, said in (
        (tmp_path / "gone.gguf", "auto", "no model file"),
        (cut, "auto", "data is not within the file bounds"),
        (page, "auto", "web page"),
        (whole, "gptj", "not for the engine gptj"),
        (write_gguf(tmp_path / "j.gguf", "gptj"), "auto", "unsupported model architecture"),
    ):
        found = look(home, model__engine=engine, model__file=str(file))["model"]
        assert (found.state, said in found.message, bool(found.next)) == ("problem", True, True), found
    assert look(home, model__engine="llama.cpp")["model"].state == "problem"


def test_a_model_that_fits_is_recommended(home: Path) -> None:
    for available, name in ((3_000_000_000, "qwen3-1.7b"), (8_000_000_000, "qwen3-4b"), (1_000_000_000, "")):
        found = look(home, available=available)["model"]
        assert (found.state, bool(found.next)) == ("ok", bool(name))
        assert name in found.next


def test_a_gguf_and_the_memory_that_it_takes(home: Path) -> None:
    (home / "models").mkdir()
    write_gguf(home / "models" / "mine.gguf")
    flags = {"model__engine": "auto", "model__file": "mine.gguf"}
    assert look(home, **flags)["model"].state == "ok"
    short = look(home, available=10_000_000, **flags)
    assert (short["model"].state, short["memory"].state) == ("problem", "warning")
    assert "0.0 GB are free" in short["model"].message


def test_a_gptj_file_is_prepared_once(home: Path, tmp_path: Path) -> None:
    path = small_gptj(tmp_path / "j.bin")
    flags = {"model__engine": "gptj", "model__file": str(path)}
    before = look(home, **flags)["model"]
    assert (before.state, "first question" in before.next) == ("ok", True)
    assert plan(read_gptj(path), MUCH).reason("en") in before.message
    (home / "cache").unlink()
    convert(read_gptj(path), home / "cache" / "gptj")
    after = look(home, **flags)["model"]
    assert (after.state, after.next) == ("ok", "")
    settings = load_settings(environ={}, flags={"model.engine": "gptj", "model.file": str(path)}).model
    with pytest.raises(ModelError) as raised:
        check_model(settings, tmp_path / "other", free=MUCH, disk_free=0, environ={}, lang="en")
    assert raised.value.key == "gptj_no_space"


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_which_runtime_the_real_size_gets(lang: str, home: Path, tmp_path: Path) -> None:
    path = real_sized_gptj(tmp_path / "ggml-gpt4all-j-v1.3-groovy.bin")
    file = read_gptj(path)
    assert file.missing_bytes == 0
    most, least, four = int8_memory(file, 2048), int8_memory(file, 1024), q4_memory(file)
    assert four < least < most
    for available, runtime in (
        (most, "ctranslate2"),
        (least, "ctranslate2"),
        (four, "ctransformers"),
        (four - 1, "none"),
    ):
        chosen = plan(file, available)
        assert chosen.runtime == runtime
        found = look(home, lang, available=available, model__engine="auto", model__file=str(path))["model"]
        assert chosen.reason(lang) in found.message
        assert found.state == ("problem" if runtime == "none" else "ok")
        assert found.next


def test_a_gptj_vocabulary_that_cannot_write_everything(home: Path, tmp_path: Path) -> None:
    from test_ggml_file import write

    found = look(home, model__engine="gptj", model__file=str(write(tmp_path / "j.bin")))["model"]
    assert (found.state, "single bytes" in found.message) == ("problem", True)


def test_a_server_is_looked_at_from_afar(home: Path) -> None:
    flags = {"model__engine": "server", "model__base_url": "http://192.0.2.1:1/v1", "model__name": "m"}
    found = look(home, **flags)
    assert (found["model"].state, found["network"].state) == ("warning", "ok")
    assert "not contacted" in found["model"].message
    assert "192.0.2.1" in found["network"].message
    key = look(home, model__api_key_env="THE_KEY", **flags)["model"]
    assert (key.state, "THE_KEY" in key.message) == ("problem", True)
    assert look(home, environ={"THE_KEY": "k"}, model__api_key_env="THE_KEY", **flags)["model"].state == "warning"
    for address in ("ftp://x", "http://[1"):
        assert look(home, model__engine="server", model__base_url=address)["model"].state == "problem"
    assert look(home, model__engine="server")["model"].state == "problem"


class Lists(BaseHTTPRequestHandler):
    """A server that lists two models."""

    def do_GET(self) -> None:
        data = b'{"object": "list", "data": [{"id": "small:latest"}, {"id": "large"}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_on_this_computer_is_asked_for_its_models(home: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Lists) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        flags = {"model__engine": "server", "model__base_url": f"http://127.0.0.1:{server.server_address[1]}/v1"}
        for name, state, said in (
            ("small", "ok", "is up"),
            ("large", "ok", "is up"),
            ("other", "warning", "no model other"),
            (None, "problem", "does not say which"),
        ):
            named = {} if name is None else {"model__name": name}
            found = look(home, **flags, **named)["model"]
            assert (found.state, said in found.message) == (state, True), found
        server.shutdown()
    down = look(home, **flags, model__name="small")["model"]
    assert (down.state, "No server answers" in down.message, bool(down.next)) == ("problem", True, True)


# Plain values


def wanted(*requirements: str, locked: Mapping[str, str] | None = None) -> packages.Wanted:
    lock = Path("requirements.lock") if locked else None
    return packages.Wanted(python=">=3.11,<3.14", requirements=requirements, locked=locked or {}, lock=lock)


def test_packages_against_requirements_and_lock() -> None:
    here = {"numpy": "2.1.0", "torch": "2.13.0+cpu", "click": "8.1.7"}.get
    good = wanted("numpy>=1.26", "torch==2.13.0", 'gone; extra == "x"', "click>=8.1")
    assert packages.check_packages(good, here, "en").state == "ok"
    missing = packages.check_packages(wanted("numpy<2", "lxml>=5"), here, "en")
    assert missing.state == "problem"
    assert "numpy 2.1.0 (<2), lxml" in missing.message
    exact = {"numpy": "2.1.0", "torch": "2.13.0", "pytest": "9.0"}
    assert packages.check_packages(wanted("numpy", locked=exact), here, "en").state == "ok"
    other = packages.check_packages(wanted("numpy", locked={"click": "8.5.1"}), here, "en")
    assert other.state == "warning"
    assert "click 8.1.7 (8.5.1)" in other.message
    assert "requirements.lock" in other.next


def test_where_the_requirements_come_from(tmp_path: Path) -> None:
    checkout = packages.wanted(Path(qeu_rag.__file__).parent)
    assert checkout.lock is not None
    assert checkout.locked["chromadb"]
    installed = packages.wanted(tmp_path / "site-packages" / "qeu_rag", "click")
    assert (installed.lock, installed.locked) == (None, {})
    assert installed.python.startswith(">=3")


@pytest.mark.parametrize(
    ("version", "bits", "state"),
    [
        ("3.11.0", 64, "ok"),
        ("3.13.9", 64, "ok"),
        ("3.14.0", 64, "problem"),
        ("3.10.9", 64, "problem"),
        ("3.12.1", 32, "problem"),
    ],
)
def test_python(version: str, bits: int, state: str) -> None:
    found = packages.check_python(version, bits, "Linux", wanted(), "en")
    assert (found.state, bool(found.next)) == (state, state == "problem")


def test_processors() -> None:
    for flags, kind, state in (
        (frozenset({"avx", "avx2"}), "x86_64", "ok"),
        (frozenset({"avx"}), "AMD64", "warning"),
        (frozenset[str](), "x86_64", "warning"),
        (None, "x86_64", "ok"),
        (frozenset({"asimd"}), "aarch64", "ok"),
    ):
        assert machine.check_cpu(flags, kind, 4, "en").state == state
    assert cores() >= 1


def test_homes_disks_and_terminals() -> None:
    here = Path.cwd()
    for filled, state in ((True, "warning"), (False, "problem")):
        assert machine.check_home(here, here, writable=False, filled=filled, lang="en").state == state
    assert machine.check_disk(here, 10**6, "en").state == "warning"
    for encoding, shown, state in (("UTF-8", True, "ok"), ("cp932", True, "warning"), ("cp932", False, "ok")):
        assert machine.check_terminal(encoding, terminal=shown, lang="en").state == state
    assert machine.check_terminal("cp65001", terminal=True, lang="ja").state == "ok"


def test_a_proxy_is_named_and_its_password_is_not() -> None:
    environ = {"HTTPS_PROXY": "http://me:secret@proxy:8080", "http_proxy": "", "HF_HUB_OFFLINE": "1"}
    message = machine.check_network(environ, server="", lang="en").message
    assert "HTTPS_PROXY" in message
    assert "HF_HUB_OFFLINE=1" in message
    assert "secret" not in message
    assert "http_proxy" not in message


def test_a_check_that_fails_is_a_finding() -> None:
    def missing() -> list[Check]:
        raise ModuleNotFoundError("No module named 'lxml'", name="lxml")

    def broken() -> list[Check]:
        raise RuntimeError("odd\nthing")

    for look_at, said in ((missing, "lxml"), (broken, "odd thing")):
        (found,) = run_check("model", look_at, "en")
        assert (found.name, found.state, said in found.message, bool(found.next)) == ("model", "problem", True, True)


def test_without_settings_the_machine_is_still_looked_at(tmp_path: Path) -> None:
    found = examine(lambda: load_settings("nope", environ={}, flags={"home": str(tmp_path)}), lambda: "en", {})
    states = {check.name: check.state for check in found}
    assert states["settings"] == "problem"
    assert states.keys() >= {"python", "packages", "cpu", "memory", "network", "terminal"}
