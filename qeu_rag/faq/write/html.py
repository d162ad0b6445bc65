"""Writes the answered list as one self-contained HTML page, to be searched and filtered in a browser and printed."""

from __future__ import annotations

from pathlib import Path

from qeu_rag.faq.write.blocks import blocks, bounds_of
from qeu_rag.faq.write.fields import answer_text, engine, quotes, status
from qeu_rag.faq.write.sheet import COLOURS, Row, Sheet, Tally
from qeu_rag.html_pages import render
from qeu_rag.language import say


def write_html(path: Path, sheet: Sheet, tally: Tally) -> None:
    """The page: the counts, a field to search in, then every question with its answer and quotes, a row at a time."""
    lang = sheet.lang
    counted = Tally()
    for _ in counted.taking(sheet.rows()):
        pass
    shares = [
        {"outcome": name, "count": count, "status": status(name, lang), "colour": COLOURS[name]}
        for name, count in counted.shares()
    ]
    pieces = render(
        "answers",
        lang,
        title=sheet.title,
        facts=[*sheet.facts, *((status(name, lang), str(count)) for name, count in counted.shares())],
        shares=shares,
        rows=(_article(row, lang) for row in tally.taking(sheet.rows())),
    )
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.writelines(pieces)


def _article(row: Row, lang: str) -> dict[str, object]:
    question, outcome, record = row
    about = [say("batch.row", lang, number=question.place)]
    if record is not None and outcome != "error":
        about.append(f"{say('batch.column.confidence', lang)} {record.payload['confidence']:.2f}")
        about.append(engine(record.payload, lang))
    return {
        "place": question.place,
        "question": question.question,
        "outcome": outcome,
        "status": status(outcome, lang),
        "colour": COLOURS[outcome],
        "about": " · ".join(about),
        "blocks": () if record is None else blocks(answer_text(record.payload), bounds_of(record.payload)),
        "quotes": () if record is None else quotes(record, lang),
    }
