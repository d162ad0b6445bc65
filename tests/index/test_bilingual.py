"""The bilingual embedder: English as MiniLM gives it, Japanese by words in the same space, the same by every way in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from qeu_rag.index.bilingual.words import FOLDER, SCALES, VECTORS, WORDS, WordVectors, save

from qeu_rag.errors import ModelError
from qeu_rag.index.embed import Embedder, open_embedder

ENGLISH = ["How is the signal-to-noise ratio computed?", "A travel allowance is paid per night.", "", "1, 2, 3"]
PAIRS = {
    "見積書の有効期限": "the period for which a quotation is valid",
    "品質管理": "quality control",
    "出張の宿泊費": "hotel costs on a business trip",
    "測定器の校正": "calibration of measuring instruments",
    "退職の手続き": "what to do when you leave the company",
    "信頼性試験": "reliability test",
}


@pytest.fixture(scope="module")
def embedder(embedder_cache: Path) -> Embedder:
    return open_embedder(model="bilingual", cache=embedder_cache, languages=frozenset({"ja", "en"}))


@pytest.fixture(scope="module")
def minilm(embedder_cache: Path) -> Embedder:
    return open_embedder(model="bundled", cache=embedder_cache, languages=frozenset({"en"}))


def test_english_is_exactly_minilm(embedder: Embedder, minilm: Embedder) -> None:
    assert np.array_equal(embedder.embed_passages(ENGLISH), minilm.embed_passages(ENGLISH))
    assert embedder.fingerprint != minilm.fingerprint


def test_japanese_finds_its_english(embedder: Embedder) -> None:
    near = embedder.embed_passages(list(PAIRS)) @ embedder.embed_passages(list(PAIRS.values())).T
    assert near.argmax(axis=1).tolist() == list(range(len(PAIRS)))


TEXTS = [*ENGLISH, *PAIRS, "SN比とは", "鼕々", "VPNの設定", "😀", "ｶﾞｲﾄﾞﾗｲﾝ", "ー"]


@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=8))
@settings(max_examples=20, deadline=None)
def test_each_text_has_its_own_unit_vector(embedder: Embedder, texts: list[str]) -> None:
    together = embedder.embed_passages(texts)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.stack([embedder.embed_query(text) for text in texts])
    assert np.allclose(together, alone, atol=1e-5)


def test_a_latin_word_does_not_drown_the_japanese_around_it(embedder: Embedder) -> None:
    plain, mixed = embedder.embed_passages(
        ["測定器の校正の記録を保管する期間", "測定器の校正の記録を保管する期間（ISO 9001）"]
    )
    assert plain @ mixed > 0.8


def test_a_word_that_is_not_in_the_table_is_read_by_its_characters() -> None:
    table = WordVectors()
    known = (FOLDER / WORDS).read_text(encoding="utf-8").split("\n")
    assert "査閲" not in known
    assert {"査", "閲"} <= set(known)
    (vector,), (count,) = table.sums(["査閲"])
    assert count == 1
    assert np.isclose(np.linalg.norm(vector), 1, atol=1e-5)
    assert table.sums(["english only"])[1].tolist() == [0]


def test_sentence_transformers_loads_the_folder_and_agrees(embedder: Embedder) -> None:
    from sentence_transformers import SentenceTransformer

    texts = [*ENGLISH, *PAIRS, "VPNの設定", "SN比"]
    theirs = SentenceTransformer(str(FOLDER), device="cpu", trust_remote_code=True).encode(
        texts, normalize_embeddings=True
    )
    assert np.allclose(theirs, embedder.embed_passages(texts), atol=1e-4)


@given(arrays(np.float32, (5, 8), elements=st.floats(-3, 3, width=32)))
def test_rows_are_kept_to_half_a_step(tmp_path_factory: pytest.TempPathFactory, rows: np.ndarray) -> None:
    folder = tmp_path_factory.mktemp("table")
    save(folder, list("abcde"), rows)
    kept = np.load(folder / VECTORS).astype(np.float32) * np.load(folder / SCALES)[:, None]
    assert np.all(np.abs(kept - rows) <= np.abs(rows).max(axis=1, keepdims=True) / 254 + 1e-6)


def test_a_table_that_is_cut_is_refused(tmp_path: Path, embedder_cache: Path) -> None:
    save(tmp_path / "short", ["一", "二"], np.eye(2, 384, dtype=np.float32))
    (tmp_path / "short" / WORDS).write_text("一", encoding="utf-8")
    save(tmp_path / "cut", ["一", "二"], np.eye(2, 384, dtype=np.float32))
    (tmp_path / "cut" / VECTORS).write_bytes((tmp_path / "cut" / VECTORS).read_bytes()[:300])
    for name, key in (("short", "embedder_altered"), ("cut", "embedder_missing")):
        with pytest.raises(ModelError) as caught:
            open_embedder(model=str(tmp_path / name), cache=embedder_cache, languages=frozenset({"ja"}))
        assert caught.value.key == key
