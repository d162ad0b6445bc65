"""What comes back for a question: an answer, or passages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Pair = Annotated[list[int], Field(min_length=2, max_length=2)]


class Shape(BaseModel):
    """Any of them; a later version may have more fields, so none are forbidden."""

    model_config = ConfigDict(strict=True)


class Versioned(Shape):
    """A whole answer; ``schema_version`` grows when a field is renamed or removed or changes its meaning."""

    schema_version: int


class Passage(Shape):
    """Where a passage stands."""

    chunk_id: str
    document_id: str
    passage_hash: str
    source: str
    other_sources: list[str]
    title: str
    headings: list[str]
    page: int | None


class CitationOf(Passage):
    """A passage that an answer cites; ``span``: the stretch shown, in code points of the document's text."""

    marker: int
    quote: str
    span: Pair | None


class Evidence(Passage):
    """A passage that was found."""

    rank: int
    score: float
    text: str


class NearPassage(Passage):
    """A passage that comes near where there is no answer."""

    quote: str


class ApprovalOf(Shape):
    """Who approved an answer, when, for which question, and whether that was asked in the very words."""

    by: str
    at: str
    question: str
    exact: bool


class AnswerFields(Versioned):
    """What an answer and a row of an answered list have in common."""

    question: str
    answer: str
    reason: str
    certainty: Literal["sure", "likely", ""]
    confidence: float
    highlights: list[Pair]
    engine: str
    citations: list[CitationOf]
    evidence: list[Evidence]
    timings: dict[str, float]
    notes: list[str]
    approved: ApprovalOf | None
    stale: ApprovalOf | None
    nearest: list[NearPassage]


class AnswerOf(AnswerFields):
    """An answer with its citations, or an abstention with its reason."""

    status: Literal["answered", "abstained"]


class FoundPassages(Versioned):
    """The passages nearest to a question, best first."""

    question: str
    results: list[Evidence]
