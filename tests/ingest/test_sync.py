from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import NOTES, folder_with, new_home, state_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qeu_rag import KnowHow
from qeu_rag.index.ledger import Ledger
from qeu_rag.ingest.report import Progress

INGEST = "import sys; from qeu_rag import KnowHow; KnowHow.open(home=sys.argv[1], notify=print).ingest(sys.argv[2])"


def counts(know_how: KnowHow, docs: Path, **options: object) -> tuple[int, int, int, int, int]:
    report = know_how.ingest(docs, **options)  # type: ignore[arg-type]
    return report.added, report.updated, report.removed, report.unchanged, len(report.failed)


def test_added_changed_renamed_removed(know_how: KnowHow, docs: Path) -> None:
    assert counts(know_how, docs) == (4, 0, 0, 0, 0)
    assert counts(know_how, docs) == (0, 0, 0, 4, 0)
    (docs / "loss.md").write_text(NOTES["loss.md"].replace("rework", "scrap"), encoding="utf-8")
    (docs / "mts.md").rename(docs / "mt-system.md")
    (docs / "travel.md").unlink()
    assert counts(know_how, docs) == (1, 1, 2, 1, 0)
    sources = {row.source for row in know_how.documents().documents}
    assert sources == {"loss.md", "mt-system.md", "audit.md"}
    for question in ("日当はいくらですか", "宿泊費の上限", "rework"):
        for scored in know_how.search(question):
            assert scored.chunk.source in sources
            assert "rework" not in scored.chunk.text
            assert "日当" not in scored.chunk.text


def test_only_changed_texts_are_embedded(know_how: KnowHow, docs: Path) -> None:
    first = know_how.ingest(docs)
    assert (first.chunks, first.embedded) == (6, 6)  # chunks so short are one window each
    (docs / "loss.md").write_text(NOTES["loss.md"].replace("rework", "scrap"), encoding="utf-8")
    assert know_how.ingest(docs).embedded == 1
    long = "".join(f"Rule {n} says that the allowance of an employee is {n},000 yen a day. " for n in range(20))
    (docs / "rules.md").write_text(f"# Rules\n\n{long}", encoding="utf-8")
    whole = know_how.ingest(docs).embedded
    assert whole > 2
    (docs / "rules.md").write_text(f"# Rules\n\n{long.replace('is 19,000', 'was 19,000')}", encoding="utf-8")
    assert know_how.ingest(docs).embedded == 1  # of its windows only the last
    (docs / "loss.md").rename(docs / "cost.md")
    assert know_how.ingest(docs).embedded == 0


def test_touching_a_file_changes_nothing(know_how: KnowHow, docs: Path) -> None:
    know_how.ingest(docs)
    before = know_how.status()["generation"]
    os.utime(docs / "loss.md", ns=(1, 1))
    assert counts(know_how, docs) == (0, 0, 0, 4, 0)
    assert know_how.status()["generation"] == before


def test_a_change_within_the_clock_grain_is_seen(know_how: KnowHow, docs: Path) -> None:
    # A time that is not past yet is within the grain however slowly this machine ingests.
    later = time.time_ns() + 3600 * 10**9
    os.utime(docs / "loss.md", ns=(later, later))
    know_how.ingest(docs)
    stat = (docs / "loss.md").stat()
    (docs / "loss.md").write_text(NOTES["loss.md"].replace("rework", "REWORK"), encoding="utf-8")
    os.utime(docs / "loss.md", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert counts(know_how, docs) == (0, 1, 0, 3, 0)


def test_same_content_under_two_names_is_one_document(know_how: KnowHow, docs: Path) -> None:
    shutil.copy(docs / "loss.md", docs / "copy.md")
    report = know_how.ingest(docs)
    assert report.added == 5
    rows = [row for row in know_how.documents().documents if row.source in ("loss.md", "copy.md")]
    assert len({row.document_id for row in rows}) == 1
    best = know_how.search("What is the quality loss?")[0].chunk
    assert (best.source, best.other_sources) == ("copy.md", ("loss.md",))
    (docs / "copy.md").unlink()
    know_how.ingest(docs)
    best = know_how.search("What is the quality loss?")[0].chunk
    assert (best.source, best.other_sources) == ("loss.md", ())


def test_no_prune_keeps_what_is_gone(know_how: KnowHow, docs: Path) -> None:
    know_how.ingest(docs)
    (docs / "loss.md").unlink()
    assert counts(know_how, docs, prune=False) == (0, 0, 0, 3, 0)
    assert "loss.md" in {row.source for row in know_how.documents().documents}
    assert counts(know_how, docs) == (0, 0, 1, 3, 0)


def test_dry_run_writes_nothing(know_how: KnowHow, docs: Path) -> None:
    assert counts(know_how, docs, dry_run=True) == (4, 0, 0, 0, 0)
    assert counts(know_how, docs) == (4, 0, 0, 0, 0)
    (docs / "loss.md").unlink()
    assert counts(know_how, docs, dry_run=True) == (0, 0, 1, 3, 0)
    assert counts(know_how, docs) == (0, 0, 1, 3, 0)


def test_another_folder_leaves_the_first_alone(know_how: KnowHow, docs: Path, tmp_path: Path) -> None:
    know_how.ingest(docs)
    other = tmp_path / "other"
    other.mkdir()
    (other / "note.md").write_text("# Note\n\nA note on gauges.\n", encoding="utf-8")
    assert counts(know_how, other) == (1, 0, 0, 0, 0)
    assert len(know_how.documents().documents) == 5


def test_a_bad_file_is_named_and_stops_nothing(know_how: KnowHow, docs: Path) -> None:
    (docs / "broken.docx").write_bytes(b"PK\x03\x04 not a zip")
    (docs / "empty.md").write_bytes(b"")
    (docs / "photo.heic").write_bytes(b"\xff\xd8\xff")
    for _ in range(2):
        report = know_how.ingest(docs)
        assert [(s.path, s.reason) for s in report.failed] == [
            ("broken.docx", "damaged"),
            ("empty.md", "empty"),
            ("photo.heic", "unknown_type"),
        ]
    assert report.unchanged == 4


def test_a_file_that_breaks_is_not_answered_from(know_how: KnowHow, docs: Path) -> None:
    know_how.ingest(docs)
    (docs / "loss.md").write_bytes(b"")
    know_how.ingest(docs)
    assert "loss.md" not in {row.source for row in know_how.documents().documents}


class Cut(BaseException):
    """Ends a run where the progress says, as a signal would."""


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(1, 12), again=st.integers(1, 12), steps=st.permutations(["edit", "remove", "add", "rename"]))
def test_interrupted_anywhere_ends_the_same(
    cut: int, again: int, steps: list[str], tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path
) -> None:
    base = tmp_path_factory.mktemp("cut")
    docs = folder_with(base / "docs")
    calm, disturbed = (new_home(base / name, embedder_cache) for name in ("calm", "cut"))
    for change in (None, steps[0], steps[1]):
        _change(docs, change)
        with KnowHow.open(home=calm) as know_how:
            know_how.ingest(docs)
        for limit in (cut, again):
            left = [limit]

            def stop(step: Progress, left: list[int] = left) -> None:
                left[0] -= 1
                if left[0] == 0:
                    raise Cut

            try:
                with KnowHow.open(home=disturbed) as know_how:
                    know_how.ingest(docs, progress=stop)
            except Cut:
                pass
        with KnowHow.open(home=disturbed) as know_how:
            know_how.ingest(docs)
        assert state_of(disturbed) == state_of(calm)


def _change(docs: Path, change: str | None) -> None:
    if change == "edit":
        path = docs / "audit.md"
        path.write_text(path.read_text(encoding="utf-8") + "\nAudits are repeated every year.\n", encoding="utf-8")
    elif change == "remove":
        (docs / "mts.md").unlink()
    elif change == "add":
        (docs / "new.md").write_text("# 新しい文書\n\n校正の周期は一年とする。\n", encoding="utf-8")
    elif change == "rename":
        (docs / "travel.md").rename(docs / "ryohi.md")


def kill_rounds(base: Path, embedder_cache: Path, rounds: int, seed: int) -> list[str]:
    """Ingests, edits and deletes with ``kill -9`` at random moments; the differences from a calm run, if any."""
    rng = random.Random(seed)
    docs = folder_with(base / "docs")
    for name in ("calm", "killed"):
        new_home(base / name, embedder_cache)
    differences = []
    whole = 0.0
    for number in range(rounds):
        kind = ("first", "edit", "delete")[number % 3]
        if kind == "first":
            shutil.rmtree(base / "calm" / "collections", ignore_errors=True)
            shutil.rmtree(base / "killed" / "collections", ignore_errors=True)
            (docs / "mts.md").write_text(NOTES["mts.md"], encoding="utf-8")
        elif kind == "edit":
            (docs / "audit.md").write_text(NOTES["audit.md"] + f"\nEdition {number}.\n", encoding="utf-8")
        else:
            (docs / "mts.md").unlink()
        if not whole:
            began = time.monotonic()
            subprocess.run([sys.executable, "-c", INGEST, base / "calm", docs], check=True, capture_output=True)
            whole = time.monotonic() - began
        _ingest(base / "calm", docs)
        process = subprocess.Popen(
            [sys.executable, "-c", INGEST, base / "killed", docs], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(rng.uniform(0.15, 1.0) * whole)
        process.send_signal(signal.SIGKILL)
        process.wait()
        _ingest(base / "killed", docs)
        if state_of(base / "killed") != state_of(base / "calm"):
            differences.append(f"round {number} ({kind})")
    return differences


def _ingest(home: Path, docs: Path) -> None:
    with KnowHow.open(home=home) as know_how:
        know_how.ingest(docs)


def test_killed_ingest_is_taken_up_again(tmp_path: Path, embedder_cache: Path) -> None:
    assert kill_rounds(tmp_path, embedder_cache, rounds=3, seed=1) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_forty_two_kills(tmp_path: Path, embedder_cache: Path) -> None:
    assert kill_rounds(tmp_path, embedder_cache, rounds=42, seed=2) == []


def test_the_user_is_told_of_an_interrupted_run(know_how: KnowHow, home: Path, docs: Path) -> None:
    know_how.ingest(docs)
    (docs / "loss.md").unlink()

    def stop(step: Progress) -> None:
        if step.stage == "index":
            raise Cut

    (docs / "new.md").write_text("# New\n\nSomething new.\n", encoding="utf-8")
    with pytest.raises(Cut):
        know_how.ingest(docs, progress=stop)
    with Ledger(know_how.collection.ledger_path) as ledger:
        assert ledger.pending()
    assert know_how.search("quality loss")[0].chunk.source == "loss.md"  # the last whole generation
    told: list[str] = []
    with KnowHow.open(home=home, notify=told.append) as again:
        again.ingest(docs)
    assert any("interrupted" in line for line in told)
    assert "loss.md" not in {row.source for row in know_how.documents().documents}


def test_a_second_ingest_waits_says_for_whom_and_then_looks_at_the_folder_anew(home: Path, docs: Path) -> None:
    told: list[str] = []
    first = KnowHow.open(home=home)
    script = "import sys; from qeu_rag import KnowHow; KnowHow.open(home=sys.argv[1], notify=print).ingest(sys.argv[2])"
    with first.collection.writer():
        second = subprocess.Popen(
            [sys.executable, "-c", script, home, docs],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert second.stdout is not None
        told.append(second.stdout.readline())
        (docs / "late.md").write_text("# Late\n\nIt came while the second one waited.\n", encoding="utf-8")
    second.communicate(timeout=120)
    assert second.returncode == 0
    assert f"process {os.getpid()}" in told[0]
    assert len(first.documents().documents) == 5


def test_a_document_that_can_be_read_no_more_is_counted_as_removed(know_how: KnowHow, docs: Path) -> None:
    know_how.ingest(docs)
    (docs / "audit.md").write_bytes(bytes(range(256)) * 10)
    report = know_how.ingest(docs, prune=False)
    assert (report.added, report.updated, report.removed, report.unchanged) == (0, 0, 1, 3)
    assert [skipped.path for skipped in report.failed] == ["audit.md"]
    again = know_how.ingest(docs, prune=False)
    assert (again.removed, len(again.failed)) == (0, 1)
