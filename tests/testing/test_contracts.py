"""The real vector store and the real encoder pass the contracts that others can inherit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qeu_rag.embed.embedder import Embedder, open_embedder
from qeu_rag.index.dense import DenseIndex
from qeu_rag.testing import DenseStoreContract, EncoderContract


class TestChroma(DenseStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[DenseIndex]:  # type: ignore[override]
        index = DenseIndex(tmp_path, create=True)
        yield index
        index.close()


class TestBundledEncoder(EncoderContract):
    @pytest.fixture
    def encoder(self, embedder_cache: Path) -> Embedder:
        return open_embedder(model="bundled", cache=embedder_cache, query_prefix=None, passage_prefix=None)
