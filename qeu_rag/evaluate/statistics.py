"""Statistics of a run: intervals for shares, the area under the ROC curve, and tests of paired runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_Z = 1.959963984540054
"""The normal deviate of a two-sided 95 % interval."""


def wilson(hits: int, count: int) -> tuple[float, float] | None:
    """The 95 % interval of a share ``hits / count`` (Wilson 1927, doi 10.1080/01621459.1927.10502953); None for no cases."""
    if not count:
        return None
    from scipy.stats import binomtest

    interval = binomtest(hits, count).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def auroc(positive: Sequence[float], negative: Sequence[float]) -> tuple[float, tuple[float, float]] | None:
    """The chance that a positive case scores above a negative one (ties count half), with its 95 % interval.

    The interval is DeLong's (1988, doi 10.2307/2531595) with midranks (Sun and Xu 2014, doi 10.1109/LSP.2014.2337313), kept
    within 0..1. None where either kind is missing.
    """
    m, n = len(positive), len(negative)
    if not m or not n:
        return None
    from scipy.stats import rankdata

    high, low = np.asarray(positive, dtype=np.float64), np.asarray(negative, dtype=np.float64)
    together = rankdata(np.concatenate([high, low]))
    above: NDArray[np.float64] = (together[:m] - rankdata(high)) / n
    below: NDArray[np.float64] = 1.0 - (together[m:] - rankdata(low)) / m
    area = float(above.mean())
    variance = sum((float(part.var(ddof=1)) / len(part) for part in (above, below) if len(part) > 1), 0.0)
    reach = _Z * math.sqrt(variance)
    return area, (max(0.0, area - reach), min(1.0, area + reach))


def mcnemar(gained: int, lost: int) -> float:
    """The exact two-sided p-value that ``gained`` and ``lost`` pairs are chance (McNemar 1947, doi 10.1007/BF02295996)."""
    from scipy.stats import binomtest

    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def paired_interval(differences: Sequence[float], seed: int, *, samples: int = 2000) -> tuple[float, float] | None:
    """The 95 % percentile bootstrap interval of the mean of paired ``differences``; None where there are none."""
    if not differences:
        return None
    values = np.asarray(differences, dtype=np.float64)
    chance = np.random.default_rng(seed)
    means = [float(chance.choice(values, len(values)).mean()) for _ in range(samples)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
