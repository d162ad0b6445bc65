"""Reads a file that lies within another, such as a member of an archive, as a document of its own, within common limits."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers import READERS, reader_for
from qeu_rag.ingest.readers.options import Way

MAX_DEPTH = 2
"""Archives are read in archives, but not in those again."""

_MAX_BYTES = 1 << 30
_MAX_MEMBERS = 2_000
_BLOCK = 1 << 20


@dataclass(slots=True)
class Budget:
    """What may still be unpacked for one file of the user, however many archives lie within it."""

    members: int = _MAX_MEMBERS
    size: int = _MAX_BYTES


_open: ContextVar[tuple[int, Budget] | None] = ContextVar("open archives", default=None)


@contextlib.contextmanager
def one_deeper() -> Iterator[Budget]:
    """Counts an archive that is open meanwhile. Raises ReadError("nested") where too many are open already."""
    depth, budget = _open.get() or (0, Budget())
    if depth >= MAX_DEPTH:
        raise ReadError("nested")
    token = _open.set((depth + 1, budget))
    try:
        yield budget
    finally:
        _open.reset(token)


def is_read(name: str) -> bool:
    """Whether files of this name's kind can be read."""
    return PurePosixPath(name).suffix.lower() in READERS


def inner_pages(name: str, stream: IO[bytes], size: int, way: Way) -> list[LlamaDocument]:
    """The pages of the file in ``stream``, which is known as ``name`` and of which at most ``size`` bytes are read.

    Each page names the file in its metadata. Raises ReadError.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in READERS:
        raise ReadError("unknown_type", f" ({suffix})" if suffix else "")
    if size == 0:
        raise ReadError("empty")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder, f"member{suffix}")
        with path.open("wb") as file:
            while size > 0 and (block := stream.read(min(_BLOCK, size))):
                size -= file.write(block)
        pages = read_by(path, suffix, way)
    if not any(leaf.text for leaf in pages):
        raise ReadError("no_text")
    for leaf in pages:
        within = leaf.metadata.get("attachment")
        leaf.metadata["attachment"] = f"{name}#{within}" if within else name
    return pages


def read_by(path: Path, suffix: str, way: Way) -> list[LlamaDocument]:
    """The pages of the file at ``path`` by the reader for ``suffix``; whatever a library raises is a ReadError("damaged")."""
    try:
        return reader_for(suffix, way).load_data(path)
    except (ReadError, ImportError, MemoryError):
        raise
    except Exception as e:
        raise ReadError("damaged", f" ({type(e).__name__})") from e
