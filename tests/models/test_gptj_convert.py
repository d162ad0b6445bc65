"""The conversion: byte for byte CTranslate2's own, in little memory, whole or not at all whatever happens."""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from gptj_models import END, Small, random_model, weights_of, with_weights

from qeu_rag.errors import ModelError
from qeu_rag.models.ggml_file import GptjFile, read_gptj, tensor_shapes
from qeu_rag.models.gptj.cache import REPACKED, content_key
from qeu_rag.models.gptj.convert import convert, sliced_rotary_order, write_folder
from qeu_rag.models.gptj.repack import repack
from qeu_rag.models.gptj.vocabulary import Vocabulary
from qeu_rag.models.memory import int8_size, q4_size


@pytest.fixture
def file(tmp_path: Path) -> GptjFile:
    return random_model(1).write(tmp_path / "model.bin", type="q4_0", old_blocks=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def folders(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.is_dir())


# What is written


def by_ctranslate2(small: Small, file: GptjFile, folder: Path) -> None:
    """What CTranslate2's own converter makes of the file's weights."""
    import torch
    from ctranslate2.converters.transformers import GPTJLoader

    names = Vocabulary(small.vocabulary).names()

    class Tokens:
        bos_token = eos_token = unk_token = END

        def get_vocab(self) -> dict[str, int]:
            return {name: token for token, name in enumerate(names)}

    with torch.no_grad():
        spec = GPTJLoader()(copy.deepcopy(with_weights(small, weights_of(file))), Tokens())
    spec.validate()
    spec.optimize("int8")
    folder.mkdir()
    spec.save(str(folder))


@pytest.mark.parametrize(
    ("type", "old"), [("f32", False), ("f16", False), ("q4_0", True), ("q4_0", False), ("q8_0", True)]
)
def test_the_folder_is_that_of_ctranslate2s_converter(type: str, old: bool, tmp_path: Path) -> None:
    # Twelve layers, as names sort layer_10 before layer_2; a rotary part smaller than the head, as in the real model.
    small = random_model(5, layers=12, width=32, heads=2, rotary=6)
    file = small.write(tmp_path / "m.bin", type=type, old_blocks=old)
    by_ctranslate2(small, file, tmp_path / "theirs")
    (tmp_path / "ours").mkdir()
    write_folder(file, tmp_path / "ours")
    assert contents(tmp_path / "ours") == contents(tmp_path / "theirs")


def test_small_pieces_give_the_same_folder(file: GptjFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("whole", "pieces"):
        (tmp_path / name).mkdir()
        write_folder(file, tmp_path / name)
        monkeypatch.setattr("qeu_rag.models.gptj.tensors._PIECE", 64 * 5)
    assert contents(tmp_path / "whole") == contents(tmp_path / "pieces")


def test_the_rotary_order() -> None:
    assert sliced_rotary_order(rows=12, heads=2, rotary=4).tolist() == [0, 2, 1, 3, 4, 5, 6, 8, 7, 9, 10, 11]


def test_the_sizes_foretold_are_those_made(file: GptjFile, tmp_path: Path) -> None:
    folder = convert(file, tmp_path / "cache")
    made = sum(path.stat().st_size for path in folder.iterdir())
    assert made <= int8_size(file) <= made + 20_000
    packed = repack(file, tmp_path / "cache").stat().st_size
    assert packed <= q4_size(file) <= packed + 10_000


def test_the_repacked_file_is_whole_and_its_own_repacking(file: GptjFile, tmp_path: Path) -> None:
    packed = read_gptj(repack(file, tmp_path / "cache"))
    assert (packed.missing_bytes, packed.ftype, packed.old_blocks, packed.quantisation) == (0, 2002, False, "q4_0")
    for name, array in weights_of(file).items():
        assert np.allclose(array, weights_of(packed)[name], rtol=2**-11, atol=0), name
    again = repack(packed, tmp_path / "cache")
    assert again.read_bytes() == packed.path.read_bytes()
    assert again.name == REPACKED


# Once


def test_it_is_made_once_and_found_by_content(file: GptjFile, tmp_path: Path) -> None:
    cache, seen = tmp_path / "cache", []
    first = convert(file, cache, progress=lambda *step: seen.append(step))
    assert [stage for stage, _, _ in seen[:1]] == ["verify"]
    assert seen[-1][0] == "convert"
    assert seen[-1][1] == seen[-1][2] > 0
    done = [done for stage, done, _ in seen if stage == "convert"]
    assert done == sorted(done)
    copied = Path(shutil.copy(file.path, tmp_path / "another name.bin"))
    seen.clear()
    assert convert(read_gptj(copied), cache, progress=lambda *step: seen.append(step)) == first
    assert {stage for stage, _, _ in seen} == {"verify"}
    seen.clear()
    assert convert(file, cache, progress=lambda *step: seen.append(step)) == first
    assert seen == []
    other = random_model(2).write(tmp_path / "model.bin", type="q4_0", old_blocks=True)
    assert convert(other, cache) != first


def test_a_note_of_the_digest_that_cannot_be_read_is_made_anew(file: GptjFile, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    key = content_key(file.path, cache)
    for note in cache.glob("*.sha256"):
        note.write_text("{not json")
    assert content_key(file.path, cache) == key


def test_two_at_once_make_it_once(file: GptjFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, waited, results = [], threading.Event(), []

    def slow(file: GptjFile, folder: Path, *, progress: Callable[..., None]) -> None:
        made.append(folder)
        waited.wait(20)
        write_folder(file, folder)

    monkeypatch.setattr("qeu_rag.models.gptj.convert.write_folder", slow)

    def run() -> None:
        results.append(
            convert(file, tmp_path / "cache", progress=lambda stage, *_: waited.set() if stage == "wait" else None)
        )

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert waited.is_set()
    assert len(made) == 1
    assert results[0] == results[1]
    assert folders(tmp_path / "cache") == [results[0].name]


SLOWLY = """
import sys, time
from pathlib import Path
from qeu_rag.models.ggml_file import read_gptj
from qeu_rag.models.gptj.convert import convert
def progress(stage, done, total):
    if stage == "convert" and done > total // 2:
        print("half", flush=True)
        time.sleep(60)
convert(read_gptj(Path(sys.argv[1])), Path(sys.argv[2]), progress=progress)
"""


def test_killed_while_converting(file: GptjFile, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    process = subprocess.Popen([sys.executable, "-c", SLOWLY, file.path, cache], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"half\n"
    [part] = folders(cache)
    assert ".part-" in part
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    # Another model's conversion sweeps it too.
    other = random_model(2).write(tmp_path / "other.bin", type="f16")
    assert folders(cache) == [part]
    assert folders(cache) != [convert(other, cache).name]
    assert folders(cache) == [convert(other, cache).name]
    folder = convert(file, cache)
    (tmp_path / "afresh").mkdir()
    write_folder(file, tmp_path / "afresh")
    (folder / "origin.json").unlink()  # who made it, which is not what was made
    assert contents(folder) == contents(tmp_path / "afresh")


def test_a_part_that_somebody_is_at_is_left_alone(file: GptjFile, tmp_path: Path) -> None:
    from filelock import FileLock

    cache = tmp_path / "cache"
    (cache / "deadbeef-ct2-1.part-1").mkdir(parents=True)
    with FileLock(cache / "deadbeef-ct2-1.lock"):
        convert(file, cache)
        assert (cache / "deadbeef-ct2-1.part-1").is_dir()


def test_interrupted_by_the_user_nothing_is_left(file: GptjFile, tmp_path: Path) -> None:
    def progress(stage: str, done: int, total: int) -> None:
        if stage == "convert" and done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(file, tmp_path / "cache", progress=progress)
    assert folders(tmp_path / "cache") == []


# Bad disks and bad files


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.name == "nt" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small file system")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("this machine refuses to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("foretold", [True, False])
def test_no_disk_left(file: GptjFile, disk: Path, foretold: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not foretold:  # the disk fills up only while it is written
        monkeypatch.setattr("qeu_rag.models.gptj.convert.int8_size", lambda file: 1)
    with pytest.raises(ModelError) as raised:
        convert(file, disk / "cache")
    assert raised.value.key == "gptj_no_space"
    assert str(disk) in str(raised.value)
    assert folders(disk / "cache") == []


def test_a_cache_that_cannot_be_written(file: GptjFile, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ModelError) as raised:
        convert(file, tmp_path / "cache")
    assert raised.value.key == "gptj_cache"


def test_a_file_cut_in_its_tensors(file: GptjFile, tmp_path: Path) -> None:
    whole = file.path.read_bytes()
    file.path.write_bytes(whole[:-1000])
    for made in (convert, repack):
        with pytest.raises(ModelError) as raised:
            made(read_gptj(file.path), tmp_path / "cache")
        assert raised.value.key == "model_truncated"
        assert raised.value.values["missing"] == "1,000"
    assert not (tmp_path / "cache").exists()


def test_a_file_cut_while_it_is_read(file: GptjFile, tmp_path: Path) -> None:
    file.path.write_bytes(file.path.read_bytes()[:-1000])  # after its header was read
    with pytest.raises(ModelError) as raised:
        convert(file, tmp_path / "cache")
    assert raised.value.key == "model_truncated"
    assert folders(tmp_path / "cache") == []


@pytest.mark.parametrize(("field", "value"), [("n_head", 5), ("n_rot", 7), ("n_rot", 0), ("n_rot", 18)])
def test_sizes_that_do_not_go_together(file: GptjFile, tmp_path: Path, field: str, value: int) -> None:
    data = bytearray(file.path.read_bytes())
    place = 4 + 4 * ("n_vocab", "n_ctx", "n_embd", "n_head", "n_layer", "n_rot").index(field)
    data[place : place + 4] = struct.pack("<i", value)
    file.path.write_bytes(data)
    with pytest.raises(ModelError) as raised:
        convert(read_gptj(file.path), tmp_path / "cache")
    assert raised.value.key == "gptj_shape"


# Memory

PEAK = """
import json, resource, sys
from pathlib import Path
from qeu_rag.models.ggml_file import read_gptj
import qeu_rag.models.gptj.repack, qeu_rag.models.gptj.convert as convert, numpy, tiktoken
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
file = read_gptj(Path(sys.argv[1]))
convert.convert(file, Path(sys.argv[2]))
qeu_rag.models.gptj.repack.repack(file, Path(sys.argv[2]))
print(json.dumps([before / 1e3, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3]))
"""


def write_sparse(path: Path, *, width: int, layers: int, heads: int, vocabulary: int) -> None:
    """A GPT-J file in old q4_0 blocks whose weights are holes: its size without its time."""
    single = [bytes([byte]) for byte in range(256)]
    words = [*single, *(b"w%d" % n for n in range(256, vocabulary - 1)), END.encode()]
    with path.open("wb") as file:
        file.write(b"lmgg" + struct.pack("<8i", vocabulary, 2048, width, heads, layers, 64, 2, vocabulary))
        file.write(b"".join(struct.pack("<I", len(word)) + word for word in words))
        for name, shape in tensor_shapes(n_vocab=vocabulary, n_embd=width, n_layer=layers).items():
            matrix = len(shape) == 2
            file.write(struct.pack("<3i", len(shape), len(name), 2 if matrix else 0))
            file.write(struct.pack(f"<{len(shape)}i", *reversed(shape)) + name.encode())
            file.seek(shape[0] * (shape[1] // 32 * 20 if matrix else 4), os.SEEK_CUR)
        file.truncate()


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux")
@pytest.mark.parametrize(
    ("width", "layers", "heads"), [(1024, 4, 16), pytest.param(4096, 2, 16, marks=pytest.mark.slow)]
)
def test_memory_does_not_grow_with_the_file(tmp_path: Path, width: int, layers: int, heads: int) -> None:
    # 4096 wide with 50400 tokens are the real model's largest matrices; more layers are more of the same.
    write_sparse(tmp_path / "big.bin", width=width, layers=layers, heads=heads, vocabulary=50_400)
    ran = subprocess.run(
        [sys.executable, "-c", PEAK, tmp_path / "big.bin", tmp_path / "cache"],
        capture_output=True,
        text=True,
        check=True,
    )
    before, peak = json.loads(ran.stdout)
    assert peak - before < 350
