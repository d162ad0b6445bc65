"""``ingest``: bring the collection in step with folders, once or for as long as they are watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from qeu_rag import payload
from qeu_rag.cli import present
from qeu_rag.cli.options import Options, common, json_option, on_option
from qeu_rag.cli.output import print_json
from qeu_rag.cli.progress import Bars
from qeu_rag.errors import UsageError

if TYPE_CHECKING:
    from qeu_rag.app import KnowHow
    from qeu_rag.ingest.report import IngestReport
    from qeu_rag.ingest.sync import Workers


@click.command(short_help="Read documents into the collection.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@json_option
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@click.option("--watch", is_flag=True, help="Stay, and follow every change until Ctrl-C.")
@click.option("--prune/--no-prune", default=True, help="Forget documents whose files are gone. [default: --prune]")
@click.option("--rebuild", is_flag=True, help="Read and embed everything anew.")
@on_option
@common
def ingest(
    options: Options,
    paths: tuple[str, ...],
    as_json: bool,
    dry_run: bool,
    watch: bool,
    prune: bool,
    rebuild: bool,
    on: str | None,
) -> int:
    """Read the documents in PATHS (folders or files; ./corpus where none is given) into the collection.

    A path may be an address of a store, such as s3://bucket/folder (docs/scale.md).

    Prints one line: +added ~updated -removed =unchanged !failed, counted in files.
    """
    for name, given in (("--dry-run", dry_run), ("--rebuild", rebuild)):
        if watch and given:
            raise UsageError("options_clash", first="--watch", second=name)
    for name, given in (("--watch", watch), ("--dry-run", dry_run)):
        if on is not None and given:
            raise UsageError("options_clash", first="--on", second=name)
    folders = paths or ("corpus",)
    with options.open() as know_how, Bars(options.lang) as bars:
        if not watch:
            with _workers(on, know_how) as workers:
                report = know_how.ingest(
                    folders, prune=prune, dry_run=dry_run, rebuild=rebuild, progress=bars, workers=workers
                )
            bars.close()
            _print_report(report, options, as_json=as_json)
            return 0
        for report in know_how.watch(folders, prune=prune, progress=bars):
            bars.close()
            _print_report(report, options, as_json=as_json, indent=None)
    return 0


@contextmanager
def _workers(on: str | None, know_how: KnowHow) -> Iterator[Workers | None]:
    """What reads and embeds in place of this machine; None where it does so itself."""
    if on is None:
        yield None
        return
    from qeu_rag.cluster.connection import connect
    from qeu_rag.cluster.ingest_workers import ClusterWorkers

    with connect(on, cpus=know_how.settings.ingest.workers) as cluster:
        yield ClusterWorkers(cluster, know_how)


def _print_report(report: IngestReport, options: Options, *, as_json: bool, indent: int | None = 2) -> None:
    for note in report.notes:
        click.echo(present.one_line(note.render(options.lang)), err=True)
    for skipped in report.failed:
        click.echo(present.skipped_line(skipped, options.lang), err=True)
    if as_json:
        print_json(payload.ingest_payload(report), indent=indent)
    else:
        click.echo(present.diff_line(report))
