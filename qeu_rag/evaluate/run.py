"""One evaluation from a data set to its figures, as the values that ``qeu-rag eval`` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qeu_rag import __version__
from qeu_rag.app import KnowHow
from qeu_rag.config import Settings
from qeu_rag.errors import UsageError
from qeu_rag.evaluate.corpus_home import opened, outdated
from qeu_rag.evaluate.dataset import Question, QuestionSet, choose
from qeu_rag.evaluate.gold_checks import row_numbers, suspicious_rows
from qeu_rag.evaluate.gold_set import GoldSet
from qeu_rag.evaluate.summary import summarise
from qeu_rag.evaluate.time_left import Pace, Reading
from qeu_rag.evaluate.trial import Outcome, Step, Trial
from qeu_rag.ingest.report import Progress

SCHEMA_VERSION = 2
"""Grows when a key of a run's JSON is renamed or removed or changes its meaning; new keys do not change it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure: the data set (a folder, or a CSV file over the settings' collection) and how much of it.

    ``keep`` is where the home made for a folder stays; with ``reuse`` the settings' own home, which must hold the folder's
    corpus, is used as it is. ``limit`` questions are taken from a shuffle by ``seed``.
    """

    dataset: Path
    keep: Path | None = None
    reuse: bool = False
    limit: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The figures of a run, ready for JSON, and the outcomes that they sum up; ``partial``: Ctrl-C ended it early."""

    figures: dict[str, Any]
    outcomes: Sequence[Outcome]
    partial: bool = False


def evaluate(
    plan: Plan,
    settings: Settings,
    *,
    notify: Callable[[str], None] = lambda line: None,
    tell: Callable[..., None] = lambda word, **values: None,
    progress: Callable[[Progress | Step], None] = lambda step: None,
    check: Callable[[Iterable[Question]], None] = lambda questions: None,
) -> Run:
    """Asks the questions of the plan and reckons the figures; after Ctrl-C those of the questions asked so far.

    ``tell`` hears what the run does, as a word (``reading``, ``contrary``, ``slow``) with its values; ``notify`` a collection's
    notices; ``progress`` each step. ``check`` gets the questions to be asked before anything costs time, and may raise.
    Raises UsageError for a data set that cannot be used, what ingest and ask raise, and KeyboardInterrupt before the first
    question was asked.
    """
    # Nobody wants to know the answers to these: they are no readers' questions.
    settings = settings.model_copy(update={"log": settings.log.model_copy(update={"questions": False})})
    with _opened(plan, settings, notify, tell, progress, check) as (know_how, questions):
        trial = Trial(know_how)
        chosen = choose(questions.count, plan.limit, plan.seed)
        total = questions.count if chosen is None else len(chosen)
        if old := outdated(know_how):
            tell("outdated", count=old)
        if trial.left_out:
            tell("left_out", count=len(trial.left_out))
        doubtful = suspicious_rows(questions.questions(chosen), know_how)
        for word, rows in doubtful.items():
            if rows:
                tell(word, count=len(rows), rows=row_numbers(rows))
        tell("asking", count=total)
        lost = frozenset(doubtful["lost_passages"])
        asked = (replace(one, passage="") if one.line in lost else one for one in questions.questions(chosen))
        outcomes = _outcomes_so_far(trial, asked, total, tell, progress)
        figures = {
            **summarise(outcomes, threshold=know_how.parts.gate().likely),
            "questions": len(outcomes),
            "planned": total,
            "partial": len(outcomes) < total,
            "set": questions.mark,
            **{word: list(rows) for word, rows in doubtful.items()},
        }
        payload = _payload(figures, plan, know_how, trial.left_out, outcomes)
        return Run(figures=payload, outcomes=outcomes, partial=len(outcomes) < total)


def _outcomes_so_far(
    trial: Trial,
    questions: Iterable[Question],
    total: int,
    tell: Callable[..., None],
    progress: Callable[[Step], None],
) -> list[Outcome]:
    """The outcomes of all questions or, after Ctrl-C, of the first of them."""
    outcomes: list[Outcome] = []
    pace: Pace | None = None
    try:
        for outcome in trial.run(questions, total, progress):
            outcomes.append(outcome)
            pace = pace or Pace(total - 1, tell)  # after the first question, whose time holds the opening of models
            pace(len(outcomes) - 1)
    except KeyboardInterrupt:
        if not outcomes:
            raise
    return outcomes


@contextmanager
def _opened(
    plan: Plan,
    settings: Settings,
    notify: Callable[[str], None],
    tell: Callable[..., None],
    progress: Callable[[Progress | Step], None],
    check: Callable[[Iterable[Question]], None],
) -> Iterator[tuple[KnowHow, QuestionSet | GoldSet]]:
    """The collection to ask and the questions, by what kind of data set it is."""
    if not plan.dataset.exists():
        raise UsageError("path_missing", path=plan.dataset)
    if plan.dataset.is_dir():
        if plan.keep is not None and plan.reuse:
            raise UsageError("options_clash", first="--keep", second="--home")
        dataset = QuestionSet(plan.dataset)
        check(dataset.questions(choose(dataset.count, plan.limit, plan.seed)))
        tell("checking" if plan.reuse else "reading", count=dataset.documents)
        reading = Reading(progress, tell, kept=plan.keep is not None)
        with opened(dataset, settings, keep=plan.keep, reuse=plan.reuse, notify=notify, progress=reading) as know_how:
            yield know_how, dataset
    else:
        if plan.keep is not None:
            raise UsageError("eval_keep_csv")
        with KnowHow.open(settings=settings, notify=notify) as know_how:
            names = {row.source for row in know_how.documents().documents}
            gold = GoldSet(plan.dataset, names)
            check(gold.questions(choose(gold.count, plan.limit, plan.seed)))
            yield know_how, gold


def _payload(
    figures: dict[str, Any], plan: Plan, know_how: KnowHow, left_out: dict[str, str], outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    status = know_how.status()
    absent = {
        f"retrieval.{name}": "no question names a gold document"
        for name, value in figures["retrieval"].items()
        if value is None
    }
    if figures["abstention"]["auroc"] is None:
        absent["abstention.auroc"] = "needs answerable and unanswerable questions"
    return {
        "schema_version": SCHEMA_VERSION,
        "dataset": plan.dataset.name or str(plan.dataset),
        **figures,
        "unusable": sum(one.unusable for one in outcomes),
        "no_gold": sum(one.no_gold for one in outcomes),
        "documents": status["documents"],
        "left_out": left_out,
        "chunks": status["chunks"],
        "embedder": status["embedder"],
        "engine": status["engine"],
        "version": __version__,
        "limit": plan.limit,
        "seed": plan.seed,
        "absent": absent,
        "per_question": [_outcome_payload(one) for one in outcomes],
    }


def _outcome_payload(one: Outcome) -> dict[str, Any]:
    """A question's outcome, for ``--compare`` and for looking closer; ranks of 0 are beyond the tenth; ``right``: Outcome."""
    return {
        "id": one.id,
        "question": one.question,
        "answerable": one.answerable,
        "answered": one.answered,
        "certainty": one.certainty,
        "confidence": one.confidence,
        "ranks": {name: placed.rank for name, placed in one.placed.items()},
        "contained": one.contained[0],
        "right": one.right,
    }
