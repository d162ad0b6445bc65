"""The process in which ctransformers' native code runs: takes requests on its standard input, answers on its standard output.

Messages are JSON, one a line, and ours begin with NUL (see ``qeu_rag.models.child``). Tokens go in and come out as ids, as
ctransformers' own tokeniser is not GPT-2's.
"""

from __future__ import annotations

import threading
from typing import Any

from qeu_rag.models.child_pipe import listen, send

_BATCH = 8
"""Tokens read at once: ctransformers' buffers hold that many of the 6-billion-parameter model's, and crash at more."""
_LIKELIEST = 40


def serve() -> None:
    """Serves one model until the parent closes the pipe or dies, which ends this process whatever it is doing."""
    requests, cancelled = listen()
    model: Any = None
    while True:
        request = requests.get()
        do = request.pop("do")
        try:
            if do == "load":
                model = _load(**request)
                send({"loaded": True})
            elif do == "generate":
                _generate(model, cancelled, **request)
                send({"done": True})
        except Exception as error:  # noqa: BLE001 - the parent raises it, in words
            send({"failed": f"{type(error).__name__}: {error}", "done": True})


def _load(path: str, library: str, threads: int) -> Any:
    from ctransformers.llm import LLM, Config

    return LLM(path, "gptj", config=Config(batch_size=_BATCH, threads=threads), lib=library)


def _generate(
    model: Any, cancelled: threading.Event, tokens: list[int], max_tokens: int, temperature: float, end: int | None
) -> None:
    """Sends the reply's tokens one by one. What the prompt begins with and the last one did too is not read again."""
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
