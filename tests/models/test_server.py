"""The server engine against a real server on this machine, well-behaved and otherwise."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, SystemMessage

from qeu_rag.errors import ConfigError, ModelError, QeuRagError
from qeu_rag.models.chat_model import estimated_tokens
from qeu_rag.models.server import ServerModel, open_server
from qeu_rag.models.server_address import in_the_house
from qeu_rag.models.server_failure import StreamEnd

REPLY = ("日本", "語の", "返答", " [1]")


class Server(ThreadingHTTPServer):
    """Answers each request by the next of ``plan`` (the last one stays) and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.plan: list[Callable[[Handler], None]] = [whole]
        self.models: dict[str, dict[str, Any]] | None = {"small": {}}
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.gone = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        self.gone.set()  # the client went away while we wrote


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        plan = self.server.plan
        (plan.pop(0) if len(plan) > 1 else plan[0])(self)

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers), None))
        if self.server.models is None:
            return self.answer(404, "nothing here")
        return self.answer(200, {"object": "list", "data": [{"id": i, **m} for i, m in self.server.models.items()]})

    def answer(self, code: int, body: Any, **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("content-type", "text/html" if isinstance(body, str) else "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def begin(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()

    def event(self, text: str, finish: str | None = None) -> None:
        choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "small", "choices": [choice]}
        self.wfile.write(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        pass


def whole(handler: Handler) -> None:
    handler.begin()
    for text in REPLY:
        handler.event(text)
    handler.event("", "stop")
    handler.wfile.write(b"data: [DONE]\n\n")


def done_without_reason(handler: Handler) -> None:
    handler.begin()
    for text in REPLY:
        handler.event(text)
    handler.wfile.write(b"data: [DO")
    handler.wfile.flush()
    handler.wfile.write(b"NE]\n\n")


def says_done(handler: Handler) -> None:
    handler.begin()
    handler.event("data: [DONE]\n")


def status(code: int, body: Any = None, **headers: str) -> Callable[[Handler], None]:
    answer = body if body is not None else {"error": {"message": f"reason {code}", "type": "t", "code": None}}
    return lambda handler: handler.answer(code, answer, **headers)


def half(handler: Handler) -> None:
    handler.begin()
    handler.event("日本")


def half_by_length(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("content-length", "5000")
    handler.end_headers()
    handler.event("日本")


def garbled(handler: Handler) -> None:
    handler.begin()
    handler.event("日本")
    handler.wfile.write(b'data: {"id": "1", "choi\n\n')


def failing_within(handler: Handler) -> None:
    handler.begin()
    handler.event("日本")
    handler.wfile.write(b'data: {"error": {"message": "out of memory", "code": 500}}\n\n')


def hanging(handler: Handler) -> None:
    time.sleep(3)


def hanging_within(handler: Handler) -> None:
    handler.begin()
    handler.event("日本")
    time.sleep(3)


def endless(handler: Handler) -> None:
    handler.begin()
    while True:
        handler.event("語")
        time.sleep(0.01)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def model_of(server: Server, **values: Any) -> ServerModel:
    given: dict[str, Any] = {
        "base_url": server.url, "name": "small", "api_key_env": None, "max_tokens": 50, "temperature": 0.0,
        "context_tokens": 2048, "timeout_s": 1.0, "environ": {},
    }  # fmt: skip
    return open_server(**{**given, **values})


def error_of(server: Server, *plan: Callable[[Handler], None]) -> QeuRagError:
    server.plan = list(plan)
    with pytest.raises(ModelError) as caught:
        model_of(server).invoke("a")
    assert server.url in str(caught.value)
    return caught.value


def test_a_reply_streams_in_the_servers_pieces(server: Server) -> None:
    model = model_of(server, name="small", max_tokens=7, temperature=0.0)
    messages = [SystemMessage("Be brief."), HumanMessage("何ですか")]
    assert [chunk.content for chunk in model.stream(messages) if chunk.content] == list(REPLY)
    ((path, headers, body),) = server.asked
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == "Bearer none"
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "何ですか"},
    ]
    assert (body["model"], body["max_tokens"], body["temperature"], body["stream"]) == ("small", 7, 0.0, True)


def test_a_json_schema_is_passed_on(server: Server) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": {"type": "array"}}}
    model = model_of(server)
    assert ServerModel.constrains_json
    assert model.invoke("a", response_format=form).content == "".join(REPLY)
    assert model.invoke("a").content == "".join(REPLY)
    (_, _, with_form), (_, _, without) = server.asked
    assert with_form["response_format"] == form
    assert "response_format" not in without
    assert with_form["max_tokens"] == without["max_tokens"] == model.max_tokens


@pytest.mark.parametrize("told", [{"tokens": [5, 6, 7]}, {"count": 3, "max_model_len": 9, "tokens": [5, 6, 7]}])
def test_tokens_are_counted_by_a_server_that_tells_them(server: Server, told: dict[str, Any]) -> None:
    server.plan = [status(200, told)]
    model = model_of(server)
    assert model.count_tokens("日本語の長い文") == 3
    ((path, headers, body),) = server.asked
    assert path == "/tokenize"
    assert body["content"] == body["prompt"] == "日本語の長い文"
    assert headers["authorization"].startswith("Bearer ")


@pytest.mark.parametrize("plan", [status(404), status(500, "oops"), status(200, {"other": 1}), garbled])
def test_tokens_are_estimated_where_the_server_does_not_tell(server: Server, plan: Callable[[Handler], None]) -> None:
    server.plan = [plan]
    model = model_of(server)
    assert [model.count_tokens("日本") for _ in range(3)] == [4, 4, 4]
    assert len(server.asked) == 1  # it is not asked again


def test_the_key_comes_from_the_named_variable(server: Server) -> None:
    model_of(server, api_key_env="OUR_KEY", environ={"OUR_KEY": "secret"}).invoke("a")
    assert server.asked[0][1]["authorization"] == "Bearer secret"
    with pytest.raises(ConfigError, match="OUR_KEY"):
        model_of(server, api_key_env="OUR_KEY", environ={})


@pytest.mark.parametrize("address", ["127.0.0.1:11434/v1", "ftp://127.0.0.1", "http://", "/v1"])
def test_an_address_that_is_none_is_refused(server: Server, address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        model_of(server, base_url=address)
    assert caught.value.key == "base_url_bad"


def test_without_a_name_the_only_model_is_taken_with_its_context(server: Server) -> None:
    server.models = {"only": {"max_model_len": 512}}
    model = model_of(server, name=None)
    assert (model.model_name, model.context_tokens) == ("only", 512)
    server.models = {"llama": {"meta": {"n_ctx": 1024}}}
    assert model_of(server, name=None).context_tokens == 1024
    server.models = {"first": {}, "second": {}}
    with pytest.raises(ConfigError, match="first, second"):
        model_of(server, name=None)


@pytest.mark.parametrize("code", [401, 403])
def test_a_refused_key_is_said_and_not_tried_again(server: Server, code: int) -> None:
    error = error_of(server, status(code))
    assert (error.key, error.values["code"], len(server.asked)) == ("server_key", code, 1)


def test_an_unknown_model_is_told_with_those_that_there_are(server: Server) -> None:
    server.models = {"small": {}, "large": {}}
    error = error_of(server, status(404))
    assert error.key == "server_model"
    assert "small, large" in str(error)


def test_a_wrong_path_is_told(server: Server) -> None:
    server.models = None
    assert error_of(server, status(404, "<html>no</html>")).key == "server_path"


def test_a_busy_server_is_asked_again_when_it_says(server: Server) -> None:
    server.plan = [status(429, retry_after="0.3"), whole]
    began = time.monotonic()
    assert model_of(server).invoke("a").content == "".join(REPLY)
    assert 0.3 <= time.monotonic() - began < 3
    assert error_of(server, status(429, retry_after="0.01")).key == "server_busy"
    assert error_of(server, status(429, retry_after="86400")).key == "server_busy"


def test_a_failing_server_is_asked_three_times(server: Server) -> None:
    server.plan = [status(500), status(503), whole]
    assert model_of(server).invoke("a").content == "".join(REPLY)
    server.asked.clear()
    error = error_of(server, status(500, retry_after="0"))
    assert (error.key, len(server.asked)) == ("server_error", 3)
    assert "reason 500" in str(error)


def test_other_refusals_tell_the_servers_reason(server: Server) -> None:
    error = error_of(server, status(400))
    assert error.key == "server_refused"
    assert "reason 400" in str(error)


@pytest.mark.parametrize("plan", [hanging, hanging_within])
def test_a_server_that_hangs_is_given_up(server: Server, plan: Callable[[Handler], None]) -> None:
    began = time.monotonic()
    assert error_of(server, plan).key == "server_silent"
    assert time.monotonic() - began < 2.5


@pytest.mark.parametrize("plan", [half, half_by_length, garbled, failing_within])
def test_half_a_reply_is_an_error_after_its_pieces(server: Server, plan: Callable[[Handler], None]) -> None:
    server.plan = [plan]
    seen: list[str] = []

    def read() -> None:
        for chunk in model_of(server).stream("a"):
            seen.append(str(chunk.content))

    with pytest.raises(ModelError) as caught:
        read()
    assert caught.value.key == "server_cut"
    assert ("".join(seen), len(server.asked)) == ("日本", 1)


def test_a_reply_that_ends_with_done_and_no_reason_is_whole(server: Server) -> None:
    server.plan = [done_without_reason]
    assert model_of(server).invoke("a").content == "".join(REPLY)
    assert error_of(server, says_done).key == "server_cut"  # the model's own words end nothing


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 60), max_size=8),
    st.sampled_from([b"data: [DONE]", b"data:[DONE]\r", b"x: [DONE]", b"data: [DONE] x"]),
)
def test_the_end_is_seen_however_the_bytes_are_cut(cuts: list[int], line: bytes) -> None:
    data = b'data: {"a": "' + b"x" * 30 + b'[DONE]"}\n\n' + line + b"\n\n"
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    end = StreamEnd()
    assert b"".join(end.watch(data[a:b] for a, b in pairwise(places))) == data
    assert end.came == (line.startswith(b"data:") and line.strip().endswith(b"]"))


@pytest.mark.parametrize("body", ["<html>Welcome</html>", {"hello": 1}, []])
def test_something_else_than_such_a_server_is_told(server: Server, body: Any) -> None:
    assert error_of(server, status(200, body)).key == "server_strange"


def test_a_redirection_is_not_followed(server: Server) -> None:
    error = error_of(server, status(302, location="http://192.0.2.1/v1"))
    assert (error.key, len(server.asked)) == ("server_refused", 1)


def test_a_server_that_is_down_is_told(server: Server) -> None:
    model = model_of(server, base_url="http://127.0.0.1:9/v1")
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9") as caught:
        model.invoke("a")
    assert caught.value.key == "server_down"


def test_leaving_a_reply_early_hangs_up(server: Server) -> None:
    server.plan = [endless]
    stream = model_of(server).stream("a")
    next(stream)
    stream.close()
    assert server.gone.wait(5)


def test_a_stop_string_hangs_up(server: Server) -> None:
    server.plan = [endless]
    assert model_of(server).invoke("a", stop=["語語語"]).content == ""
    assert server.gone.wait(5)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_an_estimate_of_tokens_is_rather_too_large(text: str) -> None:
    assert len(text) / 2 <= estimated_tokens(text) <= len(text.encode("utf-8", "replace")) * 2


def test_only_other_peoples_networks_are_reached_by_a_proxy() -> None:
    for url in ("http://127.0.0.1/v1", "http://localhost:1", "http://10.1.2.3", "http://gpu:8000", "http://[::1]:1"):
        assert in_the_house(url)
    for url in ("https://api.example.com/v1", "http://8.8.8.8"):
        assert not in_the_house(url)
