"""Watches every request: a line of JSON in the log, and figures for Prometheus; without a question's text unless asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qeu_rag.serve.queue import Queue
from qeu_rag.types import Answer

_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


class Figures:
    """The figures of one server."""

    def __init__(self, queue: Queue) -> None:
        """``queue`` is asked for its state whenever the figures are read."""
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("qeu_rag_requests", "Requests.", labels, registry=self._registry)
        self.seconds = Histogram(
            "qeu_rag_request_seconds",
            "Time to the whole answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._stages = Histogram(
            "qeu_rag_stage_seconds",
            "Time of a question's stages; read is part of retrieve, generate and verify are parts of answer.",
            ("stage",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._answers = Counter("qeu_rag_answers", "Answers.", ("status", "certainty"), registry=self._registry)
        running = Gauge("qeu_rag_running", "Questions that are answered now.", registry=self._registry)
        running.set_function(lambda: queue.running)
        waiting = Gauge("qeu_rag_waiting", "Questions that wait for their turn.", registry=self._registry)
        waiting.set_function(lambda: queue.waiting)

    def answered(self, answer: Answer) -> None:
        """Counts an answer and the time that its stages took."""
        self._answers.labels(answer.status, answer.certainty).inc()
        for stage, seconds in answer.timings.items():
            self._stages.labels(stage).observe(seconds)

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self._registry)


class Observer:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, *, figures: Figures, write: Callable[[str], None]) -> None:
        """``write`` takes a line of the log."""
        self._app = app
        self._figures = figures
        self._write = write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on and notes how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The pattern of the address, not the address: that may hold a document's name.
        route = getattr(scope.get("route"), "path", "-") or "/"
        self._figures.requests.labels(scope["method"], route, status).inc()
        self._figures.seconds.labels(route).observe(seconds)
        state: dict[str, Any] = scope.get("state", {})
        line = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": scope["method"],
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            **{name: state[name] for name in ("caller", "question") if state.get(name)},
        }
        self._write(json.dumps(line, ensure_ascii=True))
