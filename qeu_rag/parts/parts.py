"""What one collection works with: how its files are read, its search, its gate, and the consultant that puts them together."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from qeu_rag.answer.approved import ApprovedAnswers
from qeu_rag.answer.consultant import Consultant
from qeu_rag.errors import CollectionError
from qeu_rag.index.collection import Collection
from qeu_rag.index.ledger import Ledger
from qeu_rag.parts.networks import Networks
from qeu_rag.parts.record import Record

if TYPE_CHECKING:
    from qeu_rag.answer.gate import Gate
    from qeu_rag.answer.own_words import Writer
    from qeu_rag.config import Settings
    from qeu_rag.embed.embedder import Embedder
    from qeu_rag.index.rows import Origin
    from qeu_rag.ingest.pool import ReaderPool
    from qeu_rag.ingest.readers.options import Way
    from qeu_rag.retrieve.searcher import Searcher
    from qeu_rag.text.terms import Analyzer
    from qeu_rag.types import Chunk, Lang


class Parts:
    """The search, the gate and the consultant of one collection; nothing is read or made before it is needed."""

    def __init__(
        self, settings: Settings, collection: Collection, *, lang: Lang, networks: Networks, record: Record
    ) -> None:
        """``networks`` may be those of another collection too: ``close`` leaves them open."""
        self._networks = networks
        self._record = record
        self._settings = settings
        self._collection = collection
        self._lang = lang
        self._gate: Gate | None = None

    def close(self) -> None:
        """Lets go of the files; they are opened again when they are needed again."""
        if "searcher" in vars(self):
            self.searcher.close()

    # Documents

    def open_pool(self) -> ReaderPool:
        """The processes that read files, within the limits of the settings."""
        from qeu_rag.ingest.pool import ReaderPool

        limits = self._settings.ingest
        return ReaderPool(
            workers=limits.workers,
            timeout_s=limits.timeout_s,
            memory_mb=limits.memory_mb,
            max_size=self._settings.split.max_size,
            way=self.way,
        )

    @property
    def way(self) -> Way:
        """How files are read: what of them the settings want."""
        from qeu_rag.ingest.readers.options import Way

        return Way(comments=self._settings.ingest.comments, recognise=self._settings.ingest.ocr == "auto")

    # Questions

    @functools.cached_property
    def analyzer(self) -> Analyzer:
        """Cuts questions and passages into the terms that searches compare."""
        from qeu_rag.text.terms import Analyzer

        return Analyzer()

    @functools.cached_property
    def searcher(self) -> Searcher:
        """The search over the newest whole generation."""
        from qeu_rag.retrieve.searcher import Searcher

        def query_embedder() -> Embedder:
            with self._collection.reading() as ledger:
                return self._networks.embedder_claim.query(ledger)

        candidates = self._settings.retrieve.candidates
        return Searcher(self._collection, query_embedder, lambda: self._networks.reader, candidates=candidates)

    @functools.cached_property
    def consultant(self) -> Consultant:
        """What answers questions, as the settings say. Raises what the engine raises."""
        answer = self._settings.answer
        return Consultant(
            search=self.searcher.evidence,
            analyze=functools.lru_cache(maxsize=512)(self.analyzer.evidence_terms),
            gate=self.gate,
            origin=self._origin,
            k=self._settings.retrieve.k,
            max_chars=answer.max_chars,
            long_chars=answer.long_chars,
            writer=self._writer(),
            lang=self._lang,
            approved=ApprovedAnswers(self._collection.ledger_path, self.analyzer.word_terms),
            record=self._record,
        )

    def _writer(self) -> Writer | None:
        """What answers in a model's own words, where there is a model."""
        model = self._networks.model
        if model is None:
            return None
        from qeu_rag.answer.chain import engine_from
        from qeu_rag.answer.own_words import Writer

        room = self._settings.model
        return Writer(
            engine=engine_from(model, context_tokens=room.context_tokens, reply_tokens=room.max_tokens),
            tokens=self._settings.answer.evidence_tokens,
            judge=lambda: self._networks.judge,
            encode=lambda texts: self._networks.embedder.embed_passages(texts),
            analyze=self.analyzer.word_terms,
        )

    def _origin(self, chunk: Chunk) -> Origin | None:
        with self._collection.reading() as ledger:
            return ledger.origin(chunk)

    # The gate

    def gate(self) -> Gate:
        """The gate in use, looked up once: the one calibrated to this collection if one still fits, else the shipped.

        ``answer.gate`` of the settings names the shipped one's method; ``calibrate`` keeps its own. One notice says where a
        calibrated gate no longer fits the embedder or the program. Raises CollectionError where there is no collection.
        """
        if self._gate is None:
            with self._collection.reading() as ledger:
                self._gate = self.gate_in(ledger)
        return self._gate

    def gate_in(self, ledger: Ledger) -> Gate:
        """The gate that ``ledger`` keeps, else the shipped one, with the thresholds of the settings."""
        from qeu_rag.answer.gate import kept_gate, shipped

        try:
            kept = kept_gate(ledger)
        except ValueError:
            self._collection.tell("gate_outdated")
            kept = None
        wanted = self._settings.answer
        return (kept or shipped(wanted.gate)).with_thresholds(sure=wanted.sure, likely=wanted.likely)

    def keep_gate(self, gate: Gate | None) -> None:
        """Keeps ``gate`` with the collection, so that every question from now on uses it; None: back to the shipped one.

        It holds for the embedder that the collection has now. Raises CollectionError, and StorageError as an ingest does.
        """
        from qeu_rag.answer.gate import keep_gate

        with self._collection.writer(), Ledger(self._collection.ledger_path, write=True) as ledger:
            if ledger.generation == 0:
                raise CollectionError("no_collection", path=self._collection.folder)
            keep_gate(ledger, gate)
        self._gate = None
