"""One GPT-J with random weights by each engine that can read it: prompt and generation, in tokens a second.

    PYTHONPATH=. python benchmarks/gptj_engines.py [--width 2048] [--layers 8] [--prompt 300] [--made 32]

CTranslate2 in int8 beside ctransformers in q4_0, on the file that our own conversions make. gpt4all 2.8.2 reads no GPT-J.
"""

from __future__ import annotations

import argparse
import os
import struct
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from qeu_rag.models.ggml_file import GptjFile, read_gptj, read_vocabulary, tensor_shapes
from qeu_rag.models.gptj.convert import convert
from qeu_rag.models.gptj.int8 import Int8Runtime
from qeu_rag.models.gptj.plan import q4_available
from qeu_rag.models.gptj.q4 import Q4Runtime
from qeu_rag.models.gptj.repack import repack
from qeu_rag.models.gptj.vocabulary import Vocabulary

_VOCABULARY = 50_400
_PIECE = 1 << 20


def write(path: Path, *, width: int, layers: int) -> GptjFile:
    """Writes a file in GPT4All-J's layout (old q4_0 blocks), with the real vocabulary's size and random weights."""
    random = np.random.default_rng(0)
    words = [bytes([byte]) for byte in range(256)]
    words += [b"w%d" % number for number in range(256, _VOCABULARY - 1)] + [b"<|endoftext|>"]
    with path.open("wb") as file:
        file.write(b"lmgg" + struct.pack("<8i", _VOCABULARY, 2048, width, 16, layers, 64, 2, _VOCABULARY))
        file.write(b"".join(struct.pack("<I", len(word)) + word for word in words))
        for name, shape in tensor_shapes(n_vocab=_VOCABULARY, n_embd=width, n_layer=layers).items():
            matrix = len(shape) == 2
            file.write(struct.pack("<3i", len(shape), len(name), 2 if matrix else 0))
            file.write(struct.pack(f"<{len(shape)}i", *reversed(shape)) + name.encode())
            if not matrix:
                ones = name.endswith(("ln_1.weight", "ln_f.weight"))
                file.write((random.standard_normal(shape) * 0.1 + ones).astype("<f4").tobytes())
                continue
            left = shape[0] * shape[1] // 32
            while left:
                blocks = np.empty(min(_PIECE, left), np.dtype([("scale", "<f4"), ("quants", np.uint8, (16,))]))
                blocks["scale"] = random.random(len(blocks)) / (4 * np.sqrt(shape[1]))
                blocks["quants"] = random.integers(0, 256, (len(blocks), 16))
                file.write(blocks.tobytes())
                left -= len(blocks)
    return read_gptj(path)


def measured(runtime: Any, prompt: Sequence[int], made: int, memory: Callable[[], int]) -> str:
    """A row: prompt tokens a second, tokens a second afterwards, memory in MB. One short reply first loads the model."""
    list(runtime.tokens(prompt[:4], fixed=0, max_tokens=2, temperature=0))
    begun = time.perf_counter()
    marks = [time.perf_counter() for _ in runtime.tokens(prompt[::-1], fixed=0, max_tokens=made, temperature=0)]
    reading, writing = marks[0] - begun, marks[-1] - marks[0]
    return f"{len(prompt) / reading:8.1f} | {(len(marks) - 1) / writing:8.1f} | {memory() / 1e6:8.0f}"


def main() -> None:
    """Writes the model, prepares it for each engine, and prints the table."""
    options = argparse.ArgumentParser(description=__doc__)
    for name, default in (("width", 2048), ("layers", 8), ("prompt", 300), ("made", 32)):
        options.add_argument(f"--{name}", type=int, default=default)
    given = options.parse_args()
    prompt = [(7_919 * number) % 50_000 for number in range(given.prompt)]
    with tempfile.TemporaryDirectory() as folder:
        file = write(Path(folder) / "random.bin", width=given.width, layers=given.layers)
        print(f"{file.path.stat().st_size / 1e6:.0f} MB, {os.cpu_count()} cores, prompt of {given.prompt} tokens")
        begun = time.perf_counter()
        converted = convert(file, Path(folder) / "cache")
        print(f"converted to int8 in {time.perf_counter() - begun:.1f} s")
        vocabulary = Vocabulary(read_vocabulary(file))
        print("engine | prompt tokens/s | generation tokens/s | memory MB")
        before = psutil.Process().memory_info().rss
        int8 = Int8Runtime(converted, vocabulary.names(), end=None, name="random")
        print(
            "CTranslate2 int8   |",
            measured(int8, prompt, given.made, lambda: psutil.Process().memory_info().rss - before),
        )
        int8.close()
        if q4_available():
            q4 = Q4Runtime(repack(file, Path(folder) / "cache"), end=None, name="random")
            print(
                "ctransformers q4_0 |",
                measured(q4, prompt, given.made, lambda: psutil.Process(q4.pid).memory_info().rss),
            )
            q4.close()


if __name__ == "__main__":
    main()
