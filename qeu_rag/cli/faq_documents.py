"""``faq gaps`` and ``faq conflicts``: what the documents do not say, and what they say in two ways."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qeu_rag.cli import present
from qeu_rag.cli.options import Options, common, json_option
from qeu_rag.cli.output import check_place, print_json, write_page
from qeu_rag.cli.progress import Bars
from qeu_rag.errors import UsageError
from qeu_rag.language import say
from qeu_rag.payload import SCHEMA_VERSION

if TYPE_CHECKING:
    from qeu_rag.faq.conflicts import PassageConflict


@click.command(short_help="Tell what to write next.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it to a new file: .md or .xlsx."
)
@json_option
@common
def gaps(options: Options, output: Path | None, as_json: bool) -> int:
    """Print the logged questions that the documents still do not answer well, and those whose answers people called wrong, in
    groups, the most asked first.

    The log is off unless the profile says `log: {questions: true}`.
    """
    from qeu_rag.faq.gaps import find_gaps
    from qeu_rag.faq.gaps_page import markdown, write_workbook

    if output is not None and output.suffix.lower() not in (".md", ".xlsx"):
        raise UsageError("gaps_ending", path=output)
    if output is not None and output.exists():
        raise UsageError("save_exists", path=output)
    if output is not None:
        check_place(output)
    with options.open() as know_how:
        entries, said = know_how.record.questions.entries(), know_how.record.questions.feedback()
        with Bars(options.lang) as bars:
            found = find_gaps(know_how, entries, said, progress=lambda done, total: bars.draw("ask", done, total))
        if not entries and not said:
            key = "log.empty" if know_how.settings.log.questions else "log.off"
            click.echo(say(key, options.lang), err=True)
    if output is not None:
        if output.suffix.lower() == ".xlsx":
            write_workbook(found, output, options.lang)
        else:
            write_page(output, markdown(found, options.lang))
        click.echo(say("gaps.written", options.lang, count=len(found), path=output), err=True)
    if as_json:
        from qeu_rag.faq.payload import gap_payload

        listed = {"schema_version": SCHEMA_VERSION, "gaps": [gap_payload(gap) for gap in found]}
        print_json(listed)
    elif output is None:
        click.echo(present.plain(markdown(found, options.lang)), nl=False)
    return 0


@click.command(short_help="Print passages that say two things.")
@json_option
@common
def conflicts(options: Options, as_json: bool) -> int:
    """Print pairs of passages of two documents, on one subject, that differ in a number, unit, date or negation."""
    from qeu_rag.faq.conflicts import find_conflicts

    with options.open() as know_how:
        found = find_conflicts(know_how)
    if as_json:
        from qeu_rag.faq.payload import conflict_payload

        listed = {"schema_version": SCHEMA_VERSION, "conflicts": [conflict_payload(one) for one in found]}
        print_json(listed)
        return 0
    for one in found:
        for line in _lines(one, options.lang):
            click.echo(line)
    click.echo(say("conflicts.count" if found else "conflicts.none", options.lang, count=len(found)), err=True)
    return 0


def _lines(one: PassageConflict, lang: str) -> Iterator[str]:
    kind = say(f"conflicts.{one.found.kind}", lang)
    values = " / ".join(present.one_line(value) for value in one.found.values if value)
    yield f"{kind}: {values}"
    for chunk, quote in ((one.first, one.found.first), (one.second, one.found.second)):
        yield f"  {present.passage_label(chunk, lang)}"
        yield f"    {present.one_line(quote)}"
