"""Whether llama.cpp can load a GGUF file, what memory that takes, and its own words where it cannot."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qeu_rag.errors import ModelError
from qeu_rag.models.child import Child

MODULE = "qeu_rag.models.llama_child"
"""Where the process lives that runs llama.cpp."""

_BUFFER = re.compile(r"buffer size = +([\d.]+) MiB")
_LINE = re.compile(r"[\d.]+ ([A-Z]) (.*)")
_PROCESS = 100_000_000  # bytes of a Python process with llama.cpp and no model yet
_TRIAL_S = 60.0


def memory_when_loaded(path: Path, *, context_tokens: int) -> int:
    """The bytes that llama.cpp takes for the model ``path``, by its own account, after having loaded it for a moment.

    Raises ModelError("engine_words") with all that it says where it cannot.
    """
    child = Child(MODULE, path)
    try:
        child.send("load", path=str(path), context=context_tokens, threads=1, trial=True)
        answer = child.answer(_TRIAL_S)
        if "failed" in answer:
            raise load_failure(answer, child, path)
        mib = sum(float(match[1]) for line in child.said() if (match := _BUFFER.search(line)))
    finally:
        child.kill()
    return int(mib * (1 << 20)) + _PROCESS


def load_failure(failure: dict[str, Any], child: Child, path: Path) -> ModelError:
    """The error for a load that failed: llama.cpp's own words, all of its lines; the child has come to its end."""
    if failure["failed"] == "install":
        return ModelError("engine_install", engine="llama.cpp", package="xllamacpp", detail=failure["detail"])
    words = _errors(child.said_to_the_end()) or [failure["detail"]]
    return ModelError("engine_words", path=path, engine="llama.cpp", words="\n".join(f"  {line}" for line in words))


def _errors(said: Iterable[str]) -> list[str]:
    """The lines of llama.cpp's log that tell of errors, without its clock; what runs over several lines stays whole."""
    level, words = "", []
    for line in said:
        match = _LINE.match(line)
        level, text = (match[1], match[2]) if match else (level, line)
        if level == "E":
            words.append(text)
    return words
