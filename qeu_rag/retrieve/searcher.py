"""Searches one open collection: lexical and dense candidates, fused, read from the ledger in one snapshot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from qeu_rag.errors import CollectionError, UsageError
from qeu_rag.index.asked import leads_to_answer
from qeu_rag.index.collection import Collection
from qeu_rag.index.definition import Meaning, meaning_of
from qeu_rag.index.embed import Embedder
from qeu_rag.index.generation import Generation
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.match import Synonym, reading
from qeu_rag.index.notation import lang_of
from qeu_rag.index.procedure import asks_way, gives_steps, subject_of_way
from qeu_rag.index.standing import Standing
from qeu_rag.index.word_forms import all_stand
from qeu_rag.retrieve.fuse import DENSE_WEIGHTS, Fused, fuse, reciprocal_ranks
from qeu_rag.retrieve.rank import rank, weights_for
from qeu_rag.types import Chunk, Lang, ScoredChunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

T = TypeVar("T")

_RANKED, _NEAREST = 50, 15
"""Candidates that are ranked by all their features: the best by both sides together, and so many of the nearest vectors, among
which those in another language than the question's stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search gave: the chunks, best first, how much each term of the question weighs (its idf), and what the house
    glossary says instead of some of them."""

    chunks: tuple[ScoredChunk, ...]
    weights: dict[str, float]
    synonyms: tuple[Synonym, ...] = ()

    def reading(self, analyze: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
        """``analyze`` (a text's evidence terms), by which a text that holds a synonym holds the question's own terms, too."""
        return reading(analyze, self.synonyms)

    def only(self, chunks: Sequence[ScoredChunk]) -> Found:
        """The same with but some of the chunks."""
        return replace(self, chunks=tuple(chunks))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The rankings of one question by each side alone, by plain reciprocal rank fusion, and by the search as it is.

    ``lexical`` and ``dense`` are scored on scales of their own. ``ours`` is the search's ranking before a reranker,
    ``reranked`` the one after it; None where there is no reranker.
    """

    lexical: tuple[ScoredChunk, ...]
    dense: tuple[ScoredChunk, ...]
    rrf: tuple[ScoredChunk, ...]
    ours: tuple[ScoredChunk, ...] = ()
    reranked: tuple[ScoredChunk, ...] | None = None


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

    def __init__(self, collection: Collection, open_embedder: Callable[[], Embedder], *, candidates: int = 100) -> None:
        """``open_embedder`` is called once, with the first search."""
        self._collection = collection
        self._open_embedder = open_embedder
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
        """The ``k`` best chunks for ``question``.

        Raises UsageError for a ``k`` below 1, CollectionError where there is no sound collection.
        """
        if k < 1:
            raise UsageError("k_low", k=k)
        return self._steady(lambda now, embedder: self._search(question, k, now.ledger, now.generation, embedder))

    def following(self, chunk: Chunk) -> Chunk | None:
        """What comes after ``chunk`` in its document; None at the end. Errors as in ``search``."""
        with self._newest() as (current, _), current.ledger.snapshot():
            return current.ledger.chunk_after(chunk.id)

    def sides(self, question: str, k: int) -> Sides:
        """What each side alone ranks for ``question``, for measuring them against each other; errors as in ``search``."""
        if k < 1:
            raise UsageError("k_low", k=k)
        found = self._steady(lambda now, embedder: self._sides(question, k, now.ledger, now.generation, embedder))
        return replace(found, ours=self.search(question, k).chunks)

    def standing(self, question: str, worth: Callable[[str], float]) -> Standing:
        """Which words of ``question`` stand nowhere in the collection, or nowhere together; ``worth`` of a term: what it tells.

        Raises CollectionError where there is no sound collection.
        """

        def look(now: _Open, _: Embedder) -> Standing:
            lexical = now.generation.lexical
            return lexical.standing(question, worth, lexical.concepts(question, now.generation.glossary))

        return self._steady(look)

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
        dense = generation.dense.search(embedder.embed_query(question), k)
        rrf = reciprocal_ranks([[key for key, _ in side] for side in (lexical, dense)])[:k]
        with ledger.snapshot():
            if ledger.generation != generation.number:
                return None
            chunks = ledger.chunks(list(dict.fromkeys(key for side in (lexical, dense) for key, _ in side)))

        def ranked(side: Sequence[tuple[str, float]]) -> tuple[ScoredChunk, ...]:
            return tuple(ScoredChunk(chunk=chunks[key], score=s, rank=n) for n, (key, s) in enumerate(side, start=1))

        return Sides(lexical=ranked(lexical), dense=ranked(dense), rrf=ranked(rrf))

    def _search(
        self, question: str, k: int, ledger: Ledger, generation: Generation, embedder: Embedder
    ) -> Found | None:
        """None where an ingest published a newer generation in between: the caller starts over."""
        lang = lang_of(question)
        vector = embedder.embed_query(question) if lang in embedder.languages else None
        concepts = generation.lexical.concepts(question, generation.glossary)
        lexical = {hit.id: hit.score for hit in generation.lexical.search(question, self._candidates, concepts)}
        dense = {} if vector is None else dict(generation.dense.search(vector, self._candidates))
        with ledger.snapshot():
            if ledger.generation != generation.number:
                return None
            if vector is not None:
                dense |= _cosines([key for key in lexical if key not in dense], ledger, vector)
            fused = _chosen(fuse(lexical, dense, dense_weight=0.0 if vector is None else DENSE_WEIGHTS[lang]))
            matches = generation.lexical.matches(question, [hit.id for hit in fused], concepts)
            chunks = ledger.chunks([hit.id for hit in fused])
        foreign = {key for key, chunk in chunks.items() if chunk.lang != lang}
        meaning = meaning_of(question)
        defining = {key for key, chunk in chunks.items() if _answers(chunk, meaning, matches[key].title)}
        asked = generation.lexical.evidence(question, concepts)
        stepping = set[str]()
        if asks_way(question):
            read = reading(generation.lexical.terms, asked.synonyms)
            subject = read(subject_of_way(question))
            stepping = {
                key for key, chunk in chunks.items() if gives_steps(chunk.body) and _about(chunk, subject, lang, read)
            }
        weights = weights_for(lang, dense=vector is not None)
        ranked = rank(fused, matches, weights, foreign=foreign, defining=defining, stepping=stepping)[:k]
        found = (
            ScoredChunk(chunk=chunks[hit.id], score=hit.score, rank=place, parts=hit.parts)
            for place, hit in enumerate(ranked, start=1)
        )
        return Found(chunks=tuple(found), weights=dict(asked.weights), synonyms=tuple(asked.synonyms))


def _answers(chunk: Chunk, meaning: Meaning | None, held: float) -> bool:
    """Whether ``chunk`` says the ``meaning`` that is asked for, or stands below the very question; ``held``: ``Match.title``."""
    if meaning is not None and meaning.said_in(chunk.body):
        return True
    # Where a section goes on, its heading explains no more.
    begins = bool(chunk.headings) and chunk.text.lstrip().startswith("#")
    return begins and leads_to_answer(chunk.headings[-1], meaning, held)


def _about(chunk: Chunk, subject: Sequence[str], lang: Lang, read: Callable[[str], list[str]]) -> bool:
    """Whether ``chunk`` says every word of ``subject`` in one of its forms; one in another language than ``lang`` cannot."""
    return chunk.lang != lang or all_stand(subject, set(read(f"{chunk.context}\n{chunk.passage}")))


def _chosen(fused: Sequence[Fused]) -> list[Fused]:
    """The candidates worth a closer look."""
    near = sorted(fused[_RANKED:], key=lambda hit: -hit.parts.get("cosine", 0.0))
    return [*fused[:_RANKED], *(hit for hit in near[:_NEAREST] if "cosine" in hit.parts)]


def _cosines(ids: Sequence[str], ledger: Ledger, vector: Vector) -> dict[str, float]:
    """The cosines of those of ``ids`` that have a vector: the dense side names its own nearest alone."""
    known = ledger.embedded(ids)
    if not known:
        return {}
    return {key: round(float(cosine), 6) for key, cosine in zip(known, ledger.vectors(known) @ vector, strict=True)}
