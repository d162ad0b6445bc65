"""The dense index: unit vectors in a Chroma collection, written once and then only read.

Chroma's types stay here. Facts that shape this module (chromadb 1.5.9) are in docs/measurements.md.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from qeu_rag.errors import CollectionError, StorageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NAME = "chunks"
_BATCH = 1000
"""Chroma refuses batches over 5,461 items; larger ones than this gain nothing."""

_SYNC = 2
"""Vectors until Chroma writes its HNSW files. Whatever is left over waits in a log that every reader replays (0.2 s), and
files never written hold chance bytes that every reader changes, so that their sums say nothing: hence the smallest."""

GRAPH = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 24}
"""The HNSW graph: the same wherever Chroma runs."""

_HNSW = {**GRAPH, "sync_threshold": _SYNC, "batch_size": _SYNC}


class DenseStore(Protocol):
    """A store of unit vectors by id; ``qeu_rag.testing.DenseStoreContract`` tests any implementation."""

    def count(self) -> int:
        """How many vectors are kept."""
        ...

    def add(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Adds unit vectors, shape (n, dimension), under ``ids``; a known id gets the new one."""
        ...

    def remove(self, ids: Iterable[str]) -> None:
        """Removes the vectors of ``ids``; an unknown id is no error."""
        ...

    def search(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """The ``k`` nearest ids with their cosine similarity, best first, ties by id."""
        ...

    def close(self) -> None:
        """Lets go of the files."""
        ...


class DenseIndex:
    """Nearest neighbours by cosine over the vectors of one generation."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Opens the index in ``folder``. Raises CollectionError where it cannot be opened.

        Damaged HNSW files end the process instead (SIGSEGV): the caller checks the folder's seal first.
        """
        import chromadb  # 0.7 s
        from chromadb.config import Settings

        self.folder = folder
        self._client: Any = None
        try:
            self._client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
            if create:
                self._collection: Any = self._client.create_collection(
                    _NAME, embedding_function=None, configuration={"hnsw": _HNSW}
                )
            else:
                self._collection = self._client.get_collection(_NAME, embedding_function=None)
            self._count: int = self._collection.count()
        except BaseException as error:
            self.close()
            # Chroma panics, past every Exception, where another process removes an old generation's files while it opens them.
            if isinstance(error, Exception) or type(error).__name__ == "PanicException":
                raise CollectionError("index_damaged", path=folder, detail=error) from error
            raise

    def close(self) -> None:
        """Lets go of the files."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def count(self) -> int:
        """How many vectors are kept."""
        return self._count

    def add(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Adds unit vectors, shape (n, dimension), under ``ids``. Raises StorageError where they cannot be written."""
        with self._writing():
            for start in range(0, len(ids), _BATCH):
                end = start + _BATCH
                self._collection.upsert(ids=list(ids[start:end]), embeddings=vectors[start:end])
            self._count = self._collection.count()
            if self._count == 1:
                # A single vector never reaches the threshold; said twice it does.
                self._collection.upsert(ids=list(ids[:1]), embeddings=vectors[:1])

    def remove(self, ids: Iterable[str]) -> None:
        """Removes the vectors of ``ids``. Raises StorageError where that cannot be written."""
        gone = list(ids)
        with self._writing():
            for start in range(0, len(gone), _BATCH):
                self._collection.delete(ids=gone[start : start + _BATCH])
            self._count = self._collection.count()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise StorageError("index_unwritten", path=self.folder, detail=error) from error

    def search(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """The ``k`` nearest ids with their cosine similarity, best first, ties by id.

        Raises CollectionError where Chroma fails.
        """
        wanted = min(k, self._count)
        if wanted == 0:
            return []
        try:
            found = self._collection.query(query_embeddings=[vector], n_results=wanted, include=["distances"])
        except Exception as error:
            raise CollectionError("index_damaged", path=self.folder, detail=error) from error
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return sorted(((str(i), 1.0 - float(d)) for i, d in pairs), key=lambda hit: (-hit[1], hit[0]))


def refuse_short(folder: Path) -> None:
    """Raises StorageError where HNSW files are shorter than their header says: Chroma does not notice a full disk.

    The header's format is hnswlib's: version (4 bytes), then as 8-byte numbers offset, capacity, count, bytes an element.
    """
    for header in folder.glob("*/header.bin"):
        data = header.read_bytes()
        _, count, size = struct.unpack_from("<3Q", data, 12) if len(data) >= 36 else (0, 1, 1)
        level, lengths = header.with_name("data_level0.bin"), header.with_name("length.bin")
        if level.stat().st_size < count * size or lengths.stat().st_size < 4 * count:
            raise StorageError("index_unwritten", path=folder, detail="HNSW")
