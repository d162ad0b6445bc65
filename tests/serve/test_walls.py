"""A collection is a wall: no door of the server lets a token of one see a word of the other."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator

import httpx
import pytest
from conftest import approved_row
from serve.serving import JSON, Server, job_of

from qeu_rag import KnowHow
from qeu_rag.faq.approve import approve

SECRETS = ("OCTOPUS", "March", "merger", "NARWHAL")
UNNAMED = ("models", "model", "chat", "chat stream", "embeddings", "metrics", "collections")
"""Doors that take no collection's name."""

ASKED = "When does the merger with the OCTOPUS company close?"


@pytest.fixture(scope="module")
def board(server: Server, tokens: dict[str, str]) -> JSON:
    """What the board's side has: an approved answer, a logged question, an upload and an answered list."""
    with KnowHow.open(home=server.home, collection="board", log__questions=True) as opened:
        answer = opened.ask(ASKED)
        row = approved_row(answer, "It closes in March, says NARWHAL. [1]")
        assert approve(opened, [row], by="NARWHAL").kept
    client = server.client(tokens["board"])
    upload = job_of(
        client, client.post("/api/documents", files={"files": ("NARWHAL.md", b"# OCTOPUS\n\nMarch.")}).json()
    )
    questions = io.BytesIO(f"question\n{ASKED}\n".encode())
    batch = job_of(client, client.post("/api/batch", files={"file": ("merger.csv", questions)}).json())
    assert batch["state"] == "done"
    assert "NARWHAL" in client.post("/api/ask", json={"question": ASKED}).json()["answer"]
    return {"upload": upload["id"], "batch": batch["id"], "chunk": answer.citations[0].chunk}


def doors(client: httpx.Client, board: JSON, collection: str | None) -> Iterator[tuple[str, httpx.Response]]:
    """Every address that could show something, asked for what is behind the wall."""
    where: JSON = {} if collection is None else {"collection": collection}
    ask = {"question": ASKED, **where}
    for path in (
        "merger.md",
        "merger2.md",
        "NARWHAL.md",
        f"../board/{board['chunk'].source}",
        board["chunk"].document_id,
    ):
        yield "document", client.get("/api/document", params={"path": path, **where})
        yield "picture", client.get("/api/document/page.png", params={"path": path, "page": 1, "end": 99, **where})
        yield "remove", client.delete("/api/documents", params={"path": path, **where})
    yield "ask", client.post("/api/ask", json=ask)
    said = [{"question": "When?", "answer": "x"}]
    yield "history", client.post("/api/ask", json={**ask, "question": "And at noon?", "history": said})
    yield "stream", client.post("/api/ask", json=ask, headers={"Accept": "text/event-stream"})
    yield "search", client.post("/api/search", json={**ask, "k": 100})
    for address in ("documents", "jobs", "approvals", "stale", "conflicts", "gaps", "status", "collections"):
        yield address, client.get(f"/api/{address}", params=where)
    for key in (board["upload"], board["batch"]):
        for part in ("", "/file", "/rows", "/events"):
            yield f"job{part}", client.get(f"/api/jobs/{key}{part}", params=where)
        yield "stop", client.delete(f"/api/jobs/{key}", params=where)
    yield "sync", client.post("/api/sync", json=where)
    yield "feedback", client.post("/api/feedback", json={**ask, "helped": False})
    for name in ("qeu-rag", "qeu-rag/board", "qeu-rag/../board"):
        chat = {"model": name, "messages": [{"role": "user", "content": ASKED}]}
        yield "chat", client.post("/v1/chat/completions", json=chat)
        yield "chat stream", client.post("/v1/chat/completions", json={**chat, "stream": True})
        yield "model", client.get(f"/v1/models/{name}")
    yield "models", client.get("/v1/models")
    yield "embeddings", client.post("/v1/embeddings", json={"model": "qeu-rag-embedding", "input": "close"})
    yield "metrics", client.get("/metrics")
    yield "upload", client.post("/api/documents", params=where, files={"files": ("x.md", b"# X\n\nOf no interest.")})
    listed = io.BytesIO(b"question\nWhen does it close?\n")
    yield "batch", client.post("/api/batch", params=where, files={"file": ("q.csv", listed)})


@pytest.mark.parametrize("collection", [None, "board", "BOARD", "../board", "board/", "board\x00"])
def test_nothing_of_the_board_is_seen_from_the_other_side(
    server: Server, tokens: dict[str, str], board: JSON, collection: str | None
) -> None:
    client = server.client(tokens["chief"])
    for name, answer in doors(client, board, collection):
        said = answer.text
        # What a caller sent itself, and gets back with an answer or a refusal, is nothing that it learns.
        for sent in (ASKED, *([] if collection is None else [collection, json.dumps(collection)[1:-1]])):
            said = said.replace(sent, "")
        said = re.sub(r"no document of this name: \S+", "", said)
        assert not [word for word in SECRETS if word in said], (name, answer.text)
        assert answer.status_code < 500, (name, answer.text)
        if collection is not None and name not in UNNAMED:
            assert answer.status_code in (404, 422), (name, answer.text)
    batch = server.client(tokens["board"]).get(f"/api/jobs/{board['batch']}/rows").json()
    assert "NARWHAL" in batch["rows"][0]["answer"]


def test_a_wall_looks_like_nothing_at_all(server: Server, tokens: dict[str, str]) -> None:
    client = server.client(tokens["reader"])
    for method, address, body in (("GET", "/api/documents", None), ("POST", "/api/ask", {"question": "Who?"})):
        answers = []
        for name in ("board", "bored"):
            given = {"params": {"collection": name}} if body is None else {"json": {**body, "collection": name}}
            answers.append(client.request(method, address, **given).text.replace(name, "…"))  # type: ignore[arg-type]
        assert answers[0] == answers[1]
    models = []
    for name in ("board", "bored"):
        chat = {"model": f"qeu-rag/{name}", "messages": [{"role": "user", "content": "Who?"}]}
        models.append(client.post("/v1/chat/completions", json=chat).text.replace(name, "…"))
    assert models[0] == models[1]


def test_who_sees_both_is_told_of_both_and_the_board_sees_its_own(
    server: Server, tokens: dict[str, str], board: JSON
) -> None:
    names = {
        who: [one["name"] for one in server.client(tokens[who]).get("/api/collections").json()["collections"]]
        for who in ("all", "board", "reader")
    }
    assert names == {"all": ["board", "default"], "board": ["board"], "reader": ["default"]}
    own = server.client(tokens["board"])
    assert "NARWHAL" in own.post("/api/ask", json={"question": ASKED}).json()["answer"]
    assert {one["source"] for one in own.get("/api/documents").json()["documents"]} == {
        "merger.md",
        "merger2.md",
        "NARWHAL.md",
    }
    assert own.get("/api/conflicts").json()["conflicts"]
    assert own.get("/api/approvals").json()["approved"][0]["by"] == "NARWHAL"
