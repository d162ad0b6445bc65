"""What inspect says of real files in their true layouts, of cut and damaged ones, and of what is no model at all."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest
from ggml_files import write_gptj
from gguf_files import by_hand, text, write_gguf
from hypothesis import given, settings
from hypothesis import strategies as st
from test_ggml_file import write as write_small_gptj

from qeu_rag.errors import ModelError
from qeu_rag.models.ggml_file import tensor_shapes
from qeu_rag.models.gguf_file import read_gguf
from qeu_rag.models.inspect import ModelFile, inspect, refusal
from qeu_rag.models.tensor_types import NAMES, size_of

GIGABYTE = 1 << 30


def key_of(file: ModelFile) -> str:
    error = refusal(file)
    assert error is not None
    for lang in ("en", "ja"):
        assert str(file.path) in error.render(lang)
    return error.key


def saved(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


# GGUF


@pytest.mark.parametrize(
    ("type", "named"), [("f32", "F32"), ("f16", "F16"), ("q4_0", "Q4_0"), ("q4_k", "Q4_K_M"), ("iq2_xxs", "IQ2_XXS")]
)
def test_a_gguf_file_is_known_by_its_header(type: str, named: str, tmp_path: Path) -> None:
    kind = next(kind for kind in gguf.LlamaFileType if kind.name.removeprefix("MOSTLY_").removeprefix("ALL_") == named)
    path = write_gguf(tmp_path / "m.gguf", "qwen2", type=type, more={"general.file_type": int(kind)})
    file = inspect(path)
    assert (file.kind, file.state, file.engine, file.format) == ("gguf", "whole", "llama.cpp", "GGUF 3")
    assert (file.architecture, file.quantisation, file.context_tokens) == ("qwen2", named, 512)
    assert (file.vocabulary, file.layers, file.tokenizer) == (64, 2, "gpt2 qwen2")
    assert file.parameters == 64 * 256 + 2 * (3 * 256 * 256 + 3 * 512 * 256 + 2 * 256) + 256
    assert file.chat_template.startswith("{% for m in messages %}")
    assert file.size_bytes == path.stat().st_size
    assert file.memory_bytes > file.size_bytes
    assert refusal(file) is None


def test_file_types_have_llama_cpps_names(tmp_path: Path) -> None:
    for kind in gguf.LlamaFileType:
        name = kind.name.removeprefix("MOSTLY_").removeprefix("ALL_")
        if kind.value < 39:
            told = inspect(write_gguf(tmp_path / "m.gguf", more={"general.file_type": int(kind)})).quantisation
            assert told in (name, name.replace("_SMALL", ""))


def test_the_shapes_are_those_that_ggufs_own_reader_finds(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", type="q4_k")
    theirs = gguf.GGUFReader(path).tensors
    assert read_gguf(path).shapes == tuple(tuple(int(n) for n in t.shape[::-1]) for t in theirs)
    assert read_gguf(path).data_offset == min(t.data_offset for t in theirs)


def test_block_sizes_are_ggmls_own() -> None:
    for kind, (elements, size) in gguf.GGML_QUANT_SIZES.items():
        if int(kind) in NAMES:
            assert size_of(int(kind), (3, 2 * elements)) == 6 * size
            assert NAMES[int(kind)] == kind.name.lower()
            if elements > 1:
                assert size_of(int(kind), (elements + 1,)) is None


def test_an_embedding_model_is_refused(tmp_path: Path) -> None:
    file = inspect(write_gguf(tmp_path / "m.gguf", "bert", more={"bert.pooling_type": 1}))
    assert key_of(file) == "gguf_embedder"


@pytest.mark.parametrize("type", ["f16", "q4_k"])
def test_wherever_a_gguf_is_cut_before_its_last_tensor_it_is_truncated(type: str, tmp_path: Path) -> None:
    whole = write_gguf(tmp_path / "whole.gguf", type=type).read_bytes()
    data, last = read_gguf(tmp_path / "whole.gguf").data_offset, len(whole) - 4 * 256
    path = tmp_path / "cut.gguf"
    for length in (*range(8, data, 211), *range(data, last, (last - data) // 40), last):
        file = inspect(saved(path, whole[:length]))
        assert (file.state, file.engine, file.missing_at_least) == ("truncated", "", True), length
        assert 0 < file.missing_bytes <= len(whole) - length
        assert key_of(file) in ("model_truncated_least", "model_truncated_least_one")
    assert inspect(saved(path, whole)).state == "whole"


@pytest.mark.parametrize("count", [2**62, 2**64 - 1, 2**32])
def test_absurd_counts_in_a_gguf_are_damage(count: int, tmp_path: Path) -> None:
    array = text(b"a") + struct.pack("<IIQ", 9, 8, count)
    long_text = struct.pack("<Q", count)
    for data in (
        by_hand(counts=(count, 0)),
        by_hand(counts=(0, count)),
        by_hand(values=[array]),
        by_hand(values=[long_text]),
        by_hand(tensors=[(b"x", [count, count], 0, 0)]),
        by_hand(tensors=[(b"x", [32], 0, count)]),
    ):
        file = inspect(saved(tmp_path / "m.gguf", data + b"\0" * 64))
        assert file.state in ("damaged", "truncated")
        assert refusal(file) is not None


@pytest.mark.parametrize(
    ("version", "key"),
    [(0, "gguf_version"), (4, "gguf_version"), (2 << 24, "gguf_big_endian"), (3 << 24, "gguf_big_endian")],
)
def test_other_versions_and_big_endian_files_are_named(version: int, key: str, tmp_path: Path) -> None:
    file = inspect(saved(tmp_path / "m.gguf", by_hand(version=version)))
    assert key_of(file) == key
    assert file.problem_at == version


def test_a_context_that_holds_no_question_is_refused(tmp_path: Path) -> None:
    assert key_of(inspect(write_gguf(tmp_path / "m.gguf", context=64))) == "context_short"
    assert "64 tokens" in str(refusal(inspect(tmp_path / "m.gguf")))
    assert refusal(inspect(write_gguf(tmp_path / "m.gguf", context=256))) is None
    data = bytearray(write_small_gptj(tmp_path / "m.bin").read_bytes())
    struct.pack_into("<i", data, 8, 100)
    assert key_of(inspect(saved(tmp_path / "m.bin", bytes(data)))) == "context_short"


# GPT-J and old files


def test_a_gptj_file_is_known_and_its_memory_reckoned(tmp_path: Path) -> None:
    file = inspect(write_small_gptj(tmp_path / "m.bin", "q4_1"))
    assert (file.kind, file.state, file.engine, file.architecture) == ("gptj", "whole", "gptj", "gptj")
    assert (file.quantisation, file.context_tokens, file.vocabulary, file.layers) == ("q4_1", 256, 40, 2)
    assert file.parameters == sum(
        int(np.prod(shape)) for shape in tensor_shapes(n_vocab=40, n_embd=32, n_layer=2).values()
    )
    assert refusal(file) is None
    cut = inspect(saved(tmp_path / "cut.bin", (tmp_path / "m.bin").read_bytes()[:-100]))
    assert (cut.state, cut.missing_bytes, key_of(cut)) == ("truncated", 100, "model_truncated")
    bad = inspect(saved(tmp_path / "bad.bin", (tmp_path / "m.bin").read_bytes() + b"x" * 200))
    assert (bad.kind, key_of(bad)) == ("gptj", "model_damaged")
    longer = inspect(saved(tmp_path / "longer.bin", (tmp_path / "m.bin").read_bytes() + b"extra\n"))
    assert (longer.state, key_of(longer)) == ("damaged", "model_damaged")


@pytest.mark.parametrize(("n_head", "n_rot"), [(3, 8), (2, 18), (2, 7), (2, 0)])
def test_heads_that_cannot_be_are_damage(n_head: int, n_rot: int, tmp_path: Path) -> None:
    data = bytearray(write_small_gptj(tmp_path / "m.bin").read_bytes())
    struct.pack_into("<i", data, 16, n_head)
    struct.pack_into("<i", data, 24, n_rot)
    assert key_of(inspect(saved(tmp_path / "bad.bin", bytes(data)))) == "model_damaged"


def test_a_gptj_quantisation_that_nothing_reads_is_refused(tmp_path: Path) -> None:
    shapes = tensor_shapes(n_vocab=4, n_embd=256, n_layer=1)
    hyper = {"n_vocab": 4, "n_ctx": 8, "n_embd": 256, "n_head": 2, "n_layer": 1, "n_rot": 8}
    path = tmp_path / "k.bin"
    write_gptj(path, vocabulary=[b"a"] * 4, tensors={}, hyperparameters=hyper, type="q4_0", old_blocks=False)
    with path.open("ab") as file:
        for name, shape in shapes.items():
            kind = 12 if len(shape) == 2 else 0  # q4_k
            file.write(struct.pack("<3i", len(shape), len(name), kind))
            file.write(struct.pack(f"<{len(shape)}i", *reversed(shape)) + name.encode())
            file.write(bytes(size_of(kind, shape) or 0))
    file_of = inspect(path)
    assert (file_of.state, file_of.quantisation, file_of.engine) == ("whole", "q4_k", "")
    assert key_of(file_of) == "gptj_quantisation"


def llama_header(magic: bytes, version: int | None) -> bytes:
    hyperparameters = struct.pack("<7I", 32000, 4096, 256, 32, 32, 128, 2)
    return magic + (b"" if version is None else struct.pack("<I", version)) + hyperparameters + b"\1\0\0\0a" * 50


@pytest.mark.parametrize(
    ("magic", "version", "format"),
    [(b"lmgg", None, "ggml"), (b"fmgg", 1, "ggmf 1"), (b"tjgg", 1, "ggjt 1"), (b"tjgg", 3, "ggjt 3")],
)
def test_old_llama_files_are_named(magic: bytes, version: int | None, format: str, tmp_path: Path) -> None:
    file = inspect(saved(tmp_path / "llama.bin", llama_header(magic, version)))
    assert (file.kind, file.format, file.architecture) == ("llama-legacy", format, "llama")
    assert key_of(file) == "llama_legacy"
    assert format in str(refusal(file))


def test_other_old_ggml_files_are_not_called_llama(tmp_path: Path) -> None:
    gpt2 = b"lmgg" + struct.pack("<7i", 50257, 1024, 768, 12, 12, 1, 50257) + b"\1\0\0\0a" * 50
    assert key_of(inspect(saved(tmp_path / "gpt2.bin", gpt2))) == "ggml_legacy"
    assert inspect(saved(tmp_path / "cut.bin", gpt2[:20])).state == "truncated"


# Folders, weights, and what is no model


def test_weights_for_training_are_known_and_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2"}))
    path = tmp_path / "model.safetensors"
    save_file({"a": np.ones((3, 4), np.float32)}, path)
    assert (inspect(path).kind, key_of(inspect(path))) == ("safetensors", "model_safetensors")
    assert (inspect(tmp_path).architecture, key_of(inspect(tmp_path))) == ("qwen2", "model_huggingface")
    (tmp_path / "model.bin").write_bytes(b"\6\0\0\0")
    (tmp_path / "vocabulary.json").write_text("[]")
    assert key_of(inspect(tmp_path)) == "model_ctranslate2"


PAGE = b"\xef\xbb\xbf\n<!DOCTYPE html>\n<html><body>Not found</body></html>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:1234\nsize 3785248281\n"


@pytest.mark.parametrize(
    ("data", "kind", "key"),
    [
        (b"", "empty", "model_empty"),
        (PAGE, "html", "model_html"),
        (b"<html>oops", "html", "model_html"),
        (POINTER, "lfs-pointer", "model_lfs_pointer"),
        (b'{"error": "Repository not found"}', "text", "model_text"),
        ("見積書のひな形です。".encode() * 500, "text", "model_text"),
        (b"PK\x03\x04" + b"\0" * 26 + b"archive/data.pkl", "pytorch", "model_pytorch"),
        (b"PK\x03\x04" + b"\0" * 26 + b"m.gguf", "archive", "model_archive"),
        (b"\x1f\x8b\x08" + b"\0" * 40, "archive", "model_archive"),
        (b"m.gguf".ljust(257, b"\0") + b"ustar\x0000", "archive", "model_archive"),
        (b"\x7fELF\2\1\1" + b"\0" * 100, "unknown", "model_unknown"),
        (b"FUGG" + b"\0" * 100, "unknown", "model_unknown"),
        (b"\0" * 9000, "unknown", "model_unknown"),
    ],
)
@pytest.mark.parametrize("name", ["model.gguf", "model.bin"])
def test_what_is_no_model_is_named(data: bytes, kind: str, key: str, name: str, tmp_path: Path) -> None:
    file = inspect(saved(tmp_path / name, data))
    assert (file.kind, file.state, file.engine) == (kind, "not_a_model", "")
    assert key_of(file) == key
    if key == "model_unknown":
        assert data[:16].hex(" ") in str(refusal(file))


def test_folders_without_a_model(tmp_path: Path) -> None:
    assert key_of(inspect(tmp_path)) == "model_folder_unknown"
    for config in ("not json", "[1]", '{"model_type": 3}'):
        (tmp_path / "config.json").write_text(config)
        assert key_of(inspect(tmp_path)) == "model_folder_unknown"


def test_nothing_there_and_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model file"):
        inspect(tmp_path / "none.gguf")
    with pytest.raises(ModelError, match="cannot be read"):
        inspect(tmp_path / "a\0b")
    with pytest.raises(ModelError, match="cannot be read"):
        inspect(saved(tmp_path / "file", b"x") / "below")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelError, match="neither a file nor a folder"):
        inspect(tmp_path / "pipe")


# Speed and memory


def sparse(path: Path, header: bytes, size: int) -> Path:
    with path.open("wb") as file:
        file.write(header)
        file.truncate(size)
    return path


def full_gptj(path: Path, old_blocks: bool) -> Path:
    """All headers of the real 6-billion-parameter model in their places, with holes for data; 3.8 GB that take none."""
    hyper = {"n_vocab": 50400, "n_ctx": 2048, "n_embd": 4096, "n_head": 16, "n_layer": 28, "n_rot": 64}
    tokens = [b"%06d" % n for n in range(50400)]
    write_gptj(path, vocabulary=tokens, tensors={}, hyperparameters=hyper, type="q4_0", old_blocks=old_blocks)
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        for name, shape in tensor_shapes(n_vocab=50400, n_embd=4096, n_layer=28).items():
            kind = 2 if len(shape) == 2 else 0
            file.write(struct.pack("<3i", len(shape), len(name), kind))
            file.write(struct.pack(f"<{len(shape)}i", *reversed(shape)) + name.encode())
            file.seek(size_of(kind, shape, old_blocks=old_blocks) or 0, os.SEEK_CUR)
        file.truncate(file.tell())
    return path


def full_gguf(path: Path) -> Path:
    """A header like Llama 3's: 128,256 tokens, 280,147 merges, and 4 GB of holes."""
    values = [
        text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama"),
        text(b"llama.context_length") + struct.pack("<II", 4, 8192),
        text(b"llama.block_count") + struct.pack("<II", 4, 32),
        text(b"llama.embedding_length") + struct.pack("<II", 4, 4096),
        text(b"tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 128256)
        + b"".join(text(b"tok%d" % n) for n in range(128256)),
        text(b"tokenizer.ggml.token_type") + struct.pack("<IIQ", 9, 5, 128256) + b"\1\0\0\0" * 128256,
        text(b"tokenizer.ggml.merges") + struct.pack("<IIQ", 9, 8, 280147)
        + b"".join(text(b"ab c%d" % n) for n in range(280147)),
    ]  # fmt: skip
    tensors = [(b"blk.%d.t%d" % (n % 32, n), [4096, 4096], 1, n * 4096 * 4096 * 2) for n in range(120)]
    tensors.append((b"token_embd.weight", [4096, 128256], 1, 120 * 4096 * 4096 * 2))
    header = by_hand(values=values, tensors=tensors)
    return sparse(path, header, -(-len(header) // 32) * 32 + (120 * 4096 + 128256) * 4096 * 2)


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (lambda path: full_gptj(path, True), "gptj"),
        (lambda path: full_gptj(path, False), "gptj"),
        (full_gguf, "gguf"),
        (lambda path: sparse(path, b"", 4 * GIGABYTE), "unknown"),
    ],
)
def test_four_gigabytes_take_a_fifth_of_a_second(write: Callable[[Path], Path], kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / "m")
    assert path.stat().st_size > 3 * GIGABYTE
    times = []
    for _ in range(5):  # of the processor, as others may be at work on the machine
        start = time.process_time()
        file = inspect(path)
        times.append(time.process_time() - start)
    assert file.kind == kind
    assert file.state == ("whole" if kind in ("gptj", "gguf") else "not_a_model")
    assert min(times) < 0.2


def test_the_real_size_of_gpt4all_j_is_met(tmp_path: Path) -> None:
    file = inspect(full_gptj(tmp_path / "m", True))
    assert file.parameters == 6_050_882_784
    assert 6.0e9 < file.memory_bytes < 8.5e9
    assert abs(file.size_bytes - 3_785_248_281) < 300_000  # but for the lengths of the tokens


def test_no_native_library_is_loaded(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf")
    script = (
        "import sys; from pathlib import Path; from qeu_rag.models.inspect import inspect;"
        "print(inspect(Path(sys.argv[1])).kind);"
        "print({'numpy','gpt4all','xllamacpp','ctranslate2','gguf','torch','langchain_core'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["gguf", "set()"]


# Damage of every sort


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    # Paths, as Hypothesis writes arguments out, and warns of two megabytes of bytes.
    folder = tmp_path_factory.mktemp("originals")
    return [
        write_gguf(folder / "a.gguf", "qwen2", type="q4_k", vocabulary=12),
        write_small_gptj(folder / "b.bin"),
        saved(folder / "c.bin", llama_header(b"tjgg", 3)),
        saved(folder / "e.html", PAGE),
    ]


NEW_BYTES = st.sampled_from([b"\xff" * 8, b"\0" * 8, b"\0" * 7 + b"\x40"]) | st.binary(max_size=9)


@settings(max_examples=400, deadline=None)
@given(
    which=st.integers(0, 3),
    share=st.floats(0, 1),
    changes=st.lists(st.tuples(st.integers(0, 900), NEW_BYTES), max_size=5),
)
def test_nothing_in_a_file_raises_or_allocates(
    which: int,
    share: float,
    changes: list[tuple[int, bytes]],
    originals: list[Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged"
    original = originals[which].read_bytes()
    changed = bytearray(original[: round(share * len(original))])
    for at, new in changes:
        changed[at : at + len(new)] = new
    file = inspect(saved(path, bytes(changed)))
    assert file.size_bytes == len(changed)
    assert (refusal(file) is None) == (file.state == "whole" and bool(file.engine) and refusal(file) is None)
    if file.state == "truncated":
        assert file.missing_bytes > 0
    if error := refusal(file):
        assert error.render("ja")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_at_all(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    for start in (b"", b"GGUF", b"GGUF\3\0\0\0", b"lmgg", b"tjgg\3\0\0\0"):
        file = inspect(saved(tmp_path_factory.getbasetemp() / "any", start + data))
        assert refusal(file) is not None or file.engine


def test_texts_longer_than_any_file_are_damage(tmp_path: Path) -> None:
    tokens = text(b"tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2)
    header = by_hand(
        values=[tokens + struct.pack("<Q", 2**63 - 1) + struct.pack("<Q", 2**63 - 1) + b"abcd"], tensors=[]
    )
    file = inspect(saved(tmp_path / "m.gguf", header))
    assert file.state != "whole"
    assert refusal(file) is not None
