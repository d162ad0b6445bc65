"""The real vector store and the real encoder pass the contracts that others can inherit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from index.vector_servers import Servers

from qeu_rag.embed.embedder import Embedder, open_embedder
from qeu_rag.index.dense import DenseIndex
from qeu_rag.index.dense_choice import vector_server
from qeu_rag.index.dense_remote import RemoteStore
from qeu_rag.testing import DenseStoreContract, EncoderContract
from qeu_rag.testing.dense_store import unit_vectors


class TestChroma(DenseStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[DenseIndex]:  # type: ignore[override]
        index = DenseIndex(tmp_path, create=True)
        yield index
        index.close()


class OnServer(DenseStoreContract):
    KIND = ""

    @pytest.fixture
    def store(self, servers: Servers) -> Iterator[RemoteStore]:  # type: ignore[override]
        made = vector_server(self.KIND, servers(self.KIND).url, 30)  # type: ignore[arg-type]
        assert made is not None
        index = made.create("qeu_rag-test", {"qeu_rag": "test"})
        yield index
        index.close()
        made.close()

    def test_what_is_held_is_what_was_added(self, store: RemoteStore) -> None:
        vectors = unit_vectors(250)
        ids = [f"id{number}" for number in range(250)]
        store.add(ids, vectors)
        store.finish()
        assert store.held() == (250, store.weigh(ids, vectors))
        assert store.search(vectors[7], 240)[0][0] == "id7"  # more than a graph keeps candidates


class TestChromaServer(OnServer):
    KIND = "chroma-server"


class TestPgvector(OnServer):
    KIND = "pgvector"


class TestBundledEncoder(EncoderContract):
    @pytest.fixture
    def encoder(self, embedder_cache: Path) -> Embedder:
        return open_embedder(model="bundled", cache=embedder_cache, query_prefix=None, passage_prefix=None)
