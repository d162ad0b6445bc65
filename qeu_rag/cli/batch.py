"""``batch``: a list of questions in, the answered list out, kept row by row so that nothing is lost overnight."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qeu_rag.cli.options import INTERRUPTED, PROGRAM, Options, common, k_option, model_option
from qeu_rag.cli.present import fancy
from qeu_rag.errors import BatchFailed, UsageError
from qeu_rag.language import say

if TYPE_CHECKING:
    from qeu_rag.app import KnowHow
    from qeu_rag.faq.batch import Plan, Step
    from qeu_rag.faq.journal import Journal
    from qeu_rag.faq.sheet import QuestionList
    from qeu_rag.faq.write import Tally

_AGAIN = {"failed": "error", "abstained": "not_in_documents", "likely": "likely", "changed": "changed"}
_MOST_NUMBERS = 20


@click.command(short_help="Answer a list of questions (Excel, CSV, ...).")
@click.argument("questions", type=click.Path(path_type=Path, readable=False), metavar="QUESTIONS|-")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, readable=False), required=True, metavar="FILE",
    help="Where the answers go: .xlsx, .csv, .tsv, .jsonl, .md or .html.",
)  # fmt: skip
@click.option("--column", metavar="NAME", help="The column of questions: its header, letter or first cell (B2).")
@click.option("--restart", is_flag=True, help="Begin anew and write over FILE.")
@click.option("--only", metavar="WHICH", help="Ask again only: failed,abstained,likely,changed.")
@click.option(
    "--retry", type=click.IntRange(0, 10), default=0, metavar="N", help="Ask N times more where an engine fails."
)
@click.option("--budget", metavar="TIME", help="Stop in time: 2h, 45min; rows by the priority column, else in order.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, metavar="N", help="Ask N at a time (extractive, server)."
)
@click.option("--bom", is_flag=True, help="Begin CSV with a byte order mark, for Excel in Japan.")
@click.option("--long", is_flag=True, help="Longer answers.")
@k_option
@model_option
@common
def batch(
    options: Options,
    questions: Path,
    output: Path,
    column: str | None,
    restart: bool,
    only: str | None,
    retry: int,
    budget: str | None,
    jobs: int,
    bom: bool,
    long: bool,
    k: int | None,
    model: str | None,
) -> int:
    """Answer every question of the list QUESTIONS ("-": stdin) and write it with its answers to FILE.

    QUESTIONS is .xlsx, .csv, .tsv, .jsonl, .md (a list) or .txt (a question a line). Every answer is kept beside FILE at once:
    after Ctrl-C or a power cut the same command goes on.
    """
    from qeu_rag.faq.batch import Plan, run_of
    from qeu_rag.faq.budget import seconds_of
    from qeu_rag.faq.finish import taken, write_answers
    from qeu_rag.faq.journal import Journal, journal_path, only_run
    from qeu_rag.faq.sheet import STDIN, read_questions
    from qeu_rag.faq.write import check_output
    from qeu_rag.tables.workbook import pictured

    chosen = options.with_model(model)
    plan = Plan(
        k=k,
        long=long,
        only=_only(only),
        retry=retry,
        jobs=jobs,
        budget=0.0 if budget is None else seconds_of(budget),
        anew=restart and journal_path(output).exists(),
    )
    piped = str(questions) == STDIN
    kind = check_output(output, None if piped else questions)
    listed = read_questions(sys.stdin.buffer.read() if piped else questions, column=column)
    for one in listed.parts or (listed,):
        if one.guessed:
            options.notify(taken(one, options.lang))
    if listed.parts:
        sheets = ", ".join(f"{part.sheet} ({len(part.rows)})" for part in listed.parts)
        options.notify(say("batch.sheets", options.lang, sheets=sheets))
    if listed.passed:
        options.notify(say("batch.sheets_passed", options.lang, sheets=", ".join(listed.passed)))
    with chosen.open() as know_how, only_run(output):
        known = journal_path(output)
        if output.exists() and not known.exists() and not restart:
            raise UsageError("batch_output_exists", path=output)
        with Journal(known, run_of(know_how, plan), restart=restart) as journal:
            _refuse_edited(output, journal, options, restart=restart)
            if not _answer(know_how, listed, journal, plan, options):
                return INTERRUPTED
            source = None if piped else questions
            tally = write_answers(output, kind, know_how, listed, journal, source=source, bom=bom, lang=options.lang)
    _tell(output, tally, options)
    if kind == "xlsx" and listed.kind == "xlsx" and not piped and pictured(questions):
        options.notify(say("batch.pictures", options.lang, path=questions))
    if tally.failed:
        numbers = ", ".join(map(str, tally.failed[:_MOST_NUMBERS])) + (
            " …" if len(tally.failed) > _MOST_NUMBERS else ""
        )
        raise BatchFailed("batch_rows_failed", count=len(tally.failed), numbers=numbers, reason=tally.reason)
    return 0


def _only(text: str | None) -> frozenset[str]:
    words = [word.strip().lower() for word in (text or "").split(",") if word.strip()]
    for word in words:
        if word not in _AGAIN:
            raise UsageError("batch_only", given=word, known=", ".join(_AGAIN))
    return frozenset(_AGAIN[word] for word in words)


def _refuse_edited(output: Path, journal: Journal, options: Options, *, restart: bool) -> None:
    """People's marks and edits in an output must not be written over, unless they said so.

    Where the end of the journal was lost, nobody can tell whether the output was edited: it is set aside and kept.
    """
    from qeu_rag.faq.write import digest_of, set_aside

    if journal.torn:
        options.notify(say("batch.journal_torn", options.lang, path=journal.path))
    found = digest_of(output)
    if found and found not in journal.written:
        if journal.torn:
            options.notify(say("batch.set_aside", options.lang, path=output, aside=set_aside(output)))
        elif not restart:
            raise UsageError("batch_edited", path=output)
        else:
            journal.add_written(found)


def _answer(know_how: KnowHow, listed: QuestionList, journal: Journal, plan: Plan, options: Options) -> bool:
    """Whether the run came to its end: False after Ctrl-C."""
    from qeu_rag.faq.batch import Batch

    with Bar(options.lang) as bar:
        run = Batch(
            know_how=know_how,
            questions=listed,
            journal=journal,
            plan=plan,
            progress=bar,
            tell=lambda line: bar.above(f"{PROGRAM}: {line}"),
            lang=options.lang,
        )
        try:
            run.run()
        except KeyboardInterrupt:
            done = len(journal.entries)
            bar.above(f"{PROGRAM}: {say('batch.interrupted', options.lang, done=done, path=journal.path)}")
            return False
    return True


def _tell(output: Path, tally: Tally, options: Options) -> None:
    from qeu_rag.faq.fields import status

    counts = ", ".join(f"{status(name, options.lang)} {count}" for name, count in tally.shares() if count)
    click.echo(say("batch.written", options.lang, path=output, counts=counts))
    if waiting := tally.counts["waiting"]:
        options.notify(say("batch.waiting_rows", options.lang, count=waiting))


class Bar:
    """A progress bar on stderr with rows, rate, time left and counts by outcome; silent unless it is a terminal."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._shown = fancy(sys.stderr)
        self._bar: Any = None
        self._drawn = 0.0

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, step: Step) -> None:
        """Draw how far the run is."""
        if not self._shown:
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                desc=say("progress.ask", self._lang), total=step.total, initial=step.done, file=sys.stderr,
                dynamic_ncols=True, ascii=True,
            )  # fmt: skip
        now = time.monotonic()
        if now - self._drawn > 0.2 or step.done == step.total:
            self._drawn = now
            words = (
                f"{say(f'batch.status.{name}', self._lang)} {count}" for name, count in step.counts.items() if count
            )
            self._bar.set_postfix_str(", ".join(words), refresh=False)
        self._bar.update(step.done - self._bar.n)

    def above(self, line: str) -> None:
        """One line on stderr, above the bar."""
        if self._bar is None:
            click.echo(line, err=True)
        else:
            self._bar.write(line, file=sys.stderr)
