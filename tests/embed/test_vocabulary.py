"""Vocabularies: texts cut as tokenizers itself cuts them, and one tokenizer for networks that read by the same."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from qeu_rag.embed.encoder.packed import FOLDER
from qeu_rag.embed.vocabulary import Vocabularies, Vocabulary

FILE = FOLDER / "tokenizer.json"
OURS, THEIRS = Vocabulary(FILE), Tokenizer.from_file(str(FILE))


@given(st.lists(st.text(max_size=60), max_size=4), st.integers(3, 30))
def test_texts_are_cut_as_tokenizers_cuts_them(texts: list[str], most: int) -> None:
    THEIRS.enable_truncation(most)
    assert OURS.cut(texts, most) == [one.ids for one in THEIRS.encode_batch(texts)]


def test_a_text_that_is_not_cut_keeps_all_its_ids() -> None:
    THEIRS.no_truncation()
    text = "測定の記録は10年間保管する。" * 40
    assert OURS.ids(text) == THEIRS.encode(text).ids


def test_the_same_tokenizer_is_opened_once(tmp_path: Path) -> None:
    (tmp_path / "copy.json").write_bytes(FILE.read_bytes())
    known = Vocabularies()
    assert known.open(FILE, "its sum") is known.open(tmp_path / "copy.json", "its sum")
    assert known.open(FILE, "another") is not known.open(FILE, "its sum")
