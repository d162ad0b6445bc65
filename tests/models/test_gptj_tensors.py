"""Every block form of ggml's history, read by hand, by the gguf package and by us."""

from __future__ import annotations

import struct
from pathlib import Path

import gguf
import numpy as np
import pytest
from ggml_files import TYPES, quantise
from gptj_models import random_model, weights_of
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag.errors import ModelError
from qeu_rag.models.gptj.tensors import dequantise, quantise_q4_0, repack_q4_0, rows_of

FORMS = [(True, True), (True, False), (False, False)]
STEP = {"f32": 1e-9, "f16": 1e-3, "q4_0": 0.15, "q4_1": 0.08, "q5_0": 0.08, "q5_1": 0.04, "q8_0": 0.005}


def values(seed: int, rows: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, 64)).astype(np.float32)


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize(("wide", "paired"), FORMS)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_what_was_written_comes_back_within_a_step(type: str, wide: bool, paired: bool, seed: int) -> None:
    given = values(seed)
    read = dequantise(quantise(given, type, old_blocks=wide, paired=paired), TYPES[type], wide=wide, paired=paired)
    assert read.dtype == np.float32
    assert np.abs(read.reshape(given.shape) - given).max() <= STEP[type] * np.abs(given).max()


@pytest.mark.parametrize("type", ["q4_0", "q4_1", "q5_0", "q5_1", "q8_0"])
def test_todays_blocks_are_those_of_the_gguf_package(type: str) -> None:
    kind = gguf.GGMLQuantizationType(TYPES[type])
    data = gguf.quants.quantize(values(3), kind)
    ours = dequantise(data.tobytes(), TYPES[type], wide=False, paired=False).reshape(6, 64)
    assert np.array_equal(ours, gguf.quants.dequantize(data, kind))


def test_an_old_q4_0_block_by_hand() -> None:
    # GPT4All-J's: a float32 scale, then 16 bytes; byte j holds element 2j (low) and 2j+1 (high), less 8, times the scale.
    nibbles = [(5 * n + 3) % 16 for n in range(32)]
    data = struct.pack("<f", 0.25) + bytes(nibbles[2 * j] | nibbles[2 * j + 1] << 4 for j in range(16))
    assert dequantise(data, TYPES["q4_0"], wide=True, paired=True).tolist() == [(n - 8) * 0.25 for n in nibbles]


def test_an_old_q5_1_block_by_hand() -> None:
    quants = [(7 * n + 1) % 32 for n in range(32)]
    fifth = sum((quant >> 4) << n for n, quant in enumerate(quants))
    low = bytes((quants[2 * j] & 15) | (quants[2 * j + 1] & 15) << 4 for j in range(16))
    data = struct.pack("<2eI", 0.5, -2.0, fifth) + low
    assert dequantise(data, TYPES["q5_1"], wide=True, paired=True).tolist() == [q * 0.5 - 2 for q in quants]


@pytest.mark.parametrize(("wide", "paired"), FORMS)
def test_repacking_keeps_the_four_bits(wide: bool, paired: bool) -> None:
    old = quantise(values(4), "q4_0", old_blocks=wide, paired=paired)
    new = repack_q4_0(old, wide=wide, paired=paired)
    assert len(new) == 6 * 2 * 18
    before = dequantise(old, TYPES["q4_0"], wide=wide, paired=paired)
    after = dequantise(new, TYPES["q4_0"], wide=False, paired=False)
    assert np.array_equal(np.sign(before), np.sign(after))
    assert np.allclose(before, after, rtol=2**-11, atol=0)


def test_quantising_is_ggmls() -> None:
    flat = values(5)
    flat[2] = 0
    q4_0 = gguf.GGMLQuantizationType.Q4_0
    assert quantise_q4_0(flat) == gguf.quants.quantize(flat, q4_0).tobytes()


def test_rows_come_in_pieces_and_a_file_cut_meanwhile_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qeu_rag.models.gptj.tensors._PIECE", 64 * 7)
    small = random_model(1)
    file = small.write(tmp_path / "m.bin", type="q8_0")
    state = small.model.state_dict()
    for name, array in weights_of(file).items():
        assert np.abs(array - state[name].numpy()).max() < 0.02, name
    whole = file.path.read_bytes()
    file.path.write_bytes(whole[: file.tensors[0].offset + 100])
    with file.path.open("rb") as opened, pytest.raises(ModelError) as raised:
        list(rows_of(opened, file, file.tensors[0]))
    assert raised.value.key == "model_truncated"
