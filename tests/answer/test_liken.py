"""The sense of units beside their words: what is compared, and what it changes."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag.answer.liken import JAPANESE, OTHER, REACH, liken
from qeu_rag.answer.shown import shown
from qeu_rag.answer.units import units
from qeu_rag.answer.weigh import Unit, weigh
from qeu_rag.index.analyze import Analyzer
from qeu_rag.index.embed import Embedder, open_embedder
from qeu_rag.index.model_files import BILINGUAL
from qeu_rag.index.notation import lang_of
from qeu_rag.types import Chunk, Lang, ScoredChunk, Span

ANALYZE = Analyzer().evidence_terms


def chunk_of(text: str, *, headings: tuple[str, ...] = ("Handbook", "Travel"), lang: Lang = "en") -> Chunk:
    return Chunk(
        id=f"c-{len(text)}-{lang}",
        document_id="d",
        source="rules.md",
        title="Handbook",
        headings=headings,
        text=text,
        span=Span(start=0, end=len(text)),
        lang=lang,
    )


def weighed(question: str, *chunks: Chunk) -> tuple[Unit, ...]:
    found = [ScoredChunk(chunk=chunk, score=1 / n, rank=n) for n, chunk in enumerate(chunks, start=1)]
    return weigh(question, found, dict.fromkeys(ANALYZE(question), 1.0), ANALYZE)


def lines(found: Sequence[Unit]) -> list[str]:
    return [unit.span.of(unit.chunk.text) for unit in found]


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    cache: Path = tmp_path_factory.mktemp("cache")
    return open_embedder(model=BILINGUAL, cache=cache, languages=frozenset({"en", "ja"}))


@pytest.mark.parametrize(
    ("question", "text", "first"),
    [
        (
            "Can I go on using a gauge that somebody let fall on the floor?",
            "The workshop's head plans the week. An instrument that was dropped is calibrated again. Lunch is at noon.",
            "An instrument that was dropped",
        ),
        (
            "体の具合が悪くて仕事に行けないとき、誰に連絡しますか。",
            "工程の計画は課長が決める。病気で欠勤する者は朝九時までに上司へ電話する。部品は棚に置く。",
            "病気で欠勤する者",
        ),
    ],
)
def test_the_sentence_in_other_words_comes_first(embedder: Embedder, question: str, text: str, first: str) -> None:
    found = weighed(question, chunk_of(text, lang=lang_of(text)))
    assert not lines(found)[0].startswith(first)

    def likeness(asked: str, texts: Sequence[str]) -> list[float]:
        return [float(value) for value in embedder.embed_passages(texts) @ embedder.embed_query(asked)]

    assert lines(liken(question, found, likeness))[0].startswith(first)


def test_a_list_item_is_compared_below_its_introduction_and_a_row_with_its_columns() -> None:
    steps = chunk_of("Before a trip:\n\n- book the hotel\n- tell the office\n")
    assert shown(steps, list(units(steps)), 2) == "Travel: Before a trip: tell the office"
    table = chunk_of("| Grade | Hotel |\n| --- | --- |\n| Senior | 12,000 yen |\n")
    spans = list(units(table))
    assert shown(table, spans, len(spans) - 1) == "Travel: Grade: Senior, Hotel: 12,000 yen"
    back = chunk_of("The card is blue. It opens the gate.", headings=())
    assert shown(back, list(units(back)), 1) == "Handbook: The card is blue. It opens the gate."


def test_without_a_likeness_the_words_decide() -> None:
    question = "How much travel allowance do I get?"
    found = weighed(question, chunk_of("The travel allowance is 3,000 yen. Lunch is at noon."))
    assert liken(question, found, lambda asked, texts: None) == found
    assert liken(question, (), lambda asked, texts: None) == ()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["The allowance is 3,000 yen", "Lunch is at noon", "日当は60ドルである", "x"]),
        max_size=30,
    ),
    st.lists(st.floats(-1, 1), min_size=1, max_size=7),
    st.sampled_from(["en", "ja"]),
)
def test_no_unit_is_lost_and_few_are_compared(parts: list[str], cosines: list[float], lang: Lang) -> None:
    question = "How much travel allowance do I get?"
    found = weighed(question, chunk_of(". ".join(parts) or ".", lang=lang))
    seen: list[str] = []

    def likeness(asked: str, texts: Sequence[str]) -> list[float]:
        seen.extend(texts)
        return [cosines[at % len(cosines)] for at in range(len(texts))]

    ordered = liken(question, found, likeness)
    assert sorted(lines(ordered)) == sorted(lines(found))
    assert [unit.score for unit in ordered] == sorted((unit.score for unit in ordered), reverse=True)
    near = sum(unit.score >= found[0].score - REACH for unit in found) if found else 0
    assert len(seen) == min(near, JAPANESE if lang == "ja" else OTHER)
    assert not ordered or ordered[0].cosine is None or -1 <= ordered[0].cosine <= 1
