"""Builds the embedder, the search, the engine and the consultant from the settings, each once, when it is first needed."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from qeu_rag.answer.approved import ApprovedAnswers
from qeu_rag.answer.consultant import Consultant
from qeu_rag.answer.engine import GenerationStopped
from qeu_rag.errors import CollectionError, ReadError, StorageError
from qeu_rag.index.belonging import EmbedderClaim, embedder_spec
from qeu_rag.index.collection import Collection
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.question_log import QuestionLog

if TYPE_CHECKING:
    import numpy as np
    from langchain_core.language_models import BaseLanguageModel
    from numpy.typing import NDArray

    from qeu_rag.answer.gate import Gate
    from qeu_rag.config import Settings
    from qeu_rag.embed.cross_encoder import CrossEncoder
    from qeu_rag.embed.embedder import Embedder
    from qeu_rag.embed.vocabulary import Vocabularies
    from qeu_rag.index.rows import Origin
    from qeu_rag.ingest.pool import ReaderPool
    from qeu_rag.ingest.readers.way import Way
    from qeu_rag.ingest.scan import FoundFile
    from qeu_rag.ingest.split import SplitFile
    from qeu_rag.models.chat_model import EngineModel
    from qeu_rag.retrieve.searcher import Searcher
    from qeu_rag.text.terms import Analyzer
    from qeu_rag.traces import Traces
    from qeu_rag.types import Answer, Chunk, Lang


class Parts:
    """The embedder, the search, the analyzer and the engine of one collection; nothing is read or made before it is needed."""

    def __init__(
        self,
        settings: Settings,
        collection: Collection,
        *,
        lang: Lang,
        model: BaseLanguageModel[Any] | None = None,
        progress: Callable[[str, int, int], None] | None = None,
        told: Callable[[Answer], None] | None = None,
    ) -> None:
        """``model`` writes the replies in place of the settings' engine; the others are as in ``KnowHow.open``."""
        self.model = model
        self.told = told
        self.lender: Parts | None = None
        """The parts of another collection whose embedder, reader and model are used in place of own ones."""
        self.threads = 0
        """Threads that embed; 0: one for each core."""
        self.noted: Callable[[Answer], None] | None = None
        """Who gets the answers to be logged in place of this collection's log."""
        self._settings = settings
        self._collection = collection
        self._lang = lang
        self._log_broken = False
        self._gate: Gate | None = None
        self._progress = progress or (lambda stage, done, total: None)

    def close(self) -> None:
        """Lets go of the files and of the model; they are opened again when they are needed again."""
        if "searcher" in vars(self):
            self.searcher.close()
        if self.lender is None and (model := vars(self).get("engine_model")) is not None:
            model.close()
        if (traces := vars(self).pop("traces", None)) is not None:
            traces.close()

    @functools.cached_property
    def _vocabularies(self) -> Vocabularies:
        """The tokenizers of the embedder and the reader, which are one where the embedder is the program's own."""
        from qeu_rag.embed.vocabulary import Vocabularies

        return Vocabularies()

    @functools.cached_property
    def embedder(self) -> Embedder:
        """The embedder of the settings; raises ModelError where it cannot be opened."""
        if self.lender is not None:
            return self.lender.embedder
        from qeu_rag.embed.embedder import open_embedder

        wanted = self._settings.embedder
        return open_embedder(
            model=wanted.model,
            cache=self._settings.home / "cache",
            query_prefix=wanted.query_prefix,
            passage_prefix=wanted.passage_prefix,
            max_tokens=wanted.max_tokens,
            batch_size=wanted.batch_size,
            vocabularies=self._vocabularies,
            threads=self.threads,
        )

    @functools.cached_property
    def reader(self) -> CrossEncoder:
        """What reads the best windows with the question in mind; raises ModelError where its files are missing or altered."""
        if self.lender is not None:
            return self.lender.reader
        from qeu_rag.embed.cross_encoder import READER, open_cross_encoder

        return open_cross_encoder(READER, self._settings.home / "cache", self._vocabularies)

    @functools.cached_property
    def judge(self) -> CrossEncoder:
        """What tells whether a passage supports a claim; raises as ``reader``."""
        if self.lender is not None:
            return self.lender.judge
        from qeu_rag.embed.cross_encoder import JUDGE, open_cross_encoder

        return open_cross_encoder(JUDGE, self._settings.home / "cache", self._vocabularies)

    @functools.cached_property
    def embedder_claim(self) -> EmbedderClaim:
        """Checks that a collection was made with this embedder."""
        return EmbedderClaim(embedder_spec(self._settings.embedder), lambda: self.embedder, self._fingerprint)

    def _fingerprint(self, runtime: str) -> str:
        """The fingerprint of the embedder under ``runtime``, computed from its files without loading it."""
        if self.lender is not None:
            return self.lender._fingerprint(runtime)
        from qeu_rag.embed.embedder import fingerprint_of, prefixes_of
        from qeu_rag.embed.model_files import digest_of_model, locate

        wanted = self._settings.embedder
        folder = locate(wanted.model, allow_network=False)
        prefixes = prefixes_of(folder, wanted.query_prefix, wanted.passage_prefix)
        digest = digest_of_model(folder, self._settings.home / "cache")
        return fingerprint_of(digest, max_tokens=wanted.max_tokens, prefixes=prefixes, runtime=runtime)

    def _query_embedder(self) -> Embedder:
        with self._collection.reading() as ledger:
            return self.embedder_claim.query(ledger)

    def question_vector(self, question: str) -> NDArray[np.float32]:
        """The unit vector of ``question``, shape (dimension,)."""
        return self.embedder.embed_query(question)

    def _origin(self, chunk: Chunk) -> Origin | None:
        with self._collection.reading() as ledger:
            return ledger.origin(chunk)

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
        from qeu_rag.ingest.readers.way import Way

        return Way(comments=self._settings.ingest.comments, recognise=self._settings.ingest.ocr == "auto")

    @functools.cached_property
    def searcher(self) -> Searcher:
        """The search over the newest whole generation."""
        from qeu_rag.retrieve.searcher import Searcher

        candidates = self._settings.retrieve.candidates
        return Searcher(self._collection, self._query_embedder, lambda: self.reader, candidates=candidates)

    @functools.cached_property
    def analyzer(self) -> Analyzer:
        """Cuts questions and passages into the terms that searches compare."""
        from qeu_rag.text.terms import Analyzer

        return Analyzer()

    @functools.cached_property
    def consultant(self) -> Consultant:
        """What answers questions, as the settings say. Raises what the engine raises."""
        answer = self._settings.answer
        approved = ApprovedAnswers(self._collection.ledger_path, self.analyzer.word_terms)
        model = self.model or self.engine_model
        writer = None
        if model is not None:
            from qeu_rag.answer.chain import engine_from
            from qeu_rag.answer.own_words import Writer

            room = self._settings.model
            writer = Writer(
                engine=engine_from(model, context_tokens=room.context_tokens, reply_tokens=room.max_tokens),
                tokens=answer.evidence_tokens,
                judge=lambda: self.judge,
                encode=lambda texts: self.embedder.embed_passages(texts),
                analyze=self.analyzer.word_terms,
            )
        return Consultant(
            search=self.searcher.evidence,
            analyze=functools.lru_cache(maxsize=512)(self.analyzer.evidence_terms),
            gate=self.gate,
            origin=self._origin,
            k=self._settings.retrieve.k,
            max_chars=answer.max_chars,
            long_chars=answer.long_chars,
            writer=writer,
            lang=self._lang,
            approved=approved.answer,
            stale=approved.stale,
            told=self.log,
            failing=self.failing,
        )

    @functools.cached_property
    def engine_model(self) -> EngineModel | None:
        """The model of the settings; None for the extractive engine. Raises ConfigError and ModelError."""
        if self.lender is not None:
            return self.lender.engine_model
        from qeu_rag.models import load_model

        wanted, home = self._settings.model, self._settings.home
        return load_model(
            engine=wanted.engine,
            file=wanted.file,
            base_url=wanted.base_url,
            name=wanted.name,
            api_key_env=wanted.api_key_env,
            max_tokens=wanted.max_tokens,
            temperature=wanted.temperature,
            context_tokens=wanted.context_tokens,
            timeout_s=wanted.timeout_s,
            cache=home / "cache",
            models_folder=home / "models",
            progress=self._progress,
        )

    def engine_kind(self) -> Literal["extractive", "file", "server", "given"]:
        """What kind of engine writes the answers, built now; "given" is the LangChain model of ``KnowHow.open``."""
        from qeu_rag.models import chosen_engine

        if self.consultant.writer is None:
            return "extractive"
        if self.model is not None:
            return "given"
        wanted = self._settings.model
        chosen = chosen_engine(wanted.engine, file=wanted.file, base_url=wanted.base_url)
        return "server" if chosen == "server" else "file"

    def engine_name(self) -> str:
        """The name of the engine that writes answers, for people."""
        if self.model is not None:
            return type(self.model).__name__
        from qeu_rag.models import engine_name

        wanted = self._settings.model
        return engine_name(wanted.engine, file=wanted.file, base_url=wanted.base_url, name=wanted.name)

    def gate(self) -> Gate:
        """The gate in use, looked up once; ``KnowHow.gate`` says which it is."""
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
        """Stores ``gate`` with the collection; None: back to the shipped one. ``KnowHow.keep_gate`` says what is raised."""
        from qeu_rag.answer.gate import keep_gate

        with self._collection.writer(), Ledger(self._collection.ledger_path, write=True) as ledger:
            if ledger.generation == 0:
                raise CollectionError("no_collection", path=self._collection.folder)
            keep_gate(ledger, gate)
        self._gate = None

    @property
    def question_log(self) -> QuestionLog:
        """The log of questions of the collection, whether it is turned on or not."""
        return QuestionLog(self._collection.folder / "questions.sqlite")

    @functools.cached_property
    def traces(self) -> Traces | None:
        """What sends how long questions and files took, where the settings name a collector."""
        collector = self._settings.log.traces
        if not collector:
            return None
        from importlib.metadata import version

        from qeu_rag.traces import Traces

        def tell() -> None:
            self._collection.tell("traces_unsent", collector=collector)

        return Traces(
            collector, tell, **{"service.version": version("qeu_rag"), "collection": self._collection.folder.name}
        )

    def log(self, answer: Answer) -> None:
        """Notes an answer in the log and among the traces, where they are wanted, and gives it to who asked for all answers."""
        if self._settings.log.questions:
            self._keep(answer)
        if self.traces is not None:
            self.traces.question(answer)
        if self.told is not None:
            self.told(answer)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Sends the trace of a question that ends in an error inside, where traces are wanted."""
        began = time.perf_counter()
        try:
            yield
        except GenerationStopped:  # by who asked
            raise
        except Exception as error:
            if self.traces is not None:
                self.traces.failed(error, time.perf_counter() - began)
            raise

    def trace_file(self, file: FoundFile, result: SplitFile | ReadError) -> None:
        """Sends how long a file took to be read, where traces are wanted."""
        if self.traces is None:
            return
        kind = file.path.suffix.lower()
        if isinstance(result, ReadError):
            self.traces.file(kind, file.size, {}, result.reason)
        else:
            self.traces.file(kind, file.size, {"read": result.seconds})

    def _keep(self, answer: Answer) -> None:
        """Keeps an answer in the log; a log that cannot be written is told once and stops no answer."""
        if self.noted is not None:
            self.noted(answer)
            return
        if self._log_broken:
            return
        try:
            self.question_log.add(answer)
        except (StorageError, CollectionError) as error:
            self._log_broken = True
            self._collection.tell("log_unwritten", detail=error.render(self._lang))
