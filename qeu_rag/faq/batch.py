"""Answers a list of questions one after another, each kept in the journal; equal questions are asked once."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qeu_rag.answer.same_question import question_id
from qeu_rag.app import KnowHow
from qeu_rag.embed.runners import cores
from qeu_rag.errors import ClusterError, CollectionError, ConfigError, NetworkNeeded, QeuRagError, UsageError
from qeu_rag.faq.budget import Clock, grade, measured
from qeu_rag.faq.cells import TOP
from qeu_rag.faq.journal import Journal
from qeu_rag.faq.outcome import CitedDocument, Outcome, Payload, Record, outcome_of
from qeu_rag.faq.read.question_list import QuestionList, QuestionRow
from qeu_rag.faq.write.fields import day
from qeu_rag.language import say
from qeu_rag.payload import answer_payload, failure_payload
from qeu_rag.tables.columns import PRIORITY_HEADERS, find_name

if TYPE_CHECKING:
    from qeu_rag.answer.gate import Gate
    from qeu_rag.types import Answer

_FATAL = (ClusterError, CollectionError, ConfigError, NetworkNeeded)
_MOST_JOBS = 4
"""Questions asked at a time unless it is said: with more, Python's own part of the work is what they wait for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a list is answered: ``only`` outcomes (and "changed") again, ``retry`` times more where an engine failed.

    ``budget`` is in seconds (0: as long as it takes); ``jobs`` questions are asked at a time (0: as many as this machine has
    cores, up to 4, where documents answer in their own words; one where a model writes). ``anew``: the list was asked before,
    so that the log of questions has it.
    """

    k: int | None = None
    long: bool = False
    only: frozenset[str] = frozenset()
    retry: int = 0
    jobs: int = 0
    budget: float = 0.0
    anew: bool = False


_Done = tuple[Record, "Answer | None"]
"""What became of a question, and its answer where there is one to be logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far a run is: ``done`` of ``total`` rows have an answer, ``counts`` of these by outcome."""

    done: int
    total: int
    counts: Mapping[str, int]


def run_of(know_how: KnowHow, plan: Plan) -> dict[str, Any]:
    """What a journal must have been begun with to go on: the settings and the gate that shape answers.

    The shipped gate is named by the settings; of one that was calibrated a digest stands here. Raises CollectionError where
    there is no collection.
    """
    gate = know_how.parts.gate()
    # Where vectors are kept changes no answer, and must not keep a list from going on.
    left_out = ("home", "lang", *(name for name in know_how.settings.flat() if name.startswith("index.dense.")))
    settings = {name: value for name, value in know_how.settings.flat().items() if name not in left_out}
    return {"settings": {**settings, "k": plan.k, "long": plan.long, **_calibrated(gate)}}


def check_list(journal: Journal, questions: QuestionList) -> None:
    """Passes if the list still has every question that the journal holds an answer to: mended rows and new ones may be there.

    Raises UsageError(``batch_other_questions``) with one that is gone: the answer to it would go from the output, too.
    """
    asked = {question_id(row.question) for row in questions.rows}
    for key, entry in journal.entries.items():
        if entry.outcome != "error" and key not in asked:
            line = journal.read(key)
            gone = "" if line is None else " ".join(str(line["payload"]["question"]).split())
            raise UsageError("batch_other_questions", path=journal.path, question=gone[:60] + "…" * (len(gone) > 60))


def _calibrated(gate: Gate) -> dict[str, str]:
    if gate.origin == "shipped":
        return {}
    text = json.dumps(gate.to_json(), sort_keys=True)
    return {"gate (qeu-rag calibrate)": hashlib.sha256(text.encode()).hexdigest()[:16]}


@dataclass(slots=True, kw_only=True)
class Batch:
    """One run over a list; ``tell`` takes a line for the user. ``ask`` answers in place of ``know_how``, on other machines."""

    know_how: KnowHow
    questions: QuestionList
    journal: Journal
    plan: Plan
    progress: Callable[[Step], None] = lambda step: None
    tell: Callable[[str], None] = lambda line: None
    lang: str = "en"
    ask: Callable[[str], Answer] | None = None
    _groups: dict[str, list[QuestionRow]] = field(default_factory=dict)
    _documents: dict[str, CitedDocument] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Answers what is to be answered; raises CollectionError, ConfigError or ModelError where nothing could be.

        A question that fails becomes an "error" in the journal and stops nothing. Raises StorageError where the journal
        cannot be written, UsageError(``batch_jobs``) for more jobs than the engine allows.
        """
        check_list(self.journal, self.questions)
        kind = self.know_how.prepare()
        if not self.plan.jobs:
            self.plan = replace(self.plan, jobs=min(_MOST_JOBS, cores()) if kind == "extractive" else 1)
        if self.plan.jobs > 1 and self.ask is None and kind not in ("extractive", "server"):
            raise UsageError("batch_jobs", jobs=self.plan.jobs)
        expected = measured(self.know_how) if self.plan.budget and kind in ("file", "server") else 0.0
        for row in self.questions.rows:
            self._groups.setdefault(question_id(row.question), []).append(row)
        for key, rows in self._groups.items():
            if (entry := self.journal.entries.get(key)) is not None:
                self._counts[entry.outcome] += len(rows)
        todo = self._todo()
        self._report()
        clock = Clock(budget=self.plan.budget, total=len(todo), jobs=self.plan.jobs, tell=self._tell_fit)
        if expected:
            clock.expect(expected)
        for key, (record, answer) in self._answered(todo, clock):
            if answer is not None and self._logged:
                self.know_how.record.answered(answer)
            self._keep(key, record)
        clock.end()

    def _todo(self) -> list[str]:
        """The keys of the questions to be asked, by priority, then in their order."""
        known = self.journal.entries
        # A question that failed and is gone was mended: what stands there now is asked in its place.
        mended = any(entry.outcome == "error" and key not in self._groups for key, entry in known.items())
        if not self.plan.only or ("error" in self.plan.only and mended):
            keys = [key for key in self._groups if key not in known or (self.plan.only and self._again(key))]
        else:
            keys = [key for key in self._groups if key in known and self._again(key)]
        place = find_name(self.questions.names, PRIORITY_HEADERS)
        if place is None:
            return keys
        return sorted(keys, key=lambda key: min(grade(row.cells[place]) for row in self._groups[key]))

    def _again(self, key: str) -> bool:
        if self.journal.entries[key].outcome in self.plan.only:
            return True
        return "changed" in self.plan.only and self._changed(key)

    def _changed(self, key: str) -> bool:
        """Whether a cited passage, or one of the first passages found, is another now."""
        line = self.journal.read(key)
        if line is None or line["outcome"] == "error":
            return False
        payload = line["payload"]
        found = self.know_how.search(payload["question"], k=self.plan.k)
        hashes = [scored.chunk.passage_hash for scored in found]
        before = [scored["passage_hash"] for scored in payload["evidence"]]
        cited = {citation["passage_hash"] for citation in payload["citations"]}
        return bool(before[:TOP] and hashes[:TOP] != before[:TOP]) or not cited <= {*hashes}

    def _answered(self, todo: Sequence[str], clock: Clock) -> Iterator[tuple[str, _Done]]:
        """Each question with what became of it, in the order in which they are done."""
        if self.plan.jobs == 1:
            for key in todo:
                if not clock.allows():
                    return
                done = self._ask(key)
                clock.took(done[0].seconds)
                yield key, done
            return
        yield from self._side_by_side(todo, clock)

    def _side_by_side(self, todo: Sequence[str], clock: Clock) -> Iterator[tuple[str, _Done]]:
        """The same, each in its turn, so that journal and log are those of one question after the other."""
        waiting = iter(todo)
        under_way: deque[tuple[str, Future[_Done]]] = deque()
        most = self.plan.jobs if self.plan.budget else 2 * self.plan.jobs  # what waits has been begun, too
        with ThreadPoolExecutor(self.plan.jobs) as pool:
            try:
                while True:
                    while len(under_way) < most and clock.allows() and (key := next(waiting, "")):
                        under_way.append((key, pool.submit(self._ask, key)))
                    if not under_way:
                        return
                    key, future = under_way.popleft()
                    done = future.result()
                    clock.took(done[0].seconds)
                    yield key, done
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, key: str) -> _Done:
        """What became of the question: its first wording is asked, so that the order of work changes nothing."""
        row = self._groups[key][0]
        began = time.perf_counter()
        payload, answer = self._payload(row)
        seconds = round(time.perf_counter() - began, 3)
        documents = tuple(self._document(one) for one in payload["citations"])
        record = Record(
            outcome=outcome_of(payload), payload=payload, seconds=seconds, documents=tuple(dict.fromkeys(documents))
        )
        return record, answer

    def _payload(self, row: QuestionRow) -> tuple[Payload, Answer | None]:
        if row.problem:
            return failure_payload(row.question, row.problem, say(f"batch.{row.problem}", self.lang)), None
        attempt = 0
        while True:
            try:
                answer = self._answer(row.question)
                return answer_payload(answer), answer
            except _FATAL:
                raise
            except QeuRagError as error:
                reason, final = error.key, isinstance(error, UsageError)
                # What to do next about a question is another thing in a list than on the command line.
                detail = error.happened(self.lang) if final else error.render(self.lang)
            except Exception as error:  # noqa: BLE001 - a question that breaks an engine must not stop the night's work
                reason, detail, final = type(error).__name__, f"{type(error).__name__}: {error}", False
            if final or attempt >= self.plan.retry:
                return failure_payload(row.question, reason, detail), None
            time.sleep(min(2.0**attempt, 30.0))
            attempt += 1

    def _answer(self, question: str) -> Answer:
        """The answer, which the log gets when its turn has come."""
        with self.know_how.record.failing() if self._logged else nullcontext():
            if self.ask is not None:
                return self.ask(question)
            return self.know_how.ask(question, k=self.plan.k, long=self.plan.long, logged=False)

    @property
    def _logged(self) -> bool:
        return not (self.plan.anew or self.plan.only)

    def _document(self, citation: Mapping[str, Any]) -> CitedDocument:
        """The cited document with its file's hash and day; the list is read anew where a run met a document read in since."""
        found = self._documents.get(citation["document_id"])
        if found is None:
            self._documents = {
                one.document_id: CitedDocument(
                    document_id=one.document_id,
                    source=one.source,
                    path=one.path,
                    hash=one.hash,
                    date=day(one.ingested_at),
                )
                for one in reversed(self.know_how.documents().documents)
            }
            found = self._documents.get(citation["document_id"])
        gone = CitedDocument(document_id=citation["document_id"], source=citation["source"], path="", hash="", date="")
        return found or gone

    def _keep(self, key: str, record: Record) -> None:
        before = self.journal.entries.get(key)
        self.journal.add(key, record.outcome, record.plain())
        many = len(self._groups[key])
        if before is not None:
            self._counts[before.outcome] -= many
        self._counts[record.outcome] += many
        self._report()

    def _report(self) -> None:
        self.progress(Step(done=self._counts.total(), total=len(self.questions.rows), counts=dict(self._counts)))

    def _tell_fit(self, seconds: float, fit: int, total: int) -> None:
        values = {"seconds": f"{seconds:.2g}", "fit": fit, "total": total}
        self.tell(say("batch.fits" if fit < total else "batch.fits_all", self.lang, **values))


def outcomes(journal: Journal, questions: QuestionList) -> Iterator[tuple[QuestionRow, Outcome, Record | None]]:
    """Each row in its order with its outcome and record, read from the journal one at a time."""
    for row in questions.rows:
        line = journal.read(question_id(row.question))
        record = None if line is None else Record.of(line)
        yield row, "waiting" if record is None else record.outcome, record
