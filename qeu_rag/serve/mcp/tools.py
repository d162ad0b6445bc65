"""What assistants can do here: each tool with what it takes and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Protocol
from urllib.parse import quote

from pydantic import Field, ValidationError

from qeu_rag.answer.question import clean_question
from qeu_rag.app import KnowHow
from qeu_rag.errors import UsageError
from qeu_rag.payload import answer_payload, documents_payload, ingest_payload, search_payload
from qeu_rag.serve.access import Caller
from qeu_rag.serve.collections import Collections, HasCollections
from qeu_rag.serve.queue import Queue
from qeu_rag.serve.routes.ask import Body, Question, Text, answering, whole
from qeu_rag.serve.tokens import Scope

SCHEME = "qeu-rag://"
Collection = Annotated[str | None, Field(max_length=63, description="A collection's name; without it the usual one.")]


class Desk(HasCollections, Protocol):
    """What the tools work with; a server's ``Service`` is one."""

    @property
    def queue(self) -> Queue: ...  # noqa: D102

    @property
    def lang(self) -> str: ...  # noqa: D102


class Asked(Body):
    """Answers a question from the company's documents, with the quote and place of every statement.

    `certainty` is "sure" or "likely"; `status` "abstained" says that the documents do not answer: say so, and do not guess.
    """

    question: Annotated[Text, Field(description="The question whole, in Japanese or English.")]
    collection: Collection = None


class Sought(Body):
    """Finds the passages of the company's documents that are nearest to a question or subject, best first."""

    question: Annotated[Text, Field(description="A question or subject, in Japanese or English.")]
    k: Annotated[int | None, Field(ge=1, le=100, description="How many passages.")] = None
    collection: Collection = None


class Passage(Body):
    """Gives one passage word for word, with its place in its document and, if wanted, the text around it."""

    chunk_id: Annotated[str, Field(max_length=200, description="As a citation or a search result has it.")]
    around: Annotated[int, Field(ge=0, le=20_000, description="So many characters before and after it, too.")] = 0
    collection: Collection = None


class Listed(Body):
    """Lists the documents by name, with the collections that can be asked and the files that could not be read."""

    contains: Annotated[str, Field(max_length=200, description="Only those with this in their path or title.")] = ""
    first: Annotated[int, Field(ge=0, le=10_000_000, description="How many to pass over.")] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    collection: Collection = None


class Reread(Body):
    """Reads again what changed in the folders that this server was given; answers are of the new state from then on."""


Left = Callable[[], bool]
"""Says whether who asked is gone."""
Give = Callable[[Desk, Caller, Any, Left], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool: what it takes, the scope that it needs, and what makes its result, in a thread of the queue."""

    takes: type[Body]
    give: Give
    scope: Scope = "ask"

    @property
    def about(self) -> str:
        """What it does, for the assistant."""
        return " ".join((self.takes.__doc__ or "").split())

    def taken(self, arguments: Mapping[str, Any]) -> Body:
        """``arguments`` as they are meant. Raises UsageError("body_wrong")."""
        try:
            return self.takes.model_validate(arguments)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise UsageError("body_wrong", where=where[:200], detail=first["msg"][:300]) from error


def tools(folders: tuple[Path, ...]) -> Mapping[str, Tool]:
    """Every tool by name; one that changes something is there only where ``folders`` may be read in."""
    found = {
        "ask": Tool(takes=Asked, give=_ask),
        "search": Tool(takes=Sought, give=_search),
        "read_passage": Tool(takes=Passage, give=_passage),
        "list_documents": Tool(takes=Listed, give=_documents),
    }
    if folders:
        found["ingest"] = Tool(takes=Reread, give=lambda desk, *_: _ingest(desk.collections, folders), scope="ingest")
    return MappingProxyType(found)


def _ask(desk: Desk, caller: Caller, given: Asked, left: Left) -> dict[str, Any]:
    question = Question(question=clean_question(given.question), collection=given.collection)
    *_, last = answering(desk, caller.choose(desk, given.collection), question, left)
    made = answer_payload(whole(last))
    # An assistant pays for every word it reads: the passages are to be had by `search` and `read_passage`.
    return {name: value for name, value in made.items() if name not in ("evidence", "timings", "highlights")}


def _search(desk: Desk, caller: Caller, given: Sought, _: Left) -> dict[str, Any]:
    know_how = desk.collections.ready(caller.choose(desk, given.collection))
    return search_payload(given.question, know_how.search(given.question, k=given.k))


def _passage(desk: Desk, caller: Caller, given: Passage, _: Left) -> dict[str, Any]:
    know_how = caller.open(desk, given.collection)
    with know_how.collection.reading() as ledger:
        chunk = ledger.chunks((given.chunk_id,)).get(given.chunk_id)
        document = ledger.document(chunk.document_id) if chunk else None
    if chunk is None or document is None:
        raise UsageError("passage_unknown", name=given.chunk_id)
    span, around = chunk.span, given.around
    return {
        "chunk_id": chunk.id,
        "source": chunk.source,
        "title": chunk.title,
        "headings": list(chunk.headings),
        "page": chunk.page,
        "before": document.text[max(0, span.start - around) : span.start],
        "text": chunk.passage,
        "after": document.text[span.end : span.end + around],
        "resource": address_of(know_how, chunk.document_id),
    }


def _documents(desk: Desk, caller: Caller, given: Listed, _: Left) -> dict[str, Any]:
    know_how = caller.open(desk, given.collection)
    made = documents_payload(know_how.documents())
    wanted = given.contains.casefold()
    found = [one for one in made["documents"] if wanted in f"{one['source']}\n{one['title']}".casefold()]
    shown = found[given.first : given.first + given.limit]
    return {
        "collection": know_how.settings.collection,
        "collections": [name for name in desk.collections.names() if caller.sees(name)],
        "total": len(found),
        "documents": [{**one, "resource": address_of(know_how, one["document_id"])} for one in shown],
        "skipped": made["skipped"][: given.limit],
    }


def _ingest(collections: Collections, folders: tuple[Path, ...]) -> dict[str, Any]:
    return ingest_payload(collections.open(collections.default).ingest(folders))


def address_of(know_how: KnowHow, document_id: str) -> str:
    """The address under which a document of this collection is a resource."""
    return f"{SCHEME}{quote(know_how.settings.collection)}/{document_id}"
