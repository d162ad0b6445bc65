from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.index.embed import Embedder, open_embedder
from qeu_rag.ingest.vectors import CONTEXT, embed_chunks, vector_key
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


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return open_embedder(
        model="bilingual",
        cache=Path(tmp_path_factory.getbasetemp()).parent / "cache",
        languages=frozenset({"ja", "en"}),
    )


def test_the_body_is_the_passage_without_the_headings_that_open_it() -> None:
    assert chunk(f"# Travel\n\n## Per diem\n\n{BODY}").body == BODY
    assert chunk(BODY).body == BODY
    assert chunk("### Per diem").body == "### Per diem"
    assert chunk("| Tokyo | 4,000 |", header="| city | yen |").body == "| city | yen |\n| Tokyo | 4,000 |"
    assert chunk(f"{BODY}\n\n    # a comment in code").body.endswith("# a comment in code")
    assert chunk("#hashtag first").body == "#hashtag first"


@given(st.text(alphabet="# \nあa", max_size=30))
def test_a_body_is_an_end_of_its_text_and_never_empty(text: str) -> None:
    assert text.endswith(chunk(text).body)
    assert bool(chunk(text).body) == bool(text)


def test_a_vector_is_that_of_the_body_and_a_share_of_the_context(embedder: Embedder) -> None:
    here = chunk(f"## Per diem\n\n{BODY}")
    bare = chunk(BODY, title="", headings=())
    same = chunk("## 日当\n\n日当は一日 3,000 円とする。")
    told: list[int] = []
    found = embed_chunks({"here": here, "bare": bare, "same": same}, embedder, told.append)
    body, context = embedder.embed_passages([BODY, "Travel › Per diem"])
    expected = body + CONTEXT * context
    assert np.allclose(found["here"], expected / np.linalg.norm(expected), atol=1e-6)
    assert np.array_equal(found["bare"], body)
    assert [round(float(np.linalg.norm(vector)), 5) for vector in found.values()] == [1.0, 1.0, 1.0]
    assert told[-1] == max(told) == 3


def test_passages_under_one_title_stay_further_apart_than_with_the_title_written_before_them(
    embedder: Embedder,
) -> None:
    texts = [BODY, "Receipts are kept for seven years.", "A flight is booked by the office."]
    chunks = {str(n): chunk(text, headings=("Travel expenses of employees",)) for n, text in enumerate(texts)}
    ours = np.array(list(embed_chunks(chunks, embedder, lambda _: None).values()))
    written = embedder.embed_passages([f"{c.context}\n{c.body}" for c in chunks.values()])
    assert (ours @ ours.T).sum() < (written @ written.T).sum()


def test_a_key_is_that_of_all_that_shapes_the_vector() -> None:
    one = chunk(BODY)
    assert vector_key(one) == vector_key(replace(one, id="x", document_id="y", source="z", page=3))
    others = [
        replace(one, title="Trips"),
        replace(one, headings=("Travel",)),
        replace(one, text="No."),
        replace(one, header="|"),
    ]
    assert len({vector_key(other) for other in (one, *others)}) == 5


def test_a_passage_below_a_question_is_found_by_that_question(embedder: Embedder) -> None:
    asked = chunk("## Q2. Can I bring my dog?\n\nOn Fridays only.", headings=("Office FAQ", "Q2. Can I bring my dog?"))
    named = chunk("## Dogs\n\nOn Fridays only.", headings=("Office FAQ", "Dogs"))
    found = embed_chunks({"asked": asked, "named": named}, embedder, lambda _: None)
    question = embedder.embed_query("Is a pet allowed at work?")
    assert question @ found["asked"] > question @ found["named"] + 0.1
    assert vector_key(asked) != vector_key(named)
