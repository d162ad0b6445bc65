"""``/v1``: the same answers for programs that speak OpenAI's protocol (https://platform.openai.com/docs/api-reference)."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from qeu_rag.answer.question import clean_question
from qeu_rag.errors import QeuRagError, UsageError
from qeu_rag.language import page_words
from qeu_rag.payload import answer_payload
from qeu_rag.serve.access import Asking, Caller
from qeu_rag.serve.queue import Running
from qeu_rag.serve.refusals import Json, body_of, in_json, language_of
from qeu_rag.serve.routes.ask import Question, Turn, answering, note_question, whole
from qeu_rag.serve.service import Here, Service
from qeu_rag.types import Answer

router = APIRouter(prefix="/v1", tags=["as OpenAI's"])

MODEL, EMBEDDING = "qeu-rag", "qeu-rag-embedding"
_LONGEST = 100_000
_CREATED = 0
"""Clients want a moment at which a model was made; a collection has none that means anything to them."""


class Loose(BaseModel):
    """What clients send: of the right types where we read it, and with whatever else they send for other models."""

    model_config = ConfigDict(extra="allow", strict=True)


class Part(Loose):
    """A part of a message's content."""

    type: str
    text: Annotated[str, Field(max_length=_LONGEST)] = ""


class Message(Loose):
    """A message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, Field(max_length=_LONGEST)] | list[Part] | None = None

    def words(self) -> str:
        """The text alone. Raises UsageError("content_kind") for pictures and sound."""
        if not isinstance(self.content, list):
            return self.content or ""
        for part in self.content:
            if part.type not in ("text", "refusal"):
                raise UsageError("content_kind", kind=part.type[:50])
        return "\n".join(part.text for part in self.content)


class Chat(Loose):
    """A conversation that wants its next message."""

    model: Annotated[str, Field(max_length=100)]
    messages: Annotated[list[Message], Field(min_length=1, max_length=2000)]
    stream: bool | None = None
    n: Annotated[int | None, Field(ge=1, le=1)] = None


class Embedding(Loose):
    """Texts that want vectors."""

    model: Annotated[str, Field(max_length=100)]
    input: Annotated[str, Field(max_length=_LONGEST)] | list[str] | list[int] | list[list[int]]
    encoding_format: Literal["float", "base64"] | None = None
    input_type: Literal["query", "passage"] = "passage"


@router.get("/models")
def models(service: Here, caller: Asking) -> Response:
    """The collections that the caller may ask, and the encoder."""
    names = [name for name in service.collections.names() if caller.sees(name)]
    ids = [MODEL, *(f"{MODEL}/{name}" for name in names), EMBEDDING] if names else [EMBEDDING]
    return Json({"object": "list", "data": [_model(one) for one in ids]})


@router.get("/models/{name:path}")
def model(service: Here, caller: Asking, name: str) -> Response:
    """One of the models."""
    if name != EMBEDDING:
        _collection(service, caller, name)
    return Json(_model(name))


@router.post("/chat/completions", responses={200: {"content": {"text/event-stream": {}}}})
async def chat(body: Chat, request: Request, service: Here, caller: Asking) -> Response:
    """The answer to the last message of the user, with its sources as footnotes and whole in ``qeu_rag``."""
    collection = _collection(service, caller, body.model)
    question = _question(body.messages)
    note_question(request, service, question.question)
    running = service.queue.start(lambda left: answering(service, collection, question, left))
    head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": body.model}
    lang = language_of(request)
    if body.stream:
        return StreamingResponse(_chunks(running, request, head, lang), media_type="text/event-stream")
    answer = whole(await running.last(request))
    message = {"role": "assistant", "content": answer.text + footnotes(answer, lang), "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return Json({**head, "object": "chat.completion", "choices": [choice], "qeu_rag": answer_payload(answer)})


@router.post("/embeddings")
async def embeddings(body: Embedding, request: Request, service: Here, caller: Asking) -> Response:
    """The encoder's unit vectors of texts."""
    if body.model != EMBEDDING:
        raise UsageError("model_id_unknown", name=body.model)
    texts = [body.input] if isinstance(body.input, str) else body.input
    strings = [text for text in texts if isinstance(text, str)]
    if len(strings) != len(texts) or not strings:
        raise UsageError("embedding_tokens")
    know_how = service.collections.open(service.collections.default)

    def work() -> list[Any]:
        if body.input_type == "query":
            return [know_how.networks.embedder.embed_query(text) for text in strings]
        return list(know_how.networks.embedder.embed_passages(strings))

    vectors = await service.queue.run(request, work)
    shown = [
        base64.b64encode(vector.astype("<f4").tobytes()).decode()
        if body.encoding_format == "base64"
        else vector.tolist()
        for vector in vectors
    ]
    data = [{"object": "embedding", "index": n, "embedding": one} for n, one in enumerate(shown)]
    return Json({"object": "list", "model": body.model, "data": data, "usage": {"prompt_tokens": 0, "total_tokens": 0}})


def footnotes(answer: Answer, lang: str) -> str:
    """A line for each marker of an answer: where it stands, and the quoted words."""
    lines = []
    for citation in answer.citations:
        chunk = citation.chunk
        place = f"{chunk.context} ({chunk.source}{page_words(chunk.source, chunk.page, lang)})"
        lines.append(f"[{citation.marker}] {place}: “{' '.join(citation.quote.split())}”")
    return "\n\n" + "\n".join(lines) if lines else ""


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "qeu_rag"}


def _collection(service: Service, caller: Caller, model: str) -> str:
    """The collection that a model's name means. Raises UsageError("model_id_unknown"), as of one that may not be seen."""
    prefix, _, name = model.partition("/")
    try:
        if prefix == MODEL:
            return caller.choose(service, name or None)
    except UsageError as error:
        raise UsageError("model_id_unknown", name=model) from error
    raise UsageError("model_id_unknown", name=model)


def _question(messages: list[Message]) -> Question:
    """The last message of the user, and the turns before it."""
    turns: list[Turn] = []
    last = ""
    for message in messages:
        words = message.words()
        if message.role == "user":
            last = clean_question(words) if message is messages[-1] else words
        elif message.role == "assistant" and last.strip() and words:
            # A turn that cannot have been asked here is no history.
            if len(last) <= 4000:
                turns.append(Turn(question=last, answer=words))
            last = ""
    if messages[-1].role != "user":
        raise UsageError("question_last")
    return Question(question=last, history=turns[-1000:], collection=None)


async def _chunks(
    running: Running[str | Answer], request: Request, head: dict[str, Any], lang: str
) -> AsyncIterator[bytes]:
    def chunk(delta: dict[str, str], *, end: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": end, "logprobs": None}
        return format_sse_event(
            data_str=in_json({**head, "object": "chat.completion.chunk", "choices": [choice], **more})
        )

    try:
        yield chunk({"role": "assistant", "content": ""})
        async for piece in running.pieces(request):
            if not isinstance(piece, Answer):
                yield chunk({"content": piece})
                continue
            if notes := footnotes(piece, lang):
                yield chunk({"content": notes})
            yield chunk({}, end="stop", qeu_rag=answer_payload(piece))
    except QeuRagError as error:
        yield format_sse_event(data_str=in_json(body_of(error, lang)))
    except ClientDisconnect:
        return
    yield format_sse_event(data_str="[DONE]")
