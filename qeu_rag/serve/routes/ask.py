"""``/api/ask``, ``/api/search`` and ``/api/feedback``: a question in, a cited answer out, whole or as it is made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from qeu_rag.answer.conversation import HISTORY
from qeu_rag.answer.question import MAX_QUESTION, clean_question
from qeu_rag.errors import QeuRagError
from qeu_rag.payload import answer_payload, search_payload
from qeu_rag.serve.access import Asking
from qeu_rag.serve.collections import HasCollections
from qeu_rag.serve.queue import Running
from qeu_rag.serve.refusals import Json, body_of, in_json, language_of
from qeu_rag.serve.service import Here, Service
from qeu_rag.serve.shapes.answers import AnswerOf, FoundPassages
from qeu_rag.types import Answer

router = APIRouter(prefix="/api", tags=["ask"])

Text = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION)]
Collection = Annotated[str | None, Field(default=None, max_length=63)]


class Body(BaseModel):
    """What all JSON bodies have in common: nothing unknown, nothing of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Turn(Body):
    """A question that was asked before, and the answer that it got."""

    question: Text
    answer: Annotated[str, Field(max_length=100_000)]


class Question(Body):
    """A question, and what was said before it, oldest first."""

    question: Text
    history: Annotated[list[Turn], Field(max_length=1000)] = []
    collection: Collection
    k: Annotated[int | None, Field(ge=1, le=100)] = None
    long: bool = False


class Search(Body):
    """A question of which only the passages are wanted."""

    question: Text
    collection: Collection
    k: Annotated[int | None, Field(ge=1, le=100)] = None


class Feedback(Body):
    """Whether an answer helped."""

    question: Text
    helped: bool
    collection: Collection


@router.post("/ask", response_model=AnswerOf, responses={200: {"content": {"text/event-stream": {}}}})
async def ask(body: Question, request: Request, service: Here, caller: Asking) -> Response:
    """The answer as JSON, or with ``Accept: text/event-stream`` piece by piece."""
    collection = caller.choose(service, body.collection)
    clean_question(body.question)
    note_question(request, service, body.question)
    running = service.queue.start(lambda left: answering(service, collection, body, left))
    if "text/event-stream" in request.headers.get("accept", ""):
        return StreamingResponse(_events(running, request), media_type="text/event-stream")
    return Json(answer_payload(whole(await running.last(request))))


@router.post("/search", response_model=FoundPassages)
async def search(body: Search, request: Request, service: Here, caller: Asking) -> Response:
    """The passages nearest to a question."""
    collection = caller.choose(service, body.collection)
    note_question(request, service, body.question)
    work = lambda: service.collections.ready(collection).search(body.question, k=body.k)  # noqa: E731
    return Json(search_payload(body.question, await service.queue.run(request, work)))


@router.post("/feedback", status_code=204)
async def feedback(body: Feedback, request: Request, service: Here, caller: Asking) -> Response:
    """Keeps whether the answer to a question helped in the log of questions."""
    know_how = caller.open(service, body.collection)
    question = clean_question(body.question)
    await service.queue.run(request, lambda: know_how.record.questions.judge(question, helped=body.helped))
    return Response(status_code=204)


def answering(
    service: HasCollections, collection: str, body: Question, left: Callable[[], bool]
) -> Iterator[str | Answer]:
    """The pieces of the answer and then the answer, the last turns before it taken up; for a thread of the queue."""
    talk = service.collections.ready(collection).conversation(k=body.k, long=body.long, stopped=left)
    for turn in body.history[-HISTORY:]:
        talk.recall(turn.question, turn.answer)
    yield from talk.stream(body.question)


def whole(piece: str | Answer) -> Answer:
    """The answer that a stream ends with."""
    if not isinstance(piece, Answer):
        raise AssertionError("a stream ends with the answer")
    return piece


def note_question(request: Request, service: Service, question: str) -> None:
    """Gives the server's log the question, where it was asked for."""
    if service.questions_logged:
        request.state.question = question


async def _events(running: Running[str | Answer], request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in running.pieces(request):
            if isinstance(piece, Answer):
                yield event("answer", answer_payload(piece))
            else:
                yield event("text", {"text": piece})
    except QeuRagError as error:
        yield event("error", body_of(error, language_of(request)))
    except ClientDisconnect:
        return


def event(name: str, value: Any) -> bytes:
    """One server-sent event with ``value`` as JSON."""
    return format_sse_event(event=name, data_str=in_json(value))
