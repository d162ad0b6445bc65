"""Asks the questions that people of a company would ask, and counts by kind what is right, missed, refused and answered falsely.

``python benchmarks/asked.py benchmarks/companies/*`` reads each folder's ``docs`` into a home of its own and asks its
``questions.csv``; ``benchmarks/kept_back`` is asked with the sample corpus beside it (``--beside corpus``), as its questions are
about both. An answer is right if it holds ``must_contain``; where that is empty, the documents do not say, and only an abstention
is right. The companies' questions fit the gate and the ranking (``gate.py``, ``retrieval.py``); the kept back ones fit nothing.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter
from pathlib import Path

from qeu_rag import KnowHow
from qeu_rag.index.notation import fold
from qeu_rag.types import Answer

OUTCOMES = ("right", "missed", "refused", "rightly refused", "answered falsely")


def plain(text: str) -> str:
    """``text`` without what notation may differ in: width, case, spaces, thousands commas."""
    return "".join(fold(text).lower().split())


def outcome(answer: Answer, must_contain: str) -> str:
    """One of ``OUTCOMES``."""
    answered = answer.status == "answered"
    if not must_contain:
        return "answered falsely" if answered else "rightly refused"
    if not answered:
        return "refused"
    return "right" if plain(must_contain) in plain(answer.text) else "missed"


def asked(folder: Path, beside: list[Path], *, verbose: bool) -> dict[str, Counter[str]]:
    """The outcomes of the questions in ``folder`` by kind."""
    found: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory(prefix="qeu-rag-asked-") as home, KnowHow.open(home=home) as know_how:
        know_how.ingest([folder / "docs", *beside])
        with (folder / "questions.csv").open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                answer = know_how.ask(row["question"])
                kind = row.get("kind") or ("answerable" if row["must_contain"] else "unanswerable")
                came = outcome(answer, row["must_contain"])
                found.setdefault(kind, Counter())[came] += 1
                if verbose and came in ("missed", "refused", "answered falsely"):
                    print(f"{came}: {row['question']} | {row['must_contain']} | {answer.confidence} | {answer.text!r}")
    return found


def main() -> None:
    """Reads the command line and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--beside", type=Path, action="append", default=[], help="more documents to read in")
    parser.add_argument("--verbose", action="store_true", help="print every question that was not answered rightly")
    given = parser.parse_args()
    print(f"| folder | kind | {' | '.join(OUTCOMES)} |\n|{' --- |' * (len(OUTCOMES) + 2)}")
    for folder in given.folders:
        for kind, counts in asked(folder, given.beside, verbose=given.verbose).items():
            print(f"| {folder.name} | {kind} | {' | '.join(str(counts[name]) for name in OUTCOMES)} |", flush=True)


if __name__ == "__main__":
    main()
