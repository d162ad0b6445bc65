"""Questions over HTTP: whole, streamed, in a conversation, one after another and many at a time; and a client that leaves."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from serve.serving import JSON, Own, Server, job_of

from qeu_rag.errors import UsageError
from qeu_rag.serve.queue import Queue


def events(client: httpx.Client, address: str, body: JSON) -> list[tuple[str, JSON]]:
    with client.stream("POST", address, json=body, headers={"Accept": "text/event-stream"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = "".join(answer.iter_text())
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]
    return [(block["event"], json.loads(block["data"])) for block in blocks]


@pytest.mark.parametrize(
    ("question", "source", "words"),
    [
        ("What is the daily allowance abroad?", "travel.md", "8,000 yen"),
        ("国内出張の日当はいくらですか", "旅費規程.md", "3,000円"),
    ],
)
def test_a_question_is_answered_with_a_citation_of_its_document(
    server: Server, question: str, source: str, words: str
) -> None:
    answer = server.client().post("/api/ask", json={"question": question}).raise_for_status().json()
    assert answer["status"] == "answered"
    assert words in answer["answer"]
    (cited,) = {one["source"] for one in answer["citations"]}
    assert cited == source
    found = server.client().get("/api/document", params={"path": source}).raise_for_status().json()
    start, end = answer["citations"][0]["span"]
    assert answer["citations"][0]["quote"] in found["text"][start:end]


def test_a_stream_is_the_same_answer_in_pieces(server: Server) -> None:
    body = {"question": "How long are receipts kept?"}
    got = events(server.client(), "/api/ask", body)
    *pieces, (last, answer) = got
    assert last == "answer"
    assert {name for name, _ in pieces} == {"text"}
    assert "".join(value["text"] for _, value in pieces) == answer["answer"]
    whole = server.client().post("/api/ask", json=body).json()
    assert {**whole, "timings": 0} == {**answer, "timings": 0}


def test_a_follow_up_is_understood_from_the_history(server: Server) -> None:
    first = server.client().post("/api/ask", json={"question": "海外出張の日当はいくらですか"}).json()
    history = [{"question": first["question"], "answer": first["answer"]}]
    second = server.client().post("/api/ask", json={"question": "国内は？", "history": history}).json()
    assert "日当" in second["question"]
    assert "3,000円" in second["answer"]


def test_what_the_documents_do_not_say_is_no_error(server: Server) -> None:
    answer = server.client().post("/api/ask", json={"question": "Who won the chess championship in 1972?"})
    assert (answer.status_code, answer.json()["status"]) == (200, "abstained")


def test_search_gives_passages(server: Server) -> None:
    found = server.client().post("/api/search", json={"question": "receipts archive", "k": 2}).json()["results"]
    assert len(found) == 2
    assert "ZEBRAFISH" in found[0]["text"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"question": "?!"}, 400, "question_empty"),
        ({"question": ""}, 422, "body_wrong"),
        ({"question": "x" * 4001}, 422, "body_wrong"),
        ({"question": 7}, 422, "body_wrong"),
        ({"question": "who", "k": 0}, 422, "body_wrong"),
        ({"question": "who", "colour": 1}, 422, "body_wrong"),
        ({"question": "who", "collection": "../default"}, 404, "collection_unknown"),
        ({"question": "who", "history": [{"question": "?", "answer": ""}]}, 400, "question_empty"),
        ([], 422, "body_wrong"),
    ],
)
def test_a_question_that_cannot_be_used_says_why(server: Server, body: object, status: int, code: str) -> None:
    answer = server.client().post("/api/ask", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    told = server.client(**{"Accept-Language": "ja"}).post("/api/ask", json=body).json()["error"]["message"]
    assert any("ぁ" <= c <= "ん" for c in told)


def test_halves_of_characters_do_no_harm(server: Server) -> None:
    client = server.client(**{"Content-Type": "application/json"})
    answer = client.post("/api/search", content=b'{"question": "receipts \\ud800 archive"}')
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "body_wrong")


def test_a_home_without_documents_says_so_and_answers_once_there_are_some(bare: Own) -> None:
    client = bare().client()
    assert client.get("/api/status").json()["documents"] == 0
    assert client.get("/api/documents").json()["documents"] == []
    refused = client.post("/api/ask", json={"question": "How long is a sprint?"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_collection")
    job = client.post("/api/documents", files={"files": ("sprint.md", b"# Sprint\n\nA sprint takes two weeks.")}).json()
    assert job_of(client, job)["state"] == "done"
    assert "two weeks" in client.post("/api/ask", json={"question": "How long is a sprint?"}).json()["answer"]


def test_many_readers_are_answered_right_while_documents_come_in(own: Own) -> None:
    started = own()
    asked = {"What is the daily allowance abroad?": "8,000 yen", "How long are receipts kept?": "seven years"}

    def ask(number: int) -> tuple[bool, float]:
        question = list(asked)[number % 2]
        began = time.monotonic()
        answer = started.client().post("/api/ask", json={"question": question})
        return answer.status_code == 200 and asked[question] in answer.json()["answer"], time.monotonic() - began

    files = [
        ("files", (f"{n}.md", f"# Machine {n}\n\nMachine {n} stands in hall {n % 7}.".encode())) for n in range(40)
    ]
    job = started.client().post("/api/documents", files=files).json()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(60)))
    assert all(right for right, _ in answers)
    assert job_of(started.client(), job)["report"]["added"] == 40


class _Slow(BaseHTTPRequestHandler):
    """A server of OpenAI's kind that writes one word each tenth of a second, and notes when nobody listens any more."""

    began = threading.Event()
    left = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/tokenize"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            for _ in range(600):
                choice = {"index": 0, "delta": {"content": "word "}, "finish_reason": None}
                line = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
                self.wfile.write(f"data: {json.dumps(line)}\n\n".encode())
                self.wfile.flush()
                self.began.set()
                time.sleep(0.1)
        except OSError:
            self.left.set()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def slow_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Slow]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Slow) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        monkeypatch.setenv("QEU_RAG_MODEL__ENGINE", "server")
        monkeypatch.setenv("QEU_RAG_MODEL__BASE_URL", f"http://127.0.0.1:{http.server_port}/v1")
        monkeypatch.setenv("QEU_RAG_MODEL__NAME", "m")
        yield _Slow
        http.shutdown()


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_client_that_goes_away_ends_its_generation(own: Own, slow_model: type[_Slow], accept: str) -> None:
    slow_model.began.clear()
    slow_model.left.clear()
    body = {"question": "What is the daily allowance abroad?"}
    at, _, port = own().address.removeprefix("http://").partition(":")
    with socket.create_connection((at, int(port))) as client:
        sent = json.dumps(body).encode()
        head = f"POST /api/ask HTTP/1.1\r\nHost: {at}:{port}\r\nAccept: {accept}\r\nContent-Type: application/json\r\n"
        client.sendall(f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent)
        assert slow_model.began.wait(60)
        assert not slow_model.left.is_set()
    assert slow_model.left.wait(10)


def test_a_full_queue_refuses_and_a_place_is_free_again_after_the_work() -> None:
    go = threading.Event()

    async def fill() -> None:
        queue = Queue(workers=1, places=1)
        for _ in range(2):
            queue.start(lambda _: iter([go.wait(10)]))
        with pytest.raises(UsageError) as refused:
            queue.start(lambda _: iter([1]))
        assert (refused.value.key, queue.running, queue.waiting) == ("serve_busy", 1, 1)
        go.set()
        while queue.running:
            await asyncio.sleep(0.01)
        queue.start(lambda _: iter([1]))
        queue.close()

    asyncio.run(fill())
