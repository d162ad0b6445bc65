"""Journals that were really cut or damaged: the end costs one row, the middle is refused with its line, no output is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qeu_rag import KnowHow
from qeu_rag.errors import StorageError
from qeu_rag.faq.journal import Journal, journal_path

RUN = {"questions": "a", "settings": {"k": 8}}


def made(path: Path, *, last: str) -> tuple[bytes, int]:
    """A journal of three answers and a note, its bytes, and where its last record begins."""
    with Journal(path, RUN, restart=True) as journal:
        journal.add("one", "supported", {"text": "60日"})
        journal.add_written("f" * 64)
        journal.add("two", "error", {"text": 'a "quoted"\nword'})
        if last == "written":
            journal.add_written("e" * 64)
        else:
            journal.add("three", "supported", {"text": "x"})
    whole = path.read_bytes()
    return whole, whole.rindex(b"\n", 0, -1) + 1


@pytest.mark.parametrize("last", ["answer", "written"])
def test_a_cut_at_any_byte_of_the_last_record_loses_that_record_alone(tmp_path: Path, last: str) -> None:
    path = tmp_path / "j.jsonl"
    whole, begin = made(path, last=last)
    for end in range(begin, len(whole) + 1):
        path.write_bytes(whole[:end])
        with Journal(path, RUN) as journal:
            kept = end == len(whole)
            assert list(journal.entries) == ["one", "two", *(["three"] if kept and last == "answer" else [])]
            assert journal.written == {"f" * 64, *({"e" * 64} if kept and last == "written" else ())}
            assert journal.torn == (begin < end < len(whole))
            journal.add("four", "supported", {"text": "y"})
        with Journal(path, RUN) as journal:  # and what is added then stands
            assert journal.read("four") is not None
            assert not journal.torn


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(share=st.floats(0, 1), change=st.integers(1, 255))
def test_damage_before_the_last_record_is_refused_with_its_line(tmp_path: Path, share: float, change: int) -> None:
    path = tmp_path / "j.jsonl"
    whole, begin = made(path, last="answer")
    at = round(share * (begin - 2))
    path.write_bytes(whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :])
    with pytest.raises(StorageError) as refused:
        Journal(path, RUN)
    assert refused.value.key == "batch_journal_damaged"
    assert refused.value.values["line"] == whole[:at].count(b"\n") + 1
    assert path.read_bytes()[begin:] == whole[begin:]


def test_the_command_goes_on_after_a_cut_and_loses_no_output(
    reader: KnowHow, noted: Path, here: Run, tmp_path: Path
) -> None:
    reader.close()
    (tmp_path / "q.csv").write_text("question\n日当はいくらですか\nWhat is the quality loss?\n", encoding="utf-8")
    output = tmp_path / "a.csv"

    def batch() -> tuple[int, str]:
        done = here("batch", str(tmp_path / "q.csv"), "-o", str(output), env={"QEU_RAG_HOME": str(noted)})
        return done.returncode, done.stderr

    assert batch() == (0, "")
    journal, whole, first = journal_path(output), journal_path(output).read_bytes(), output.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for end in (last, last + 1, last + 30, len(whole) - 1):  # the note of the output, cut
        journal.write_bytes(whole[:end])
        code, told = batch()
        assert code == 0
        assert "set aside" not in told
        assert ("cut off" in told) == (end > last)
    journal.write_bytes(whole)
    output.write_bytes(first)
    answer = whole.index(b'"kind":"answer"', whole.index(b'"kind":"answer"') + 1)
    journal.write_bytes(whole[: answer + 40])  # the second answer and all that was noted of the output
    code, told = batch()
    assert code == 0
    assert "a.1.csv" in told
    assert (tmp_path / "a.1.csv").read_bytes() == first
    assert output.read_bytes().count(b"\n") == first.count(b"\n")
    output.write_bytes(first + b"mine\n")  # a whole journal: an edit is an edit
    assert batch()[0] == 2
    assert output.read_bytes() == first + b"mine\n"
