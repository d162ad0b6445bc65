"""docs/replicas.yaml on a cluster of this machine: replicas that follow, that are killed, and one place for what is written."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import psutil
import pytest
import yaml
from serve.serving import job_of, pdf

from qeu_rag.cluster.replicas import app
from qeu_rag.errors import ConfigError
from qeu_rag.serve.tokens import Tokens

pytestmark = [
    pytest.mark.timeout(600),  # half a minute to start on a quiet machine, minutes where others work
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'qeu_rag[cluster]'"),
    pytest.mark.skipif(sys.platform != "linux", reason="a second loopback address is there on Linux alone"),
]

LOOPBACK = "127.0.0.2"
"""Ray puts the machine's own address in the place of 127.0.0.1."""
ROOT = Path(__file__).parents[2]
ASK = {"question": "How long are receipts kept?"}
RAY = {
    "GRPC_ENABLE_FORK_SUPPORT": "0",  # else a process that another one forks can be lost
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",  # else 15, and whatever else the machine does goes before
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",  # 5 are too few where other tests run, too
    "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": token_hex(32),
    "RAY_memory_monitor_refresh_ms": "0",  # else other programs' hunger ends our processes
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(what: Callable[[], Any], *, within: float) -> Any:
    """What ``what`` gives as soon as it gives something."""
    end = time.monotonic() + within
    while not (found := what()):
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.05)
    return found


class Cluster:
    """One node of Ray with the application of docs/replicas.yaml on it."""

    def __init__(self, home: Path, room: Path) -> None:
        self.home = home
        self.room = room
        self.temp = Path(tempfile.mkdtemp(prefix="qr", dir="/tmp"))  # Ray's sockets need a short path
        self.address = f"{LOOPBACK}:{free_port()}"
        self.port = free_port()
        plan = yaml.safe_load((ROOT / "docs" / "replicas.yaml").read_text(encoding="utf-8"))
        plan["http_options"] |= {"port": self.port}
        plan["applications"][0]["args"] |= {"home": str(home), "local": str(room / "local")}
        for one in plan["applications"][0]["deployments"]:
            one["ray_actor_options"]["num_cpus"] = 0.1
        (room / "plan.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
        self.started = [
            self._start(
                "ray", "start", "--head", "--block", f"--port={self.address.rpartition(':')[2]}",
                f"--node-ip-address={LOOPBACK}", f"--temp-dir={self.temp}", "--include-dashboard=false", "--num-cpus=2",
                '--resources={"qeu_rag_home": 1}', "--object-store-memory=100000000", "--disable-usage-stats",
                "--no-monitor", "--include-log-monitor=false", f"--ray-client-server-port={free_port()}",
            )
        ]  # fmt: skip
        eventually(lambda: "Ray runtime started" in self.log(0), within=180)
        self.started.append(self._start("serve", "run", str(room / "plan.yaml"), f"--address={self.address}"))

    def _start(self, program: str, *args: str) -> subprocess.Popen[bytes]:
        with (self.room / f"{program}.log").open("wb") as log:
            return subprocess.Popen(
                [str(Path(sys.executable).parent / program), *args], env={**os.environ, **RAY},
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def log(self, number: int) -> str:
        return (self.room / ("ray.log", "serve.log")[number]).read_text(encoding="utf-8", errors="replace")

    def client(self, token: str | None = None, **headers: str) -> httpx.Client:
        given = headers if token is None else {"Authorization": f"Bearer {token}", **headers}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=given, timeout=60)

    def replicas(self, name: str = "Replica") -> list[psutil.Process]:
        found = []
        for one in psutil.Process(self.started[0].pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):  # one that was killed
                if f"ServeReplica:qeu-rag:{name}" in " ".join(one.cmdline()):
                    found.append(one)
        return found

    def stop(self) -> None:
        mine = psutil.Process(self.started[0].pid).children(recursive=True)
        for one in reversed(self.started):
            one.send_signal(signal.SIGTERM)
        for one in self.started:
            one.wait(60)
        for left in psutil.wait_procs(mine, timeout=10)[1]:
            left.kill()
        shutil.rmtree(self.temp, ignore_errors=True)


@pytest.fixture(scope="module")
def secrets(walled: Path) -> dict[str, str]:
    known = Tokens(walled)
    return {
        name: known.new(name, scopes, seen)[1]
        for name, scopes, seen in (("reader", ("ask",), ("default",)), ("chief", ("admin",), ()))
    }


@pytest.fixture(scope="module")
def cluster(walled: Path, secrets: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    room = tmp_path_factory.mktemp("cluster")
    (room / "local").mkdir()
    shutil.copytree((walled / "cache").resolve(), room / "local" / "cache")
    profile = walled / "profiles" / "default.yaml"
    profile.parent.mkdir()
    profile.write_text("log: {questions: true}\n", encoding="utf-8")
    made = Cluster(walled, room)

    def up() -> bool:
        assert all(one.poll() is None for one in made.started), made.log(0) + made.log(1)
        try:
            return made.client(secrets["reader"]).post("/api/ask", json=ASK).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        eventually(up, within=240)
        eventually(lambda: len(made.replicas()) == 2, within=60)
        yield made
    finally:
        made.stop()


@pytest.mark.parametrize(
    "wrong",
    [{"home": None}, {"local": ""}, {"rate": True}, {"hosts": "a"}, {"require_token": "no"}, {"colour": "red"}],
)
def test_a_wrong_argument_of_the_deployment_file_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f'"{next(iter(wrong))}" is missing'):
        app({"home": "/srv/h", "local": "/srv/l", **wrong})


def test_it_is_the_one_server_with_its_tokens_walls_and_headers(cluster: Cluster, secrets: dict[str, str]) -> None:
    client = cluster.client(secrets["reader"])
    answer = client.post("/api/ask", json=ASK)
    assert "seven years" in answer.json()["answer"]
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    refused = client.post("/api/ask", json={**ASK, "collection": "board"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "collection_unknown")
    for path in ("/api/status", "/api/collections", "/v1/models"):  # at the head, and at replicas
        none = cluster.client().get(path)
        assert (none.status_code, none.json()["error"]["code"]) == (401, "serve_token")
        evil = cluster.client(secrets["reader"], Host="evil.example").get(path)
        assert (evil.status_code, evil.json()["error"]["code"]) == (403, "serve_origin")
    assert client.post("/api/approvals", json={"rows": []}).status_code in (403, 422)
    assert "text/html" in cluster.client().get("/").headers["content-type"]
    with client.stream("POST", "/api/ask", json=ASK, headers={"Accept": "text/event-stream"}) as stream:
        assert b"event: answer" in b"".join(stream.iter_raw())


def test_a_token_holds_everywhere_within_a_second_and_is_refused_so(cluster: Cluster) -> None:
    _, secret = Tokens(cluster.home).new("guest", ("ask",), ())
    client = cluster.client(secret)

    def all_say(status: int) -> Callable[[], bool]:
        return lambda: all(client.post("/api/search", json=ASK).status_code == status for _ in range(8))

    for change, status in ((lambda: None, 200), (lambda: Tokens(cluster.home).revoke("guest"), 401)):
        change()
        time.sleep(1.0)
        assert all_say(status)()


def test_what_is_approved_and_asked_is_seen_by_all(cluster: Cluster, secrets: dict[str, str]) -> None:
    client = cluster.client(secrets["chief"])
    asked = client.post("/api/ask", json=ASK).json()
    row = {"question": ASK["question"], "answer": "For seven years, says the chief.", "citations": []}
    for cited in asked["citations"]:
        row["citations"].append(
            {name: cited[name] for name in ("marker", "source", "document_id", "passage_hash", "quote")}
        )
    kept = client.post("/api/approvals", json={"rows": [row]})
    assert kept.json()["kept"], kept.text
    time.sleep(1.0)
    for _ in range(8):
        assert client.post("/api/ask", json=ASK).json()["engine"] == "approved"
    key = client.get("/api/approvals").json()["approved"][0]["id"]
    assert client.delete("/api/approvals", params={"id": key}).status_code == 204
    time.sleep(1.0)
    for _ in range(8):
        assert client.post("/api/ask", json=ASK).json()["engine"] != "approved"
    client.post("/api/ask", json={"question": "What colour is the sky over Mongolia?"})
    assert client.post("/api/feedback", json={**ASK, "helped": False}).status_code == 204
    time.sleep(1.0)
    shown = [one["question"] for gap in client.get("/api/gaps").json()["gaps"] for one in gap["questions"]]
    assert ASK["question"] in shown
    assert "What colour is the sky over Mongolia?" in shown


def test_a_new_generation_is_followed_without_a_pause(
    cluster: Cluster, secrets: dict[str, str], tmp_path: Path
) -> None:
    client = cluster.client(secrets["chief"])
    slowest, ended, wrong = [0.0], threading.Event(), []

    def ask_on() -> None:
        with cluster.client(secrets["reader"]) as asking:
            while not ended.is_set():
                began = time.monotonic()
                answer = asking.post("/api/ask", json=ASK)
                slowest[0] = max(slowest[0], time.monotonic() - began)
                if answer.status_code != 200 or "seven years" not in answer.json()["answer"]:
                    wrong.append(answer.text)

    asking = threading.Thread(target=ask_on)
    asking.start()
    try:
        pdf(tmp_path / "helmets.pdf")
        note = ("lamps.md", b"# Lamps\n\n## Change\n\nThe lamps of the north tower are changed every 14 months.\n")
        job = client.post("/api/documents", files=[("files", note)]).raise_for_status().json()
        assert job_of(client, job)["state"] == "done"
        question = {"question": "How often are the lamps of the north tower changed?"}

        def all_know() -> bool:
            return all("14 months" in client.post("/api/ask", json=question).json()["answer"] for _ in range(8))

        eventually(all_know, within=30)  # to look, to copy and to open
    finally:
        ended.set()
        asking.join()
    assert wrong == []
    print("slowest answer while documents were read and copied:", round(slowest[0], 2), "s")


def test_a_killed_replica_loses_no_request_that_is_sent_twice(cluster: Cluster, secrets: dict[str, str]) -> None:
    killed, lost, wrong, answered, again = threading.Event(), [], [], [0], [0]
    ended = threading.Event()

    def once(client: httpx.Client) -> httpx.Response | None:
        try:
            answer = client.post("/api/ask", json=ASK)
        except httpx.TransportError:
            return None
        return answer if answer.status_code == 200 else None

    def ask_on() -> None:
        with cluster.client(secrets["chief"]) as client:
            while not ended.is_set():
                answer = once(client)
                if answer is None:
                    again[0] += 1
                    answer = once(client)
                if answer is None:
                    lost.append(killed.is_set())
                elif "seven years" not in answer.json()["answer"]:
                    wrong.append(answer.text)
                else:
                    answered[0] += 1

    askers = [threading.Thread(target=ask_on) for _ in range(4)]
    for one in askers:
        one.start()
    time.sleep(1)
    victim = cluster.replicas()[0]
    victim.kill()
    killed.set()
    eventually(lambda: len([one for one in cluster.replicas() if one.pid != victim.pid]) == 2, within=60)
    time.sleep(1)
    ended.set()
    for one in askers:
        one.join()
    print(f"{answered[0]} answered, {again[0]} sent twice")
    assert (lost, wrong) == ([], [])
    assert answered[0] > 10


def test_questions_are_answered_while_the_head_is_away(cluster: Cluster, secrets: dict[str, str]) -> None:
    client = cluster.client(secrets["chief"])
    (head,) = cluster.replicas("Head")
    head.kill()
    assert client.post("/api/ask", json=ASK).status_code == 200
    said = client.get("/api/jobs")
    assert said.status_code in (200, 503)
    if said.status_code == 503:
        assert said.json()["error"]["code"] == "head_away"
        assert re.fullmatch(r"\d+", said.headers["retry-after"])
    eventually(lambda: client.get("/api/jobs").status_code == 200, within=60)
    assert [job["state"] for job in client.get("/api/jobs").json()["jobs"]] == ["done"]
