"""The answered list that a writer is given, a row at a time, and the counts that it gathers on the way."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from qeu_rag.faq.outcome import OUTCOMES, Outcome, Record
from qeu_rag.faq.read.question_list import QuestionList, QuestionRow

OutputKind = Literal["xlsx", "csv", "tsv", "jsonl", "md", "html"]
KINDS: dict[str, OutputKind] = {
    ".xlsx": "xlsx", ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".md": "md", ".html": "html",
    ".htm": "html",
}  # fmt: skip

COLOURS: dict[Outcome, str] = {
    "supported": "C6E7CE", "likely": "CDE2F8", "partly": "FFEBB0", "conflict": "F9CFA8", "not_in_documents": "DDDDDD",
    "error": "F4B6B6", "waiting": "FFFFFF",
}  # fmt: skip
"""The colour behind each outcome (RGB), light enough for black text; the word always stands beside it."""

Row = tuple[QuestionRow, Outcome, Record | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is written: ``rows`` gives the rows anew each time it is called, ``facts`` are named lines for the summary.

    ``source`` is the workbook that the list came from, None where it came from none. ``bom``: CSV begins with a byte order mark.
    """

    questions: QuestionList
    rows: Callable[[], Iterator[Row]]
    title: str
    lang: str
    facts: tuple[tuple[str, str], ...] = ()
    source: Path | None = None
    bom: bool = False

    def parts(self) -> list[Sheet]:
        """A sheet for each of the list's own, with its rows; this one where there is but one."""
        made, start = [], 0
        for part in self.questions.parts:
            made.append(replace(self, questions=part, rows=partial(self._part, part, start)))
            start += len(part.rows)
        return made or [self]

    def _part(self, part: QuestionList, start: int) -> Iterator[Row]:
        own = itertools.islice(self.rows(), start, start + len(part.rows))
        return ((row, outcome, record) for row, (_, outcome, record) in zip(part.rows, own, strict=True))

    @property
    def own_rows(self) -> bool:
        """Whether the answers go into the rows of the list's own sheet, which must have a row for their headers."""
        return self.source is not None and self.questions.header_row > 0


@dataclass(slots=True)
class Tally:
    """Counts of rows by outcome, the numbers of those that failed and why the first did, gathered while rows pass by."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    reason: str = ""

    def taking(self, rows: Iterator[Row]) -> Iterator[Row]:
        """``rows``, counted."""
        for row, outcome, record in rows:
            self.counts[outcome] += 1
            if outcome == "error":
                self.failed.append(row.place)
                self.reason = self.reason or " ".join(str(record.payload.get("detail", "") if record else "").split())
            yield row, outcome, record

    def shares(self) -> list[tuple[Outcome, int]]:
        """Every outcome with its count; ``waiting`` only where there is any."""
        return [(name, self.counts[name]) for name in OUTCOMES if name != "waiting" or self.counts[name]]
