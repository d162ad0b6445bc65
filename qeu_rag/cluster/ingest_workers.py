"""Files read, split and embedded on a cluster, as the sync takes them: the ledger keeps its one writer, on this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qeu_rag.app import KnowHow
from qeu_rag.cluster import work
from qeu_rag.cluster.connection import Cluster
from qeu_rag.cluster.nodes import check_reading
from qeu_rag.cluster.stream import TRIES, Lost, in_order
from qeu_rag.cluster.work import Order, ReadThere, order_of
from qeu_rag.errors import ClusterError, QeuRagError, ReadError
from qeu_rag.ingest.scan import FoundFile
from qeu_rag.ingest.split import SplitFile
from qeu_rag.ingest.vectors import Encoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TEXTS = 64
"""Texts of one task: a second of work."""


class ClusterWorkers:
    """What ``KnowHow.ingest`` takes as ``workers``."""

    def __init__(self, cluster: Cluster, know_how: KnowHow) -> None:
        """Nothing is asked of the cluster before there is a file to read."""
        self._cluster = cluster
        self._know_how = know_how
        self._order: Order | None = None

    @contextlib.contextmanager
    def open_pool(self, known: Container[str]) -> Iterator[ClusterPool]:
        """See ``Workers``."""
        yield ClusterPool(self._cluster, self._told(), known, recognise=self._know_how.settings.ingest.ocr == "auto")

    def encoder(self, own: Encoder) -> ClusterEncoder:
        """See ``Workers``."""
        return ClusterEncoder(self._cluster, self._told(), own)

    def _told(self) -> Order:
        if self._order is None:
            home = self._know_how
            self._order = order_of(home.settings, lang=home.lang, fingerprint=home.networks.fingerprint())
        return self._order


class ClusterPool:
    """Reads on the cluster; within each task the limits of a file hold, so that a bomb costs only its file."""

    def __init__(self, cluster: Cluster, order: Order, known: Container[str], *, recognise: bool) -> None:
        self._cluster = cluster
        self._order = order
        self._known = known
        self._recognise = recognise

    def read_all(self, files: Iterable[FoundFile]) -> Iterator[tuple[FoundFile, SplitFile | ReadError]]:
        """Each file with what was read of it, in order, after every node was looked at.

        A known file comes without vectors, since most of its texts have theirs in the ledger. Raises ConfigError where a
        node cannot do it, ClusterError where the cluster is lost.
        """
        wanted = list(files)
        check_reading(self._cluster, self._order, wanted, recognise=self._recognise)
        calls = ((self._order, file, file.key not in self._known) for file in wanted)
        with contextlib.closing(_stream(self._cluster, work.read, calls)) as results:
            for file, result in zip(wanted, results, strict=True):
                yield file, _read(result)


def _stream(
    cluster: Cluster, function: Callable[..., Any], calls: Iterable[tuple[object, ...]]
) -> Generator[Any, None, None]:
    """As ``in_order``; an error of the whole run that a task gave is raised."""
    with contextlib.closing(in_order(cluster, function, calls)) as results:
        for result in results:
            if isinstance(result, QeuRagError):
                raise result
            yield result


def _read(result: ReadThere | Lost) -> SplitFile | ReadError:
    if isinstance(result, Lost):
        return ReadError("memory" if result.memory else "worker_lost", f" (Ray, {TRIES} ×)")
    if isinstance(result.found, ReadError) or result.vectors is None:
        return result.found
    return replace(result.found, vectors=dict(zip(result.keys, result.vectors, strict=True)))


class ClusterEncoder:
    """Embeds on the cluster, a few texts a task."""

    def __init__(self, cluster: Cluster, order: Order, own: Encoder) -> None:
        """``own`` is the embedder here, whose vectors the cluster's equal."""
        self._cluster = cluster
        self._order = order
        self._own = own

    def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """The unit vectors of ``texts``; so few that one task would do are embedded here."""
        import numpy as np

        if len(texts) <= _TEXTS:
            return self._own.embed_passages(texts, progress)
        # Of like length together: what is short is filled up to the longest.
        ranked = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        groups = [ranked[start : start + _TEXTS] for start in range(0, len(ranked), _TEXTS)]
        calls = ((self._order, [texts[i] for i in group]) for group in groups)
        parts: list[NDArray[np.float32]] = []
        for done, part in enumerate(_stream(self._cluster, work.embed, calls), start=1):
            if isinstance(part, Lost):
                raise ClusterError("cluster_task", detail=f"worker lost, {TRIES} ×")
            parts.append(part)
            if progress is not None:
                progress(min(done * _TEXTS, len(texts)))
        vectors = np.empty((len(texts), parts[0].shape[1]), dtype=np.float32)
        vectors[ranked] = np.concatenate(parts)
        return vectors
