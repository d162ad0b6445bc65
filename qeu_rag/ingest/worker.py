"""A reading process: takes files from its standard input, reads and splits them, and answers on its standard output."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import queue
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from qeu_rag.ingest.readers.options import Way

_GRACE_S = 10.0
"""The parent ends an overdue worker first; this much later a worker whose parent is gone ends itself."""

STEP = ("step",)
"""What a worker says before each page that it recognises, which takes seconds: the time limit begins anew."""


def serve() -> None:
    """Reads requests (path, source, time limit in s, chunk size) until the parent closes the pipe or dies.

    The first message out is ("ready", resident bytes) or ("failed", why); then, a request, any number of ``STEP`` and one of
    ("read", SplitFile), ("error", reason, detail) or ("failed", why). Everything else that would be printed is thrown away.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle: it closes the pipe.
    answers = _take_stdout()
    memory_limit, way = pickle.load(sys.stdin.buffer)
    try:
        _prepare(memory_limit)
    except ImportError as e:
        _send(answers, ("failed", str(e)))
        return
    requests: queue.SimpleQueue[tuple[str, str, float, int]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    idle = _resident()
    _send(answers, ("ready", idle))
    with open(os.devnull, "w") as nowhere:
        while True:
            path, source, timeout_s, max_size = requests.get()
            # Its watchdog needs no interpreter lock, so it ends even a library call that hangs and never lets go.
            watch = partial(faulthandler.dump_traceback_later, timeout_s + _GRACE_S, exit=True, file=nowhere)
            watch()
            stepping = replace(way, step=partial(_next_page, watch, answers))
            _forget_peak()
            answer = _read(path, source, timeout_s, max_size, stepping)
            # A library that is refused memory may call the file broken, as lxml does.
            if answer[:2] == ("error", "damaged") and _linux_status("VmHWM") > idle + memory_limit // 2:
                answer = ("error", "memory", "")
            faulthandler.cancel_dump_traceback_later()
            _send(answers, answer)


def _next_page(watch: Callable[[], None], answers: BinaryIO) -> None:
    """Begins the time limit anew, here and with the parent."""
    watch()
    _send(answers, STEP)


def _take_stdout() -> BinaryIO:
    """The pipe to the parent; prints of libraries, in Python or C, go nowhere from here on."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return answers


def _prepare(memory_limit: int) -> None:
    """Imports what every file needs, then allows ``memory_limit`` bytes more than that took."""
    import logging

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    import llama_index.core  # noqa: F401 - the slow import, once a worker

    import qeu_rag.ingest.split  # noqa: F401

    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if data := _linux_status("VmData"):
            resource.setrlimit(resource.RLIMIT_DATA, (data + memory_limit, data + memory_limit))


def _linux_status(field: str) -> int:
    """A size (bytes) that Linux tells of this process: VmData is what RLIMIT_DATA counts; 0 elsewhere."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(field + ":")), 0)


def _forget_peak() -> None:
    """Lets Linux measure the peak of resident memory (VmHWM) anew."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _resident() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)


def _listen(pipe: BinaryIO, requests: queue.SimpleQueue[tuple[str, str, float, int]]) -> None:
    """Passes requests on; the end of the pipe is the end of the parent, and so of this process, whatever it is doing."""
    while True:
        try:
            requests.put(pickle.load(pipe))
        except (EOFError, OSError, pickle.UnpicklingError):
            os._exit(0)


def _read(path: str, source: str, timeout_s: float, max_size: int, way: Way) -> tuple[object, ...]:
    from qeu_rag.errors import ReadError
    from qeu_rag.ingest.read import parse
    from qeu_rag.ingest.readers import deadline
    from qeu_rag.ingest.split import split_file

    deadline.begin(timeout_s)
    began = time.perf_counter()
    try:
        split = split_file(parse(Path(path), source, way), max_size)
        return ("read", replace(split, seconds=time.perf_counter() - began))
    except ReadError as e:
        return ("error", e.reason, e.detail)
    except ImportError as e:
        return ("failed", str(e))
    except MemoryError:
        return ("error", "memory", "")
    except Exception as e:  # noqa: BLE001 - whatever a library raises for one file, the next one has to be read
        return ("error", "damaged", f" ({type(e).__name__})")


def _send(pipe: BinaryIO, answer: tuple[object, ...]) -> None:
    try:
        data = pickle.dumps(answer)
    except MemoryError:
        data = pickle.dumps(("error", "memory", ""))
    try:
        pipe.write(data)
        pipe.flush()
    except OSError:
        os._exit(0)
