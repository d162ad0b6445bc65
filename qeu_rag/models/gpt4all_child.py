"""GPT4All's native code, in the process that ``child_pipe`` serves."""

from __future__ import annotations

import importlib
import sys
import threading

from qeu_rag.models.child_pipe import send

_BATCH = 128  # the most that gpt4all evaluates at once


class Engine:
    """One model; raises RuntimeError where gpt4all could not load it, which it gives no reason for."""

    def __init__(self, path: str, context: int, threads: int) -> None:
        kind = importlib.import_module("gpt4all._pyllmodel").LLModel  # it has no types for a plain import
        # What GPT4All(device="cpu") chooses; its own constructor would not say whether the load succeeded.
        self._model = kind(path, context, 0, "cpu" if sys.platform == "darwin" else "kompute")
        if not self._model.load_model():
            raise RuntimeError("")
        self._model.set_thread_count(threads)

    def generate(
        self, cancelled: threading.Event, text: str, template: str, max_tokens: int, temperature: float
    ) -> None:
        """Sends the reply to ``text`` within ``template``, of which alone special tokens are read."""

        def take(token: int, piece: str) -> bool:
            # Token -1 is gpt4all's own message.
            send({"failed": "generate", "detail": piece} if token < 0 else {"piece": piece})
            return token >= 0 and not cancelled.is_set()

        self._model.prompt_model(
            text, template, take, n_predict=max_tokens, temp=temperature, top_k=40, top_p=0.95, min_p=0.05,
            repeat_penalty=1.0, n_batch=_BATCH, reset_context=True,
        )  # fmt: skip
