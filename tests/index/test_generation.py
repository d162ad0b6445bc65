from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import QUESTIONS, state_of

from qeu_rag import KnowHow
from qeu_rag.errors import CollectionError
from qeu_rag.index.collection import Collection
from qeu_rag.index.dense import DenseIndex
from qeu_rag.index.generation import folder_of, open_generation
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.seal import intact


def generation_of(know_how: KnowHow) -> Path:
    with Ledger(know_how.collection.ledger_path) as ledger:
        return folder_of(know_how.collection.folder, ledger.generation)


@pytest.mark.parametrize("documents", [1, 2, 4])
def test_reading_leaves_the_seal_whole(know_how: KnowHow, docs: Path, documents: int) -> None:
    for path in sorted(docs.iterdir())[documents:]:
        path.unlink()
    if documents == 1:
        (docs / "audit.md").write_text("One chunk only.\n", encoding="utf-8")
    know_how.ingest(docs)
    for _ in range(3):
        for question in QUESTIONS:
            know_how.search(question)
        know_how.close()
        with Ledger(know_how.collection.ledger_path) as ledger:
            assert intact(generation_of(know_how), ledger.meta("seal") or "")


def damages(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and path.stat().st_size and path.suffix != ".lock"
    )


@pytest.mark.parametrize("how", ["truncate", "garbage", "missing"])
def test_every_damaged_index_file_is_found_and_mended(home: Path, docs: Path, how: str) -> None:
    told: list[str] = []
    with KnowHow.open(home=home) as know_how:
        know_how.ingest(docs)
        folder = generation_of(know_how)
    whole = state_of(home)
    names = [path.relative_to(folder).as_posix() for path in damages(folder)]
    kinds = {Path(name).name.split(".")[-1]: number for number, name in enumerate(names)}
    for number in kinds.values():
        target = damages(folder)[number]
        if how == "truncate":
            with target.open("r+b") as file:
                file.truncate(target.stat().st_size // 2)
        elif how == "garbage":
            target.write_bytes(bytes(range(256)) * (target.stat().st_size // 256 + 1))
        else:
            target.unlink()
        told.clear()
        with KnowHow.open(home=home, notify=told.append) as know_how:
            assert know_how.search(QUESTIONS[0])
        assert any("rebuil" in line for line in told), target
        assert state_of(home) == whole
    shutil.rmtree(folder)
    assert state_of(home) == whole


@pytest.mark.parametrize("how", ["truncate", "garbage", "zero"])
def test_a_damaged_ledger_is_an_error_that_says_how_to_rebuild(home: Path, docs: Path, how: str) -> None:
    with KnowHow.open(home=home) as know_how:
        know_how.ingest(docs)
        path = know_how.collection.ledger_path
    whole = state_of(home)
    size = path.stat().st_size
    if how == "truncate":
        with path.open("r+b") as file:
            file.truncate(size // 2)
    elif how == "garbage":
        path.write_bytes(b"\x00garbage" * (size // 8))
    else:
        path.write_bytes(b"\x00" * size)
    with KnowHow.open(home=home) as know_how:
        for act in (lambda: know_how.search("loss"), lambda: know_how.ingest(docs), know_how.status):
            with pytest.raises(CollectionError, match="--rebuild") as raised:
                act()
            assert raised.value.exit_code == 4
        know_how.ingest(docs, rebuild=True)
    assert list(path.parent.glob("ledger.aside-*"))
    assert state_of(home) == whole


def test_a_ledger_that_lost_a_part_of_its_last_page_is_damaged(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as know_how:
        know_how.ingest(docs)
        path = know_how.collection.ledger_path
    whole = path.read_bytes()
    for size in (1, 99, 600, len(whole) - 4096, len(whole) - 1):
        path.write_bytes(whole[:size])
        with KnowHow.open(home=home) as know_how, pytest.raises(CollectionError, match="--rebuild"):
            know_how.search("loss")


@pytest.mark.skipif(os.name == "nt", reason="POSIX locks")
def test_what_else_a_program_reads_leaves_its_hold_on_the_ledger(home: Path, docs: Path) -> None:
    """Another process that came and went must not take the WAL away under a program that goes on searching."""
    with KnowHow.open(home=home) as know_how:
        know_how.ingest(docs)
    with KnowHow.open(home=home) as server:
        server.ask("What is the quality loss?")
        server.documents()
        (docs / "new.md").write_text("# Zeppelin\n\nThe zeppelin's gauge study takes nine days.\n", encoding="utf-8")
        for _ in range(2):
            subprocess.run([sys.executable, "-c", _STATUS, str(home)], check=True, timeout=120)
            assert Path(f"{server.collection.ledger_path}-shm").exists()
        subprocess.run([sys.executable, "-c", _INGEST, str(home), str(docs)], check=True, timeout=120)
        assert server.search("How many days does the zeppelin's gauge study take?")[0].chunk.source == "new.md"


_STATUS = "import sys; from qeu_rag import KnowHow\nwith KnowHow.open(home=sys.argv[1]) as kh: kh.status()"
_INGEST = "import sys; from qeu_rag import KnowHow\nwith KnowHow.open(home=sys.argv[1]) as kh: kh.ingest(sys.argv[2])"


def test_another_embedder_is_refused(home: Path, docs: Path, embedder_cache: Path) -> None:
    with KnowHow.open(home=home) as know_how:
        know_how.ingest(docs)
    with KnowHow.open(home=home, embedder__query_prefix="Frage: ") as other:
        for act in (lambda: other.search("loss"), lambda: other.ingest(docs)):
            with pytest.raises(CollectionError, match="--rebuild"):
                act()
        other.ingest(docs, rebuild=True)
        assert other.search("What is the quality loss?")[0].chunk.source == "loss.md"


@pytest.mark.parametrize(
    "old", ["bilingual|||256|en,ja", "bundled|||256|en", "intfloat/multilingual-e5-small|query: |passage: |256|en,ja"]
)
def test_a_home_of_the_old_embedder_says_how_to_rebuild_it_and_that_does_it(home: Path, docs: Path, old: str) -> None:
    with KnowHow.open(home=home) as know_how:
        know_how.ingest(docs)
        with know_how.collection.writer(), Ledger(know_how.collection.ledger_path, write=True) as ledger:
            ledger.set_meta("embedder_spec", old)
            ledger.set_meta("embedder", "0" * 32)
    with KnowHow.open(home=home) as know_how:
        for act in (lambda: know_how.search("loss"), lambda: know_how.ask("日当"), lambda: know_how.ingest(docs)):
            with pytest.raises(CollectionError) as raised:
                act()
            assert raised.value.exit_code == 4
            for lang in ("en", "ja"):
                assert f"qeu-rag ingest --rebuild {docs}" in raised.value.render(lang)
        know_how.ingest(docs, rebuild=True)
        assert know_how.search("What is the quality loss?")[0].chunk.source == "loss.md"
        assert know_how.ingest(docs).unchanged == 4


def test_vectors_of_an_earlier_version_are_refused_with_the_command_that_makes_them_anew(
    home: Path, docs: Path
) -> None:
    with KnowHow.open(home=home) as know_how:
        know_how.ingest(docs)
        with know_how.collection.writer(), Ledger(know_how.collection.ledger_path, write=True) as ledger:
            ledger.set_meta("embedder", "0" * 32)
    with KnowHow.open(home=home) as know_how:
        # An ingest that finds every file unchanged needs no vectors, and would leave a collection that cannot be asked.
        for act in (lambda: know_how.search("loss"), lambda: know_how.ingest(docs)):
            with pytest.raises(CollectionError) as raised:
                act()
            for lang, said in (("en", "an earlier version"), ("ja", "以前の版")):
                assert said in raised.value.render(lang)
                assert f"qeu-rag ingest --rebuild {docs}" in raised.value.render(lang)


def test_a_newer_ledger_is_refused(home: Path, docs: Path) -> None:
    import sqlite3

    with KnowHow.open(home=home) as know_how:
        know_how.ingest(docs)
        connection = sqlite3.connect(know_how.collection.ledger_path)
        connection.execute("PRAGMA user_version=99")
        connection.commit()
        connection.close()
        for act in (lambda: know_how.search("loss"), lambda: know_how.ingest(docs)):
            know_how.close()
            with pytest.raises(CollectionError, match="newer") as raised:
                act()
            assert raised.value.exit_code == 4


def test_no_collection_says_what_to_do(home: Path) -> None:
    with KnowHow.open(home=home) as know_how, pytest.raises(CollectionError, match="qeu-rag ingest") as raised:
        know_how.ask("What is the quality loss?")
    assert raised.value.exit_code == 4


def test_an_empty_folder_gives_an_empty_collection(home: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with KnowHow.open(home=home) as know_how:
        assert know_how.ingest(tmp_path / "nothing").chunks == 0
        answer = know_how.ask("What is the quality loss?")
    assert (answer.status, answer.reason) == ("abstained", "no_evidence")


def test_nobody_waits_to_mend_a_generation_that_an_ingest_has_replaced(notes_home: Path) -> None:
    said: list[str] = []
    folder = notes_home / "collections" / "default"
    with Collection(folder, notify=said.append).writer():
        Collection(folder, notify=said.append)._mend(0, certainly=True)
    assert said == []


def test_a_panic_of_chroma_is_a_damaged_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):  # as pyo3's, which cannot be imported and is no Exception
        pass

    def panics(*_: object, **__: object) -> None:
        raise PanicException("no such table: migrations")

    monkeypatch.setattr("chromadb.PersistentClient", panics)
    with pytest.raises(CollectionError) as caught:
        DenseIndex(tmp_path / "dense")
    assert caught.value.key == "index_damaged"


def test_a_generation_that_another_ingest_has_swept_away_is_no_unexpected_error(tmp_path: Path) -> None:
    """Who opens a collection then looks for the newer one; before, the folder's disk was asked for its room first."""
    with pytest.raises(CollectionError) as raised:
        open_generation(tmp_path, 3, "")
    assert raised.value.key == "index_damaged"
