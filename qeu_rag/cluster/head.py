"""The head: the one process that owns a home and writes to it, and tells the replicas what they need to answer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from qeu_rag.cluster.heartbeat import Beat, Noted, Told
from qeu_rag.cluster.publisher import Publisher
from qeu_rag.errors import QeuRagError, UsageError
from qeu_rag.serve.application import application
from qeu_rag.serve.assembly import Place, assemble, log_line
from qeu_rag.serve.collections import Collections
from qeu_rag.serve.forward import Taken
from qeu_rag.serve.run import only_server
from qeu_rag.serve.shared_tokens import SharedRate
from qeu_rag.serve.tokens import Tokens

if TYPE_CHECKING:
    from qeu_rag.config import Settings

_FORGOTTEN_S = 60.0
"""A replica that said nothing for so long is gone."""


class Head:
    """The server of a home as on one machine, reached by replicas alone."""

    def __init__(self, settings: Settings, place: Place, lang: str) -> None:
        """Raises UsageError: "serve_running" where another server has the home, "serve_no_token" as ``serve.run.serve``."""
        self._ends = ExitStack()
        self._tokens = Tokens(settings.home)
        if place.closed and not self._tokens.all():
            raise UsageError("serve_no_token")
        self._ends.enter_context(only_server(settings.home, "(Ray Serve)"))
        self._rate = SharedRate(place.rate)
        self._service = assemble(
            settings,
            place,
            lambda told: Collections(settings, notify=log_line, told=told),
            lang=lang,
            tell=log_line,
            tokens=self._tokens,
            rate=self._rate,
        )
        self._taken = Taken(application(self._service), tell=log_line)
        self._publisher = Publisher(settings.home, tell=log_line, lang=lang)
        self._heard: dict[str, float] = {}
        self._owed: dict[str, Counter[str]] = {}

    async def open(self) -> None:
        """Publishes what there is, and begins to answer."""
        await asyncio.to_thread(self._publisher.look)  # who asks before that would be told that there is nothing
        self._publisher.start()
        await self._taken.opened()

    async def close(self) -> None:
        """Ends as the one server does: what runs stops at its next step and goes on with the next head."""
        self._service.stopping.set()
        await self._taken.closed()
        await asyncio.to_thread(self._publisher.close)
        self._ends.close()

    async def exchange(self, key: str, scope: dict[str, Any]) -> AsyncGenerator[Any, None]:
        """As ``Taken.answer``."""
        async for message in self._taken.answer(key, scope):
            yield message

    async def push(self, key: str, message: Any) -> None:
        """As ``Taken.push``."""
        await self._taken.push(key, message)

    async def beat(self, said: Beat) -> Told:
        """Takes what a replica says and tells it what is new."""
        self._share(said)
        if said.noted:
            await asyncio.to_thread(self._note, said.noted)
        return Told(
            published=self._publisher.published,
            approvals=self._publisher.approvals(said.marks),
            tokens=self._tokens.all(),
            taken=dict(self._owed.pop(said.replica, {})),
        )

    def _share(self, said: Beat) -> None:
        """Lets every server know what was taken at the others."""
        now = time.monotonic()
        self._heard[said.replica] = now
        self._heard = {name: at for name, at in self._heard.items() if now - at < _FORGOTTEN_S}
        own = self._rate.taken()
        self._rate.taken_elsewhere(said.taken)
        owed = {name: self._owed.get(name, Counter()) for name in self._heard}
        for name, counts in owed.items():
            counts.update(own)
            if name != said.replica:
                counts.update(said.taken)
        self._owed = owed

    def _note(self, noted: tuple[Noted, ...]) -> None:
        """Puts answers into the logs of questions; a log that cannot be written keeps nobody from an answer."""
        for one in noted:
            try:
                self._service.collections.open(one.collection).record.questions.add(one.answer, at=one.at)
            except QeuRagError as error:
                log_line(error.render(self._service.lang))
