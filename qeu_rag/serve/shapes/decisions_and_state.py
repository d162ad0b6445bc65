"""What comes back about what people decide, and about the server's state."""

from __future__ import annotations

from typing import Literal

from qeu_rag.serve.shapes.answers import Shape, Versioned


class PinOf(Shape):
    """A passage under an approved answer, as it was when it was approved."""

    marker: int
    source: str
    page: int | None
    passage_hash: str
    quote: str


class ChangeOf(Shape):
    """A passage that changed under an approved answer; ``after`` is null where it is gone."""

    marker: int
    source: str
    before: str
    after: str | None


class ApprovedOf(Shape):
    """An approved answer; ``stale``: it is not given any more."""

    id: str
    question: str
    answer: str
    by: str
    at: str
    stale: bool
    citations: list[PinOf]
    changed: list[ChangeOf]


class ApprovedList(Versioned):
    """Approved answers."""

    approved: list[ApprovedOf]


class RefusedRow(Shape):
    """A row that was not kept, and why."""

    row: int
    question: str
    reason: str
    message: str


class ReplacedRow(Shape):
    """An approved answer that a new one replaced."""

    question: str
    by: str
    at: str
    before: str
    after: str
    same: bool


class KeptRows(Versioned):
    """What became of the rows that somebody approved."""

    kept: list[str]
    refused: list[RefusedRow]
    replaced: list[ReplacedRow]


class RenewedOf(Shape):
    """The ids of answers that stand again, and of those that are gone."""

    kept: list[str]
    gone: list[str]


class SideOf(Shape):
    """A passage that is shown beside others."""

    source: str
    title: str
    headings: list[str]
    page: int | None
    passage_hash: str
    quote: str


class ConflictOf(Shape):
    """Two passages that say two things."""

    kind: Literal["number", "unit", "date", "negation"]
    values: list[str]
    alike: float
    first: SideOf
    second: SideOf


class ConflictsOf(Versioned):
    """All of them."""

    conflicts: list[ConflictOf]


class OpenQuestionOf(Shape):
    """A question that the documents do not answer well; ``wrong``: how often its answer was called so."""

    question: str
    count: int
    last: str
    status: Literal["answered", "abstained"]
    certainty: Literal["sure", "likely", ""]
    confidence: float
    wrong: int


class GapOf(Shape):
    """Open questions on one subject, with the passages that come nearest."""

    count: int
    folders: list[str]
    questions: list[OpenQuestionOf]
    nearest: list[SideOf]


class GapsOf(Versioned):
    """All of them; ``logged``: whether questions are kept at all."""

    logged: bool
    gaps: list[GapOf]


class StatusOf(Versioned):
    """The collection and the server in figures; of an empty collection what its index would tell is missing."""

    version: str
    collection: str
    documents: int
    chunks: int
    languages: dict[str, int] | None = None
    embedder: str | None = None
    runtime: str | None = None
    engine: str | None = None
    gate: str | None = None
    generation: int | None = None
    interrupted: bool | None = None
    indexes: Literal["intact", "damaged", "away"] | None = None
    size_mb: float | None = None
    last_ingest: str | None = None
    skipped: int | None = None
    scopes: list[Literal["ask", "ingest", "admin"]]
    who: str
    logged: bool
    running: int
    waiting: int
    writing: bool


class CollectionLine(Shape):
    """A collection, and how much is in it."""

    name: str
    documents: int


class CollectionsOf(Versioned):
    """The collections that the caller may see; ``default`` is null where there is none."""

    default: str | None
    collections: list[CollectionLine]


class HealthOf(Shape):
    """That the server is up."""

    status: Literal["ok"]
    version: str
    token_required: bool
