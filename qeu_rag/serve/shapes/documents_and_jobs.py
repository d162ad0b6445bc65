"""What comes back about documents, lists and jobs."""

from __future__ import annotations

from typing import Any, Literal

from qeu_rag.serve.shapes.answers import AnswerFields, Shape, Versioned


class DocumentLine(Shape):
    """A document in the list; ``removable``: it was uploaded here."""

    document_id: str
    source: str
    title: str
    lang: str
    pages: int
    chunks: int
    hash: str
    ingested_at: str
    removable: bool
    remarks: list[str]


class SkippedFile(Shape):
    """A file that could not be read."""

    path: str
    reason: str


class SkippedLine(SkippedFile):
    """The same with why and what to do, for people."""

    message: str


class DocumentsOf(Versioned):
    """What a collection holds, and what was left out."""

    documents: list[DocumentLine]
    skipped: list[SkippedLine]


class PageOf(Shape):
    """A page of a document, and where its text stands."""

    number: int
    start: int
    end: int


class HeadingOf(Shape):
    """A heading of a document, and where it stands."""

    level: int
    text: str
    start: int
    end: int


class DocumentOf(Versioned):
    """One document whole, its text in Markdown."""

    document_id: str
    source: str
    title: str
    lang: str
    text: str
    pages: list[PageOf]
    headings: list[HeadingOf]
    remarks: list[str]
    pictures: bool


class IngestReportOf(Shape):
    """What reading files in came to; counts are files, ``embedded`` counts texts."""

    added: int
    updated: int
    removed: int
    unchanged: int
    failed: list[SkippedFile]
    chunks: int
    embedded: int
    seconds: float


class FileOf(Shape):
    """What became of one uploaded file."""

    name: str
    state: Literal["read", "failed"]
    reason: str
    message: str
    remarks: list[str]
    chunks: int


class ErrorOf(Shape):
    """What went wrong, for people and for programs."""

    message: str
    type: str
    code: str


class JobOf(Versioned):
    """Work that outlives a request, and how far it is."""

    id: str
    kind: Literal["ingest", "batch"]
    collection: str
    name: str
    created: str
    state: Literal["waiting", "running", "done", "failed", "interrupted"]
    stage: str
    done: int
    total: int
    now: str
    counts: dict[str, int]
    report: IngestReportOf | None
    files: list[FileOf]
    notes: list[str]
    error: ErrorOf | None
    file: str | None


class JobsOf(Versioned):
    """The jobs of a collection, newest first."""

    jobs: list[JobOf]


class CitedDocumentOf(Shape):
    """A document that a row's answer cites, as it was then: the hash of its file and the day it was read in."""

    document_id: str
    source: str
    path: str
    hash: str
    date: str


class RowOf(AnswerFields):
    """An answered row of a list: an answer's fields and its own; one that failed has the status ``error`` and ``detail``."""

    status: Literal["answered", "abstained", "error"]
    detail: str = ""
    row: int
    outcome: Literal["supported", "likely", "partly", "conflict", "not_in_documents", "error"]
    sheet: str = ""
    approved_row: bool
    input: dict[str, Any]
    seconds: float
    documents: list[CitedDocumentOf]


class RowsOf(Versioned):
    """All rows of an answered list."""

    rows: list[RowOf]
