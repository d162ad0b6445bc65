"""``log``: the questions that were asked here, listed, exported or forgotten."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qeu_rag.cli.options import Options, common, json_option
from qeu_rag.cli.output import print_json
from qeu_rag.cli.present import one_line
from qeu_rag.errors import StorageError, UsageError
from qeu_rag.language import say
from qeu_rag.payload import SCHEMA_VERSION

if TYPE_CHECKING:
    from qeu_rag.index.question_log import LogEntry


@click.group(short_help="The log of questions: list, export, forget.")
def log() -> None:
    """The questions that were asked here, kept on this machine only where the profile says so (log.questions: true)."""


@log.command(name="list", short_help="Print the last questions.")
@click.option("-n", "--last", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="How many.")
@json_option
@common
def list_(options: Options, last: int, as_json: bool) -> int:
    """Print the last questions with what became of them, oldest first."""
    with options.open() as know_how:
        entries = know_how.record.questions.entries(last=last)
        kept = know_how.settings.log.questions
    if as_json:
        listed = {"schema_version": SCHEMA_VERSION, "kept": kept, "entries": [asdict(entry) for entry in entries]}
        print_json(listed)
        return 0
    for entry in entries:
        outcome = say(f"log.{entry.outcome}", options.lang)
        click.echo(
            f"{entry.id}  {entry.at[:16].replace('T', ' ')}  {outcome} {entry.confidence:.2f}  {one_line(entry.question)}"
        )
    if not entries:
        click.echo(say("log.empty" if kept else "log.off", options.lang), err=True)
    return 0


@log.command(short_help="Write all questions to a file.")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@common
def export(options: Options, file: Path) -> int:
    """Write all questions to FILE, as CSV or JSON lines by its ending; "-" prints JSON lines. A file that is there stays."""
    ending = file.suffix.lower()
    if str(file) != "-" and ending not in (".csv", ".jsonl"):
        raise UsageError("log_ending", path=file)
    with options.open() as know_how:
        entries = know_how.record.questions.entries()
    text = _csv(entries) if ending == ".csv" else _json_lines(entries)
    if str(file) == "-":
        click.echo(text, nl=False)
        return 0
    try:
        # Excel in Japan reads UTF-8 only with its mark.
        with file.open("x", encoding="utf-8-sig" if ending == ".csv" else "utf-8", newline="") as out:
            out.write(text)
    except FileExistsError as error:
        raise UsageError("save_exists", path=file) from error
    except OSError as error:
        raise StorageError("save_failed", path=file, detail=error.strerror or error) from error
    click.echo(say("log.exported", options.lang, count=len(entries), path=file), err=True)
    return 0


@log.command(short_help="Delete questions from the log, for good.")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@click.option("--before", metavar="YYYY-MM-DD", help="Those of days before this one (UTC).")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@common
def forget(options: Options, ids: tuple[int, ...], before: str | None, everything: bool) -> int:
    """Delete the questions with these numbers (`log list` shows them), those before a day, or all, for good."""
    if (bool(ids), before is not None, everything).count(True) != 1:
        raise UsageError("log_which")
    if before is not None:
        try:
            before = date.fromisoformat(before).isoformat()
        except ValueError as error:
            raise UsageError("log_date", value=before) from error
    with options.open() as know_how:
        log_of = know_how.record.questions
        unknown = sorted(set(ids) - {entry.id for entry in log_of.entries()}) if ids else []
        gone = log_of.forget(before=before, ids=ids)
    click.echo(say("log.forgotten", options.lang, count=gone))
    if unknown:
        raise UsageError("log_unknown", ids=", ".join(map(str, unknown)))
    return 0


def _json_lines(entries: tuple[LogEntry, ...]) -> str:
    return "".join(json.dumps(asdict(entry), ensure_ascii=False) + "\n" for entry in entries)


def _csv(entries: tuple[LogEntry, ...]) -> str:
    from qeu_rag.index.question_log import LogEntry

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(field.name for field in fields(LogEntry))
    for entry in entries:
        writer.writerow(map(_harmless, asdict(entry).values()))
    return out.getvalue()


def _harmless(value: object) -> object:
    """A question that a spreadsheet would take for a formula gets a quote before it."""
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") and value else value
