"""The process in which an engine's native code runs: requests come in, cancellations at once, and messages go out.

Messages are JSON, one a line, and ours begin with NUL; every other line on the output is the chatter of native code.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

_MARK = b"\0"

Requests = queue.SimpleQueue[dict[str, Any]]


class Engine(Protocol):
    """What runs one model, made with the values of the request "load"; any other request is the name of a method."""

    def generate(self, cancelled: threading.Event, **values: Any) -> None:
        """Sends a reply piece by piece, until ``cancelled`` is set."""


def serve(load: Callable[..., Engine]) -> None:
    """Serves the model that the first request names.

    When the parent closes the pipe or dies, this process ends, whatever it is doing; and when the model cannot be loaded.
    """
    requests, cancelled = _listen()
    engine: Engine | None = None
    while True:
        request = requests.get()
        do = request.pop("do")
        try:
            if engine is None:
                engine = load(**request)
                send({"loaded": True})
            elif do == "generate":
                engine.generate(cancelled, **request)
                send({"done": True})
            else:
                send(getattr(engine, do)(**request))
        except Exception as error:  # noqa: BLE001 - the parent raises it, in words
            install = engine is None and isinstance(error, (ImportError, OSError))
            send({"failed": "install" if install else do, "detail": str(error), "done": True})
            if engine is None:
                return  # at the end all words of native code are out


def _listen() -> tuple[Requests, threading.Event]:
    """The requests to come, and what is set while the one under way is cancelled."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle: it cancels or ends this process.
    _no_core()
    requests: Requests = queue.SimpleQueue()
    cancelled = threading.Event()
    threading.Thread(target=_pass_on, args=(requests, cancelled), daemon=True).start()
    return requests, cancelled


def lines(file: int) -> Iterator[bytes]:
    """The lines of a file descriptor, as they come.

    Nothing of Python's own holds them back: a buffer that a thread waits in aborts an interpreter that ends meanwhile.
    """
    rest = b""
    while data := os.read(file, 1 << 16):
        *whole, rest = (rest + data).split(b"\n")
        yield from whole


def _pass_on(requests: Requests, cancelled: threading.Event) -> None:
    for line in lines(0):
        request = json.loads(line)
        if request["do"] == "cancel":
            cancelled.set()
        else:
            cancelled.clear()
            requests.put(request)
    os._exit(0)


def send(message: dict[str, Any]) -> None:
    """One message to the parent; the newline before it ends whatever a native print left unfinished."""
    data = b"\n" + _MARK + json.dumps(message).encode() + b"\n"
    try:
        os.write(1, data)
    except OSError:
        os._exit(0)


def _no_core() -> None:
    """A crash of native code is an error message; a core file would be as large as the model."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
