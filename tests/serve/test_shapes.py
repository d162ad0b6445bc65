"""The types in the OpenAPI document are those of what is answered: each field is there, of its type, and none is missing."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from serve.serving import JSON, Own, Server, job_of
from serve.test_jobs import QUESTIONS, approval_of, workbook

from qeu_rag.serve.shapes.answers import AnswerOf, FoundPassages
from qeu_rag.serve.shapes.decisions_and_state import (
    ApprovedList,
    CollectionsOf,
    ConflictsOf,
    GapsOf,
    HealthOf,
    KeptRows,
    RenewedOf,
    StatusOf,
)
from qeu_rag.serve.shapes.documents_and_jobs import DocumentOf, DocumentsOf, JobOf, JobsOf, RowsOf


def held(shape: type[BaseModel], value: JSON) -> JSON:
    """``value``, whose fields are exactly those of ``shape``."""
    assert shape.model_validate(value).model_dump(exclude_unset=True) == value
    return value


@pytest.mark.parametrize("question", [*QUESTIONS, "Where is the ZEBRAFISH archive?"])
def test_answers_and_passages(server: Server, question: str) -> None:
    client = server.client()
    held(AnswerOf, client.post("/api/ask", json={"question": question}).json())
    held(FoundPassages, client.post("/api/search", json={"question": question}).json())


def test_documents_jobs_and_the_state(own: Own) -> None:
    client = own().client()
    files = [("files", ("new.md", b"# New\n\nBadges are yellow.")), ("files", ("broken.pdf", b"%PDF-1.4 nothing"))]
    sent = held(JobOf, client.post("/api/documents", files=files).json())
    done = held(JobOf, job_of(client, sent))
    assert {one["state"] for one in done["files"]} == {"read", "failed"}
    assert held(DocumentsOf, client.get("/api/documents").json())["skipped"]
    for name in ("safety.pdf", "new.md", "旅費規程.md"):
        held(DocumentOf, client.get("/api/document", params={"path": name}).json())
    held(JobOf, client.post("/api/sync", json={}).json())
    held(JobOf, client.delete("/api/documents", params={"path": "new.md"}).json())
    assert len(held(JobsOf, client.get("/api/jobs").json())["jobs"]) == 3
    held(StatusOf, client.get("/api/status").json())
    held(CollectionsOf, client.get("/api/collections").json())
    held(HealthOf, client.get("/health").json())


def test_an_empty_home_has_a_state(bare: Own) -> None:
    client = bare().client()
    for shape, address in ((StatusOf, "status"), (DocumentsOf, "documents"), (JobsOf, "jobs"), (ApprovedList, "stale")):
        held(shape, client.get(f"/api/{address}").json())


def test_lists_and_what_people_decide(own: Own) -> None:
    client = own().client()
    sent = client.post("/api/batch", files={"file": ("faq.xlsx", workbook(*QUESTIONS))}).json()
    held(JobOf, job_of(client, sent))
    rows = held(RowsOf, client.get(f"/api/jobs/{sent['id']}/rows").json())["rows"]
    row = approval_of(rows[0], "Abroad it is 8,000 yen a day.")
    kept = held(KeptRows, client.post("/api/approvals", json={"by": "Aoki", "rows": [row]}).json())
    other = {"by": "Baba", "rows": [{**row, "answer": "8,000 yen."}]}
    assert held(KeptRows, client.post("/api/approvals", json=other).json())["refused"]
    assert held(KeptRows, client.post("/api/approvals", json={**other, "replace": True}).json())["replaced"]
    assert held(ApprovedList, client.get("/api/approvals").json())["approved"]
    held(AnswerOf, client.post("/api/ask", json={"question": QUESTIONS[0]}).json())
    held(RenewedOf, client.post("/api/approvals/renew", json={"ids": kept["kept"], "by": "Aoki"}).json())
    held(ConflictsOf, client.get("/api/conflicts").json())
    client.post("/api/feedback", json={"question": QUESTIONS[1], "helped": False})
    assert held(GapsOf, client.get("/api/gaps").json())["gaps"]


def test_conflicts_have_their_shape(server: Server) -> None:
    client = server.client()
    assert held(ConflictsOf, client.get("/api/conflicts", params={"collection": "board"}).json())["conflicts"]


def test_every_native_address_has_a_type_in_the_document(server: Server) -> None:
    document = server.client().get("/openapi.json").json()
    untyped = set()
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            body: Any = told["responses"].get("200", told["responses"].get("202", {})).get("content", {})
            if "application/json" in body and "$ref" not in body["application/json"]["schema"]:
                untyped.add((method, path))
    assert {one for one in untyped if one[1].startswith("/api")} == set()
