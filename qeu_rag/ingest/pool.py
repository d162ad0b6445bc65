"""Reads and splits files in worker processes under a time and a memory limit, so that one file's bomb or hang costs it alone."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from qeu_rag.errors import ConfigError, ReadError
from qeu_rag.ingest.fetch import at_hand
from qeu_rag.ingest.readers.options import PLAIN, Way
from qeu_rag.ingest.scan import FoundFile
from qeu_rag.ingest.split import SplitFile
from qeu_rag.ingest.worker import STEP

_POLL_S = 0.05
_START_S = 180.0
"""Time for a worker to import its libraries; it is no file's fault and counts for none."""

_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.stdin.buffer.readline()); "
    "from qeu_rag.ingest.worker import serve; serve()"
)
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class ReaderPool:
    """Worker processes that start with the first file, are kept for many, and are replaced when one has to be ended.

    The workers are plain subprocesses: unlike multiprocessing's, they never run the caller's main script again. A context
    manager; leaving it ends the workers, and they end by themselves when this process dies.
    """

    def __init__(
        self, workers: int, timeout_s: float, memory_mb: int, *, max_size: int = 400, way: Way = PLAIN
    ) -> None:
        """``timeout_s`` (wall seconds; of scans a page) and ``memory_mb`` (10^6 bytes beyond an idle worker's) limit a file.

        ``max_size`` is the size of a chunk, see ``split``.
        """
        self._workers = [_Worker(timeout_s, memory_mb, max_size, way) for _ in range(max(1, workers))]
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(max_workers=len(self._workers), thread_name_prefix="qeu-read")

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.end()

    def read_all(self, files: Iterable[FoundFile]) -> Iterator[tuple[FoundFile, SplitFile | ReadError]]:
        """Each file with what was read of it and how it was split, or why it could not be read, in the order of ``files``.

        An object on a store is fetched just before. Raises ConfigError("reader_start") if no worker can be started at all,
        ConfigError("store_package").
        """
        waiting: deque[tuple[FoundFile, Future[SplitFile | ReadError]]] = deque()
        try:
            for file in files:
                waiting.append((file, self._threads.submit(self._read, file)))
                while len(waiting) > 2 * len(self._workers):
                    yield _finished(*waiting.popleft())
            while waiting:
                yield _finished(*waiting.popleft())
        finally:
            for _, future in waiting:
                future.cancel()

    def _read(self, file: FoundFile) -> SplitFile | ReadError:
        worker = self._idle.get()
        try:
            with at_hand(file, worker.stopped.is_set) as path:
                return worker.read(path, file.source)
        except ReadError as error:
            return error
        finally:
            self._idle.put(worker)


def _finished(file: FoundFile, future: Future[SplitFile | ReadError]) -> tuple[FoundFile, SplitFile | ReadError]:
    """The result, waited for in steps, since Windows does not interrupt a wait without end on Ctrl-C."""
    while True:
        try:
            return file, future.result(timeout=0.2)
        except FutureTimeoutError:
            if future.done():
                return file, future.result()


class _Worker:
    """One worker process and its replacements, used by one thread at a time."""

    def __init__(self, timeout_s: float, memory_mb: int, max_size: int, way: Way) -> None:
        self._way = way
        self._max_size = max_size
        self._timeout_s = timeout_s
        self._memory_mb = memory_mb
        self._limit = memory_mb * 1_000_000
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[tuple[object, ...] | None] = queue.SimpleQueue()
        self._idle_rss = 0
        self.stopped = threading.Event()

    def read(self, path: Path, source: str) -> SplitFile | ReadError:
        """What the process makes of ``path``, within the limits. Raises ConfigError if it cannot be started."""
        process = self._process
        if process is None or process.poll() is not None:
            process = self._start()
        request = pickle.dumps((str(path), source, self._timeout_s, self._max_size))
        with contextlib.suppress(OSError):  # A process that died meanwhile is found dead below.
            _pipe(process.stdin).write(request)
            _pipe(process.stdin).flush()
        answer, rss = self._wait(process, self._timeout_s)
        if isinstance(answer, ReadError):
            self.end()
            return answer
        if answer is None:
            return self._death(process, rss)
        return self._result(answer, process)

    def _result(self, answer: tuple[object, ...], process: subprocess.Popen[bytes]) -> SplitFile | ReadError:
        kind, *rest = answer
        if kind == "failed":
            self.end()
            raise ConfigError("reader_start", detail=str(rest[0]))
        # What one file left behind in memory must not count against the next.
        if rest[0] == "memory" or _rss(process) > self._idle_rss + self._limit // 2:
            self.end()
        if kind == "read" and isinstance(rest[0], SplitFile):
            return rest[0]
        return ReadError(str(rest[0]), self._beyond_memory if rest[0] == "memory" else str(rest[1]))

    @property
    def _beyond_memory(self) -> str:
        return f" (> {self._memory_mb:,} MB)"

    def _start(self) -> subprocess.Popen[bytes]:
        self.end()
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows only
        environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}
        process = subprocess.Popen(
            [sys.executable, "-c", _BOOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            creationflags=flags,
        )
        self._process, self._answers = process, queue.SimpleQueue()
        threading.Thread(target=_pump, args=(_pipe(process.stdout), self._answers), daemon=True).start()
        with contextlib.suppress(OSError):
            _pipe(process.stdin).write(json.dumps(sys.path).encode() + b"\n" + pickle.dumps((self._limit, self._way)))
            _pipe(process.stdin).flush()
        answer, _ = self._wait(process, _START_S, start=True)
        if not isinstance(answer, tuple) or answer[0] != "ready" or not isinstance(answer[1], int):
            self.end()
            raise ConfigError("reader_start", detail=str(answer[1]) if isinstance(answer, tuple) else "")
        self._idle_rss = answer[1]
        return process

    def _wait(
        self, process: subprocess.Popen[bytes], timeout_s: float, start: bool = False
    ) -> tuple[tuple[object, ...] | ReadError | None, int]:
        """The process' answer, None if it died, or the limit it broke; and the memory it took last (bytes)."""
        deadline = time.monotonic() + timeout_s
        rss = 0
        while True:
            with contextlib.suppress(queue.Empty):
                answer = self._answers.get(timeout=_POLL_S)
                if answer != STEP:
                    return answer, rss
                deadline = time.monotonic() + timeout_s
            rss = _rss(process)
            if time.monotonic() > deadline or self.stopped.is_set():
                return ReadError("timeout", f" (> {timeout_s:g} s)"), rss
            if not start and rss > self._idle_rss + self._limit:
                return ReadError("memory", self._beyond_memory), rss

    def _death(self, process: subprocess.Popen[bytes], rss: int) -> ReadError:
        """Why the process ended while it read: out of memory, or crashed on what it read."""
        self.end()
        code = process.returncode or 0
        name = ""
        if code < 0:
            with contextlib.suppress(ValueError):
                name = signal.Signals(-code).name
        if name == "SIGKILL" or rss > self._idle_rss + 0.7 * self._limit:
            return ReadError("memory", self._beyond_memory)
        return ReadError("damaged", f" ({name})" if name else "")

    def stop(self) -> None:
        """Makes a running ``read`` give up at once; from any thread."""
        self.stopped.set()

    def end(self) -> None:
        """Ends the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        import psutil

        with contextlib.suppress(psutil.Error):  # Tesseract ends with it.
            for helper in psutil.Process(process.pid).children(recursive=True):
                helper.kill()
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                _pipe(pipe).close()


def _pump(pipe: BinaryIO, answers: queue.SimpleQueue[tuple[object, ...] | None]) -> None:
    """Passes a process' answers on, and None when it ends."""
    while True:
        try:
            answers.put(pickle.load(pipe))
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            answers.put(None)
            return


def _pipe(pipe: object) -> BinaryIO:
    return cast(BinaryIO, pipe)


def _rss(process: subprocess.Popen[bytes]) -> int:
    """The memory the process holds (bytes); 0 if it is gone."""
    import psutil

    try:
        return int(psutil.Process(process.pid).memory_info().rss)
    except psutil.Error:
        return 0
