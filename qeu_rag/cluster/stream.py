"""Many tasks on a cluster: results in order, as few under way as keep it busy, and a lost task done again on another node."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any

from qeu_rag.cluster.connection import Cluster, TaskLost

TRIES = 3
_AHEAD = 4
"""Tasks under way for each processor: their results wait in the cluster's memory, not in ours."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What comes in place of a result whose task was lost ``TRIES`` times; ``memory``: the last time for want of memory."""

    memory: bool


def in_order(
    cluster: Cluster, function: Callable[..., Any], calls: Iterable[tuple[object, ...]]
) -> Generator[Any | Lost, None, None]:
    """The result of ``function`` for each of ``calls`` (its arguments), in their order; errors as in ``Cluster.result``.

    A result is fetched when its turn comes, so that one at a time is in this process' memory.
    """
    waiting: deque[tuple[Any, tuple[object, ...]]] = deque()
    most = _AHEAD * cluster.size
    try:
        for arguments in calls:
            waiting.append((cluster.start(function, *arguments), arguments))
            if len(waiting) >= most:
                yield _result(cluster, function, *waiting.popleft())
        while waiting:
            yield _result(cluster, function, *waiting.popleft())
    finally:
        for task, _ in waiting:
            cluster.cancel(task)


def one(cluster: Cluster, function: Callable[..., Any], *arguments: object) -> Any | Lost:
    """The result of ``function``; from any thread."""
    return _result(cluster, function, cluster.start(function, *arguments), arguments)


def _result(cluster: Cluster, function: Callable[..., Any], task: Any, arguments: tuple[object, ...]) -> Any | Lost:
    for again in range(1, TRIES + 1):
        try:
            return cluster.result(task)
        except TaskLost as lost:
            if again == TRIES:
                return Lost(lost.memory)
            # Nobody says where it was lost; of two different nodes at least one is another.
            nodes = cluster.nodes()
            task = cluster.start(function, *arguments, node=nodes[again % len(nodes)] if nodes else None)
    raise AssertionError("a task has an end")
