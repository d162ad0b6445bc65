"""Which approved answers stand, and which are stale, with each passage as it was and as it is."""

from __future__ import annotations

from dataclasses import dataclass

from qeu_rag.app import KnowHow
from qeu_rag.errors import CollectionError
from qeu_rag.index.approved import ApprovedAnswer, Passages, Pin, approved_answers
from qeu_rag.index.ledger import Ledger
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
