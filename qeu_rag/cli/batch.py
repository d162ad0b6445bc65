"""``batch``: a list of questions in, the answered list out, kept row by row so that nothing is lost overnight."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qeu_rag.cli.options import INTERRUPTED, PROGRAM, Options, common, k_option, model_option, on_option
from qeu_rag.cli.progress import Bars
from qeu_rag.errors import BatchFailed, UsageError
from qeu_rag.language import say

if TYPE_CHECKING:
    from qeu_rag.app import KnowHow
    from qeu_rag.faq.batch import Plan, Step
    from qeu_rag.faq.journal import Journal
    from qeu_rag.faq.read.question_list import QuestionList
    from qeu_rag.faq.write.sheet import Tally
    from qeu_rag.types import Answer

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
    "--jobs",
    type=click.IntRange(1, 64),
    default=None,
    metavar="N",
    help="Ask N at a time (extractive, server) [as many as there are cores, up to 4; a model: 1].",
)
@click.option("--bom", is_flag=True, help="Begin CSV with a byte order mark, for Excel in Japan.")
@click.option("--long", is_flag=True, help="Longer answers.")
@k_option
@model_option
@on_option
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
    jobs: int | None,
    bom: bool,
    long: bool,
    k: int | None,
    model: str | None,
    on: str | None,
) -> int:
    """Answer every question of the list QUESTIONS ("-": stdin) and write it with its answers to FILE.

    QUESTIONS is .xlsx, .csv, .tsv, .jsonl, .md (a list) or .txt (a question a line). Every answer is kept beside FILE at once:
    after Ctrl-C or a power cut the same command goes on.
    """
    from qeu_rag.faq.batch import Plan
    from qeu_rag.faq.budget import seconds_of
    from qeu_rag.faq.finish import write_answers
    from qeu_rag.faq.journal import journal_path
    from qeu_rag.faq.read.questions import STDIN
    from qeu_rag.faq.write.output import check_output

    chosen = options.with_model(model)
    plan = Plan(
        k=k,
        long=long,
        only=_only(only),
        retry=retry,
        jobs=jobs or 0,
        budget=0.0 if budget is None else seconds_of(budget),
        anew=restart and journal_path(output).exists(),
    )
    source = None if str(questions) == STDIN else questions
    kind = check_output(output, source)
    listed = _listed(source, column, options)
    with chosen.open() as know_how, _journal_of(output, know_how, plan, options, restart=restart) as journal:
        if not _answer(know_how, listed, journal, plan, options, on):
            return INTERRUPTED
        tally = write_answers(output, kind, know_how, listed, journal, source=source, bom=bom, lang=options.lang)
    return _tell(output, tally, options, copied=source if kind == listed.kind == "xlsx" else None)


def _only(text: str | None) -> frozenset[str]:
    words = [word.strip().lower() for word in (text or "").split(",") if word.strip()]
    for word in words:
        if word not in _AGAIN:
            raise UsageError("batch_only", given=word, known=", ".join(_AGAIN))
    return frozenset(_AGAIN[word] for word in words)


@contextmanager
def _journal_of(output: Path, know_how: KnowHow, plan: Plan, options: Options, *, restart: bool) -> Iterator[Journal]:
    """The journal beside ``output``, open for this run alone, once it is sure that nothing a person made is written over."""
    from qeu_rag.faq.batch import run_of
    from qeu_rag.faq.journal import Journal, journal_path, only_run

    known = journal_path(output)
    with only_run(output):
        if output.exists() and not known.exists() and not restart:
            raise UsageError("batch_output_exists", path=output)
        with Journal(known, run_of(know_how, plan), restart=restart) as journal:
            _refuse_edited(output, journal, options, restart=restart)
            yield journal


def _refuse_edited(output: Path, journal: Journal, options: Options, *, restart: bool) -> None:
    """Refuses to overwrite an output that a person has edited, unless they asked for it.

    Where the end of the journal was lost, nobody can tell whether the output was edited: it is set aside and kept.
    """
    from qeu_rag.faq.write.output import digest_of, set_aside

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


def _first(numbers: Sequence[str]) -> str:
    return ", ".join(numbers[:_MOST_NUMBERS]) + (" …" if len(numbers) > _MOST_NUMBERS else "")


def _listed(source: Path | None, column: str | None, options: Options) -> QuestionList:
    """The questions; tells which lists of a file are answered, what was guessed, and what seems to ask and was not taken."""
    from qeu_rag.faq.finish import taken
    from qeu_rag.faq.read.questions import read_questions

    listed = read_questions(source or sys.stdin.buffer.read(), column=column)
    for one in listed.parts or (listed,):
        if one.guessed:
            options.notify(taken(one, options.lang))
    if listed.parts:
        held = Counter(part.sheet for part in listed.parts)
        sheets = ", ".join(
            f"{part.sheet}{f'!{part.header_row}' if held[part.sheet] > 1 else ''} ({len(part.rows)})"
            for part in listed.parts
        )
        options.notify(say("batch.sheets", options.lang, sheets=sheets))
    if listed.passed:
        options.notify(say("batch.sheets_passed", options.lang, sheets=", ".join(listed.passed)))
    if listed.unasked:
        options.notify(say("batch.rows_unasked", options.lang, rows=_first(listed.unasked)))
    return listed


def _answer(
    know_how: KnowHow, listed: QuestionList, journal: Journal, plan: Plan, options: Options, on: str | None
) -> bool:
    """Runs the batch with its progress bar, on a cluster where one is named; False when Ctrl-C stopped it."""
    from qeu_rag.answer.same_question import question_id
    from qeu_rag.faq.batch import Batch

    before = sum(row_key in journal.entries for row_key in (question_id(row.question) for row in listed.rows))
    with Bars(options.lang) as bars, _asker(on, know_how, plan) as (ask, jobs):

        def show(step: Step) -> None:
            counts = (
                f"{say(f'batch.status.{name}', options.lang)} {count}" for name, count in step.counts.items() if count
            )
            bars.draw("ask", step.done, step.total, ", ".join(counts), before=before)

        run = Batch(
            know_how=know_how,
            questions=listed,
            journal=journal,
            plan=replace(plan, jobs=jobs),
            ask=ask,
            progress=show,
            tell=lambda line: bars.above(f"{PROGRAM}: {line}"),
            lang=options.lang,
        )
        try:
            run.run()
        except KeyboardInterrupt:
            done = len(journal.entries)
            bars.above(f"{PROGRAM}: {say('batch.interrupted', options.lang, done=done, path=journal.path)}")
            return False
    return True


@contextmanager
def _asker(on: str | None, know_how: KnowHow, plan: Plan) -> Iterator[tuple[Callable[[str], Answer] | None, int]]:
    """What answers in place of this machine (None: it does so itself), and how many questions are asked at a time."""
    if on is None:
        yield None, plan.jobs
        return
    from qeu_rag.cluster.batch_asker import ClusterAsker
    from qeu_rag.cluster.connection import connect

    know_how.prepare()
    with connect(on, cpus=plan.jobs or 1) as cluster:
        yield ClusterAsker(cluster, know_how, k=plan.k, long=plan.long), max(plan.jobs, cluster.size)


def _tell(output: Path, tally: Tally, options: Options, *, copied: Path | None) -> int:
    """Tells what was written; ``copied`` is the workbook whose sheets it has. Raises BatchFailed where rows have no answer."""
    from qeu_rag.faq.write.fields import status
    from qeu_rag.tables.workbook import pictured

    counts = ", ".join(f"{status(name, options.lang)} {count}" for name, count in tally.shares() if count)
    click.echo(say("batch.written", options.lang, path=output, counts=counts))
    if waiting := tally.counts["waiting"]:
        options.notify(say("batch.waiting_rows", options.lang, count=waiting))
    if copied and pictured(copied):
        options.notify(say("batch.pictures", options.lang, path=copied))
    if tally.failed:
        raise BatchFailed(
            "batch_rows_failed", count=len(tally.failed), numbers=_first(tally.failed), reason=tally.reason
        )
    return 0
