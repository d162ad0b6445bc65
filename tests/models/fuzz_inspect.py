"""Fuzzes inspect with atheris: python tests/models/fuzz_inspect.py -max_total_time=60 [FOLDER OF FINDS]

The first byte of an input lets the file end with a hole, so that lengths far beyond the input's own are believed. Anything
but ModelError, more than 300 MB of memory or more than a minute for one file ends the run with the input kept.
"""

from __future__ import annotations

import contextlib
import resource
import sys
import tempfile
from pathlib import Path

import atheris

# The loop over a million strings would take minutes instrumented.
with atheris.instrument_imports(include=["qeu_rag.models"], exclude=["qeu_rag.models.fields"]):
    from qeu_rag.errors import ModelError
    from qeu_rag.models.ggml_file import read_gptj, read_vocabulary
    from qeu_rag.models.inspect import inspect, refusal

LIMIT_MB = 300
HOLES = (*[0] * 12, 1 << 12, 1 << 16, 1 << 20, 1 << 32)
SHARED = Path("/dev/shm")  # files in memory are quicker
FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-inspect-", dir=SHARED if SHARED.is_dir() else None))


def peak_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(data: bytes) -> None:
    """Inspects one file."""
    hole, content = HOLES[data[0] % len(HOLES)] if data else 0, data[1:]
    path = FOLDER / "model"
    with path.open("wb") as file:
        file.write(content)
        file.truncate(len(content) + hole)
    found = inspect(path)
    error = refusal(found)
    assert found.size_bytes == len(content) + hole
    assert error is not None or found.engine
    assert found.state != "truncated" or found.missing_bytes > 0
    if error is not None:
        error.render("ja")
    with contextlib.suppress(ModelError):
        read_vocabulary(read_gptj(path))
    if peak_mb() > LIMIT_MB:
        raise MemoryError(f"{peak_mb():.0f} MB")


def seeds(folder: Path) -> None:
    """Beginnings of real files of every kind, for the fuzzer to start from."""
    from ggml_files import write_gptj
    from gguf_files import by_hand, text, write_gguf
    from test_ggml_file import SMALL, VOCABULARY, weights

    made = [write_gguf(folder / f"s-{name}", name, type=type, vocabulary=8, embedding=256, layers=1) for name, type in
            (("llama", "q4_k"), ("qwen2", "f16"), ("gptj", "q8_0"))]  # fmt: skip
    for type in ("q4_0", "f16"):
        for old in (True, False):
            made.append(folder / f"s-gptj-{type}-{old}")
            write_gptj(
                made[-1], vocabulary=VOCABULARY, tensors=weights(), hyperparameters=SMALL, type=type, old_blocks=old
            )
    contents = [path.read_bytes()[:4000] for path in made] + [made[0].read_bytes()]
    array = text(b"a") + (9).to_bytes(4, "little") + (8).to_bytes(4, "little") + (1 << 20).to_bytes(8, "little")
    contents += [by_hand(values=[array]), by_hand(counts=(9, 9)), by_hand(tensors=[(b"x", [32, 2], 2, 0)])]
    contents += [
        b'\x40\0\0\0\0\0\0\0{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}        ',
        b"<!DOCTYPE html><html>",
    ]
    contents += [magic + b"\3\0\0\0\0\x7d\0\0" * 8 for magic in (b"tjgg", b"fmgg", b"lmgg", b"algg")]
    for path in made:
        path.unlink()
    for number, content in enumerate(contents):
        for hole in (0, 12, 15):
            (folder / f"seed-{number}-{hole}").write_bytes(bytes([hole]) + content)


def main() -> None:
    """Runs until libFuzzer's own limits are met; arguments are its."""
    start = Path(tempfile.mkdtemp(prefix="fuzz-seeds-"))
    seeds(start)
    atheris.Setup([*sys.argv, "-timeout=60", f"-rss_limit_mb={LIMIT_MB + 100}", "-max_len=9000", str(start)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
