"""The ledger's windows and vectors, and a ledger from before there were any."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from qeu_rag import KnowHow
from qeu_rag.config import load_settings
from qeu_rag.doctor.examine import examine
from qeu_rag.errors import CollectionError
from qeu_rag.index import schema
from qeu_rag.index.embedder_claim import SPEC
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.rows import FileRow
from qeu_rag.text.windows import windows
from qeu_rag.types import Chunk, Document, Span

TEXT = "The allowance of an employee is 3,000 yen a day, and abroad it is 8,000 yen. " * 12
VECTORS = np.eye(4, dtype=np.float32)


def document(name: str) -> Document:
    return Document(id=name, source=f"{name}.md", title="Rules", text=TEXT, lang="en")


def chunk(name: str, at: int = 0) -> Chunk:
    span = Span(start=0, end=len(TEXT))
    return Chunk(id=f"{name}-{at}", document_id=name, source="", title="Rules", headings=(), text=TEXT, span=span)


def put(ledger: Ledger, name: str, keys: list[str]) -> Chunk:
    """A document of one chunk, whose windows have the vectors ``keys`` in turn."""
    one = chunk(name)
    cut = windows(one)
    assert len(cut) >= 3
    ledger.put_vectors({key: VECTORS[int(key[1:])] for key in keys})
    ledger.put_document(document(name), [(one, [(w, keys[n % len(keys)]) for n, w in enumerate(cut)])])
    ledger.show(f"/{name}.md", [document(name)], at="2026-01-01")
    return one


def test_windows_and_their_vectors_come_back_in_order(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite", write=True) as ledger:
        one = put(ledger, "a", ["k0", "k1"])
        put(ledger, "b", ["k2"])
        ledger.publish(1, "{}")
        kept, vectors = ledger.windows([one.id])
        assert [entry.window for entry in kept] == list(windows(one))
        assert [entry.id for entry in kept] == [f"{one.id}:{n}" for n in range(len(kept))]
        assert vectors.tolist() == [VECTORS[n % 2].tolist() for n in range(len(kept))]
        both, _ = ledger.windows(["b-0", "a-0"])
        assert [entry.chunk_id for entry in both] == ["a-0"] * len(kept) + ["b-0"] * len(kept)
        assert ledger.window_ids(["a-0", "b-0"]) == sorted(entry.id for entry in both)
        assert ledger.windows([])[0] == ledger.windows(["unknown"])[0] == []
        assert ledger.windows([])[1].shape[0] == 0


def test_only_missing_vectors_are_asked_for_and_lost_ones_are_counted(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite", write=True) as ledger:
        put(ledger, "a", ["k0", "k1"])
        assert ledger.missing_vectors(["k0", "k1", "k2"]) == {"k2"}
        assert ledger.missing_vectors([]) == set()
        assert ledger.lost_vectors() == 0
        ledger.run("DELETE FROM vectors WHERE key='k1'")
        assert ledger.lost_vectors() == len(windows(chunk("a"))) // 2


def test_publishing_drops_what_no_document_has(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite", write=True) as ledger:
        put(ledger, "a", ["k0", "k1"])
        put(ledger, "b", ["k1", "k2"])
        ledger.publish(1, "{}")
        ledger.show("/a.md", (), at="")
        ledger.publish(2, "{}")
        assert ledger.chunk_ids(2) == ["b-0"]
        assert ledger.windows(["a-0"])[0] == []
        assert ledger.missing_vectors(["k0", "k1", "k2"]) == {"k0"}
        assert ledger.lost_vectors() == 0


def test_a_document_that_is_kept_anew_has_its_new_windows_alone(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite", write=True) as ledger:
        one = put(ledger, "a", ["k0"])
        ledger.put_document(document("a"), [(one, [(windows(one)[0], "k0")])])
        ledger.publish(1, "{}")
        assert ledger.window_ids([one.id]) == [f"{one.id}:0"]


def before_windows(path: Path) -> None:
    """A ledger as version 3 of its tables had it, with a document, its chunk and a vector."""
    connection = sqlite3.connect(path)
    for step in schema._STEPS[:3]:
        connection.executescript(step)
    connection.execute("PRAGMA user_version=3")
    connection.execute("INSERT INTO meta VALUES ('generation', '1')")
    connection.execute("INSERT INTO documents VALUES ('a', 'Rules', 'en', '[]', '[]', 'Ten days.')")
    connection.execute("INSERT INTO sources VALUES ('/a.md', 'a.md', 'a', '2026-01-01', 1, NULL)")
    connection.execute("INSERT INTO chunks VALUES ('a-0', 'a', 0, 0, 9, NULL, 'en', '[]', '', 'Ten days.', 'k0')")
    connection.execute("INSERT INTO vectors VALUES ('k0', x'00000000')")
    connection.execute("INSERT INTO approved VALUES ('1', 'How long?', 'Ten days. [1]', 'A. Sato', '2026-01-02')")
    connection.commit()
    connection.close()


def test_a_ledger_from_before_there_were_windows_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    before_windows(path)
    with Ledger(path) as ledger:
        assert ledger.lost_vectors() == 0
        assert ledger.chunks(["a-0"])["a-0"].text == "Ten days."
    with Ledger(path, write=True) as ledger:
        assert ledger.rows("PRAGMA user_version") == [(schema.SCHEMA_VERSION,)]
        assert ledger.chunks(["a-0"])["a-0"].text == "Ten days."
        assert ledger.windows(["a-0"])[0] == []
        assert ledger.rows("SELECT answer FROM approved") == [("Ten days. [1]",)]
        put(ledger, "b", ["k1"])
        ledger.put_file(
            FileRow(path="/b.md", root="/", source="b.md", size=1, mtime_ns=1, checked_ns=1, hash="", reader="")
        )
        ledger.publish(2, "{}")
        assert len(ledger.windows(["b-0"])[0]) == len(windows(chunk("b")))
    with Ledger(path, write=True) as again:
        assert again.chunk_ids(2) == ["a-0", "b-0"]


def test_a_home_from_before_says_how_to_rebuild_wherever_it_is_met(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as know_how:
        know_how.ingest(docs)
        path = know_how.collection.ledger_path
        with Ledger(path, write=True) as ledger:
            ledger.run("DROP TABLE windows")
            ledger.run("ALTER TABLE chunks ADD COLUMN vector_key TEXT NOT NULL DEFAULT ''")
            ledger.run("CREATE INDEX chunks_vector ON chunks (vector_key)")
            ledger.set_meta(SPEC, "bilingual|||256|en,ja")
            ledger.run("PRAGMA user_version=3")
    with KnowHow.open(home=home) as know_how:
        assert know_how.status()["documents"] == 4
        with pytest.raises(CollectionError, match="--rebuild"):
            know_how.ask("What is the quality loss?")
    settings = load_settings(environ={}, flags={"home": str(home)})
    found = examine(lambda: settings, lambda: "en", {})
    assert "--rebuild" in next(check.next for check in found if check.name == "collection")
    assert {check.name for check in found if check.state == "problem"} == {"collection"}
    with KnowHow.open(home=home) as know_how:
        with pytest.raises(CollectionError, match="--rebuild"):
            know_how.ingest(docs)
        know_how.ingest(docs, rebuild=True)
        assert know_how.search("What is the quality loss?")[0].chunk.source == "loss.md"
