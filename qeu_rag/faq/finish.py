"""Says what was taken for the questions of a list, and writes it answered, with the facts of its collection."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from qeu_rag.app import KnowHow
from qeu_rag.faq.batch import outcomes
from qeu_rag.faq.fields import moment, read_moment
from qeu_rag.faq.journal import Journal
from qeu_rag.faq.sheet import QuestionList
from qeu_rag.faq.write import OutputKind, Sheet, Tally, write
from qeu_rag.language import say


def write_answers(
    output: Path,
    kind: OutputKind,
    know_how: KnowHow,
    listed: QuestionList,
    journal: Journal,
    *,
    source: Path | None,
    bom: bool,
    lang: str,
) -> Tally:
    """Writes the answers that ``journal`` holds to ``output`` and gives the counts.

    ``source`` is the file that the list came from, None for a pipe; ``bom`` is as in ``Sheet``. Raises as ``write``.
    """
    name = "-" if source is None else source.name
    sheet = Sheet(
        questions=listed,
        rows=lambda: outcomes(journal, listed),
        title=say("batch.title", lang, name=name),
        lang=lang,
        facts=tuple(_facts(know_how, lang)),
        source=source if listed.kind == "xlsx" else None,
        bom=bom,
    )
    return write(output, kind, sheet, note=journal.add_written)


def taken(listed: QuestionList, lang: str) -> str:
    """What was taken for the questions where no header named them, and how to say that it is otherwise."""
    first, at = listed.rows[0].number, listed.letters
    if listed.headed:
        return say("batch.header_taken", lang, column=at, name=listed.names[listed.question], first=first)
    return say("batch.no_header", lang, column=at, first=first, cell=f"{at}{first + 1}")


def _facts(know_how: KnowHow, lang: str) -> Iterator[tuple[str, str]]:
    status = know_how.status()
    last = status["last_ingest"]
    yield say("batch.fact.date", lang), moment(datetime.now(UTC), lang)
    yield say("status.engine", lang), str(status["engine"])
    yield say("status.collection", lang), str(status["collection"])
    yield say("status.documents", lang), str(status["documents"])
    if last:
        yield say("status.last_ingest", lang), moment(read_moment(str(last)), lang)
