"""The real stores, networks, readers and pool pass the contracts that others can inherit; engines do beside their own tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from index.vector_servers import Servers

from qeu_rag.embed.cross_encoder import JUDGE, READER, CrossEncoder, open_cross_encoder
from qeu_rag.embed.embedder import Embedder, open_embedder
from qeu_rag.index.dense import DenseIndex
from qeu_rag.index.dense_choice import vector_server
from qeu_rag.index.dense_remote import RemoteStore
from qeu_rag.ingest.pool import ReaderPool
from qeu_rag.ingest.readers import reader_for
from qeu_rag.testing import (
    CrossEncoderContract,
    DenseStoreContract,
    DocumentReaderContract,
    EncoderContract,
    PoolContract,
    Sample,
)
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


@pytest.fixture(scope="module", params=[READER, JUDGE], ids=["reader", "judge"])
def bundled(request: pytest.FixtureRequest, embedder_cache: Path) -> CrossEncoder:
    return open_cross_encoder(request.param, embedder_cache)


class TestBundledNetworks(CrossEncoderContract):
    @pytest.fixture
    def network(self, bundled: CrossEncoder) -> CrossEncoder:
        return bundled


PHRASES = {
    "en/fmea-aiag-vda.md": "FMEA after the AIAG & VDA Handbook",
    "en/confidentiality-client-data.docx": "What this guide adds",
    "en/pricing-rules.xlsx": "Day rates in JPY, excluding consumption tax.",
    "ja/confidentiality.pdf": "退職した者にも、退職の日から5年間は秘密を守る",
    "en/glossary-of-services.html": "Clients often ask what is inside a service",
    "en/client-question-l18.eml": "which levels do we confirm?",
    "en/five-why-workshop.pptx": "Half-day workshop for shop-floor leaders",
    "ja/audit-checklist.csv": "現場の作業標準書は最新版か",
    "ja/old-memo.txt": "直交表の割付けの注意",
}


class TestDocumentReaders(DocumentReaderContract):
    @pytest.fixture(params=PHRASES)
    def sample(self, request: pytest.FixtureRequest) -> Sample:
        file = ROOT / "corpus" / request.param
        return Sample(reader_for(file.suffix), file, PHRASES[request.param])


@pytest.fixture(scope="module")
def two_workers() -> Iterator[ReaderPool]:
    with ReaderPool(workers=2, timeout_s=60, memory_mb=1000) as opened:
        yield opened


class TestReaderPool(PoolContract):
    @pytest.fixture
    def pool(self, two_workers: ReaderPool) -> ReaderPool:
        return two_workers
