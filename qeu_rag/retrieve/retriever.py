"""The search as a LangChain retriever, for programs of LangChain's users."""

from __future__ import annotations

from collections.abc import Callable

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever

from qeu_rag.types import ScoredChunk


class KnowHowRetriever(BaseRetriever):
    """Gives the chunks of a collection as LangChain documents, best first, with everything needed to cite them."""

    search: Callable[[str, int], tuple[ScoredChunk, ...]]
    k: int = 8

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        return [as_langchain(scored) for scored in self.search(query, self.k)]


def as_langchain(scored: ScoredChunk) -> LangChainDocument:
    """A chunk as LangChain's document; ``id`` is the chunk's id, the metadata holds its place and score."""
    chunk = scored.chunk
    return LangChainDocument(
        id=chunk.id,
        page_content=chunk.passage,
        metadata={
            "source": chunk.source,
            "title": chunk.title,
            "headings": list(chunk.headings),
            "page": chunk.page,
            "lang": chunk.lang,
            "document_id": chunk.document_id,
            "start": chunk.span.start,
            "end": chunk.span.end,
            "score": scored.score,
            "rank": scored.rank,
        },
    )
