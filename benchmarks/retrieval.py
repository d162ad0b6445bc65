"""How well each side, their plain fusion and ours find the gold document, and the fit of the weights in retrieve/rank.py.

``python benchmarks/retrieval.py collect HOMES CACHE SET…`` asks each set's questions (``QEU_RAG_DATA``, else ../shared/data)
of the home HOMES/SET, as ``qeu-rag eval SET --keep HOMES/SET`` leaves it, and keeps every candidate's features in the folder
CACHE; "corpus" stands for corpus/faq.csv, "rules" for benchmarks/gate/questions.csv (the chunk with the passage is gold), and
"foreign" for questions of other sets asked of HOMES/corpus, which count in the scale of the scores alone. ``… table CACHE``
prints the figures; ``… fit CACHE`` fits the weights on all sets that ``SHARE`` weighs and prints the figures of weights fitted
without each half of each set (by a hash of the question) and without each set; ``--ship`` writes them to
qeu_rag/retrieve/weights.json. corpus/faq.csv and covidqa-longdoc are judged and never fitted on.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, minimize

from qeu_rag import KnowHow
from qeu_rag.evaluate.trial import holds
from qeu_rag.index.match import Match
from qeu_rag.index.notation import lang_of
from qeu_rag.retrieve.fuse import Fused
from qeu_rag.retrieve.rank import features
from qeu_rag.types import ScoredChunk

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("QEU_RAG_DATA", ROOT.parent / "shared" / "data"))
WEIGHTS = ROOT / "qeu_rag" / "retrieve" / "weights.json"
FEATURES = (
    "lexical",
    "sentence",
    "title",
    "cosine",
    "foreign",
    "foreign_cosine",
    "foreign_need",
    "need_cosine",
    "need_lexical",
    "defines",
    "steps",
)
BY_HAND = {
    "words": {"defines": 8.0, "steps": 12.0},
    "vectors": {"defines": 4.0, "steps": 5.0},
    "vectors-ja": {"defines": 9.0, "steps": 10.0},
}
"""Too rare to be learnt: of 2,000 questions 10 ask for a meaning that a candidate says, and in 9 of them it is the right one."""

FOREIGN = "foreign"
_FOREIGN_OF = ("aio-quiz-shared", "jsquad-valid", "squad1-shared", "covid-faq-en")
SIDES = ("lexical", "dense", "rrf", "ours")
_COSINE = FEATURES.index("cosine")
_DEPTH = 80
SHARE = {
    "rules": 3.0,
    "handbook-faq-ja-shared": 6.0,
    "jsquad-valid": 4.0,
    "handbook-faq-en-shared": 3.0,
    "covid-faq-en": 2.0,
    "squad1-shared": 1.0,
}
"""What each set counts in the fit: the more, the more its questions are asked as colleagues ask who do not see the passage."""

_RIDGE = {"words": 1e-4, "vectors": 3e-4, "vectors-ja": 1e-4}
"""What holds the weights back, on the features as they are (each 0..1 or near it)."""


@dataclass(kw_only=True)
class Case:
    """One question: each side's rank of the gold document (0: not among ten), and its candidates with their features."""

    id: str
    set: str
    lang: str
    kind: str
    passage: str = ""
    ranks: dict[str, int] = field(default_factory=dict)
    documents: list[str] = field(default_factory=list)
    gold: list[bool] = field(default_factory=list)
    values: list[list[float]] = field(default_factory=list)

    @property
    def half(self) -> int:
        """0 or 1, by a hash of the id."""
        return hashlib.sha256(self.id.encode()).digest()[0] % 2


def questions(name: str, limit: int) -> list[tuple[Case, str, set[str]]]:
    """The answerable questions of a set with the names of their gold documents: the first ``limit`` by a hash of the id."""
    passages: dict[str, str] = {}
    if name == "corpus":
        with (ROOT / "corpus" / "faq.csv").open(encoding="utf-8-sig") as file:
            rows = [row for row in csv.DictReader(file) if row["answerable"] == "true"]
        found = [(row["id"], row["question"], {row["gold_document"]}, row["kind"]) for row in rows]
    elif name == "rules":
        with (ROOT / "benchmarks" / "gate" / "questions.csv").open(encoding="utf-8-sig") as file:
            rows = [row for row in csv.DictReader(file) if row["gold_passage"]]
        passages = {row["question"]: row["gold_passage"] for row in rows}
        found = [(row["question"], row["question"], {row["gold_document"]}, row["kind"]) for row in rows]
    elif name == FOREIGN:
        found = [(case.id, q, set(), FOREIGN) for other in _FOREIGN_OF for case, q, _ in questions(other, 40)]
    else:
        with (DATA / name / "corpus.jsonl").open(encoding="utf-8") as file:
            names = {json.loads(line)["id"]: f"{number:06d}.md" for number, line in enumerate(file)}
        with (DATA / name / "queries.jsonl").open(encoding="utf-8") as file:
            asked = [json.loads(line) for line in file]
        found = [
            (q["id"], q["question"], {names[gold] for gold in q["gold"] if gold in names}, "")
            for q in asked
            if name in _FOREIGN_OF or q.get("answerable", True)
        ]
    found.sort(key=lambda row: hashlib.sha256(row[0].encode()).hexdigest())
    return [
        (Case(id=i, set=name, lang=lang_of(q), kind=kind, passage=passages.get(q, "")), q, gold)
        for i, q, gold, kind in found[:limit]
    ]


def collect(homes: Path, cache: Path, names: Sequence[str], limit: int) -> None:
    """Asks the questions and writes one JSON file a set."""
    cache.mkdir(parents=True, exist_ok=True)
    for name in names:
        cases = []
        with KnowHow.open(home=homes / ("corpus" if name == FOREIGN else name)) as know_how:
            for case, question, gold in questions(name, limit):
                sides = know_how.sides(question, k=_DEPTH)
                case.ranks = {side: first(getattr(sides, side), gold) for side in SIDES}
                own = [scored.parts["sentence"] for scored in sides.ours if scored.chunk.lang == case.lang]
                need = 1.0 - max(own, default=0.0)
                for scored in sides.ours:
                    case.documents.append(scored.chunk.document_id)
                    of_gold = bool({scored.chunk.source, *scored.chunk.other_sources} & gold)
                    case.gold.append(of_gold and (not case.passage or holds(scored, case.passage)))
                    parts = scored.parts
                    match = Match(title=parts["title"], whole=parts["whole"], sentence=parts["sentence"])
                    hit = Fused(id=scored.chunk.id, score=scored.score, parts=parts)
                    foreign = scored.chunk.lang != case.lang
                    told = {name: name in parts for name in ("defines", "steps")}
                    values = features(hit, match, foreign=foreign, need=need, **told)
                    case.values.append([values[feature] for feature in FEATURES])
                cases.append(case)
        (cache / f"{name}.json").write_text(json.dumps([vars(case) for case in cases]), encoding="utf-8")
        print(name, len(cases), flush=True)


def first(ranking: Sequence[ScoredChunk], gold: set[str]) -> int:
    """The rank of the first gold document among distinct documents, 0 beyond ten."""
    order = dict.fromkeys(scored.chunk.document_id for scored in ranking)
    held = {s.chunk.document_id for s in ranking if {s.chunk.source, *s.chunk.other_sources} & gold}
    return next((place for place, document in enumerate(list(order)[:10], start=1) if document in held), 0)


def read(cache: Path) -> list[Case]:
    """All cases that were collected."""
    return [
        Case(**row) for path in sorted(cache.glob("*.json")) for row in json.loads(path.read_text(encoding="utf-8"))
    ]


def figures(ranks: Sequence[int]) -> str:
    """hit@1, 3, 5, 10 and MRR@10, by the ranks of the gold (0: not among ten)."""
    found = np.array(ranks)
    hits = [((found > 0) & (found <= k)).mean() for k in (1, 3, 5, 10)]
    reciprocal = np.where(found > 0, 1.0 / np.maximum(found, 1), 0.0).mean()
    return " | ".join(f"{value:.3f}" for value in (*hits, reciprocal))


def table(cases: Sequence[Case]) -> None:
    """Prints every set's figures by side."""
    print("| set | questions | side | hit@1 | hit@3 | hit@5 | hit@10 | MRR@10 |\n|---|---|---|---|---|---|---|---|")
    for name in sorted({case.set for case in cases} - {FOREIGN}):
        mine = [case for case in cases if case.set == name]
        for side in SIDES:
            print(f"| {name} | {len(mine)} | {side} | {figures([case.ranks[side] for case in mine])} |")


Floats = NDArray[np.float64]


_FEWEST = 50
"""Questions that a kind's weights are fitted on: of other languages there are a few."""

_LEAST = {"vectors-ja": {"sentence": 4.0}}
"""Bounds from below: that the best sentence holds the question's words is what tells an answer from a passage on the subject, and
the few Japanese questions with a short passage each do not show it."""


def weigh(cases: Sequence[Case], used: Sequence[int], kind: str) -> Floats:
    """Weights of the features ``used`` by a softmax over each question's candidates; each set counts as ``SHARE`` says."""
    cases = [case for case in cases if case.set in SHARE and any(case.gold) and not all(case.gold)]
    count = {name: sum(case.set == name for case in cases) for name in {case.set for case in cases}}
    share = np.array([SHARE[case.set] / count[case.set] for case in cases])
    share /= share.sum()
    table_ = np.array([row for case in cases for row in case.values])[:, list(used)]
    gold = np.array([value for case in cases for value in case.gold])
    starts = np.cumsum([0, *(len(case.gold) for case in cases)])
    segment = np.repeat(np.arange(len(cases)), np.diff(starts))

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = table_ @ weights
        power = np.exp(score - np.maximum.reduceat(score, starts[:-1])[segment])
        whole = np.add.reduceat(power, starts[:-1])
        right = np.add.reduceat(power * gold, starts[:-1]) + 1e-300
        value = (share * (np.log(whole) - np.log(right))).sum() + _RIDGE[kind] * (weights @ weights)
        slope = table_.T @ ((power / whole[segment] - power * gold / right[segment]) * share[segment])
        return float(value), slope + 2 * _RIDGE[kind] * weights

    least = [_LEAST.get(kind, {}).get(FEATURES[n], -np.inf) for n in used]
    start = np.maximum(least, 0.0)
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=Bounds(least)).x)


def place(case: Case, order: Sequence[int]) -> int:
    """The gold document's rank among ten where candidates come in ``order``; where the passage is known, the passage's."""
    units = range(len(case.documents)) if case.passage else case.documents
    places = dict.fromkeys(units[n] for n in order)
    held = {unit for unit, gold in zip(units, case.gold, strict=True) if gold}
    return next((rank for rank, unit in enumerate(list(places)[:10], start=1) if unit in held), 0)


def ranks(cases: Sequence[Case], used: Sequence[int], weights: Floats) -> list[int]:
    """The gold's rank by ``weights``, for each case."""
    scores = [np.array(case.values)[:, list(used)] @ weights if case.gold else np.zeros(0) for case in cases]
    return [place(case, np.argsort(-score, kind="stable").tolist()) for case, score in zip(cases, scores, strict=True)]


def plain(case: Case) -> int:
    """The gold document's rank by the lexical score and twice the cosine, each divided by its maximum: no weight learnt."""
    if not case.values:
        return 0
    values = np.array(case.values)
    cosine = np.maximum(values[:, _COSINE], 0.0)
    values[:, 0] += 2.0 * cosine / max(cosine.max(), 1e-9)
    return ranks([replace(case, values=values.tolist())], [0], np.ones(1))[0]


def calibrate(cases: Sequence[Case], used: Sequence[int], weights: Floats) -> tuple[float, float]:
    """The scale and bias that make the weighted sum of the best candidate a probability that it is gold.

    Every set that is fitted on weighs alike, and the foreign questions as much as all others together.
    """
    tops: dict[str, list[tuple[float, bool]]] = {}
    for case in cases:
        if case.gold and (case.set in SHARE or case.set == FOREIGN):
            score = np.array(case.values)[:, list(used)] @ weights
            best = int(np.argmax(score))
            tops.setdefault(case.set, []).append((float(score[best]), case.gold[best]))
    share = [(len(tops) - 1 or 1 if name == FOREIGN else 1) / len(found) for name, found in tops.items() for _ in found]
    x, y = (np.array([pair[n] for found in tops.values() for pair in found], dtype=float) for n in (0, 1))

    def loss(pair: Floats) -> float:
        z = pair[0] * x + pair[1]
        return float((np.array(share) * (np.logaddexp(0, z) - y * z)).sum())

    scale, bias = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return float(scale), float(bias)


def fit(cases: Sequence[Case]) -> dict[str, dict[str, float]]:
    """The weights of every kind that there are cases of; prints held-out figures beside."""
    learnt: dict[str, dict[str, float]] = {}
    kinds: dict[str, Callable[[Case], bool]] = {
        "words": lambda case: not any(row[_COSINE] for row in case.values),
        "vectors": lambda case: case.lang != "ja" and any(row[_COSINE] for row in case.values),
        "vectors-ja": lambda case: case.lang == "ja" and any(row[_COSINE] for row in case.values),
    }
    for kind, belongs in kinds.items():
        mine = [case for case in cases if belongs(case)]
        if sum(case.set in SHARE and any(case.gold) for case in mine) < _FEWEST:
            continue
        used = [
            n
            for n in range(len(FEATURES))
            if FEATURES[n] not in BY_HAND[kind] and any(row[n] for case in mine for row in case.values)
        ]
        for name in sorted({case.set for case in mine} - {FOREIGN}):
            whole = sorted((case for case in mine if case.set == name), key=lambda case: case.half)
            halves: list[int] = []
            for half in (0, 1):
                rest = [case for case in mine if case.set != name or case.half != half]
                held = [case for case in whole if case.half == half]
                halves += ranks(held, used, weigh(rest, used, kind))
            rest = [case for case in mine if case.set != name]
            others = ranks(whole, used, weigh(rest, used, kind))
            now = [place(case, range(len(case.gold))) for case in whole]
            for asked in sorted({case.kind for case in whole}):
                of = [n for n, case in enumerate(whole) if case.kind == asked]
                told = {
                    "plain sum": [plain(case) for case in whole],
                    "now": now,
                    "other half": halves,
                    "other sets": others,
                }
                print(f"{kind} {name} {asked} ({len(of)}):", end="")
                print(
                    ";".join(f" {side} {figures([found[n] for n in of])}" for side, found in told.items()), flush=True
                )
        weights = weigh(mine, used, kind)
        scale, bias = calibrate(mine, used, weights)
        named = {FEATURES[n]: round(float(weight * scale), 2) for n, weight in zip(used, weights, strict=True)}
        learnt[kind] = {"bias": round(bias, 2), **named, **BY_HAND[kind]}
        print(kind, json.dumps(learnt[kind]))
    return learnt


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("homes", type=Path)
    collecting.add_argument("cache", type=Path)
    collecting.add_argument("sets", nargs="+")
    collecting.add_argument("--limit", type=int, default=1000)
    commands.add_parser("table").add_argument("cache", type=Path)
    fitting = commands.add_parser("fit")
    fitting.add_argument("cache", type=Path)
    fitting.add_argument("--ship", action="store_true", help="write what was learnt to qeu_rag/retrieve/weights.json")
    given = parser.parse_args()
    if given.command == "collect":
        collect(given.homes, given.cache, given.sets, given.limit)
    elif given.command == "table":
        table(read(given.cache))
    else:
        learnt = fit(read(given.cache))
        if given.ship:
            kept = json.loads(WEIGHTS.read_text(encoding="utf-8"))
            WEIGHTS.write_text(json.dumps({**kept, **learnt}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
