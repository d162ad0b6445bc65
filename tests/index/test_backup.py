"""A home as one file and back: the same answers, and nothing placed, or written over, that was not whole and wanted."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import QUESTIONS, Run, new_home, state_of
from filelock import FileLock

from qeu_rag import KnowHow
from qeu_rag.errors import CollectionError, QeuRagError, StorageError, UsageError
from qeu_rag.index.approved import ApprovedAnswer, Pin, approved_answers, put_approved
from qeu_rag.index.backup import export_home, import_home
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.schema import SCHEMA_VERSION
from qeu_rag.serve.tokens import Tokens
from qeu_rag.serve.uploads import folder_of, store

PROFILE = "log: {questions: true}\n"


@pytest.fixture
def full(noted: Path) -> Path:
    """A home with two collections, an upload, an approved answer, a log, a profile and a token."""
    (noted / "profiles").mkdir()
    (noted / "profiles" / "ours.yaml").write_text(PROFILE)
    Tokens(noted).new("page", ("ask",), ())
    with KnowHow.open(home=noted, profile=noted / "profiles" / "ours.yaml") as opened:
        opened.ask(QUESTIONS[0])
        (found, *_) = opened.search(QUESTIONS[2])
        pin = Pin.of(found.chunk, marker=1, quote=found.chunk.text[:20])
        answer = ApprovedAnswer(
            id="a1",
            question=QUESTIONS[2],
            answer="Ten days. [1]",
            by="Sato",
            at="2026-11-01T00:00:00+00:00",
            pins=(pin,),
        )
        with Ledger(opened.collection.ledger_path, write=True) as ledger:
            put_approved(ledger, [answer])
    made = noted / "made.md"
    made.write_text("# Badge\n\nA lost badge is replaced by the front desk for 900 yen.\n")
    with made.open("rb") as content, KnowHow.open(home=noted, collection="社内") as second:
        store(folder_of(noted, "社内"), [("badge.md", content)])
        second.ingest(folder_of(noted, "社内"))
    return noted


@pytest.fixture
def new(tmp_path: Path, embedder_cache: Path) -> Path:
    return new_home(tmp_path / "new", embedder_cache)


def take(home: Path, file: Path, *, replace: bool = False) -> None:
    import_home(home, file, replace=replace, notify=lambda line: None, lang="en")


def all_of(home: Path) -> dict[str, bytes]:
    return {str(p.relative_to(home)): p.read_bytes() for p in home.rglob("*") if p.is_file() and "cache" not in p.parts}


def test_all_that_people_made_is_there_again(full: Path, new: Path, tmp_path: Path, qeu_rag: Run) -> None:
    file = tmp_path / "backup.zip"
    exported = qeu_rag("export", str(file), "--home", str(full))
    assert exported.returncode == 0, exported.stderr
    assert file.stat().st_mode & 0o077 == 0
    imported = qeu_rag("import", str(file), "--home", str(new))
    assert imported.returncode == 0, imported.stderr
    assert "default, 社内" in imported.stdout
    assert state_of(new) == state_of(full)
    assert (new / "profiles" / "ours.yaml").read_text() == PROFILE
    assert Tokens(new).all() == Tokens(full).all()
    with KnowHow.open(home=new) as there, KnowHow.open(home=full) as here:
        assert there.record.questions.entries() == here.record.questions.entries() != ()
        with there.collection.reading() as one, here.collection.reading() as other:
            assert approved_answers(one) == approved_answers(other) != ()
        assert there.ask(QUESTIONS[2]).text == "Ten days. [1]"


def test_uploads_are_at_home_in_the_new_home(full: Path, new: Path, tmp_path: Path) -> None:
    export_home(full, tmp_path / "backup.zip")
    take(new, tmp_path / "backup.zip")
    shutil.rmtree(full)
    with KnowHow.open(home=new, collection="社内") as opened:
        report = opened.ingest(folder_of(new, "社内"))
        assert (report.added, report.removed, report.unchanged) == (0, 0, 1)
        assert len(opened.documents().documents) == 1
        (folder_of(new, "社内") / "badge.md").unlink()
        assert opened.ingest(folder_of(new, "社内")).removed == 1


def test_a_home_that_holds_something_stays_unless_told(full: Path, noted: Path, tmp_path: Path, home: Path) -> None:
    file = tmp_path / "backup.zip"
    export_home(full, file)
    with KnowHow.open(home=home) as opened:
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "own.md").write_text("# Own\n\nOur own rule is rule seven.\n")
        opened.ingest(tmp_path / "own")
    (home / "profiles").mkdir()
    (home / "profiles" / "mine.yaml").write_text("retrieve: {k: 3}\n")
    before = all_of(home)
    with pytest.raises(UsageError) as refused:
        take(home, file)
    assert refused.value.key == "home_not_empty"
    assert all_of(home) == before
    take(home, file, replace=True)
    assert state_of(home) == state_of(full)
    (aside,) = home.glob("before-import-*")
    assert (aside / "profiles" / "mine.yaml").exists()
    assert not (home / "profiles" / "mine.yaml").exists()
    for part in ("collections", "profiles"):
        shutil.rmtree(home / part)
        (aside / part).rename(home / part)
    with KnowHow.open(home=home) as opened:
        assert "rule seven" in opened.search("own rule")[0].chunk.text


def spoil(file: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """The archive anew with one member changed, all of ZIP's own sums right."""
    with zipfile.ZipFile(file) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    members[name] = change(members[name])
    with zipfile.ZipFile(file, "w") as archive:
        for one, content in members.items():
            archive.writestr(one, content)


def manifest(**changes: object) -> Callable[[bytes], bytes]:
    return lambda old: json.dumps({**json.loads(old), **changes}).encode()


def renamed(old: bytes) -> bytes:
    return old.replace(b"profiles/ours.yaml", b"profiles/../../../evil.yaml")


SPOILT: dict[str, Callable[[Path], None]] = {
    "cut": lambda file: file.write_bytes(file.read_bytes()[:-2000]),
    "flipped": lambda file: file.write_bytes(bytes(b ^ 1 if n == 3000 else b for n, b in enumerate(file.read_bytes()))),
    "other bytes": lambda file: spoil(file, "collections/default/ledger.sqlite", lambda old: old[:-1] + b"x"),
    "shorter": lambda file: spoil(file, "profiles/ours.yaml", lambda old: old[:-1]),
    "no manifest": lambda file: spoil(file, "manifest.json", lambda old: b"{}"),
    "part is missing": lambda file: spoil(file, "manifest.json", lambda old: old.replace(b"ours", b"hers")),
    "a way out": lambda file: spoil(file, "manifest.json", renamed),
    "no ZIP": lambda file: file.write_bytes(b"PK nothing"),
    "empty": lambda file: file.write_bytes(b""),
    "newer": lambda file: spoil(file, "manifest.json", manifest(format=99)),
}


@pytest.mark.parametrize("how", SPOILT)
def test_of_a_file_that_is_not_whole_nothing_is_placed(full: Path, new: Path, tmp_path: Path, how: str) -> None:
    file = tmp_path / "backup.zip"
    export_home(full, file)
    SPOILT[how](file)
    with pytest.raises(QeuRagError) as refused:
        take(new, file)
    assert refused.value.key == ("backup_newer" if how == "newer" else "backup_damaged")
    assert set(all_of(new)) <= {"serve/server.lock"}
    assert not list(tmp_path.rglob("evil.yaml"))


def test_a_ledger_of_a_newer_program_is_refused_and_an_older_one_taken_up(
    full: Path, new: Path, tmp_path: Path
) -> None:
    path = full / "collections" / "default" / "ledger.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(CollectionError) as refused:
        export_home(full, tmp_path / "newer.zip")
    assert refused.value.key == "ledger_newer"
    assert not list(tmp_path.glob("*.zip"))
    connection = sqlite3.connect(path)
    for table in ("windows", "glossary"):
        connection.execute(f"DROP TABLE {table}")
    connection.execute("ALTER TABLE chunks ADD COLUMN vector_key TEXT NOT NULL DEFAULT ''")
    connection.execute("CREATE INDEX chunks_vector ON chunks (vector_key)")
    connection.execute("PRAGMA user_version=2")
    connection.close()
    export_home(full, tmp_path / "older.zip")
    take(new, tmp_path / "older.zip")
    with Ledger(new / "collections" / "default" / "ledger.sqlite") as ledger:
        assert ledger.rows("PRAGMA user_version") == [(SCHEMA_VERSION,)]
        assert len(approved_answers(ledger)) == 1


def test_an_export_beside_an_ingest_is_a_state_that_was(noted: Path, new: Path, tmp_path: Path) -> None:
    """Twelve exports while documents come and go: each holds all of one sync or nothing of it."""
    folder = tmp_path / "moving"
    folder.mkdir()
    ended = threading.Event()

    def ingest() -> None:
        with KnowHow.open(home=noted, collection="moving") as opened:
            for turn in range(6):
                for number in range(20):
                    (folder / f"{number}.md").write_text(f"# Turn {turn}\n\nThe word of turn {turn} is {number}.\n")
                opened.ingest(folder)
        ended.set()

    thread = threading.Thread(target=ingest)
    thread.start()
    files = []
    while not ended.wait(0.3) and len(files) < 12:
        files.append(tmp_path / f"{len(files)}.zip")
        export_home(noted, files[-1])
    thread.join()
    export_home(noted, tmp_path / "last.zip")
    seen: set[str] = set()
    for number, file in enumerate([*files, tmp_path / "last.zip"]):
        home = new / str(number)
        take(home, file)
        (home / "cache").symlink_to(noted / "cache")
        with KnowHow.open(home=home, collection="moving") as opened:
            try:
                titles = {row.title for row in opened.documents().documents}
            except CollectionError:
                continue  # from before the first sync had ended
            assert len(titles) == 1
            seen |= titles
            assert len(opened.documents().documents) == 20
            assert opened.search("the word of the turn")
    assert seen >= {"Turn 5"}


def test_what_cannot_be_is_told(full: Path, home: Path, new: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.zip"
    with pytest.raises(UsageError) as refused:
        export_home(home, file)
    assert refused.value.key == "nothing_to_export"
    export_home(full, file)
    before = file.read_bytes()
    with pytest.raises(UsageError) as refused:
        export_home(full, file)
    assert refused.value.key == "save_exists"
    assert file.read_bytes() == before
    with pytest.raises(StorageError) as unwritten:
        export_home(full, tmp_path / "none" / "backup.zip")
    assert unwritten.value.key == "save_failed"
    (new / "serve").mkdir()
    with FileLock(new / "serve" / "server.lock"), pytest.raises(UsageError) as refused:
        take(new, file)
    assert refused.value.key == "import_served"
