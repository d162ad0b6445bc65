"""Many clients at once, every answer checked, while a sync runs; beside a bare FastAPI wrapper around plain LangChain retrieval.

    python benchmarks/load.py --work FOLDER [--clients 50] [--seconds 60] [--think 7] [--chunks 10000] [--sync 500] [--json FILE]

Runs on loopback: ours, ours while a folder of new files is read in, and the wrapper over the same passages with the same
encoder and Chroma (load_peer.py), which reads nothing in meanwhile. Clients that ask the next question as soon as an answer is
there are a closed loop: one of 50 waits for the other 49, whatever the server does, so those runs measure how many questions a
second it can answer. People read what they got. Clients that wait ``--think`` seconds before each question (in the mean,
exponential: 7 s is what TPC-W, the benchmark of web shops, takes for a person between two pages) measure how long people wait.
An answer of ours is right when it holds the room that its document tells and cites that document first; one of the wrapper when
its first passage is that document's. The filler is made up, its vectors random; what is asked about is embedded. Times are a
client's, from request to whole answer; memory and processor time are those of the server and what it started.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil
from figures import Bench
from made import SEED, passage
from many import fill_ledger

from qeu_rag import KnowHow

_FACTS = 200
_SYNC_BEGINS_S = 2.0
_SHAPES = "anvil bobbin caliper dynamo easel flange gasket hopper impeller jig knurl ladle mandrel nozzle pulley ratchet".split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A document that tells one thing, and the question for it."""

    name: str
    question: str
    room: str
    text: str


@dataclass(slots=True, kw_only=True)
class Run:
    """What a run gave; ``seconds`` are those of every right answer, ``memory_mb`` samples in the order of time."""

    name: str
    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    lasted: float = 0.0
    cpu_s: float = 0.0
    sync: dict[str, Any] | None = None

    def figures(self) -> dict[str, Any]:
        """The run in figures: times in milliseconds, memory in MB (at first, at most, at the end)."""
        cuts = statistics.quantiles(self.seconds, n=20) if len(self.seconds) > 1 else [0.0] * 19
        return {
            "name": self.name,
            "answers": len(self.seconds),
            "a_second": round(len(self.seconds) / self.lasted, 1),
            "errors": len(self.errors),
            "wrong": len(self.wrong),
            "p50_ms": round(cuts[9] * 1000),
            "p95_ms": round(cuts[18] * 1000),
            "cpu_ms_an_answer": round(self.cpu_s * 1000 / max(1, len(self.seconds))),
            "memory_mb": [round(one) for one in (self.memory_mb[0], max(self.memory_mb), self.memory_mb[-1])],
            "sync": self.sync,
            "examples": [*self.errors[:3], *self.wrong[:3]],
        }


def facts() -> list[Fact]:
    """Documents that differ in what they are about, so that a right answer can be told from a near one."""
    dice = random.Random(SEED)
    made = []
    for number in range(_FACTS):
        shape, code = (
            _SHAPES[number % len(_SHAPES)],
            f"{chr(65 + number % 26)}{chr(65 + number // 26)}-{dice.randint(100, 999)}",
        )
        room = str(1000 + number * 7)
        text = f"# The {shape} {code}\n\nThe {shape} {code} is kept in room {room}.\n\n{passage(dice, 300)}\n"
        made.append(
            Fact(name=f"{code}.md", question=f"In which room is the {shape} {code} kept?", room=room, text=text)
        )
    return made


def build(bench: Bench, chunks: int, known: list[Fact]) -> None:
    """Makes the home, unless it is there already."""
    if (bench.work / "built").exists():
        return
    shutil.rmtree(bench.work, ignore_errors=True)
    fill_ledger(bench, chunks)
    folder = bench.work / "facts"
    folder.mkdir()
    for fact in known:
        (folder / fact.name).write_text(fact.text, encoding="utf-8")
    with KnowHow.open(home=bench.home) as know_how:
        know_how.ingest(folder)
    (bench.work / "built").touch()


def write_news(folder: Path, count: int) -> None:
    """New files for the sync, about other things."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    dice = random.Random(time.time_ns())
    for number in range(count):
        (folder / f"news-{number}.md").write_text(f"# News {number}\n\n{passage(dice, 800)}\n", encoding="utf-8")


@contextmanager
def server(command: list[str]) -> Iterator[tuple[str, psutil.Process]]:
    """A server in a process of its own: its address, as it prints it, and its process."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield line[line.index("http://") :].split()[0].rstrip("."), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


async def load(
    run: Run,
    address: str,
    process: psutil.Process,
    known: list[Fact],
    clients: int,
    seconds: float,
    right: Right,
    *,
    think: float,
    sync: bool,
) -> None:
    """Lets ``clients`` ask one question after another for ``seconds``, each after thinking for ``think`` seconds in the mean."""
    limits = httpx2.Limits(max_connections=clients + 4, max_keepalive_connections=clients + 4)
    async with httpx2.AsyncClient(base_url=address, timeout=60, limits=limits) as http:
        for fact in known[:5]:
            await http.post("/api/ask", json={"question": fact.question})  # what is built at the first question
        began, used = time.perf_counter(), _cpu_s(process)
        end = began + seconds

        async def client(number: int) -> None:
            dice = random.Random(number)
            while time.perf_counter() < end:
                await asyncio.sleep(dice.expovariate(1 / think) if think else 0)
                fact = dice.choice(known)
                at = time.perf_counter()
                try:
                    response = await http.post("/api/ask", json={"question": fact.question})
                except httpx2.HTTPError as error:
                    run.errors.append(repr(error))
                    continue
                if response.status_code != 200:
                    run.errors.append(f"{response.status_code} {response.text[:200]}")
                elif not right(fact, response.json()):
                    run.wrong.append(f"{fact.question} -> {response.text[:300]}")
                else:
                    run.seconds.append(time.perf_counter() - at)

        others = [watch(run, process, end)] + ([sync_once(run, http)] if sync else [])
        asking = asyncio.gather(*(client(number) for number in range(clients)))
        others.append(_at_end(asking, run, process, began, used))
        await asyncio.gather(*others)


async def _at_end(asking: asyncio.Future[Any], run: Run, process: psutil.Process, began: float, used: float) -> None:
    await asking
    run.lasted, run.cpu_s = time.perf_counter() - began, _cpu_s(process) - used


def _cpu_s(process: psutil.Process) -> float:
    """The processor seconds of the server and of what it started, also of what has ended."""
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


async def watch(run: Run, process: psutil.Process, end: float) -> None:
    """Notes the memory of the server and of what it started, twice a second."""
    while time.perf_counter() < end:
        mine = [process, *process.children(recursive=True)]
        run.memory_mb.append(sum(_rss(one) for one in mine) / 1e6)
        await asyncio.sleep(0.5)


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


async def sync_once(run: Run, http: httpx2.AsyncClient) -> None:
    """Has the server read its folder in, and waits for the end of that."""
    await asyncio.sleep(_SYNC_BEGINS_S)
    at = time.perf_counter()
    job = (await http.post("/api/sync", json={})).json()
    while job["state"] in ("waiting", "running"):
        await asyncio.sleep(0.5)
        job = (await http.get(f"/api/jobs/{job['id']}")).json()
    run.sync = {
        "state": job["state"],
        "seconds": round(time.perf_counter() - at, 1),
        "report": job["report"],
        "error": job["error"],
    }


Right = Callable[[Fact, Any], bool]


def ours_right(fact: Fact, given: Any) -> bool:
    """Whether an answer of ours holds."""
    cited = given["citations"]
    return given["status"] == "answered" and fact.room in given["answer"] and cited[0]["source"].endswith(fact.name)


def peer_right(fact: Fact, given: Any) -> bool:
    """Whether the wrapper's first passage is the right one."""
    return bool(given["passages"]) and fact.room in given["passages"][0]


def main() -> None:
    """Builds, runs all and prints the figures and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=7)
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--sync", type=int, default=500)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    bench, known, news = Bench(work=given.work.absolute()), facts(), given.work.absolute() / "news"
    build(bench, given.chunks, known)
    write_news(news, given.sync)
    ours = [
        sys.executable,
        "-m",
        "qeu_rag",
        "serve",
        "--home",
        str(bench.home),
        "--port",
        "0",
        "--no-browser",
        "--folder",
        str(news),
    ]
    peer = [sys.executable, str(Path(__file__).with_name("load_peer.py")), str(bench.home), str(bench.work / "chroma")]
    runs = []
    for name, command, right, think, sync in (
        ("ours", ours, ours_right, 0, False),
        ("LangChain in FastAPI", peer, peer_right, 0, False),
        ("ours, people", ours, ours_right, given.think, False),
        ("ours, people, while a sync runs", ours, ours_right, given.think, True),
        ("LangChain in FastAPI, people", peer, peer_right, given.think, False),
    ):
        run = Run(name=name)
        with server(command) as (address, process):
            asyncio.run(load(run, address, process, known, given.clients, given.seconds, right, think=think, sync=sync))
        runs.append(run.figures())
        print(json.dumps(runs[-1], ensure_ascii=False), flush=True)
    keys = ("p50_ms", "p95_ms", "a_second", "cpu_ms_an_answer")
    ratios = {
        one["name"]: {key: round(one[key] / peers[key], 2) for key in keys if peers[key]}
        for one, peers in ((runs[0], runs[1]), (runs[2], runs[4]), (runs[3], runs[4]))
    }
    print(f"ours beside LangChain in FastAPI: {json.dumps(ratios)}")
    if given.json:
        kept = {"runs": runs, "ratios": ratios, "options": vars(given)}
        given.json.write_text(json.dumps(kept, default=str, indent=1))


if __name__ == "__main__":
    main()
