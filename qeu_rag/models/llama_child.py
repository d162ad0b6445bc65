"""llama.cpp (xllamacpp), in the process that ``child_pipe`` serves.

What xllamacpp gives no call for, it is asked by its own address on this computer, which nobody else knows the key of.
"""

from __future__ import annotations

import json
import secrets
import threading
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from qeu_rag.models.child_pipe import send

_BATCH = 256  # tokens of a prompt between two looks whether the request was cancelled
_UNREAD = "output that does not match the expected"  # llama.cpp's words for a reply that breaks off its form
_WARNINGS, _FACTS = 2, 4  # how much llama.cpp says


class Engine:
    """llama.cpp's server with one model and one place for a conversation, whose beginning it remembers."""

    def __init__(self, path: str, context: int, threads: int, trial: bool = False) -> None:
        """Loads the model; as a ``trial`` only so far as to see that it can be done and what memory that takes."""
        import xllamacpp

        self._key = secrets.token_hex()
        params = xllamacpp.CommonParams()
        params.model.path = path
        params.n_ctx = context
        params.n_batch = params.n_ubatch = _BATCH
        params.n_parallel = 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.verbosity = _FACTS if trial else _WARNINGS
        params.no_extra_bufts = trial  # without copies of the weights in another order
        params.api_keys = [self._key]
        params.offline = True
        params.fit_params = params.warmup = params.cache_idle_slots = False
        params.cache_ram_mib = 0  # else up to 8 GB of earlier prompts; the last one is remembered all the same
        params.enable_reasoning = 0
        self._server = xllamacpp.Server(params)

    def count(self, text: str) -> dict[str, Any]:
        """How many tokens ``text`` takes, with the one that goes before every prompt."""
        return {"tokens": len(self._post("/tokenize", content=text, add_special=True)["tokens"])}

    def render(self, messages: list[dict[str, str]]) -> dict[str, Any]:
        """``messages`` in the template of the file."""
        return {"text": self._post("/apply-template", messages=messages)["prompt"]}

    def generate(self, cancelled: threading.Event, **request: Any) -> None:
        """Sends the reply piece by piece, after a first message when the prompt is ready to be read."""

        def take(chunk: dict[str, Any]) -> bool:
            if "error" in chunk:
                # What was written stands, though llama.cpp's own reading of it fails: replies are read by us.
                if _UNREAD in str(chunk["error"].get("message")):
                    return True
                send({"failed": "generate", **chunk["error"]})
                return True
            delta = chunk["choices"][0]["delta"]
            if delta.get("content") or "role" in delta:
                send({"piece": delta.get("content") or ""})
            return cancelled.is_set()

        self._server.handle_chat_completions({**request, "stream": True, "return_progress": True, "seed": 0}, take)

    def _post(self, path: str, **body: object) -> dict[str, Any]:
        address = urlsplit(self._server.listening_address)
        connection = HTTPConnection(address.hostname or "", address.port)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        if "error" in answer:
            raise ValueError(answer["error"]["message"])
        return answer
