"""What the peers' results say: quality judged from the rankings, costs, one table an encoder, written into docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peer_homes import PEERS
from peer_tasks import ASKED, TIMED, asked_of, characters, facts
from table import machine

from qeu_rag.evaluate.ranking import DEPTH, figures, rank_gold
from qeu_rag.evaluate.statistics import auroc

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"


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
    Cost(key="build_cpu", title="ingest of these documents, CPU s", form="{:.0f}"),
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
        if len(found) < 2:
            continue  # nobody to compare with
        for key, title in QUALITY.items():
            values = {who: quality.get(key) for who, quality in found.items()}
            if any(value is not None for value in values.values()):
                table.append(_row(name, Cost(key=key, title=title, form="{:.3f}", more=True), values))
    table += _facts(results, tasks) if "ours" in results else []
    for cost in COSTS:
        table.append(_row(TIMED, cost, {who: of[TIMED].get(cost.key) for who, of in results.items() if TIMED in of}))
    return table


def _facts(results: Mapping[str, Mapping[str, Any]], tasks: Mapping[str, Any]) -> list[str]:
    rows = []
    for half, part in ((False, ""), (True, ", half that nothing was fitted on")):
        counted, of = facts(results, tasks, kept_back=half), asked_of(tasks, kept_back=half)
        if len(counted) < 2:
            return []  # nobody to compare with
        for at, title in enumerate(("in what is shown by default", "in as many characters as ours shows")):
            row = Cost(key="facts", title=f"key facts {title}, of {of}{part}", form="{:.0f}", more=True)
            rows.append(_row(ASKED, row, {who: both[at] for who, both in counted.items()}))
    row = Cost(key="characters", title="characters shown by default (mean)", form="{:,.0f}")
    return [*rows, _row(ASKED, row, {who: characters(results[who], tasks) for who in counted})]


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
