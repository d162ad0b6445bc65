"""What to write next: the logged questions that the documents still do not answer well, in groups, the most asked first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qeu_rag.answer.same_question import question_key
from qeu_rag.app import KnowHow
from qeu_rag.index.notation import lang_of
from qeu_rag.index.question_log import LogEntry
from qeu_rag.types import Chunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WEAK = 0.6
"""An answer of less confidence than this (0..1) is a weak one."""

_JOIN = 0.3
"""The least likeness of two questions of one group by terms alone: of the pairs of jsquad-valid's first 350 questions that are
this like, .70 are on one passage."""
_JOIN_WITH_VECTORS = 0.5
"""The same by terms and vectors, in one language: .30 of such pairs of covid-faq-en are on one passage."""
_JOIN_ACROSS = 0.6
"""The same by vectors alone, in two languages; not measured."""
_NEAREST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """A question as it was last asked, how often it was, and how it is answered now (``answered`` weakly, or ``abstained``)."""

    question: str
    count: int
    last: str
    status: str
    confidence: float
    nearest: tuple[Chunk, ...]


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
    know_how: KnowHow, entries: Sequence[LogEntry], *, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Gap, ...]:
    """The gaps that the logged ``entries`` show, the most asked first.

    A question counts when it was once abstained from or weakly answered, and still is: each is asked once more, of the documents
    alone, and ``progress`` hears how many of them were. Wordings with one key (``question_key``) are one question. Raises what
    ``KnowHow.ask`` raises of the collection.
    """
    groups: dict[str, list[LogEntry]] = {}
    for entry in entries:
        groups.setdefault(question_key(entry.question), []).append(entry)
    weak = [asked for asked in groups.values() if any(map(_weak, asked))]
    still = []
    for done, asked in enumerate(weak, start=1):
        still.append(_open(know_how, asked))
        progress(done, len(weak))
    questions = sorted((one for one in still if one is not None), key=lambda one: (-one.count, one.question))
    likeness = _Likeness(questions, know_how.question_terms, know_how.question_vector)
    clusters: list[list[int]] = []
    for at in range(len(questions)):
        # The most asked of a group stands for it, so that groups do not grow into each other.
        nearest = max(clusters, key=lambda cluster: likeness(cluster[0], at), default=None)
        if nearest is not None and likeness(nearest[0], at) >= likeness.least(nearest[0], at):
            nearest.append(at)
        else:
            clusters.append([at])
    gaps = [Gap(questions=tuple(questions[at] for at in cluster)) for cluster in clusters]
    return tuple(sorted(gaps, key=lambda gap: (-gap.count, gap.questions[0].question)))


def _weak(entry: LogEntry) -> bool:
    return entry.engine != "approved" and (entry.status == "abstained" or entry.confidence < WEAK)


def _open(know_how: KnowHow, asked: Sequence[LogEntry]) -> OpenQuestion | None:
    last = asked[-1]
    now = know_how.ask_documents(last.question)
    if now.approved is not None or (now.status == "answered" and now.confidence >= WEAK):
        return None
    return OpenQuestion(
        question=last.question,
        count=len(asked),
        last=last.at,
        status=now.status,
        confidence=now.confidence,
        nearest=tuple(scored.chunk for scored in now.evidence[:_NEAREST]),
    )


class _Likeness:
    """How alike two questions are, 0..1, by their weighted terms and, where the embedder knows both languages, by vectors."""

    def __init__(
        self,
        questions: Sequence[OpenQuestion],
        terms: Callable[[str], list[str]],
        vector: Callable[[str], NDArray[np.float32] | None],
    ) -> None:
        self._langs = [lang_of(one.question) for one in questions]
        counts = [Counter(dict.fromkeys(terms(one.question), 1)) for one in questions]
        holders = Counter(term for count in counts for term in count)
        self._terms = [
            _unit({term: n * math.log(1 + len(counts) / holders[term]) for term, n in count.items()})
            for count in counts
        ]
        self._vectors = [vector(one.question) for one in questions]

    def __call__(self, one: int, other: int) -> float:
        a, b = self._vectors[one], self._vectors[other]
        dense = None if a is None or b is None else max(0.0, float(a @ b))
        if self._langs[one] != self._langs[other]:
            return dense or 0.0
        left, right = self._terms[one], self._terms[other]
        lexical = sum(weight * right.get(term, 0.0) for term, weight in left.items())
        return lexical if dense is None else (lexical + dense) / 2

    def least(self, one: int, other: int) -> float:
        """The likeness from which on the two belong together."""
        if self._langs[one] != self._langs[other]:
            return _JOIN_ACROSS
        return _JOIN if self._vectors[one] is None or self._vectors[other] is None else _JOIN_WITH_VECTORS


def _unit(weights: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {term: weight / length for term, weight in weights.items()} if length else {}
