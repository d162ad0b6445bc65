"""What reading and embedding on Ray costs beside the local pool: wall and processor seconds, and bytes through the driver.

    python benchmarks/on_ray.py FOLDER local|1|2|... [CACHE]

"local" is this machine's own pool; a number is so many workers of a Ray that is begun for the run. CACHE: a home's cache with the
embedder's export. Processor seconds are those of this process, and of all others that it began,
from the first file's result to the last's.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from qeu_rag import KnowHow
from qeu_rag.cluster import ingest_workers
from qeu_rag.cluster.connection import connect
from qeu_rag.cluster.ingest_workers import ClusterWorkers


def seconds_of_processes() -> tuple[float, float]:
    """Processor seconds of this process, and of those that read and embed for it."""
    own = psutil.Process()
    others = 0.0
    for child in own.children(recursive=True):
        try:
            name = " ".join(child.cmdline()[:3])
            if ("ray::" in name and "Agent" not in name) or "from qeu_rag" in name:
                times = child.cpu_times()
                others += times.user + times.system
        except psutil.Error:
            continue
    times = own.cpu_times()
    return times.user + times.system, others


def main(folder: Path, how: str, cache: Path | None) -> None:
    """Ingests ``folder`` into a new home and prints the figures as JSON."""
    passed = 0
    begun: list[Any] = []
    others: list[float] = []

    def count(result: Any, plain: Any = ingest_workers._read) -> Any:
        nonlocal passed
        passed += len(pickle.dumps(result, protocol=5))
        return plain(result)

    def progress(step: Any) -> None:
        if step.stage == "read" and not begun:
            begun.append((time.perf_counter(), seconds_of_processes()))
        if step.stage == "read" and step.done == step.total:
            others.append(seconds_of_processes()[1])  # before the pool ends them
        if step.stage == "index" and len(begun) == 1:
            begun.append((time.perf_counter(), seconds_of_processes()))

    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        home = Path(name)
        if cache is not None:
            (home / "cache").symlink_to(cache.absolute())
        know_how = stack.enter_context(KnowHow.open(home=home))
        know_how.networks.embedder.embed_passages(["warm"])
        workers = None
        if how != "local":
            ingest_workers._read = count  # type: ignore[assignment]
            workers = ClusterWorkers(stack.enter_context(connect("ray", cpus=int(how))), know_how)
        report = know_how.ingest(folder, workers=workers, progress=progress)
        (first, (own, others_begun)), (last, (own_end, _)) = begun
        figures = {
            "how": how,
            "cores": len(os.sched_getaffinity(0)),
            "load": round(os.getloadavg()[0], 1),
            "chunks": report.chunks,
            "embedded": report.embedded,
            "wall_s": round(last - first, 1),
            "driver_cpu_s": round(own_end - own, 2),
            "workers_cpu_s": round(others[0] - others_begun, 2),
            "bytes_a_chunk": round(passed / report.chunks),
        }
        print(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]) if len(sys.argv) > 3 else None)
