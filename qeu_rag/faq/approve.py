"""Keeps the answers that a person approved, pinned to the passages they cite as these stand now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from qeu_rag.answer.question import clean_question
from qeu_rag.answer.same_question import question_key
from qeu_rag.app import KnowHow
from qeu_rag.errors import CollectionError, UsageError
from qeu_rag.index.approved import ApprovedAnswer, Passages, Pin, approved_answers, put_approved, remove_approved
from qeu_rag.index.ledger import Ledger

Refusal = Literal["no_answer", "no_citation", "passage_changed", "no_question", "asked_twice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedPassage:
    """A citation as an answer sheet holds it: ``passage_hash`` and ``source`` of the chunk, ``quote`` of its text."""

    marker: int
    source: str
    document_id: str
    passage_hash: str
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedRow:
    """A row that a person marked as approved; ``number`` as the person sees it, ``answer`` as it stands there now."""

    number: int
    question: str
    answer: str
    citations: tuple[CitedPassage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A row that was not kept, and why."""

    number: int
    question: str
    reason: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """What became of the rows: those kept, in their order, and those refused."""

    kept: tuple[ApprovedAnswer, ...]
    refused: tuple[Refused, ...]


def approve(know_how: KnowHow, rows: Iterable[ApprovedRow], *, by: str, now: datetime | None = None) -> Approved:
    """Keeps the answers of ``rows`` as approved by ``by``; what cannot be pinned is refused, and the rest is kept.

    A row is refused without an answer or question, without a citation, where a cited passage is no longer as the answer
    was made from it, and where an earlier row approved another answer for the same question. Raises UsageError for an empty
    name, CollectionError where there is no collection, StorageError where it cannot be written.
    """
    name = " ".join(by.split())
    if not name:
        raise UsageError("approve_by")
    at = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    collection = know_how.collection
    kept: dict[str, ApprovedAnswer] = {}
    refused: list[Refused] = []
    with collection.writer(), Ledger(collection.ledger_path, write=True) as ledger:
        if ledger.generation == 0:
            raise CollectionError("no_collection", path=collection.folder)
        with ledger.snapshot():
            passages = Passages(ledger)
            for row in rows:
                made = _made(row, passages, by=name, at=at)
                if isinstance(made, ApprovedAnswer) and made.id in kept and kept[made.id].answer != made.answer:
                    made = "asked_twice"
                if isinstance(made, ApprovedAnswer):
                    kept[made.id] = made
                else:
                    refused.append(Refused(number=row.number, question=row.question, reason=made))
        put_approved(ledger, kept.values())
    return Approved(kept=tuple(kept.values()), refused=tuple(refused))


def withdraw(know_how: KnowHow, ids: Sequence[str]) -> int:
    """Takes approvals back, by the beginnings of their ids, and says how many there were.

    Raises UsageError for an id that names no approved answer or more than one, StorageError where it cannot be written.
    """
    collection = know_how.collection
    with collection.writer(), Ledger(collection.ledger_path, write=True) as ledger:
        known = [answer.id for answer in approved_answers(ledger)]
        chosen = []
        for one in ids:
            meant = [name for name in known if one and name.startswith(one)]
            if len(meant) != 1:
                raise UsageError("approved_id", id=one, count=len(meant))
            chosen += meant
        return remove_approved(ledger, chosen)


def approved_id(question: str) -> str:
    """The id of the approved answer for ``question``: of its key, so that the same question has one. 16 hex digits."""
    return hashlib.sha256(question_key(question).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _made(row: ApprovedRow, passages: Passages, *, by: str, at: str) -> ApprovedAnswer | Refusal:
    try:
        question = clean_question(row.question)
    except UsageError:
        return "no_question"
    if not row.answer.strip():
        return "no_answer"
    if not row.citations:
        return "no_citation"
    pins = []
    for cited in row.citations:
        chunk = passages.find(cited.passage_hash, source=cited.source, document_id=cited.document_id)
        if chunk is None or cited.quote not in chunk.text:
            return "passage_changed"
        # A sheet leaves quotes out that would not fit into its cell.
        pins.append(Pin.of(chunk, marker=cited.marker, quote=cited.quote or chunk.text))
    return ApprovedAnswer(
        id=approved_id(question), question=question, answer=row.answer.strip(), by=by, at=at, pins=tuple(pins)
    )
