"""Logistic regression with a prior, and Platt's way from a score to a probability."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_STEPS = 60
_PLATT_RIDGE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Logistic:
    """A fitted logistic regression; its score is the logit."""

    bias: float
    weights: tuple[float, ...]

    def score(self, values: Sequence[float]) -> float:
        """The logarithm of the odds."""
        return self.bias + sum(w * v for w, v in zip(self.weights, values, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Platt:
    """A score made a probability: 1 / (1 + exp(-(slope score + shift)))."""

    slope: float
    shift: float

    def probability(self, score: float) -> float:
        """0..1, growing with the score where ``slope`` is positive."""
        logit = self.slope * score + self.shift
        return 1.0 / (1.0 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1.0 + math.exp(logit))


def fit_logistic(
    samples: NDArray[np.float64],
    truth: NDArray[np.float64],
    weight: NDArray[np.float64],
    *,
    ridge: float,
    prior: Logistic | None = None,
) -> Logistic:
    """The regression of ``truth`` (samples; 0 or 1) on ``samples`` (samples, items), each counted ``weight`` times.

    ``ridge`` pulls the weights (not the bias) towards ``prior``'s, or 0: minus half of it times their squared distance is
    added to the log likelihood. By Newton's steps with halving; the problem is convex, so that the result is the only one.
    """
    import numpy as np

    x = np.hstack([np.ones((len(samples), 1)), samples])
    centre = np.zeros(x.shape[1]) if prior is None else np.array([prior.bias, *prior.weights])
    pull = np.full(x.shape[1], float(ridge))
    pull[0] = 1e-6 if prior is None else ridge
    at = centre.copy()

    def loss(w: NDArray[np.float64]) -> float:
        z = x @ w
        return float(weight @ (np.logaddexp(0.0, z) - truth * z) + 0.5 * pull @ (w - centre) ** 2)

    for _ in range(_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ at, -500, 500)))
        gradient = x.T @ (weight * (p - truth)) + pull * (at - centre)
        curve = (x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(pull + 1e-9)
        step = np.linalg.solve(curve, gradient)
        size, now = 1.0, loss(at)
        while size > 1e-6 and loss(at - size * step) > now:
            size /= 2
        at = at - size * step
        if float(np.abs(size * step).max()) < 1e-8:
            break
    return Logistic(bias=float(at[0]), weights=tuple(map(float, at[1:])))


def fit_platt(scores: NDArray[np.float64], truth: NDArray[np.float64], weight: NDArray[np.float64]) -> Platt:
    """Platt's scaling (1999), with his smoothed truths in the form of Lin, Lin and Weng (2007, doi 10.1007/s10994-007-5018-6)."""
    import numpy as np

    positive = float(weight @ truth)
    negative = float(weight.sum()) - positive
    smooth = np.where(truth > 0.5, (positive + 1) / (positive + 2), 1 / (negative + 2))
    # A prior of unit slope on a standardised score keeps a perfect separation finite.
    middle, spread = float(scores.mean()), float(scores.std()) or 1.0
    fitted = fit_logistic(((scores - middle) / spread)[:, None], smooth, weight, ridge=_PLATT_RIDGE)
    slope = fitted.weights[0] / spread
    return Platt(slope=slope, shift=fitted.bias - slope * middle)
