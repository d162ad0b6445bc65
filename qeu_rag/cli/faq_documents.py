"""``faq conflicts``: what the documents say in two ways."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from qeu_rag.cli import present
from qeu_rag.cli.options import Options, common, json_option
from qeu_rag.cli.payload import SCHEMA_VERSION
from qeu_rag.language import say

if TYPE_CHECKING:
    from qeu_rag.faq.conflicts import PassageConflict
    from qeu_rag.types import Chunk


@click.command(short_help="Print passages that say two things.")
@json_option
@common
def conflicts(options: Options, as_json: bool) -> int:
    """Print pairs of passages of two documents, on one subject, that differ in a number, unit, date or negation."""
    from qeu_rag.faq.conflicts import find_conflicts

    with options.open() as know_how:
        found = find_conflicts(know_how)
    if as_json:
        listed = {"schema_version": SCHEMA_VERSION, "conflicts": [_payload(one) for one in found]}
        click.echo(json.dumps(listed, ensure_ascii=False, indent=2))
        return 0
    for one in found:
        for line in _lines(one, options.lang):
            click.echo(line)
    click.echo(say("conflicts.count", options.lang, count=len(found)), err=True)
    return 0


def _lines(one: PassageConflict, lang: str) -> Iterator[str]:
    kind = say(f"conflicts.{one.found.kind}", lang)
    values = " / ".join(present.one_line(value) for value in one.found.values if value)
    yield f"{kind}: {values}"
    for chunk, quote in ((one.first, one.found.first), (one.second, one.found.second)):
        yield f"  {present.label(chunk, lang)}"
        yield f"    {present.one_line(quote)}"


def _payload(one: PassageConflict) -> dict[str, Any]:
    return {
        "kind": one.found.kind,
        "values": list(one.found.values),
        "alike": one.found.alike,
        "first": _side(one.first, one.found.first),
        "second": _side(one.second, one.found.second),
    }


def _side(chunk: Chunk, quote: str) -> dict[str, Any]:
    return {
        "source": chunk.source,
        "title": chunk.title,
        "headings": list(chunk.headings),
        "page": chunk.page,
        "passage_hash": chunk.passage_hash,
        "quote": quote,
    }
