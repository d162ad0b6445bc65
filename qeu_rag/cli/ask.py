"""``ask`` and ``search``: a question in, an answer with its sources or the passages found out."""

from __future__ import annotations

import json
import sys

import click

from qeu_rag import payload
from qeu_rag.cli import present
from qeu_rag.cli.options import Options, common, json_option, k_option, model_option
from qeu_rag.types import Answer

ABSTAINED = 7
_LONGEST_PIPE = 1_000_000


@click.command(short_help="Answer a question from the documents.")
@click.argument("question", nargs=-1, metavar="QUESTION|-")
@json_option
@k_option
@click.option("--long", is_flag=True, help="A longer answer.")
@click.option("--fail-on-abstain", is_flag=True, help="Exit with 7 where the documents hold no answer.")
@click.option("--show-evidence", is_flag=True, help="Print the passages that were considered, too.")
@click.option("--no-stream", is_flag=True, help="Print the answer at once when it is whole.")
@model_option
@common
def ask(
    options: Options,
    question: tuple[str, ...],
    as_json: bool,
    k: int | None,
    long: bool,
    fail_on_abstain: bool,
    show_evidence: bool,
    no_stream: bool,
    model: str | None,
) -> int:
    """Answer QUESTION from the documents, with its sources; "-" or a pipe gives the question on stdin."""
    text = read_question(question)
    with options.with_model(model).open() as know_how:
        # The documents' own words are there at once, and what of them answers is known when they are whole.
        no_stream = no_stream or (present.fancy(sys.stdout) and know_how.settings.model.engine == "extractive")
        if as_json or no_stream:
            answer = know_how.ask(text, k=k, long=long)
        else:
            for piece in know_how.stream(text, k=k, long=long):
                if isinstance(piece, Answer):
                    answer = piece
                else:
                    click.echo(present.plain(piece), nl=False)
    if as_json:
        _print_json(payload.answer_payload(answer))
    else:
        _print_rest(answer, options.lang, whole=no_stream, evidence=show_evidence)
    return ABSTAINED if fail_on_abstain and answer.status == "abstained" else 0


@click.command(short_help="Print the passages nearest to a question.")
@click.argument("question", nargs=-1, metavar="QUESTION|-")
@json_option
@k_option
@common
def search(options: Options, question: tuple[str, ...], as_json: bool, k: int | None) -> int:
    """Print the passages that are nearest to QUESTION, without an answer."""
    text = read_question(question)
    with options.open() as know_how:
        found = know_how.search(text, k=k)
    if as_json:
        _print_json(payload.search_payload(text, found))
    elif not found:
        from qeu_rag.language import say

        click.echo(say("search.nothing", options.lang), err=True)
    for line in () if as_json else present.results(found, options.lang):
        click.echo(line)
    return 0


def read_question(words: tuple[str, ...]) -> str:
    """The cleaned question from the arguments, or from stdin for "-" or a pipe. Raises UsageError."""
    from qeu_rag.answer.question import clean_question

    if words and words != ("-",):
        return clean_question(" ".join(words))
    if sys.stdin is None or (not words and sys.stdin.isatty()):
        return clean_question("")
    data = sys.stdin.buffer.read(_LONGEST_PIPE)
    try:
        return clean_question(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        # What `echo` gives in a Japanese Windows console.
        return clean_question(data.decode("cp932", "replace"))


def _print_rest(answer: Answer, lang: str, *, whole: bool, evidence: bool) -> None:
    """What follows the streamed text: the end of its line, notes, the sources, and the evidence where it was asked for."""
    if whole:
        shown = present.emphasised(answer) if present.fancy(sys.stdout) else present.plain(answer.text)
        click.echo(shown, nl=False)
    click.echo()
    for line in present.note_lines(answer, lang):
        click.echo(line, err=True)
    if answer.citations:
        click.echo()
    for line in present.sources(answer, lang):
        click.echo(line)
    if evidence and answer.evidence:
        from qeu_rag.language import say

        click.echo(f"\n{say('ask.evidence', lang)}")
        for line in present.results(answer.evidence, lang, whole=True):
            click.echo(line)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
