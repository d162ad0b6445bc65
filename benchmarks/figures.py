"""The measurements, each in fresh processes and beside its peer."""

from __future__ import annotations

import functools
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from made import questions
from peer import fill
from table import Figure

from qeu_rag import KnowHow
from qeu_rag.embed.embedder import Embedder, open_embedder
from qeu_rag.index.ledger import Ledger
from qeu_rag.ingest.read import parse
from qeu_rag.ingest.split import split
from qeu_rag.ingest.vectors import keyed_windows

_HERE = Path(__file__).parent
_REPEATS = 5


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where one run works: its corpus, its home and its notes."""

    work: Path

    @property
    def corpus(self) -> Path:
        """The folder with the Markdown files."""
        return self.work / "corpus"

    @property
    def home(self) -> Path:
        """The home that is measured."""
        return self.work / "home"

    @functools.cached_property
    def chunks(self) -> tuple[list[str], list[str]]:
        """The ids and the texts of all chunks in the ledger."""
        with Ledger(self.home / "collections/default/ledger.sqlite") as ledger:
            ids = ledger.chunk_ids(ledger.generation)
            return ids, [f"{chunk.context}\n{chunk.passage}" for chunk in ledger.raw_chunks(ids)]

    @functools.cached_property
    def windows(self) -> tuple[list[str], list[str]]:
        """The ids and the texts of all windows in the ledger, as they were embedded."""
        with Ledger(self.home / "collections/default/ledger.sqlite") as ledger:
            chunks = ledger.raw_chunks(ledger.chunk_ids(ledger.generation))
            found = [
                (f"{chunk.id}:{place}", text)
                for chunk in chunks
                for place, (_, text, _) in enumerate(keyed_windows(chunk))
            ]
        return [one for one, _ in found], [text for _, text in found]

    def questions(self, count: int) -> list[str]:
        """Different questions on what the ledger holds."""
        return questions(self.chunks[1], count)

    def ours(self, *arguments: str) -> list[str]:
        """The command line of ``qeu-rag`` on the home that is measured."""
        return [sys.executable, "-m", "qeu_rag", *arguments, "--home", str(self.home)]

    def note(self, name: str, value: object) -> str:
        """Keeps ``value`` as JSON for a process that is started, and says where."""
        path = self.work / name
        path.write_text(json.dumps(value), encoding="utf-8")
        return str(path)


def _run(command: list[str]) -> tuple[float, str]:
    """Seconds from the start of a process to its end, and what it printed. Ends the run where the process fails."""
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}: {done.stderr}")
    return seconds, done.stdout


def _script(name: str, *arguments: str) -> list[str]:
    return [sys.executable, str(_HERE / name), *arguments]


def export_once(bench: Bench) -> None:
    """Makes the ONNX export, which a machine makes once and then keeps."""
    with KnowHow.open(home=bench.home) as know_how:
        embedder(know_how)


def embedder(know_how: KnowHow) -> Embedder:
    """The embedder of a collection's settings."""
    wanted = know_how.settings.embedder
    return open_embedder(
        model=wanted.model,
        cache=know_how.settings.home / "cache",
        query_prefix=wanted.query_prefix,
        passage_prefix=wanted.passage_prefix,
        max_tokens=wanted.max_tokens,
        batch_size=wanted.batch_size,
    )


def _texts_to_come(bench: Bench) -> list[str]:
    """What the ingest will embed, found before it runs so that its peer can run on both sides of it."""
    parsed = [parse(path, path.name) for path in sorted(bench.corpus.glob("*.md"))]
    chunks = [chunk for found in parsed for document in found.documents for chunk in split(document)]
    return sorted({text for chunk in chunks for _, text, _ in keyed_windows(chunk)})


def ingest(bench: Bench) -> Figure:
    """Ingest end to end beside bare ``encode`` of the same texts: a half of them before it, the other half after it."""
    texts = _texts_to_come(bench)
    halves = [bench.note(f"half{n}.json", texts[n::2]) for n in (0, 1)]
    vectors = [str(bench.work / f"half{n}.npy") for n in (0, 1)]
    bare = [json.loads(_run(_script("peer.py", "encode", halves[0], vectors[0]))[1])["seconds"]]
    wall, _ = _run(bench.ours("ingest", str(bench.corpus)))
    bare.append(json.loads(_run(_script("peer.py", "encode", halves[1], vectors[1]))[1])["seconds"])
    if set(texts) != set(bench.windows[1]):
        raise SystemExit("the ledger does not hold the texts that the peer encoded")
    found = np.empty((len(texts), np.load(vectors[0]).shape[1]), dtype=np.float32)
    found[0::2], found[1::2] = np.load(vectors[0]), np.load(vectors[1])
    place = {text: n for n, text in enumerate(texts)}
    np.save(bench.work / "peer.npy", found[[place[text] for text in bench.windows[1]]])
    ratio = sum(bare) / wall
    return Figure(
        name=f"Ingest of {len(texts):,} windows in {len(list(bench.corpus.glob('*.md'))):,} files, process start to end",
        ours=f"{wall:.1f} s ({len(texts) / wall:.0f} windows/s)",
        peer=f"`SentenceTransformer.encode` alone: {sum(bare):.1f} s ({len(texts) / sum(bare):.0f} texts/s)",
        ratio=f"{ratio:.2f} x its rate",
        target=">= 1.2 x",
        met=ratio >= 1.2,
    )


def unchanged(bench: Bench) -> Figure:
    """The same ingest again."""
    times = [_run(bench.ours("ingest", str(bench.corpus)))[0] for _ in range(_REPEATS)]
    wall = statistics.median(times)
    return Figure(
        name="Ingest with nothing changed, process start to end (median of 5)",
        ours=f"{wall:.2f} s",
        peer="-",
        ratio="-",
        target="< 1.5 s",
        met=wall < 1.5,
    )


def cold(bench: Bench) -> Figure:
    """One question from process start to last byte, beside plain LangChain, taking turns."""
    store = str(bench.work / "peer-chroma")
    if not Path(store).exists():
        fill(store, *bench.windows, vectors=np.load(bench.work / "peer.npy"))
    question = bench.questions(1)[0]
    ours, peers = [], []
    for turn in range(_REPEATS + 1):
        mine = _run(bench.ours("ask", question))[0]
        theirs = _run(_script("peer.py", "ask", store, question))[0]
        if turn:  # the first turn brings the files into the page cache
            ours.append(mine)
            peers.append(theirs)
    wall, peer = statistics.median(ours), statistics.median(peers)
    return Figure(
        name="Cold `qeu-rag ask`, process start to last byte (median of 5)",
        ours=f"{wall:.2f} s",
        peer=f"LangChain retriever over SentenceTransformer and Chroma: {peer:.2f} s",
        ratio=f"{wall / peer:.2f} of its time",
        target="<= 2.2 s and <= 0.25",
        met=wall <= 2.2 and wall / peer <= 0.25,
    )


def warm(bench: Bench, *, target_ms: float, memory_mb: float | None = None) -> Figure:
    """100 different questions to one process."""
    asked = bench.note("questions.json", bench.questions(105))
    found = json.loads(_run(_script("warm.py", str(bench.home), asked))[1])
    half, high = np.percentile(found["times"], [50, 95])
    memory = found["memory_mb"]
    limit = f", < {memory_mb:.0f} MB" if memory_mb else ""
    return Figure(
        name=f"Warm `kh.ask` at {len(bench.chunks[0]):,} chunks, 100 questions ({found['answered']} answered)",
        ours=f"p50 {half:.1f} ms, p95 {high:.1f} ms, {memory:.0f} MB resident",
        peer="-",
        ratio="-",
        target=f"p50 < {target_ms:.0f} ms{limit}",
        met=bool(half < target_ms) and (memory_mb is None or memory < memory_mb),
    )


def ranking(bench: Bench) -> Figure:
    """How the export ranks beside sentence-transformers: the ten nearest of all windows, for 200 questions."""
    ids, _ = bench.chunks
    asked = bench.questions(200)
    with KnowHow.open(home=bench.home) as know_how, Ledger(know_how.collection.ledger_path) as ledger:
        parts = [ledger.windows(ids[at : at + 500]) for at in range(0, len(ids), 500)]
        ours = np.concatenate([vectors for _, vectors in parts])
        place = {one: at for at, one in enumerate(bench.windows[0])}
        theirs_at = [place[one.id] for kept, _ in parts for one in kept]
        encoder = embedder(know_how)
        mine = np.stack([encoder.embed_query(question) for question in asked])
    _run(_script("peer.py", "encode", bench.note("asked.json", asked), str(bench.work / "asked.npy"), "query"))
    theirs = np.load(bench.work / "asked.npy")
    left = np.argsort(-(mine @ ours.T), axis=1, kind="stable")[:, :10]
    right = np.argsort(-(theirs @ np.load(bench.work / "peer.npy")[theirs_at].T), axis=1, kind="stable")[:, :10]
    shared = sum(len(set(a) & set(b)) for a, b in zip(left, right, strict=True)) / left.size
    same = int((left == right).all(axis=1).sum())
    return Figure(
        name="The ten nearest windows to 200 questions by the ONNX graph",
        ours=f"{shared:.1%} shared, {same} of 200 in the same order",
        peer="sentence-transformers",
        ratio=f"{shared:.3f}",
        target=">= 0.99",
        met=shared >= 0.99,
    )
