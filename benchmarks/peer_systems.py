"""Other makers' retrieval as they document it, behind one small face; run by ``peers.py`` inside each one's own environment.

``python peer_systems.py NAME all|one TASKS.json FOLDER RESULT.json``: ``all`` indexes and asks every set, ``one`` opens the first
set's index and asks one question. A task holds the documents, the questions, the folder of the embedding model (a plain
sentence-transformers one), what the model wants before a question and a passage, and how many chunks to rank. Nothing here
imports qeu_rag but the class ``Ours``.
"""

# ruff: noqa: D102 - every system's methods do what ``System`` says

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "ANONYMIZED_TELEMETRY": "False",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
}

Hit = tuple[str, float | None, str]


@dataclass(frozen=True)
class Model:
    """An embedding model: its folder, and what it wants before a question and before a passage."""

    folder: str
    query: str = ""
    passage: str = ""


class System(Protocol):
    """One way of finding passages: ``build`` keeps an index in a folder, ``open`` loads it, ``search`` ranks its chunks."""

    def build(self, documents: list[dict[str, str]], folder: Path) -> int:
        """Indexes the documents and says how many chunks they became."""
        ...

    def open(self, folder: Path) -> None:
        """Loads what ``build`` kept."""
        ...

    def search(self, question: str, k: int) -> list[Hit]:
        """The documents of the best ``k`` chunks, best first, with score (higher is better; None: none given) and text."""
        ...


def whole(document: dict[str, str]) -> str:
    """A document's title and text."""
    return f"{document['title']}\n\n{document['text']}"


class PrivateGpt:
    """The original privateGPT pipeline: RecursiveCharacterTextSplitter 500/50, Chroma with its own distance, k=4."""

    def __init__(self, model: Model) -> None:
        from langchain_huggingface import HuggingFaceEmbeddings

        self.embeddings = HuggingFaceEmbeddings(
            model_name=model.folder,
            encode_kwargs={"prompt": model.passage},
            query_encode_kwargs={"prompt": model.query},
        )

    def _split(self, documents: list[dict[str, str]]) -> list[Any]:
        from langchain_core.documents import Document
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        splitter = RecursiveCharacterTextSplitter(chunk_size=500, chunk_overlap=50)
        return splitter.split_documents([Document(whole(one), metadata={"id": one["id"]}) for one in documents])

    def build(self, documents: list[dict[str, str]], folder: Path) -> int:
        chunks = self._split(documents)
        self.open(folder)
        for at in range(0, len(chunks), 1000):
            self.store.add_documents(chunks[at : at + 1000])
        return len(chunks)

    def open(self, folder: Path) -> None:
        from langchain_chroma import Chroma

        self.store = Chroma(embedding_function=self.embeddings, persist_directory=str(folder / "chroma"))

    def search(self, question: str, k: int) -> list[Hit]:
        return [
            (found.metadata["id"], -distance, found.page_content)
            for found, distance in self.store.similarity_search_with_score(question, k)
        ]


class LangChain(PrivateGpt):
    """EnsembleRetriever as LangChain's guide shows it: BM25Retriever and a vector store, weights 0.5 each, RRF; no score."""

    def build(self, documents: list[dict[str, str]], folder: Path) -> int:
        chunks = self._split(documents)
        (folder / "chunks.json").write_text(
            json.dumps([[c.page_content, c.metadata] for c in chunks]), encoding="utf-8"
        )
        return super().build(documents, folder)

    def open(self, folder: Path) -> None:
        super().open(folder)
        from langchain_community.retrievers import BM25Retriever

        rows = json.loads((folder / "chunks.json").read_text(encoding="utf-8"))
        self.bm25 = BM25Retriever.from_texts([text for text, _ in rows], metadatas=[about for _, about in rows])

    def search(self, question: str, k: int) -> list[Hit]:
        from langchain_classic.retrievers import EnsembleRetriever

        self.bm25.k = k
        sides = [self.bm25, self.store.as_retriever(search_kwargs={"k": k})]
        return [
            (found.metadata["id"], None, found.page_content)
            for found in EnsembleRetriever(retrievers=sides, weights=[0.5, 0.5]).invoke(question)
        ]


class LlamaIndex:
    """``VectorStoreIndex.from_documents`` with its defaults (sentences to 1,024 tokens, overlap 200)."""

    def __init__(self, model: Model) -> None:
        from llama_index.core import Settings
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        Settings.embed_model = HuggingFaceEmbedding(
            model_name=model.folder, query_instruction=model.query, text_instruction=model.passage
        )
        Settings.llm = None

    def build(self, documents: list[dict[str, str]], folder: Path) -> int:
        from llama_index.core import Document, VectorStoreIndex

        rows = [Document(text=whole(one), metadata={"id": one["id"]}) for one in documents]
        for row in rows:
            row.excluded_embed_metadata_keys = ["id"]
        self.index = VectorStoreIndex.from_documents(rows)
        self.index.storage_context.persist(str(folder))
        return len(self.index.docstore.docs)

    def open(self, folder: Path) -> None:
        from llama_index.core import StorageContext, load_index_from_storage

        self.index = load_index_from_storage(StorageContext.from_defaults(persist_dir=str(folder)))

    def search(self, question: str, k: int) -> list[Hit]:
        found = self.index.as_retriever(similarity_top_k=k).retrieve(question)
        return [(one.node.metadata["id"], float(one.score), one.node.get_content()) for one in found]


class Txtai:
    """txtai's Embeddings with ``hybrid=True`` (BM25 and vectors); it splits nothing itself, so it gets pieces of 500/50."""

    def __init__(self, model: Model) -> None:
        from txtai import Embeddings

        before = {"query": model.query, "data": model.passage}
        self.embeddings = Embeddings(path=model.folder, hybrid=True, content=True, instructions=before)

    def build(self, documents: list[dict[str, str]], folder: Path) -> int:
        rows = []
        for document in documents:
            text = whole(document)
            for n, at in enumerate(range(0, max(1, len(text) - 50), 450)):
                rows.append((f"{document['id']}#{n}", text[at : at + 500], None))
        self.embeddings.index(rows)
        self.embeddings.save(str(folder / "index"))
        return len(rows)

    def open(self, folder: Path) -> None:
        self.embeddings.load(str(folder / "index"))

    def search(self, question: str, k: int) -> list[Hit]:
        found = self.embeddings.search(question, k)
        return [(one["id"].rpartition("#")[0], float(one["score"]), one["text"]) for one in found]


class Haystack:
    """Haystack's hybrid retrieval as its tutorial shows it: BM25 and embedding retrievers, joined by reciprocal rank fusion."""

    def __init__(self, model: Model) -> None:
        from haystack.components.embedders import SentenceTransformersTextEmbedder

        self.model = model
        self.embedder = SentenceTransformersTextEmbedder(model=model.folder, prefix=model.query, progress_bar=False)
        self.embedder.warm_up()

    def build(self, documents: list[dict[str, str]], folder: Path) -> int:
        from haystack import Document
        from haystack.components.embedders import SentenceTransformersDocumentEmbedder
        from haystack.components.preprocessors import DocumentSplitter
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        splitter = DocumentSplitter()
        splitter.warm_up()
        rows = [Document(content=whole(one), meta={"row": one["id"]}) for one in documents]
        chunks = splitter.run(rows)["documents"]
        embedder = SentenceTransformersDocumentEmbedder(
            model=self.model.folder, prefix=self.model.passage, progress_bar=False
        )
        embedder.warm_up()
        store = InMemoryDocumentStore()
        from haystack.document_stores.types import DuplicatePolicy

        store.write_documents(embedder.run(chunks)["documents"], policy=DuplicatePolicy.OVERWRITE)
        store.save_to_disk(str(folder / "store.json"))
        return len(chunks)

    def open(self, folder: Path) -> None:
        from haystack.components.joiners import DocumentJoiner
        from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        store = InMemoryDocumentStore.load_from_disk(str(folder / "store.json"))
        self.sides = InMemoryBM25Retriever(store), InMemoryEmbeddingRetriever(store)
        self.joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion")

    def search(self, question: str, k: int) -> list[Hit]:
        vector = self.embedder.run(question)["embedding"]
        words, dense = self.sides
        found = [words.run(question, top_k=k)["documents"], dense.run(vector, top_k=k)["documents"]]
        return [(one.meta["row"], float(one.score), one.content) for one in self.joiner.run(found)["documents"]]


class Ours:
    """qeu_rag with its default profile and its own encoder; score and text are the answer's, outside the time of the search."""

    def __init__(self, model: Model) -> None:
        self.names: dict[str, str] = {}

    def load(self, folder: Path) -> None:
        """Loads the embedder, as the others do when they are made."""
        from qeu_rag import KnowHow

        with KnowHow.open(home=folder / "home") as know_how:
            _ = know_how.networks.embedder

    def build(self, documents: list[dict[str, str]], folder: Path) -> int:
        from qeu_rag import KnowHow

        files = folder / "documents"
        files.mkdir()
        for number, one in enumerate(documents):
            (files / f"{number:06d}.md").write_text(
                f"# {' '.join(one['title'].split())}\n\n{one['text']}\n", encoding="utf-8"
            )
        (folder / "names.json").write_text(json.dumps([one["id"] for one in documents]), encoding="utf-8")
        with KnowHow.open(home=folder / "home") as know_how:
            return know_how.ingest(files).chunks

    def open(self, folder: Path) -> None:
        from qeu_rag import KnowHow

        ids = json.loads((folder / "names.json").read_text(encoding="utf-8"))
        self.names = {f"{number:06d}.md": name for number, name in enumerate(ids)}
        self.know_how = KnowHow.open(home=folder / "home")

    def search(self, question: str, k: int) -> list[Hit]:
        found = self.know_how.search(question, k=k)
        return [(self.names[one.chunk.source], None, one.chunk.text) for one in found]

    def answer(self, question: str) -> tuple[float, str]:
        """The confidence of the answer, and its text ("" where the documents do not say)."""
        found = self.know_how.ask(question)
        return found.confidence, found.text if found.status != "abstained" else ""


SYSTEMS: dict[str, Any] = {
    "private-gpt": PrivateGpt,
    "llama-index": LlamaIndex,
    "langchain": LangChain,
    "txtai": Txtai,
    "haystack": Haystack,
    "ours": Ours,
}


def peak_mb() -> float:
    """The most memory that this process had, in megabytes."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def cpu() -> float:
    """Seconds of processor time of this process and of those it has waited for: other work on the machine adds little to it."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def run(name: str, task: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Indexes one set, opens the index anew and asks its questions; times in seconds of processor time."""
    folder.mkdir()
    model = Model(**task["model"])
    system = SYSTEMS[name](model)
    if name == "ours":
        system.load(folder)
    began = cpu()
    chunks = system.build(task["documents"], folder)
    seconds = cpu() - began
    system = SYSTEMS[name](model)
    system.open(folder)
    questions, k = task["questions"], task["k"]
    system.search(questions[0]["question"], k)
    rankings, times = {}, []
    for asked in questions:
        began = time.process_time()
        hits = system.search(asked["question"], k)
        times.append(time.process_time() - began)
        shown = "\n".join(text for _, _, text in hits[: task["shown"]])
        score = hits[0][1] if hits else 0.0
        if name == "ours":
            score, shown = system.answer(asked["question"])
        rankings[asked["id"]] = {"documents": [hit[0] for hit in hits], "score": score, "shown": shown}
    return {"chunks": chunks, "build_cpu": seconds, "question_cpu": times, "peak_mb": peak_mb(), "rankings": rankings}


def main() -> None:
    """The command line."""
    name, verb, given, folder, result = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(
            0, {max(os.sched_getaffinity(0))}
        )  # one core each: nobody gains by more threads than the others
    tasks = json.loads(Path(given).read_text(encoding="utf-8"))
    if verb == "one":
        first = next(iter(tasks))
        system = SYSTEMS[name](Model(**tasks[first]["model"]))
        system.open(Path(folder) / first)
        found: Any = system.search(tasks[first]["questions"][0]["question"], tasks[first]["k"])
    else:
        found = {one: run(name, task, Path(folder) / one) for one, task in tasks.items()}
    Path(result).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
