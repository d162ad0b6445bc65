"""Looks at every node of a cluster before work begins: the same program, the same vectors, the documents in sight."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

from qeu_rag.cluster import work
from qeu_rag.cluster.connection import Cluster, Node, TaskLost
from qeu_rag.cluster.work import Order
from qeu_rag.errors import ClusterError, ConfigError, QeuRagError
from qeu_rag.ingest.readers.scan.recognise import installed
from qeu_rag.ingest.scan import FoundFile

_SHOWN = 16
"""Files, spread over the run, that a node must see with their size: a folder of that name may be another one there."""


def check_reading(cluster: Cluster, order: Order, files: Sequence[FoundFile], *, recognise: bool) -> None:
    """Passes where every node can read ``files`` and embed as this machine would; raises ConfigError that names the node."""
    step = max(1, len(files) // _SHOWN)
    shown = [_seen_as(file) for file in files[::step]]
    here = installed()
    for node, found in _looks(cluster, order, files=shown):
        if found["unreached"]:
            raise ConfigError("cluster_store", node=node.name, address=found["unseen"], detail=found["unreached"])
        if found["unseen"]:
            raise ConfigError("cluster_path", node=node.name, path=found["unseen"])
        if found["fingerprint"] != order.fingerprint:
            raise ConfigError("cluster_vectors", node=node.name)
        if recognise and found["recognition"] != here:
            raise ConfigError(
                "cluster_recognition", node=node.name, theirs=found["recognition"] or "-", ours=here or "-"
            )


def _seen_as(file: FoundFile) -> tuple[str, str, str, int | None]:
    """The ledger's name of a file, its path or the store's name of it, the address that leads to its store, its size."""
    if file.stored is None:
        return file.key, str(file.path), "", file.size
    return file.key, file.stored.name, file.stored.address.given, file.stored.size


def check_asking(cluster: Cluster, order: Order, generation: int) -> None:
    """Passes where every node has the collection in this ``generation`` and what answers; raises as ``check_reading``."""
    for node, found in _looks(cluster, order, generation=generation):
        if found["generation"] != generation:
            raise ConfigError("cluster_home", node=node.name, theirs=found["generation"], ours=generation)


def _looks(
    cluster: Cluster,
    order: Order,
    *,
    files: Sequence[tuple[str, str, str, int | None]] = (),
    generation: int | None = None,
) -> list[tuple[Node, dict[str, Any]]]:
    """What each node has; a node that is lost meanwhile is left out."""
    asked = {"program": order.program, "order": pickle.dumps(order), "files": list(files), "generation": generation}
    under_way = [(node, cluster.start_on(node, work.look, asked)) for node in cluster.nodes()]
    found = []
    for node, task in under_way:
        try:
            found.append((node, _look(cluster, node, task, order)))
        except TaskLost:
            continue
    if not found:
        raise ClusterError("cluster_empty", address=cluster.address)
    return found


def _look(cluster: Cluster, node: Node, task: Any, order: Order) -> dict[str, Any]:
    try:
        found: dict[str, Any] = cluster.result(task)
    except ClusterError as error:
        if error.key != "cluster_task":
            raise
        raise ConfigError("cluster_no_program", node=node.name, detail=error.values["detail"]) from error
    if found["program"] != order.program:
        raise ConfigError("cluster_program", node=node.name, theirs=found["program"], ours=order.program)
    if "error" in found:
        cause: QeuRagError = pickle.loads(found["error"])
        raise ConfigError("cluster_node", node=node.name, detail=cause) from cause
    return found
