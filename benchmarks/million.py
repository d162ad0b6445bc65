"""A million vectors on a Chroma server: how long they take, what is found, and what the graph's settings cost.

    python benchmarks/million.py [COUNT] [--graph 24/200] [--graph 16/100] [--asked 100,200,400] [--real FILE.npz]

A graph is ``max_neighbors/ef_construction``; ``--asked`` are values of ``ef_search``, set on the graph that stands (Chroma
1.5.9 heeds a changed one with its next start, so it is started again for each). The vectors are made from real ones: 24,000
sentences and 6,000 paragraphs of the shared sets are embedded, and each further vector is one of them moved by .4 of the
difference of two others of its language, which keeps the directions in which real texts differ. Questions are real. Recall
is of the 100 nearest against all compared. The server runs here, so nothing goes over a wire.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from index.vector_servers import running
from question_sets import DATA

from qeu_rag.config import load_settings
from qeu_rag.embed.embedder import open_embedder
from qeu_rag.index.dense_choice import vector_server

_SENTENCES, _PARAGRAPHS, _QUESTIONS, _K = 12_000, 3_000, 200, 100
_MOVED = 0.4
_PART = 50_000
_OTHERS = {"ja": "jaquad-train", "en": "squad1-shared"}


def rows(name: str) -> list[dict[str, Any]]:
    """The lines of a shared set's file."""
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def real(drawn: random.Random) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The vectors of real texts of each language, and those of questions."""
    embedder = open_embedder(model="bundled", cache=load_settings().home / "cache")
    pairs = drawn.sample(rows("parallel-en-ja/pairs.jsonl"), _SENTENCES)
    told, asked = {}, []
    for lang, name in _OTHERS.items():
        texts = [row["text"] for row in rows(f"{name}/corpus.jsonl")]
        paragraphs = [drawn.choice(texts)[:400] for _ in range(_PARAGRAPHS)]
        told[lang] = embedder.embed_passages([pair[lang] for pair in pairs] + paragraphs)
        questions = drawn.sample(rows(f"{name}/queries.jsonl"), _QUESTIONS // 2)
        asked += [embedder.embed_query(row["question"]) for row in questions]
    return told, np.stack(asked)


def kept(file: Path | None) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """As ``real``; where ``file`` is given they are kept there for the next run."""
    if file is None or not file.exists():
        told, asked = real(random.Random(0))
        if file is not None:
            np.savez(file, asked=asked, **told)
        return told, asked
    with np.load(file) as found:
        return {lang: found[lang] for lang in _OTHERS}, found["asked"]


def moved(told: dict[str, np.ndarray], count: int) -> Iterator[np.ndarray]:
    """``count`` unit vectors near real ones, in parts."""
    chance = np.random.default_rng(0)
    for start in range(0, count, _PART):
        size = min(_PART, count - start)
        parts = []
        for lang, share in (("ja", size // 2), ("en", size - size // 2)):
            base, one, other = (told[lang][chance.integers(0, len(told[lang]), share)] for _ in range(3))
            parts.append(base + _MOVED * (one - other))
        part = np.concatenate(parts).astype(np.float32)
        yield chance.permutation(part / np.linalg.norm(part, axis=1, keepdims=True))


def nearest(vectors: np.ndarray, queries: np.ndarray) -> list[set[int]]:
    """The places of the vectors that are nearest to each query, by comparing all."""
    found = []
    for query in queries:
        found.append(set(np.argpartition(-(vectors @ query), _K)[:_K].tolist()))
    return found


def searched(store: Any, queries: np.ndarray, truth: list[set[int]]) -> dict[str, float]:
    """Time and recall of one question after the other."""
    times, right = [], 0
    for query, best in zip(queries, truth, strict=True):
        began = time.perf_counter()
        found = store.search(query, _K)
        times.append(time.perf_counter() - began)
        right += len({int(key) for key, _ in found} & best)
    p95 = sorted(times)[int(0.95 * len(times))]
    return {
        "recall": round(right / _K / len(queries), 4),
        "p50_ms": round(statistics.median(times) * 1e3, 1),
        "p95_ms": round(p95 * 1e3, 1),
    }


def built(graph: str, asked: list[int], vectors: np.ndarray, queries: np.ndarray, truth: list[set[int]]) -> None:
    """Fills a server's collection with a graph of these settings, asks it, and prints a line for each step."""
    neighbours, construction = map(int, graph.split("/"))
    with running("chroma-server") as server:
        made = vector_server("chroma-server", server.url, 600)
        assert made is not None
        store = made.create("qeu_rag-bench", {"qeu_rag": "bench"})
        client = made._connected()  # type: ignore[attr-defined] # a graph with other settings than ours
        client.delete_collection("qeu_rag-bench")
        settings = {"space": "cosine", "max_neighbors": neighbours, "ef_construction": construction, "ef_search": 200}
        store._collection = client.create_collection(
            "qeu_rag-bench", embedding_function=None, configuration={"hnsw": settings}
        )
        assert server.process is not None
        told = psutil.Process(server.process.pid)
        began = time.perf_counter()
        for start in range(0, len(vectors), _PART):
            part = vectors[start : start + _PART]
            store.add([str(number) for number in range(start, start + len(part))], part)
            report(graph, len(vectors), {"filled": start + len(part), "seconds": round(time.perf_counter() - began, 1),
                   "cpu_s": round(sum(told.cpu_times()[:2]), 1), "memory_mb": round(told.memory_info().rss / 2**20)})  # fmt: skip
        began = time.perf_counter()
        store.held()
        report(graph, len(vectors), {"check_s": round(time.perf_counter() - began, 1)})
        for ef_search in asked:
            store._collection.modify(configuration={"hnsw": {"ef_search": ef_search}})
            server.stop()
            server.start()
            made.close()
            store = made.open("qeu_rag-bench")
            searched(store, queries[:20], truth[:20])  # the server opens the graph with the first
            report(graph, len(vectors), {"ef_search": ef_search, **searched(store, queries, truth)})
        disk = sum(path.stat().st_size for path in server.folder.rglob("*") if path.is_file())
        report(graph, len(vectors), {"disk_mb": round(disk / 2**20)})
        store.close()
        made.close()


def report(graph: str, count: int, figures: dict[str, Any]) -> None:
    """Prints one line of JSON."""
    print(json.dumps({"graph": graph, "vectors": count, **figures}), flush=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--graph", action="append", help="max_neighbors/ef_construction [24/200]")
    parser.add_argument("--asked", default="100,200,400", help="values of ef_search")
    parser.add_argument("--real", type=Path, help="where the vectors of real texts are kept for the next run")
    args = parser.parse_args()
    told, queries = kept(args.real)
    vectors = np.concatenate(list(moved(told, args.count)))
    texts = np.concatenate(list(told.values()))
    likest = [float(np.partition(part @ query, -10)[-10]) for query in queries[::10] for part in (texts, vectors)]
    report("-", len(vectors), {"tenth_cosine_real": round(statistics.mean(likest[::2]), 3),
           "tenth_cosine_moved": round(statistics.mean(likest[1::2]), 3)})  # fmt: skip
    truth = nearest(vectors, queries)
    for graph in args.graph or ["24/200"]:
        built(graph, [int(one) for one in args.asked.split(",")], vectors, queries, truth)


if __name__ == "__main__":
    main()
