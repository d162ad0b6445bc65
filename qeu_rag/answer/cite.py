"""An answer in the making: its text so far, its checked citations, and what is to be emphasised in it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from qeu_rag.answer.passage import Unit
from qeu_rag.types import Citation, Span


def check_citation(citation: Citation) -> bool:
    """Whether the quote is really in the chunk it is said to be from."""
    return bool(citation.quote) and citation.quote in citation.chunk.text


@dataclass(slots=True)
class Draft:
    """An answer in the making: what was shown so far."""

    engine: str
    texts: list[str] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    highlights: list[Span] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    """By the name of a stage, how long it took."""

    def next_marker(self) -> int:
        """The first marker that is free."""
        return max((citation.marker for citation in self.citations), default=0) + 1

    def note(self, word: str) -> None:
        """Keeps ``word`` once, in the order of the first time."""
        self.notes.setdefault(word)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds the time of the block to that of ``stage``."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began

    def cite(self, unit: Unit) -> Citation:
        """The citation of ``unit``, by the marker that it has already or the next one."""
        for citation in self.citations:
            if citation.chunk.id == unit.chunk.id and citation.quote == unit.text:
                return citation
        return Citation(marker=self.next_marker(), chunk=unit.chunk, quote=unit.text)

    def add(self, text: str, cited: Sequence[Citation] = (), highlight: Span | None = None) -> str:
        """Takes a stretch of text in, and gives it back to be shown; ``highlight`` counts from its beginning.

        Raises AssertionError for a quote that is not in its chunk: nothing unchecked is shown.
        """
        if not all(map(check_citation, cited)):
            raise AssertionError("a quote is verbatim in its chunk")
        if highlight is not None and highlight.start < highlight.end:
            before = sum(map(len, self.texts))
            self.highlights.append(Span(start=before + highlight.start, end=before + highlight.end))
        self.texts.append(text)
        self.citations.extend(citation for citation in cited if citation not in self.citations)
        return text
