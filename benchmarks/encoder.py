"""The bundled encoder run in several ways: ``python benchmarks/encoder.py`` prints a Markdown table (some five minutes).

Each way runs in a process of its own: windows a second (32 of about 120 tokens, two threads), milliseconds a question (one
thread), the time to open it, peak memory, and how near its vectors are to SentenceTransformer's in float32. The best of several
runs is told, as other programs only make a run slower.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from qeu_rag.index.bert_graph import read_bert, write_bert
from qeu_rag.index.encoder.packed import FOLDER

DATA = Path(__file__).parents[2] / "shared" / "data"
_SETS = ("jsquad-valid", "squad1-shared", "covid-faq-en", "handbook-faq-ja-shared")
_TOKENS, _WINDOWS, _FOUR_BIT_LAYERS = 120, 32, 6
_TORCH = "SentenceTransformer, float32"


def texts() -> tuple[list[str], list[str]]:
    """32 windows and 16 questions of both languages."""
    rng, windows, questions = random.Random(1), [], []
    for name in _SETS:
        for file, key, found, most in (("corpus", "text", windows, 8), ("queries", "question", questions, 4)):
            lines = (DATA / name / f"{file}.jsonl").read_text(encoding="utf-8").splitlines()
            found += [json.loads(line)[key] for line in rng.sample(lines, most)]
    return [f"passage: {text[:900]}" for text in windows], [f"query: {text}" for text in questions]


def ways(folder: Path) -> dict[str, Path]:
    """The graphs, written into ``folder``."""
    import onnx
    from encoder_ways import Rewriter, by_blocks, by_channels, by_ranges

    plain = folder / "plain.onnx"
    bert = read_bert(FOLDER)
    assert bert is not None
    write_bert(bert, plain)
    mixed: Callable[[str], int] = lambda name: 4 if int(name.split(".")[2]) < _FOUR_BIT_LAYERS else 8  # noqa: E731
    ranges = _ranges(plain)
    rewriters = {
        "MatMulNBits 4/8, accuracy 4": (by_blocks(mixed, 4), True),
        "MatMulNBits 4/8, accuracy 0": (by_blocks(mixed, 0), True),
        "int8 a channel, inputs as they come": (by_channels, True),
        "int8 a channel, known ranges": (by_ranges(ranges), True),
        "the same, not the wide products": (by_ranges(ranges), False),
    }
    found = {"float32 products, half-float words (in use)": plain}
    for number, (name, (write, wide)) in enumerate(rewriters.items()):
        found[name] = folder / f"{number}.onnx"
        found[name].write_bytes(Rewriter(onnx.load(plain), write, wide=wide).rewritten().SerializeToString())
    return found


def _ranges(plain: Path) -> dict[str, tuple[Any, Any]]:
    """The least and greatest of each column that goes into a product, over other texts than those that are measured."""
    import onnx
    from encoder_ways import product_inputs

    model = onnx.load(plain)
    names = product_inputs(model)
    model.graph.output.extend(onnx.helper.make_tensor_value_info(name, 1, None) for name in names)
    session = _session(model.SerializeToString())
    found: dict[str, tuple[Any, Any]] = {}
    lines = (DATA / "jaquad-train" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()[:40]
    lines += (DATA / "handbook-faq-en-shared" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()[:40]
    for prefix in ("passage: ", "query: "):
        for ids in _tokens([prefix + json.loads(line)["text"][:400] for line in lines]):
            for name, values in zip(names, session.run(names, _fed([ids])), strict=True):
                flat = values.reshape(-1, values.shape[-1])
                low, high = found.get(name, (0, 0))
                found[name] = np.minimum(low, flat.min(0)), np.maximum(high, flat.max(0))
    return found


def _session(model: str | bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    return onnxruntime.InferenceSession(model, options, disabled_optimizers=["SkipLayerNormFusion"])


def _tokens(given: list[str]) -> list[list[int]]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    tokenizer.enable_truncation(_TOKENS)
    return [found.ids for found in tokenizer.encode_batch(given)]


def _fed(batch: list[list[int]]) -> dict[str, Any]:
    width = max(map(len, batch))
    ids = np.array([row + [1] * (width - len(row)) for row in batch], dtype=np.int64)
    return {
        "input_ids": ids,
        "attention_mask": (np.arange(width) < np.array([[len(row)] for row in batch])).astype(np.int64),
    }


def measure(graph: str, vectors: str) -> dict[str, float]:
    """The figures of one way, in this process; ``graph`` may be empty for torch. Leaves its vectors in ``vectors``."""
    windows, questions = texts()
    began = time.perf_counter()
    run = _by_graph(graph) if graph else _by_torch()
    opened = time.perf_counter() - began
    np.save(vectors, np.concatenate([run(windows), *(run([text]) for text in questions)]))
    passages = min(_timed(lambda: run(windows)) for _ in range(8))
    asked = min(float(np.median([_timed(lambda text=text: run([text])) for text in questions])) for _ in range(6))  # type: ignore[misc]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"windows": len(windows) / passages, "query": asked * 1000, "open": opened, "memory": memory}


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _by_graph(graph: str) -> Callable[[list[str]], Any]:
    """As ``OnnxRunner`` does it: batches of four, by length, on two threads."""
    from tokenizers import Tokenizer

    session, tokenizer = _session(graph), Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    tokenizer.enable_truncation(_TOKENS)
    pool = ThreadPoolExecutor(2)

    def run(given: list[str]) -> Any:
        tokens = [found.ids for found in tokenizer.encode_batch(given)]
        order = sorted(range(len(given)), key=lambda i: -len(tokens[i]))
        parts = [order[at : at + 4] for at in range(0, len(order), 4)]
        found = np.zeros((len(given), 384), dtype=np.float32)
        act = lambda part: session.run(["vector"], _fed([tokens[i] for i in part]))[0]  # noqa: E731
        for part, values in zip(parts, pool.map(act, parts) if len(parts) > 1 else map(act, parts), strict=True):
            found[part] = values
        return found

    return run


def _by_torch() -> Callable[[list[str]], Any]:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(2)
    model = SentenceTransformer(str(FOLDER), device="cpu", trust_remote_code=True)
    model.max_seq_length = _TOKENS
    return lambda given: model.encode(given, normalize_embeddings=True, show_progress_bar=False)


def main() -> None:
    """The table; with a graph's and a vectors' file as arguments, one way alone as JSON."""
    if len(sys.argv) == 3:
        print(json.dumps(measure(*sys.argv[1:])))
        return
    print(
        "| way | windows/s | question, ms | open, s | memory, MB | graph, MB | cosine, mean | least |\n|" + "---|" * 8
    )
    with tempfile.TemporaryDirectory() as work:
        reference = None
        for name, graph in {_TORCH: None, **ways(Path(work))}.items():
            vectors = Path(work) / "vectors.npy"
            command = [sys.executable, __file__, str(graph or ""), str(vectors)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            figures = json.loads(done.stdout.splitlines()[-1])
            found = np.load(vectors)
            reference = found if reference is None else reference
            alike = (found * reference).sum(1)
            size = f"{graph.stat().st_size / 1e6:.0f}" if graph else ""
            shown = "{windows:.1f} | {query:.1f} | {open:.2f} | {memory:.0f}".format(**figures)
            print(f"| {name} | {shown} | {size} | {alike.mean():.5f} | {alike.min():.5f} |", flush=True)


if __name__ == "__main__":
    main()
