"""Has a file at hand while it is read: its own path, or a copy of an object on a store, fetched whole and removed afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from qeu_rag.errors import ReadError
from qeu_rag.ingest.address import Stored
from qeu_rag.ingest.glossary import is_glossary
from qeu_rag.ingest.scan import FoundFile
from qeu_rag.ingest.store import copied


@contextmanager
def at_hand(file: FoundFile, stopped: Callable[[], bool] = lambda: False) -> Iterator[Path]:
    """Where ``file`` can be read, while the block lasts; a fetch under way ends soon after ``stopped`` says so.

    Raises ReadError("not_fetched", "too_large"), and ConfigError("store_package") where the store's package is not installed.
    """
    if file.stored is None:
        yield file.path
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="qeu-rag-", ignore_cleanup_errors=True)
    except OSError as error:
        raise ReadError("not_fetched", f" ({error.strerror})") from error
    with folder as made:
        # Of the object's name only what readers ask for: it may be too long for a disk, or none that a disk takes.
        path = Path(made) / (file.path.name if is_glossary(file.path) else f"object{file.path.suffix}")
        _fetch(file.stored, path, stopped)
        yield path


def _fetch(there: Stored, path: Path, stopped: Callable[[], bool]) -> None:
    """Writes the object to ``path``: all of it, as long as its store said, and never more than it may have."""

    def told(count: int) -> None:
        if count > there.most:
            raise ReadError("too_large", f" (> {there.most // 1_000_000:,} MB)")
        if stopped():
            raise ReadError("not_fetched")

    copied(there, path, told)
    size = path.stat().st_size if path.is_file() else -1
    told(size)
    if size < 0 or there.size not in (None, size):
        raise ReadError("not_fetched", " (cut)")
