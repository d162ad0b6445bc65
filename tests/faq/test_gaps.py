"""What to write next, from questions that were really asked and logged over documents that really lack the answer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from qeu_rag import KnowHow
from qeu_rag.faq.gaps import find_gaps
from qeu_rag.faq.gaps_page import markdown
from qeu_rag.faq.subjects import by_subject

PARKING = ("駐車場はどこにありますか", "駐車場の利用料金はいくらですか", "来客用の駐車場はどこにありますか")
PENSION = ("Which pension plan does the company offer?", "What pension plan is offered to part-time staff?")
KNOWN = "国内出張の日当はいくらですか"


@pytest.fixture
def asked(noted: Path) -> Iterator[KnowHow]:
    with KnowHow.open(home=noted, log__questions=True) as opened:
        for question in (
            *PARKING,
            PARKING[0],
            "駐車場は、どこにありますか？",
            *PENSION,
            KNOWN,
            "モンゴルの首都はどこですか",
        ):
            opened.ask(question)
        yield opened


def test_open_questions_are_grouped_and_counted(asked: KnowHow) -> None:
    seen: list[tuple[int, int]] = []
    gaps = find_gaps(asked, asked.record.questions.entries(), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n, len(seen)) for n in range(1, len(seen) + 1)] != []
    assert [gap.count for gap in gaps] == sorted((gap.count for gap in gaps), reverse=True)
    first = gaps[0]
    assert {question.question for question in first.questions} >= {PARKING[1], PARKING[2]}
    assert first.count == 5
    assert max(question.count for question in first.questions) >= 2
    (pension,) = [gap for gap in gaps if any("pension" in question.question for question in gap.questions)]
    assert {question.question for question in pension.questions} == set(PENSION)
    everything = {question.question for gap in gaps for question in gap.questions}
    assert KNOWN not in everything
    assert all(chunk.source.endswith(".md") for gap in gaps for chunk in gap.nearest)
    assert len(asked.record.questions.entries()) == 9  # looking for gaps asks nothing in anybody's name


def test_an_answer_that_people_call_wrong_is_a_gap_until_it_helps(asked: KnowHow) -> None:
    log = asked.record.questions

    def found() -> dict[str, tuple[int, int, str]]:
        gaps = find_gaps(asked, log.entries(), log.feedback())
        return {q.question: (q.count, q.wrong, q.outcome) for gap in gaps for q in gap.questions}

    before = found()
    log.judge(KNOWN, helped=False)
    log.judge(f"{KNOWN}？", helped=False)  # the same question by its key, and the wording that was last used
    assert found() == before | {f"{KNOWN}？": (2, 2, "wrong")}
    log.judge(KNOWN, helped=True)
    assert found() == before
    log.judge(KNOWN, helped=False)
    assert found() == before | {KNOWN: (1, 1, "wrong")}
    assert "called wrong" in markdown(find_gaps(asked, log.entries(), log.feedback()), "en")


def test_questions_in_two_languages_are_one_gap(asked: KnowHow) -> None:
    asked.ask("Where can visitors park their car?")
    (parking,) = [
        g for g in find_gaps(asked, asked.record.questions.entries()) if PARKING[1] in {q.question for q in g.questions}
    ]
    assert "Where can visitors park their car?" in {question.question for question in parking.questions}
    assert parking.count == 6


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(["駐車場", "car park", "pension"]), st.integers(0, 3), st.booleans()), max_size=12
    )
)
def test_every_question_is_in_one_group_and_equal_ones_are_in_the_same(asked: list[tuple[str, int, bool]]) -> None:
    axes = np.eye(4, dtype=np.float32)
    groups = by_subject(
        [words for words, _, _ in asked],
        [[words] for words, _, _ in asked],
        [axes[axis] if known else None for _, axis, known in asked],
    )
    assert sorted(at for group in groups for at in group) == list(range(len(asked)))
    assert groups == sorted(groups)
    group_of = {at: n for n, group in enumerate(groups) for at in group}
    if len({known for _, _, known in asked}) == 1:
        for one, other in itertools.combinations(range(len(asked)), 2):
            if asked[one] == asked[other]:
                assert group_of[one] == group_of[other]


def test_a_gap_closes_when_a_document_answers(asked: KnowHow, noted: Path) -> None:
    (noted / "docs" / "parking.md").write_text(
        "# 駐車場\n\n来客用の駐車場は本館の裏にあります。駐車場の利用料金は一日500円です。駐車場は案内図に示します。\n",
        encoding="utf-8",
    )
    asked.ingest(noted / "docs")
    gaps = find_gaps(asked, asked.record.questions.entries())
    assert not any("駐車場の利用料金" in question.question for gap in gaps for question in gap.questions)


def test_the_command_writes_markdown_and_workbooks(asked: KnowHow, noted: Path, here: Run, tmp_path: Path) -> None:
    asked.ask("=HYPERLINK(1) pension")
    asked.close()
    home = {"QEU_RAG_HOME": str(noted)}
    shown = here("faq", "gaps", env=home).stdout
    assert shown.startswith("# What to write next")
    assert f"- 1 × {PARKING[1]}" in shown
    assert "asked once" in shown
    file = tmp_path / "gaps.xlsx"
    assert "gaps.xlsx: " in here("faq", "gaps", "-o", str(file), env=home).stderr
    before = file.read_bytes()
    assert here("faq", "gaps", "-o", str(file), env=home).returncode == 2  # a plan that people wrote into stays
    assert file.read_bytes() == before
    rows = list(load_workbook(file).active.iter_rows(values_only=True))
    assert rows[0][:3] == ("Group", "Asked", "Question")
    assert PARKING[1] in [row[2] for row in rows]
    assert not any(cell.data_type == "f" for line in load_workbook(file).active.iter_rows() for cell in line)
    assert here("faq", "gaps", "-o", str(tmp_path / "no" / "gaps.md"), env=home).returncode == 1
    assert here("faq", "gaps", "-o", str(tmp_path / "gaps.pdf"), env=home).returncode == 2
