"""The text of each column that is added to a row, in the user's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qeu_rag.faq.cells import TRACE, trace
from qeu_rag.faq.outcome import Outcome, Record
from qeu_rag.faq.read.question_list import QuestionList, QuestionRow
from qeu_rag.language import page_words, say
from qeu_rag.tables.columns import column_letters

COLUMNS = ("answer", "status", "confidence", "quotes", "source", "version", "engine", "seconds", "approved")
"""The added columns, in their order; ``TRACE`` follows as the last."""

_MONTHS = "January February March April May June July August September October November December".split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A citation for people: where it stands, its words, the file's address and edition (hash, day; "": gone), passage's hash."""

    marker: int
    words: str
    title: str
    file: str
    page: str
    link: str
    edition: str
    passage_hash: str

    @property
    def place(self) -> str:
        """``Title › heading (file, p. 3)``."""
        where = f"{self.file}{self.page}"
        return f"{self.title} ({where})" if self.title else where

    @property
    def version(self) -> str:
        """The file with its edition."""
        return f"{self.file}: {self.edition}" if self.edition else ""


def titles(lang: str) -> tuple[str, ...]:
    """The headers of the added columns."""
    return (*(say(f"batch.column.{name}", lang) for name in COLUMNS), TRACE)


def status(outcome: Outcome, lang: str) -> str:
    """An outcome in the user's words."""
    return say(f"batch.status.{outcome}", lang)


def list_titles(questions: QuestionList, lang: str) -> tuple[str, ...]:
    """The headers of the list's own columns; one without a name has its letter, that of the questions says so."""
    return tuple(
        name or (say("batch.evidence.question", lang) if place == questions.question else column_letters(place))
        for place, name in enumerate(questions.names)
    )


def values(row: tuple[QuestionRow, Outcome, Record | None], lang: str, *, numbered: bool = True) -> tuple[str, ...]:
    """The texts of the added columns; empty but for the status where nothing was answered yet.

    ``numbered``: the output's rows are not the list's own, so that the row's number must be kept.
    """
    question, outcome, record = row
    if record is None:
        return ("", status(outcome, lang), *[""] * (len(COLUMNS) - 2), "")
    payload = record.payload
    found = tuple(quotes(record, lang))
    places = "\n".join(dict.fromkeys(f"[{one.marker}] {one.place}" for one in found))
    return (
        answer_text(payload),
        status(outcome, lang),
        "" if outcome == "error" else f"{payload['confidence']:.2f}",
        "\n".join(f"[{one.marker}] {one.words}" for one in found),
        places,
        "\n".join(dict.fromkeys(one.version for one in found if one.version)),
        engine(payload, lang),
        f"{record.seconds:.2f}",
        "",
        trace(payload, places=places, row=question.number if numbered else None),
    )


def moment(at: datetime, lang: str) -> str:
    """A moment by the clock of this computer, with its offset from UTC, as people of the language write it."""
    local = at.astimezone()
    offset = local.strftime("%z")
    zone = f"UTC{offset[:3]}:{offset[3:5]}"
    if lang == "ja":
        return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}（{zone}）"
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}, {local:%H:%M} ({zone})"


def day(text: str) -> str:
    """The day (ISO 8601), by the clock of this computer, of a moment written in ISO 8601 (UTC where it names no zone)."""
    return read_moment(text).astimezone().date().isoformat()


def read_moment(text: str) -> datetime:
    """A moment written in ISO 8601, in UTC where it names no zone. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def answer_text(payload: Mapping[str, Any]) -> str:
    """The answer, or what went wrong."""
    return str(payload["detail"] if payload["status"] == "error" else payload["answer"])


def engine(payload: Mapping[str, Any], lang: str) -> str:
    """What wrote the answer: an engine, or the person who approved it and when; and whose answer is not given any more."""
    if approved := payload.get("approved"):
        return say("batch.approved_by", lang, by=approved["by"], at=day(approved["at"]))
    if stale := payload.get("stale"):
        return say("batch.approved_stale", lang, engine=payload["engine"], by=stale["by"], at=day(stale["at"]))
    return str(payload["engine"])


def quotes(record: Record, lang: str, *, beside: Path | None = None) -> Iterator[Quote]:
    """The citations of a record, in their order; links to files in the folder ``beside`` or below are relative to it."""
    documents = {one.document_id: one for one in record.documents}
    for one in record.payload["citations"]:
        document = documents.get(one["document_id"])
        known = document is not None and bool(document.hash)
        yield Quote(
            marker=one["marker"],
            words=" ".join(one["quote"].split()),
            title=" › ".join(dict.fromkeys(part for part in (one["title"], *one["headings"]) if part)),
            file=one["source"],
            page=page_words(one["source"], one["page"], lang),
            link=_link(document.path, beside) if document is not None and known else "",
            edition=f"{document.hash[:12]} ({document.date})" if document is not None and known else "",
            passage_hash=one["passage_hash"],
        )


@lru_cache(maxsize=4096)
def _link(path: str, beside: Path | None) -> str:
    if not path or not Path(path).is_absolute():
        return ""
    if beside is not None and Path(path).is_relative_to(beside):
        return quote(Path(path).relative_to(beside).as_posix())
    return Path(path).as_uri()
