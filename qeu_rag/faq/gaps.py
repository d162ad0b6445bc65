"""Finds what the documents lack: questions that they still answer badly, or so people say, by subject, the most asked first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from qeu_rag.answer.same_question import question_key
from qeu_rag.app import KnowHow
from qeu_rag.faq.subjects import by_subject
from qeu_rag.index.question_log import Feedback, LogEntry
from qeu_rag.types import Chunk

WEAK = 0.5
"""An answer of less confidence than this (0..1) is a weak one: the documents rather do not answer than do."""

_NEAREST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """A question as it was last asked, how often it was, and how it is answered now (``answered`` weakly, or ``abstained``).

    ``certainty`` is as in ``Answer``. ``wrong``: how often its answer was called wrong since it last helped anybody.
    """

    question: str
    count: int
    last: str
    status: str
    confidence: float
    nearest: tuple[Chunk, ...]
    certainty: str = ""
    wrong: int = 0

    @property
    def outcome(self) -> str:
        """``wrong`` where people say so of what is answered, else ``answered``, ``likely`` or ``abstained``."""
        if self.wrong and self.status == "answered":
            return "wrong"
        return "likely" if self.certainty == "likely" else self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Questions on one subject, the most asked first, with the passages and folders that come nearest to them."""

    questions: tuple[OpenQuestion, ...]

    @property
    def count(self) -> int:
        """How often they were asked altogether."""
        return sum(question.count for question in self.questions)

    @property
    def nearest(self) -> tuple[Chunk, ...]:
        """The passages nearest to the most of them, each once, three at most."""
        weight: Counter[str] = Counter()
        chunks: dict[str, Chunk] = {}
        for question in self.questions:
            for rank, chunk in enumerate(question.nearest):
                weight[chunk.id] += question.count * (_NEAREST - rank)
                chunks[chunk.id] = chunk
        return tuple(chunks[one] for one in sorted(weight, key=lambda one: (-weight[one], one))[:_NEAREST])

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders of those passages: where a new document would be looked for. "." is the top."""
        return tuple(dict.fromkeys(str(PurePosixPath(chunk.source).parent) for chunk in self.nearest))


def find_gaps(
    know_how: KnowHow,
    entries: Sequence[LogEntry],
    feedback: Sequence[Feedback] = (),
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Gap, ...]:
    """The gaps that the logged ``entries`` and the ``feedback``, both oldest first, show, the most asked first.

    A question counts when it was once abstained from or weakly answered, and still is: each is asked once more, of the documents
    alone, and ``progress`` hears how many of them were. One whose answer was called wrong counts however sure that answer is,
    until it helps somebody or a person approves one. Wordings with one key (``question_key``) are one question. Raises what
    ``KnowHow.ask`` raises of the collection.
    """
    groups: dict[str, list[LogEntry]] = {}
    for entry in entries:
        groups.setdefault(question_key(entry.question), []).append(entry)
    wrong = _called_wrong(feedback)
    weak = [key for key in dict.fromkeys([*groups, *wrong]) if key in wrong or any(map(_weak, groups[key]))]
    still = []
    for done, key in enumerate(weak, start=1):
        still.append(_open(know_how, groups.get(key, ()), wrong.get(key, ())))
        progress(done, len(weak))
    questions = sorted((one for one in still if one is not None), key=lambda one: (-one.count, one.question))
    asked_of = [one.question for one in questions]
    clusters = by_subject(
        asked_of,
        [know_how.parts.analyzer.question_terms(one) for one in asked_of],
        [know_how.networks.embedder.embed_query(one) for one in asked_of],
    )
    gaps = [Gap(questions=tuple(questions[at] for at in cluster)) for cluster in clusters]
    return tuple(sorted(gaps, key=lambda gap: (-gap.count, gap.questions[0].question)))


def _weak(entry: LogEntry) -> bool:
    return entry.engine != "approved" and (entry.status == "abstained" or entry.confidence < WEAK)


def _called_wrong(feedback: Sequence[Feedback]) -> dict[str, list[Feedback]]:
    """By the question's key, what called its answer wrong since it last helped anybody."""
    found: dict[str, list[Feedback]] = {}
    for one in feedback:
        key = question_key(one.question)
        if one.helped:
            found.pop(key, None)
        else:
            found.setdefault(key, []).append(one)
    return found


def _open(know_how: KnowHow, asked: Sequence[LogEntry], wrong: Sequence[Feedback]) -> OpenQuestion | None:
    told: list[LogEntry | Feedback] = [*asked, *wrong]
    last = sorted(told, key=lambda one: one.at)[-1]
    now = know_how.ask_documents(last.question)
    if now.approved is not None or (not wrong and now.status == "answered" and now.confidence >= WEAK):
        return None
    return OpenQuestion(
        question=last.question,
        count=max(len(asked), len(wrong)),  # without a log of questions only what was called wrong is known
        last=last.at,
        status=now.status,
        confidence=now.confidence,
        nearest=tuple(scored.chunk for scored in now.evidence[:_NEAREST]),
        certainty=now.certainty,
        wrong=len(wrong),
    )
