"""The reader of old GPT-J files against files in their true byte layout: every generation, every cut, every flipped byte."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from ggml_files import FTYPES, TYPES, quantise, write_gptj
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qeu_rag.errors import ModelError
from qeu_rag.models.ggml_file import GptjFile, read_gptj, read_vocabulary, tensor_shapes

SMALL = {"n_vocab": 40, "n_ctx": 256, "n_embd": 32, "n_head": 2, "n_layer": 2, "n_rot": 8}
VOCABULARY = (*(f"t{number}".encode() for number in range(38)), "日".encode(), b"\xff")
GENERATIONS = [(True, 0), (True, 1), (False, 2), (False, 0)]


def weights(seed: int = 0) -> dict[str, NDArray[Any]]:
    random = np.random.default_rng(seed)
    shapes = tensor_shapes(n_vocab=40, n_embd=32, n_layer=2)
    return {name: random.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}


def write(path: Path, type: str = "q4_0", old_blocks: bool = True, version: int | None = None) -> Path:
    write_gptj(
        path,
        vocabulary=VOCABULARY,
        tensors=weights(),
        hyperparameters=SMALL,
        type=type,
        old_blocks=old_blocks,
        version=version,
    )
    return path


@pytest.mark.parametrize(("old_blocks", "version"), GENERATIONS)
@pytest.mark.parametrize("type", list(TYPES))
def test_every_type_of_every_generation_is_read_to_its_end(
    type: str, old_blocks: bool, version: int, tmp_path: Path
) -> None:
    path = write(tmp_path / "m.bin", type, old_blocks, version)
    file = read_gptj(path)
    assert {name: getattr(file, name) for name in SMALL} == SMALL
    assert (file.quantisation, file.ftype, file.missing_bytes) == (type, FTYPES[type] + 1000 * version, 0)
    if type in ("q4_0", "q4_1", "q8_0"):
        assert file.old_blocks == old_blocks
    if type.startswith("q4"):
        assert file.paired_nibbles == (version == 0 and old_blocks)
    assert read_vocabulary(file) == VOCABULARY
    arrays = weights()
    assert [tensor.name for tensor in file.tensors] == list(arrays)
    data = path.read_bytes()
    for tensor in file.tensors:
        kind = type if len(tensor.shape) == 2 else "f32"
        assert tensor.type == TYPES[kind]
        assert tensor.shape == arrays[tensor.name].shape
        expected = quantise(arrays[tensor.name], kind, old_blocks=old_blocks, paired=old_blocks and version == 0)
        assert data[tensor.offset : tensor.offset + tensor.size] == expected
    assert file.tensors[-1].offset + file.tensors[-1].size == len(data)


@pytest.mark.parametrize("type", ["q4_0", "q4_1", "q5_0", "q5_1", "q8_0"])
def test_the_writers_blocks_are_ggmls_own(type: str) -> None:
    values = np.random.default_rng(1).standard_normal((7, 96), dtype=np.float32)
    values[0, :32] = 0
    data = np.frombuffer(quantise(values, type, old_blocks=False, paired=False), np.uint8)
    kind = gguf.GGMLQuantizationType[type.upper()]
    assert data.tobytes() == gguf.quants.quantize(values, kind).tobytes()
    assert np.allclose(gguf.quants.dequantize(data.reshape(7, -1), kind), values, atol=0.5)


@pytest.mark.parametrize(("type", "old_blocks"), [("q4_0", True), ("q4_1", True), ("q4_0", False), ("f16", False)])
def test_wherever_it_is_cut_the_missing_bytes_are_told(type: str, old_blocks: bool, tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.bin", type, old_blocks).read_bytes()
    path = tmp_path / "cut.bin"
    file = read_gptj(tmp_path / "whole.bin")
    start = file.tensors[0].offset - len(file.tensors[0].name) - 20
    for length in (*range(start, start + 60), *range(start + 60, len(whole), 97), len(whole) - 1):
        path.write_bytes(whole[:length])
        assert read_gptj(path).missing_bytes == len(whole) - length, length
        assert len(read_vocabulary(read_gptj(path))) == 40


def test_a_cut_within_the_vocabulary_is_a_lower_bound(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.bin").read_bytes()
    path = tmp_path / "cut.bin"
    for length in range(36, 36 + 40 * 6, 7):
        path.write_bytes(whole[:length])
        file = read_gptj(path)
        assert 0 < file.missing_bytes <= len(whole) - length
        assert file.tensors == ()
        with pytest.raises(ModelError, match="damaged"):
            read_vocabulary(file)


@pytest.mark.parametrize("length", [0, 3, 4, 20, 35])
def test_a_cut_within_the_header_is_an_error(length: int, tmp_path: Path) -> None:
    path = tmp_path / "cut.bin"
    path.write_bytes(write(tmp_path / "whole.bin").read_bytes()[:length])
    with pytest.raises(ModelError):
        read_gptj(path)


def test_bytes_after_the_last_tensor_are_damage(tmp_path: Path) -> None:
    path = write(tmp_path / "m.bin")
    path.write_bytes(path.read_bytes() + b"\0" * 500)
    with pytest.raises(ModelError, match="damaged"):
        read_gptj(path)


@pytest.mark.parametrize("index", range(8))
@pytest.mark.parametrize("value", [-1, 0, 2**31 - 1, -(2**31)])
def test_absurd_counts_are_refused(index: int, value: int, tmp_path: Path) -> None:
    path = write(tmp_path / "m.bin")
    data = bytearray(path.read_bytes())
    struct.pack_into("<i", data, 4 + 4 * index, value)
    path.write_bytes(data)
    if index in (5, 6) and value == 0:  # no rotary part, f32: odd, but nothing contradicts it
        assert read_gptj(path).n_embd == 32
    else:
        with pytest.raises(ModelError):
            read_gptj(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("gptj") / "m.bin")


@settings(max_examples=300, deadline=None)
@given(
    share=st.floats(0, 1),
    changes=st.lists(st.tuples(st.integers(0, 700), st.binary(min_size=4, max_size=4)), max_size=4),
)
def test_no_damage_to_the_bytes_raises_anything_but_our_error(
    share: float, changes: list[tuple[int, bytes]], whole: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.bin"
    original = whole.read_bytes()
    changed = bytearray(original[: round(share * len(original))])
    for at, new in changes:
        changed[at : at + 4] = new
    path.write_bytes(changed)
    try:
        file = read_gptj(path)
        vocabulary = read_vocabulary(file) if file.tensors else ()
    except ModelError:
        return
    assert isinstance(file, GptjFile)
    assert all(tensor.offset + tensor.size <= len(changed) for tensor in file.tensors)
    assert sum(map(len, vocabulary)) < len(changed) + 1


def test_a_missing_file_and_a_folder_are_our_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "none.bin", tmp_path):
        with pytest.raises(ModelError, match="cannot be read"):
            read_gptj(path)
