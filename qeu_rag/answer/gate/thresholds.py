"""Chooses from which probabilities an answer is sure, and from which it is likely, on questions whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

MOST_WRONG_SURE = 0.1
"""The share of sure answers that may be wrong."""

MOST_REFUSED = 0.05
"""The share of the answers that would have been right, had they been given, that may be refused."""


def thresholds(
    confidences: Sequence[float], right: Sequence[bool], right_if_likely: Sequence[bool] | None = None
) -> tuple[float, float]:
    """``sure`` and ``likely`` for answers of these ``confidences``, of which some were ``right``.

    ``right_if_likely``: whether they would be as likely answers, which show more; None: as ``right``. ``sure`` is the least
    confidence from which on at most ``MOST_WRONG_SURE`` of the answers were wrong (1 where there is none); ``likely`` the
    greatest below which at most ``MOST_REFUSED`` of the right ones lie (that of ``sure`` where none is right).
    """
    sure, wrong = 1.0, 0
    for count, (confidence, true, last) in enumerate(_falling(confidences, right), start=1):
        wrong += not true
        if last and wrong <= MOST_WRONG_SURE * count:
            sure = confidence
    shown = sorted(
        confidence
        for confidence, true in zip(confidences, right if right_if_likely is None else right_if_likely, strict=True)
        if true
    )
    likely = shown[int(MOST_REFUSED * len(shown))] if shown else sure
    return sure, min(likely, sure)


def _falling(confidences: Sequence[float], right: Sequence[bool]) -> Iterator[tuple[float, bool, bool]]:
    """The answers from the highest confidence down, and whether each is the last of its confidence, which no threshold parts."""
    pairs = sorted(zip(confidences, right, strict=True), reverse=True)
    for (confidence, true), after in zip_longest(pairs, pairs[1:]):
        yield confidence, true, after is None or after[0] < confidence
