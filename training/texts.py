"""What the bilingual vectors learn from: EDICT's glosses, sentence pairs, and questions with the passages that answer them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qeu_rag.index.analyze import Analyzer

DATA = Path(os.environ.get("QEU_RAG_DATA", Path(__file__).parents[2] / "shared" / "data"))

Words = list[str]

_INSTALLED = Path("/usr/share/edict/edict")
_NOTE = re.compile(r"\([^)]*\)")
_AROUND = 110
_HELD_BACK = 33


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A Japanese text in words, and the same in English; ``held_back`` from training (every 33rd, by the English)."""

    words: Words
    english: str
    held_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question in words, the words around its answer, and which passage it is from."""

    question: Words
    around: Words
    passage: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """All that is learnt from. ``glosses`` maps a word, or several that make a compound, to its English; ``common`` are
    the entries that EDICT marks as common.
    """

    pairs: list[Pair]
    asked: list[Asked]
    passages: list[Words]
    glosses: dict[tuple[str, ...], str]
    common: frozenset[tuple[str, ...]]

    def counts(self) -> Counter[str]:
        """How often each word stands in the texts for training."""
        found: Counter[str] = Counter()
        for pair in self.pairs:
            if not pair.held_back:
                found.update(pair.words)
        for passage in self.passages:
            found.update(passage)
        for asked in self.asked:
            found.update(asked.question)
        return found


def read_texts(data: Path, work: Path) -> Texts:
    """Everything, from the shared data and Debian's package ``edict`` (fetched into ``work`` where it is not installed)."""
    analyzer = Analyzer()
    glosses, common = _glosses(edict(work), analyzer)
    passages, asked = _questions(data / "jaquad-train", analyzer)
    return Texts(
        pairs=list(_pairs(data / "parallel-en-ja", analyzer)),
        asked=asked,
        passages=passages,
        glosses=glosses,
        common=common,
    )


def edict(work: Path) -> Path:
    """The dictionary's file."""
    if _INSTALLED.exists():
        return _INSTALLED
    place = work / "edict" / _INSTALLED.relative_to("/")
    if not place.exists():
        subprocess.run(["apt-get", "download", "edict"], cwd=work, check=True)
        (package,) = work.glob("edict_*.deb")
        subprocess.run(["dpkg", "-x", str(package), str(work / "edict")], check=True)
    return place


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file."""
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def is_held_back(english: str) -> bool:
    """Whether a sentence, spaces folded, is kept from training."""
    return int(hashlib.md5(english.lower().encode(), usedforsecurity=False).hexdigest(), 16) % _HELD_BACK == 0


def _pairs(folder: Path, analyzer: Analyzer) -> Iterator[Pair]:
    for row in rows(folder / "pairs.jsonl"):
        english = " ".join(row["en"].split())
        yield Pair(words=analyzer.japanese_words(row["ja"]), english=english, held_back=is_held_back(english))


def _questions(folder: Path, analyzer: Analyzer) -> tuple[list[Words], list[Asked]]:
    documents = list(rows(folder / "corpus.jsonl"))
    passages = [analyzer.japanese_words(f"{row['title']}\n{row['text']}") for row in documents]
    number = {row["id"]: i for i, row in enumerate(documents)}
    asked = []
    for row in rows(folder / "queries.jsonl"):
        if not row["answerable"] or not row["gold"]:
            continue
        passage = number[row["gold"][0]]
        text, answer = documents[passage]["text"], row["answers"][0] if row["answers"] else ""
        at = text.find(answer)
        around = text if at < 0 else text[max(0, at - _AROUND) : at + len(answer) + _AROUND]
        words = analyzer.japanese_words(row["question"])
        asked.append(Asked(question=words, around=analyzer.japanese_words(around), passage=passage))
    return passages, asked


def _glosses(path: Path, analyzer: Analyzer) -> tuple[dict[tuple[str, ...], str], frozenset[tuple[str, ...]]]:
    """EDICT, keyed by the words that the analyzer makes of an entry; of several entries the common one's senses first."""
    found: defaultdict[tuple[str, ...], list[tuple[bool, list[str]]]] = defaultdict(list)
    with path.open(encoding="euc-jp", errors="replace") as lines:
        next(lines)  # the dictionary's own name
        for line in lines:
            head, _, senses = line.partition("/")
            texts = [_NOTE.sub("", sense).strip().removeprefix("to ") for sense in senses.strip().strip("/").split("/")]
            texts = [text for text in texts if text]
            key = tuple(analyzer.japanese_words(head.split()[0]))
            if texts and 1 <= len(key) <= 4:
                found[key].append(("(P)" not in senses, texts[:3]))
    glosses = {}
    for key, entries in found.items():
        ordered = [text for _, texts in sorted(entries, key=lambda entry: entry[0]) for text in texts]
        glosses[key] = "; ".join(list(dict.fromkeys(ordered))[:3])
    return glosses, frozenset(key for key, entries in found.items() if any(not rare for rare, _ in entries))
