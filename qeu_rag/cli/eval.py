"""``eval``: how well the consultant does on questions whose answers are known."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qeu_rag.cli.options import INTERRUPTED, PROGRAM, Options, common, json_option, model_option
from qeu_rag.cli.output import check_whole, write_whole
from qeu_rag.cli.progress import Bars
from qeu_rag.errors import StorageError, UsageError
from qeu_rag.language import say

if TYPE_CHECKING:
    from qeu_rag.config import Settings
    from qeu_rag.evaluate.dataset import Question
    from qeu_rag.evaluate.run import Plan, Run
    from qeu_rag.evaluate.trial import Outcome


@click.command(name="eval", short_help="Measure it on questions whose answers are known.")
@click.argument("dataset", type=click.Path(path_type=Path))
@json_option
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Ask N of the questions, taken from a shuffle.")
@click.option("--seed", type=int, default=0, metavar="N", help="What the shuffle depends on. [default: 0]")
@click.option("--keep", type=click.Path(path_type=Path), metavar="FOLDER", help="Keep the home that is made, there.")
@click.option("--compare", type=click.Path(path_type=Path), metavar="RUN.json", help="What changed since that run.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a report with plots, too.")
@model_option
@common
def evaluation(
    options: Options,
    dataset: Path,
    as_json: bool,
    limit: int | None,
    seed: int,
    keep: Path | None,
    compare: Path | None,
    html: Path | None,
    model: str | None,
) -> int:
    """Measure retrieval, answers, abstention and time on DATASET.

    A folder with corpus.jsonl and queries.jsonl is read into a temporary home (--keep: into FOLDER, which stays; --home: that
    home is used again, if it holds the same corpus). A table (CSV, Excel), as corpus/faq.csv is one, asks the documents that are
    in already. After Ctrl-C the figures are those of the questions asked so far.
    """
    from qeu_rag.evaluate import compare as pairs
    from qeu_rag.evaluate.run import Plan

    chosen = options.with_model(model)
    before = None if compare is None else pairs.read_run(compare)
    plan = Plan(dataset=dataset, keep=keep, reuse="home" in options.flags, limit=limit, seed=seed)
    settings = chosen.settings()
    if html is not None:  # now rather than after an hour of questions
        _check_page(html)
    run = _asked(plan, settings, options, before, compare)
    figures = run.figures
    if before is not None and compare is not None:
        figures = {**figures, "compare": pairs.compare(before, figures, path=compare)}
    _print(figures, options.lang, as_json=as_json)
    if html is not None:  # last: a disk that is full now takes no figures away
        _write_page(html, figures, run.outcomes, options)
    return INTERRUPTED if run.partial else 0


def _asked(
    plan: Plan, settings: Settings, options: Options, before: Mapping[str, Any] | None, compare: Path | None
) -> Run:
    """Runs the evaluation with its progress bars, telling first what is wrong with a comparison with run ``before``."""
    from qeu_rag.evaluate import compare as pairs
    from qeu_rag.evaluate.run import evaluate

    with Bars(options.lang) as bars:

        def tell(word: str, **values: object) -> None:
            bars.above(f"{PROGRAM}: {say(f'eval.{word}', options.lang, **values)}")

        def check(asked: Iterable[Question]) -> None:
            if before is not None and compare is not None:
                for word in pairs.check(before, asked, path=compare):
                    tell(f"compare.{word}", run=compare)

        return evaluate(plan, settings, notify=options.notify, tell=tell, progress=bars, check=check)


def _print(figures: Mapping[str, Any], lang: str, *, as_json: bool) -> None:
    from qeu_rag.cli.eval_table import lines

    if as_json:
        json.dump(figures, sys.stdout, ensure_ascii=False, indent=2)  # a part at a time: there may be many questions
        click.echo()
    else:
        for line in lines(figures, lang):
            click.echo(line)


def _write_page(path: Path, figures: Mapping[str, Any], outcomes: Sequence[Outcome], options: Options) -> None:
    from qeu_rag.evaluate.report import page

    write_whole(path, page(figures, outcomes, options.lang), key="eval_report_unwritten")
    options.notify(say("eval.report.written", options.lang, path=path))


def _check_page(path: Path) -> None:
    """Checks that the report can be written. Raises StorageError, and UsageError("eval_report_taken") over another file."""
    from qeu_rag.evaluate.report import is_page

    check_whole(path, key="eval_report_unwritten")
    try:
        taken = path.is_file() and not is_page(path.read_bytes())
    except OSError as error:
        raise StorageError("eval_report_unwritten", path=path, detail=error) from error
    if taken:
        raise UsageError("eval_report_taken", path=path)
