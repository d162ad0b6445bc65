"""ctransformers' native code for a GPT-J, in the process that ``child_pipe`` serves.

Tokens go in and come out as ids, as ctransformers' own tokeniser is not GPT-2's.
"""

from __future__ import annotations

import threading
from typing import Any

from qeu_rag.models.child_pipe import send

_BATCH = 8
"""Tokens read at once: ctransformers' buffers hold that many of the 6-billion-parameter model's, and crash at more."""
_LIKELIEST = 40


class Engine:
    """One model by the build ``library`` of ctransformers."""

    def __init__(self, path: str, library: str, threads: int) -> None:
        from ctransformers.llm import LLM, Config

        self._model = LLM(path, "gptj", config=Config(batch_size=_BATCH, threads=threads), lib=library)

    def generate(
        self, cancelled: threading.Event, tokens: list[int], max_tokens: int, temperature: float, end: int | None
    ) -> None:
        """Sends the reply's tokens one by one. What the prompt begins with and the last one did too is not read again."""
        model = self._model
        left = model.prepare_inputs_for_generation(tokens, reset=True)
        for start in range(0, len(left), _BATCH):
            if cancelled.is_set():
                return
            model.eval(left[start : start + _BATCH])
        for made in range(max_tokens):
            token = _drawn(model, temperature)
            if token == end:
                return
            send({"token": token})
            if cancelled.is_set() or made + 1 == max_tokens:
                return
            model.eval([token])


def _drawn(model: Any, temperature: float) -> int:
    """The likeliest next token at ``temperature`` 0, else one of the likeliest, drawn."""
    import numpy as np

    logits = np.ctypeslib.as_array(model.ctransformers_llm_logits_data(), (model.ctransformers_llm_logits_size(),))
    if temperature <= 0:
        return int(logits.argmax())
    likeliest = np.argsort(logits)[-_LIKELIEST:]
    weights = np.exp((logits[likeliest] - logits[likeliest].max()) / temperature)
    return int(np.random.default_rng().choice(likeliest, p=weights / weights.sum()))
