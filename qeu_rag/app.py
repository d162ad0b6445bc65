"""KnowHow, the one object that programs and commands talk to: a thin face that asks the parts and gives their values back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qeu_rag.answer.consultant import NotRecorded
from qeu_rag.answer.question import clean_question
from qeu_rag.config import load_settings
from qeu_rag.errors import UsageError
from qeu_rag.index.collection import Collection
from qeu_rag.index.dense_choice import vector_server
from qeu_rag.ingest import inventory
from qeu_rag.ingest.address import Address, place_of
from qeu_rag.ingest.inventory import DocumentList
from qeu_rag.ingest.report import IngestReport, Progress
from qeu_rag.ingest.sync import Workers
from qeu_rag.language import system_language
from qeu_rag.parts import EngineKind, Networks, OnAnswer, Parts, Record
from qeu_rag.types import Answer, Chunk, ScoredChunk

if TYPE_CHECKING:
    from langchain_core.language_models import BaseLanguageModel
    from langchain_core.runnables import Runnable

    from qeu_rag.answer.consultant import Consultant
    from qeu_rag.answer.conversation import Conversation
    from qeu_rag.config import Settings
    from qeu_rag.retrieve.retriever import KnowHowRetriever
    from qeu_rag.retrieve.searcher import Found, Sides


class KnowHow:
    """One collection of documents: ingest them, search them, ask them. A context manager; safe between threads."""

    def __init__(
        self,
        settings: Settings,
        *,
        networks: Networks,
        lent: bool = False,
        notify: Callable[[str], None] | None = None,
        told: OnAnswer | None = None,
        noted: OnAnswer | None = None,
    ) -> None:
        """Use ``open``. Nothing is read or made on disk here. ``networks`` that are ``lent`` stay open when this is closed."""
        self.settings = settings
        self.lang = system_language() if settings.lang == "auto" else settings.lang
        folder = settings.home / "collections" / settings.collection
        dense = settings.index.dense
        server = vector_server(dense.store, dense.url, dense.timeout_s)
        self.collection = Collection(folder, notify=notify or (lambda line: None), lang=self.lang, server=server)
        self.networks = networks
        self.record = Record(self.collection, settings.log, lang=self.lang, told=told, noted=noted)
        self.parts = Parts(settings, self.collection, lang=self.lang, networks=networks, record=self.record)
        self._lent = lent

    @classmethod
    def open(
        cls,
        *,
        profile: str | Path | None = None,
        settings: Settings | None = None,
        model: BaseLanguageModel[Any] | None = None,
        notify: Callable[[str], None] | None = None,
        progress: Callable[[str, int, int], None] | None = None,
        told: OnAnswer | None = None,
        environ: Mapping[str, str] | None = None,
        **flags: object,
    ) -> KnowHow:
        """Opens a collection by profile (None: ``QEU_RAG_PROFILE``, else "default").

        ``flags`` are settings with ``__`` for the dot (``retrieve__k=5``).

        ``model`` is any LangChain model that should write the replies instead of the profile's engine. ``notify`` gets one
        line for each thing worth telling the user, such as a repair; ``progress`` gets (stage, done, total) while a model
        file is prepared for its first use; ``told`` gets every answer. Raises ConfigError for wrong settings.
        """
        if settings is None:
            given = {name.replace("__", "."): value for name, value in flags.items() if value is not None}
            settings = load_settings(profile, environ=environ, flags=given)
        networks = Networks(settings, given=model, progress=progress)
        return cls(settings, networks=networks, notify=notify, told=told)

    def beside(self, collection: str, *, home: Path | None = None, noted: OnAnswer | None = None) -> KnowHow:
        """Another collection of this home (or ``home``), which works with this one's embedder and model. Close this one last.

        Where its answers are logged, ``noted`` gets them in place of its own log.
        """
        settings = self.settings.model_copy(update={"collection": collection, "home": home or self.settings.home})
        networks, told = self.networks, self.record.told
        return KnowHow(settings, networks=networks, lent=True, notify=self.collection.notify, told=told, noted=noted)

    def __enter__(self) -> KnowHow:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of all files and of the model. The object opens them again when it is used again."""
        self.parts.close()
        self.record.close()
        if not self._lent:
            self.networks.close()
        if self.collection.server is not None:
            self.collection.server.close()

    # Documents

    def ingest(
        self,
        paths: str | Path | Sequence[str | Path],
        *,
        prune: bool = True,
        dry_run: bool = False,
        rebuild: bool = False,
        progress: Callable[[Progress], None] | None = None,
        workers: Workers | None = None,
    ) -> IngestReport:
        """Brings the collection in step with files and folders, and with what lies on stores.

        A text such as ``"s3://bucket/know-how"`` is an address of a store, which is then asked over the network. ``prune``
        forgets files that are gone from the given folders. ``rebuild`` sets a damaged ledger, or one made with another
        embedder, aside and starts anew. ``workers`` (of ``cluster``) do it in place of this machine.
        Raises UsageError for a path that does not exist and for an address that cannot be used, ConfigError where a store's
        package is not installed or it does not let this machine in, CollectionError for a collection of another embedder or a
        newer program, StorageError when the disk is full or read-only, or a store does not answer. A file that cannot be read
        or fetched is reported in ``failed`` and stops nothing.
        """
        from qeu_rag.ingest.update import update

        return update(
            self.collection,
            _places(paths),
            claim=self.networks.embedder_claim,
            open_pool=self.parts.open_pool,
            max_size=self.settings.split.max_size,
            max_file_mb=self.settings.ingest.max_file_mb,
            way=self.parts.way,
            workers=workers,
            prune=prune,
            dry_run=dry_run,
            rebuild=rebuild,
            progress=progress or (lambda step: None),
            seen=self.record.file_read,
        )

    def watch(
        self,
        paths: str | Path | Sequence[str | Path],
        *,
        prune: bool = True,
        progress: Callable[[Progress], None] | None = None,
    ) -> Iterator[IngestReport]:
        """Ingests now, and again whenever something below ``paths`` changes; yields each run's report, without end.

        Raises UsageError("address_watch") for an address: a store tells nobody of its changes.
        """
        from qeu_rag.ingest.update import updates

        roots: list[Path] = []
        for place in _places(paths):
            if isinstance(place, Address):
                raise UsageError("address_watch", address=place)
            roots.append(place)
        return updates(roots, lambda: self.ingest(roots, prune=prune, progress=progress))

    # Questions

    def ask(
        self,
        question: str,
        *,
        k: int | None = None,
        long: bool = False,
        threshold: float | None = None,
        logged: bool = True,
    ) -> Answer:
        """The answer with checked citations, or an abstention with its reason.

        ``threshold`` (0..1) is the least confidence of an answer, for this question; at 0 whatever was found must do. ``logged``:
        whether the log of questions gets it, where there is one.
        Raises UsageError for a question that cannot be used, CollectionError where there is nothing to search.
        """
        consultant = self._consultant() if logged else replace(self.parts.consultant, record=NotRecorded())
        if threshold is not None:
            consultant = replace(consultant, likely=threshold)
        return consultant.ask(question, k=k, long=long)

    def stream(self, question: str, *, k: int | None = None, long: bool = False) -> Iterator[str | Answer]:
        """The answer's text in pieces, then the Answer itself; errors as in ``ask``."""
        return self._consultant().stream(question, k=k, long=long)

    def _consultant(self) -> Consultant:
        """What answers; where it cannot be built, the question for which it was wanted ends in an error like any other."""
        with self.record.failing():
            return self.parts.consultant

    def conversation(
        self, *, k: int | None = None, long: bool = False, stopped: Callable[[], bool] | None = None
    ) -> Conversation:
        """A new conversation, in which follow-up questions are understood; its ``ask`` and ``stream`` are as ours.

        Where ``stopped`` says so, a model's reply under way breaks off with ``answer.engine.GenerationStopped``.
        """
        from qeu_rag.answer.conversation import Conversation

        consultant = self.parts.consultant
        if stopped is not None and (writer := consultant.writer) is not None:
            consultant = replace(consultant, writer=replace(writer, engine=writer.engine.until(stopped)))
        return Conversation(consultant, k=k, long=long)

    def search(self, question: str, *, k: int | None = None) -> tuple[ScoredChunk, ...]:
        """The best chunks for ``question``, best first, without an answer; errors as in ``ask``."""
        count = self.settings.retrieve.k if k is None else k
        return self.parts.searcher.search(clean_question(question), count).chunks

    def sides(self, question: str, *, k: int) -> Sides:
        """The ``k`` best chunks by words, by vectors, by plain fusion of both and by our fusion; errors as in ``ask``."""
        return self.parts.searcher.sides(clean_question(question), k)

    def as_retriever(self, *, k: int | None = None) -> KnowHowRetriever:
        """The search as a LangChain ``BaseRetriever``."""
        from qeu_rag.retrieve.retriever import KnowHowRetriever

        return KnowHowRetriever(search=lambda q, n: self.search(q, k=n), k=self.settings.retrieve.k if k is None else k)

    def as_chain(self) -> Runnable[str | dict[str, Any], dict[str, Any]]:
        """The whole consultant as a LangChain ``Runnable``; see ``answer.chain.build_chain`` for what goes in and out."""
        from qeu_rag.answer.chain import build_chain

        return build_chain(self.parts.consultant)

    def ask_documents(self, question: str) -> Answer:
        """As ``ask``, by the extractive engine whatever the profile says, and not logged."""
        return replace(self.parts.consultant, writer=None, record=NotRecorded()).ask(question)

    def evidence(self, question: str, *, k: int, without: frozenset[str] = frozenset()) -> Found:
        """What the gate judges: the ``k`` best chunks, read, and the question's terms with their idf; errors as in ``ask``.

        ``without`` names files whose passages are passed over.
        """
        return self.parts.searcher.evidence(clean_question(question), k, without=without)

    def prepare(self) -> EngineKind:
        """Builds what answers now rather than at the first question, and says what it is; a file answers one question at a time.

        Raises CollectionError where there is nothing to search, ConfigError and
        ModelError as the engine does.
        """
        with self.collection.reading():
            pass
        self.parts.searcher.evidence("1", 1)  # opens the indexes, the embedder and the reader
        if self.parts.consultant.writer is not None:
            _ = self.networks.judge
        return self.networks.engine_kind()

    # What is there

    def status(self) -> dict[str, object]:
        """The collection in figures, ready for JSON. Raises CollectionError where there is none."""
        with self.collection.reading() as ledger:
            return inventory.status(
                self.collection,
                ledger,
                home=str(self.settings.home),
                name=self.settings.collection,
                embedder=self.settings.embedder.model,
                engine=self.networks.engine_name(),
                gate=self.parts.gate_in(ledger).name,
            )

    def documents(self) -> DocumentList:
        """Every document by name, and every file that was left out with its reason."""
        with self.collection.reading() as ledger:
            return inventory.documents(ledger)

    def chunks(self) -> tuple[Chunk, ...]:
        """Every chunk that readers see, in the order of ids. Raises CollectionError where there is no collection."""
        with self.collection.reading() as ledger:
            return inventory.chunks(ledger)


def _places(paths: str | Path | Sequence[str | Path]) -> list[Path | Address]:
    return [place_of(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
