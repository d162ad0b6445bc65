"""Questions answered on a cluster, whose nodes hold the collection and only read it: the journal keeps its one writer, here."""

from __future__ import annotations

from qeu_rag.app import KnowHow
from qeu_rag.cluster import work
from qeu_rag.cluster.connection import Cluster
from qeu_rag.cluster.nodes import check_asking
from qeu_rag.cluster.stream import TRIES, Lost, one
from qeu_rag.cluster.work import order_of
from qeu_rag.errors import ModelError, QeuRagError
from qeu_rag.types import Answer


class ClusterAsker:
    """Asks one question at a time, from as many threads as there are workers; ``Batch`` takes it as ``ask``."""

    def __init__(self, cluster: Cluster, know_how: KnowHow, *, k: int | None, long: bool) -> None:
        """Raises ConfigError, which names the node, where one of them has not what ``know_how`` has."""
        self._cluster = cluster
        self._order = order_of(know_how.settings, lang=know_how.lang)
        self._k = k
        self._long = long
        check_asking(cluster, self._order, int(str(know_how.status()["generation"])))

    def __call__(self, question: str) -> Answer:
        """The answer. Raises what ``KnowHow.ask`` raises, ModelError where its workers were lost, ClusterError."""
        found: Answer | QeuRagError | Lost = one(self._cluster, work.answer, self._order, question, self._k, self._long)
        if isinstance(found, Lost):
            raise ModelError("cluster_question", count=TRIES)
        if isinstance(found, QeuRagError):
            raise found
        return found
