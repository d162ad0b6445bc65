"""What many servers of one home share: requests that are passed on, tokens that were told, and how often they were used."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from qeu_rag.errors import QeuRagError, ReadError, UsageError
from qeu_rag.serve.forward import OPENED, PassOn, Taken
from qeu_rag.serve.shared_tokens import SILENCE_S, SharedRate, ToldTokens
from qeu_rag.serve.tokens import Token

POST: Scope = {"type": "http", "method": "POST", "path": "/api/approvals", "headers": [(b"accept-language", b"ja")]}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends back what comes, piece by piece, and then breaks."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": more})
    raise RuntimeError("after the answer")


class Near:
    """The other server in this process."""

    def __init__(self, taken: Taken) -> None:
        self.taken = taken

    async def exchange(self, scope: dict[str, Any], receive: Receive) -> AsyncIterator[Message]:
        pushing = None
        async for message in self.taken.answer("key", scope):
            if message is OPENED:

                async def push() -> None:
                    while True:
                        await self.taken.push("key", await receive())

                pushing = asyncio.create_task(push())
            else:
                yield message
        assert pushing is not None
        pushing.cancel()


class Away:
    async def exchange(self, scope: dict[str, Any], receive: Receive) -> AsyncIterator[Message]:
        raise QeuRagError("head_away", seconds=2)
        yield {}


def sent_by(app: PassOn, scope: Scope, pieces: int) -> list[Message]:
    """What ``app`` sends for a body of so many pieces; the client then waits."""
    left, sent = list(range(pieces)), []

    async def receive() -> Message:
        if not left:
            await asyncio.sleep(60)
        number = left.pop(0)
        return {"type": "http.request", "body": str(number).encode(), "more_body": bool(left)}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(asyncio.wait_for(app(scope, receive, send), 20))
    return sent


def test_a_request_that_writes_is_answered_by_the_other_server_piece_by_piece() -> None:
    told: list[str] = []

    async def here(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "here"})

    app = PassOn(here, far=Near(Taken(echo, tell=told.append)), lang="en")
    sent = sent_by(app, dict(POST), 50)
    assert b"".join(one["body"] for one in sent[1:]) == "".join(map(str, range(50))).encode()
    assert told == ["POST: RuntimeError: after the answer"]
    for path in ("/api/ask", "/v1/models", "/", "/mcp", "/health"):
        assert sent_by(app, {**POST, "path": path}, 1) == [{"type": "here"}]


def test_a_head_that_is_away_is_said_with_what_to_do() -> None:
    start, body = sent_by(PassOn(echo, far=Away(), lang="en"), dict(POST), 1)
    assert start["status"] == 503
    assert (b"retry-after", b"2") in start["headers"]
    assert "もう一度" in body["body"].decode()


def test_a_rate_holds_for_all_servers_together() -> None:
    clock = [0.0]
    here, there = (SharedRate(60, clock=lambda: clock[0]) for _ in range(2))
    for _ in range(40):
        here.take("a")
        there.take("a")
    there.taken_elsewhere(here.taken())
    assert here.taken() == {}
    with pytest.raises(UsageError) as raised:
        there.take("a")
    assert raised.value.values["seconds"] == 21  # what was taken too often is owed
    clock[0] = 21.0
    there.take("a")


def test_tokens_that_were_told_too_long_ago_are_trusted_no_more() -> None:
    clock = [0.0]
    tokens = ToldTokens(clock=lambda: clock[0])
    with pytest.raises(QeuRagError, match="heard nothing"):
        tokens.find("qeu-x")
    made = Token(id="1", name="n", hash="0" * 64, scopes=("ask",), collections=(), created="")
    tokens.learn([made])
    assert tokens.find("qeu-x") is None
    clock[0] = SILENCE_S + 1
    with pytest.raises(QeuRagError, match="heard nothing"):
        tokens.find("qeu-x")


def test_errors_come_back_pickled() -> None:
    for error in (QeuRagError("head_away", seconds=2), ReadError("damaged", "x")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), again.render("ja")) == (type(error), error.render("ja"))
