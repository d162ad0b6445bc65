"""What must not get through: other hosts and origins, wrong tokens, bodies that are too much, and what breaks off."""

from __future__ import annotations

import asyncio
import json
import socket
import time

import pytest
from serve.serving import Own, Server
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from qeu_rag.errors import UsageError
from qeu_rag.serve.guard import Guard
from qeu_rag.serve.tokens import PREFIX, Rate, Tokens

ASK = {"question": "How long are receipts kept?"}


def raw(server: Server, request: bytes, *, end: bool = True) -> bytes:
    """What the server says to these very bytes."""
    at, _, port = server.address.removeprefix("http://").partition(":")
    with socket.create_connection((at, int(port)), timeout=30) as client:
        client.sendall(request)
        if end:
            client.shutdown(socket.SHUT_WR)
        return client.recv(65536)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8470"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost@evil.example"},
        {"Host": "192.168.0.9"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
        {"Host": "[::1"},
        {"Origin": "http://localhost:1"},
    ],
)
def test_another_host_or_origin_is_refused(server: Server, headers: dict[str, str]) -> None:
    for address in ("/health", "/api/status", "/"):
        answer = server.client(**headers).get(address)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "serve_origin")


def test_our_own_page_is_let_in_under_every_name_of_this_machine(server: Server) -> None:
    port = server.address.rpartition(":")[2]
    for name in ("127.0.0.1", "localhost", "[::1]"):
        headers = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}"}
        assert server.client(**headers).get("/api/status").status_code == 200


def test_every_answer_has_the_headers_that_keep_a_browser_safe(server: Server) -> None:
    for address in ("/health", "/api/status", "/api/nothing", "/openapi.json"):
        headers = server.client().get(address).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers
    assert server.client().get("/api/status").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "body", [b"{", b"", b"\xff\xfe", b'{"question": NaN}', b'{"question": "' + b"x" * 1000, b"[" * 200_000]
)
def test_broken_json_is_the_clients_fault(server: Server, body: bytes) -> None:
    client = server.client(**{"Content-Type": "application/json"})
    answer = client.post("/api/ask", content=body)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["message"]


def test_deep_json_is_the_clients_fault(server: Server) -> None:
    deep = b'{"question": ' + b'{"a": ' * 50_000 + b"1" + b"}" * 50_001
    client = server.client(**{"Content-Type": "application/json"})
    assert client.post("/api/ask", content=deep).status_code in (400, 422)
    assert client.post("/v1/chat/completions", content=deep).status_code in (400, 422)


def test_too_much_json_is_refused_whether_or_not_its_length_is_told(server: Server) -> None:
    client = server.client(**{"Content-Type": "application/json"})
    much = json.dumps({"question": "x" * 2_000_000}).encode()
    for content in (much, iter([much[:700_000], much[700_000:]])):
        answer = client.post("/api/ask", content=content)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_large")


def test_an_upload_that_is_cut_leaves_nothing(server: Server) -> None:
    head = b"POST /api/documents HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    body = b'--b\r\nContent-Disposition: form-data; name="files"; filename="cut.md"\r\n\r\n# Cut\n\nhalf a'
    raw(server, head + b"Content-Length: 5000\r\n\r\n" + body)
    time.sleep(0.5)
    assert not list((server.home / "uploads").rglob("*cut*"))
    assert server.client().get("/api/status").json()["documents"] == 3


def test_idle_connections_keep_nobody_from_an_answer(server: Server) -> None:
    at, _, port = server.address.removeprefix("http://").partition(":")
    idle = [socket.create_connection((at, int(port))) for _ in range(_connections(1000))]
    half = b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    for one in idle[:300]:
        one.sendall(half)
    try:
        assert server.client().post("/api/ask", json=ASK).json()["status"] == "answered"
    finally:
        for one in idle:
            one.close()


def _connections(wanted: int) -> int:
    """``wanted``, or as many as this process may open where that is fewer."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted + 200:
        soft = min(wanted + 200, hard) if hard != resource.RLIM_INFINITY else wanted + 200
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(wanted, soft - 200)


def test_a_token_may_do_what_its_scopes_say(server: Server, tokens: dict[str, str]) -> None:
    def status(name: str, method: str, address: str) -> int:
        body = {"json": {"rows": [{"question": "q", "answer": ""}]}} if method == "POST" else {}
        return server.client(tokens[name]).request(method, address, **body).status_code

    assert status("none", "GET", "/api/status") == 403
    assert status("reader", "GET", "/api/status") == 200
    assert status("reader", "DELETE", "/api/documents?path=x") == 403
    assert status("reader", "POST", "/api/approvals") == 403
    assert status("reader", "GET", "/metrics") == 403
    assert status("writer", "DELETE", "/api/documents?path=x") == 404
    assert status("writer", "GET", "/api/gaps") == 403
    assert status("chief", "GET", "/metrics") == 200
    assert status("chief", "DELETE", "/api/documents?path=x") == 404
    assert server.client(tokens["reader"]).get("/api/status").json()["scopes"] == ["ask"]


def test_where_tokens_are_required_little_is_had_without_and_each_may_ask_so_often(own: Own) -> None:
    _, secret = Tokens(own.home).new("clerk", ["ask"], [])
    started = own("--require-token", "--rate", "5")
    for address in ("/api/status", "/api/documents", "/v1/models", "/metrics", "/api/jobs", "/api/approvals"):
        for client in (started.client(), started.client(PREFIX + "x"), started.client("x")):
            assert client.get(address).status_code == 401
    assert started.client().get("/health").json()["token_required"] is True
    answers = [started.client(secret).get("/api/collections") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 1


def test_a_token_is_kept_as_a_hash_and_refused_once_it_is_revoked(server: Server) -> None:
    known = Tokens(server.home)
    made, secret = known.new("visitor", ["ask"], [])
    text = (server.home / "serve" / "tokens.json").read_text()
    assert secret not in text
    assert secret.removeprefix(PREFIX) not in text
    assert (server.home / "serve" / "tokens.json").stat().st_mode & 0o077 == 0
    assert server.client(secret).get("/api/status").json()["who"] == "visitor"
    known.revoke("visitor")
    answer = server.client(secret).get("/api/status")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    with pytest.raises(UsageError, match="no token of this name"):
        known.revoke(made.id)


def test_a_body_that_stops_coming_is_given_up_and_the_wait_for_an_answer_is_not() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            try:
                seen.append((await receive())["type"])
            except HTTPException as error:
                seen.append(str(error.status_code))
            if seen[-1] != "http.request":
                return

    async def ask(*messages: tuple[float, Message]) -> list[str]:
        coming = iter(messages)

        async def receive() -> Message:
            pause, message = next(coming)
            await asyncio.sleep(pause)
            return message

        async def send(message: Message) -> None: ...

        seen.clear()
        guard = Guard(app, hosts=frozenset({"here"}), any_address=False, lang="en", silence_s=0.2)
        await guard({"type": "http", "path": "/", "headers": [(b"host", b"here")]}, receive, send)
        return list(seen)

    begun, whole = {"type": "http.request", "more_body": True}, {"type": "http.request", "more_body": False}
    gone = {"type": "http.disconnect"}
    assert asyncio.run(ask((0, begun), (9, whole))) == ["http.request", "408"]
    assert asyncio.run(ask((0, begun), (0, whole), (0.5, gone))) == ["http.request", "http.request", "http.disconnect"]


def test_a_bucket_lets_so_many_through_and_says_when_there_is_more() -> None:
    now = [0.0]
    rate = Rate(6, clock=lambda: now[0])
    for _ in range(6):
        rate.take("a")
    with pytest.raises(UsageError) as refused:
        rate.take("a")
    assert refused.value.values == {"seconds": 10}
    rate.take("b")
    now[0] = 10.0
    rate.take("a")


def test_a_log_has_no_question_and_figures_have_no_name(server: Server) -> None:
    server.client().post("/api/ask", json={"question": "What of the XYLOPHONE clause?"})
    server.client().get("/api/document", params={"path": "XYLOPHONE.md"})
    log = server.log.read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert any((line["route"], line["status"]) == ("/api/ask", 200) for line in lines)
    figures = server.client().get("/metrics").text
    assert 'qeu_rag_requests_total{method="POST",route="/api/ask",status="200"}' in figures
    for counted in (
        'qeu_rag_stage_seconds_count{stage="retrieve"}',
        'qeu_rag_answers_total{certainty="",status="abstained"}',
    ):
        assert float(figures.partition(counted)[2].split()[0]) >= 1
    assert "XYLOPHONE" not in log + figures
