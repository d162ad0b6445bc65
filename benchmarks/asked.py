"""Asks the questions that people of a company would ask, and counts what came of them.

``python benchmarks/asked.py benchmarks/companies/* ../shared/data/consultant-shared`` reads each folder's documents into a
home of its own and asks its questions; ``benchmarks/kept_back`` is asked with the sample corpus beside it (``--beside
corpus``), as its questions are about both. An answer is right if it holds the facts; where there are none, only an
abstention is right. ``--half kept|fitted`` asks one half of the questions (by a hash), of sets of which one half was fitted
on.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from question_sets import Asked, Set, read_set

from qeu_rag import KnowHow
from qeu_rag.types import Answer

OUTCOMES = (
    "right, sure",
    "right, likely",
    "wrong, sure",
    "wrong, likely",
    "refused",
    "rightly refused",
    "false, sure",
    "false, likely",
)
"""Of questions that the documents answer the first five, of others the last three."""


def outcome(answer: Answer, asked: Asked) -> str:
    """One of ``OUTCOMES``."""
    if answer.status == "abstained":
        return "refused" if asked.answerable else "rightly refused"
    if not asked.answerable:
        return f"false, {answer.certainty}"
    return f"{'right' if asked.right(answer.text) else 'wrong'}, {answer.certainty}"


def asked(one: Set, *, half: str, verbose: bool, flags: dict[str, object]) -> dict[str, Counter[str]]:
    """The outcomes of the questions of a set by kind."""
    found: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory(prefix="qeu-rag-asked-") as home, KnowHow.open(home=home, **flags) as know_how:
        know_how.ingest(list(one.documents))
        for question in one.questions:
            if half != "all" and question.kept_back != (half == "kept"):
                continue
            answer = know_how.ask(question.question)
            came = outcome(answer, question)
            found.setdefault(question.kind, Counter())[came] += 1
            if verbose and not came.startswith("right"):
                print(f"{came}: {question.question} | {answer.confidence} | {answer.text!r}")
    return found


def line(name: str, kind: str, counts: Counter[str]) -> str:
    """A row of the table."""
    return f"| {name} | {kind} | {sum(counts.values())} | {' | '.join(str(counts[one]) for one in OUTCOMES)} |"


def main() -> None:
    """Reads the command line and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--beside", type=Path, action="append", default=[], help="more documents to read in")
    parser.add_argument("--half", choices=("all", "kept", "fitted"), default="all")
    parser.add_argument("--kinds", action="store_true", help="a row for each kind of question")
    parser.add_argument("--verbose", action="store_true", help="print every question that was not answered rightly")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="settings, as answer__gate=t-method"
    )
    given = parser.parse_args()
    flags: dict[str, object] = dict(pair.split("=", 1) for pair in given.set)
    print(f"| set | kind | questions | {' | '.join(OUTCOMES)} |\n|{' --- |' * (len(OUTCOMES) + 3)}")
    whole: Counter[str] = Counter()
    for folder in given.folders:
        for one in read_set(folder, tuple(given.beside)):
            found = asked(one, half=given.half, verbose=given.verbose, flags=flags)
            for kind, counts in sorted(found.items()) if given.kinds else ():
                print(line(one.name, kind, counts))
            total = sum(found.values(), Counter())
            whole += total
            print(line(one.name, "all", total), flush=True)
    print(line("all", "all", whole))


if __name__ == "__main__":
    main()
