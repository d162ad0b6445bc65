"""Runs a converted GPT-J by CTranslate2, in this process: int8, every core, a token at a time."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qeu_rag.errors import ModelError

if TYPE_CHECKING:
    import ctranslate2

_FIXED_KEPT = 4
"""How many fixed beginnings of prompts have their state kept; CTranslate2 would keep every one, for good."""
_WAKE_S = 0.5


class Int8Runtime:
    """The model in ``folder``; loaded with the first reply, again after ``close``. Safe between threads, which take turns."""

    def __init__(
        self, folder: Path, names: Sequence[str], *, end: int | None, name: str, compute_type: str = "int8"
    ) -> None:
        self._folder = folder
        self._name = name
        self._names = names
        self._end = [] if end is None else [end]
        self._compute_type = compute_type
        self._lock = threading.Lock()
        self._generator: ctranslate2.Generator | None = None
        self._fixed: set[tuple[int, ...]] = set()

    def tokens(self, prompt: Sequence[int], *, fixed: int, max_tokens: int, temperature: float) -> Iterator[int]:
        """The reply's tokens as they are made; closing the iterator ends the work at the next token.

        The first ``fixed`` tokens of ``prompt`` are the same for many prompts: their state is kept. ``temperature`` 0 is
        greedy; above, one of the 40 likeliest tokens is drawn. Raises ModelError: "engine_load", "engine_said".
        """
        generator = self._load()
        static = self._static(prompt[:fixed])
        steps: queue.SimpleQueue[int | Exception | None] = queue.SimpleQueue()
        stopped = threading.Event()

        def told(step: Any) -> bool:
            steps.put(step.token_id)
            return stopped.is_set()

        [result] = generator.generate_batch(
            [[self._names[token] for token in prompt[len(static or ()) :]]],
            static_prompt=static,
            include_prompt_in_result=False,
            end_token=self._end,
            max_length=max_tokens,
            sampling_topk=40 if temperature > 0 else 1,
            sampling_temperature=temperature if temperature > 0 else 1,
            asynchronous=True,
            callback=told,
        )
        watcher = threading.Thread(target=_watch, args=(result, steps), daemon=True, name="qeu-gptj")
        watcher.start()
        try:
            while (step := _next(steps)) is not None:
                if isinstance(step, Exception):
                    raise ModelError("engine_said", model=self._name, detail=step) from step
                if step not in self._end:
                    yield step
        finally:
            stopped.set()
            watcher.join()

    def close(self) -> None:
        """Lets go of the model's memory."""
        with self._lock:
            self._generator = None
            self._fixed.clear()

    def _load(self) -> ctranslate2.Generator:
        with self._lock:
            if self._generator is None:
                import ctranslate2

                try:
                    self._generator = ctranslate2.Generator(
                        str(self._folder),
                        device="cpu",
                        compute_type=self._compute_type,
                        inter_threads=1,
                        intra_threads=os.cpu_count() or 1,
                    )
                except (RuntimeError, ValueError, MemoryError) as error:
                    raise ModelError("engine_load", path=self._folder, detail=f": {error}") from error
            return self._generator

    def _static(self, fixed: Sequence[int]) -> list[str] | None:
        key = tuple(fixed)
        with self._lock:
            if not key or (key not in self._fixed and len(self._fixed) >= _FIXED_KEPT):
                return None
            self._fixed.add(key)
        return [self._names[token] for token in key]


def _watch(result: Any, steps: queue.SimpleQueue[int | Exception | None]) -> None:
    try:
        result.result()
    except Exception as error:  # noqa: BLE001 - whatever it is, it goes to the reader, who raises it
        steps.put(error)
    steps.put(None)


def _next(steps: queue.SimpleQueue[int | Exception | None]) -> int | Exception | None:
    """The next step, waited for in short stretches, so that Ctrl-C is heard on Windows too."""
    while True:
        with contextlib.suppress(queue.Empty):
            return steps.get(timeout=_WAKE_S)
