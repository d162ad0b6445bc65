"""What people decide and what they should look at: approvals, stale answers, conflicts and gaps."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from qeu_rag.answer.same_question import question_id
from qeu_rag.app import KnowHow
from qeu_rag.errors import CollectionError
from qeu_rag.faq.approve import ApprovedRow, CitedPassage, approve
from qeu_rag.faq.conflicts import find_conflicts
from qeu_rag.faq.gaps import find_gaps
from qeu_rag.faq.payload import approved_payload, conflict_payload, gap_payload
from qeu_rag.faq.review import ApprovedState, approved_states, renew, withdraw
from qeu_rag.language import say
from qeu_rag.payload import SCHEMA_VERSION
from qeu_rag.serve.access import Asking, Deciding, Named
from qeu_rag.serve.refusals import Json, language_of
from qeu_rag.serve.routes.ask import Body, Collection
from qeu_rag.serve.service import Here
from qeu_rag.serve.shapes.decisions_and_state import ApprovedList, ConflictsOf, GapsOf, KeptRows, RenewedOf

router = APIRouter(prefix="/api", tags=["decisions"])

Short = Annotated[str, Field(max_length=200)]
Long = Annotated[str, Field(max_length=100_000)]


class Cited(Body):
    """A citation of an answer, as the answer's JSON has it."""

    marker: Annotated[int, Field(ge=0, le=1000)]
    source: Long
    document_id: Short
    passage_hash: Short
    quote: Long


class Row(Body):
    """An answer that a person approves, with what it stands on."""

    question: Annotated[str, Field(max_length=4000)]
    answer: Long
    citations: Annotated[list[Cited], Field(max_length=1000, default_factory=list)]
    sources: Long = ""
    quotes: Long = ""


class Approval(Body):
    """Answers to be given word for word from now on."""

    rows: Annotated[list[Row], Field(min_length=1, max_length=10_000)]
    by: Short = ""
    replace: bool = False
    collection: Collection


class Renewal(Body):
    """Ids of stale answers that stand as they are."""

    ids: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(min_length=1, max_length=1000)]
    by: Short = ""
    collection: Collection


@router.get("/approvals", response_model=ApprovedList)
def approvals(service: Here, caller: Asking, collection: Named = None) -> Response:
    """Every approved answer, and whether it still stands."""
    return _approved(_states(caller.open(service, collection)))


@router.get("/stale", response_model=ApprovedList)
def stale(service: Here, caller: Asking, collection: Named = None) -> Response:
    """The approved answers that are not given any more."""
    return _approved([state for state in _states(caller.open(service, collection)) if state.changed])


@router.post("/approvals", response_model=KeptRows)
def add(body: Approval, request: Request, service: Here, caller: Deciding) -> Response:
    """Keeps approved answers, each pinned to the passages it cites."""
    know_how = caller.open(service, body.collection)
    lang = language_of(request)
    refused: list[dict[str, Any]] = []
    rows = []
    with service.once.hold(("approvals", know_how.settings.collection)):
        known = {} if body.replace else {one.approved.id: one.approved for one in _states(know_how)}
        for number, row in enumerate(body.rows, 1):
            before = known.get(question_id(row.question))
            if before is not None and before.answer != row.answer.strip():
                values = {"by": before.by, "at": before.at[:10]}
                refused.append(_refused(number, row.question, "approved_meanwhile", values, lang))
            else:
                rows.append(_approved_row(number, row))
        done = approve(know_how, rows, by=caller.name or body.by)
    refused += [_refused(one.number, one.question, one.reason, one.values, lang) for one in done.refused]
    replaced = [
        {
            "question": one.before.question,
            "by": one.before.by,
            "at": one.before.at,
            "before": one.before.answer,
            "after": one.after.answer,
            "same": one.same,
        }
        for one in done.replaced
    ]
    kept = [answer.id for answer in done.kept]
    return Json({"schema_version": SCHEMA_VERSION, "kept": kept, "refused": refused, "replaced": replaced})


@router.post("/approvals/renew", response_model=RenewedOf)
def stand_again(body: Renewal, service: Here, caller: Deciding) -> Response:
    """Approves stale answers again on the passages as they are now."""
    done = renew(caller.open(service, body.collection), body.ids, by=caller.name or body.by)
    return Json({"kept": [answer.id for answer in done.kept], "gone": [answer.id for answer in done.gone]})


@router.delete("/approvals", status_code=204)
def take_back(
    service: Here,
    caller: Deciding,
    key: Annotated[str, Query(alias="id", min_length=1, max_length=64)],
    collection: Named = None,
) -> Response:
    """Takes an approval back."""
    withdraw(caller.open(service, collection), [key])
    return Response(status_code=204)


@router.get("/conflicts", response_model=ConflictsOf)
def conflicts(service: Here, caller: Asking, collection: Named = None) -> Response:
    """Passages of two documents that say two things."""
    know_how = caller.open(service, collection)
    with know_how.collection.reading() as ledger:
        generation = ledger.generation
    name = ("conflicts", know_how.settings.collection)
    found = service.once.get(name, generation, lambda: find_conflicts(know_how))
    return Json({"schema_version": SCHEMA_VERSION, "conflicts": [conflict_payload(one) for one in found]})


@router.get("/gaps", response_model=GapsOf)
def gaps(service: Here, caller: Deciding, collection: Named = None) -> Response:
    """The questions that the documents still do not answer well, and those whose answers were called wrong."""
    know_how = caller.open(service, collection)
    entries, said = know_how.record.questions.entries(), know_how.record.questions.feedback()
    with know_how.collection.reading() as ledger:
        state = (ledger.generation, ledger.meta("approved"), len(entries), entries[-1:], len(said), said[-1:])
    found = service.once.get(("gaps", know_how.settings.collection), state, lambda: find_gaps(know_how, entries, said))
    shown = [gap_payload(gap) for gap in found]
    return Json({"schema_version": SCHEMA_VERSION, "logged": know_how.settings.log.questions, "gaps": shown})


def _states(know_how: KnowHow) -> list[ApprovedState]:
    try:
        return list(approved_states(know_how))
    except CollectionError as error:
        if error.key != "no_collection":
            raise
        return []


def _approved(states: list[ApprovedState]) -> Response:
    return Json({"schema_version": SCHEMA_VERSION, "approved": [approved_payload(state) for state in states]})


def _approved_row(number: int, row: Row) -> ApprovedRow:
    return ApprovedRow(
        number=number,
        question=row.question,
        answer=row.answer,
        citations=tuple(CitedPassage(**cited.model_dump()) for cited in row.citations),
        sources=row.sources,
        quotes=row.quotes,
    )


def _refused(number: int, question: str, reason: str, values: Any, lang: str) -> dict[str, Any]:
    message = say(f"approve.{reason}", lang, **values)
    return {"row": number, "question": question, "reason": reason, "message": message}
