"""Sends how long each question and each file took, stage by stage, to an OpenTelemetry collector that the settings name.

Only figures and short words go: no text of a question, an answer or a document, and no name of a file.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qeu_rag.errors import QeuRagError
from qeu_rag.types import Answer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_TIMEOUT_S = 3
"""A collector that is away must not keep a command from ending."""

_WITHIN = {"read": "retrieve", "generate": "answer", "verify": "answer"}
"""The stages that are parts of another."""

Value = str | int | float | bool


class Traces:
    """One span for a question or a file, and one below it for each stage.

    A stage that was entered more than once (a model's sentences are verified as they come) is one span of its whole time, so
    its beginning is where the stages before it ended.
    """

    def __init__(self, collector: str, tell: Callable[[], None], **attributes: str) -> None:
        """``collector`` is the address of its gRPC port, as http://127.0.0.1:4317; over https it is encrypted.

        ``tell`` is called once where spans could not be sent; ``attributes`` go with every span.
        """
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        # It is told once, in our words.
        logging.getLogger("opentelemetry.exporter.otlp.proto.grpc.exporter").setLevel(logging.CRITICAL)
        exporter = OTLPSpanExporter(endpoint=collector, insecure=collector.startswith("http://"), timeout=_TIMEOUT_S)
        self._provider = TracerProvider(resource=Resource.create({"service.name": "qeu_rag", **attributes}))
        self._provider.add_span_processor(BatchSpanProcessor(_Telling(exporter, tell)))
        self._tracer = self._provider.get_tracer("qeu_rag")

    def question(self, answer: Answer) -> None:
        """The span of a question that was answered just now."""
        told: dict[str, Value] = {
            "status": answer.status,
            "reason": answer.reason,
            "certainty": answer.certainty,
            "confidence": answer.confidence,
            "engine": answer.engine,
            "citations": len(answer.citations),
            "notes": " ".join(answer.notes),
        }
        self._span("question", answer.timings, told)

    def failed(self, error: Exception, seconds: float) -> None:
        """The span of a question that ended just now in ``error``, whose words may repeat the question: only its kind goes."""
        kind = error.key if isinstance(error, QeuRagError) else type(error).__name__
        self._span("question", {"total": seconds}, {"status": "failed", "error.type": kind}, failed=kind)

    def file(self, kind: str, size: int, seconds: Mapping[str, float], reason: str = "") -> None:
        """The span of a file that was read in just now: its ``kind`` (suffix), bytes, ``reason`` where it could not be read."""
        self._span("file", {**seconds, "total": sum(seconds.values())}, {"kind": kind, "bytes": size, "reason": reason})

    def close(self) -> None:
        """Sends what waits; takes three seconds at most."""
        self._provider.shutdown()

    def _span(self, name: str, seconds: Mapping[str, float], told: Mapping[str, Value], *, failed: str = "") -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import Status, StatusCode, set_span_in_context

        end = time.time_ns()
        begun = {"": end - _ns(seconds.get("total", 0.0))}
        spans: dict[str, Any] = {"": self._tracer.start_span(name, Context(), start_time=begun[""], attributes=told)}
        if failed:
            spans[""].set_status(Status(StatusCode.ERROR, failed))
        free = dict(begun)
        for stage, took in seconds.items():
            if stage == "total":
                continue
            above = within if (within := _WITHIN.get(stage, "")) in spans else ""
            begun[stage] = free[stage] = free[above]
            context = set_span_in_context(spans[above])
            spans[stage] = self._tracer.start_span(stage, context, start_time=begun[stage])
            free[above] += _ns(took)
        for stage in reversed(spans):
            spans[stage].end(begun[stage] + _ns(seconds.get(stage or "total", 0.0)))


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


class _Telling:
    """A span exporter that tells the first failure of another."""

    def __init__(self, exporter: SpanExporter, tell: Callable[[], None]) -> None:
        self._exporter = exporter
        self._tell: Callable[[], None] | None = tell
        self.shutdown = exporter.shutdown
        self.force_flush = exporter.force_flush

    def export(self, spans: Sequence[Any]) -> Any:
        """See ``SpanExporter``."""
        from opentelemetry.sdk.trace.export import SpanExportResult

        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS and self._tell is not None:
            self._tell()
            self._tell = None
        return result
