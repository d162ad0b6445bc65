"""The windows of a chunk with the text and the key of their vectors, and the vectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.embed.embedder import Embedder
from qeu_rag.ingest.vectors import embed_texts, keyed_windows
from qeu_rag.types import Chunk, Span

BODY = "The per diem is 3,000 yen a day."
TABLE = "\n".join(f"| City number {number} | {number},000 yen a night at the most |" for number in range(40))


def chunk(
    text: str, *, title: str = "Travel", headings: tuple[str, ...] = ("Travel", "Per diem"), header: str = ""
) -> Chunk:
    return Chunk(
        id=text,
        document_id="d",
        source="travel.md",
        title=title,
        headings=headings,
        text=text,
        span=Span(start=0, end=len(text)),
        header=header,
    )


def only(chunk: Chunk) -> tuple[str, str]:
    """The text and the key of a chunk's only window."""
    ((_, text, key),) = keyed_windows(chunk)
    return text, key


def test_a_window_is_embedded_below_its_headings_and_without_marks() -> None:
    assert only(chunk(f"# Travel\n\n## Per diem\n\n{BODY}"))[0] == f"Travel › Per diem\n{BODY}"
    assert only(chunk(BODY, title="", headings=()))[0] == BODY
    row = only(chunk("| Tokyo | 4,000 |", header="| city | yen |\n| --- | --- |"))[0]
    assert row == "Travel › Per diem\ncity | yen\nTokyo | 4,000"


def test_every_window_of_a_long_table_names_its_columns() -> None:
    found = keyed_windows(chunk(TABLE, header="| city | the most |\n| --- | --- |"))
    assert len(found) > 3
    assert all(text.startswith("Travel › Per diem\ncity | the most\nCity number") for _, text, _ in found)
    assert len({key for _, _, key in found}) == len(found)


def test_a_key_is_that_of_the_text_alone() -> None:
    one = chunk(BODY)
    same = replace(one, id="x", document_id="y", source="z", page=3, span=Span(start=7, end=7 + len(BODY)), lang="ja")
    assert only(same) == only(one)
    others = [replace(one, title="Trips", headings=()), replace(one, headings=("Travel",)), replace(one, text="No.")]
    assert len({only(other)[1] for other in (one, *others)}) == 4


@given(st.lists(st.text(alphabet="a。. \n#|あ\ud800", max_size=200), max_size=4))
def test_keys_are_equal_where_texts_are_and_windows_are_in_order(texts: list[str]) -> None:
    found = [kept for text in texts for kept in keyed_windows(chunk(text))]
    assert len({text for _, text, _ in found}) == len({key for _, _, key in found}) == len({k[1:] for k in found})
    for text in texts:
        starts = [window.span.start for window, _, _ in keyed_windows(chunk(text))]
        assert starts == sorted(starts)


def test_vectors_are_those_of_the_texts_under_their_keys(embedder: Embedder) -> None:
    texts = {"b": "日当は一日 3,000 円とする。", "a": BODY, "z": ""}
    told: list[int] = []
    found = embed_texts(texts, embedder, told.append)
    assert list(found) == ["b", "a", "z"]
    assert np.array_equal(np.stack(list(found.values())), embedder.embed_passages(list(texts.values())))
    assert told[-1] == max(told) == 3
    assert embed_texts({}, embedder, told.append) == {}


def test_a_passage_below_a_question_is_found_by_that_question(embedder: Embedder) -> None:
    asked = only(
        chunk("## Q2. Can I bring my dog?\n\nOn Fridays only.", headings=("Office FAQ", "Q2. Can I bring my dog?"))
    )
    other = only(chunk("## Parking\n\nOn Fridays only.", headings=("Office FAQ", "Parking")))
    found = embed_texts({"asked": asked[0], "other": other[0]}, embedder, lambda _: None)
    question = embedder.embed_query("Is a pet allowed at work?")
    assert question @ found["asked"] > question @ found["other"] + 0.1
