"""A published state is whole, stays as it is, and is copied only when it is what was published."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from qeu_rag import KnowHow
from qeu_rag.errors import CollectionError, StorageError
from qeu_rag.index.approved import ApprovedAnswer, approvals_mark, approved_answers, mirror_approved, put_approved
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.published import copied, publish, stamp_of


def collection_of(home: Path) -> Path:
    return home / "collections" / "default"


def test_a_copy_answers_as_the_collection_did_whatever_happened_since(noted: Path, tmp_path: Path) -> None:
    first = publish(collection_of(noted), tmp_path / "published")
    with KnowHow.open(home=noted) as opened:
        before = [one.chunk.id for one in opened.search("quality loss")]
        (noted / "docs" / "loss.md").unlink()
        opened.ingest(noted / "docs")
        second = publish(collection_of(noted), tmp_path / "published")
        assert second.stamp > first.stamp
        home = tmp_path / "replica"
        (home / "collections").mkdir(parents=True)
        copied(first, collection_of(home))
        with opened.beside("default", home=home) as replica:
            assert [one.chunk.id for one in replica.search("quality loss")] == before
        (noted / "docs" / "audit.md").unlink()
        opened.ingest(noted / "docs")
    third = publish(collection_of(noted), tmp_path / "published")
    assert sorted(path.name for path in (tmp_path / "published").iterdir()) == [second.stamp, third.stamp]
    with pytest.raises(StorageError, match="cannot be copied"):
        copied(first, tmp_path / "late")


def test_what_is_not_what_was_published_is_not_taken(noted: Path, tmp_path: Path) -> None:
    published = publish(collection_of(noted), tmp_path / "published")
    for number, damaged in enumerate(("ledger.sqlite", "generation-000001/glossary.json")):
        folder = Path(shutil.copytree(published.folder, tmp_path / f"damaged-{number}"))
        with (folder / damaged).open("r+b") as file:
            file.seek(0, 2)
            file.write(b"x")
        with pytest.raises(StorageError, match="not what was published"):
            copied(replace(published, folder=folder), tmp_path / "copy")
        assert not list(tmp_path.glob("copy*"))


def test_a_damaged_generation_is_not_published(noted: Path, tmp_path: Path) -> None:
    next((collection_of(noted) / "generation-000001").rglob("data_level0.bin")).write_bytes(b"x")
    with pytest.raises(CollectionError) as raised:
        publish(collection_of(noted), tmp_path / "published")
    assert raised.value.key == "index_damaged"


def test_approvals_are_mirrored_whole(noted: Path, tmp_path: Path) -> None:
    published = publish(collection_of(noted), tmp_path / "published")
    copied(published, tmp_path / "copy")
    answers = [ApprovedAnswer(id=str(n), question=f"q{n}", answer="a", by="", at=f"2026-0{n}", pins=()) for n in (1, 2)]
    with Ledger(tmp_path / "copy" / "ledger.sqlite", write=True) as copy:
        put_approved(copy, answers[:1])
        mirror_approved(copy, answers[1:], "7")
        assert (list(approved_answers(copy)), approvals_mark(copy)) == (answers[1:], "7")
        assert stamp_of(copy) == published.stamp
