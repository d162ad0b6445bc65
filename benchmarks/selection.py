"""How much of the answers the chosen sentences hold, beside the plain way: top chunks whole until the budget is full.

``python benchmarks/selection.py`` reads two public question sets (``QEU_RAG_DATA``, else ../shared/data) into a home of its
own, and prints one Markdown table for questions that no weight was fitted on. ``--fit`` fits the weights of
``answer/select.py`` on the other half and prints them. Tokens are UTF-8 bytes / 3.5 rounded up, for both ways alike, or
with ``--tokens gpt2-like`` 1.6 a Japanese character and 0.25 any other; labels are counted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import random
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qeu_rag import KnowHow
from qeu_rag.answer.prompt import label
from qeu_rag.answer.select import FEATURES, judge_units, select
from qeu_rag.index.analyze import Analyzer
from qeu_rag.types import ScoredChunk

DATA = Path(os.environ.get("QEU_RAG_DATA", Path(__file__).parents[2] / "shared" / "data"))
SETS = ("jsquad-valid", "squad1-shared")
BUDGETS = (150, 300, 600, 1200)
_WIDE = re.compile(r"[^\x00-\u02ff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question with what the search found for it."""

    question: str
    answers: tuple[str, ...]
    found: tuple[ScoredChunk, ...]
    weights: dict[str, float]


def by_bytes(text: str) -> int:
    """Tokens as UTF-8 bytes / 3.5: between the byte pairs of GPT-2 and those of newer models."""
    return math.ceil(len(text.encode()) / 3.5)


def gpt2_like(text: str) -> int:
    """Tokens as GPT-2 makes them, about."""
    wide = len(_WIDE.findall(text))
    return math.ceil(1.6 * wide + 0.25 * (len(text) - wide))


def ingest(name: str, home: Path) -> None:
    """Reads the documents of a set in, one Markdown file each; nothing to do where they are in."""
    docs = home / "docs" / name
    docs.mkdir(parents=True, exist_ok=True)
    for line in (DATA / name / "corpus.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        path = docs / f"{row['id']}.md"
        if not path.exists():
            path.write_text(f"# {row['title']}\n\n{row['text']}\n", encoding="utf-8")
    with KnowHow.open(home=home, collection=name) as know_how:
        know_how.ingest(docs)


def questions(name: str, home: Path, count: int, k: int, *, half: int) -> Iterator[Asked]:
    """At most ``count`` questions of one half of a set; the halves share no article."""
    titles: dict[str, str] = {}
    for line in (DATA / name / "corpus.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        titles[row["id"]] = row["title"]
    rows = [json.loads(line) for line in (DATA / name / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["answers"] and _half(titles[row["gold"][0]]) == half]
    random.Random(11).shuffle(rows)
    with KnowHow.open(home=home, collection=name) as know_how:
        searcher = know_how._parts.searcher
        for row in rows[:count]:
            hits = searcher.search(row["question"], k)
            yield Asked(
                question=row["question"], answers=tuple(row["answers"]), found=hits.chunks, weights=hits.weights
            )


def holds(text: str, answers: Sequence[str]) -> bool:
    """Whether one of ``answers`` stands in ``text``, whatever the case, width and spaces."""
    plain = _plain(text)
    return any(_plain(answer) in plain for answer in answers)


def whole_chunks(asked: Asked, budget: int, tokens: Callable[[str], int], *, cut: bool) -> tuple[str, int]:
    """The plain way: chunks whole while they fit; ``cut`` adds the beginning of the next one up to the budget."""
    shown: list[str] = []
    used = 0
    for number, scored in enumerate(asked.found, start=1):
        head = tokens(label(number, scored.chunk)) + 2
        size = tokens(scored.chunk.passage)
        if used + head + size <= budget:
            shown.append(scored.chunk.passage)
            used += head + size
            continue
        if cut and (room := budget - used - head) > 0:
            shown.append(scored.chunk.passage[: int(len(scored.chunk.passage) * room / size)])
            used = budget
        break
    return "\n\n".join(shown), used


def chosen(
    asked: Asked, budget: int, tokens: Callable[[str], int], analyze: Callable[[str], list[str]]
) -> tuple[str, int]:
    """Our way."""
    shown = select(asked.question, asked.found, asked.weights, analyze, count_tokens=tokens, budget=budget)
    texts = [f"{label(number, item.chunk)}\n{item.text}\n\n" for number, item in enumerate(shown, start=1)]
    return "\n\n".join(item.text for item in shown), sum(map(tokens, texts))


def report(
    name: str, asked: Sequence[Asked], tokens: Callable[[str], int], analyze: Callable[[str], list[str]]
) -> None:
    """The rows of one set: the share of questions whose answer is in, and the tokens used on average."""
    ways: dict[str, Callable[[Asked, int], tuple[str, int]]] = {
        "whole chunks": lambda a, b: whole_chunks(a, b, tokens, cut=False),
        "whole chunks, the last one cut to fit": lambda a, b: whole_chunks(a, b, tokens, cut=True),
        "chosen sentences": lambda a, b: chosen(a, b, tokens, analyze),
        "chosen sentences, 40 % of the budget": lambda a, b: chosen(a, b * 2 // 5, tokens, analyze),
    }
    for way, function in ways.items():
        cells = []
        for budget in BUDGETS:
            results = [function(a, budget) for a in asked]
            share = np.mean([holds(text, a.answers) for a, (text, _) in zip(asked, results, strict=True)])
            cells.append(f"{share:.3f} ({np.mean([used for _, used in results]):.0f})")
        print(f"| {name} ({len(asked)}) | {way} | {' | '.join(cells)} |")


def fit(asked: Sequence[Asked], analyze: Callable[[str], list[str]]) -> None:
    """Logistic regression (ridge 1, on standardised features) by Newton's method; prints bias and weights."""
    rows, labels = [], []
    for one in asked:
        for unit in judge_units(one.question, one.found, one.weights, analyze):
            rows.append(unit.features)
            labels.append(holds(unit.text, one.answers))
    x, y = np.array(rows), np.array(labels, float)
    mean, spread = x.mean(0), x.std(0) + 1e-9
    z = np.c_[np.ones(len(x)), (x - mean) / spread]
    ridge = np.diag([0.0, *[2.0] * x.shape[1]])
    w = np.zeros(z.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-z @ w))
        w -= np.linalg.solve((z * (p * (1 - p))[:, None]).T @ z + ridge, z.T @ (p - y) + ridge @ w)
    slopes = w[1:] / spread
    print("BIAS =", round(float(w[0] - slopes @ mean), 2))
    print("WEIGHTS =", {name: round(float(slope), 2) for name, slope in zip(FEATURES, slopes, strict=True)})


def main() -> None:
    """Parse, read in, measure."""
    parser = argparse.ArgumentParser(description="Measure the selection of evidence.")
    parser.add_argument("--questions", type=int, default=400, metavar="N", help="of each set [400]")
    parser.add_argument("-k", type=int, default=8, help="chunks found [8]")
    parser.add_argument("--fit", action="store_true", help="fit the weights on the other half instead")
    parser.add_argument("--tokens", choices=["bytes", "gpt2-like"], default="bytes")
    parser.add_argument("--home", type=Path, metavar="FOLDER", help="keep the home here [a temporary folder]")
    options = parser.parse_args()
    if missing := [name for name in SETS if not (DATA / name).is_dir()]:
        raise SystemExit(f"no {', '.join(missing)} in {DATA}; QEU_RAG_DATA names the folder that holds them")
    analyze = Analyzer().evidence_terms
    tokens = by_bytes if options.tokens == "bytes" else gpt2_like
    with tempfile.TemporaryDirectory(prefix="qeu-rag-selection-") as aside:
        home = options.home or Path(aside)
        for name in SETS:
            ingest(name, home)
        halves = {
            name: list(questions(name, home, options.questions, options.k, half=0 if options.fit else 1))
            for name in SETS
        }
    if options.fit:
        fit([one for half in halves.values() for one in half], analyze)
        return
    print("| set (questions) | evidence | " + " | ".join(f"{budget} tokens" for budget in BUDGETS) + " |")
    print("| --- " * (2 + len(BUDGETS)) + "|")
    for name, asked in halves.items():
        report(name, asked, tokens, analyze)


def _half(title: str) -> int:
    return hashlib.sha256(title.encode()).digest()[0] % 2


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).lower()


if __name__ == "__main__":
    main()
