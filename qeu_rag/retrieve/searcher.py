"""Searches one open collection: lexical and dense candidates, read from the ledger in one snapshot, their windows in order."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from qeu_rag.embed.cross_encoder import CrossEncoder
from qeu_rag.embed.embedder import Embedder
from qeu_rag.errors import CollectionError, UsageError
from qeu_rag.index.collection import Collection
from qeu_rag.index.generation import Generation
from qeu_rag.index.ledger import Ledger
from qeu_rag.retrieve.order import order, reciprocal_ranks
from qeu_rag.retrieve.query import Query, make_query
from qeu_rag.text.match import Synonym, reading
from qeu_rag.text.windows import unit_texts, window_text
from qeu_rag.types import ScoredChunk, ScoredWindow

T = TypeVar("T")

_COMPARED = 4
"""Units of the best window that are compared with the question by their vectors: each takes some milliseconds."""

_WINDOWS_A_CHUNK = 3
"""Windows asked for where chunks are counted: a chunk has two or three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search gave: windows, best first, how much each term of the question weighs (its idf), and what the house glossary
    says instead of some of them."""

    query: Query
    windows: tuple[ScoredWindow, ...]
    weights: dict[str, float]
    synonyms: tuple[Synonym, ...] = ()
    read_s: float = 0.0
    """Seconds of reading the best window, where it was read."""

    @property
    def chunks(self) -> tuple[ScoredChunk, ...]:
        """The chunks of the windows, each once, in the order of their best."""
        best: dict[str, ScoredWindow] = {}
        for one in self.windows:
            best.setdefault(one.chunk.id, one)
        return tuple(
            ScoredChunk(chunk=one.chunk, score=one.score, rank=rank, parts=one.parts)
            for rank, one in enumerate(best.values(), start=1)
        )

    def reading(self, analyze: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
        """``analyze`` (a text's evidence terms), by which a text that holds a synonym holds the question's own terms, too."""
        return reading(analyze, self.synonyms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The rankings of one question by each side alone, by plain reciprocal rank fusion, and by the search as it is.

    ``lexical`` and ``dense`` are scored on scales of their own.
    """

    lexical: tuple[ScoredChunk, ...]
    dense: tuple[ScoredChunk, ...]
    rrf: tuple[ScoredChunk, ...]
    ours: tuple[ScoredChunk, ...] = ()


@dataclass(slots=True)
class _Open:
    """A generation that is open, and how many searches are in it."""

    ledger: Ledger
    generation: Generation
    users: int = 0
    retired: bool = False

    @property
    def outdated(self) -> bool:
        """Whether an ingest has published a newer generation."""
        return self.ledger.generation != self.generation.number

    def close(self) -> None:
        self.generation.close()
        self.ledger.close()


class Searcher:
    """Answers searches from the last whole generation, and moves on to a newer one when an ingest published it.

    Safe between threads: a generation is closed when the last search that is in it has ended.
    """

    def __init__(
        self,
        collection: Collection,
        open_embedder: Callable[[], Embedder],
        open_reader: Callable[[], CrossEncoder],
        *,
        candidates: int = 100,
    ) -> None:
        """``open_embedder`` and ``open_reader`` are called once, with the first search."""
        self._collection = collection
        self._open_embedder = open_embedder
        self._open_reader = open_reader
        self._reader: CrossEncoder | None = None
        self._embedder: Embedder | None = None
        self._candidates = candidates
        self._lock = threading.RLock()
        self._open: _Open | None = None

    def close(self) -> None:
        """Lets go of the files, as soon as no search needs them; the next search opens them again."""
        with self._lock:
            before, self._open = self._open, None
            if before is not None:
                before.retired = True
                if not before.users:
                    before.close()

    @contextmanager
    def _newest(self) -> Iterator[tuple[_Open, Embedder]]:
        """The newest whole generation, kept open while the block runs. Raises what opening raises."""
        with self._lock:
            if self._open is not None and self._open.outdated:
                self.close()
            if self._embedder is None:
                self._embedder = self._open_embedder()
            if self._open is None:
                self._open = _Open(*self._collection.open())
            current, embedder = self._open, self._embedder
            current.users += 1
        try:
            yield current, embedder
        finally:
            with self._lock:
                current.users -= 1
                if current.retired and not current.users:
                    current.close()

    def search(self, question: str, k: int) -> Found:
        """The windows of the ``k`` best chunks for ``question``, best first.

        Raises UsageError for a ``k`` below 1, CollectionError where there is no sound collection.
        """
        if k < 1:
            raise UsageError("k_low", k=k)
        return self._steady(lambda now, embedder: self._search(question, k, now, embedder)[0])

    def evidence(self, question: str, k: int, *, without: frozenset[str] = frozenset()) -> Found:
        """As ``search``, with the best window looked into and read: what the gate judges and an answer rests on.

        ``without`` names files whose passages are passed over, as if they were not there.
        """
        if k < 1:
            raise UsageError("k_low", k=k)

        def look(now: _Open, embedder: Embedder) -> Found | None:
            found, places = self._search(question, k, now, embedder, without)
            if found is None or not found.windows:
                return found
            began = time.perf_counter()
            best = self._read(question, _looked_into(found.windows[0], places[:_COMPARED], found.query, embedder))
            return replace(found, windows=(best, *found.windows[1:]), read_s=time.perf_counter() - began)

        return self._steady(look)

    def sides(self, question: str, k: int) -> Sides:
        """What each side alone ranks for ``question``, for measuring them against each other; errors as in ``search``."""
        if k < 1:
            raise UsageError("k_low", k=k)
        found = self._steady(lambda now, embedder: self._sides(question, k, now.ledger, now.generation, embedder))
        return replace(found, ours=self.search(question, k).chunks)

    def _steady(self, look: Callable[[_Open, Embedder], T | None]) -> T:
        """What ``look`` finds in the newest generation; it gives None where an ingest published another meanwhile."""
        for _ in range(3):
            with self._newest() as (current, embedder):
                try:
                    found = look(current, embedder)
                except CollectionError as error:
                    # The folder of a generation that is no longer the newest may be gone before its files were all opened.
                    if error.key != "index_damaged" or not current.outdated:
                        raise
                    found = None
            if found is not None:
                return found
        # An empty result here would read as "the documents do not say".
        raise CollectionError("index_moving", path=self._collection.folder)

    def _sides(self, question: str, k: int, ledger: Ledger, generation: Generation, embedder: Embedder) -> Sides | None:
        lexical = [(hit.id, hit.score) for hit in generation.lexical.search(question, k)]
        nearest = generation.dense.search(embedder.embed_query(question), _WINDOWS_A_CHUNK * k)
        best: dict[str, float] = {}
        for key, score in nearest:
            best.setdefault(_chunk_of(key), score)
        dense = list(best.items())[:k]
        rrf = reciprocal_ranks([[key for key, _ in side] for side in (lexical, dense)])[:k]
        with ledger.snapshot():
            if ledger.generation != generation.number:
                return None
            chunks = ledger.chunks(list(dict.fromkeys(key for side in (lexical, dense) for key, _ in side)))

        def ranked(side: Sequence[tuple[str, float]]) -> tuple[ScoredChunk, ...]:
            return tuple(ScoredChunk(chunk=chunks[key], score=s, rank=n) for n, (key, s) in enumerate(side, start=1))

        return Sides(lexical=ranked(lexical), dense=ranked(dense), rrf=ranked(rrf))

    def _search(
        self, question: str, k: int, now: _Open, embedder: Embedder, without: frozenset[str] = frozenset()
    ) -> tuple[Found | None, Sequence[int]]:
        """What was found, and the places of the best window's units, those first that hold most of the question.

        None where an ingest published a newer generation in between: the caller starts over.
        """
        ledger, generation, words = now.ledger, now.generation, now.generation.lexical
        query = make_query(question, embedder.embed_query, lambda text: words.concepts(text, generation.glossary))
        lexical = {hit.id: hit.score / 2 for hit in words.search(question, self._candidates // 2, query.concepts)}
        nearest = [_chunk_of(key) for key, _ in generation.dense.search(query.vector, self._candidates)]
        candidates = list(dict.fromkeys([*lexical, *nearest]))
        held = words.held(question, candidates, query.concepts)
        with ledger.snapshot():
            if ledger.generation != generation.number:
                return None, ()
            ordered = order(*ledger.windows(candidates), query.vector, lexical, held, query.lang)
            best = list(dict.fromkeys(hit.kept.chunk_id for hit in ordered))[:k]
            chunks = {
                key: chunk
                for key, chunk in ledger.chunks(best).items()
                if not without & {chunk.source, *chunk.other_sources}
            }
        hits = [hit for hit in ordered if hit.kept.chunk_id in chunks]
        found = [
            ScoredWindow(
                chunk=chunks[hit.kept.chunk_id],
                window=hit.kept.window,
                score=hit.score,
                rank=place,
                unit=hit.units(held)[0],
                parts=hit.parts,
            )
            for place, hit in enumerate(hits, start=1)
        ]
        asked = words.evidence(question, query.concepts)
        whole = Found(query=query, windows=tuple(found), weights=dict(asked.weights), synonyms=tuple(asked.synonyms))
        return whole, hits[0].units(held) if hits else ()

    def _read(self, question: str, best: ScoredWindow) -> ScoredWindow:
        """The best window with the probability that it answers, by the reader alone (``reads``).

        Reading is the dearest step of a question, and nothing asks what the reader says of any other window.
        """
        with self._lock:
            if self._reader is None:
                self._reader = self._open_reader()
            reader = self._reader
        (logit,) = reader.read(question, [window_text(best.chunk, best.window)])
        return replace(best, parts={**best.parts, "reads": round(1 / (1 + math.exp(-logit)), 6)})


def _looked_into(best: ScoredWindow, places: Sequence[int], query: Query, embedder: Embedder) -> ScoredWindow:
    """The best window with that of its units at ``places`` that is most like the question, and how like it is (``unit``)."""
    cosines = (embedder.embed_passages(unit_texts(best.chunk, places)) @ query.vector).tolist()
    cosine, place = max(zip(cosines, places, strict=True), key=lambda pair: (pair[0], -pair[1]))
    return replace(best, unit=place, parts={**best.parts, "unit": round(cosine, 6)})


def _chunk_of(window_id: str) -> str:
    """The chunk's id in a window's."""
    return window_id.rpartition(":")[0]
