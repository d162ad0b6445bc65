"""Traces: what a real OpenTelemetry collector on loopback gets of questions, and what a collector that is away costs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from langchain_core.language_models.llms import LLM
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as messages
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from qeu_rag import KnowHow, QeuRagError
from qeu_rag.errors import ClusterError
from qeu_rag.traces import Traces

QUESTION = "Within how many days must major findings be answered?"


class Collector(service.TraceServiceServicer):
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.resources: list[Any] = []

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - the service's own name
        for part in request.resource_spans:
            self.resources.append(part.resource)
            self.spans += [span for scope in part.scope_spans for span in scope.spans]
        return messages.ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    server = grpc.server(ThreadPoolExecutor(1))
    kept = Collector()
    service.add_TraceServiceServicer_to_server(kept, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield kept, f"http://127.0.0.1:{port}"
    server.stop(0)


def values(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def trace_of(name: str, kept: Collector) -> bytes:
    (found,) = {bytes(span.trace_id) for span in kept.spans if span.name == name}
    return found


def asked(docs: Path, tmp_path: Path, address: str) -> list[str]:
    told: list[str] = []
    with KnowHow.open(home=tmp_path / "home", log__traces=address, notify=told.append) as know_how:
        know_how.ingest(docs)
        know_how.ask(QUESTION)
    return told


def test_a_question_is_a_span_with_its_stages_and_none_of_its_text(
    collector: tuple[Collector, str], docs: Path, tmp_path: Path
) -> None:
    kept, address = collector
    began = time.time_ns()
    assert asked(docs, tmp_path, address) == []
    spans = {span.name: span for span in kept.spans if span.trace_id == trace_of("question", kept)}
    assert {"question", "retrieve", "read", "answer"} <= set(spans)
    question, retrieve = spans["question"], spans["retrieve"]
    assert spans["read"].parent_span_id == retrieve.span_id
    assert retrieve.parent_span_id == spans["answer"].parent_span_id == question.span_id
    assert len({span.trace_id for span in (question, retrieve, spans["read"], spans["answer"])}) == 1
    assert began <= question.start_time_unix_nano <= retrieve.start_time_unix_nano
    assert retrieve.end_time_unix_nano <= spans["answer"].end_time_unix_nano <= question.end_time_unix_nano + 1_000_000
    assert values(question)["status"] == "answered"
    files = [span for span in kept.spans if span.name == "file"]
    assert [values(span)["kind"] for span in files] == [".md"] * len(list(docs.iterdir()))
    reads = {
        span.parent_span_id: span
        for span in kept.spans
        if span.name == "read" and span.parent_span_id != retrieve.span_id
    }
    assert all(reads[span.span_id].end_time_unix_nano > span.start_time_unix_nano for span in files)
    sent = str(kept.spans) + str(kept.resources)
    assert "findings" not in sent
    assert str(docs) not in sent


class Repeating(LLM):
    """A model that breaks, and says on which words."""

    @property
    def _llm_type(self) -> str:
        return "repeating"

    def _call(self, prompt: str, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> str:
        raise RuntimeError(f"cannot read {prompt}")


def test_a_question_that_ends_in_an_error_is_found_by_its_status_and_not_by_its_text(
    collector: tuple[Collector, str], noted: Path
) -> None:
    kept, address = collector
    with KnowHow.open(home=noted, model=Repeating(), log__traces=address) as know_how:
        with pytest.raises(RuntimeError, match="findings"):
            know_how.ask(QUESTION)
        with pytest.raises(QeuRagError):
            know_how.conversation().ask("?")
        with pytest.raises(ClusterError), know_how.record.failing():  # a list on a cluster
            raise ClusterError("cluster_lost", address=QUESTION, detail=QUESTION)
        with pytest.raises(RuntimeError, match="findings"):
            know_how.ask(QUESTION, logged=False)
    failed = [span for span in kept.spans if span.name == "question"]
    kinds = ["RuntimeError", "question_empty", "cluster_lost"]
    assert [values(span) for span in failed] == [{"status": "failed", "error.type": kind} for kind in kinds]
    assert [(span.status.code, span.status.message) for span in failed] == [
        (Status.STATUS_CODE_ERROR, kind) for kind in kinds
    ]
    assert all(span.end_time_unix_nano > span.start_time_unix_nano for span in failed)
    assert "findings" not in str(kept.spans)


def test_what_answers_and_cannot_be_opened_is_an_error_of_its_question(
    collector: tuple[Collector, str], noted: Path
) -> None:
    kept, address = collector
    with KnowHow.open(home=noted, model__engine="llama.cpp", model__file="/gone.gguf", log__traces=address) as know_how:
        for ask in (know_how.ask, know_how.stream):
            with pytest.raises(QeuRagError) as caught:
                ask(QUESTION)
    with KnowHow.open(home=noted, log__traces=address) as know_how:
        left = know_how.stream(QUESTION)
        next(left)
        left.close()  # which is no error
    assert [values(span)["error.type"] for span in kept.spans] == [caught.value.key] * 2


def test_a_collector_that_is_away_is_told_once_and_costs_no_answer(docs: Path, tmp_path: Path) -> None:
    address = "http://127.0.0.1:9"
    told = asked(docs, tmp_path, address)
    assert [line for line in told if address in line] == told[-1:]


def test_a_stage_within_another_is_below_it(collector: tuple[Collector, str]) -> None:
    kept, address = collector
    traces = Traces(address, lambda: None)
    traces.file(".pdf", 2048, {"read": 0.5, "embed": 0.25})
    traces.close()
    spans = {span.name: span for span in kept.spans}
    assert {name: (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9 for name, span in spans.items()} == {
        "file": 0.75,
        "read": 0.5,
        "embed": 0.25,
    }
    assert spans["embed"].start_time_unix_nano == spans["read"].end_time_unix_nano
    assert values(spans["file"]) == {"kind": ".pdf", "bytes": 2048, "reason": ""}


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QeuRagError, match="traces"):
        KnowHow.open(home=tmp_path, log__traces="localhost:4317")
