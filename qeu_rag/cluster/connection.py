"""A Ray at work for this process: its nodes, and one task at a time given to it and waited for."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from qeu_rag.errors import ClusterError, ConfigError, UsageError

LOCAL = "ray"
_CLUSTER = re.compile(r"ray://(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?/?")
_PORT = 10001
"""Where the head of a Ray cluster waits for programs of other machines, unless it was told another port."""

_STORE_BYTES = 500_000_000
"""Room for results that wait to be stored, on the Ray of this machine; beyond it they go to disk."""

_LOOK_S = 5.0
"""So often one who waits for a task sees whether any node is left."""

_SET = {
    "RAY_ENABLE_AUTO_CONNECT": "0",  # one who lost a cluster would else be given any other that this machine knows
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else a warning, with each start
    "GRPC_ENABLE_FORK_SUPPORT": "0",  # else what forks a process can lose it, and prints that it could
}
_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Ray's switch, on every system, for addresses that no other machine can reach."""


class TaskLost(Exception):
    """A task's process or node was lost, or its result; ``memory``: because its node had no memory left."""

    def __init__(self, *, memory: bool) -> None:
        super().__init__()
        self.memory = memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node that takes tasks: ``id`` is Ray's, ``name`` for people, ``cpus`` so many tasks it takes at a time."""

    id: str
    name: str
    cpus: int


@contextlib.contextmanager
def connect(given: str, *, cpus: int) -> Iterator[Cluster]:
    """The cluster that ``--on`` names; "ray": one of ``cpus`` workers, which begins and ends with the block.

    Raises UsageError("cluster_address"), ConfigError("cluster_extra") where Ray is not installed, ClusterError.
    """
    address = _address_of(given)
    ray = _ray(address)
    try:
        _begin(ray, address, cpus)
    except Exception as error:
        raise ClusterError("cluster_unreachable", address=given, detail=_first_line(error)) from error
    try:
        yield Cluster(ray, given)
    finally:
        with contextlib.suppress(Exception):  # one that is lost cannot be left in good order
            ray.shutdown()


def _address_of(given: str) -> str:
    """What ``--on`` names as Ray takes it, its port written out; ``LOCAL`` stays. Raises UsageError("cluster_address")."""
    if given == LOCAL:
        return LOCAL
    found = _CLUSTER.fullmatch(given)
    port = int(found["port"] or _PORT) if found else 0
    if found is None or not 0 < port < 65536:
        raise UsageError("cluster_address", given=given)
    return f"ray://{found['host']}:{port}"


def _ray(address: str) -> Any:
    os.environ.update(_SET | (_LOOPBACK if address == LOCAL else {}))
    try:
        import ray
    except ImportError as error:
        raise ConfigError("cluster_extra") from error
    return ray


def _begin(ray: Any, address: str, cpus: int) -> None:
    logger = logging.getLogger("ray")
    logger.setLevel(logging.CRITICAL)
    if address == LOCAL:
        ray.init(
            address="local",
            num_cpus=cpus,
            object_store_memory=_STORE_BYTES,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.CRITICAL,
            _node_ip_address="127.0.0.1",
        )
    else:
        _join(ray, address)
    logger.setLevel(logging.CRITICAL)  # which Ray set anew


def _join(ray: Any, address: str) -> None:
    for again in (True, False):
        try:
            ray.init(address, log_to_driver=False, configure_logging=False)
            return
        except ConnectionAbortedError:  # the head lost the process that it began for this program, as gRPC there can
            ray.shutdown()
            if not again:
                raise


class Cluster:
    """An open connection. Its methods raise ClusterError("cluster_lost") where the cluster is gone."""

    def __init__(self, ray: Any, address: str) -> None:
        """Use ``connect``."""
        self.address = address
        self._ray = ray
        self._functions: dict[Callable[..., Any], Any] = {}

    def nodes(self) -> list[Node]:
        """The nodes that are alive and take tasks."""
        with self._kept():
            rows = self._ray.nodes()
        return [_node(row) for row in rows if row["Alive"] and row["Resources"].get("CPU", 0) >= 1]

    @property
    def size(self) -> int:
        """How many tasks run at a time; raises ClusterError("cluster_empty") where no node takes any."""
        found = sum(node.cpus for node in self.nodes())
        if not found:
            raise ClusterError("cluster_empty", address=self.address)
        return found

    def start(self, function: Callable[..., Any], *arguments: object, node: Node | None = None) -> Any:
        """Gives a task to the cluster: one processor's work, on ``node`` if it is still there, where one is named."""
        return self._started(function, arguments, node, cpus=1, soft=True)

    def start_on(self, node: Node, function: Callable[..., Any], *arguments: object) -> Any:
        """Gives a small task to ``node`` and no other, whatever else it is doing."""
        return self._started(function, arguments, node, cpus=0, soft=False)

    def _started(
        self, function: Callable[..., Any], arguments: tuple[object, ...], node: Node | None, *, cpus: int, soft: bool
    ) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        place = "DEFAULT" if node is None else NodeAffinitySchedulingStrategy(node.id, soft=soft)
        with self._kept():
            return self._known(function).options(num_cpus=cpus, scheduling_strategy=place).remote(*arguments)

    def _known(self, function: Callable[..., Any]) -> Any:
        """``function`` as Ray has it, told once: the head keeps everyone that it is told for as long as the run lasts."""
        if function not in self._functions:
            # Never tried again by Ray: it would count neither how often nor where.
            self._functions[function] = self._ray.remote(max_retries=0)(function)
        return self._functions[function]

    def result(self, task: Any) -> Any:
        """What a task gave, waited for. Raises TaskLost, ClusterError("cluster_task") where it failed by itself."""
        while True:
            with self._kept():
                done, _ = self._ray.wait([task], timeout=_LOOK_S)
            if done:
                with self._kept():
                    return self._ray.get(task)
            if not self.nodes():
                raise ClusterError("cluster_lost", address=self.address, detail="0 CPU")

    def cancel(self, task: Any) -> None:
        """Lets go of a task whose result nobody wants any more."""
        with contextlib.suppress(Exception):
            self._ray.cancel(task, recursive=False)

    @contextlib.contextmanager
    def _kept(self) -> Iterator[None]:
        """Ray's errors as ours."""
        from ray import exceptions as raised

        if not self._ray.is_initialized():  # else Ray would begin another one by itself
            raise ClusterError("cluster_lost", address=self.address, detail="connection closed")
        try:
            yield
        except raised.OutOfMemoryError as error:
            raise TaskLost(memory=True) from error
        except (
            raised.WorkerCrashedError,
            raised.NodeDiedError,
            raised.ObjectLostError,
            raised.LocalRayletDiedError,
            raised.TaskUnschedulableError,
            raised.TaskCancelledError,
        ) as error:
            raise TaskLost(memory=False) from error
        except raised.RayTaskError as error:
            raise ClusterError("cluster_task", detail=_first_line(error.cause or error)) from error
        except (raised.RayError, ConnectionError, RuntimeError) as error:
            raise ClusterError("cluster_lost", address=self.address, detail=_first_line(error)) from error


def _node(row: dict[str, Any]) -> Node:
    name = f"{row['NodeManagerHostname']} ({row['NodeManagerAddress']}, {row['NodeID'][:8]})"
    return Node(id=row["NodeID"], name=name, cpus=int(row["Resources"]["CPU"]))


def _first_line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
