"""``faq approve`` and ``faq check``: what a person does with an answered list, and what documents did to it since."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qeu_rag.cli import present
from qeu_rag.cli.options import Options, common, json_option, model_option
from qeu_rag.cli.place import check_place, write_page
from qeu_rag.errors import BatchFailed, UsageError
from qeu_rag.language import say
from qeu_rag.payload import SCHEMA_VERSION, answer_payload

if TYPE_CHECKING:
    from qeu_rag.faq.approve import Replaced
    from qeu_rag.faq.check import CheckedRow

CHANGED = 1


@click.command(short_help="Keep the answers that a person approved.")
@click.argument("answers", type=click.Path(path_type=Path), metavar="ANSWERS")
@click.option("--by", required=True, metavar="NAME", help="Who approved them.")
@common
def approve(options: Options, answers: Path, by: str) -> int:
    """Keep the answers of ANSWERS (XLSX, CSV or JSON lines, from `qeu-rag batch`) whose column "approved" says yes.

    They are given word for word, edits included, as long as every passage that they cite is as it was. An answer of your own
    needs to say in the column "source" where it stands, for example: travel.md › Allowances
    """
    from qeu_rag.faq.answers import read_answers
    from qeu_rag.faq.approve import ApprovedRow
    from qeu_rag.faq.approve import approve as keep

    answered = read_answers(answers)
    rows = [
        ApprovedRow(
            number=row.number,
            question=row.question,
            answer=row.answer,
            citations=row.citations,
            sources=row.sources,
            quotes=row.quotes,
        )
        for row in answered
        if row.approved
    ]
    if unclear := [row for row in answered if row.unclear]:
        marks = ", ".join(f"{row.number} ({present.heading(row.mark)})" for row in unclear)
        options.notify(say("approve.unclear", options.lang, rows=marks))
    if not rows:
        raise UsageError("approve_none", path=answers)
    with options.open() as know_how:
        done = keep(know_how, rows, by=by)
    for one in done.refused:
        reason = present.one_line(say(f"approve.{one.reason}", options.lang, **one.values))
        click.echo(f"! {one.number}: {present.heading(one.question)}: {reason}", err=True)
    for met in done.replaced:
        for line in _met_lines(met, options.lang):
            click.echo(line, err=True)
    click.echo(say("approve.kept", options.lang, count=len(done.kept)))
    if done.refused:
        raise BatchFailed("approve_refused", count=len(done.refused), rows=_numbers(one.number for one in done.refused))
    return 0


def _met_lines(met: Replaced, lang: str) -> Iterator[str]:
    """What an earlier approval said, as it is gone now or goes on beside this one."""
    before, after = met.before, met.after
    values = {
        "question": present.heading(before.question),
        "by": present.one_line(before.by),
        "at": before.at[:10],
        "id": before.id,
    }
    same_words = before.answer == after.answer
    key = "approve.again" if same_words else "approve.replaced" if met.same else "approve.beside"
    yield f"~ {say(key, lang, **values)}"
    if not same_words:
        yield from (f"  - {line}" for line in present.plain(before.answer).splitlines())
        yield from (f"  + {line}" for line in present.plain(after.answer).splitlines())


@click.command(short_help="Tell which answers changed with the documents.")
@click.argument("answers", type=click.Path(path_type=Path), metavar="ANSWERS")
@json_option
@click.option(
    "--html", "page_file", type=click.Path(path_type=Path), metavar="FILE", help="Write a page, side by side."
)
@model_option
@common
def check(options: Options, answers: Path, as_json: bool, page_file: Path | None, model: str | None) -> int:
    """Answer again the rows of ANSWERS whose cited passages or best evidence changed since; exit with 1 if an answer did.

    ANSWERS is XLSX, CSV or JSON lines, as `qeu-rag batch` writes them; it is not changed.
    """
    from qeu_rag.faq.answers import read_answers
    from qeu_rag.faq.check import check as look

    rows = read_answers(answers)
    if page_file is not None and page_file.absolute() == answers.absolute():
        raise UsageError("save_exists", path=page_file)
    if page_file is not None:
        check_place(page_file)
    passed_over = sum(row.failed for row in rows)
    with options.with_model(model).open() as know_how, present.Bars(options.lang) as bars:
        done = count(1)
        checked = look(know_how, rows, progress=lambda row: bars.draw("check", next(done), len(rows) - passed_over))
    if page_file is not None:
        from qeu_rag.faq.check_page import page

        write_page(page_file, page(checked, options.lang))
    if as_json:
        payload = {"schema_version": SCHEMA_VERSION, "rows": [_row_payload(row, options.lang) for row in checked]}
        click.echo(json.dumps(payload, ensure_ascii=False, indent=2))
    else:
        for line in _lines(checked, options.lang):
            click.echo(line)
    if passed_over:
        options.notify(say("check.passed_over", options.lang, count=passed_over))
    failed = [row.row.number for row in checked if row.state == "failed"]
    if any(row.state == "changed" for row in checked):
        options.notify(say("check.next", options.lang))
        return CHANGED
    if failed:
        raise BatchFailed("check_failed", count=len(failed), rows=_numbers(failed))
    return 0


def _lines(rows: tuple[CheckedRow, ...], lang: str) -> Iterator[str]:
    for checked in rows:
        row = checked.row
        if checked.error is not None:
            yield f"! {row.number}. {present.heading(row.question)}: {present.one_line(checked.error.render(lang))}"
        if checked.state != "changed" or checked.after is None:
            continue
        yield f"{row.number}. {present.heading(row.question)}"
        yield from (f"  - {line}" for line in present.plain(row.answer).splitlines())
        yield from (f"  + {line}" for line in present.plain(checked.after.text).splitlines())
        for cited in row.citations:
            gone = f" {say('check.gone', lang)}" if cited.marker in checked.gone else ""
            yield f"  - [{cited.marker}] {present.one_line(cited.source)}{gone}: {present.one_line(cited.quote)}"
        for citation in checked.after.citations:
            yield f"  + [{citation.marker}] {present.label(citation.chunk, lang)}: {present.one_line(citation.quote)}"
    counts = Counter(checked.state for checked in rows)
    values = {state: counts[state] for state in ("same", "again", "changed", "failed")}
    yield say("check.counts", lang, **values)


def _row_payload(checked: CheckedRow, lang: str) -> dict[str, Any]:
    row = checked.row
    return {
        "row": row.number,
        "question": row.question,
        "state": checked.state,
        "gone": list(checked.gone),
        "before": {
            "answer": row.answer,
            "citations": [{"marker": c.marker, "source": c.source, "quote": c.quote} for c in row.citations],
        },
        "after": None if checked.after is None else answer_payload(checked.after),
        "error": None if checked.error is None else checked.error.render(lang),
    }


def _numbers(numbers: Any) -> str:
    return ", ".join(map(str, numbers))
