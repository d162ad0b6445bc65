"""What the figures are compared with, each in its own process: bare sentence-transformers, and plain LangChain on Chroma.

``HuggingFaceEmbeddings`` and ``langchain-chroma`` are not installed; their essence is written out here in a few lines.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from made import model_folder

BATCH = 32


def encode(texts_file: str, vectors_file: str, kind: str = "document") -> None:
    """Encodes the texts in a JSON file (``kind`` document or query), keeps the vectors, prints the seconds of that alone."""
    import numpy as np
    from sentence_transformers import SentenceTransformer

    texts = json.loads(Path(texts_file).read_text(encoding="utf-8"))
    model = SentenceTransformer(str(model_folder()), device="cpu", trust_remote_code=True, local_files_only=True)
    encoded = model.encode_query if kind == "query" else model.encode_document
    encoded(texts[:BATCH], show_progress_bar=False)
    began = time.perf_counter()
    vectors = encoded(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
    print(json.dumps({"seconds": time.perf_counter() - began}))
    np.save(vectors_file, vectors)


def fill(folder: str, ids: list[str], texts: list[str], vectors: Any) -> None:
    """Makes the Chroma collection that ``ask`` searches."""
    import chromadb

    client = chromadb.PersistentClient(folder, settings=chromadb.Settings(anonymized_telemetry=False))
    collection = client.create_collection("peer", embedding_function=None, configuration={"hnsw": {"space": "cosine"}})
    for at in range(0, len(ids), 1000):
        part = slice(at, at + 1000)
        collection.add(ids=ids[part], embeddings=vectors[part], documents=texts[part])
    client.close()


def ask(folder: str, question: str) -> None:
    """Prints the passages that a plain LangChain retriever finds."""
    import chromadb
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings
    from langchain_core.retrievers import BaseRetriever
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

    class PlainRetriever(BaseRetriever):
        embeddings: Any
        collection: Any

        def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
            found = self.collection.query(query_embeddings=[self.embeddings.embed_query(query)], n_results=8)
            return [Document(page_content=text) for text in found["documents"][0]]

    client = chromadb.PersistentClient(folder, settings=chromadb.Settings(anonymized_telemetry=False))
    collection = client.get_collection("peer", embedding_function=None)
    for document in PlainRetriever(embeddings=PlainEmbeddings(), collection=collection).invoke(question):
        print(document.page_content)


if __name__ == "__main__":
    {"encode": encode, "ask": ask}[sys.argv[1]](*sys.argv[2:])
