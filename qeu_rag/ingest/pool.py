"""Reads files in worker processes under a time and a memory limit, so that one file's bomb or hang costs it alone."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from qeu_rag.errors import ReadError
from qeu_rag.ingest.read import Parsed
from qeu_rag.ingest.scan import FoundFile

_POLL_S = 0.1
_START_S = 60.0
"""Time for a worker to import its libraries, on top of the first file's own."""


class ReaderPool:
    """Workers that are kept for many files and replaced when one has to be ended. A context manager."""

    def __init__(self, workers: int, timeout_s: float, memory_mb: int) -> None:
        """``timeout_s`` wall seconds and ``memory_mb`` megabytes are each file's limits."""
        self._workers = [_Worker(memory_mb) for _ in range(workers)]
        self._timeout_s = timeout_s

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.end()

    def read_all(self, files: Iterable[FoundFile]) -> Iterator[tuple[FoundFile, Parsed | ReadError]]:
        """Each file with its documents, or why it could not be read, in the order of ``files``."""
        busy: deque[tuple[FoundFile, _Worker]] = deque()
        free = deque(self._workers)
        for file in files:
            if not free:
                done, worker = busy.popleft()
                yield done, worker.result(self._timeout_s)
                free.append(worker)
            worker = free.popleft()
            worker.start(file)
            busy.append((file, worker))
        for file, worker in busy:
            yield file, worker.result(self._timeout_s)


class _Worker:
    def __init__(self, memory_mb: int) -> None:
        self._memory_mb = memory_mb
        self._process: Any = None
        self._pipe: Connection | None = None
        self._deadline_from = 0.0
        self._fresh = False

    def start(self, file: FoundFile) -> None:
        if self._process is None or not self._process.is_alive():
            self.end()
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, self._memory_mb), daemon=True)
            self._process.start()
            theirs.close()
            self._fresh = True
        self._deadline_from = time.monotonic()
        if self._pipe is not None:
            self._pipe.send((file.path, file.source))

    def result(self, timeout_s: float) -> Parsed | ReadError:
        limit = timeout_s + (_START_S if self._fresh else 0.0)
        while self._pipe is not None and not self._pipe.poll(_POLL_S):
            if time.monotonic() - self._deadline_from > limit:
                self.end()
                return ReadError("timeout", f" ({timeout_s:g} s)")
            if self._over_memory():
                self.end()
                return ReadError("memory", f" ({self._memory_mb} MB)")
            if not self._process.is_alive() and not self._pipe.poll(0):
                break
        try:
            found = self._pipe.recv() if self._pipe is not None else None
        except (EOFError, OSError):
            found = None
        self._fresh = False
        if isinstance(found, Parsed):
            return found
        if isinstance(found, tuple):
            return ReadError(*found)
        self.end()
        return ReadError("damaged", " (the reader ended)")

    def _over_memory(self) -> bool:
        import psutil

        try:
            return bool(psutil.Process(self._process.pid).memory_info().rss > self._memory_mb * 1_000_000)
        except psutil.Error:
            return False

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def _serve(pipe: Connection, memory_mb: int) -> None:
    """A worker's whole life: path and source in, Parsed or (reason, detail) out, until the pipe closes."""
    import logging
    import signal
    import warnings

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    _limit_memory(memory_mb)
    from qeu_rag.ingest.read import parse

    while True:
        try:
            path, source = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(_read(parse, Path(path), str(source)))


def _read(parse: Any, path: Path, source: str) -> Parsed | tuple[str, str]:
    try:
        found: Parsed = parse(path, source)
        return found
    except ReadError as error:
        return error.reason, error.detail
    except (MemoryError, RecursionError):
        return "memory", ""
    except Exception as error:  # noqa: BLE001 - one file must not end the worker, whatever a library raises
        return "damaged", f" ({type(error).__name__})"


def _limit_memory(memory_mb: int) -> None:
    if sys.platform == "win32":
        return  # the parent's watch is the limit there
    import resource

    # Address space is always far above what is used, so this only stops one huge allocation.
    limit = (memory_mb + 1000) * 1_000_000
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    except (ValueError, OSError):
        return
