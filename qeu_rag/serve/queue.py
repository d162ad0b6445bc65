"""The queue of questions: so many are answered at a time, so many may wait, and a client that goes away ends its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from starlette.requests import ClientDisconnect, Request

from qeu_rag.errors import UsageError

T = TypeVar("T")
RETRY_S = 2
"""After so many seconds a client that found the queue full may come back."""


class Queue:
    """Runs work in threads; all its methods are for the event loop's own thread."""

    def __init__(self, *, workers: int, places: int) -> None:
        """``workers`` run at a time, ``places`` more may wait."""
        self.workers = workers
        self._places = workers + places
        self._inside = 0
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="answer")

    @property
    def running(self) -> int:
        """How many are at work."""
        return min(self._inside, self.workers)

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return self._inside - self.running

    def start(self, make: Callable[[Callable[[], bool]], Iterator[T]]) -> Running[T]:
        """Queues what ``make`` gives, which learns from its argument whether nobody wants it any more.

        Raises UsageError("serve_busy") where all places are taken.
        """
        if self._inside >= self._places:
            raise UsageError("serve_busy", seconds=RETRY_S)
        self._inside += 1
        loop = asyncio.get_running_loop()
        running = Running(loop, make)
        self._pool.submit(running.work).add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        return running

    async def run(self, request: Request | None, work: Callable[[], T]) -> T:
        """What ``work`` gives, in its turn; errors as in ``start`` and ``Running.pieces``."""
        return await self.start(lambda _: iter((work(),))).last(request)

    def _leave(self) -> None:
        self._inside -= 1

    def close(self) -> None:
        """Begins nothing more that waits; what runs ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Running(Generic[T]):
    """Something in the queue or at work, and what it has given so far."""

    def __init__(self, loop: asyncio.AbstractEventLoop, make: Callable[[Callable[[], bool]], Iterator[T]]) -> None:
        self._loop = loop
        self._make = make
        self._left = threading.Event()
        self._arrived: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    def work(self) -> None:
        """Gives every piece to the event loop until the reader leaves; for a thread of the queue."""
        try:
            stream = iter(()) if self._left.is_set() else self._make(self._left.is_set)
            try:
                for piece in stream:
                    if self._left.is_set():
                        break
                    self._tell("piece", piece)
            finally:
                # A generation that is left early must not go on unread.
                getattr(stream, "close", lambda: None)()
            self._tell("end", None)
        except BaseException as error:  # noqa: BLE001 - raised again where the reader is
            self._tell("error", error)

    def _tell(self, kind: str, value: Any) -> None:
        # The loop may be gone when a generation outlives the server's patience: then nobody reads.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._arrived.put_nowait, (kind, value))

    async def pieces(self, request: Request | None) -> AsyncIterator[T]:
        """Each piece as it comes. Raises what the work raises, and ClientDisconnect once the client of ``request`` is gone.

        Without a request, who waits is cancelled when its client goes.
        """
        gone = asyncio.ensure_future(_disconnected(request) if request else asyncio.Event().wait())
        try:
            while True:
                coming = asyncio.ensure_future(self._arrived.get())
                await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    coming.cancel()
                    raise ClientDisconnect
                kind, value = coming.result()
                if kind == "error":
                    raise value
                if kind == "end":
                    return
                yield value
        finally:
            self._left.set()
            gone.cancel()

    async def last(self, request: Request | None) -> T:
        """The last piece alone; errors as in ``pieces``."""
        found = [piece async for piece in self.pieces(request)]
        return found[-1]


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
