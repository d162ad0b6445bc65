"""A process of our own that runs native code: requests and messages as JSON lines, its death as an error of ours."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any

from qeu_rag.errors import ModelError
from qeu_rag.models.child_pipe import lines

_POLL_S = 0.2
_CANCEL_S = 2.0
_BOOT = (
    "import sys, json; sys.path[:] = json.loads(open(0, 'rb', 0, closefd=False).readline()); "
    "from qeu_rag.models.child_pipe import serve; from {module} import Engine; serve(Engine)"
)


class Child:
    """One child process for the model file ``path``, used by one thread at a time.

    It is a plain subprocess, which never runs the caller's main script again; it ends by itself when this process dies.
    Its standard output and error are one stream, in which our messages begin with NUL: so they come in the order in which
    they were written, and nothing that native code prints reaches the terminal.
    """

    def __init__(self, module: str, path: Path) -> None:
        """Serves the ``Engine`` of ``module`` there (see ``child_pipe``); what it sends first comes with the first request."""
        self._path = path
        self._chatter: deque[str] = deque(maxlen=1000)
        self._messages: queue.SimpleQueue[dict[str, Any] | str | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BOOT.format(module=module)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            # Passive: OpenMP's threads wait asleep. Spinning, they fall to a ninth of the speed beside other programs.
            env={"OMP_WAIT_POLICY": "passive", **os.environ, "PYTHONUNBUFFERED": "1"},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows only
        )
        self._reader = threading.Thread(target=_pump, args=(self._process.stdout, self._messages), daemon=True)
        self._reader.start()
        self._write(sys.path)

    @property
    def alive(self) -> bool:
        """Whether the process can take a request."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process' number."""
        return self._process.pid

    def send(self, do: str, **values: object) -> None:
        """Sends a request; a process that died meanwhile is found dead when its answer is read."""
        self._write({"do": do, **values})

    def answer(self, limit_s: float | None = None) -> dict[str, Any]:
        """The next message.

        Raises ModelError("engine_died") when the process ends, ModelError("engine_silent") when ``limit_s`` seconds pass
        without a word from it; then it is killed.
        """
        deadline = None if limit_s is None else time.monotonic() + limit_s
        while True:
            try:
                message = self._next(deadline)
            except queue.Empty:
                self.kill()
                raise ModelError("engine_silent", path=self._path, seconds=f"{limit_s:g}") from None
            if message is None:
                raise self._death()
            if isinstance(message, dict):
                return message
            self._chatter.append(message)

    def said(self) -> list[str]:
        """What native code printed last, oldest first; forgets it."""
        lines = list(self._chatter)
        self._chatter.clear()
        return lines

    def said_to_the_end(self) -> list[str]:
        """What native code printed last, after waiting for the process to end, which it is about to do; it is killed else."""
        deadline = time.monotonic() + _CANCEL_S
        with contextlib.suppress(queue.Empty):
            while (message := self._next(deadline)) is not None:
                if isinstance(message, str):
                    self._chatter.append(message)
        self.kill()
        return self.said()

    def reply(self, limit_s: float | None = None, **values: Any) -> Generator[dict[str, Any]]:
        """The messages of a reply as they come, the first within ``limit_s`` seconds; one that says ``failed`` may be the last.

        Leaving them early ends the work: this waits until native code has really ended, or kills it.
        """
        over = False
        try:
            self.send("generate", **values)
            message = self.answer(limit_s)
            while True:
                over = "done" in message
                if not over or "failed" in message:
                    yield message
                if over:
                    return
                message = self.answer()
        finally:
            if not over and self.alive and not isinstance(sys.exception(), KeyboardInterrupt):
                self._cancel()

    def _cancel(self) -> None:
        """Asks the process to end its work and waits for its last message; else it is killed."""
        self._write({"do": "cancel"})
        deadline = time.monotonic() + _CANCEL_S
        with contextlib.suppress(queue.Empty):
            while (message := self._next(deadline)) is not None:
                if isinstance(message, dict) and "done" in message:
                    return
        self.kill()

    def kill(self) -> None:
        """Ends the process at once and waits until it is gone."""
        self._process.kill()
        self._process.wait()
        if not sys.is_finalizing() and threading.current_thread() is not self._reader:
            self._reader.join(_CANCEL_S)  # else it might read what gets the pipe's number next
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()

    def _write(self, value: object) -> None:
        pipe = self._process.stdin
        with contextlib.suppress(OSError, ValueError):
            if pipe is not None:
                pipe.write(json.dumps(value).encode() + b"\n")
                pipe.flush()

    def _next(self, deadline: float | None) -> dict[str, Any] | str | None:
        """The next message or line, None at the process' end; waited for in steps, for Ctrl-C on Windows.

        Raises queue.Empty at ``deadline``, a time of ``time.monotonic``.
        """
        while True:
            wait = _POLL_S if deadline is None else min(_POLL_S, max(0.0, deadline - time.monotonic()))
            try:
                return self._messages.get(timeout=wait)
            except queue.Empty:
                if deadline is not None and time.monotonic() >= deadline:
                    raise

    def _death(self) -> ModelError:
        """Why the process ended: the name of the signal where there is one, and its last words."""
        self.kill()
        code = self._process.returncode or 0
        how = f"exit code {code}"
        if code < 0:
            with contextlib.suppress(ValueError):
                how = signal.Signals(-code).name
        words = last_words(self.said())
        return ModelError("engine_died", path=self._path, how=how, detail=f": {words}" if words else "")


def last_words(lines: list[str]) -> str:
    """The last line that tells of an error, else nothing; short enough for a message."""
    telling = [line for line in lines if "error" in line.lower() or "assert" in line.lower() or "fail" in line.lower()]
    telling = [line for line in telling if "dlopen" not in line]
    return " ".join(telling[-1].split())[:200] if telling else ""


def _pump(pipe: IO[bytes] | None, messages: queue.SimpleQueue[dict[str, Any] | str | None]) -> None:
    """Passes what the process writes on, and None when it ends."""
    with contextlib.suppress(OSError, ValueError):
        for line in lines(pipe.fileno()) if pipe is not None else ():
            if line.startswith(b"\0"):
                messages.put(json.loads(line[1:]))
            elif text := line.decode("utf-8", "replace").rstrip():
                messages.put(text)
    messages.put(None)


def usable_cores() -> int:
    """The cores that this process may use: with more threads the native engines are slower."""
    import psutil

    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed))
