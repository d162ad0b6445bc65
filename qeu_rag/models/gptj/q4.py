"""Runs a repacked GPT-J by ctransformers 0.2.27, in a child process: 4 bits, for machines without the memory for int8."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from qeu_rag.errors import ModelError
from qeu_rag.models.child import Child, usable_cores

_MODULE = "qeu_rag.models.gptj.child"


class Q4Runtime:
    """The model at ``path``; its process starts with the first reply, and again after ``close`` or its death.

    Safe between threads, which take turns. The process ends with this one.
    """

    def __init__(self, path: Path, *, end: int | None, name: str) -> None:
        self._path = path
        self._name = name
        self._end = end
        self._turn = threading.Lock()
        self._child: Child | None = None

    def tokens(self, prompt: Sequence[int], *, fixed: int, max_tokens: int, temperature: float) -> Iterator[int]:
        """The reply's tokens as they are made; closing the iterator ends the work within a few tokens.

        ``fixed`` is of no use here: the process remembers its last prompt, and reads only from where the next one differs.
        Raises ModelError("engine_load", "engine_said") for an error in the process, "engine_died" for its death.
        """
        given = {"max_tokens": max_tokens, "temperature": temperature, "end": self._end}
        with self._turn, closing(self._ready().reply(tokens=list(prompt), **given)) as messages:
            for message in messages:
                if "failed" in message:
                    raise ModelError("engine_said", model=self._name, detail=message["detail"])
                yield int(message["token"])

    def close(self) -> None:
        """Ends the process and so lets go of its memory."""
        with self._turn:
            if self._child is not None:
                self._child.kill()
                self._child = None

    @property
    def pid(self) -> int | None:
        """The process' number, while there is one."""
        return self._child.pid if self._child is not None else None

    def _ready(self) -> Child:
        if self._child is None or not self._child.alive:
            self._child = Child(_MODULE, self._path)
            self._child.send("load", path=str(self._path), library=library(), threads=usable_cores())
            first = self._child.answer()
            if "failed" in first:
                self._child.kill()
                raise ModelError("engine_load", path=self._path, detail=f": {first['detail']}")
        return self._child


def library() -> str:
    """Which of ctransformers' builds this processor runs: "avx2", "avx" or "basic"; its own check needs a package more."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return "avx2"  # not Linux: every PC processor of the last ten years has it
    if "avx2" in flags and "fma" in flags and "f16c" in flags:
        return "avx2"
    return "avx" if "avx" in flags and "f16c" in flags else "basic"
