"""What is quoted of the evidence: the sentence that answers, and what stands beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag.answer.extract import Piece, extract
from qeu_rag.answer.weigh import weigh
from qeu_rag.index.analyze import Analyzer
from qeu_rag.index.notation import lang_of
from qeu_rag.types import Chunk, ScoredChunk, Span

ANALYZE = Analyzer().evidence_terms
TABLE = "| 役職 | 日帰り |\n| --- | --- |\n| アナリスト | 1200 |\n| パートナー | 2600 |"


def pieces(question: str, *texts: str, max_chars: int = 400, after: str = "", heading: str = "") -> tuple[Piece, ...]:
    """What is quoted of ``texts``; ``after`` is what follows each of them in its document, ``heading`` the last one's."""
    found = []
    for rank, text in enumerate(texts, start=1):
        span = Span(start=0, end=len(text))
        chunk = Chunk(
            id=str(rank),
            document_id="d",
            source="a.md",
            title="",
            headings=(heading,) if heading and rank == len(texts) else (),
            text=text,
            span=span,
            lang=lang_of(text),
        )
        found.append(ScoredChunk(chunk=chunk, score=1 / rank, rank=rank))
    weights = dict.fromkeys(ANALYZE(question), 1.0)

    def following(chunk: Chunk) -> Chunk | None:
        return replace(chunk, id=f"{chunk.id} after", text=after) if after else None

    return extract(question, weigh(question, found, weights, ANALYZE), max_chars=max_chars, following=following)


def test_a_line_that_leads_over_to_a_table_brings_it_where_a_figure_is_asked_for() -> None:
    text = f"出張の日当（円）。\n\n{TABLE}\n\n以上。"
    (piece,) = pieces("出張の日当はいくらですか", text)
    assert piece.lines[1:] == ("| 役職 | 日帰り |", "| アナリスト | 1200 |", "| パートナー | 2600 |")
    assert piece.quote in text
    (piece,) = pieces("出張の日当とは何ですか", text)
    assert piece.lines == ("出張の日当（円）。",)


def test_a_sentence_that_says_the_figure_and_a_table_that_is_too_long_come_without_the_table() -> None:
    (piece,) = pieces("出張の日当はいくらですか", f"出張の日当は3,000円である。\n\n{TABLE}")
    assert piece.lines == ("出張の日当は3,000円である。",)
    (piece,) = pieces("出張の日当はいくらですか", f"出張の日当は次のとおり（円）。\n\n{TABLE}", max_chars=20)
    assert piece.lines == ("出張の日当は次のとおり（円）。",)


def test_a_row_comes_below_its_header() -> None:
    (piece,) = pieces("アナリストの日帰りの日当はいくらですか", f"日当\n\n{TABLE}")
    assert piece.lines == ("| 役職 | 日帰り |", "| アナリスト | 1200 |")
    assert piece.quote == "| アナリスト | 1200 |"


def test_the_sentence_that_says_the_meaning_asked_for_goes_first() -> None:
    (piece, *_) = pieces("SN比とは何ですか", "各条件のSN比を何回か求める。\n\nSN比は、ばらつきの尺度である。")
    assert piece.lines[0] == "SN比は、ばらつきの尺度である。"


def test_steps_are_kept_together_where_the_way_is_asked_for() -> None:
    steps = "Report a defect as follows:\n\n1. Stop the line.\n2. Report the defect to the foreman.\n3. Write it down."
    (piece,) = pieces("How do I report a defect?", steps)
    assert piece.quote == steps


def test_a_list_that_is_led_over_to_is_given_whole_whatever_is_asked() -> None:
    conditions = "An 8D is opened when:\n\n- a customer complains,\n- safety is at stake,\n- a defect comes twice."
    (piece,) = pieces("When is an 8D opened?", conditions)
    assert piece.quote == conditions
    chapters = "最終報告書は、次の三つの章で書く。\n\n1. 要約\n2. 結果\n3. 提案"
    (piece,) = pieces("最終報告書の章立てを教えてください", chapters)
    assert piece.quote == chapters
    (piece,) = pieces("最終報告書の章は？", f"最終報告書の章は次のとおり。\n\n{TABLE}")
    assert piece.lines[-1] == "| パートナー | 2600 |"


def test_a_list_that_is_too_long_ends_with_dots_and_a_whole_one_does_not() -> None:
    steps = [f"- step {n}: look at the machine and write down what it does" for n in range(40)]
    text = "The audit has these steps:\n\n" + "\n".join(steps)
    (piece,) = pieces("What are the steps of the audit?", text)
    assert piece.lines[-1] == "…"
    assert piece.quote.endswith(steps[len(piece.lines) - 3][2:])
    (piece,) = pieces("What are the steps of the audit?", text[: text.index("- step 5")].rstrip())
    assert piece.lines[-1] == steps[4][2:]


def test_steps_below_a_paragraph_come_with_it_where_the_way_is_asked_for_and_no_other_way() -> None:
    steps = "You can donate leave to a colleague. It stays paid.\n\n1. Log in.\n2. Choose the colleague.\n3. Confirm."
    other = "You can donate leave hours by mail to a colleague.\n\n1. Write.\n2. Send."
    (piece,) = pieces("How do I donate leave to a colleague?", steps, other)
    assert piece.quote == steps
    (piece, *_) = pieces("Who can donate leave to a colleague?", steps)
    assert "Log in" not in piece.quote


def test_the_opening_that_announces_a_way_does_not_go_before_the_steps() -> None:
    opening = "T法の計算手順と使い方をまとめる。項目が多い場合に向く。"
    steps = "1. 平均を求める。計算は表による。\n2. 引く。\n3. 傾きを求める計算をする。"
    (piece,) = pieces("T法の計算手順を教えて", opening, steps, heading="T法の計算手順")
    assert piece.quote == steps


def test_a_list_goes_on_in_the_chunk_that_follows() -> None:
    lead = "There are 3 states in which a teammate can be."
    first, second = pieces(
        "What are the states of a teammate?", lead, after="1. active\n2. away\n3. gone\n\nThat is all."
    )
    assert (first.quote, second.quote, second.marker) == (lead, "1. active\n2. away\n3. gone", 2)
    assert len(pieces("What are the states of a teammate?", lead, after="That is all.\n\n1. active\n2. away")) == 1


def test_below_the_very_question_the_first_sentence_answers() -> None:
    answer = "はい、翌日までは構いません。機材を借りる出張では、機材を返す日を先に決めます。"
    question = "出張で借りる機材を返す日は延ばせますか"
    same, other = "Q3. 出張で借りる機材を返す日を延ばせますか？", "出張で借りる機材を返す日"
    (piece, *_) = pieces(question, f"# {same}\n\n{answer}", heading=same)
    assert piece.lines[0].startswith("はい")
    (piece, *_) = pieces(question, f"# {other}\n\n{answer}", heading=other)
    assert piece.lines[0].startswith("機材")


def test_what_is_compared_is_shown_with_its_section() -> None:
    section = f"{TABLE}\n\nアナリストの日当はパートナーより少ない。"
    (piece,) = pieces("アナリストとパートナーの日当の違いは何ですか", section)
    assert piece.quote == section


@pytest.mark.parametrize("question", ["日当はいくらですか", "How do I report a defect?", "What is the rate?"])
@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "日当は次のとおり。",
                "| a | 1 |",
                "| --- | --- |",
                "- stop the line",
                "1. report",
                "Rate: 5.",
                "",
                "# 日当",
            ]
        ),
        min_size=1,
        max_size=9,
    )
)
def test_every_quote_stands_in_its_chunk_and_every_line_in_its_quote(question: str, lines: list[str]) -> None:
    text = "\n".join(lines).strip() or "日当"
    for piece in pieces(question, text):
        assert piece.quote in text
        assert all(line in text for line in piece.lines if line != "…")


def test_what_is_quoted_beside_the_best_is_in_its_language() -> None:
    found = pieces(
        "SN比とは何ですか",
        "SN比は、ばらつきの尺度である。",
        "The SN比 is a ratio.",
        "SN比とは何かは規格にも定めがある。",
    )
    assert [piece.chunk.id for piece in found][:1] == ["1"]
    assert "2" not in [piece.chunk.id for piece in found]
