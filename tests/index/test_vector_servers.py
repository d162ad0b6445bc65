"""A collection whose vectors lie on a server: the same answers, and what happens when the server or its vectors are gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import QUESTIONS
from index.vector_servers import Server, Servers

from qeu_rag import KnowHow
from qeu_rag.config import load_settings
from qeu_rag.errors import CollectionError, StorageError
from qeu_rag.index.dense_choice import vector_server
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.seal import dense_part

KINDS = ("chroma-server", "pgvector")
pytestmark = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def server(kind: str, servers: Servers) -> Server:
    return servers(kind)


def opened(home: Path, server: Server, told: list[str] | None = None, **more: object) -> KnowHow:
    flags = {"home": home, "lang": "en", **server.settings, **more}
    notify = (lambda line: None) if told is None else told.append
    return KnowHow.open(settings=load_settings(environ={}, flags=flags), notify=notify)


def hits(know_how: KnowHow) -> list[list[tuple[str, float]]]:
    return [[(hit.chunk.id, round(hit.score, 4)) for hit in know_how.search(question)] for question in QUESTIONS]


def name_of(know_how: KnowHow) -> str:
    with Ledger(know_how.collection.ledger_path) as ledger:
        return str((dense_part(ledger.meta("seal")) or {})["name"])


def identity(know_how: KnowHow) -> dict[str, Any]:
    with Ledger(know_how.collection.ledger_path) as ledger:
        known: dict[str, Any] = json.loads(ledger.meta("dense_home") or "{}")
        return known


def ours(server: Server, know_how: KnowHow) -> list[str]:
    """What lies on the server of this collection."""
    start = f"qeu_rag-{identity(know_how)['id']}-"
    if server.store == "pgvector":
        import psycopg

        with psycopg.connect(server.url) as connection:
            rows = connection.execute("SELECT tablename FROM pg_tables").fetchall()
        return sorted(str(row[0]) for row in rows if str(row[0]).startswith(start))
    with client(server) as chroma:
        return sorted(one.name for one in chroma.list_collections() if one.name.startswith(start))


@contextmanager
def client(server: Server) -> Iterator[Any]:
    import chromadb

    made = chromadb.HttpClient(host="127.0.0.1", port=server.port)
    try:
        yield made
    finally:
        made.close()


def emptied(server: Server, name: str) -> None:
    """What somebody does who takes it for rubbish; a part of it where the server lets a part go."""
    if server.store == "pgvector":
        import psycopg

        with psycopg.connect(server.url, autocommit=True) as connection:
            with pytest.raises(psycopg.Error, match="sealed"):
                connection.execute(f"DELETE FROM \"{name}\" WHERE id LIKE '%:0'")
            with pytest.raises(psycopg.Error, match="sealed"):
                connection.execute(f'TRUNCATE "{name}"')
            connection.execute(f'DROP TABLE "{name}"')
    else:
        with client(server) as chroma:
            found = chroma.get_collection(name)
            found.delete(ids=found.get(include=[])["ids"][:2])


def test_it_answers_as_the_local_store_and_mends_what_was_lost(home: Path, docs: Path, server: Server) -> None:
    told: list[str] = []
    with KnowHow.open(home=home) as local:
        local.ingest(docs)
        expected = hits(local)
    with opened(home, server, told) as know_how:
        # The vectors move to the server with the first question.
        assert hits(know_how) == expected
        assert [line for line in told if server.url.rpartition("@")[2] in line]
        assert know_how.status()["indexes"] == "intact"
        told.clear()
        # Under a reader that is open.
        emptied(server, name_of(know_how))
        assert hits(know_how) == expected
        assert [line for line in told if "filling them from the ledger" in line]
        told.clear()
    with opened(home, server, told) as know_how:
        assert hits(know_how) == expected
        assert told == []
        assert know_how.ingest(docs).unchanged == 4
        answer = know_how.ask("日当はいくらですか")
        assert answer.status == "answered"


def test_a_server_that_is_away_slow_or_back_again(home: Path, docs: Path, server: Server) -> None:
    told: list[str] = []
    with opened(home, server, told, **{"index.dense.timeout_s": 1.0}) as know_how:
        know_how.ingest(docs)
        expected = hits(know_how)
        server.stop()
        for act in (lambda: hits(know_how), lambda: know_how.ingest(docs)):
            with pytest.raises(StorageError) as raised:
                act()
            assert raised.value.key == "dense_away"
        assert know_how.status()["indexes"] == "away"
        server.start()
        assert hits(know_how) == expected
        server.freeze()
        try:
            with pytest.raises(StorageError) as raised:
                know_how.search(QUESTIONS[0])
            assert raised.value.key == "dense_slow"
        finally:
            server.thaw()
        assert hits(know_how) == expected
        server.stop()
        server.start()
        assert hits(know_how) == expected  # an open reader notices nothing
        assert told == []


def test_a_reader_keeps_its_generation_until_the_ingest_after_the_next(home: Path, docs: Path, server: Server) -> None:
    with opened(home, server) as know_how:
        know_how.ingest(docs)
        ledger, generation = know_how.collection.open()
        vector = know_how.networks.embedder.embed_query(QUESTIONS[0])
        before = generation.dense.search(vector, 5)
        for number in range(2):
            (docs / f"new{number}.md").write_text(f"# Zeppelin {number}\n\nThe gauge study takes {number} days.\n")
            know_how.ingest(docs)
            assert len(ours(server, know_how)) == 2  # what is read, and what was read before
            if number == 0:
                assert generation.dense.search(vector, 5) == before
        with pytest.raises(CollectionError) as raised:
            generation.dense.search(vector, 5)
        assert raised.value.key == "dense_changed"
        generation.close()
        ledger.close()
        know_how.ingest(docs, rebuild=True)
        assert hits(know_how)
        (docs / "new0.md").unlink()
        know_how.ingest(docs)
        assert len(ours(server, know_how)) == 2


def test_a_build_that_was_killed_is_cleaned_up(home: Path, docs: Path, server: Server) -> None:
    with opened(home, server) as know_how:
        know_how.ingest(docs)
        (docs / "new.md").write_text("# Zeppelin\n\nThe gauge study takes nine days.\n", encoding="utf-8")
        script = (
            "import os, sys\n"
            "from qeu_rag.index import dense_pgvector, dense_server\n"
            "from qeu_rag.cli.main import run\n"
            "for kind in (dense_pgvector.PgvectorIndex, dense_server.ChromaServerIndex):\n"
            "    kind.finish = lambda self: os.kill(os.getpid(), 9)\n"
            "run(['ingest', *sys.argv[1:]])\n"
        )
        names = {"STORE": server.store, "URL": server.url}
        variables = {f"QEU_RAG_INDEX__DENSE__{name}": value for name, value in names.items()}
        command = [sys.executable, "-c", script, str(docs), "--home", str(home)]
        done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, timeout=120)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert hits(know_how)  # the generation before answers
        killed = [name for _, name in identity(know_how)["names"]][-1]
        know_how.ingest(docs)
        assert killed not in ours(server, know_how)
        assert know_how.search("How many days does the zeppelin's gauge study take?")[0].chunk.source == "new.md"
        assert len(ours(server, know_how)) == 2


def test_a_server_that_stops_in_the_middle_of_a_build(
    home: Path, docs: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qeu_rag.index import dense_pgvector, dense_server

    index = dense_pgvector.PgvectorIndex if server.store == "pgvector" else dense_server.ChromaServerIndex
    finish = index.finish

    def finish_without(self: Any) -> None:
        server.stop()
        if server.store == "pgvector":
            finish(self)

    with opened(home, server) as know_how:
        with monkeypatch.context() as patch:
            patch.setattr(index, "finish", finish_without)
            with pytest.raises(StorageError) as raised:
                know_how.ingest(docs)
        assert raised.value.key == "dense_away"
        server.start()
        know_how.ingest(docs)
        assert hits(know_how)
        assert ours(server, know_how) == [name_of(know_how)]


def test_what_is_not_ours_is_not_touched(home: Path, docs: Path, server: Server) -> None:
    with opened(home, server) as know_how:
        know_how.ingest(docs)
        known = identity(know_how)
        name = f"qeu_rag-{known['id']}-g000002-b{known['builds'] + 1:06d}"
        made = vector_server(server.store, server.url, 30)  # type: ignore[arg-type]
        assert made is not None
        with closing(made.create(name, {"qeu_rag": "somebody else"})) as store:
            store.finish()
        (docs / "new.md").write_text("# Zeppelin\n\nThe gauge study takes nine days.\n", encoding="utf-8")
        with pytest.raises(CollectionError) as raised:
            know_how.ingest(docs)
        assert raised.value.key == "dense_taken"
        made.drop(name, known["id"])
        assert name in ours(server, know_how)
        know_how.ingest(docs)  # under the next name
        assert know_how.search("How long is the zeppelin's gauge study?")[0].chunk.source == "new.md"
        assert name in ours(server, know_how)


def test_a_copy_of_a_home_takes_names_of_its_own(home: Path, docs: Path, server: Server, tmp_path: Path) -> None:
    import shutil

    with opened(home, server) as first:
        first.ingest(docs)
        copy = shutil.copytree(home, tmp_path / "copy", symlinks=True)
        (docs / "new.md").write_text("# Zeppelin\n\nThe gauge study takes nine days.\n", encoding="utf-8")
        with opened(copy, server) as second:
            for _ in range(2):
                second.ingest(docs)
                (docs / "new.md").unlink(missing_ok=True)
            assert identity(second)["id"] != identity(first)["id"]
        assert ours(server, first) == [name_of(first)]


def test_the_doctor_says_whether_it_answers(home: Path, docs: Path, server: Server) -> None:
    from qeu_rag.doctor.collection import check_vectors

    dense = load_settings(environ={}, flags={"home": home, **server.settings}).index.dense
    (found,) = check_vectors(dense, "en")
    assert found.state == "ok"
    assert server.store in found.message
    server.stop()
    with pytest.raises(StorageError):
        list(check_vectors(dense, "en"))
