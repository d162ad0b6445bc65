"""Chooses from which probabilities an answer is sure, and from which it is likely, on questions whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence

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
    pairs = sorted(zip(confidences, right, strict=True), reverse=True)
    sure, wrong = 1.0, 0
    for count, (confidence, true) in enumerate(pairs, start=1):
        wrong += not true
        if wrong <= MOST_WRONG_SURE * count:
            sure = confidence
    shown = right if right_if_likely is None else right_if_likely
    cost = best = float(sum(shown))
    likely = 1.0
    for confidence, true in sorted(zip(confidences, shown, strict=True), reverse=True):
        cost += -1.0 if true else WRONG_COSTS
        if cost <= best:
            best, likely = cost, confidence
    return sure, min(likely, sure)
