"""A collection as other machines may copy it: its ledger at one moment and its sealed generation, in a folder that never changes.

What is opened from there changes files beside them (a WAL, Chroma's SQLite), and SQLite's locks do not hold over a network's
file system; so who shares a collection publishes it, and who uses it copies it first.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from qeu_rag.errors import CollectionError, QeuRagError, StorageError
from qeu_rag.index import generation as generations
from qeu_rag.index.backup import database_copy
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.seal import intact

_KEPT = 2
"""Who still copies the last one may end that."""
_TRIES = 3
_LEDGER = "ledger.sqlite"
_DENSE = Path("dense") / "chroma.sqlite3"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One published state: ``stamp`` tells it from all others of its collection, ``ledger_hash`` is its ledger's SHA-256."""

    collection: str
    stamp: str
    folder: Path
    ledger_hash: str


def stamp_of(ledger: Ledger) -> str:
    """What tells the state of a ledger's generation from others; "" where nothing was ever ingested to the end.

    To be asked within a snapshot where others write to the ledger.
    """
    number, seal = ledger.generation, ledger.meta("seal") or ""
    return f"{number:06d}-{hashlib.sha256(seal.encode()).hexdigest()[:12]}" if number else ""


def publish(collection: Path, into: Path) -> Published:
    """Puts the state of ``collection`` now into a folder of ``into``, named by its stamp; the two newest are kept.

    Raises CollectionError: "index_damaged" where the generation is not as it was sealed, "index_moving"; StorageError.
    """
    try:
        into.mkdir(parents=True, exist_ok=True)
        aside = into / ".new"
        for _ in range(_TRIES):
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            if (stamp := _gather(collection, aside)) is not None:
                break
        else:
            raise CollectionError("index_moving", path=collection)
        folder = into / stamp
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(aside, folder)
        for old in sorted(into.glob("[0-9]*"), key=lambda path: path.stat().st_mtime_ns)[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise StorageError("publish_failed", path=into, detail=error) from error
    return Published(collection=collection.name, stamp=stamp, folder=folder, ledger_hash=_hash(folder / _LEDGER))


def _gather(collection: Path, aside: Path) -> str | None:
    """Ledger and generation side by side; None where an ingest published the next one meanwhile."""
    database_copy(collection / _LEDGER, aside / _LEDGER)
    with Ledger(aside / _LEDGER, untouched=True) as ledger:
        stamp, number, seal = stamp_of(ledger), ledger.generation, ledger.meta("seal") or ""
    if not stamp:
        raise CollectionError("no_collection", path=collection)
    source = generations.folder_of(collection, number)
    target = generations.folder_of(aside, number)
    try:
        shutil.copytree(source, target, copy_function=_link, ignore=shutil.ignore_patterns("*.lock", "chroma.sqlite3*"))
        database_copy(source / _DENSE, target / _DENSE)
    except (OSError, QeuRagError) as error:
        if _number(collection) != number:
            return None
        if isinstance(error, OSError) and source.is_dir():
            raise
        raise CollectionError("index_damaged", path=source, detail=error) from error
    if not intact(target, seal):
        raise CollectionError("index_damaged", path=source, detail="")
    return stamp


def _number(collection: Path) -> int:
    with Ledger(collection / _LEDGER) as ledger:
        return ledger.generation


def _link(source: str, target: str) -> None:
    """One more name for a file that never changes again, which a later ingest's clean-up cannot take away."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)  # a file system without such names


def copied(published: Published, target: Path) -> None:
    """Copies a published state to ``target`` (which must not exist), and lets it be there only when its sums are right.

    Raises StorageError: "copy_failed", "copy_unlike".
    """
    aside = target.with_name(target.name + ".new")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(published.folder, aside)
        if not _alike(aside, published):
            shutil.rmtree(aside, ignore_errors=True)
            raise StorageError("copy_unlike", path=published.folder)
        os.replace(aside, target)
    except (OSError, shutil.Error) as error:
        shutil.rmtree(aside, ignore_errors=True)
        detail = error if isinstance(error, OSError) and error.errno else str(error)[:200]
        raise StorageError("copy_failed", path=published.folder, target=target, detail=detail) from error


def _alike(folder: Path, published: Published) -> bool:
    if _hash(folder / _LEDGER) != published.ledger_hash:
        return False
    with Ledger(folder / _LEDGER, untouched=True) as ledger:
        number, seal = ledger.generation, ledger.meta("seal") or ""
    return intact(generations.folder_of(folder, number), seal)


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
