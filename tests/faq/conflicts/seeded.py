"""Conflicts and agreements that look like conflicts, written into documents: for the test and for benchmarks/conflicts.py.

The pairs were written before any rule was tuned. Odd ones were looked at in tuning, even ones never.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qeu_rag import KnowHow
from qeu_rag.faq.conflicts import find_conflicts

PAIRS = Path(__file__).with_name("pairs.tsv")
TITLES = {"ja": ("業務の手引き", "品質規程"), "en": ("Working guide", "Quality manual")}


@dataclass(frozen=True)
class Pair:
    """Two statements with their headings; ``label`` is "conflict" or "agreement"."""

    label: str
    lang: str
    sides: tuple[tuple[str, str], tuple[str, str]]
    held_out: bool

    @property
    def quotes(self) -> frozenset[str]:
        """The two statements."""
        return frozenset(words for _, words in self.sides)


def seeded() -> list[Pair]:
    """All pairs in their order."""
    count: Counter[tuple[str, str]] = Counter()
    pairs = []
    for line in PAIRS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        label, lang, _, h1, s1, h2, s2 = line.split("\t")
        count[label, lang] += 1
        pairs.append(Pair(label, lang, ((h1, s1), (h2, s2)), count[label, lang] % 2 == 0))
    return pairs


def write(pairs: Sequence[Pair], folder: Path) -> None:
    """Two documents a language, one side of each pair in each."""
    folder.mkdir(parents=True)
    for lang, titles in TITLES.items():
        for side, title in enumerate(titles):
            sections = [f"## {p.sides[side][0]}\n\n{p.sides[side][1]}\n" for p in pairs if p.lang == lang]
            (folder / f"{lang}-{side}.md").write_text(f"# {title}\n\n" + "\n".join(sections), encoding="utf-8")


def measured(pairs: Sequence[Pair], know_how: KnowHow) -> tuple[set[frozenset[str]], set[frozenset[str]]]:
    """The pairs of sentences found in a collection that holds ``pairs`` alone, and those wanted."""
    found = {frozenset((one.found.first, one.found.second)) for one in find_conflicts(know_how)}
    return found, {pair.quotes for pair in pairs if pair.label == "conflict"}
