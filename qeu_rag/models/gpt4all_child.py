"""The process in which GPT4All's native code runs: takes requests on its standard input, answers on its standard output."""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Any

from qeu_rag.models.child_pipe import listen, send

_BATCH = 128  # the most that gpt4all evaluates at once


def serve() -> None:
    """Serves one model until the parent closes the pipe or dies, which ends this process whatever it is doing."""
    requests, cancelled = listen()
    model: Any = None
    while True:
        request = requests.get()
        do = request.pop("do")
        try:
            if do == "load":
                model = _loaded(**request)
                if model is None:
                    return
            else:
                _generate(model, cancelled, **request)
                send({"done": True})
        except Exception as error:  # noqa: BLE001 - the parent raises it, in words
            install = model is None and isinstance(error, (ImportError, OSError))
            send({"failed": "install" if install else do, "detail": str(error)})


def _loaded(path: str, context: int, threads: int) -> Any:
    """The model, or None where gpt4all could not load it."""
    kind = importlib.import_module("gpt4all._pyllmodel").LLModel  # it has no types for a plain import
    # What GPT4All(device="cpu") chooses; its own constructor would not say whether the load succeeded.
    model = kind(path, context, 0, "cpu" if sys.platform == "darwin" else "kompute")
    if not model.load_model():
        send({"failed": "load", "detail": ""})
        return None
    model.set_thread_count(threads)
    send({"loaded": True})
    return model


def _generate(
    model: Any, cancelled: threading.Event, text: str, template: str, max_tokens: int, temperature: float
) -> None:
    """Sends the reply to ``text`` within ``template``, of which alone special tokens are read."""

    def take(token: int, piece: str) -> bool:
        # Token -1 is gpt4all's own message.
        send({"failed": "generate", "detail": piece} if token < 0 else {"piece": piece})
        return token >= 0 and not cancelled.is_set()

    model.prompt_model(
        text, template, take, n_predict=max_tokens, temp=temperature, top_k=40, top_p=0.95, min_p=0.05,
        repeat_penalty=1.0, n_batch=_BATCH, reset_context=True,
    )  # fmt: skip
