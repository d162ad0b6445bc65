"""The official SDK's own client against the real command: tools, resources, walls, over stdio and over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from qeu_rag import KnowHow
from qeu_rag.serve.tokens import Tokens

T = TypeVar("T")
READ_ONLY = {"ask", "search", "read_passage", "list_documents"}
SECRET = "翠玉計画の予算は九百十二万円とする。"
QUESTION = "翠玉計画の予算はいくらですか"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, notes_home: Path, embedder_cache: Path) -> Path:
    """A home with the small documents in "default", and a marked sentence behind the wall, in "board"."""
    import shutil

    home = tmp_path_factory.mktemp("two") / "home"
    shutil.copytree(notes_home, home, symlinks=True)
    (home / "board").mkdir()
    (home / "board" / "jade.md").write_text(f"# 翠玉計画\n\n## 予算\n\n{SECRET}\n", encoding="utf-8")
    with KnowHow.open(home=home, collection="board") as board:
        board.ingest(home / "board")
    return home


def over_stdio(home: Path, work: Callable[[Client], Awaitable[T]], *options: str, mode: str = "auto") -> T:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "qeu_rag", "mcp", "--home", str(home), *options],
        env={"PYTHONPATH": os.environ["PYTHONPATH"], "QEU_RAG_LANG": "en"},
    )
    return run(command, work, mode)


def run(server: Any, work: Callable[[Client], Awaitable[T]], mode: str = "auto") -> T:
    async def talk() -> T:
        async with asyncio.timeout(120), Client(server, mode=mode) as client:  # type: ignore[arg-type]
            return await work(client)

    return asyncio.run(talk())


async def call(client: Client, name: str, **arguments: Any) -> Any:
    """A tool's result; the text is the same JSON, for clients that know nothing else."""
    result = await client.call_tool(name, arguments)
    if result.is_error:
        return result.content[0].text
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_an_assistant_asks_reads_and_lists(two: Path, mode: str) -> None:
    async def work(client: Client) -> None:
        listed = await client.list_tools()
        assert {tool.name for tool in listed.tools} == READ_ONLY
        assert all(tool.annotations and tool.annotations.read_only_hint and tool.description for tool in listed.tools)
        assert client.instructions is not None
        assert "never instructions" in client.instructions
        answer = await call(client, "ask", question="国内出張の日当はいくらですか")
        assert answer["status"] == "answered"
        assert "3,000円" in answer["answer"]
        (citation, *_) = answer["citations"]
        passage = await call(client, "read_passage", chunk_id=citation["chunk_id"], around=100)
        assert citation["quote"] in passage["text"]
        whole = (await client.read_resource(passage["resource"])).contents[0].text  # type: ignore[union-attr]
        assert passage["before"] + passage["text"] + passage["after"] == whole
        assert citation["quote"] in whole
        found = await call(client, "search", question="major findings", k=2)
        assert len(found["results"]) == 2
        assert "ten working days" in found["results"][0]["text"]
        nothing = await call(client, "ask", question="モンゴルの首都はどこですか")
        assert (nothing["status"], nothing["certainty"]) == ("abstained", "")
        documents = await call(client, "list_documents", contains="AUDIT")
        assert [one["source"] for one in documents["documents"]] == ["audit.md"]
        assert documents["collections"] == ["default"]
        resources = (await client.list_resources()).resources
        assert {one.name for one in resources} == {"loss.md", "travel.md", "audit.md", "mts.md"}
        assert documents["documents"][0]["resource"] in {one.uri for one in resources}

    over_stdio(two, work, mode=mode)


def test_what_is_wrong_is_told_and_ends_nothing(two: Path) -> None:
    async def work(client: Client) -> None:
        assert "k:" in await call(client, "search", question="loss", k=1000)
        assert "question" in await call(client, "ask")
        assert "surplus" in await call(client, "ask", question="What is the loss?", surplus=1)
        assert "chunk_id" in await call(client, "read_passage", chunk_id="../../etc/passwd")
        assert "question" in await call(client, "ask", question=" \u200b ")
        for uri in ("qeu-rag://default/none", "file:///etc/passwd", "qeu-rag://board/", "qeu-rag://default/../board"):
            with pytest.raises(MCPError):
                await client.read_resource(uri)
        with pytest.raises(MCPError):
            await client.call_tool("ingest", {})
        assert (await call(client, "ask", question="What is the quality loss?"))["status"] == "answered"

    over_stdio(two, work)


def test_only_a_folder_that_was_allowed_is_read_in(home: Path, docs: Path) -> None:
    async def work(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools["ingest"].annotations is not None
        assert not tools["ingest"].annotations.read_only_hint
        assert "ingest" in await call(client, "ask", question="What is the quality loss?")  # nothing is there yet
        assert "path" in await call(client, "ingest", path="/etc")
        assert (await call(client, "ingest"))["added"] == 4
        (docs / "new.md").write_text("# Badge\n\nA lost badge is replaced by the front desk for 900 yen.\n")
        assert (await call(client, "ingest"))["added"] == 1
        answer = await call(client, "ask", question="Who replaces a lost badge?")
        assert "front desk" in answer["answer"]

    over_stdio(home, work, "--allow-ingest", str(docs))


async def through_every_door(client: Client, behind: dict[str, str]) -> str:
    """All that a caller gets to see who tries every door to the collection "board", as one text."""
    seen: list[Any] = [client.instructions]
    for collection in ({}, {"collection": "board"}, {"collection": "Board"}, {"collection": "default/../board"}):
        seen.append(await call(client, "ask", question=QUESTION, **collection))
        seen.append(await call(client, "search", question=QUESTION, k=50, **collection))
        seen.append(await call(client, "read_passage", chunk_id=behind["chunk_id"], around=500, **collection))
        seen.append(await call(client, "list_documents", **collection))
    seen.append([one.model_dump(mode="json") for one in (await client.list_resources()).resources])
    for uri in (behind["resource"], behind["resource"].replace("board", "default")):
        with pytest.raises(MCPError) as refused:
            await client.read_resource(uri)
        seen.append(str(refused.value))
    return json.dumps(seen, ensure_ascii=False).replace(QUESTION, "")


@pytest.fixture(scope="module")
def behind(two: Path) -> dict[str, str]:
    """What only who may see "board" knows."""
    with KnowHow.open(home=two, collection="board") as board:
        (found, *_) = board.search(QUESTION)
    return {"chunk_id": found.chunk.id, "resource": f"qeu-rag://board/{found.chunk.document_id}"}


def nothing_of_it(seen: str) -> bool:
    return not any(word in seen for word in ("翠玉", "九百十二", "jade"))


def test_the_wall_holds_over_stdio(two: Path, behind: dict[str, str]) -> None:
    assert nothing_of_it(over_stdio(two, lambda client: through_every_door(client, behind)))
    inside = over_stdio(two, lambda client: call(client, "ask", question=QUESTION), "--collection", "board")
    assert "九百十二万円" in inside["answer"]


@pytest.fixture(scope="module")
def address(two: Path) -> Iterator[str]:
    """A real server of the home, which wants tokens."""
    Tokens(two).new("first", ("ask",), ())
    command = [sys.executable, "-m", "qeu_rag", "serve", "--home", str(two), "--port", "0", "--no-browser"]
    server = subprocess.Popen([*command, "--require-token"], stdout=subprocess.PIPE, text=True, env=os.environ)
    assert server.stdout is not None
    line = server.stdout.readline()
    yield line[line.index("http://") :].split()[0].rstrip("。.")
    server.terminate()
    assert server.wait(30) in (0, -15)  # uvicorn ends in order and then by the signal that it got


def over_http(address: str, secret: str, work: Callable[[Client], Awaitable[T]], mode: str = "auto") -> T:
    async def talk() -> T:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http, asyncio.timeout(120):
            transport = streamable_http_client(f"{address}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:  # type: ignore[arg-type]
                return await work(client)

    return asyncio.run(talk())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_wall_holds_over_http(two: Path, address: str, behind: dict[str, str], mode: str) -> None:
    tokens = Tokens(two)
    _, outside = tokens.new(f"outside-{mode}", ("admin",), ("default",))
    _, inside = tokens.new(f"inside-{mode}", ("ask",), ("board",))
    assert nothing_of_it(over_http(address, outside, lambda client: through_every_door(client, behind), mode))
    answer = over_http(address, inside, lambda client: call(client, "ask", question=QUESTION), mode)
    assert "九百十二万円" in answer["answer"]
    tools = over_http(address, outside, lambda client: client.list_tools(), mode)
    assert {tool.name for tool in tools.tools} == READ_ONLY


def test_who_is_not_known_gets_nothing(two: Path, address: str) -> None:
    tokens = Tokens(two)
    _, reader = tokens.new("reader", ("ask",), ())
    _, uploader = tokens.new("uploader", ("ingest",), ())
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    given = {"Accept": "application/json, text/event-stream"}

    def status(method: str = "POST", **headers: str) -> int:
        return httpx2.request(method, f"{address}/mcp", json=message, headers={**given, **headers}).status_code

    assert status() == 401
    assert status(Authorization="Bearer qeu-wrong") == 401
    assert status(Authorization=f"Bearer {uploader}") == 403
    assert status(Authorization=f"Bearer {reader}", Origin="http://evil.example") == 403
    assert status(Authorization=f"Bearer {reader}", Host="evil.example") == 403
    assert status("GET", Authorization=f"Bearer {reader}") == 405
    assert status(Authorization=f"Bearer {reader}") == 200
    tokens.revoke("reader")
    assert status(Authorization=f"Bearer {reader}") == 401
    with pytest.raises(Exception):  # noqa: B017, PT011 - the SDK's client has groups of errors of its own
        over_http(address, "", lambda client: client.list_tools())


def test_many_assistants_at_once(two: Path, address: str) -> None:
    _, reader = Tokens(two).new("many", ("ask",), ("default",))

    async def work(client: Client) -> list[Any]:
        asked = (call(client, "ask", question="国内出張の日当はいくらですか") for _ in range(20))
        return await asyncio.gather(*asked)

    answers = over_http(address, reader, work)
    assert all("3,000円" in one["answer"] for one in answers)
