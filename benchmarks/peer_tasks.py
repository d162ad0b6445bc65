"""The sets that peers are measured on as tasks that every system gets, and how key facts are counted in what they show."""

from __future__ import annotations

import json
import os
import random
import re
import statistics
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from question_sets import of_row

DATA = Path(os.environ.get("QEU_RAG_DATA", Path(__file__).parents[2] / "shared" / "data"))
TIMED = "covid-faq-en"
"""The set whose times are told."""
ASKED = "consultant-shared"
"""Questions as people ask them, with the key facts of their answers; three sets of real documents, each a collection."""


def part(name: str, documents: int, questions: int) -> dict[str, Any]:
    """A seeded part of a set, as the task that every system gets."""
    folder = DATA / name
    rows, asked = (
        [json.loads(line) for line in (folder / file).read_text(encoding="utf-8").splitlines()]
        for file in ("corpus.jsonl", "queries.jsonl")
    )
    chance = random.Random(20)
    chosen = chance.sample(asked, questions) if 0 < questions < len(asked) else asked
    gold = {one for question in chosen for one in question["gold"]}
    others = [row["id"] for row in rows if row["id"] not in gold]
    fill = len(others) if not documents else max(0, documents - len(gold))
    kept = gold | set(chance.sample(others, min(fill, len(others))))
    return {
        "documents": [{name: row[name] for name in ("id", "title", "text")} for row in rows if row["id"] in kept],
        "questions": [{name: one[name] for name in ("id", "question", "gold", "answerable")} for one in chosen],
        "of": {"documents": len(rows), "questions": len(asked)},
    }


def as_asked(most: int) -> dict[str, Any]:
    """The sets of consultant-shared as tasks: all questions, ``most`` documents of each (0: all), read for all by our readers."""
    lines_ = (DATA / ASKED / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [one for one in map(json.loads, lines_) if not one.get("history")]
    tasks = {}
    for name in sorted({one["set"] for one in rows}):
        questions = [
            {
                "id": str(number),
                "question": one["question"],
                "gold": [one["gold"]["file"]] if one["gold"] else [],
                "answerable": one["answerable"],
                "keys": one["keys"],
                "kept_back": of_row(one).kept_back,
            }
            for number, one in enumerate(rows)
            if one["set"] == name
        ]
        documents = _read(DATA / ASKED / "docs" / name)
        gold = {one for question in questions for one in question["gold"]}
        others = [one["id"] for one in documents if one["id"] not in gold]
        fill = max(0, most - len(gold)) if most else len(others)
        kept = gold | set(random.Random(20).sample(others, min(fill, len(others))))
        tasks[f"{ASKED} {name}"] = {
            "documents": [one for one in documents if one["id"] in kept],
            "questions": questions,
            "of": {"documents": len(documents), "questions": len(questions)},
        }
    return tasks


def _read(folder: Path) -> list[dict[str, str]]:
    from qeu_rag.ingest.read import SUPPORTED, parse

    documents = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in SUPPORTED):
        source = path.relative_to(folder).as_posix()
        read = parse(path, source).documents[0]
        documents.append({"id": source, "title": read.title, "text": read.text})
    return documents


def facts(
    results: Mapping[str, Mapping[str, Any]], tasks: Mapping[str, Any], kept_back: bool = False
) -> dict[str, tuple[int, int]]:
    """Of each system the answerable questions whose key facts stand in what it shows by default, and in as much of it as ours.

    Ours shows its answer; the others are cut, question by question, at the length of ours (its mean where ours refused).
    ``kept_back``: only the questions of the half that nothing of ours was fitted on. Who was not asked all is not counted.
    """
    asked = {who: of for who, of in results.items() if all(name in of for name in tasks if name.startswith(ASKED))}
    counted = dict.fromkeys(asked, (0, 0))
    for name, task in tasks.items():
        if not name.startswith(ASKED):
            continue
        lengths = {one: len(found["shown"]) for one, found in results["ours"][name]["rankings"].items()}
        mean = round(statistics.mean(length for length in lengths.values() if length))
        for question in task["questions"]:
            if not question["answerable"] or (kept_back and not question["kept_back"]):
                continue
            room = lengths[question["id"]] or mean
            for who, of in asked.items():
                shown = unicodedata.normalize("NFKC", of[name]["rankings"][question["id"]]["shown"])
                level = shown if who == "ours" else shown[:room]
                whole, cut = counted[who]
                counted[who] = whole + _holds(shown, question["keys"]), cut + _holds(level, question["keys"])
    return counted


def asked_of(tasks: Mapping[str, Any], kept_back: bool = False) -> int:
    """How many questions ``facts`` counts."""
    return sum(
        question["answerable"] and (question["kept_back"] or not kept_back)
        for name, task in tasks.items()
        if name.startswith(ASKED)
        for question in task["questions"]
    )


def characters(of: Mapping[str, Any], tasks: Mapping[str, Any]) -> float:
    """How many characters a system shows in the mean, where it shows something."""
    rankings = [of[name]["rankings"].values() for name in tasks if name.startswith(ASKED)]
    return statistics.mean(len(found["shown"]) for one in rankings for found in one if found["shown"])


def _holds(text: str, keys: Sequence[str]) -> bool:
    return all(re.search(key, text, re.IGNORECASE | re.DOTALL) for key in keys)
