"""One process that is asked many questions: prints its times (ms) and its resident memory (MB) as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import psutil

from qeu_rag import KnowHow

_FIRST = 5
"""Questions before the clock starts."""


def main(home: str, questions_file: str) -> None:
    """Asks the questions in a JSON file."""
    questions = json.loads(Path(questions_file).read_text(encoding="utf-8"))
    with KnowHow.open(home=home) as know_how:
        for question in questions[:_FIRST]:
            know_how.ask(question)
        times, answered = [], 0
        for question in questions[_FIRST:]:
            began = time.perf_counter()
            answered += know_how.ask(question).status == "answered"
            times.append((time.perf_counter() - began) * 1000)
        memory = psutil.Process().memory_info().rss / 1e6
    print(json.dumps({"times": times, "memory_mb": memory, "answered": answered}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
