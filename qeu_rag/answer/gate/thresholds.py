"""Chooses from which probabilities an answer is sure, and from which it is likely, on questions whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

MOST_WRONG_SURE = 0.15
"""The share of sure answers that may be wrong."""

WRONG_COSTS = 0.75
"""What a likely answer that is wrong costs beside a refusal where it would have been right: it is marked as uncertain."""


def thresholds(
    confidences: Sequence[float], right: Sequence[bool], right_if_likely: Sequence[bool] | None = None
) -> tuple[float, float]:
    """``sure`` and ``likely`` for answers of these ``confidences``, of which some were ``right``.

    ``right_if_likely``: whether they would be as likely answers, which show more; None: as ``right``. ``sure`` is the least
    confidence from which on at most ``MOST_WRONG_SURE`` of the answers were wrong (1 where there is none); ``likely`` the one at
    which refusals of right answers and wrong answers together cost least.
    """
    sure, wrong = 1.0, 0
    for count, (confidence, true, last) in enumerate(_falling(confidences, right), start=1):
        wrong += not true
        if last and wrong <= MOST_WRONG_SURE * count:
            sure = confidence
    shown = right if right_if_likely is None else right_if_likely
    cost = best = float(sum(shown))
    likely = 1.0
    for confidence, true, last in _falling(confidences, shown):
        cost += -1.0 if true else WRONG_COSTS
        if last and cost <= best:
            best, likely = cost, confidence
    return sure, min(likely, sure)


def _falling(confidences: Sequence[float], right: Sequence[bool]) -> Iterator[tuple[float, bool, bool]]:
    """The answers from the highest confidence down, and whether each is the last of its confidence, which no threshold parts."""
    pairs = sorted(zip(confidences, right, strict=True), reverse=True)
    for (confidence, true), after in zip_longest(pairs, pairs[1:]):
        yield confidence, true, after is None or after[0] < confidence
