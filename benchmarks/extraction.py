"""How often the extractive engine's answer holds a gold answer within 200 and 400 characters, beside the plain way.

``python benchmarks/extraction.py`` reads two public question sets (``QEU_RAG_DATA``, else ../shared/data) into a home of its own
and prints a Markdown table. The plain way is the sentence of the first chunk that covers most of the question's idf. Questions
are halved by a hash of their id: tune on ``--half 0``, report ``--half 1``. Exact match and F1 are told by ``qeu-rag eval``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qeu_rag.answer.units import units
from selection import DATA, SETS, holds, ingest

from qeu_rag import KnowHow
from qeu_rag.answer.gate import coverage
from qeu_rag.index.analyze import Analyzer
from qeu_rag.types import ScoredChunk

_MARKER = re.compile(r" ?\[\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One question's gold answers, and what each way says."""

    golds: tuple[str, ...]
    ways: dict[str, str]


def plain(found: Sequence[ScoredChunk], weights: dict[str, float], analyze: Callable[[str], list[str]]) -> str:
    """The sentence of the first chunk that covers most of the question; empty where nothing was found."""
    if not found:
        return ""
    chunk = found[0].chunk
    texts = [span.of(chunk.text) for span in units(chunk)]
    return max(texts, key=lambda text: coverage(weights, set(analyze(text))), default="")


def outcomes(name: str, home: Path, count: int, half: int) -> list[Outcome]:
    """At most ``count`` questions of one half, in the order of their hashes."""
    rows = [json.loads(line) for line in (DATA / name / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    hashed = sorted((hashlib.sha256(row["id"].encode()).digest(), row["question"], row["answers"]) for row in rows)
    chosen = [(question, golds) for digest, question, golds in hashed if golds and digest[0] % 2 == half][:count]
    analyze = Analyzer().evidence_terms
    done = []
    with KnowHow.open(home=home, collection=name) as know_how:
        for question, golds in chosen:
            hits = know_how._parts.searcher.search(question, 1)
            whatever = know_how.ask(question, threshold=0.0)
            gated = know_how.ask(question)
            ways = {
                "best sentence of the first chunk": plain(hits.chunks, hits.weights, analyze),
                "ours, gate off": _MARKER.sub("", whatever.text),
                "ours, gated": _MARKER.sub("", gated.text) if gated.status == "answered" else "",
            }
            done.append(Outcome(golds=tuple(golds), ways=ways))
    return done


def main() -> None:
    """Parse, read in, measure."""
    parser = argparse.ArgumentParser(description="Measure the extractive engine.")
    parser.add_argument("--questions", type=int, default=400, metavar="N", help="of each set [400]")
    parser.add_argument("--half", type=int, choices=[0, 1], default=1, help="0 to tune on, 1 to report [1]")
    parser.add_argument("--home", type=Path, metavar="FOLDER", help="keep the home here [a temporary folder]")
    options = parser.parse_args()
    if missing := [name for name in SETS if not (DATA / name).is_dir()]:
        raise SystemExit(f"no {', '.join(missing)} in {DATA}; QEU_RAG_DATA names the folder that holds them")
    print("| set (questions) | answer | in 200 characters | in 400 | answered |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="qeu-rag-extraction-") as aside:
        home = options.home or Path(aside)
        for name in SETS:
            ingest(name, home)
            done = outcomes(name, home, options.questions, options.half)
            for way in done[0].ways:
                texts = [(one.ways[way], one.golds) for one in done]
                shares = [sum(holds(text[:size], golds) for text, golds in texts) / len(done) for size in (200, 400)]
                answered = sum(bool(text) for text, _ in texts) / len(done)
                print(
                    f"| {name} ({len(done)}) | {way} | {shares[0]:.3f} | {shares[1]:.3f} | {answered:.3f} |", flush=True
                )


if __name__ == "__main__":
    main()
