"""One built state of indexes and glossary: a folder made aside, sealed, opened only when whole, and never changed again."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from qeu_rag.errors import CollectionError, StorageError
from qeu_rag.index.dense import DenseIndex, refuse_short
from qeu_rag.index.glossary import Glossary
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.lexical import LexicalIndex, LexicalItem
from qeu_rag.text.terms import ANALYZER_VERSION, Analyzer
from qeu_rag.text.units import ROW, table_header, units

_BATCH = 1000
_REBUILD_SHARE = 0.25
"""Above this share of changed chunks a fresh build is as fast as a copy with changes, and gives a cleaner graph."""

_COPY_FROM = 2000
"""Below this many chunks a fresh build takes about a second, and its results do not depend on history."""

_ROOM_TO_OPEN = 10_000_000
"""Free bytes below which Chroma may not open a folder itself: on a full disk it spoils its files and fails."""

_GLOSSARY = "glossary.json"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """The two open indexes of one generation, and its glossary; ``view`` is where they were opened if not in their own folder."""

    number: int
    dense: DenseIndex
    lexical: LexicalIndex
    glossary: Glossary
    view: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        """Lets go of the files."""
        self.dense.close()
        self.lexical.close()
        if self.view is not None:
            self.view.cleanup()


def folder_of(collection: Path, number: int) -> Path:
    """Where generation ``number`` of a collection lives."""
    return collection / f"generation-{number:06d}"


def build(
    collection: Path, ledger: Ledger, number: int, *, base: int | None, progress: Progress = lambda done, total: None
) -> str:
    """Builds generation ``number`` from the ledger and returns its seal; publishing it is the caller's step.

    With ``base`` the folder of that generation is copied and changed where this costs less; its seal must hold.
    Raises StorageError when the disk is full or cannot be written; nothing half done is ever visible.
    """
    target = folder_of(collection, number)
    aside = target.with_name(target.name + ".building")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        wanted = ledger.chunk_ids(number)
        before = ledger.chunk_ids(base) if base is not None else []
        gone = sorted(set(before) - set(wanted))
        new = sorted(set(wanted) - set(before))
        if base is None or len(wanted) < _COPY_FROM or len(gone) + len(new) > _REBUILD_SHARE * len(wanted):
            aside.mkdir(parents=True)
            _write(aside, ledger, wanted, (), create=True, progress=progress)
        else:
            shutil.copytree(folder_of(collection, base), aside)
            _write(aside, ledger, new, gone, create=False, progress=progress)
        known = Glossary.read(folder_of(collection, base) / _GLOSSARY) if base is not None else None
        rows = ledger.glossary(number)
        # 10,000 rows take seconds to analyse.
        if known is None or not known.holds(rows):
            known = Glossary.make(rows, Analyzer())
        known.write(aside / _GLOSSARY)
        seal = _seal(aside)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(aside, target)
        return seal
    except StorageError:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise StorageError("index_unwritten", path=collection, detail=error) from error
    except CollectionError as error:
        # What was just written cannot be read: the disk is full, as far as was ever seen.
        shutil.rmtree(aside, ignore_errors=True)
        raise StorageError("index_unwritten", path=collection, detail=error.values.get("detail", "")) from error


def _write(
    folder: Path, ledger: Ledger, new: Sequence[str], gone: Sequence[str], *, create: bool, progress: Progress
) -> None:
    with closing(DenseIndex(folder / "dense", create=create)) as dense:
        make = LexicalIndex.create if create else LexicalIndex.open
        with closing(make(folder / "lexical")) as lexical:
            dense.remove(ledger.window_ids(gone))
            lexical.remove(gone)
            for start in range(0, len(new), _BATCH):
                part = new[start : start + _BATCH]
                kept, vectors = ledger.windows(part)
                if kept:
                    dense.add([one.id for one in kept], vectors)
                lexical.add(_lexical_items(ledger, part))
                progress(start + len(part), len(new))
            lexical.commit()
    refuse_short(folder / "dense")


def _lexical_items(ledger: Ledger, chunk_ids: Sequence[str]) -> Iterator[LexicalItem]:
    for chunk in ledger.raw_chunks(chunk_ids):
        spans = units(chunk)
        # A table's header is no unit, but what its rows are about; of some it stands in the chunk before.
        headers = dict.fromkeys(table_header(chunk, span) for span in spans if ROW.match(span.of(chunk.text)))
        above = "\n".join(filter(None, (chunk.context, *headers)))
        yield LexicalItem(id=chunk.id, above=above, units=[span.of(chunk.text) for span in spans])


def _sealed_files(folder: Path) -> list[Path]:
    """All files but Chroma's SQLite file and lock files, which a mere reader touches."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in files if not path.name.startswith("chroma.sqlite3") and path.suffix != ".lock"]


def _seal(folder: Path) -> str:
    """The analyzer's version, and size and CRC-32 of every file that does not change by reading, as JSON."""
    files = _sealed_files(folder)
    with ThreadPoolExecutor(4) as pool:
        sums = pool.map(_sum, files)
        named = {path.relative_to(folder).as_posix(): s for path, s in zip(files, sums, strict=True)}
    return json.dumps({"analyzer": ANALYZER_VERSION, "files": named})


def _sum(path: Path) -> list[int]:
    size = crc = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            size += len(block)
            crc = zlib.crc32(block, crc)
    return [size, crc]


def intact(folder: Path, seal: str) -> bool:
    """Whether the folder is as it was sealed.

    HNSW files are memory-mapped by Chroma, which dies of damaged ones, so their sums are checked before it may see
    them; its SQLite file is asked by SQLite itself.
    """
    try:
        if not folder.is_dir() or json.loads(seal) != json.loads(_seal(folder)):
            return False
        return _sqlite_sound(folder / "dense" / "chroma.sqlite3")
    except (OSError, ValueError):
        return False


def _sqlite_sound(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.Error:
        return False


def open_generation(collection: Path, number: int) -> Generation:
    """Opens both indexes, side by side. Raises CollectionError where one cannot be opened.

    A folder that cannot be written, or whose disk is full, is opened through a temporary one; StorageError where that
    has no room either and the folder cannot be written.
    """
    folder = folder_of(collection, number)
    writable = _writable(folder)
    if writable and shutil.disk_usage(folder).free > _ROOM_TO_OPEN:
        return _open(folder, number)
    try:
        view = _view(folder)
    except StorageError:
        if not writable:
            raise
        return _open(folder, number)
    try:
        return replace(_open(Path(view.name), number), view=view)
    except BaseException:
        view.cleanup()
        raise


def _open(folder: Path, number: int) -> Generation:
    with ThreadPoolExecutor(1) as pool:
        dense = pool.submit(DenseIndex, folder / "dense")  # its import and files take longest
        try:
            glossary = Glossary.read(folder / _GLOSSARY)
            lexical = LexicalIndex.open(folder / "lexical")
        except BaseException:
            dense.result().close()
            raise
    try:
        return Generation(number=number, dense=dense.result(), lexical=lexical, glossary=glossary)
    except BaseException:
        lexical.close()
        raise


def _writable(folder: Path) -> bool:
    """Whether Chroma and tantivy can open ``folder``: both write to it, even to read (locks, SQLite)."""
    names = ("dense", "dense/chroma.sqlite3", "lexical")
    return all(os.access(folder / name, os.W_OK) for name in names if (folder / name).exists())


def _view(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """A temporary folder that shows the indexes of one that cannot be written: links, and a copy of what is written.

    Raises StorageError where there is no room for it.
    """
    view = tempfile.TemporaryDirectory(prefix="qeu-rag-", ignore_cleanup_errors=True)
    try:
        for path in sorted(folder.rglob("*")):
            target = Path(view.name) / path.relative_to(folder)
            if path.is_dir():
                target.mkdir()
            elif path.name.startswith("chroma.sqlite3"):
                shutil.copyfile(path, target)
            elif path.suffix != ".lock":
                _show(path, target)
    except OSError as error:
        view.cleanup()
        raise StorageError("home_read_only", path=folder) from error
    return view


def _show(path: Path, target: Path) -> None:
    try:
        target.symlink_to(path.absolute())
    except OSError:
        shutil.copyfile(path, target)  # Windows, without the right to make links


def sweep(collection: Path, keep: int) -> None:
    """Removes the folders of other generations and what a cut-off build left; what is in use stays for next time."""
    for path in collection.glob("generation-*"):
        if path != folder_of(collection, keep):
            shutil.rmtree(path, ignore_errors=True)
