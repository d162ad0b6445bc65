"""Ray Serve's application: any number of replicas of one home that answer, and the head behind them that writes."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qeu_rag.cluster.head import Head
from qeu_rag.cluster.heartbeat import Beat, Told
from qeu_rag.cluster.replica_collections import Following
from qeu_rag.cluster.replica_folder import OwnFolder
from qeu_rag.config import load_settings
from qeu_rag.errors import ConfigError, QeuRagError
from qeu_rag.language import system_language
from qeu_rag.serve.application import application
from qeu_rag.serve.assembly import Place, assemble, log_line
from qeu_rag.serve.forward import OPENED, PassOn
from qeu_rag.serve.shared_tokens import SharedRate, ToldTokens

if TYPE_CHECKING:
    from qeu_rag.config import Settings
    from qeu_rag.types import Answer

_PATIENCE_S = 10.0
_RETRY_S = 2
_AT_ONCE = 1000
"""Far above what a server's own queue takes, so that the queue refuses and not Ray: its refusal says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What a deployment file says under ``args``; docs/scale.md has them."""

    home: str
    local: str
    profile: str | None = None
    lang: str | None = None
    require_token: bool = True
    hosts: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    rate: int = 600
    log_questions: bool = False

    @classmethod
    def read(cls, given: dict[str, Any]) -> Arguments:
        """Raises ConfigError("replicas_argument") for a name that is missing or unknown, or a value of another type."""
        known = {one.name: one.default for one in fields(cls)}
        for name in ("home", "local", *given):
            if name not in known or not _fits(name, given.get(name)):
                raise ConfigError("replicas_argument", name=name, known=", ".join(known))
        values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in given.items()}
        return cls(**values)


def _fits(name: str, value: object) -> bool:
    if name in ("hosts", "folders"):
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if name in ("require_token", "log_questions"):
        return isinstance(value, bool)
    if name == "rate":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return (isinstance(value, str) and bool(value)) or (value is None and name in ("profile", "lang"))


def app(args: dict[str, Any]) -> Any:
    """The application for Ray Serve, by the arguments of a deployment file.

    Raises ConfigError: "ray_missing", "replicas_argument", "replicas_dense", and what ``load_settings`` raises.
    """
    if find_spec("ray") is None:
        raise ConfigError("ray_missing")
    given = Arguments.read(args)
    settings = load_settings(given.profile, flags={"home": given.home})
    if settings.index.dense.store != "chroma":  # its builds on a server belong to one home alone
        raise ConfigError("replicas_dense", store=settings.index.dense.store)
    place = Place(
        token_required=given.require_token,
        hosts=given.hosts,
        folders=tuple(Path(one).absolute() for one in given.folders),
        rate=given.rate,
        questions_logged=given.log_questions,
    )
    lang = given.lang or (system_language() if settings.lang == "auto" else settings.lang)
    from ray import serve

    head = serve.deployment(Writer, name="Head", max_ongoing_requests=_AT_ONCE).bind(settings, place, lang)
    replica = serve.deployment(serve.ingress()(Replica), name="Replica", max_ongoing_requests=_AT_ONCE)
    return replica.bind(settings, place, lang, Path(given.local), head)


class Writer(Head):
    """The head as a deployment of Ray Serve, of which there is one."""

    async def __init__(self, settings: Settings, place: Place, lang: str) -> None:  # type: ignore[misc]
        """As ``Head``, and open."""
        self._opened = False
        super().__init__(settings, place, lang)
        await self.open()
        self._opened = True

    async def __del__(self) -> None:
        """What Ray Serve awaits when it ends a deployment, also one that could not be opened."""
        if self._opened:
            await self.close()


class Line:
    """The way from a replica to the head: ``head`` is Ray Serve's handle."""

    def __init__(self, head: Any) -> None:
        self._head = head

    def beat(self, said: Beat) -> Told:
        """Asks the head once. Raises QeuRagError("head_away"), and what the head raises."""
        try:
            told: Told = self._head.beat.remote(said).result(timeout_s=_PATIENCE_S)
        except _away() as error:
            raise _plain(error) from error
        return told

    async def exchange(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]]) -> AsyncIterator[Any]:
        """As ``serve.forward.Far``. Raises QeuRagError("head_away")."""
        key = secrets.token_hex(8)
        stream = self._head.exchange.options(stream=True).remote(key, scope)
        pushing: asyncio.Task[None] | None = None
        try:
            async for message in stream:
                if message["type"] == OPENED["type"]:
                    pushing = asyncio.create_task(self._push(key, receive))
                else:
                    yield message
        except _away() as error:
            raise _plain(error) from error
        finally:
            if pushing is not None:
                pushing.cancel()
            stream.cancel()

    async def _push(self, key: str, receive: Callable[[], Awaitable[Any]]) -> None:
        """Passes on what the client sends until it is gone; who was slow is told so by the head, which waits as long."""
        with contextlib.suppress(Exception):
            while True:
                message = await receive()
                await self._head.push.remote(key, message)
                if message["type"] == "http.disconnect":
                    return


def _away() -> tuple[type[Exception], ...]:
    """What Ray raises for what the other end did, or did not."""
    from ray.exceptions import RayError
    from ray.serve.exceptions import RayServeException

    return RayError, RayServeException, TimeoutError


def _plain(error: Exception) -> Exception:
    """What the head itself raised; for all else that it is away."""
    return getattr(error, "cause", None) or QeuRagError("head_away", seconds=_RETRY_S)


class Replica:
    """A server that answers from a copy of the home and passes on what writes."""

    async def __init__(self, settings: Settings, place: Place, lang: str, local: Path, head: Any) -> None:  # type: ignore[misc]
        """Copies all that is published; Ray sends nobody here before that is done."""
        self._folder = OwnFolder(local, settings.home / "models")
        self._line = Line(head)
        tokens, rate = ToldTokens(), SharedRate(place.rate)
        own = settings.model_copy(update={"home": self._folder.path})

        def opened(told: Callable[[Answer], None]) -> Following:
            self._following = Following(
                own,
                replica=self._folder.name,
                ask=self._line.beat,
                tokens=tokens,
                rate=rate,
                notify=log_line,
                told=told,
                lang=lang,
            )
            return self._following

        self._lang = lang
        self._service = assemble(
            settings,
            place,
            opened,
            lang=lang,
            tell=log_line,
            tokens=tokens,
            rate=rate,
            jobs=self._folder.path / "jobs",
        )
        await asyncio.to_thread(self._following.begin)

    def __serve_build_asgi_app__(self) -> Any:
        """The one server's application, with what writes passed on."""
        return application(self._service, around=lambda app: PassOn(app, far=self._line, lang=self._lang))

    def __del__(self) -> None:
        """What Ray Serve calls at the end, when the application has ended."""
        self._folder.drop()
