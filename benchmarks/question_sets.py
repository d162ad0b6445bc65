"""Sets of documents with questions as people ask them, read alike: ``docs`` beside ``questions.csv`` or ``questions.jsonl``.

A CSV has ``must_contain`` (empty: the documents do not say), a JSONL has ``keys``, regular expressions of which every one must be
found in an answer (NFKC, no case). consultant-shared has three folders of documents, and questions that name theirs.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qeu_rag.text.notation import fold

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("QEU_RAG_DATA", ROOT.parent / "shared" / "data"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question, its kind, whether the documents answer it, and what an answer that is right holds."""

    question: str
    kind: str
    answerable: bool
    keys: tuple[str, ...] = ()
    contains: str = ""

    def right(self, text: str) -> bool:
        """Whether ``text`` holds the facts."""
        if self.keys:
            found = unicodedata.normalize("NFKC", text)
            return all(re.search(key, found, re.I | re.S) for key in self.keys)
        return bool(self.contains) and plain(self.contains) in plain(text)

    @property
    def kept_back(self) -> bool:
        """Whether the question is in the half that nothing is fitted on, of a set that is divided."""
        return hashlib.md5(self.question.encode(), usedforsecurity=False).digest()[0] % 2 == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """Documents that are read in together, and what is asked of them."""

    name: str
    documents: tuple[Path, ...]
    questions: tuple[Asked, ...]


def plain(text: str) -> str:
    """``text`` without what notation may differ in: width, case, spaces, thousands commas."""
    return "".join(fold(text).lower().split())


def read_set(folder: Path, beside: tuple[Path, ...] = ()) -> list[Set]:
    """The set in ``folder``; consultant-shared's are several. Raises OSError where there is none."""
    if (folder / "questions.csv").exists():
        with (folder / "questions.csv").open(encoding="utf-8-sig", newline="") as file:
            asked = tuple(_of_csv(csv.DictReader(file)))
        return [Set(name=folder.name, documents=(folder / "docs", *beside), questions=asked)]
    rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    names = sorted({row.get("set", "") for row in rows})
    sets = []
    for name in names:
        asked = tuple(of_row(row) for row in rows if row.get("set", "") == name and not row.get("history"))
        documents = (folder / "docs" / name if name else folder / "docs", *beside)
        sets.append(Set(name=f"{folder.name}/{name}" if name else folder.name, documents=documents, questions=asked))
    return sets


def _of_csv(rows: csv.DictReader[str]) -> Iterator[Asked]:
    for row in rows:
        known = row["must_contain"]
        kind = row.get("kind") or ("answerable" if known else "unanswerable")
        yield Asked(question=row["question"], kind=kind, answerable=bool(known), contains=known)


def of_row(row: dict[str, object]) -> Asked:
    """The question of a line of JSONL."""
    keys = row["keys"]
    assert isinstance(keys, list)
    return Asked(
        question=str(row["question"]).replace("\n", " "),
        kind=str(row["kind"]).split("/")[0],
        answerable=bool(row["answerable"]),
        keys=tuple(map(str, keys)),
    )
