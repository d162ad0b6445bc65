"""The immutable values that travel through the house, from a file on disk to a checked answer.

Every span counts Python characters (code points) from the start of the text it belongs to, end excluded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Lang = Literal["ja", "en", "other"]
Status = Literal["answered", "abstained"]
Certainty = Literal["sure", "likely", ""]
"""How certain an answer is; empty for an abstention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A half-open range of characters, ``0 <= start <= end``."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: {self.start}..{self.end}")

    def of(self, text: str) -> str:
        """The characters of ``text`` that this span covers."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page, slide or sheet: its number (from 1) and where its text stands in the document."""

    number: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading: its level (1 is the highest), its words without markup, and the span of its whole line."""

    level: int
    text: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One parsed file (or one attachment of a mail).

    ``id`` is a hash of the parsed content alone, so that the same content under two names is one document.
    ``source`` is the path below the ingested folder, with ``/``; an attachment adds ``#name``.
    ``title`` comes from the content and is empty where the content has none. ``text`` is Markdown.
    """

    id: str
    source: str
    title: str
    text: str
    pages: tuple[Page, ...] = ()
    headings: tuple[Heading, ...] = ()
    lang: Lang = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A contiguous passage: ``document.text[span.start:span.end] == chunk.text``.

    ``header`` holds a table's header lines when the table began in an earlier chunk, else is empty; it is read,
    indexed and embedded before ``text`` but is not part of the span. ``headings`` is the path from the highest heading
    down. ``source`` is the first name of the document in alphabetical order, ``other_sources`` its further names.
    """

    id: str
    document_id: str
    source: str
    title: str
    headings: tuple[str, ...]
    text: str
    span: Span
    page: int | None = None
    lang: Lang = "en"
    header: str = ""
    other_sources: tuple[str, ...] = ()

    @property
    def passage(self) -> str:
        """The text as a reader needs it: a table's header lines, then the passage."""
        return f"{self.header}\n{self.text}" if self.header else self.text

    @property
    def context(self) -> str:
        """Where the passage stands: the title and the heading path, each once."""
        return " › ".join(dict.fromkeys(part for part in (self.title, *self.headings) if part))

    @property
    def passage_hash(self) -> str:
        """A hash of the heading path and the passage, 32 hexadecimal digits (SHA-256, first half).

        It stays when the document changes elsewhere or its file is renamed, in which case ``id`` does not.
        """
        text = "\0".join((*self.headings, self.header, self.text))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The units ``first`` to ``last`` (both inside) of a chunk, and their ``span`` in its text.

    ``lead`` is what stands above it that it needs: a table's header line or a list's introduction, as the document has it.
    """

    first: int
    last: int
    span: Span
    lead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredChunk:
    """A chunk found by a search: ``rank`` from 1, ``score`` (higher is better), ``parts`` the scores it was fused of."""

    chunk: Chunk
    score: float
    rank: int
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredWindow:
    """A window found by a search: ``rank`` from 1, ``score`` (0..1, higher is better), ``parts`` what it was made of.

    ``unit`` is the place of the unit in it, counted in the chunk, that answers: the likest of the best window, else the one that
    holds most of the question's words.

    ``parts``: ``cosine`` with the question, ``held`` (the share of the question's words, by weight, in it and above it),
    ``lexical`` (its chunk's BM25 beside the best one's), ``foreign`` (1: it is in another language than the question), and of
    the best window ``unit``, the cosine of the unit that is most like the question.
    """

    chunk: Chunk
    window: Window
    score: float
    rank: int
    unit: int
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The window's exact words in its chunk."""
        return self.window.span.of(self.chunk.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One ``[marker]`` in an answer, and the words of the chunk that carry the claim: ``quote in chunk.text``.

    ``span`` is the stretch of the chunk's text that is shown, where more is shown than the quote.
    """

    marker: int
    chunk: Chunk
    quote: str
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPassage:
    """A passage that is near a question but was not good enough to answer it, with its nearest words: ``quote in chunk.text``."""

    chunk: Chunk
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved an answer, when (ISO 8601, UTC), and for which question; ``exact``: asked in the very words."""

    by: str
    at: str
    question: str
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer whose every citation was checked, or an abstention with its reason.

    ``reason`` is empty for an answer, else a short stable word (``no_evidence``, ``weak_evidence``, ``empty_index``,
    ``unchecked_reply``, ``engine_abstained``). ``certainty`` is empty for an abstention. ``confidence`` is the calibrated
    probability, 0..1, that the best window answers. ``highlights`` are the stretches of ``text`` that answer, to be emphasised.
    ``engine`` names what wrote the text.
    ``timings`` are seconds by stage: ``retrieve`` and, within it, ``read``; ``answer`` and within it, where a model writes,
    ``generate`` and ``verify``; ``total``. ``notes`` are short stable words on what became of
    a model's reply, in order: ``claim_unsupported`` (a sentence was replaced by the documents' words or left out),
    ``reply_cut`` (it rambled on), ``reply_unchecked`` and ``reply_empty`` (nothing of it held, so the extractive engine
    answered); ``approved`` and ``approved_similar`` go with ``approved``: the text is a person's (``engine`` is "approved"),
    for this question or for one in nearly the same words; ``sources_differ``: another document says otherwise, and both are
    shown; ``approved_stale`` goes with ``stale``: a person's answer to this question is not given any more, as a passage
    under it changed. ``nearest`` goes with an abstention: the passages worth a look, two at most, best first.
    """

    question: str
    text: str
    status: Status
    reason: str
    confidence: float
    citations: tuple[Citation, ...]
    evidence: tuple[ScoredChunk, ...]
    engine: str
    timings: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    approved: Approval | None = None
    stale: Approval | None = None
    nearest: tuple[NearPassage, ...] = ()
    certainty: Certainty = ""
    highlights: tuple[Span, ...] = ()
