"""Chooses from which probabilities an answer is sure, and from which it is likely, on questions whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence

MOST_WRONG_SURE = 0.1
"""The share of sure answers that may be wrong."""

WRONG_COSTS = 0.35
"""What a likely answer that is wrong costs beside one that is refused though it was right: it is marked as uncertain."""


def thresholds(confidences: Sequence[float], right: Sequence[bool]) -> tuple[float, float]:
    """``sure`` and ``likely`` for answers of these ``confidences``, of which some were ``right``.

    ``sure`` is the least confidence from which on at most ``MOST_WRONG_SURE`` of the answers were wrong (1 where there is none);
    ``likely`` the one at which refusals of right answers and wrong answers together cost least.
    """
    pairs = sorted(zip(confidences, right, strict=True), reverse=True)
    sure, wrong = 1.0, 0
    cost = best = float(sum(right))
    likely = 1.0
    for count, (confidence, true) in enumerate(pairs, start=1):
        wrong += not true
        cost += -1.0 if true else WRONG_COSTS
        if count < len(pairs) and pairs[count][0] == confidence:
            continue  # answers of one confidence are on one side of any threshold
        if wrong <= MOST_WRONG_SURE * count:
            sure = confidence
        if cost <= best:
            best, likely = cost, confidence
    return sure, min(likely, sure)
