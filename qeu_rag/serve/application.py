"""Puts the addresses, the guard and the page together into one application."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from qeu_rag import __version__
from qeu_rag.errors import QeuRagError
from qeu_rag.serve.guard import Guard
from qeu_rag.serve.mcp.transports import Door
from qeu_rag.serve.observe import Observer
from qeu_rag.serve.refusals import PROBLEMS, handle_errors
from qeu_rag.serve.routes import ask, decisions, documents, jobs, openai, state
from qeu_rag.serve.service import Service

PAGE = Path(__file__).parent / "page"
_JSON_LIMIT = 1_000_000


def application(service: Service, around: Callable[[ASGIApp], ASGIApp] = lambda app: app) -> ASGIApp:
    """The whole server as an ASGI application; what ``around`` makes stands between its guard and its addresses."""
    app = FastAPI(
        title="qeu_rag",
        version=__version__,
        docs_url=None,  # the usual pages load scripts from other hosts
        redoc_url=None,
        lifespan=_lifespan,
        max_body_size=_JSON_LIMIT,
    )
    app.state.service = service
    handle_errors(app)
    for part in (ask, documents, jobs, decisions, openai, state):
        app.include_router(part.router, responses=PROBLEMS)
    app.state.door = Door(service)
    app.router.routes.append(Route(app.state.door.path, app.state.door, include_in_schema=False))
    if PAGE.is_dir():
        mimetypes.add_type(
            "text/javascript", ".js"
        )  # Windows' registry may say text/plain, and then no browser runs it
        app.mount("/", StaticFiles(directory=PAGE, html=True))
    # Around the framework, not within it: what it refuses by itself passes them, too.
    guarded = Guard(around(app), hosts=service.hosts, any_address=service.token_required, lang=service.lang)
    return Observer(guarded, figures=service.figures, write=service.log)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    service.jobs.resume()
    first = asyncio.get_running_loop().run_in_executor(None, _warm, service)
    async with app.state.door.opened():
        yield
    await first
    await asyncio.to_thread(service.jobs.close)
    service.queue.close()
    service.collections.close()


def _warm(service: Service) -> None:
    """Builds what answers before the first question; where there are no documents yet, that question does."""
    try:
        service.collections.ready(service.collections.default)
    except QeuRagError:
        return
