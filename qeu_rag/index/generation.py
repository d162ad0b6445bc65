"""One built state of indexes and glossary: a folder made aside, sealed, opened only when whole, and never changed again."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from qeu_rag.errors import CollectionError, StorageError
from qeu_rag.index.dense import DenseIndex, DenseStore, refuse_short
from qeu_rag.index.dense_remote import VectorServer, fill
from qeu_rag.index.glossary import Glossary
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.lexical import LexicalIndex, LexicalItem
from qeu_rag.index.seal import dense_part, seal_of
from qeu_rag.text.terms import Analyzer
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
    dense: DenseStore
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
    collection: Path,
    ledger: Ledger,
    number: int,
    *,
    base: int | None,
    server: VectorServer | None = None,
    progress: Progress = lambda done, total: None,
) -> str:
    """Builds generation ``number`` from the ledger and returns its seal; publishing it is the caller's step.

    With ``base`` the folder of that generation is copied and changed where this costs less; its seal must hold. The vectors
    go to ``server`` where there is one, always all of them, and its part of the seal beside the folder's.
    Raises StorageError when the disk is full or cannot be written, and what ``dense_remote.fill`` raises; nothing half done
    is ever visible.
    """
    target = folder_of(collection, number)
    aside = target.with_name(target.name + ".building")
    with _nothing_half_done(aside, collection):
        wanted = ledger.chunk_ids(number)
        before = ledger.chunk_ids(base) if base is not None else []
        gone = sorted(set(before) - set(wanted))
        new = sorted(set(wanted) - set(before))
        if base is None or len(wanted) < _COPY_FROM or len(gone) + len(new) > _REBUILD_SHARE * len(wanted):
            aside.mkdir(parents=True)
            _write(aside, ledger, wanted, (), create=True, dense=server is None, progress=progress)
        else:
            shutil.copytree(folder_of(collection, base), aside)
            _write(aside, ledger, new, gone, create=False, dense=server is None, progress=progress)
        _glossary(collection, ledger, number, base).write(aside / _GLOSSARY)
        remote = None if server is None else fill(server, collection, ledger, number, wanted, progress)
        seal = json.dumps(seal_of(aside, remote))
        shutil.rmtree(target, ignore_errors=True)
        os.replace(aside, target)
        return seal


@contextmanager
def _nothing_half_done(aside: Path, collection: Path) -> Iterator[None]:
    """Whatever goes wrong inside, ``aside`` is gone, and the disk's errors are ours."""
    shutil.rmtree(aside, ignore_errors=True)
    try:
        yield
    except OSError as error:
        raise StorageError("index_unwritten", path=collection, detail=error) from error
    except CollectionError as error:
        if error.key.startswith("dense_"):
            raise  # a server's, which says itself what is wrong there
        # What was just written cannot be read: the disk is full, as far as was ever seen.
        raise StorageError("index_unwritten", path=collection, detail=error.values.get("detail", "")) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _glossary(collection: Path, ledger: Ledger, number: int, base: int | None) -> Glossary:
    known = Glossary.read(folder_of(collection, base) / _GLOSSARY) if base is not None else None
    rows = ledger.glossary(number)
    # 10,000 rows take seconds to analyse.
    return known if known is not None and known.holds(rows) else Glossary.make(rows, Analyzer())


def _write(
    folder: Path,
    ledger: Ledger,
    new: Sequence[str],
    gone: Sequence[str],
    *,
    create: bool,
    dense: bool,
    progress: Progress,
) -> None:
    """Changes the indexes in ``folder``; ``dense``: the vectors, too."""
    make = LexicalIndex.create if create else LexicalIndex.open
    with ExitStack() as held:
        vectors = held.enter_context(closing(DenseIndex(folder / "dense", create=create))) if dense else None
        lexical = held.enter_context(closing(make(folder / "lexical")))
        if vectors is not None:
            vectors.remove(ledger.window_ids(gone))
        lexical.remove(gone)
        for start in range(0, len(new), _BATCH):
            part = new[start : start + _BATCH]
            if vectors is not None:
                kept, found = ledger.windows(part)
                if kept:
                    vectors.add([one.id for one in kept], found)
                progress(start + len(part), len(new))
            lexical.add(_lexical_items(ledger, part))
        lexical.commit()
    refuse_short(folder / "dense")


def _lexical_items(ledger: Ledger, chunk_ids: Sequence[str]) -> Iterator[LexicalItem]:
    for chunk in ledger.raw_chunks(chunk_ids):
        spans = units(chunk)
        # A table's header is no unit, but what its rows are about; of some it stands in the chunk before.
        headers = dict.fromkeys(table_header(chunk, span) for span in spans if ROW.match(span.of(chunk.text)))
        above = "\n".join(filter(None, (chunk.context, *headers)))
        yield LexicalItem(id=chunk.id, above=above, units=[span.of(chunk.text) for span in spans])


def open_generation(collection: Path, number: int, seal: str, server: VectorServer | None = None) -> Generation:
    """Opens both indexes, side by side. Raises CollectionError where one cannot be opened.

    ``seal`` says what the vectors are called on ``server``.

    A folder that cannot be written, or whose disk is full, is opened through a temporary one; StorageError where that
    has no room either and the folder cannot be written.
    """
    folder = folder_of(collection, number)
    part = dense_part(seal)

    def dense_in(place: Path) -> DenseStore:
        return DenseIndex(place / "dense") if server is None or part is None else server.open(part["name"])

    writable = _writable(folder)
    try:
        room = shutil.disk_usage(folder).free
    except OSError as error:  # an ingest published a newer one, and this one is gone
        raise CollectionError("index_damaged", path=folder, detail=error) from error
    if writable and room > _ROOM_TO_OPEN:
        return _open(folder, number, dense_in)
    try:
        view = _view(folder)
    except StorageError:
        if not writable:
            raise
        return _open(folder, number, dense_in)
    try:
        return replace(_open(Path(view.name), number, dense_in), view=view)
    except BaseException:
        view.cleanup()
        raise


def _open(folder: Path, number: int, dense_in: Callable[[Path], DenseStore]) -> Generation:
    with ThreadPoolExecutor(1) as pool:
        dense = pool.submit(dense_in, folder)  # its import and files take longest
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
