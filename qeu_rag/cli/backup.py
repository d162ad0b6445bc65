"""``export`` and ``import``: a home taken elsewhere whole."""

from __future__ import annotations

from pathlib import Path

import click

from qeu_rag.cli.options import Options, common
from qeu_rag.language import say


@click.command(name="export", short_help="Write all that the home holds into one file.")
@click.argument("file", type=click.Path(path_type=Path))
@common
def export(options: Options, file: Path) -> int:
    """Write all collections of the home with approved answers and logs, its profiles, tokens and uploads into FILE, a new one.

    Whoever asks or ingests meanwhile goes on. Model files are not in it.
    """
    from qeu_rag.index.backup import export_home

    made = export_home(options.settings().home, file)
    click.echo(
        say("backup.exported", options.lang, path=file, collections=", ".join(made.collections), mb=_mb(made.size))
    )
    return 0


@click.command(name="import", short_help="Put an exported file into a home.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--replace", is_flag=True, help="Even where the home holds something; that is moved aside, not deleted.")
@common
def import_(options: Options, file: Path, replace: bool) -> int:
    """Verify FILE, put what it holds into the home, and build the indexes again."""
    from qeu_rag.index.backup import import_home
    from qeu_rag.index.dense_choice import vector_server

    settings = options.settings()
    home, dense = settings.home, settings.index.dense
    server = vector_server(dense.store, dense.url, dense.timeout_s)
    made = import_home(home, file, replace=replace, notify=options.notify, lang=options.lang, server=server)
    click.echo(
        say("backup.imported", options.lang, home=home, collections=", ".join(made.collections), mb=_mb(made.size))
    )
    return 0


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f}"
