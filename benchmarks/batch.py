"""``qeu-rag batch`` on a long list over the shipped corpus: seconds, processor seconds and memory; and a plain LangChain loop.

``python benchmarks/batch.py HOME [ROWS] [PEER_ROWS]``: HOME holds the shipped corpus. The clock starts when all is
open, for both. The peer retrieves only and writes no answer; sentence-transformers embeds its questions, by the same model.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent


def asked(count: int) -> list[str]:
    """``count`` different questions: those of the corpus's gold set, in turn, each with a number of its own."""
    with (ROOT / "corpus" / "faq.csv").open(encoding="utf-8-sig", newline="") as file:
        known = [row["question"] for row in csv.DictReader(file)]
    return [f"{known[n % len(known)]} ({n // len(known) + 1})" for n in range(count)]


def ours(home: str, rows: int) -> dict[str, float]:
    """The run in this process, so that its memory can be read as rows pass by."""
    from qeu_rag import KnowHow
    from qeu_rag.faq.batch import Batch, Plan, Step, outcomes, run_of
    from qeu_rag.faq.journal import Journal
    from qeu_rag.faq.sheet import read_questions
    from qeu_rag.faq.write import Sheet, write

    process = psutil.Process()
    memory: dict[int, int] = {}
    figures: dict[str, float] = {}

    def see(step: Step) -> None:
        if step.done in (100, 1000, rows):
            memory[step.done] = process.memory_info().rss

    listed = read_questions("\n".join(asked(rows)).encode())
    with tempfile.TemporaryDirectory() as folder, KnowHow.open(home=home) as know_how:
        plan = Plan()
        know_how.prepare()
        with Journal(Path(folder) / "journal.jsonl", run_of(know_how, plan)) as journal:
            began, busy = time.perf_counter(), sum(process.cpu_times()[:2])
            Batch(know_how=know_how, questions=listed, journal=journal, plan=plan, progress=see).run()
            figures["seconds"] = time.perf_counter() - began
            figures["processor_seconds"] = sum(process.cpu_times()[:2]) - busy
            sheet = Sheet(questions=listed, rows=lambda: outcomes(journal, listed), title="benchmark", lang="en")
            for kind in ("jsonl", "html", "xlsx"):
                with Peak(process) as peak:
                    began = time.perf_counter()
                    write(Path(folder) / f"a.{kind}", kind, sheet)
                    figures[f"write_{kind}_s"] = time.perf_counter() - began
                figures[f"write_{kind}_growth_mb"] = peak.growth_mb
    figures["growth_mb"] = (memory[rows] - memory[100]) / 1e6
    return figures


class Peak:
    """The highest growth of a process's resident memory while the block runs, looked at every 20 ms."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._over = threading.Event()
        self.growth_mb = 0.0

    def __enter__(self) -> Peak:
        before = self._process.memory_info().rss

        def look() -> None:
            while not self._over.wait(0.02):
                self.growth_mb = max(self.growth_mb, (self._process.memory_info().rss - before) / 1e6)

        self._thread = threading.Thread(target=look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def peer(questions_file: str, passages_file: str) -> None:
    """A loop over a plain LangChain retriever (an ``InMemoryVectorStore``) in a process of its own; prints its seconds."""
    from langchain_core.embeddings import Embeddings
    from langchain_core.vectorstores import InMemoryVectorStore
    from made import model_folder
    from sentence_transformers import SentenceTransformer

    class PlainEmbeddings(Embeddings):
        def __init__(self) -> None:
            folder = str(model_folder())
            self.model = SentenceTransformer(folder, device="cpu", trust_remote_code=True, local_files_only=True)

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            found: list[list[float]] = self.model.encode_document(texts, normalize_embeddings=True).tolist()
            return found

        def embed_query(self, text: str) -> list[float]:
            found: list[float] = self.model.encode_query(text, normalize_embeddings=True).tolist()
            return found

    store = InMemoryVectorStore(PlainEmbeddings())
    store.add_texts(json.loads(Path(passages_file).read_text(encoding="utf-8")))
    retriever = store.as_retriever(search_kwargs={"k": 8})
    questions = json.loads(Path(questions_file).read_text(encoding="utf-8"))
    retriever.invoke(questions[0])
    began, busy = time.perf_counter(), time.process_time()
    for question in questions:
        retriever.invoke(question)
    print(json.dumps({"seconds": time.perf_counter() - began, "processor_seconds": time.process_time() - busy}))


def main(home: str, rows: int, peer_rows: int) -> None:
    """Prints the figures of both."""
    print(json.dumps({"ours": ours(home, rows), "rows": rows}), flush=True)
    if not peer_rows:
        return
    from qeu_rag import KnowHow

    with KnowHow.open(home=home) as know_how:
        passages = {
            s.chunk.id: f"{s.chunk.context}\n{s.chunk.passage}" for q in asked(130) for s in know_how.search(q, k=20)
        }
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / "questions.json", Path(folder) / "passages.json"]
        files[0].write_text(json.dumps(asked(peer_rows)), encoding="utf-8")
        files[1].write_text(json.dumps(list(passages.values())), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, __file__, "peer", *map(str, files)], capture_output=True, text=True, check=True
        )
    print(json.dumps({"peer": json.loads(done.stdout), "rows": peer_rows, "passages": len(passages)}))


if __name__ == "__main__":
    if sys.argv[1] == "peer":
        peer(sys.argv[2], sys.argv[3])
    else:
        main(sys.argv[1], *(int(one) for one in (*sys.argv[2:4], *("1000", "200")[len(sys.argv) - 2 :])))
