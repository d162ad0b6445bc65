"""Stores the answers that a person approved, each pinned to the present text of the passages it cites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from qeu_rag.answer.question import clean_question
from qeu_rag.answer.same_question import SIMILAR, compared, question_id, similarity
from qeu_rag.app import KnowHow
from qeu_rag.errors import CollectionError, UsageError
from qeu_rag.faq.named_passages import NamedProblem, NotNamed, named_pins
from qeu_rag.index.approved import ApprovedAnswer, Passages, Pin, approved_answers, put_approved
from qeu_rag.index.ledger import Ledger
from qeu_rag.language import likely_line

Refusal = Literal["no_answer", "passage_changed", "no_question", "asked_twice"] | NamedProblem


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
    """A row that a person marked as approved; ``number`` as the person sees it, ``answer`` as it stands there now.

    ``sources`` and ``quotes`` are what a person wrote into these columns, and go before ``citations``; empty where they are as
    they were.
    """

    number: int
    question: str
    answer: str
    citations: tuple[CitedPassage, ...]
    sources: str = ""
    quotes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A row that was not kept, and why; ``values`` are for the message."""

    number: int
    question: str
    reason: Refusal
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """An earlier approval for the same question (``same``: in equal words) that says otherwise or is another person's.

    It is gone where ``same``; else both stand, and the question in the words of either gets its own.
    """

    before: ApprovedAnswer
    after: ApprovedAnswer
    same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """The result of an approval: the answers kept, the rows refused, and the earlier approvals replaced or contradicted."""

    kept: tuple[ApprovedAnswer, ...]
    refused: tuple[Refused, ...]
    replaced: tuple[Replaced, ...] = ()


def approve(know_how: KnowHow, rows: Iterable[ApprovedRow], *, by: str, now: datetime | None = None) -> Approved:
    """Keeps the answers of ``rows`` as approved by ``by``; what cannot be pinned is refused, and the rest is kept.

    A row is refused without an answer or question, without a citation or a source that a person named, where a cited passage is
    no longer as the answer was made from it, and where an earlier row approved another answer for the same question. An approval
    that says nothing new leaves the earlier one as it is. Raises UsageError for an empty name, CollectionError where there is no
    collection, StorageError where it cannot be written.
    """
    name, at = signed(by, now)
    collection = know_how.collection
    kept: dict[str, ApprovedAnswer] = {}
    refused: list[Refused] = []
    with collection.writer(), Ledger(collection.ledger_path, write=True) as ledger:
        if ledger.generation == 0:
            raise CollectionError("no_collection", path=collection.folder)
        with ledger.snapshot():
            passages = Passages(ledger)
            for row in rows:
                made = _approved_or_refused(row, passages, by=name, at=at)
                if isinstance(made, ApprovedAnswer) and made.id in kept and kept[made.id].answer != made.answer:
                    made = _refused(row, "asked_twice")
                if isinstance(made, ApprovedAnswer):
                    kept[made.id] = made
                else:
                    refused.append(made)
            earlier = approved_answers(ledger)
        known = {answer.id: answer for answer in earlier}
        replaced = tuple(_replacements(kept.values(), earlier, know_how.parts.analyzer.word_terms))
        put_approved(ledger, (answer for answer in kept.values() if not _says_the_same(answer, known.get(answer.id))))
    return Approved(kept=tuple(kept.values()), refused=tuple(refused), replaced=replaced)


def _says_the_same(answer: ApprovedAnswer, before: ApprovedAnswer | None) -> bool:
    return before is not None and replace(before, at=answer.at, question=answer.question) == answer


def _replacements(
    kept: Iterable[ApprovedAnswer], earlier: Sequence[ApprovedAnswer], word_terms: Callable[[str], list[str]]
) -> Iterator[Replaced]:
    """The earlier approvals that are replaced, or that answer a question in nearly the same words differently."""
    asked = [(before, compared(before.question, word_terms)) for before in earlier]
    now = {answer.id for answer in kept}
    for after in kept:
        question = compared(after.question, word_terms)
        for before, other in asked:
            if before.id == after.id:
                if (before.answer, before.by) != (after.answer, after.by):
                    yield Replaced(before=before, after=after, same=True)
            elif before.id not in now and before.answer != after.answer and similarity(question, other) >= SIMILAR:
                yield Replaced(before=before, after=after, same=False)


def signed(by: str, now: datetime | None) -> tuple[str, str]:
    """The name of who approves and the moment as they are kept. Raises UsageError for an empty name."""
    name = " ".join(by.split())
    if not name:
        raise UsageError("approve_by")
    return name, (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")


def _approved_or_refused(row: ApprovedRow, passages: Passages, *, by: str, at: str) -> ApprovedAnswer | Refused:
    try:
        question = clean_question(row.question)
    except UsageError:
        return _refused(row, "no_question")
    # What a person approved is not only probably so.
    answer = row.answer.strip().removeprefix(likely_line(row.answer.strip())).strip()
    if not answer:
        return _refused(row, "no_answer")
    pins: tuple[Pin, ...] | NotNamed | None
    if row.citations and not (row.sources or row.quotes):
        pins = _cited_pins(row.citations, passages)
    else:
        pins = named_pins(passages, row.sources, row.quotes)
    if pins is None:
        return _refused(row, "passage_changed")
    if isinstance(pins, NotNamed):
        return Refused(number=row.number, question=row.question, reason=pins.reason, values=pins.values)
    return ApprovedAnswer(id=question_id(question), question=question, answer=answer, by=by, at=at, pins=pins)


def _refused(row: ApprovedRow, reason: Refusal) -> Refused:
    return Refused(number=row.number, question=row.question, reason=reason)


def _cited_pins(citations: Iterable[CitedPassage], passages: Passages) -> tuple[Pin, ...] | None:
    """The pins of the cited passages; None where a passage has changed."""
    pins = []
    for cited in citations:
        chunk = passages.find(cited.passage_hash, source=cited.source, document_id=cited.document_id)
        if chunk is None or cited.quote not in chunk.text:
            return None
        # A sheet leaves quotes out that would not fit into its cell.
        pins.append(Pin.of(chunk, marker=cited.marker, quote=cited.quote or chunk.text))
    return tuple(pins)
