"""Which approved answers still stand on their passages, which are stale, and how stale ones are approved again or taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher

from qeu_rag.app import KnowHow
from qeu_rag.errors import CollectionError, UsageError
from qeu_rag.faq.approve import signed
from qeu_rag.index.approved import ApprovedAnswer, Passages, Pin, approved_answers, put_approved, remove_approved
from qeu_rag.index.ledger import Ledger
from qeu_rag.text.sentences import sentences
from qeu_rag.types import Chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPassage:
    """A pinned passage that does not stand any more, and what stands in its document now in its place (None: it is gone)."""

    before: Pin
    after: Chunk | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedState:
    """An approved answer with its changed passages: none while it stands."""

    approved: ApprovedAnswer
    changed: tuple[ChangedPassage, ...]


def approved_states(know_how: KnowHow) -> tuple[ApprovedState, ...]:
    """Every approved answer in the order of approval, read in one snapshot. Raises CollectionError where there is none."""
    path = know_how.collection.ledger_path
    with Ledger(path) as ledger, ledger.snapshot():
        if ledger.generation == 0:
            raise CollectionError("no_collection", path=path.parent)
        passages = Passages(ledger)
        return tuple(_state(passages, answer) for answer in approved_answers(ledger))


def _state(passages: Passages, answer: ApprovedAnswer) -> ApprovedState:
    standing = passages.standing(answer)
    changed = tuple(
        ChangedPassage(before=pin, after=passages.nearest(pin))
        for pin, chunk in zip(answer.pins, standing.chunks, strict=True)
        if chunk is None
    )
    return ApprovedState(approved=answer, changed=changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """The result of a renewal: the answers that stand again, and those whose document is gone."""

    kept: tuple[ApprovedAnswer, ...]
    gone: tuple[ApprovedAnswer, ...]


def renew(know_how: KnowHow, ids: Sequence[str], *, by: str, now: datetime | None = None) -> Renewed:
    """Approves the answers with these ids (or beginnings of ids) again, word for word, in the name of ``by``.

    Each passage is pinned as it stands now; of a changed one, what stands in its place (``faq stale`` shows it). Raises
    UsageError for an empty name, or an id that names no approved answer or more than one; StorageError as ``approve``.
    """
    name, at = signed(by, now)
    kept: list[ApprovedAnswer] = []
    gone: list[ApprovedAnswer] = []
    with know_how.collection.writer(), Ledger(know_how.collection.ledger_path, write=True) as ledger:
        with ledger.snapshot():
            passages = Passages(ledger)
            for answer in _chosen(approved_answers(ledger), ids):
                now_there = [passages.place(pin) or passages.nearest(pin) for pin in answer.pins]
                pins = [
                    Pin.of(chunk, marker=pin.marker, quote=_quote(pin, chunk))
                    for pin, chunk in zip(answer.pins, now_there, strict=True)
                    if chunk is not None
                ]
                if len(pins) == len(answer.pins):
                    kept.append(replace(answer, by=name, at=at, pins=tuple(pins)))
                else:
                    gone.append(answer)
        put_approved(ledger, kept)
    return Renewed(kept=tuple(kept), gone=tuple(gone))


def withdraw(know_how: KnowHow, ids: Sequence[str]) -> tuple[ApprovedAnswer, ...]:
    """Deletes the approvals whose ids begin so, and returns them.

    Raises UsageError for an id that names no approved answer or more than one, StorageError where it cannot be written.
    """
    collection = know_how.collection
    with collection.writer(), Ledger(collection.ledger_path, write=True) as ledger:
        chosen = _chosen(approved_answers(ledger), ids)
        remove_approved(ledger, [answer.id for answer in chosen])
    return tuple(chosen)


def _chosen(known: Sequence[ApprovedAnswer], ids: Sequence[str]) -> list[ApprovedAnswer]:
    chosen: dict[str, ApprovedAnswer] = {}
    for one in ids:
        meant = [answer for answer in known if one and answer.id.startswith(one)]
        if len(meant) != 1:
            raise UsageError("approved_id", id=one, count=len(meant))
        chosen[meant[0].id] = meant[0]
    return list(chosen.values())


def _quote(pin: Pin, chunk: Chunk) -> str:
    """The quote where ``chunk`` still holds it, else the run of as many sentences that is most like it."""
    if pin.quote in chunk.text:
        return pin.quote
    spans = sentences(chunk.text)
    many = min(max(1, len(sentences(pin.quote))), len(spans))
    runs = [chunk.text[spans[at].start : spans[at + many - 1].end] for at in range(len(spans) - many + 1) if spans]
    likeness = SequenceMatcher(b=pin.quote, autojunk=False)

    def alike(run: str) -> float:
        likeness.set_seq1(run)
        return likeness.ratio()

    return max(runs, key=alike, default=chunk.text)
