"""Seeded conflicts and hard agreements, written into documents in both languages: what is found of them, and what else.

The figures of both halves: benchmarks/conflicts.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from conflicts.seeded import measured, seeded, write

from qeu_rag import KnowHow
from qeu_rag.faq.conflicts import find_conflicts


@pytest.mark.parametrize("held_out", [False, True], ids=["tuned", "held out"])
def test_seeded_conflicts_are_found_and_hard_agreements_are_not(
    know_how: KnowHow, tmp_path: Path, held_out: bool
) -> None:
    pairs = [pair for pair in seeded() if pair.held_out == held_out]
    assert len(pairs) == 40
    write(pairs, tmp_path / "seeded")
    know_how.ingest(tmp_path / "seeded")
    for one in find_conflicts(know_how):
        assert one.found.first in one.first.text
        assert one.found.second in one.second.text
        assert one.first.document_id != one.second.document_id
    found, wanted = measured(pairs, know_how)
    right = found & wanted
    assert len(right) / len(found) >= 0.8
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
