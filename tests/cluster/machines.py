"""Three nodes of a Ray cluster, processes of this machine, and what tests of reading and embedding on them share."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import NOTES, new_home, state_of

from qeu_rag import KnowHow
from qeu_rag.cluster.connection import Cluster, Node, connect
from qeu_rag.cluster.ingest_workers import ClusterWorkers
from qeu_rag.errors import QeuRagError
from qeu_rag.index.ledger import Ledger
from qeu_rag.ingest.report import Progress

DEADLY = "plant-07.md"
"""While a file ``.deadly`` lies beside it, to read it on a node is the end of the worker (guard/sitecustomize.py)."""

DRIVER = (
    "import sys; from qeu_rag.ingest import sync; sync._GROUP = 8; "  # stores early
    "from qeu_rag.cli.main import run; sys.exit(run(sys.argv[1:]))"
)

_NODE = {"num_cpus": 1, "object_store_memory": 80 * 1024 * 1024, "node_ip_address": "127.0.0.1"}
_HEAD = {"include_dashboard": False, "include_log_monitor": False, "no_monitor": True}
_RAY = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # every address is the loopback's
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_AUTO_CONNECT": "0",
    "RAY_CLIENT_RECONNECT_GRACE_PERIOD": "1",
    "RAY_worker_niceness": "0",
    "GRPC_ENABLE_FORK_SUPPORT": "0",  # else the head can lose a driver's server (SIGSEGV in gRPC after a fork)
    "RAY_memory_monitor_refresh_ms": "0",  # else other programs' hunger ends our workers
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "500",  # a node that was killed is missed in two seconds, not in fifteen
}


@dataclass
class Machines:
    """Three nodes of one processor each, the first of which is the head; all of them work in the folder ``site``."""

    address: str
    site: Path
    cluster: Any
    nodes: list[Any] = field(default_factory=list)

    @contextlib.contextmanager
    def one_more(self, cluster: Cluster, *, folder: Path, **environ: str) -> Iterator[Node]:
        """A fourth node, which works in ``folder`` and whose workers have ``environ`` in their environment."""
        known = {node.id for node in cluster.nodes()}
        with contextlib.chdir(folder):
            added = self.cluster.add_node(**_NODE, env_vars=environ)
        try:
            (node,) = [node for node in cluster.nodes() if node.id not in known]
            yield node
        finally:
            self.cluster.remove_node(added)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    site = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _RAY.items():
            patch.setenv(name, value)
        from ray.cluster_utils import Cluster as Nodes

        port = free_port()
        with contextlib.chdir(site), pytest.MonkeyPatch.context() as there:
            there.setenv("QEU_TEST_DEADLY", DEADLY)
            nodes = Nodes(initialize_head=True, head_node_args={**_NODE, **_HEAD, "ray_client_server_port": port})
            others = [nodes.add_node(**_NODE, wait=False) for _ in range(2)]
            nodes.wait_for_nodes()
        yield Machines(f"ray://127.0.0.1:{port}", site, nodes, others)
        with contextlib.suppress(Exception):  # the last test has killed it
            nodes.shutdown()


@pytest.fixture(scope="session")
def cluster(machines: Machines) -> Iterator[Cluster]:
    with connect(machines.address, cpus=1) as opened:
        yield opened


@pytest.fixture(scope="session")
def kept_home(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path) -> Path:
    return new_home(tmp_path_factory.mktemp("kept"), embedder_cache)


@pytest.fixture
def same_home(kept_home: Path) -> Path:
    """An empty home, in the same place for each test: workers keep what they opened for it, as they do in one run."""
    shutil.rmtree(kept_home / "collections", ignore_errors=True)
    return kept_home


def write_many(folder: Path) -> Path:
    """Thirty documents, a few of several windows, and one that cannot be read."""
    for name, text in NOTES.items():
        (folder / name).write_text(text, encoding="utf-8")
    for number in range(26):
        many = 20 if number % 6 == 0 else 4
        rules = "".join(f"Rule {n} of plant {number} allows {n * number} faults in a lot. " for n in range(many))
        (folder / f"plant-{number:02}.md").write_text(f"# Plant {number}\n\n{rules}", encoding="utf-8")
    (folder / "broken.docx").write_bytes(b"PK\x03\x04 no archive")
    return folder


@pytest.fixture
def many(docs: Path) -> Path:
    return write_many(docs)


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path) -> Path:
    """A home that read such documents here."""
    home = tmp_path_factory.mktemp("local")
    (home / "cache").symlink_to(embedder_cache)
    with KnowHow.open(home=home) as know_how:
        know_how.ingest(write_many(tmp_path_factory.mktemp("many")))
    return home


def vectors_of(home: Path) -> dict[str, Any]:
    with Ledger(home / "collections" / "default" / "ledger.sqlite") as ledger:
        rows = ledger._connection.execute("SELECT key, vector FROM vectors").fetchall()
    return {key: np.frombuffer(vector, dtype=np.float32) for key, vector in rows}


def same(home: Path, local: Path) -> None:
    """The same documents, chunks and search results, and vectors to 1e-5."""
    assert state_of(home) == state_of(local)
    ours, theirs = vectors_of(home), vectors_of(local)
    assert ours.keys() == theirs.keys()
    assert max(float(np.abs(ours[key] - theirs[key]).max()) for key in ours) < 1e-5


def stored(home: Path) -> int:
    """How many files the ledger has read in so far."""
    try:
        with Ledger(home / "collections" / "default" / "ledger.sqlite") as ledger:
            return sum(not row.reason for row in ledger.files().values())
    except QeuRagError:
        return 0


def driver(home: Path, docs: Path, *options: str) -> subprocess.Popen[str]:
    """``qeu-rag ingest`` in a process of its own, which stores a few windows at a time."""
    command = [sys.executable, "-c", DRIVER, "ingest", str(docs), "--home", str(home), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def in_the_middle(process: subprocess.Popen[str], home: Path) -> None:
    """Waits until ``process`` has stored the first files."""
    deadline = time.monotonic() + 120
    while stored(home) < 3:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ingest(
    cluster: Cluster, home: Path, docs: Path | str, progress: Callable[[Progress], None] = lambda step: None
) -> Any:
    with KnowHow.open(home=home) as know_how:
        return know_how.ingest(docs, workers=ClusterWorkers(cluster, know_how), progress=progress)
