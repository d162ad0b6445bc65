"""Side by side with the peers: the same documents and questions, each peer in an environment of its own, with two embedders.

``python benchmarks/peers.py`` makes the environments (``--work FOLDER`` [.peers], kept), measures, and writes the tables into
docs/benchmarks.md: every peer with the encoder that qeu_rag brings, and with MiniLM, which most of them come with.
``--documents N`` and ``--questions N`` (120 and 50; 0: all) take a part of each set: the gold documents of the questions taken,
filled up by a seeded shuffle, so that figures are not those of the whole sets; consultant-shared is always whole. What was
measured before is used again, unless ``--again NAME`` (or ``all``) says otherwise.
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
import venv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from peer_models import minilm, own
from peer_systems import cpu
from peer_tasks import ASKED, as_asked, facts, part
from table import machine

from qeu_rag.evaluate.ranking import DEPTH, figures, rank_gold
from qeu_rag.evaluate.statistics import auroc

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
TIMED = "covid-faq-en"
SETS = (TIMED, "handbook-faq-en-shared", "handbook-faq-ja-shared", "ja-abstain-shared")
CHUNKS = 30
"""Chunks that each is asked for; documents are counted once each, where their best chunk stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One system: its packages, and how many chunks it shows by its own default."""

    title: str
    packages: tuple[str, ...]
    shown: int


_TORCH = ("torch==2.13.0", "sentence-transformers>=5,<6")
_LANGCHAIN = (*_TORCH, "langchain-text-splitters>=1,<2", "langchain-huggingface>=1,<2", "langchain-chroma>=1,<2")
PEERS = {
    "private-gpt": Peer(
        title="privateGPT's first pipeline",
        packages=_LANGCHAIN,
        shown=4,
    ),
    "llama-index": Peer(
        title="LlamaIndex VectorStoreIndex",
        packages=(*_TORCH, "llama-index-core==0.14.25", "llama-index-embeddings-huggingface"),
        shown=2,
    ),
    "langchain": Peer(
        title="LangChain EnsembleRetriever",
        packages=(*_LANGCHAIN, "langchain-classic>=1,<2", "langchain-community", "rank-bm25"),
        shown=4,
    ),
    "txtai": Peer(title="txtai hybrid", packages=("torch==2.13.0", "txtai>=9"), shown=3),
    "haystack": Peer(title="Haystack hybrid", packages=(*_TORCH, "haystack-ai>=2,<3"), shown=10),
    "ours": Peer(title="qeu_rag", packages=(), shown=8),
}  # fmt: skip


def python_of(name: str, work: Path) -> Path | str:
    """The Python of a peer's environment, made on the first call; or why there is none."""
    if name == "ours":
        return Path(sys.executable)
    folder = work / "envs" / name
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not (folder / "ready").exists():
        print(f"{name}: making its environment", file=sys.stderr)
        venv.create(folder, with_pip=True)
        done = subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS[name].packages],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            return f"pip: {done.stderr.strip().splitlines()[-1]}"
        (folder / "ready").touch()
    return python


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
    found[next(iter(tasks))]["cold_cpu"] = cpu() - before
    for one, measured in found.items():
        stored = index / one / "home" / "collections" if name == "ours" else index / one
        size = sum(path.stat().st_size for path in stored.rglob("*") if path.is_file())
        measured["disk_mb"] = size / 1e6
        measured["chunks_per_cpu"] = measured["chunks"] / measured["build_cpu"]
        measured["warm_cpu"] = 1000 * statistics.median(measured["question_cpu"])
        measured["date"] = time.strftime("%Y-%m-%d")
    shutil.rmtree(index)
    return dict(found)


def judged(found: Mapping[str, Any], task: Mapping[str, Any], shown: int) -> dict[str, float | None]:
    """The quality of one system's rankings."""
    placed, within = [], []
    for question in task["questions"]:
        ranked = found["rankings"][question["id"]]["documents"]
        if question["answerable"] and question["gold"]:
            distinct = list(dict.fromkeys(ranked))[:DEPTH]
            placed.append(rank_gold({"it": distinct}, set(question["gold"]))["it"])
            within.append(bool(set(ranked[:shown]) & set(question["gold"])))
    quality: dict[str, float | None] = dict(figures(placed))
    quality["shown"] = sum(within) / len(within)
    scores = {one["id"]: found["rankings"][one["id"]]["score"] for one in task["questions"]}
    if None not in scores.values():
        can, cannot = (
            [scores[q["id"]] for q in task["questions"] if q["answerable"] is kind] for kind in (True, False)
        )
        area = auroc(can, cannot)
        quality["auroc"] = None if area is None else area[0]
    return quality


QUALITY = {
    "hit@1": "hit@1",
    "hit@5": "hit@5",
    "mrr@10": "MRR@10",
    "shown": "gold among the chunks shown by default",
    "auroc": "AUROC of its score",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One figure of cost: ``more`` is better or not, and why ours may be behind."""

    key: str
    title: str
    form: str
    more: bool = False
    why: str = ""


COSTS = (
    Cost(
        key="chunks_per_cpu",
        title="ingest, chunks a CPU second",
        form="{:.1f}",
        more=True,
        why="chunks differ in size; ours also starts reading processes and keeps a ledger and two indexes",
    ),
    Cost(key="cold_cpu", title="cold question, CPU s", form="{:.2f}"),
    Cost(
        key="warm_cpu",
        title="warm question, CPU ms (median)",
        form="{:.1f}",
        why="ours searches three fields on disk; these compare a few hundred vectors in memory",
    ),
    Cost(key="peak_mb", title="peak memory, MB", form="{:.0f}"),
    Cost(
        key="disk_mb",
        title="disk, MB",
        form="{:.1f}",
        why="ours keeps documents, chunks and vectors in a ledger beside both indexes, to mend them from",
    ),
)


MODELS = {
    "own": "With the encoder that qeu_rag brings (multilingual-e5-small, made ours), in float32",
    "minilm": "With all-MiniLM-L6-v2, what most of them come with (qeu_rag with its own)",
}


def lines(results: Mapping[str, Mapping[str, Any]], tasks: Mapping[str, Any], failed: Mapping[str, str]) -> list[str]:
    """The tables, one row a figure, and what they mean."""
    sizes = "; ".join(
        f"{name} {len(task['documents']):,} of {task['of']['documents']:,} documents, "
        f"{len(task['questions']):,} of {task['of']['questions']:,} questions"
        for name, task in tasks.items()
    )
    dates = sorted({of[name]["date"] for of in results.values() for name in of})
    told = [f"`benchmarks/peers.py`, {' and '.join(dates)}, {machine()}. Parts of the sets: {sizes}."]
    for model, title in MODELS.items():
        found = {who.partition("@")[0]: of for who, of in results.items() if who == "ours" or who.endswith(f"@{model}")}
        told += ["", f"### {title}", "", *_table(found, tasks)]
    notes = [
        f"{PEERS[who.partition('@')[0]].title} ({who}) could not be measured: {why}." for who, why in failed.items()
    ]
    return [*told, "", *notes]


def _table(results: Mapping[str, Mapping[str, Any]], tasks: Mapping[str, Any]) -> list[str]:
    table = [
        "| set | figure | " + " | ".join(peer.title for peer in PEERS.values()) + " | ours ahead |",
        "|---|---|" + "---|" * (len(PEERS) + 1),
    ]
    for name, task in tasks.items():
        found = {who: judged(of[name], task, PEERS[who].shown) for who, of in results.items() if name in of}
        for key, title in QUALITY.items():
            values = {who: quality.get(key) for who, quality in found.items()}
            if any(value is not None for value in values.values()):
                table.append(_row(name, Cost(key=key, title=title, form="{:.3f}", more=True), values))
    counted = facts(results, tasks) if "ours" in results else {}
    answerable = sum(
        question["answerable"]
        for name, task in tasks.items()
        if name.startswith(ASKED)
        for question in task["questions"]
    )
    for at, title in enumerate(("in what is shown by default", "in as many characters as ours shows")):
        row = Cost(key="facts", title=f"key facts {title}, of {answerable}", form="{:.0f}", more=True)
        table.append(_row(ASKED, row, {who: both[at] for who, both in counted.items()}))
    for cost in COSTS:
        table.append(_row(TIMED, cost, {who: of[TIMED].get(cost.key) for who, of in results.items() if TIMED in of}))
    return table


def _row(name: str, cost: Cost, values: Mapping[str, float | None]) -> str:
    shown = {who: "-" if (value := values.get(who)) is None else cost.form.format(value) for who in PEERS}
    ours = values.get("ours")
    better = [
        PEERS[who].title
        for who, value in values.items()
        if who != "ours" and value is not None and ours is not None and (value > ours if cost.more else value < ours)
    ]
    verdict = "-" if ours is None else "yes" if not better else f"no: {', '.join(better)}"
    verdict += f" ({cost.why})" if better and cost.why else ""
    return f"| {name} | {cost.title} | {' | '.join(shown.values())} | {verdict} |"


def write_page(text: Sequence[str]) -> None:
    """Puts the table between its marks in docs/benchmarks.md."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n" + "\n".join(text).strip() + f"\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Measures what is missing and writes the page."""
    parser = argparse.ArgumentParser(description="Measure qeu_rag beside its peers.")
    parser.add_argument("--work", type=Path, default=ROOT / ".peers", metavar="FOLDER")
    parser.add_argument("--documents", type=int, default=120, metavar="N")
    parser.add_argument("--questions", type=int, default=50, metavar="N")
    parser.add_argument("--only", action="append", choices=PEERS, help="measure these alone, and write no page")
    parser.add_argument("--times", action="store_true", help="measure the set whose times are told anew, and only it")
    parser.add_argument("--again", action="append", default=[], choices=[*PEERS, "all"])
    options = parser.parse_args()
    work = options.work.absolute()
    tasks = {name: part(name, options.documents, options.questions) for name in SETS} | as_asked()
    results: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    models = {"own": own(work), "minilm": minilm(work)}
    for who, model in ((f"{who}@{model}" if who != "ours" else who, model) for model in models for who in PEERS):
        name = who.partition("@")[0]
        if (options.only and name not in options.only) or who in results:
            continue
        python = python_of(name, work)
        if isinstance(python, str):
            failed[who] = python
            continue
        wanted = {TIMED: tasks[TIMED]} if options.times else tasks
        wanted = {
            one: {**task, "model": asdict(models[model]), "k": CHUNKS, "shown": PEERS[name].shown}
            for one, task in wanted.items()
        }
        kept = work / "results" / f"{options.documents}-{options.questions}" / f"{who}.json"
        if options.times or {"all", name} & set(options.again) or not kept.exists():
            began = time.perf_counter()
            try:
                found = measure(who, python, wanted, work / f"run-{who}")
            except RuntimeError as error:
                failed[who] = str(error)
                continue
            kept.parent.mkdir(parents=True, exist_ok=True)
            if options.times and kept.exists():
                found = json.loads(kept.read_text(encoding="utf-8")) | found
            kept.write_text(json.dumps(found), encoding="utf-8")
            print(f"{who}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
        results[who] = json.loads(kept.read_text(encoding="utf-8"))
    text = lines(results, tasks, failed)
    print("\n".join(text))
    if not options.only:
        write_page(text)


if __name__ == "__main__":
    main()
