"""Each window has the key of its text, and the vector that its embedder gives that text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qeu_rag.index.embed import Embedder
from qeu_rag.index.windows import window_text, windows
from qeu_rag.ingest.vectors import embed_texts, keyed_windows
from qeu_rag.types import Chunk, Span

BODY = "The per diem is 3,000 yen a day."


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


def keys(one: Chunk) -> list[str]:
    return [key for _, _, key in keyed_windows(one)]


def test_windows_come_with_their_texts() -> None:
    long = chunk("".join(f"Rule {n}: {BODY} It is paid with the salary of the month. " for n in range(20)))
    found = keyed_windows(long)
    assert [window for window, _, _ in found] == list(windows(long))
    assert [text for _, text, _ in found] == [window_text(long, window) for window in windows(long)]
    assert len(set(keys(long))) == len(found) > 2


def test_a_key_is_that_of_all_that_shapes_the_vector_and_of_nothing_else() -> None:
    one = chunk(BODY)
    assert keys(one) == keys(replace(one, id="x", document_id="y", source="z", page=3, lang="ja"))
    assert keys(one) == keys(chunk(f"## Per diem\n\n**{BODY}**"))
    row = chunk("| Tokyo | 4,000 |", header="| City | Yen |\n| --- | --- |")
    others = [
        replace(one, headings=("Travel",)),
        replace(one, headings=("Travel", "Hotels")),
        replace(one, text="No."),
        row,
        replace(row, header="| City | Euro |\n| --- | --- |"),
    ]
    assert len({key for other in (one, *others) for key in keys(other)}) == 6


def test_text_with_half_a_character_has_a_key() -> None:
    assert len(keys(chunk("ten \ud800 days"))) == 1


def test_vectors_are_the_embedders_own_under_their_keys(embedder: Embedder) -> None:
    told: list[int] = []
    texts = {"here": f"Travel › Per diem\n{BODY}", "there": "日当は一日3,000円とする。", "long": "word " * 2000}
    found = embed_texts(texts, embedder, told.append)
    assert list(found) == list(texts)
    assert np.allclose(np.array(list(found.values())), embedder.embed_passages(list(texts.values())), atol=1e-6)
    assert [round(float(np.linalg.norm(vector)), 4) for vector in found.values()] == [1.0, 1.0, 1.0]
    assert told[-1] == max(told) == 3
