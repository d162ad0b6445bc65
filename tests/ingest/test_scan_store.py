"""Documents on stores: as local ones where they can be, fetched only when they changed, and never lost with their store."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import pytest
from conftest import NOTES, ROOT, Run, state_of
from ingest.shelves import Shelf, fetches, in_memory, on_disk, served, shelf_of
from serve.serving import Own

from qeu_rag import KnowHow
from qeu_rag.errors import ConfigError, QeuRagError, ReadError, StorageError, UsageError
from qeu_rag.index.ledger import Ledger
from qeu_rag.ingest import store
from qeu_rag.ingest.address import Address, place_of
from qeu_rag.ingest.fetch import at_hand
from qeu_rag.ingest.pool import ReaderPool
from qeu_rag.ingest.read import SUPPORTED
from qeu_rag.ingest.report import IngestReport
from qeu_rag.ingest.scan import Scan, scan
from qeu_rag.ingest.scan_store import scan_store


@pytest.fixture(params=["memory", "file", "http"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    with shelf_of(request.param, tmp_path / "shelf") as made:
        yield made


@pytest.fixture
def memory() -> Iterator[Shelf]:
    with in_memory() as made:
        yield made


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return fetches(monkeypatch)


def counts(report: IngestReport) -> tuple[int, int, int, int, int]:
    return report.added, report.updated, report.removed, report.unchanged, len(report.failed)


def looked(shelf: Shelf, max_file_mb: int = 200) -> Scan:
    address = place_of(shelf.address)
    assert isinstance(address, Address)
    return scan_store(address, max_file_mb, SUPPORTED)


def names(know_how: KnowHow) -> set[str]:
    return {row.source for row in know_how.documents().documents}


def texts(know_how: KnowHow) -> list[str]:
    return [chunk.text for chunk in know_how.chunks()]


def left_behind() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob("qeu-rag-*/object*"))


def test_the_same_as_from_a_folder(
    shelf: Shelf, know_how: KnowHow, docs: Path, tmp_path: Path, embedder_cache: Path
) -> None:
    (docs / "sub").mkdir()
    (docs / "sub" / "日本 語.md").write_text("# 日本\n\n見積の有効期限は60日とする。\n", encoding="utf-8")
    (docs / "broken.docx").write_bytes(b"PK\x03\x04 no archive")
    (docs / "glossary.csv").write_text("term,synonym\nMT,マハラノビス\n", encoding="utf-8")
    for path in docs.rglob("*.*"):
        shelf.put(path.relative_to(docs).as_posix(), path.read_bytes())
    local = tmp_path / "local"
    local.mkdir()
    (local / "cache").symlink_to(embedder_cache)
    with KnowHow.open(home=local) as other:
        here = other.ingest(docs)
    assert counts(know_how.ingest(shelf.address)) == counts(here)
    assert state_of(know_how.settings.home) == state_of(local)
    assert left_behind() == []


def test_only_what_changed_is_fetched(shelf: Shelf, know_how: KnowHow, fetched: list[str]) -> None:
    shelf.fill(NOTES)
    assert counts(know_how.ingest(shelf.address)) == (4, 0, 0, 0, 0)
    assert sorted(fetched) == sorted(NOTES)
    generation = know_how.status()["generation"]
    fetched.clear()
    assert counts(know_how.ingest(shelf.address)) == (0, 0, 0, 4, 0)
    assert (fetched, know_how.status()["generation"]) == ([], generation)

    shelf.put("loss.md", NOTES["loss.md"].replace("rework", "REWORK").encode())  # of the same length
    shelf.remove("travel.md")
    shelf.put("new.md", b"# New\n\nA note on gauges.\n")
    assert counts(know_how.ingest(shelf.address, dry_run=True)) == (1, 1, 1, 2, 0)
    assert fetched == []
    assert counts(know_how.ingest(shelf.address)) == (1, 1, 1, 2, 0)
    assert sorted(fetched) == ["loss.md", "new.md"]
    assert names(know_how) == {"loss.md", "new.md", "audit.md", "mts.md"}
    assert any("REWORK" in text for text in texts(know_how))


def test_an_object_alone_and_beside_a_folder(shelf: Shelf, know_how: KnowHow, docs: Path) -> None:
    shelf.put("one/loss.md", NOTES["loss.md"].encode())
    shelf.put("one/more.md", b"# More\n\nMore about gauges.\n")
    address = f"{shelf.address.rstrip('/')}/one/loss.md"
    assert counts(know_how.ingest([address, str(docs)])) == (5, 0, 0, 0, 0)
    assert counts(know_how.ingest([str(docs), address])) == (0, 0, 0, 5, 0)
    (docs / "audit.md").unlink()
    assert counts(know_how.ingest(docs)) == (0, 0, 1, 3, 0)  # and the object is no matter of this folder
    shelf.remove("one/loss.md")
    with pytest.raises(QeuRagError):
        know_how.ingest(address)
    assert counts(know_how.ingest(f"{shelf.address.rstrip('/')}/one")) == (1, 0, 1, 0, 0)


def test_a_store_that_lists_one_object_by_its_bare_name(memory: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """As adlfs does."""
    from fsspec.implementations.memory import MemoryFileSystem

    memory.put("a.md", b"12345")
    monkeypatch.setattr(MemoryFileSystem, "find", lambda self, path, detail: [path])
    (file,) = looked(Shelf("memory://docs/a.md", memory.put, memory.remove)).files
    assert (file.source, file.size, file.key) == ("a.md", 5, "memory://docs/a.md")


def test_names_of_another_place_are_no_listing(
    memory: Shelf, know_how: KnowHow, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    memory.fill(NOTES)
    know_how.ingest(memory.address)
    elsewhere = {"/elsewhere/a.md": {"name": "/elsewhere/a.md", "size": 5, "type": "file"}}
    monkeypatch.setattr(MemoryFileSystem, "find", lambda self, path, detail: elsewhere)
    with pytest.raises(StorageError):
        know_how.ingest(memory.address)
    assert len(names(know_how)) == 4


def test_the_rules_of_a_folder(memory: Shelf, tmp_path: Path) -> None:
    for name in (
        "b.md", "a/z.TXT", "a/b/c.csv", ".hidden.md", ".git/config.txt", "~$book.xlsx", "Thumbs.db", "drafts/x.md",
        "a/keep.log", "a/secret.md", "pic.xyz", "a/b.md", "A/b.md", "B.md",
    ):  # fmt: skip
        memory.put(name, b"12345")
    memory.put(".qeuignore", b"# drafts\n/drafts/\n*.log\n")
    memory.put("a/.qeuignore", b"!keep.log\nsecret.md\n")
    memory.put("empty.md", b"")
    memory.put("big.md", b"x" * 1_000_001)
    found = looked(memory, max_file_mb=1)
    assert [file.source for file in found.files] == [
        "A/b.md", "B.md", "a/b/c.csv", "a/b.md", "a/keep.log", "a/z.TXT", "b.md",
    ]  # fmt: skip
    assert {(name, why.reason) for name, why in found.skipped} == {
        ("big.md", "too_large"), ("empty.md", "empty"), ("pic.xyz", "unknown_type"),
    }  # fmt: skip
    file = found.files[0]
    assert (file.key, file.root_key, file.size) == ("memory://docs/A/b.md", "memory://docs", 5)
    assert datetime.fromtimestamp(file.mtime_ns / 1e9, UTC).year == 2026
    disk = on_disk(tmp_path / "same", "")
    for name, made in fsspec.filesystem("memory").store.items():
        disk.put(name.removeprefix("/docs/"), made.getvalue())
    local = scan([tmp_path / "same"], max_file_mb=1)
    if (tmp_path / "same" / "a" / "B.md").exists():
        return  # a disk that knows no case
    assert [one.source for one in local.files] == [one.source for one in found.files]
    assert [(name, str(why)) for name, why in local.skipped] == [(name, str(why)) for name, why in found.skipped]


def test_names_that_no_disk_would_take(memory: Shelf, know_how: KnowHow) -> None:
    long = "ながい" * 120 + ".md"
    odd = [
        "two words.md",
        "就業規則（第１版）.md",
        "a?b#c.md",
        "ends with dot..md",
        "Case.md",
        "case.md",
        long,
        "line\nbreak.md",
    ]
    for number, name in enumerate(odd):
        memory.put(name, f"# Note {number}\n\nGauge number {number} is kept.\n".encode())
    for name in ("../up.md", "sub/../../etc/passwd.md", "./here.md"):
        memory.put(name, b"# Up\n\nThis climbed out.\n")
    report = know_how.ingest(memory.address)
    assert counts(report) == (8, 0, 0, 0, 3)
    assert {skipped.reason for skipped in report.failed} == {"unreadable"}
    assert names(know_how) == {*odd[:-1], r"line\nbreak.md"}
    assert counts(know_how.ingest(memory.address)) == (0, 0, 0, 8, 3)


def test_a_store_that_is_away_takes_nothing_away(
    shelf: Shelf, know_how: KnowHow, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.fill(NOTES)
    know_how.ingest(shelf.address)
    before = state_of(know_how.settings.home)

    def broken(*_: object) -> Any:
        raise TimeoutError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_found", broken)
        for _ in range(2):
            with pytest.raises(StorageError) as caught:
                know_how.ingest(shelf.address)
    assert caught.value.key == "store_away"
    for name in NOTES:
        shelf.remove(name)
    if shelf.address.startswith("file"):  # a folder that is there and empty is an empty folder
        assert state_of(know_how.settings.home) == before
        assert counts(know_how.ingest(shelf.address)) == (0, 0, 4, 0, 0)
        return
    with pytest.raises(UsageError) as nothing:
        know_how.ingest(shelf.address)
    assert nothing.value.key == "store_nothing"
    assert state_of(know_how.settings.home) == before


def test_a_web_server_that_is_gone(tmp_path: Path, know_how: KnowHow) -> None:
    with served(tmp_path) as port:
        shelf = on_disk(tmp_path / "docs", f"http://127.0.0.1:{port}/docs")
        shelf.fill(NOTES)
        assert counts(know_how.ingest(shelf.address)) == (4, 0, 0, 0, 0)
    with pytest.raises(StorageError) as caught:
        know_how.ingest(shelf.address)
    assert caught.value.key == "store_away"
    assert len(names(know_how)) == 4


@pytest.mark.parametrize(("raised", "kept"), [(PermissionError("closed"), True), (OSError("cut"), False)])
def test_a_folder_that_cannot_be_listed_keeps_its_files(
    tmp_path: Path, know_how: KnowHow, monkeypatch: pytest.MonkeyPatch, raised: OSError, kept: bool
) -> None:
    from fsspec.implementations.local import LocalFileSystem

    shelf = on_disk(tmp_path / "docs", f"file://{tmp_path}/docs")
    shelf.fill(NOTES)
    shelf.put("sub/deep/note.md", b"# Note\n\nA note on gauges.\n")
    know_how.ingest(shelf.address)
    ls = LocalFileSystem.ls

    def closed(self: Any, path: str, *rest: Any, **options: Any) -> Any:
        if path.endswith("/sub"):
            raise raised
        return ls(self, path, *rest, **options)

    monkeypatch.setattr(LocalFileSystem, "ls", closed)
    if kept:
        report = know_how.ingest(shelf.address)
        assert (counts(report)[:4], [(one.path, one.reason) for one in report.failed]) == (
            (0, 0, 0, 4), [("sub", "unreadable")],
        )  # fmt: skip
    else:
        with pytest.raises(StorageError):
            know_how.ingest(shelf.address)
    assert "sub/deep/note.md" in names(know_how)


@pytest.mark.parametrize("how", ["raised", "short", "long", "gone"])
def test_a_cut_download_costs_its_file_until_the_next_run(
    memory: Shelf, know_how: KnowHow, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    memory.fill(NOTES)
    know_how.ingest(memory.address)
    memory.put("loss.md", NOTES["loss.md"].replace("rework", "scrap").encode())
    whole = MemoryFileSystem.get_file

    def cut(self: Any, there: str, here: str, **options: Any) -> None:
        if not there.endswith("loss.md"):
            return whole(self, there, here, **options)
        if how == "gone":
            raise FileNotFoundError(there)
        data = self.cat_file(there)
        Path(here).write_bytes(data * 2 if how == "long" else data[: len(data) // 2])
        if how == "raised":
            raise ConnectionError("reset by https://host/loss.md?sig=SECRET")
        return None

    with monkeypatch.context() as patch:
        patch.setattr(MemoryFileSystem, "get_file", cut)
        for _ in range(2):
            report = know_how.ingest(memory.address)
            assert counts(report) == (0, 0, 0, 3, 1)
            assert [(one.path, one.reason) for one in report.failed] == [("loss.md", "not_fetched")]
            assert "SECRET" not in report.failed[0].detail
            assert any("rework" in text for text in texts(know_how))
    assert counts(know_how.ingest(memory.address))[3:] == (3, 0)
    assert any("scrap" in text for text in texts(know_how))
    assert left_behind() == []


def test_more_than_was_listed_is_not_written(memory: Shelf, know_how: KnowHow) -> None:
    memory.put("a.md", b"12345")
    (file,) = looked(memory, max_file_mb=1).files
    memory.put("a.md", b"x" * 30_000_000)
    with pytest.raises(ReadError) as caught, at_hand(file):
        pass
    assert caught.value.reason == "too_large"
    assert left_behind() == []


def test_a_stopped_pool_fetches_no_further(memory: Shelf) -> None:
    memory.fill(NOTES)
    files = looked(memory).files
    pool = ReaderPool(1, 60, 1500)
    pool.__exit__(None, None, None)
    assert {getattr(pool._read(file), "reason", "") for file in files} == {"not_fetched"}


def test_a_change_within_the_clocks_grain_is_seen(memory: Shelf, know_how: KnowHow, fetched: list[str]) -> None:
    memory.put("loss.md", NOTES["loss.md"].encode())
    fsspec.filesystem("memory").store["/docs/loss.md"].created = datetime.fromtimestamp(time.time() + 60, UTC)
    know_how.ingest(memory.address)
    know_how.ingest(memory.address)
    assert fetched == ["loss.md", "loss.md"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("s3://bucket/know-how", "s3://bucket/know-how"),
        ("S3://bucket/Know-How//", "s3://bucket/Know-How"),
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/a@b/c#d", "s3://bucket/a@b/c#d"),
        ("sftp://ann:pass@host:22/docs", "sftp://ann@host:22/docs"),
        ("sftp://ann:pa@ss@host/docs", "sftp://ann@host/docs"),
        ("https://TOKEN@host/docs/", "https://host/docs"),
        ("abfss://box@account.dfs.core.windows.net/docs", "abfss://box@account.dfs.core.windows.net/docs"),
        ("memory://文書/規程", "memory://文書/規程"),
    ],
)
def test_an_address_is_shown_without_its_password(given: str, shown: str) -> None:
    place = place_of(given)
    assert isinstance(place, Address)
    assert (str(place), place.given.partition(":")[2]) == (shown, given.partition(":")[2])
    assert "pass" not in repr(place)
    assert place.holds(f"{shown}/x.md")
    assert not place.holds(f"{shown}-2/x.md")


@pytest.mark.parametrize(
    "given",
    ["s3://", "s3:///", "zip://a.zip::s3://bucket", "https://host/a?sig=secret", "sftp://ann:se/cret@host/docs"],
)
def test_an_address_that_cannot_be_used_is_said(given: str) -> None:
    with pytest.raises(UsageError, match="cannot be used as an address") as caught:
        place_of(given)
    for lang in ("en", "ja"):
        assert "secret" not in caught.value.render(lang)
        assert "se/cret" not in caught.value.render(lang)


def test_paths_stay_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert place_of("docs") == tmp_path / "docs"
    assert place_of(Path("a:b")) == tmp_path / "a:b"
    with pytest.raises(UsageError, match="was an address"):
        place_of(Path("s3://bucket/docs"))


def test_a_password_is_written_nowhere(tmp_path: Path, home: Path, here: Run) -> None:
    shelf = on_disk(tmp_path / "docs", "")
    shelf.fill(NOTES)
    shelf.put("broken.docx", b"PK\x03\x04 no archive")
    with served(tmp_path, secret="ann:geheim") as port:
        done = here("ingest", f"http://ann:geheim@127.0.0.1:{port}/docs")
        assert (done.returncode, done.stdout) == (0, "+4 ~0 -0 =0 !1\n"), done.stderr
        refused = here("ingest", f"http://ann:falsch@127.0.0.1:{port}/docs")
        assert refused.returncode == 3
        assert f"http://127.0.0.1:{port}/docs" in refused.stderr
        asked = here("documents", "--json")
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file() and "cache" not in path.parts)
    assert f"http://127.0.0.1:{port}/docs/loss.md".encode() in kept
    for text in (done.stdout, done.stderr, refused.stderr, asked.stdout, kept.decode("latin-1")):
        assert "geheim" not in text
        assert "falsch" not in text


def test_the_command(memory: Shelf, here: Run) -> None:
    memory.fill(NOTES)
    assert here("ingest", "memory://docs", "--dry-run").stdout == "+4 ~0 -0 =0 !0\n"
    assert here("ingest", "memory://docs").stdout == "+4 ~0 -0 =0 !0\n"
    asked = here("ask", "What is the quality loss?")
    assert "loss.md" in asked.stdout
    watching = here("ingest", "memory://docs", "--watch")
    assert (watching.returncode, "cannot be watched" in watching.stderr) == (2, True)
    missing = here("ingest", "memory://nowhere/at-all")
    assert (missing.returncode, "memory://nowhere/at-all" in missing.stderr) == (2, True)
    for command in (("serve", "--folder"), ("mcp", "--allow-ingest")):
        folder = here(*command, "s3://ann:geheim@bucket/docs")
        assert (folder.returncode, "s3://bucket/docs is an address of a store" in folder.stderr) == (2, True)
    unknown = here("ingest", "nosuch://bucket/docs")
    assert (unknown.returncode, "nosuch://" in unknown.stderr) == (2, True)


@pytest.mark.parametrize(("lang", "words"), [("en", "not installed here"), ("ja", "インストールされていません")])
def test_without_the_package_it_is_said_how_to_get_it(
    here: Run, monkeypatch: pytest.MonkeyPatch, lang: str, words: str
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)
    done = here("ingest", "s3://bucket/docs", env={"QEU_RAG_LANG": lang})
    assert done.returncode == 3
    assert words in done.stderr
    assert "pip install 'qeu_rag[remote]'" in done.stderr


def test_what_needs_an_account_says_so(monkeypatch: pytest.MonkeyPatch, know_how: KnowHow, memory: Shelf) -> None:
    class Asked(PermissionError):
        pass

    class NoCredentialsError(Exception):
        pass

    for raised in (Asked("Access Denied"), NoCredentialsError("Unable to locate credentials")):

        def refuse(*_: object, raised: Exception = raised) -> Any:
            raise raised

        monkeypatch.setattr(store, "_found", refuse)
        with pytest.raises(ConfigError) as caught:
            know_how.ingest(memory.address)
        assert caught.value.key == "store_refused"
        assert str(raised) in str(caught.value)


def test_the_web_is_not_left(tmp_path: Path, know_how: KnowHow) -> None:
    """Links of a page count where they lead below it, each once."""
    (tmp_path / "secret.md").write_text("# Secret\n\nNot below the address.\n", encoding="utf-8")
    docs = tmp_path / "docs"
    (docs / "deep").mkdir(parents=True)
    for path in (docs / "a b.md", docs / "deep" / "c.md"):
        path.write_text(f"# {path.stem}\n\nA note on gauges.\n", encoding="utf-8")
    links = ["a%20b.md", "./a%20b.md", "../secret.md", "%2e%2e/secret.md", "/secret.md", "?C=M;O=A", "deep/", "../", "/docs/",
             "mailto:a@b", "gone.md", "a%20b.md#part"]  # fmt: skip
    (docs / "index.html").write_text("".join(f'<a href="{link}">x</a>' for link in links), encoding="utf-8")
    with served(tmp_path) as port:
        report = know_how.ingest(f"http://127.0.0.1:{port}/docs")
    assert names(know_how) == {"a b.md", "deep/c.md"}
    assert [(one.path, one.reason) for one in report.failed] == [("gone.md", "unreadable")]


def test_a_page_on_a_store_has_no_picture(own: Own, memory: Shelf) -> None:
    pdf = next((ROOT / "corpus" / "en").glob("*.pdf"))
    memory.put(pdf.name, pdf.read_bytes())
    server = own()
    with KnowHow.open(home=own.home) as know_how:
        know_how.ingest(memory.address)
    client = server.client()
    found = client.get("/api/document", params={"path": pdf.name}).json()
    assert (found["pictures"], found["source"]) == (False, pdf.name)
    picture = client.get("/api/document/page.png", params={"source": pdf.name, "path": pdf.name, "page": 1})
    assert picture.status_code == 404
    assert "store" in picture.text


def test_the_ledger_names_objects_by_their_addresses(memory: Shelf, know_how: KnowHow) -> None:
    memory.fill(NOTES)
    know_how.ingest("memory://docs/")
    with Ledger(know_how.collection.ledger_path) as ledger:
        rows = ledger.files()
    assert sorted(rows) == [f"memory://docs/{name}" for name in sorted(NOTES)]
    assert {row.root for row in rows.values()} == {"memory://docs"}
    assert all(row.hash.startswith("store-") for row in rows.values())


def test_a_moved_folder_is_read_once_more(tmp_path: Path, know_how: KnowHow, fetched: list[str]) -> None:
    """The names of documents are those below the address that is given."""
    shelf = on_disk(tmp_path / "docs", f"file://{tmp_path}/docs")
    shelf.put("in/loss.md", NOTES["loss.md"].encode())
    know_how.ingest(shelf.address)
    assert counts(know_how.ingest(f"{shelf.address}/in")) == (0, 1, 0, 0, 0)
    assert names(know_how) == {"loss.md"}
    shutil.rmtree(tmp_path / "docs")
    os.mkdir(tmp_path / "docs")
    assert counts(know_how.ingest(shelf.address)) == (0, 0, 1, 0, 0)
