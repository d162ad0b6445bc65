"""The process in which GPT4All's native code runs: takes requests on its standard input, answers on its standard output.

Messages are JSON, one a line, and ours begin with NUL; every other line on the output is llama.cpp's chatter, which the parent
keeps for the moment when something goes wrong.
"""

from __future__ import annotations

import codecs
import importlib
import sys
import threading
from collections.abc import Callable
from typing import Any

from qeu_rag.models.child_pipe import listen, send

_BATCH = 128  # the most that gpt4all evaluates at once; between batches it asks whether to go on
_TEMPLATE = "%1%2"  # "%1" alone makes gpt4all 2.8.2 append two newlines to the reply


def serve() -> None:
    """Serves one model until the parent closes the pipe or dies, which ends this process whatever it is doing."""
    requests, cancelled = listen()
    try:
        kind = importlib.import_module("gpt4all._pyllmodel").LLModel  # it has no types for a plain import
    except (ImportError, OSError, RuntimeError) as e:
        send({"failed": "install", "detail": str(e)})
        return
    _quiet()
    model = None
    while True:
        request = requests.get()
        do = request.pop("do")
        if do == "load":
            model = _Native(kind, cancelled)
            send(model.load(**request))
        elif model is not None and do == "count":
            model.count(**request)
            send({"counted": True})
        elif model is not None and do == "generate":
            model.generate(**request)
            send({"done": True})


class _Native:
    """One model of gpt4all's native library."""

    def __init__(self, kind: Any, cancelled: threading.Event) -> None:
        self._kind = kind
        self._cancelled = cancelled
        self._model: Any = None
        self._filler = ""
        self._control: frozenset[int] = frozenset()

    def load(self, path: str, context: int, threads: int, control: list[int]) -> dict[str, Any]:
        """Loads the file and evaluates one character, which shows whether it works and which tokens go before a text."""
        self._control = frozenset(control)
        # What GPT4All(device="cpu") chooses; its own constructor would not say whether the load succeeded.
        backend = "cpu" if sys.platform == "darwin" else "kompute"
        try:
            self._model = self._kind(path, context, 0, backend)
            loaded = self._model.load_model()
        except RuntimeError as e:
            return {"failed": "load", "detail": str(e)}
        if not loaded:
            return {"failed": "load", "detail": ""}
        self._model.set_thread_count(threads)
        self._filler = "\1" * context
        first: list[int] = []
        self._run("\1", _TEMPLATE, 0, 0.0, lambda token, piece: True, first.append)
        return {"loaded": True, "first": first}

    def count(self, text: str) -> None:
        """Makes gpt4all say on stderr how many tokens ``text`` and more than a context of filler are, and evaluate none."""
        self._run(text, f"%1{self._filler}{self._filler}%2", 0, 0.0, lambda token, piece: True, lambda token: None)

    def generate(self, text: str, max_tokens: int, temperature: float) -> None:
        """Sends the reply to ``text`` in pieces of whole characters; the parent made sure that it fits."""
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode

        def take(token: int, data: bytes) -> bool:
            # Token -1 is gpt4all's own message. A control token is never part of a reply: it ends it.
            if token < 0 or token in self._control:
                if token < 0:
                    send({"failed": "said", "detail": data.decode("utf-8", "replace")})
                return False
            if piece := decode(data):
                send({"piece": piece})
            return not self._cancelled.is_set()

        self._run(text, _TEMPLATE, max_tokens, temperature, take, lambda token: None)

    def _run(
        self,
        text: str,
        template: str,
        max_tokens: int,
        temperature: float,
        take: Callable[[int, bytes], bool],
        seen: Callable[[int], object],
    ) -> None:
        def evaluated(token: int) -> bool:
            seen(token)
            return not self._cancelled.is_set()

        # gpt4all's own decoder drops the ids of tokens that end inside a character and its prompt callback cannot cancel.
        self._model._callback_decoder = lambda callback: callback
        self._model._prompt_callback = evaluated
        self._model.prompt_model(
            text, template, take, n_predict=max_tokens, temp=temperature, top_k=40, top_p=0.95, min_p=0.05,
            repeat_penalty=1.0, n_batch=_BATCH, reset_context=True, special=True,
        )  # fmt: skip


def _quiet() -> None:
    """No core files: a crash of the native code is an error message, and a core would be as large as the model."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
