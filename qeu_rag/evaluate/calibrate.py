"""Fits the gate to a company's own questions by cross-validation, and says whether that is better than the shipped gate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qeu_rag.answer.gate.judge import Gate, shipped
from qeu_rag.answer.gate.model import Model, fit
from qeu_rag.answer.gate.signals import measure
from qeu_rag.answer.gate.thresholds import thresholds
from qeu_rag.errors import UsageError
from qeu_rag.evaluate.dataset import Question
from qeu_rag.evaluate.gold_checks import is_contrary
from qeu_rag.evaluate.gold_set import GoldSet
from qeu_rag.evaluate.made_questions import questions_of
from qeu_rag.evaluate.statistics import wilson
from qeu_rag.evaluate.trial import Step
from qeu_rag.types import ScoredWindow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qeu_rag.app import KnowHow

LEAST = 40
"""Questions needed of each kind: with none judged wrongly of so many, the interval still reaches to 9 %."""

MOST_MADE = 200
FOLDS = 5
LEFT_OUT_WEIGHT = 0.5
"""Another document may answer a question whose own was left out."""

_RIDGE = 10.0
_WIDE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One question with the signals of its search result; ``left_out``: its own document was removed from that result."""

    signals: Mapping[str, float]
    answerable: bool
    fold: int
    left_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Two error rates of a gate, each as (errors, questions): answered without an answer, and abstained despite one."""

    false_answer: tuple[int, int]
    false_refusal: tuple[int, int]

    @property
    def balanced(self) -> float:
        """The mean of both rates, 0..1."""
        return sum(errors / count for errors, count in (self.false_answer, self.false_refusal)) / 2

    @property
    def standard_error(self) -> float:
        """The standard error of ``balanced``, as for shares of independent questions."""
        shares = [(errors / count, count) for errors, count in (self.false_answer, self.false_refusal)]
        return math.sqrt(sum(share * (1.0 - share) / count for share, count in shares)) / 2

    def to_json(self) -> dict[str, Any]:
        """Both rates with their 95 % intervals (Wilson) and counts."""
        found: dict[str, Any] = {}
        for name, (errors, count) in (("false_answer", self.false_answer), ("false_refusal", self.false_refusal)):
            found |= {name: errors / count, f"{name}_95": wilson(errors, count), f"{name}_of": count}
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The gate fitted to all samples, and both error rates: the shipped gate's, and the fitted one's on folds kept back.

    ``no_gold`` counts the questions that were left out: taken as answerable, but without a document that answers. ``contrary``
    are the rows of those that are marked unanswerable, yet name a document.
    """

    gate: Gate
    before: Rates
    after: Rates
    made: bool
    no_gold: int = 0
    contrary: tuple[int, ...] = ()

    @property
    def bolder(self) -> bool:
        """Whether the fitted gate wrongly answers more unanswerable questions than the shipped one, on held-out questions."""
        return self.after.false_answer[0] > self.before.false_answer[0]

    @property
    def better(self) -> bool:
        """Whether it errs less on held-out questions, by more than its standard error.

        It must not answer more of what has no answer.
        """
        return not self.bolder and self.before.balanced - self.after.balanced > self.after.standard_error

    def to_json(self) -> dict[str, Any]:
        """What ``calibrate --json`` prints of it."""
        return {
            "method": self.gate.method,
            "questions": "made" if self.made else "gold",
            "no_gold": self.no_gold,
            "contrary": list(self.contrary),
            "shipped": self.before.to_json(),
            "calibrated": self.after.to_json(),
            "bolder": self.bolder,
            "better": self.better,
        }


def calibrate(
    know_how: KnowHow,
    gold: Path | None,
    *,
    seed: int = 0,
    progress: Callable[[Step], None] = lambda step: None,
) -> Calibration:
    """Fits the shipped gate's method to the gold set in ``gold``, or without one to questions made from the documents.

    Unanswerable are the gold set's own, and every answerable question once more without what its document gave. Nothing is
    kept: that is ``KnowHow.keep_gate``. Raises UsageError for too few questions (``calibrate_few_answerable`` of a gold set,
    else ``calibrate_few_made``), what a gold set that cannot be used raises, and CollectionError where nothing can be searched.
    """
    questions = _made_samples(know_how, seed) if gold is None else _gold_samples(know_how, gold)
    usable = [one for one in questions if one.gold or not one.answerable]
    # As each answerable one is unanswerable without its document, there are then enough of these, too.
    if (count := sum(one.answerable for one in usable)) < LEAST:
        raise UsageError(f"calibrate_few_{'made' if gold is None else 'answerable'}", count=count, needed=LEAST)
    samples = tuple(_samples(know_how, usable, progress))
    start = shipped(know_how.settings.answer.gate)
    before = _rates(samples, [(start.confidence(sample.signals), start.likely) for sample in samples])
    kept_back: dict[int, tuple[float, float]] = {}
    for fold in range(FOLDS):
        part = fit_gate(start, [sample for sample in samples if sample.fold != fold])
        kept_back |= {
            n: (part.confidence(sample.signals), part.likely) for n, sample in enumerate(samples) if sample.fold == fold
        }
    after = _rates(samples, [kept_back[n] for n in range(len(samples))])
    return Calibration(
        gate=fit_gate(start, samples),
        before=before,
        after=after,
        made=gold is None,
        no_gold=len(questions) - len(usable),
        contrary=tuple(one.line for one in questions if is_contrary(one)),
    )


def fit_gate(start: Gate, samples: Sequence[Sample]) -> Gate:
    """``start`` with its model and both thresholds fitted to ``samples``.

    A regression is pulled towards the weights of ``start``, which few samples leave; both kinds of question count alike.
    Where one kind is missing, nothing can be fitted, and ``start`` stays as it is.
    """
    if len({sample.answerable for sample in samples}) < 2:
        return start
    model = _fitted(start.model, samples)
    gate = Gate(model=model, origin="calibrated")
    sure, likely = thresholds(
        [gate.confidence(sample.signals) for sample in samples], [sample.answerable for sample in samples]
    )
    return gate.with_thresholds(sure=sure, likely=likely)


def _fitted(before: Model, samples: Sequence[Sample]) -> Model:
    import numpy as np

    signals: NDArray[np.float64] = np.array([[s.signals.get(name, 0.0) for name in before.names] for s in samples])
    truth = np.array([float(sample.answerable) for sample in samples])
    weight = np.array([LEFT_OUT_WEIGHT if sample.left_out else 1.0 for sample in samples])
    for kind in (0.0, 1.0):
        weight[truth == kind] *= len(samples) / 2 / weight[truth == kind].sum()
    return fit(before.method, before.names, signals, truth, weight, prior=before, ridge=_RIDGE)


def _made_samples(know_how: KnowHow, seed: int) -> tuple[Question, ...]:
    return questions_of(know_how.chunks(), limit=MOST_MADE, seed=seed)


def _gold_samples(know_how: KnowHow, path: Path) -> tuple[Question, ...]:
    if not path.exists():
        raise UsageError("path_missing", path=path)
    if path.is_dir():
        raise UsageError("calibrate_folder", path=path)
    names = {row.source for row in know_how.documents().documents}
    return tuple(GoldSet(path, names).questions())


def _samples(know_how: KnowHow, questions: Sequence[Question], progress: Callable[[Step], None]) -> Iterator[Sample]:
    k = know_how.settings.retrieve.k
    for number, one in enumerate(questions, start=1):
        group = one.gold[0] if one.gold else one.id
        fold = blake2b(group.encode("utf-8", "surrogatepass"), digest_size=2).digest()[0] % FOLDS
        for left_out in (False, True) if one.answerable else (False,):
            without = frozenset(one.gold) if left_out else frozenset()
            found = know_how.evidence(one.question, k=max(k, _WIDE), without=without)
            signals = measure(one.question, _first_chunks(found.windows, k))
            yield Sample(signals=signals, answerable=one.answerable and not left_out, fold=fold, left_out=left_out)
        progress(Step(stage="ask", done=number, total=len(questions)))


def _first_chunks(windows: Sequence[ScoredWindow], k: int) -> list[ScoredWindow]:
    """The windows of the first ``k`` chunks."""
    kept = list(dict.fromkeys(one.chunk.id for one in windows))[:k]
    return [one for one in windows if one.chunk.id in kept]


def _rates(samples: Sequence[Sample], judged: Sequence[tuple[float, float]]) -> Rates:
    """Both error rates, of the confidence of each sample and the threshold that it was judged by."""
    answered = [
        (sample.answerable, confidence >= threshold)
        for sample, (confidence, threshold) in zip(samples, judged, strict=True)
    ]
    own = [given for answerable, given in answered if answerable]
    others = [given for answerable, given in answered if not answerable]
    return Rates(false_answer=(sum(others), len(others)), false_refusal=(own.count(False), len(own)))
