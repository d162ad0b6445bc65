"""Which server keeps the vectors, as the settings say; none where they lie in the home."""

from __future__ import annotations

from typing import Literal

from qeu_rag.errors import ConfigError
from qeu_rag.index.dense_remote import VectorServer


def vector_server(
    store: Literal["chroma", "chroma-server", "pgvector"], url: str | None, timeout_s: float
) -> VectorServer | None:
    """The server of the settings ``index.dense``; nothing is imported for ``chroma``, and nothing is contacted.

    Raises ConfigError: "dense_url_missing", "dense_url_bad".
    """
    if store == "chroma":
        return None
    if url is None:
        raise ConfigError("dense_url_missing", store=store)
    if store == "pgvector":
        from qeu_rag.index.dense_pgvector import PgvectorServer

        return PgvectorServer(url, timeout_s)
    from qeu_rag.index.dense_server import ChromaServer

    return ChromaServer(url, timeout_s)
