"""What computes vectors: the ONNX graph by onnxruntime, any other model by sentence-transformers."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qeu_rag.embed.exports import GRAPH, META, TOKENIZER
from qeu_rag.embed.vocabulary import Vocabularies
from qeu_rag.errors import ModelError

_BATCH_TOKENS = 512
"""Tokens in one batch of long texts: its states stay in a core's cache (2,048 take a tenth more time, 6,144 a half)."""

IN_FLOATS, IN_BYTES = "onnxruntime", "onnxruntime, 8-bit products"
"""The names of the ways of running an export, as ``doctor`` tells them and an index's fingerprint holds them."""

Floats = NDArray[np.float32]
Count = Callable[[int], None]


class Runner(Protocol):
    """Texts to unit vectors."""

    runtime: str
    dimension: int

    def run(self, texts: Sequence[str], progress: Count | None = None) -> Floats:
        """The unit vectors of ``texts``, shape (len(texts), dimension); ``progress`` gets how many are done."""
        ...


def open_session(graph: Path) -> Any:
    """An onnxruntime session of the ``graph``, one thread a run, so that what it gives never depends on the machine's load."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(graph),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=["SkipLayerNormFusion"],  # see bert_graph
    )


class OnnxRunner:
    """Runs batches side by side, one thread each: faster than all cores on one batch, and each vector stays the same."""

    def __init__(self, kept: Path, *, batch_size: int, vocabularies: Vocabularies, threads: int = 0) -> None:
        """``threads`` run batches; 0: one for each core."""
        self._threads = threads or cores()
        meta = json.loads((kept / META).read_text(encoding="utf-8"))
        self.runtime = str(meta["runtime"])
        self.dimension = int(meta["dimension"])
        self._pad = int(meta["pad_id"])
        self._batch_size = batch_size
        self._most = int(meta["max_tokens"])
        self._vocabulary = vocabularies.open(kept / TOKENIZER, str(meta["sha256"][TOKENIZER]))
        self._session = open_session(kept / GRAPH)

    def run(self, texts: Sequence[str], progress: Count | None = None) -> Floats:
        """The unit vectors of ``texts``, the longest computed first."""
        tokens = self._vocabulary.cut(texts, self._most)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        batches = list(self._batches([len(ids) for ids in tokens]))
        if len(batches) == 1:
            vectors[batches[0]] = self._one([tokens[i] for i in batches[0]])
            return _told(vectors, len(texts), progress)
        done = 0
        pool = ThreadPoolExecutor(self._threads)
        try:
            for batch, part in _ahead(
                pool, lambda batch: self._one([tokens[i] for i in batch]), batches, 2 * self._threads
            ):
                vectors[batch] = part
                done += len(batch)
                _told(vectors, done, progress)
        finally:
            pool.shutdown(cancel_futures=True)
        return vectors

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Indices in batches of like length, by falling length: padding is work. Few texts are spread over the cores."""
        order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
        room = min(_BATCH_TOKENS, -(-sum(lengths) // self._threads))
        start = 0
        while start < len(order):
            size = min(self._batch_size, max(1, room // max(1, lengths[order[start]])))
            yield order[start : start + size]
            start += size

    def _one(self, tokens: Sequence[Sequence[int]]) -> Floats:
        width = max(1, max(map(len, tokens)))
        ids = np.full((len(tokens), width), self._pad, dtype=np.int64)
        mask = np.zeros((len(tokens), width), dtype=np.int64)
        for row, known in enumerate(tokens):
            ids[row, : len(known)] = known
            mask[row, : len(known)] = 1
        found: Floats = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return found


def _ahead(
    pool: ThreadPoolExecutor, work: Callable[[list[int]], Floats], batches: Iterable[list[int]], most: int
) -> Iterator[tuple[list[int], Floats]]:
    """Each batch with what ``work`` made of it, in order, ``most`` under way: who rests between two holds the others back."""
    waiting: deque[tuple[list[int], Future[Floats]]] = deque()
    for batch in batches:
        waiting.append((batch, pool.submit(work, batch)))
        if len(waiting) == most:
            first, made = waiting.popleft()
            yield first, made.result()
    for first, made in waiting:
        yield first, made.result()


def _told(vectors: Floats, done: int, progress: Count | None) -> Floats:
    if progress is not None:
        progress(done)
    return vectors


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class TransformersRunner:
    """A model that cannot be exported."""

    runtime = "sentence-transformers"

    def __init__(self, folder: Path, *, max_tokens: int, batch_size: int) -> None:
        from qeu_rag.embed.onnx_export import load_transformer

        self._batch_size = batch_size
        try:
            self._model = load_transformer(folder, max_tokens)
        except Exception as error:
            raise ModelError("embedder_missing", model=folder) from error
        self.dimension = int(self._model.encode(["a"], show_progress_bar=False).shape[1])

    def run(self, texts: Sequence[str], progress: Count | None = None) -> Floats:
        """The unit vectors of ``texts``."""
        found = self._model.encode(
            list(texts), batch_size=self._batch_size, normalize_embeddings=True, show_progress_bar=False
        )
        return _told(np.asarray(found, dtype=np.float32), len(texts), progress)
