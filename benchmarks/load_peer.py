"""What load.py is compared with: a bare FastAPI wrapper around plain LangChain retrieval over Chroma."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import chromadb
import uvicorn
from fastapi import FastAPI
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from qeu_rag import KnowHow
from qeu_rag.index.ledger import Ledger

_AT_ONCE = 500
_K = 4


class Retriever(BaseRetriever):
    """The nearest passages, as LangChain's own guide to retrievers has it."""

    know_how: Any
    rows: Any

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        found = self.rows.query(query_embeddings=[self.know_how.networks.embedder.embed_query(query)], n_results=_K)
        return [Document(text) for text in (found["documents"] or [[]])[0]]


def filled(home: Path, folder: Path) -> Any:
    """A Chroma collection with the windows of the home, and their vectors."""
    store = chromadb.PersistentClient(path=str(folder))
    rows = store.get_or_create_collection("peer", embedding_function=None, metadata={"hnsw:space": "cosine"})
    if not rows.count():
        with Ledger(home / "collections/default/ledger.sqlite") as ledger:
            ids = ledger.chunk_ids(ledger.generation)
            for at in range(0, len(ids), _AT_ONCE):
                kept, vectors = ledger.windows(ids[at : at + _AT_ONCE])
                found = ledger.chunks(ids[at : at + _AT_ONCE])
                texts = [one.window.span.of(found[one.chunk_id].text) for one in kept]
                rows.add(ids=[one.id for one in kept], embeddings=vectors, documents=texts)
    return rows


def main(home: Path, folder: Path) -> None:
    """Serves on a free port, which it prints."""
    retriever, app = Retriever(know_how=KnowHow.open(home=home), rows=filled(home, folder)), FastAPI()

    @app.post("/api/ask")
    def ask(body: dict[str, str]) -> dict[str, list[str]]:
        return {"passages": [one.page_content for one in retriever.invoke(body["question"])]}

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(2048)
        print(f"http://127.0.0.1:{listener.getsockname()[1]} ", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
