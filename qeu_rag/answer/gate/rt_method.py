"""Taguchi's RT-method (Recognition-Taguchi, also T(3)): how far a pattern lies from a unit space, by two measures of it.

G. Taguchi, "Objective function and generic function (11)", Quality Engineering 14 (2006). The R package MTSYS has it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class RTMethod:
    """A fitted RT-method: the mean pattern, the means of the two measures, and the adjugate of their covariances.

    ``scale`` is the mean D^2 of the unit space, by which distances are divided.
    """

    pattern: tuple[float, ...]
    mean: tuple[float, float]
    adjugate: tuple[tuple[float, float], tuple[float, float]]
    scale: float

    def measures(self, values: Sequence[float]) -> tuple[float, float]:
        """Y1 = beta, the sensitivity to the mean pattern, and Y2 = 1 / sqrt(eta) = sqrt(Ve), how far its shape departs."""
        return _measures(self.pattern, values)

    def distance(self, values: Sequence[float]) -> float:
        """The standardised distance: D^2 = (1/2) sum A_ij (Y_i - mean_i)(Y_j - mean_j), divided by the unit space's mean."""
        return _quadratic(self.adjugate, self.mean, self.measures(values)) / self.scale

    def score(self, values: Sequence[float]) -> float:
        """The nearer, the higher: minus the logarithm of the distance."""
        return -math.log(self.distance(values) + 1e-6)


def fit_rt(unit: NDArray[np.float64]) -> RTMethod:
    """The RT-method of a unit space ``unit`` (members, two items or more, all of one unit).

    The adjugate in place of the inverse works where the two measures go together entirely.
    """
    import numpy as np

    pattern = tuple(map(float, unit.mean(axis=0)))
    y = np.array([_measures(pattern, row) for row in unit])
    (a, b), (_, d) = np.cov(y.T, bias=False) if len(unit) > 1 else np.zeros((2, 2))
    mean = (float(y[:, 0].mean()), float(y[:, 1].mean()))
    adjugate = ((float(d), -float(b)), (-float(b), float(a)))
    scale = float(np.mean([_quadratic(adjugate, mean, (float(one), float(two))) for one, two in y]))
    return RTMethod(pattern=pattern, mean=mean, adjugate=adjugate, scale=scale if scale > 0 else 1.0)


def _measures(pattern: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    r = sum(p * p for p in pattern)
    if not r or len(pattern) < 2:
        return 0.0, 0.0
    linear = sum(p * float(v) for p, v in zip(pattern, values, strict=True))
    total = sum(float(v) * float(v) for v in values)
    return linear / r, math.sqrt(max(total - linear * linear / r, 0.0) / (len(pattern) - 1))


def _quadratic(
    adjugate: tuple[tuple[float, float], tuple[float, float]], mean: tuple[float, float], y: tuple[float, float]
) -> float:
    one, two = y[0] - mean[0], y[1] - mean[1]
    (a, b), (_, d) = adjugate
    return max(0.0, (a * one * one + 2 * b * one * two + d * two * two) / 2)
