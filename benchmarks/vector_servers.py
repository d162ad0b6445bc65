"""What a search of vectors costs on a server beside the local index: `python benchmarks/vector_servers.py [COUNT]`.

Random unit vectors of 384 numbers, which are harder on a graph than real ones; recall is of 100 against all compared. Servers are
started here, so nothing goes over a wire.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from index.vector_servers import running

from qeu_rag.index.dense import DenseIndex, DenseStore
from qeu_rag.index.dense_choice import vector_server

_QUERIES, _K, _BATCH = 200, 100, 1000


def measured(name: str, store: DenseStore, vectors: np.ndarray, queries: np.ndarray) -> None:
    """Fills ``store``, asks it, and prints a line."""
    ids = [f"{number:08d}:0" for number in range(len(vectors))]
    began = time.perf_counter()
    for start in range(0, len(ids), _BATCH):
        store.add(ids[start : start + _BATCH], vectors[start : start + _BATCH])
    getattr(store, "finish", lambda: None)()
    built = time.perf_counter() - began
    began = time.perf_counter()
    getattr(store, "held", lambda: None)()
    checked = time.perf_counter() - began
    times, right = [], 0
    for query in queries:
        began = time.perf_counter()
        found = store.search(query, _K)
        times.append(time.perf_counter() - began)
        best = np.argpartition(-(vectors @ query), _K)[:_K]
        right += len({key for key, _ in found} & {ids[at] for at in best})
    p50, p95 = statistics.median(times) * 1e3, sorted(times)[int(0.95 * len(times))] * 1e3
    recall = right / _K / len(queries)
    print(
        f"{name:14} build {built:6.1f} s  check {checked:5.2f} s  p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  recall {recall:.3f}"
    )


def main() -> None:
    """Measures the three stores, one after the other."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    drawn = np.random.default_rng(0).normal(size=(count + _QUERIES, 384)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    vectors, queries = drawn[:count], drawn[count:]
    with tempfile.TemporaryDirectory() as folder:
        local = DenseIndex(Path(folder), create=True)
        measured("chroma", local, vectors, queries)
        local.close()
    for kind in ("chroma-server", "pgvector"):
        with running(kind) as server:
            made = vector_server(kind, server.url, 60)  # type: ignore[arg-type]
            assert made is not None
            store = made.create("qeu_rag-bench", {"qeu_rag": "bench"})
            measured(kind, store, vectors, queries)
            store.close()
            made.close()


if __name__ == "__main__":
    main()
