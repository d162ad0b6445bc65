"""Taguchi's T-method: each item estimates the output alone, and the estimates are weighed by their SN ratios.

T(1): G. Taguchi, "Objective function and generic function (12)", Quality Engineering 14 (2006); Ta and Tb: A. Inoh, Y. Nagata,
K. Horita, A. Mori, J. Japanese Society for Quality Control 42 (2012) 103-115, and H. Kawada, Y. Nagata, Total Quality Science 1
(2015) 12-21, doi 10.17929/tqs.1.12. The R package MTSYS has functions of these names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TMethod:
    """A fitted T-method: for each item its centre, the output there, the proportional constant and the SN ratio (not in dB)."""

    centre: tuple[float, ...]
    output: tuple[float, ...]
    beta: tuple[float, ...]
    eta: tuple[float, ...]

    def score(self, values: Sequence[float]) -> float:
        """The integrated estimate of the output, in its own unit: sum of eta (X / beta + output) / sum of eta.

        Items whose eta is 0 take no part. Where all are 0, the estimate is the mean of the outputs at the centres.
        """
        whole = sum(self.eta)
        if not whole:
            return sum(self.output) / len(self.output)
        total = 0.0
        for value, centre, output, beta, eta in zip(values, self.centre, self.output, self.beta, self.eta, strict=True):
            if eta:
                total += eta * ((value - centre) / beta + output)
        return total / whole


def fit_t1(
    unit: NDArray[np.float64], signal: NDArray[np.float64], unit_output: float, output: NDArray[np.float64]
) -> TMethod:
    """T(1), the two-sided T-method.

    ``unit`` (members, items) is the unit space, a homogeneous group in the middle of the output, whose mean output is
    ``unit_output``; ``signal`` (samples, items) are the other samples, with their ``output``. Needs two samples or more.
    """
    return _fit_at(unit.mean(axis=0), unit_output, signal, output)


def fit_ta(samples: NDArray[np.float64], output: NDArray[np.float64]) -> TMethod:
    """Ta: the mean of all samples is the unit space, and all samples (samples, items) are signals too."""
    return _fit_at(samples.mean(axis=0), float(output.mean()), samples, output)


def fit_tb(samples: NDArray[np.float64], output: NDArray[np.float64]) -> TMethod:
    """Tb: for each item, the sample whose place as the centre gives that item the greatest SN ratio; ties: the first.

    Every sample (samples, items) is a signal for each centre. Sums over pairs are taken from moments: n items cost O(n).
    """
    import numpy as np

    n = len(output)
    centre, outputs, betas, etas = [], [], [], []
    for column in samples.T:
        dx, dm = column - column.mean(), output - output.mean()
        sxx, smm, sxm = float(dx @ dx), float(dm @ dm), float(dx @ dm)
        # About another centre each sum grows by n times the product of the shifts.
        r, linear, total = smm + n * dm * dm, sxm + n * dx * dm, sxx + n * dx * dx
        eta = np.array([_ratio(*sums, n)[1] for sums in zip(r, linear, total, strict=True)])
        best = int(np.argmax(eta))
        centre.append(float(column[best]))
        outputs.append(float(output[best]))
        betas.append(float(linear[best] / r[best]))
        etas.append(float(eta[best]))
    return TMethod(centre=tuple(centre), output=tuple(outputs), beta=tuple(betas), eta=tuple(etas))


def _fit_at(
    centre: NDArray[np.float64], output_there: float, signal: NDArray[np.float64], output: NDArray[np.float64]
) -> TMethod:
    moved, x = output - output_there, signal - centre
    r = float(moved @ moved)
    pairs = [_ratio(r, float(moved @ column), float(column @ column), len(output)) for column in x.T]
    return TMethod(
        centre=tuple(float(c) for c in centre),
        output=(float(output_there),) * len(centre),
        beta=tuple(beta for beta, _ in pairs),
        eta=tuple(eta for _, eta in pairs),
    )


def _ratio(r: float, linear: float, total: float, n: int) -> tuple[float, float]:
    """Beta and eta from the sums r = sum M^2, L = sum M X, ST = sum X^2 over ``n`` signals.

    beta = L / r, S_beta = L^2 / r, Ve = (ST - S_beta) / (n - 1), eta = (S_beta - Ve) / (r Ve), and 0 where S_beta <= Ve.
    """
    if r <= 0 or n < 2:
        return 0.0, 0.0
    explained = linear * linear / r
    error = max(total - explained, 0.0) / (n - 1)
    if explained <= error or total <= 0:
        return linear / r, 0.0
    # An item without any error would weigh infinitely much.
    error = max(error, 1e-12 * total)
    return linear / r, (explained - error) / (r * error)
