"""qeu_rag: an in-house consultant that answers from the company's own documents, offline, with checked citations.

To read the house in order: ``types`` and ``errors`` (what travels), ``app`` and ``parts`` (who builds what), then a document's
way (``ingest.scan``, ``changes``, ``read``, ``split``, ``vectors``, ``sync``, ``index.ledger``, ``generation``) and a question's
way (``retrieve.searcher``, ``answer.consultant``, ``gate``, ``extract``, ``cite``); ``cli`` is a thin skin over ``app``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qeu_rag.errors import QeuRagError
from qeu_rag.types import Answer, Chunk, Citation, Document, NearPassage, ScoredChunk

if TYPE_CHECKING:
    from qeu_rag.answer.chain import build_chain
    from qeu_rag.app import KnowHow

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "Chunk",
    "Citation",
    "Document",
    "KnowHow",
    "NearPassage",
    "QeuRagError",
    "ScoredChunk",
    "build_chain",
]


def __getattr__(name: str) -> object:
    # The two faces that pull in other libraries come when they are asked for, so that `qeu-rag --help` is quick.
    if name == "KnowHow":
        from qeu_rag.app import KnowHow

        return KnowHow
    if name == "build_chain":
        from qeu_rag.answer.chain import build_chain

        return build_chain
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
