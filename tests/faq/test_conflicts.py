"""Seeded conflicts and hard agreements, written into documents in both languages: what is found of them, and what else.

The pairs were written before any rule was tuned. Odd ones were looked at in tuning, even ones never.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from qeu_rag import KnowHow
from qeu_rag.faq.conflicts import find_conflicts

TITLES = {"ja": ("業務の手引き", "品質規程"), "en": ("Working guide", "Quality manual")}


@dataclass(frozen=True)
class Pair:
    label: str
    lang: str
    sides: tuple[tuple[str, str], tuple[str, str]]
    held_out: bool

    @property
    def quotes(self) -> frozenset[str]:
        return frozenset(words for _, words in self.sides)


def seeded() -> list[Pair]:
    lines = (Path(__file__).parent / "conflicts" / "pairs.tsv").read_text(encoding="utf-8").splitlines()
    count: dict[tuple[str, str], int] = {}
    pairs = []
    for label, lang, _, h1, s1, h2, s2 in (line.split("\t") for line in lines if not line.startswith("#")):
        count[label, lang] = count.get((label, lang), 0) + 1
        pairs.append(Pair(label, lang, ((h1, s1), (h2, s2)), count[label, lang] % 2 == 0))
    return pairs


@pytest.mark.parametrize("held_out", [False, True], ids=["tuned", "held out"])
def test_seeded_conflicts_are_found_and_hard_agreements_are_not(
    know_how: KnowHow, tmp_path: Path, held_out: bool
) -> None:
    pairs = [pair for pair in seeded() if pair.held_out == held_out]
    assert len(pairs) == 40
    folder = tmp_path / "seeded"
    folder.mkdir()
    for lang, titles in TITLES.items():
        for side, title in enumerate(titles):
            sections = [f"## {p.sides[side][0]}\n\n{p.sides[side][1]}\n" for p in pairs if p.lang == lang]
            (folder / f"{lang}-{side}.md").write_text(f"# {title}\n\n" + "\n".join(sections), encoding="utf-8")
    know_how.ingest(folder)
    found = find_conflicts(know_how)
    for one in found:
        assert one.found.first in one.first.text
        assert one.found.second in one.second.text
        assert one.first.document_id != one.second.document_id
    quotes = {frozenset((one.found.first, one.found.second)) for one in found}
    wanted = {pair.quotes for pair in pairs if pair.label == "conflict"}
    right = quotes & wanted
    assert len(right) / len(quotes) >= 0.8
    assert len(right) / len(wanted) >= 0.7


def test_what_stands_in_both_documents_is_no_conflict(know_how: KnowHow, tmp_path: Path) -> None:
    folder = tmp_path / "docs2"
    folder.mkdir()
    both = (
        "A sample of 80 pieces is drawn from each lot of bolts. A sample of 125 pieces is drawn from each lot of bolts."
    )
    (folder / "a.md").write_text(f"# Bolts\n\n{both}\n", encoding="utf-8")
    (folder / "b.md").write_text(f"# Inspection\n\n{both} It is written down.\n", encoding="utf-8")
    know_how.ingest(folder)
    assert find_conflicts(know_how) == ()
