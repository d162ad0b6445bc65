"""The JSON of each command: exactly the keys that are promised, from real values."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from qeu_rag.app import DocumentList
from qeu_rag.config import load_settings
from qeu_rag.index.rows import SourceRow
from qeu_rag.ingest.report import IngestReport, Skipped
from qeu_rag.payload import (
    answer_payload,
    config_payload,
    documents_payload,
    failure_payload,
    ingest_payload,
    search_payload,
    status_payload,
)
from qeu_rag.types import Answer, Approval, Chunk, Citation, NearPassage, ScoredChunk, Span

PLACE = {
    "chunk_id": "c1",
    "document_id": "d1",
    "passage_hash": "234b11d930fe2b778a8e6753a708f778",
    "source": "規程/旅費.pdf",
    "other_sources": ["写し.pdf"],
    "title": "旅費規程",
    "headings": ["日当", "国内"],
    "page": 3,
}
CHUNK = Chunk(
    id="c1",
    document_id="d1",
    source="規程/旅費.pdf",
    title="旅費規程",
    headings=("日当", "国内"),
    text="| 国内 | 3,000円 |",
    span=Span(start=10, end=23),
    page=3,
    lang="ja",
    header="| 区分 | 日当 |\n| --- | --- |",
    other_sources=("写し.pdf",),
)
SCORED = ScoredChunk(chunk=CHUNK, score=float(np.float32(0.5)), rank=1)
SCORED_JSON = {"rank": 1, "score": 0.5, **PLACE, "text": "| 区分 | 日当 |\n| --- | --- |\n| 国内 | 3,000円 |"}
EMPTY = Answer(
    question="",
    text="",
    status="abstained",
    reason="",
    confidence=0.0,
    citations=(),
    evidence=(),
    engine="",
)


def through_json(value: dict[str, Any]) -> Any:
    return json.loads(json.dumps(value, ensure_ascii=False, allow_nan=False))


def test_answer() -> None:
    answer = Answer(
        question="日当は",
        text="3,000円 [1]",
        status="answered",
        reason="",
        confidence=0.75,
        certainty="likely",
        highlights=(Span(start=0, end=6),),
        citations=(
            Citation(marker=1, chunk=CHUNK, quote="3,000円", span=Span(start=2, end=13)),
            Citation(marker=1, chunk=CHUNK, quote="国内"),
        ),
        evidence=(SCORED,),
        engine="extractive",
        timings={"retrieve": 0.01, "total": 0.02},
        notes=("claim_unsupported",),
        approved=Approval(by="佐藤", at="2026-04-01T00:00:00+00:00", question="日当", exact=False),
    )
    assert through_json(answer_payload(answer)) == {
        "schema_version": 1,
        "question": "日当は",
        "answer": "3,000円 [1]",
        "status": "answered",
        "reason": "",
        "certainty": "likely",
        "confidence": 0.75,
        "highlights": [[0, 6]],
        "engine": "extractive",
        "citations": [
            {"marker": 1, "quote": "3,000円", "span": [12, 23], **PLACE},
            {"marker": 1, "quote": "国内", "span": None, **PLACE},
        ],
        "evidence": [SCORED_JSON],
        "timings": {"retrieve": 0.01, "total": 0.02},
        "notes": ["claim_unsupported"],
        "approved": {"by": "佐藤", "at": "2026-04-01T00:00:00+00:00", "question": "日当", "exact": False},
        "stale": None,
        "nearest": [],
    }


def test_an_abstention_with_the_passages_that_are_near() -> None:
    near = NearPassage(chunk=CHUNK, quote="国内 | 3,000円")
    answer = Answer(
        question="海外の日当は",
        text="資料には書かれていません。",
        status="abstained",
        reason="weak_evidence",
        confidence=0.2,
        citations=(),
        evidence=(SCORED,),
        engine="extractive",
        nearest=(near,),
    )
    told = through_json(answer_payload(answer))
    assert (told["certainty"], told["highlights"]) == ("", [])
    assert told["nearest"] == [{"quote": "国内 | 3,000円", **PLACE}]


def test_search() -> None:
    numpy_score = ScoredChunk(chunk=CHUNK, score=np.float32(0.5), rank=1)  # type: ignore[arg-type]
    for scored in (SCORED, numpy_score):
        assert through_json(search_payload("日当は", [scored])) == {
            "schema_version": 1,
            "question": "日当は",
            "results": [SCORED_JSON],
        }


def test_documents() -> None:
    row = SourceRow(
        source="a.md",
        path="/x/a.md",
        document_id="d",
        title="A",
        lang="en",
        pages=0,
        chunks=2,
        hash="h",
        ingested_at="t",
    )
    listing = DocumentList(documents=(row,), skipped=(Skipped(path="b.pdf", reason="encrypted", detail=" (x)"),))
    assert through_json(documents_payload(listing)) == {
        "schema_version": 1,
        "documents": [
            {
                "document_id": "d",
                "source": "a.md",
                "title": "A",
                "lang": "en",
                "pages": 0,
                "chunks": 2,
                "hash": "h",
                "ingested_at": "t",
            }
        ],
        "skipped": [{"path": "b.pdf", "reason": "encrypted"}],
    }


def test_ingest() -> None:
    report = IngestReport(
        added=3,
        updated=1,
        removed=2,
        unchanged=1198,
        failed=(Skipped(path="壊.docx", reason="damaged"),),
        chunks=9,
        embedded=4,
        seconds=1.23456,
        notes=("a.txt: read as cp932",),
    )
    assert through_json(ingest_payload(report)) == {
        "added": 3,
        "updated": 1,
        "removed": 2,
        "unchanged": 1198,
        "failed": [{"path": "壊.docx", "reason": "damaged"}],
        "chunks": 9,
        "embedded": 4,
        "seconds": 1.235,
    }


def test_status_and_settings() -> None:
    assert status_payload({"chunks": 3}) == {"schema_version": 1, "chunks": 3}
    settings = load_settings(environ={"QEU_RAG_RETRIEVE__K": "3"})
    shown = through_json(config_payload(settings, origin=True))
    assert shown["settings"]["retrieve.k"] == 3
    assert shown["origins"]["retrieve.k"] == "QEU_RAG_RETRIEVE__K"
    assert shown["settings"].keys() == shown["origins"].keys()
    assert "origins" not in config_payload(settings, origin=False)


def test_a_question_that_failed() -> None:
    failed = through_json(failure_payload("日当は", "model_failed", "止まりました"))
    assert (failed["status"], failed["reason"], failed["detail"]) == ("error", "model_failed", "止まりました")
    assert failed.keys() - {"detail"} == answer_payload(EMPTY).keys()
