"""A made-up English corpus and questions on it: words of the embedder's own vocabulary, frequent ones often (Zipf)."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from qeu_rag.embed.model_files import locate

SEED = 20261123
CHUNKS_A_FILE = 10
_SECTIONS = CHUNKS_A_FILE // 2
_SECTION_CHARACTERS = 1450
"""A section is cut into two chunks of at most 1,000 characters (400 units of size)."""


def model_folder() -> Path:
    """Where the bundled model is."""
    return locate("bundled", allow_network=False)


@cache
def _words() -> tuple[list[str], list[float]]:
    """About 20,000 English words with running sums of weights; the vocabulary is in the order of frequency."""
    pieces = json.loads((model_folder() / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    words = [piece[1:] for piece, _ in pieces if re.fullmatch("▁[a-z]{2,14}", piece)]
    return words, list(itertools.accumulate(1.0 / (rank + 3) for rank in range(len(words))))


def _sentence(dice: random.Random) -> str:
    words, sums = _words()
    return " ".join(dice.choices(words, cum_weights=sums, k=dice.randint(8, 22))).capitalize() + "."


def passage(dice: random.Random, characters: int) -> str:
    """Sentences of about ``characters`` together."""
    parts: list[str] = []
    while sum(map(len, parts)) + len(parts) < characters - 60:
        parts.append(_sentence(dice))
    return " ".join(parts)


def write_corpus(folder: Path, chunks: int) -> None:
    """Markdown files in ``folder``, one for every ten chunks: a title and five sections of two chunks each."""
    dice = random.Random(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(chunks // CHUNKS_A_FILE):
        lines = [f"# {_sentence(dice)[:50]} {number}"]
        for _ in range(_SECTIONS):
            lines += [f"## {_sentence(dice)[:40]}", passage(dice, _SECTION_CHARACTERS)]
        (folder / f"note-{number:05d}.md").write_text("\n\n".join(lines) + "\n", encoding="utf-8")


def questions(texts: list[str], count: int) -> list[str]:
    """``count`` different questions, each on some words that stand together in one of ``texts``."""
    dice = random.Random(SEED + 1)
    return list(itertools.islice(_questions(texts, dice), count))


def _questions(texts: list[str], dice: random.Random) -> Iterator[str]:
    met: set[str] = set()
    while True:
        words = re.findall("[a-z]+", dice.choice(texts))
        at = dice.randrange(max(1, len(words) - 8))
        question = f"What is written about {' '.join(words[at : at + dice.randint(4, 8)])}?"
        if question not in met:
            met.add(question)
            yield question
