"""Texts to unit vectors: a sentence-transformers model, exported once to ONNX so that a question needs no torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from qeu_rag.embed.encoder.packed import PROBES, PROMPTS, is_packed
from qeu_rag.embed.exports import export_folder, make_export, sound
from qeu_rag.embed.model_files import digest_of_model, locate
from qeu_rag.embed.runners import Count, Floats, OnnxRunner, Runner, TransformersRunner
from qeu_rag.embed.vocabulary import Vocabularies
from qeu_rag.errors import ModelError
from qeu_rag.text.notation import without_surrogates

_EXPORT_VERSION = "7"
"""Changes whenever an export must be made anew."""

_VECTORS_VERSION = "5"
"""Changes whenever the vectors of any text or chunk change: collections made with others have to be built anew."""

PROBE_TEXTS = ("How is the signal-to-noise ratio computed?", "SN比の計算方法", "an", "Quality engineering. " * 60)
"""Texts by which a graph is compared with sentence-transformers; of the bundled model its vectors come with the program."""

_PROBE_TOKENS = 256
"""Tokens that the longest of the probes takes at most."""

_LIKE, _LIKE_IN_BYTES = 0.9999, 0.997
"""The least cosine of an export's vectors of the probes with the model's own."""

_WINDOW = 1024
"""Texts tokenised and sorted by length at a time: enough for batches of like length, and memory stays flat."""


class Embedder(Protocol):
    """What turns texts into unit vectors. ``fingerprint`` covers everything that shapes them."""

    fingerprint: str
    dimension: int
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
    query_prefix: str | None = None,
    passage_prefix: str | None = None,
    max_tokens: int = 256,
    batch_size: int = 32,
    allow_network: bool = False,
    vocabularies: Vocabularies | None = None,
    threads: int = 0,
) -> Embedder:
    """The embedder for ``model``: "bundled", a folder, or a hub name that is in the local cache.

    A BERT-like model runs by onnxruntime from an export kept below ``cache``, which is made anew where it is damaged;
    any other runs by sentence-transformers (``runtime`` says which). ``max_tokens`` is lowered to what the model takes. A prefix
    of None is the one that the model's folder names, or none. ``vocabularies`` are those that other networks have open.
    ``threads`` embed side by side (0: one for each core).
    Raises ModelError for a missing or wrong model, NetworkNeeded for one that would have to be fetched.
    """
    folder = locate(model, allow_network=allow_network)
    digest = digest_of_model(folder, cache)
    runner = _runner(folder, digest, cache, max_tokens, batch_size, vocabularies or Vocabularies(), threads)
    prefixes = prefixes_of(folder, query_prefix, passage_prefix)
    fingerprint = fingerprint_of(digest, max_tokens=max_tokens, prefixes=prefixes, runtime=runner.runtime)
    return _Embedder(runner, fingerprint=fingerprint, prefixes=prefixes)


def prefixes_of(folder: Path, query: str | None, passage: str | None) -> tuple[str, str]:
    """What is written before questions and before passages: as given, or as the model's folder says (its ``prompts``)."""
    own: dict[str, str] = {}
    try:
        named = json.loads((folder / PROMPTS).read_text(encoding="utf-8"))["prompts"]
        own = {name: str(prompt) for name, prompt in named.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # most folders name none
    # sentence-transformers adds an empty "document" to what it saves.
    own_passage = own.get("document") or own.get("passage", "")
    return own.get("query", "") if query is None else query, own_passage if passage is None else passage


def _runner(
    folder: Path,
    digest: str,
    cache: Path,
    max_tokens: int,
    batch_size: int,
    vocabularies: Vocabularies,
    threads: int,
) -> Runner:
    kept = export_folder(cache, digest, str(max_tokens), _EXPORT_VERSION)
    if sound(kept, cache) or _export(folder, kept, cache, max_tokens):
        try:
            return OnnxRunner(kept, batch_size=batch_size, vocabularies=vocabularies, threads=threads)
        except Exception as error:
            raise ModelError("embedder_cache", path=kept, detail=error) from error
    return TransformersRunner(folder, max_tokens=max_tokens, batch_size=batch_size)


def fingerprint_of(digest: str, *, max_tokens: int, prefixes: tuple[str, str], runtime: str) -> str:
    """The fingerprint of an embedder from its model's digest, what is asked of it, and the ``runtime`` that computes it."""
    return _hash(digest, str(max_tokens), *prefixes, _VECTORS_VERSION, runtime, "float32")[:32]


def _hash(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _export(folder: Path, kept: Path, cache: Path, max_tokens: int) -> bool:
    """Writes the ONNX export of the model in ``folder``; False where it is of a kind that does not export.

    Accepted only if it gives sentence-transformers' own vectors (cosine above .9999 on texts of both languages; .997 for
    products in eight bits, which are tried first where the inputs' ranges are known, and given up for float32 on a machine
    that computes them otherwise). Those of the bundled model come with the program, so that torch need not be imported.
    """
    from qeu_rag.embed.onnx_export import ways

    known = np.load(folder / PROBES) if is_packed(folder) and max_tokens >= _PROBE_TOKENS else None

    def way(in_bytes: bool) -> Callable[[Path], bool]:
        return lambda aside: _made(folder, aside, max_tokens, known, in_bytes=in_bytes)

    return make_export(kept, cache, (way(in_bytes) for in_bytes in ways(folder)))


def _made(folder: Path, aside: Path, max_tokens: int, known: Floats | None, *, in_bytes: bool) -> bool:
    """Whether an export was written to ``aside`` that gives the model's own vectors, as nearly as its products allow."""
    from qeu_rag.embed.onnx_export import export_model

    reference = export_model(folder, aside, max_tokens, PROBE_TEXTS, known=known, in_bytes=in_bytes)
    if reference is None:
        return False
    found = OnnxRunner(aside, batch_size=2, vocabularies=Vocabularies()).run(PROBE_TEXTS)
    return bool((np.sum(found * reference, axis=1) > (_LIKE_IN_BYTES if in_bytes else _LIKE)).all())


class _Embedder:
    """The prefixes and the cleaning that every runner shares."""

    def __init__(
        self,
        runner: Runner,
        *,
        fingerprint: str,
        prefixes: tuple[str, str],
    ) -> None:
        self.fingerprint = fingerprint
        self.dimension = runner.dimension
        self.runtime = runner.runtime
        self._runner = runner
        self._query_prefix, self._passage_prefix = prefixes
        self._last: tuple[str, Floats] | None = None
        """The last question and its vector: the search and the sentences that it found are compared with the same one."""

    def embed_passages(self, texts: Sequence[str], progress: Count | None = None) -> Floats:
        """See Embedder."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), _WINDOW):
            window = [self._passage_prefix + without_surrogates(text) for text in texts[start : start + _WINDOW]]
            vectors[start : start + len(window)] = self._runner.run(window, _from(progress, start))
        return vectors

    def embed_query(self, text: str) -> Floats:
        """See Embedder."""
        if (last := self._last) is not None and last[0] == text:
            return last[1]
        vector: Floats = self._runner.run([self._query_prefix + without_surrogates(text)])[0]
        self._last = text, vector
        return vector


def _from(progress: Count | None, start: int) -> Count | None:
    return None if progress is None else lambda done: progress(start + done)
