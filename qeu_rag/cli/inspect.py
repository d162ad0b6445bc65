"""``status``, ``documents`` and ``config show``: look, and change nothing."""

from __future__ import annotations

import json

import click

from qeu_rag import payload
from qeu_rag.cli import present
from qeu_rag.cli.options import Options, common, json_option
from qeu_rag.language import say


@click.command(short_help="Say what the collection holds.")
@json_option
@common
def status(options: Options, as_json: bool) -> int:
    """Say what the collection holds and what answers from it."""
    with options.open() as know_how:
        facts = know_how.status()
    if as_json:
        _print_json(payload.status_payload(facts))
    for line in () if as_json else present.status_lines(facts, options.lang):
        click.echo(line)
    return 0


@click.command(short_help="List the documents and the skipped files.")
@json_option
@common
def documents(options: Options, as_json: bool) -> int:
    """List the documents in the collection; skipped files and their reasons go to stderr."""
    with options.open() as know_how:
        listing = know_how.documents()
    if as_json:
        _print_json(payload.documents_payload(listing))
        return 0
    if not listing.documents:
        click.echo(say("documents.none", options.lang), err=True)
    for document in listing.documents:
        click.echo(present.document_line(document, options.lang))
    for skipped in listing.skipped:
        click.echo(present.skipped_line(skipped, options.lang), err=True)
    return 0


@click.group()
def config() -> None:
    """Look at the settings."""


@config.command()
@click.option("--origin", is_flag=True, help="Say where each value came from.")
@json_option
@common
def show(options: Options, origin: bool, as_json: bool) -> int:
    """Print every setting with its value, as it would stand in a profile."""
    settings = options.settings()
    if as_json:
        _print_json(payload.config_payload(settings, origin=origin))
        return 0
    for key, value in settings.flat().items():
        click.echo(present.setting_line(key, value, settings.origins[key] if origin else None))
    return 0


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
