"""What becomes of an answer beside being shown: the log of questions, the traces, and whoever asked to be told."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qeu_rag.answer.engine import GenerationStopped
from qeu_rag.errors import CollectionError, ReadError, StorageError
from qeu_rag.index.collection import Collection
from qeu_rag.index.question_log import QuestionLog

if TYPE_CHECKING:
    from qeu_rag.config.settings import LogSettings
    from qeu_rag.ingest.scan import FoundFile
    from qeu_rag.ingest.split import SplitFile
    from qeu_rag.traces import Traces
    from qeu_rag.types import Answer, Lang

OnAnswer = Callable[["Answer"], None]


class Record:
    """Keeps and tells what was answered in one collection, as far as the settings want it."""

    def __init__(
        self, collection: Collection, wanted: LogSettings, *, lang: Lang, told: OnAnswer | None, noted: OnAnswer | None
    ) -> None:
        """``told`` gets every answer; ``noted`` gets those to be logged, in place of this collection's log."""
        self.told = told
        self._collection = collection
        self._wanted = wanted
        self._lang = lang
        self._noted = noted
        self._broken = False

    def close(self) -> None:
        """Sends what is still to be sent."""
        if (traces := vars(self).pop("_traces", None)) is not None:
            traces.close()

    @property
    def questions(self) -> QuestionLog:
        """The log of questions of the collection, whether it is turned on or not."""
        return QuestionLog(self._collection.folder / "questions.sqlite")

    def answered(self, answer: Answer) -> None:
        """Notes an answer in the log and among the traces, where they are wanted, and gives it to who asked for all answers."""
        if self._wanted.questions:
            self._keep(answer)
        if self._traces is not None:
            self._traces.question(answer)
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
            if self._traces is not None:
                self._traces.failed(error, time.perf_counter() - began)
            raise

    def file_read(self, file: FoundFile, result: SplitFile | ReadError) -> None:
        """Sends how long a file took to be read, where traces are wanted."""
        if self._traces is None:
            return
        kind = file.path.suffix.lower()
        if isinstance(result, ReadError):
            self._traces.file(kind, file.size, {}, result.reason)
        else:
            self._traces.file(kind, file.size, {"read": result.seconds})

    @functools.cached_property
    def _traces(self) -> Traces | None:
        """What sends how long questions and files took, where the settings name a collector."""
        collector = self._wanted.traces
        if not collector:
            return None
        from importlib.metadata import version

        from qeu_rag.traces import Traces

        def tell() -> None:
            self._collection.tell("traces_unsent", collector=collector)

        return Traces(
            collector, tell, **{"service.version": version("qeu_rag"), "collection": self._collection.folder.name}
        )

    def _keep(self, answer: Answer) -> None:
        """Keeps an answer in the log; a log that cannot be written is told once and stops no answer."""
        if self._noted is not None:
            self._noted(answer)
            return
        if self._broken:
            return
        try:
            self.questions.add(answer)
        except (StorageError, CollectionError) as error:
            self._broken = True
            self._collection.tell("log_unwritten", detail=error.render(self._lang))
