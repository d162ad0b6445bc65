"""Exports of models that are kept between runs: made once, by one process at a time, and used only while they are sound."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from qeu_rag.embed.model_files import digest_of
from qeu_rag.errors import ModelError

GRAPH, WEIGHTS, TOKENIZER, META = "model.onnx", "weights.bin", "tokenizer.json", "meta.json"


def export_folder(cache: Path, *parts: str) -> Path:
    """Where the export that ``parts`` shape is kept below ``cache``."""
    return cache / "onnx" / hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def describe(target: Path, tokenizer: Path, **meta: Any) -> None:
    """Puts the tokenizer and what a runner must know beside the graph in ``target``, with the sums that ``sound`` looks at."""
    shutil.copyfile(tokenizer, target / TOKENIZER)
    present = [name for name in (GRAPH, WEIGHTS, TOKENIZER) if (target / name).exists()]
    sums = {name: hashlib.sha256((target / name).read_bytes()).hexdigest() for name in present}
    (target / META).write_text(json.dumps({**meta, "sha256": sums}), encoding="utf-8")


def sound(kept: Path, cache: Path) -> bool:
    """Whether the export in ``kept`` is byte for byte the one that was accepted."""
    try:
        meta = json.loads((kept / META).read_text(encoding="utf-8"))
        sums = meta["sha256"]
        return {GRAPH, TOKENIZER} <= set(sums) and all(digest_of(kept / name, cache) == sums[name] for name in sums)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def make_export(kept: Path, cache: Path, ways: Iterable[Callable[[Path], bool]]) -> bool:
    """Makes the export ``kept`` by the first of ``ways`` that writes an accepted one into the folder it gets.

    False where none does. Of two processes that come at once the second waits and finds it done. Raises ModelError where
    the cache cannot be written, and what the ways raise.
    """
    from filelock import FileLock

    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(kept) + ".lock"):
            if sound(kept, cache):
                return True
            aside = kept.with_name(f"{kept.name}.building-{os.getpid()}")
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            try:
                if not any(way(aside) for way in ways):
                    return False
                shutil.rmtree(kept, ignore_errors=True)
                os.replace(aside, kept)
                return True
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise ModelError("embedder_cache", path=kept.parent, detail=error) from error
