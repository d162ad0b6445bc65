"""Windows as a search gives them, of texts that the tests write."""

from __future__ import annotations

from collections.abc import Mapping

from qeu_rag.text.notation import lang_of
from qeu_rag.text.windows import windows
from qeu_rag.types import Chunk, ScoredWindow, Span, Window


def chunk_of(
    text: str,
    *,
    name: str = "",
    document: str = "d",
    title: str = "",
    headings: tuple[str, ...] = (),
    header: str = "",
    page: int | None = None,
) -> Chunk:
    """A chunk of ``text``, in its language."""
    return Chunk(
        id=name or text,
        document_id=document,
        source=f"{document}.md",
        title=title,
        headings=headings,
        text=text,
        span=Span(start=0, end=len(text)),
        page=page,
        lang=lang_of(text),
        header=header,
    )


def scored(
    chunk: Chunk,
    at: int = 0,
    *,
    score: float = 0.5,
    rank: int = 1,
    unit: int | None = None,
    window: Window | None = None,
    parts: Mapping[str, float] | None = None,
) -> ScoredWindow:
    """The window ``at`` of ``chunk`` (or ``window``) as found; the unit that answers is its first unless ``unit`` says
    otherwise."""
    window = windows(chunk)[at] if window is None else window
    given = {"cosine": 0.85, "held": 0.5, "words": 0.5, "lexical": 1.0, "foreign": 0.0, "unit": 0.85, "reads": 0.5}
    given |= parts or {}
    unit = window.first if unit is None else unit
    return ScoredWindow(chunk=chunk, window=window, score=score, rank=rank, unit=unit, parts=given)
