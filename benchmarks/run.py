"""The benchmarks: prints one Markdown table and writes ``latest.json`` beside this file.

``python benchmarks/run.py`` measures everything at 10,000 chunks; ``--quick`` at 1,000; ``--only cold`` one figure (with
``--work FOLDER`` the ingested home is kept and used again); ``--vectors-only 100000`` the warm figures at that size alone.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from figures import Bench, cold, export_once, ingest, ranking, unchanged, warm
from made import write_corpus
from many import fill_ledger
from table import Figure, machine, markdown, write_json

_FIGURES: dict[str, Callable[[Bench], Figure]] = {
    "ingest": ingest,
    "unchanged": unchanged,
    "cold": cold,
    "warm": lambda bench: warm(bench, target_ms=160),
    "ranking": ranking,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure qeu_rag against its peers.")
    parser.add_argument("--chunks", type=int, default=10_000, metavar="N", help="chunks in the collection [10000]")
    parser.add_argument("--quick", action="store_true", help="1,000 chunks")
    parser.add_argument("--only", choices=_FIGURES, action="append", help="this figure (more than once: these)")
    parser.add_argument(
        "--vectors-only", type=int, metavar="M", help="warm figures with M random vectors, nothing else"
    )
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="work here and leave it [a temporary folder]")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_name("latest.json"), metavar="FILE")
    return parser.parse_args()


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.absolute()
    else:
        with tempfile.TemporaryDirectory(prefix="qeu-rag-bench-") as folder:
            yield Path(folder)


def _vectors_only(bench: Bench, chunks: int) -> list[Figure]:
    if not bench.home.exists():
        fill_ledger(bench, chunks)
    return [warm(bench, target_ms=100, memory_mb=700)]


def _all(bench: Bench, chunks: int, only: list[str] | None) -> list[Figure]:
    known = bench.home.exists()
    if not known:
        write_corpus(bench.corpus, chunks)
        export_once(bench)
    # Every other figure needs the home that the first one makes.
    wanted = [name for name in _FIGURES if not only or name in only or (name == "ingest" and not known)]
    found = []
    for name in wanted:
        began = time.perf_counter()
        found.append(_FIGURES[name](bench))
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return found


def main() -> None:
    """Measures what the options ask for."""
    options = _options()
    with _folder(options.work) as work:
        bench = Bench(work=work)
        if options.vectors_only:
            found = _vectors_only(bench, options.vectors_only)
        else:
            found = _all(bench, 1000 if options.quick else options.chunks, options.only)
    print(f"{machine()}, {time.strftime('%Y-%m-%d')}\n\n{markdown(found)}")
    write_json(found, options.json)


if __name__ == "__main__":
    main()
