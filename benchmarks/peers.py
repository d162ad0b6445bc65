"""Side by side with the peers: the same documents and questions, each peer in an environment of its own, with two embedders.

``python benchmarks/peers.py`` makes the environments (``--work FOLDER`` [.peers], kept), measures, and writes the tables into
docs/benchmarks.md: every peer with the encoder that qeu_rag brings, and with MiniLM, which most of them come with.
``--documents N`` and ``--questions N`` (120 and 50; 0: all) take a part of each set: the gold documents of the questions taken,
filled up by a seeded shuffle, so that figures are not those of the whole sets. Of consultant-shared's three sets all questions
are asked, of ``--handbooks N`` documents each (40; 0: all), chosen alike: ten runs are an hour of two cores with 40. What was
measured before is used again, unless ``--again NAME`` (or ``all``) says otherwise, so a run that was stopped goes on with the
peer it was at. With ``--only NAME`` several runs may go side by side, each on its own core (``taskset``); a run without it then
writes the page. ``--sets NAME`` measures these alone; a set that was not measured leaves its lines out of the table.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from peer_homes import PEERS, python_of
from peer_models import minilm, own
from peer_systems import Model, cpu
from peer_table import MODELS, lines, write_page
from peer_tasks import ASKED, TIMED, as_asked, part

ROOT = Path(__file__).parents[1]
SETS = (TIMED, "handbook-faq-en-shared", "handbook-faq-ja-shared", "ja-abstain-shared")
CHUNKS = 30
"""Chunks that each is asked for; documents are counted once each, where their best chunk stands."""


def measure(who: str, python: Path, tasks: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What one system found in each set and what it cost; the first set is the one whose times are told."""
    name = who.partition("@")[0]
    shutil.rmtree(folder, ignore_errors=True)
    index = folder / "index"
    index.mkdir(parents=True)
    asked = folder / "tasks.json"
    asked.write_text(json.dumps(tasks), encoding="utf-8")

    def step(verb: str) -> Any:
        result = folder / f"{verb}.json"
        command = [str(python), str(ROOT / "benchmarks" / "peer_systems.py"), name, verb, str(asked), str(index)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT) if name == "ours" else ""}
        done = subprocess.run([*command, str(result)], capture_output=True, text=True, env=environment)
        if done.returncode:
            told = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
            raise RuntimeError(told[-1][:300])
        return json.loads(result.read_text(encoding="utf-8"))

    found = step("all")
    before = cpu()
    step("one")
    found[TIMED if TIMED in tasks else next(iter(tasks))]["cold_cpu"] = cpu() - before
    for one, measured in found.items():
        stored = index / one / "home" / "collections" if name == "ours" else index / one
        size = sum(path.stat().st_size for path in stored.rglob("*") if path.is_file())
        measured["disk_mb"] = size / 1e6
        measured["chunks_per_cpu"] = measured["chunks"] / measured["build_cpu"]
        measured["warm_cpu"] = 1000 * statistics.median(measured["question_cpu"])
        measured["date"] = time.strftime("%Y-%m-%d")
    shutil.rmtree(index)
    return dict(found)


def options_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure qeu_rag beside its peers.")
    parser.add_argument("--work", type=Path, default=ROOT / ".peers", metavar="FOLDER")
    parser.add_argument("--documents", type=int, default=120, metavar="N")
    parser.add_argument("--questions", type=int, default=50, metavar="N")
    parser.add_argument("--handbooks", type=int, default=40, metavar="N")
    parser.add_argument("--only", action="append", choices=PEERS, help="measure these alone, and write no page")
    parser.add_argument("--encoder", choices=MODELS, help="measure with this embedder alone, and write no page")
    parser.add_argument("--sets", action="append", choices=[*SETS, ASKED], help="measure these sets alone")
    parser.add_argument("--times", action="store_true", help="measure the set whose times are told anew, and only it")
    parser.add_argument("--again", action="append", default=[], choices=[*PEERS, "all"])
    return parser.parse_args()


def kept_or_measured(who: str, model: Model, tasks: Mapping[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """The results of one system, kept in the work folder as soon as they are there. Raises RuntimeError where it cannot run."""
    name, work = who.partition("@")[0], options.work.absolute()
    kept: Path = work / "results" / f"{options.documents}-{options.questions}-{options.handbooks}" / f"{who}.json"
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    again = bool({"all", name} & set(options.again))
    wanted = {one: task for one, task in tasks.items() if one not in found or again}
    if options.times:
        wanted = {TIMED: tasks[TIMED]}
    elif options.sets:
        wanted = {one: task for one, task in wanted.items() if one.partition(" ")[0] in options.sets}
    if not wanted:
        return found
    python = python_of(name, work)
    about = {"model": asdict(model), "k": CHUNKS, "shown": PEERS[name].shown}
    began = time.perf_counter()
    found |= measure(who, python, {one: {**task, **about} for one, task in wanted.items()}, work / f"run-{who}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(found), encoding="utf-8")
    print(f"{who}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Measures what is missing and writes the page."""
    options = options_of()
    work = options.work.absolute()
    tasks = {name: part(name, options.documents, options.questions) for name in SETS} | as_asked(options.handbooks)
    results: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    models = {"own": own(work), "minilm": minilm(work)}
    chosen = [options.encoder] if options.encoder else list(MODELS)
    names = [name for name in PEERS if not options.only or name in options.only]
    for who, model in ((f"{name}@{model}" if name != "ours" else name, model) for model in chosen for name in names):
        if who in results:
            continue
        try:
            results[who] = kept_or_measured(who, models[model], tasks, options)
        except RuntimeError as error:
            failed[who] = str(error)
    text = lines(results, tasks, failed)
    print("\n".join(text))
    if not (options.only or options.encoder):
        write_page(text)


if __name__ == "__main__":
    main()
