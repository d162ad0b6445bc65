"""Approved answers as they may be given now: for the same question, and only while every passage under them stands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qeu_rag.answer.same_question import SIMILAR, Question, compared, similarity
from qeu_rag.index.approved import Passages, Standing, approved_answers
from qeu_rag.index.ledger import Ledger
from qeu_rag.types import Answer, Approval, Citation, ScoredChunk

ENGINE = "approved"
"""What ``Answer.engine`` says of an approved answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """The approved answers in one state of the ledger, those that stand and the stale, with their questions made ready."""

    state: tuple[int, str]
    entries: tuple[tuple[Standing, Question], ...] = ()
    stale: tuple[tuple[Standing, Question], ...] = ()


class ApprovedAnswers:
    """Finds the approved answer to a question in one collection. Safe between threads."""

    def __init__(self, ledger_path: Path, word_terms: Callable[[str], list[str]]) -> None:
        """``word_terms`` gives a text's content words in order. Nothing is read here."""
        self._path = ledger_path
        self._word_terms = word_terms
        self._lock = threading.Lock()
        self._book: _Book | None = None

    def answer(self, question: str) -> Answer | None:
        """The approved answer to ``question`` (already cleaned), word for word, or None.

        It has the question asked, the one that was approved in ``approved``, and as citations and evidence the passages as
        they stand now. ``confidence`` is the similarity of the two questions. Raises CollectionError for a damaged ledger.
        """
        found = self._nearest(question, self._current().entries)
        return None if found is None else _answer(question, *found)

    def stale(self, question: str) -> Approval | None:
        """Whose approved answer to ``question`` is not given any more, as a passage changed; None where there is none."""
        found = self._nearest(question, self._current().stale)
        return None if found is None else _approval(*found)

    def _nearest(self, question: str, entries: Sequence[tuple[Standing, Question]]) -> tuple[Standing, float] | None:
        """The entry for ``question`` and the similarity of the two questions, if it is high enough."""
        if not entries:
            return None
        asked = compared(question, self._word_terms)
        # Of equals the one approved last.
        likeness, at = max((similarity(asked, known), at) for at, (_, known) in enumerate(entries))
        return (entries[at][0], likeness) if likeness >= SIMILAR else None

    def _current(self) -> _Book:
        """The book of the ledger's present state, read in one snapshot with it."""
        if not self._path.exists():
            return _Book(state=(0, ""))
        with self._lock, Ledger(self._path) as ledger, ledger.snapshot():
            state = (ledger.generation, ledger.meta("approved") or "")
            if self._book is None or self._book.state != state:
                entries: list[tuple[Standing, Question]] = []
                if all(state):  # no look at the documents where there is nothing to look up
                    passages = Passages(ledger)
                    for answer in approved_answers(ledger):
                        entries.append((passages.standing(answer), compared(answer.question, self._word_terms)))
                self._book = _Book(
                    state=state,
                    entries=tuple(entry for entry in entries if not entry[0].stale),
                    stale=tuple(entry for entry in entries if entry[0].stale),
                )
            return self._book


def _answer(question: str, standing: Standing, likeness: float) -> Answer:
    approved = standing.approved
    cited = [(pin, chunk) for pin, chunk in zip(approved.pins, standing.chunks, strict=True) if chunk is not None]
    approval = _approval(standing, likeness)
    chunks = list(dict.fromkeys(chunk for _, chunk in cited))
    return Answer(
        question=question,
        text=approved.answer,
        status="answered",
        reason="",
        confidence=round(likeness, 4),
        citations=tuple(Citation(marker=pin.marker, chunk=chunk, quote=pin.quote) for pin, chunk in cited),
        evidence=tuple(ScoredChunk(chunk=chunk, score=1.0, rank=rank) for rank, chunk in enumerate(chunks, 1)),
        engine=ENGINE,
        notes=("approved" if approval.exact else "approved_similar",),
        certainty="sure",
        approved=approval,
    )


def _approval(standing: Standing, likeness: float) -> Approval:
    approved = standing.approved
    return Approval(by=approved.by, at=approved.at, question=approved.question, exact=likeness == 1.0)
