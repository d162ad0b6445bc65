"""Formats answers, search results and reports for a terminal, without control characters from documents."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from qeu_rag.errors import ReadError
from qeu_rag.language import CATALOGUES, likely_line, page_words, say
from qeu_rag.types import Answer, Chunk, ScoredChunk

if TYPE_CHECKING:
    from qeu_rag.index.rows import SourceRow
    from qeu_rag.ingest.report import IngestReport, Skipped

_EXCERPT = 300


def plain(text: str) -> str:
    """``text`` without characters that would steer a terminal (escapes, direction marks); lines and tabs stay."""
    return "".join(c for c in text if c in "\n\t" or not (unicodedata.category(c) in ("Cc", "Cs") or c in _STEERING))


# Direction overrides and isolates: they would show a file name or a quote in another order than it is.
_STEERING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str) -> str:
    """``plain`` text on one line, for names and titles."""
    return " ".join(plain(text).split())


def heading(text: str) -> str:
    """``text`` on one line of at most 100 characters, for a question that may be as long as a cell."""
    line = one_line(text)
    return line if len(line) <= 100 else f"{line[:99].rstrip()}…"


def quoted(path: object) -> str:
    """``path`` as one word of a command line, to be copied from a message."""
    return subprocess.list2cmdline([str(path)]) if os.name == "nt" else shlex.quote(str(path))


def may_decorate(stream: Any) -> bool:
    """Whether ``stream`` may get progress bars and colours: it is a terminal, and NO_COLOR is not set."""
    return bool(stream is not None and stream.isatty() and not os.environ.get("NO_COLOR"))


def passage_label(chunk: Chunk, lang: str) -> str:
    """Where a passage stands: ``Title › heading › heading (file, p. 3)``, with every name of the file."""
    page = page_words(chunk.source, chunk.page, lang)
    files = ", ".join(one_line(source) for source in (chunk.source, *chunk.other_sources))
    context = one_line(chunk.context)
    return f"{context} ({files}{page})" if context else f"{files}{page}"


def sources(answer: Answer, lang: str) -> Iterator[str]:
    """The sources of an answer: for each marker its place, then the quoted words, indented."""
    seen: dict[int, str] = {}
    for citation in answer.citations:
        if seen.get(citation.marker) != citation.chunk.id:
            seen[citation.marker] = citation.chunk.id
            yield f"[{citation.marker}] {passage_label(citation.chunk, lang)}"
        yield _indented(citation.quote)


def emphasised(answer: Answer) -> str:
    """The whole answer for a terminal: the answering words in bold, and the line that says how certain it is in a colour."""
    from qeu_rag.faq.write.blocks import runs

    text, lead = answer.text, 0
    if answer.status == "abstained":
        lead = len(text.partition("\n")[0])
    elif answer.certainty == "likely":
        lead = len(likely_line(text))
    colour = "cyan" if answer.status == "abstained" else "yellow"
    shown = [click.style(plain(text[:lead]), fg=colour)] if lead else []
    spans = [(span.start - lead, span.end - lead) for span in answer.highlights if span.start >= lead]
    for run, strong in runs(text[lead:], spans):
        shown.append(click.style(plain(run), bold=True) if strong else plain(run))
    return "".join(shown)


def note_lines(answer: Answer, lang: str) -> Iterator[str]:
    """One line for each note: what was left out of the model's reply, and who approved the answer or a stale one."""
    yield from (f"! {note}" for note in notes(answer, lang))


def notes(answer: Answer, lang: str) -> Iterator[str]:
    """The notes of an answer as sentences, with one that says it is only likely where the text does not."""
    if answer.certainty == "likely" and not likely_line(answer.text):
        yield say("note.likely", lang)
    by = answer.approved or answer.stale
    values = {} if by is None else {"by": one_line(by.by), "at": by.at[:10], "question": one_line(by.question)}
    for word in answer.notes:
        yield say(f"note.{word}", lang, **values)


def results(found: tuple[ScoredChunk, ...], lang: str, *, whole: bool = False) -> Iterator[str]:
    """Search results: rank, score and place, then the passage (its beginning, unless ``whole``)."""
    for scored in found:
        yield f"{scored.rank}. {scored.score:.3f}  {passage_label(scored.chunk, lang)}"
        text = scored.chunk.passage
        yield _indented(text if whole or len(text) <= _EXCERPT else text[:_EXCERPT].rstrip() + "…")


def diff_line(report: IngestReport) -> str:
    """The counts of an ingest on one line: added, updated, removed, unchanged and failed files."""
    return f"+{report.added} ~{report.updated} -{report.removed} ={report.unchanged} !{len(report.failed)}"


def skipped_line(skipped: Skipped, lang: str) -> str:
    """A file that was not read, its reason, and what to do."""
    known = f"error.read_{skipped.reason}" in CATALOGUES["en"]
    reason = ReadError(skipped.reason, skipped.detail).render(lang) if known else skipped.reason + skipped.detail
    return f"! {one_line(skipped.path)}: {one_line(reason)}"


def status_lines(status: Mapping[str, object], lang: str) -> Iterator[str]:
    """One line for each fact of a status, in its order."""
    for key, value in status.items():
        name = say(f"status.{key}", lang) if f"status.{key}" in CATALOGUES["en"] else key
        yield f"{name}: {one_line(_readable(key, value, lang))}"


def document_line(document: SourceRow, lang: str) -> str:
    """One document: file, title, language and size."""
    pages = [say("documents.pages", lang, pages=document.pages)] if document.pages else []
    facts = ", ".join([document.lang, *pages, say("documents.chunks", lang, chunks=document.chunks)])
    if not document.chunks:
        facts = say("documents.glossary", lang)
    title = f"  {one_line(document.title)}" if document.title else ""
    return f"{one_line(document.source)}{title}  ({facts})"


def setting_line(key: str, value: object, origin: str | None) -> str:
    """One setting as it stands in a profile, with where it came from as a comment."""
    import json

    shown = value if isinstance(value, str) and value and value == value.strip() else json.dumps(value)
    return f"{key}: {shown}" if origin is None else f"{key}: {shown}  # {origin}"


def _readable(key: str, value: object, lang: str) -> str:
    """A value of a status for people; names of models and methods stay as they are."""
    if isinstance(value, bool):
        return say("status.yes" if value else "status.no", lang)
    if isinstance(value, Mapping):
        return ", ".join(f"{_word('status.language', name, lang)} {inner}" for name, inner in value.items())
    if key == "gate" and (made := re.fullmatch(r"(\S+) \((shipped|calibrated)\)", str(value))):
        return say(f"calibrate.{made[2]}_gate", lang, method=made[1])
    if key in ("engine", "indexes"):
        return _word("status", value, lang)
    return "-" if value is None else str(value)


def _word(group: str, value: object, lang: str) -> str:
    """The catalogue's word for ``value``; the value itself where it has none."""
    return say(f"{group}.{value}", lang) if f"{group}.{value}" in CATALOGUES["en"] else str(value)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in plain(text).strip().splitlines() if line.strip())
