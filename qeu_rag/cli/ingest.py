"""``ingest``: bring the collection in step with folders, once or for as long as they are watched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qeu_rag import payload
from qeu_rag.cli import present
from qeu_rag.cli.options import Options, common, json_option
from qeu_rag.errors import UsageError

if TYPE_CHECKING:
    from qeu_rag.ingest.sync import IngestReport


@click.command(short_help="Read documents into the collection.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@json_option
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@click.option("--watch", is_flag=True, help="Stay, and follow every change until Ctrl-C.")
@click.option("--prune/--no-prune", default=True, help="Forget documents whose files are gone. [default: --prune]")
@click.option("--rebuild", is_flag=True, help="Read and embed everything anew.")
@common
def ingest(
    options: Options, paths: tuple[Path, ...], as_json: bool, dry_run: bool, watch: bool, prune: bool, rebuild: bool
) -> int:
    """Read the documents in PATHS (folders or files; ./corpus where none is given) into the collection.

    Prints one line: +added ~updated -removed =unchanged !failed, counted in files.
    """
    for name, given in (("--dry-run", dry_run), ("--rebuild", rebuild)):
        if watch and given:
            raise UsageError("options_clash", first="--watch", second=name)
    folders = paths or (Path("corpus"),)
    with options.open() as know_how, present.Bars(options.lang) as bars:
        if not watch:
            report = know_how.ingest(folders, prune=prune, dry_run=dry_run, rebuild=rebuild, progress=bars)
            bars.close()
            _print_report(report, options, as_json=as_json)
            return 0
        for report in know_how.watch(folders, prune=prune, progress=bars):
            bars.close()
            _print_report(report, options, as_json=as_json, indent=None)
    return 0


def _print_report(report: IngestReport, options: Options, *, as_json: bool, indent: int | None = 2) -> None:
    for note in report.notes:
        click.echo(present.one_line(note.render(options.lang)), err=True)
    for skipped in report.failed:
        click.echo(present.skipped_line(skipped, options.lang), err=True)
    if as_json:
        click.echo(json.dumps(payload.ingest_payload(report), ensure_ascii=False, indent=indent))
    else:
        click.echo(present.diff_line(report))
