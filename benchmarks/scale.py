"""What ten million passages and 64 workers would take, simulated from what was measured on small machines.

    python benchmarks/scale.py [--passages 10000000] [--workers 64] [--shards 1,2,4,8,16] [--measured FILE]
    python benchmarks/scale.py measure FOLDER [CHUNKS]

A *shard* is a folder of the company (a branch, a year) with a driver, a ledger, a lexical index and a vector server of its own; a
question goes to all shards at once, and their passages are merged by score. The first form draws files of random size, lets
them pass through workers, the driver's network and the driver as ``cluster/stream.py`` does it (results in order, four under
way for each worker), then builds the indexes, and prints where time goes; a question's time is drawn for each shard, and the
slowest counts. Nothing is simulated but time. The second form measures what a ledger and a lexical index of so many chunks
take, without embedding.

Assumed, not measured: all workers are as fast as the one that was measured; workers are shared out evenly over the shards,
and a shard's driver has a processor and a network card for itself; one task in 10,000 is lost and done again; the time of a
search grows with the logarithm of a collection beyond the largest that was measured, as graphs of this kind do.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
import statistics
import sys
import time
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

_AHEAD = 4
_DRAWN = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Figures of this program, in seconds and bytes a chunk where nothing else is named; docs/scale.md says whence each is."""

    worker_s: float = 0.026
    """Reading, splitting, embedding, on one processor of a worker."""
    task_s: float = 0.01
    """What a task costs beside its chunks."""
    driver_s: float = 0.0011
    """The driver's processor: what Ray hands over, and the ledger's transaction."""
    passed_bytes: float = 3330
    """What goes through the driver's network card."""
    chunks_a_file: float = 12
    spread: float = 1.0
    """Standard deviation of the logarithm of a file's chunks."""
    windows_a_chunk: float = 1.4
    lexical_s: float = 0.00031
    lexical_bytes: float = 491
    ledger_bytes: float = 3042
    vector_s: tuple[tuple[float, float], ...] = ((25_000, 0.0009), (1_000_000, 0.0018))
    """Seconds a vector where a server's collection holds so many."""
    vector_bytes: float = 2150
    """Memory of the vector server, a vector."""
    search_ms: tuple[tuple[float, float, float], ...] = ((20_000, 9, 15), (1_000_000, 45, 50))
    """Vectors of a collection, and half and 95 of 100 searches."""
    answer_ms: float = 65
    """All else of an answer: the question's vector, words, reading, composing."""
    merge_ms: float = 0.1
    """To take in what one more shard found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked of the machines."""

    passages: int
    workers: int
    shards: int
    network_bytes_s: float = 125e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Reading in, of the slowest shard: seconds until the last chunk is stored, and the share of them that each part was busy."""

    seconds: float
    workers: float
    network: float
    driver: float


def read_in(measured: Measured, plan: Plan, seed: int = 0) -> Reading:
    """Draws files until a shard is full and lets them pass, each as soon as a worker is free and the window allows."""
    drawn = random.Random(seed)
    workers = max(1, plan.workers // plan.shards)
    free = [0.0] * workers
    stored: list[float] = []
    left, busy, sent, driven, carried = plan.passages / plan.shards, 0.0, 0.0, 0.0, 0.0
    middle = math.log(measured.chunks_a_file) - measured.spread**2 / 2
    while left > 0:
        chunks = min(left, max(1, round(drawn.lognormvariate(middle, measured.spread))))
        left -= chunks
        at = len(stored)
        allowed = stored[at - _AHEAD * workers] if at >= _AHEAD * workers else 0.0
        begins = max(heapq.heappop(free), allowed)
        takes = (measured.task_s + chunks * measured.worker_s) * (2 if drawn.random() < 1e-4 else 1)
        heapq.heappush(free, begins + takes)
        on_the_way = chunks * measured.passed_bytes / plan.network_bytes_s
        carried = max(carried, begins + takes) + on_the_way
        storing = chunks * measured.driver_s
        stored.append(max(stored[-1] if stored else 0.0, carried) + storing)
        busy, sent, driven = busy + takes, sent + on_the_way, driven + storing
    lasted = stored[-1]
    return Reading(
        seconds=lasted, workers=busy / lasted / workers, network=sent / lasted, driver=driven / lasted
    )  # fmt: skip


def at_size(points: tuple[tuple[float, ...], ...], size: float, column: int = 1) -> float:
    """The figure at ``size``, by the logarithm between what was measured, and along the last stretch beyond it."""
    if size <= points[0][0]:
        return points[0][column]
    pairs = list(pairwise(points))
    before, after = next((pair for pair in pairs if size <= pair[1][0]), pairs[-1])
    part = math.log(size / before[0]) / math.log(after[0] / before[0])
    return max(0.0, before[column] + part * (after[column] - before[column]))


def index_s(measured: Measured, plan: Plan) -> tuple[float, float]:
    """Seconds to fill a shard's lexical index, and its vector server."""
    vectors = plan.passages / plan.shards * measured.windows_a_chunk
    # The sum over sizes that double, each at the speed of its middle.
    filled, seconds = 0.0, 0.0
    step = 10_000.0
    while filled < vectors:
        step = min(max(step, filled), vectors - filled)
        seconds += step * at_size(measured.vector_s, filled + step / 2)
        filled += step
    return plan.passages / plan.shards * measured.lexical_s, seconds


def asked_ms(measured: Measured, plan: Plan, seed: int = 0) -> tuple[float, float]:
    """Half and 95 of 100 questions to all shards at once: the slowest search, the merge, and all else."""
    drawn = random.Random(seed)
    vectors = plan.passages / plan.shards * measured.windows_a_chunk
    p50, p95 = (at_size(measured.search_ms, vectors, column) for column in (1, 2))
    spread = max(1e-6, math.log(p95 / p50) / 1.645)  # a lognormal's quantile
    slowest = [max(drawn.lognormvariate(math.log(p50), spread) for _ in range(plan.shards)) for _ in range(_DRAWN)]
    whole = sorted(one + measured.answer_ms + (plan.shards - 1) * measured.merge_ms for one in slowest)
    return whole[_DRAWN // 2], whole[int(0.95 * _DRAWN)]


def table(measured: Measured, plans: list[Plan]) -> str:
    """A line for each plan, in Markdown."""
    head = ("shards", "read in", "workers, network, driver busy", "words / vectors indexed", "in all",
            "a shard's ledger, words, vectors", "asked: p50, p95")  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for plan in plans:
        reading, (words, vectors), (p50, p95) = (
            read_in(measured, plan),
            index_s(measured, plan),
            asked_ms(measured, plan),
        )
        chunks = plan.passages / plan.shards
        room = (measured.ledger_bytes, measured.lexical_bytes, measured.vector_bytes * measured.windows_a_chunk)
        sizes = ", ".join(f"{one * chunks / 2**30:.1f}" for one in room)
        whole = reading.seconds + words + vectors
        shares = ", ".join(f"{share:.0%}" for share in (reading.workers, reading.network, reading.driver))
        lines.append(
            f"| {plan.shards} | {reading.seconds / 3600:.1f} h | {shares} | {words / 3600:.1f} / {vectors / 3600:.1f} h "
            f"| {whole / 3600:.1f} h | {sizes} GB | {p50:.0f}, {p95:.0f} ms |"
        )
    return "\n".join(lines)


def measure(folder: Path, chunks: int) -> dict[str, float]:
    """What ``chunks`` made-up chunks take in a ledger and in a lexical index."""
    from figures import Bench
    from many import fill_ledger

    from qeu_rag import KnowHow
    from qeu_rag.index import generation
    from qeu_rag.index.ledger import Ledger
    from qeu_rag.index.lexical import LexicalIndex

    bench = Bench(work=folder)
    began = time.process_time()
    fill_ledger(bench, chunks, index=False)
    written = time.process_time() - began
    with KnowHow.open(home=bench.home) as know_how:
        path = know_how.collection.ledger_path
    with Ledger(path) as ledger:
        ids = ledger.chunk_ids(ledger.generation + 1)
        began = time.process_time()
        index = LexicalIndex.create(folder / "lexical")
        for start in range(0, len(ids), 1000):
            index.add(generation._lexical_items(ledger, ids[start : start + 1000]))
        index.commit()
        lexical = time.process_time() - began
        index.close()
        times = []
        index = LexicalIndex.open(folder / "lexical")
        for number in range(200):
            began = time.perf_counter()
            index.search(f"passage number {number} of the many", 50)
            times.append(time.perf_counter() - began)
        index.close()
    size = sum(one.stat().st_size for one in (folder / "lexical").rglob("*") if one.is_file())
    return {
        "chunks": len(ids),
        "ledger_s_a_chunk": round(written / len(ids), 6),
        "lexical_s_a_chunk": round(lexical / len(ids), 6),
        "ledger_bytes_a_chunk": round(path.stat().st_size / len(ids)),
        "lexical_bytes_a_chunk": round(size / len(ids)),
        "lexical_search_p50_ms": round(statistics.median(times) * 1e3, 2),
    }


def main() -> None:
    """The command."""
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(measure(Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 200_000)))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=10_000_000)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--shards", default="1,2,4,8,16")
    parser.add_argument("--measured", type=Path, help="a JSON object with other figures than those in this file")
    args = parser.parse_args()
    measured = Measured()
    if args.measured:
        given = json.loads(args.measured.read_text(encoding="utf-8"))
        measured = replace(measured, **given)
    print(json.dumps(asdict(measured)), "\n")
    shards = [int(one) for one in args.shards.split(",")]
    print(table(measured, [Plan(passages=args.passages, workers=args.workers, shards=one) for one in shards]))


if __name__ == "__main__":
    main()
