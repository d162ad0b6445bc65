"""Texts to unit vectors: a sentence-transformers model, exported once to ONNX so that a question needs no torch."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qeu_rag.errors import ModelError
from qeu_rag.index.model_files import BUNDLED, digest_of, digest_of_model, locate

_EXPORT_VERSION = "3"
"""Changes whenever an export must be made anew."""

_VECTORS_VERSION = "2"
"""Changes whenever the vectors of any text change: collections made with others have to be built anew."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_PROBES = ("How is the signal-to-noise ratio computed?", "SN比の計算方法", "an", "Quality engineering. " * 60)
_PROBE_TOKENS = 256
_BUNDLED_VECTORS = Path(__file__).with_name("bundled_probes.npy")
"""What sentence-transformers makes of the probes with the bundled model and ``_PROBE_TOKENS`` tokens, shape (4, 384)."""

_WINDOW = 1024
"""Texts tokenised and sorted by length at a time: enough for batches of like length, and memory stays flat."""

_BATCH_TOKENS = 512
"""Tokens in one batch of long texts: its states stay in a core's cache (2,048 take a tenth more time, 6,144 a half)."""

Floats = NDArray[np.float32]
Count = Callable[[int], None]


class Embedder(Protocol):
    """What turns texts into unit vectors. ``fingerprint`` covers everything that shapes them."""

    fingerprint: str
    dimension: int
    languages: frozenset[str]
    runtime: str

    def embed_passages(self, texts: Sequence[str], progress: Count | None = None) -> Floats:
        """Unit vectors of passages, shape (len(texts), dimension); ``progress`` gets how many are done."""
        ...

    def embed_query(self, text: str) -> Floats:
        """The unit vector of a question, shape (dimension,)."""
        ...


def open_embedder(
    *,
    model: str,
    cache: Path,
    languages: frozenset[str],
    query_prefix: str = "",
    passage_prefix: str = "",
    max_tokens: int = 256,
    batch_size: int = 32,
    allow_network: bool = False,
) -> Embedder:
    """The embedder for ``model``: "bundled", a folder, or a hub name that is in the local cache.

    A BERT-like model runs by onnxruntime from an export kept below ``cache``, which is made anew where it is damaged;
    any other runs by sentence-transformers (``runtime`` says which). ``max_tokens`` is lowered to what the model takes.
    Raises ModelError for a missing or wrong model, NetworkNeeded for one that would have to be fetched.
    """
    folder = locate(model, allow_network=allow_network)
    digest = digest_of_model(folder, cache, bundled=model == BUNDLED)
    prefixes = (query_prefix, passage_prefix)
    kept = cache / "onnx" / _hash(digest, str(max_tokens), _EXPORT_VERSION)[:32]
    exported = _opened(kept, cache, batch_size) or (
        _opened(kept, cache, batch_size) if _export(folder, kept, cache, max_tokens, bundled=model == BUNDLED) else None
    )
    runner = exported or _TransformersRunner(folder, max_tokens=max_tokens, batch_size=batch_size)
    fingerprint = _hash(digest, str(max_tokens), *prefixes, _VECTORS_VERSION, runner.runtime, "float32")[:32]
    return _Embedder(runner, fingerprint=fingerprint, languages=languages, prefixes=prefixes)


def _hash(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _sound(kept: Path, cache: Path) -> bool:
    """Whether the export is byte for byte the one that was accepted."""
    try:
        meta = json.loads((kept / "meta.json").read_text(encoding="utf-8"))
        return all(digest_of(kept / name, cache) == meta["sha256"][name] for name in ("model.onnx", "tokenizer.json"))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _opened(kept: Path, cache: Path, batch_size: int) -> _OnnxRunner | None:
    """The export in ``kept``; None where there is no sound one."""
    if not _sound(kept, cache):
        return None
    try:
        return _OnnxRunner(kept, batch_size=batch_size)
    except Exception as error:
        raise ModelError("embedder_cache", path=kept, detail=error) from error


def _export(folder: Path, kept: Path, cache: Path, max_tokens: int, *, bundled: bool) -> bool:
    """Writes the ONNX export of the model in ``folder``; False where it is of a kind that does not export.

    Accepted only if it gives sentence-transformers' own vectors (cosine above 0.9999 on texts of both languages). Those of
    the bundled model come with the program, so that torch need not be imported for them.
    Of two processes that come at once the second waits and finds it done.
    """
    from filelock import FileLock

    from qeu_rag.index.onnx_export import export_model

    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(kept) + ".lock"):
            if _sound(kept, cache):
                return True
            aside = kept.with_name(f"{kept.name}.building-{os.getpid()}")
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            try:
                known = np.load(_BUNDLED_VECTORS) if bundled and max_tokens >= _PROBE_TOKENS else None
                reference = export_model(folder, aside, max_tokens, _PROBES, known=known)
                if reference is None or not _agrees(aside, reference):
                    return False
                shutil.rmtree(kept, ignore_errors=True)
                os.replace(aside, kept)
                return True
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise ModelError("embedder_cache", path=kept.parent, detail=error) from error


def _agrees(aside: Path, reference: Floats) -> bool:
    found = _OnnxRunner(aside, batch_size=2).run(_PROBES)
    return bool((np.sum(found * reference, axis=1) > 0.9999).all())


class _Embedder:
    """The prefixes and the cleaning that every runner shares."""

    def __init__(
        self,
        runner: _OnnxRunner | _TransformersRunner,
        *,
        fingerprint: str,
        languages: frozenset[str],
        prefixes: tuple[str, str],
    ) -> None:
        self.fingerprint = fingerprint
        self.dimension = runner.dimension
        self.languages = languages
        self.runtime = runner.runtime
        self._runner = runner
        self._query_prefix, self._passage_prefix = prefixes

    def embed_passages(self, texts: Sequence[str], progress: Count | None = None) -> Floats:
        """See Embedder."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), _WINDOW):
            window = [self._passage_prefix + _clean(text) for text in texts[start : start + _WINDOW]]
            vectors[start : start + len(window)] = self._runner.run(window, _from(progress, start))
        return vectors

    def embed_query(self, text: str) -> Floats:
        """See Embedder."""
        vector: Floats = self._runner.run([self._query_prefix + _clean(text)])[0]
        return vector


def _clean(text: str) -> str:
    return _SURROGATE.sub(" ", text)


def _from(progress: Count | None, start: int) -> Count | None:
    return None if progress is None else lambda done: progress(start + done)


class _OnnxRunner:
    """Runs batches side by side, one thread each: faster than all cores on one batch, and each vector stays the same."""

    runtime = "onnxruntime"

    def __init__(self, kept: Path, *, batch_size: int) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        meta = json.loads((kept / "meta.json").read_text(encoding="utf-8"))
        self.dimension = int(meta["dimension"])
        self._pad = int(meta["pad_id"])
        self._batch_size = batch_size
        self._tokenizer = Tokenizer.from_file(str(kept / "tokenizer.json"))
        self._tokenizer.enable_truncation(int(meta["max_tokens"]))
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(kept / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def run(self, texts: Sequence[str], progress: Count | None = None) -> Floats:
        """The unit vectors of ``texts``, the longest computed first."""
        tokens: list[list[int]] = [found.ids for found in self._tokenizer.encode_batch_fast(list(texts))]
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        batches = list(self._batches([len(ids) for ids in tokens]))
        if len(batches) == 1:
            vectors[batches[0]] = self._one([tokens[i] for i in batches[0]])
            return _told(vectors, len(texts), progress)
        done = 0
        pool = ThreadPoolExecutor(_cores())
        try:
            found = pool.map(lambda batch: self._one([tokens[i] for i in batch]), batches)
            for batch, part in zip(batches, found, strict=True):
                vectors[batch] = part
                done += len(batch)
                _told(vectors, done, progress)
        finally:
            pool.shutdown(cancel_futures=True)
        return vectors

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Indices in batches of like length, by falling length: padding is work."""
        order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
        start = 0
        while start < len(order):
            size = min(self._batch_size, max(1, _BATCH_TOKENS // max(1, lengths[order[start]])))
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


def _told(vectors: Floats, done: int, progress: Count | None) -> Floats:
    if progress is not None:
        progress(done)
    return vectors


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _TransformersRunner:
    runtime = "sentence-transformers"

    def __init__(self, folder: Path, *, max_tokens: int, batch_size: int) -> None:
        from qeu_rag.index.onnx_export import load_transformer

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
