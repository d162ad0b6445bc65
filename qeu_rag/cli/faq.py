"""``faq``: approved answers, what became of them, and what the documents do not say or say in two ways."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from qeu_rag.cli import faq_answers, faq_documents, present
from qeu_rag.cli.options import Options, common, json_option
from qeu_rag.errors import BatchFailed
from qeu_rag.language import say
from qeu_rag.payload import SCHEMA_VERSION

if TYPE_CHECKING:
    from qeu_rag.faq.stale import ApprovedState, ChangedPassage

STALE = 1


@click.group(short_help="Approved answers, and what the documents lack.")
def faq() -> None:
    """Answers that a person approved are given word for word, while every passage they stand on is as it was."""


faq.add_command(faq_answers.approve)
faq.add_command(faq_answers.check)
faq.add_command(faq_documents.gaps)
faq.add_command(faq_documents.conflicts)


@faq.command(name="list", short_help="Print the approved answers.")
@json_option
@common
def list_(options: Options, as_json: bool) -> int:
    """Print every approved answer: who approved it and when, and whether it still stands."""
    return _show(_states(options), options, as_json=as_json)


@faq.command(short_help="Print approved answers whose passages changed.")
@json_option
@click.option("--fail-on-stale", is_flag=True, help="Exit with 1 where there is one, for a nightly job.")
@common
def stale(options: Options, as_json: bool, fail_on_stale: bool) -> int:
    """Print the approved answers that are not given any more, each passage as it was at approval and as it is now."""
    states = [state for state in _states(options) if state.changed]
    _show(states, options, as_json=as_json)
    if states:
        click.echo(say("faq.stale_next", options.lang, count=len(states)), err=True)
    return STALE if fail_on_stale and states else 0


@faq.command(short_help="Approve stale answers again, as they are.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--by", required=True, metavar="NAME", help="Who approves them.")
@common
def renew(options: Options, ids: tuple[str, ...], by: str) -> int:
    """Approve the answers with these ids again, word for word, on the passages that `faq stale` shows as they are now.

    Where a document is gone, or the answer must change, mark the row of a new answered list instead (`faq approve`).
    """
    from qeu_rag.faq.renew import renew as approve_again

    with options.open() as know_how:
        done = approve_again(know_how, ids, by=by)
    for answer in done.gone:
        click.echo(f"! {answer.id}: {present.heading(answer.question)}: {say('renew.gone', options.lang)}", err=True)
    click.echo(say("approve.kept", options.lang, count=len(done.kept)))
    if done.gone:
        raise BatchFailed("renew_refused", count=len(done.gone), ids=", ".join(answer.id for answer in done.gone))
    return 0


@faq.command(short_help="Take an approval back.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@common
def withdraw(options: Options, ids: tuple[str, ...]) -> int:
    """Take back the approval of the answers with these ids (`faq list` shows them; their beginnings will do)."""
    from qeu_rag.faq.renew import withdraw as take_back

    with options.open() as know_how:
        count = len(take_back(know_how, ids))
    click.echo(say("faq.withdrawn", options.lang, count=count))
    return 0


def _states(options: Options) -> list[ApprovedState]:
    from qeu_rag.faq.stale import approved_states

    with options.open() as know_how:
        return list(approved_states(know_how))


def _show(states: list[ApprovedState], options: Options, *, as_json: bool) -> int:
    if as_json:
        from qeu_rag.faq.payload import approved_payload

        listed = {"schema_version": SCHEMA_VERSION, "approved": [approved_payload(state) for state in states]}
        click.echo(json.dumps(listed, ensure_ascii=False, indent=2))
        return 0
    for state in states:
        for line in _lines(state, options.lang):
            click.echo(line)
    if not states:
        click.echo(say("faq.none", options.lang), err=True)
    return 0


def _lines(state: ApprovedState, lang: str) -> Iterator[str]:
    approved = state.approved
    mark = say("faq.stale" if state.changed else "faq.stands", lang)
    who = say("faq.approved_by", lang, by=present.one_line(approved.by), at=approved.at[:10])
    yield f"{approved.id}  [{mark}] {present.one_line(approved.question)}  ({who})"
    yield from (f"    {line}" for line in present.plain(approved.answer).splitlines())
    for change in state.changed:
        yield from _change_lines(change, lang)


def _change_lines(change: ChangedPassage, lang: str) -> Iterator[str]:
    before = change.before
    yield f"  [{before.marker}] {present.one_line(before.title)} ({present.one_line(before.source)})"
    for line in present.plain(before.text).splitlines():
        yield f"  - {line}"
    if change.after is None:
        yield f"  {say('faq.gone', lang)}"
        return
    for line in present.plain(change.after.text).splitlines():
        yield f"  + {line}"
