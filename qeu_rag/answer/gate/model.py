"""One fitted method over named signals, made a probability: how it is fitted, used, and kept as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from qeu_rag.answer.gate.logistic import Logistic, Platt, fit_logistic, fit_platt
from qeu_rag.answer.gate.rt_method import RTMethod, fit_rt
from qeu_rag.answer.gate.t_method import TMethod, fit_t1, fit_ta, fit_tb

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Method = Literal["logistic", "t-method", "ta-method", "tb-method", "rt-method"]
METHODS: tuple[Method, ...] = get_args(Method)

RIDGE = 1.0
"""What pulls the weights of the regression towards none; chosen by cross-validation on the fitted halves."""


class Scorer(Protocol):
    """A fitted method: signals in, in its own order; a score out, higher for better evidence."""

    def score(self, values: Sequence[float]) -> float:
        """The score, on the method's own scale."""
        ...


_KINDS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "logistic": Logistic,
        "t-method": TMethod,
        "ta-method": TMethod,
        "tb-method": TMethod,
        "rt-method": RTMethod,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A fitted ``method`` over the signals ``names``, and ``platt``, which makes its score a probability."""

    method: Method
    names: tuple[str, ...]
    scorer: Scorer
    platt: Platt

    def score(self, signals: Mapping[str, float]) -> float:
        """The score of the signals (one that was not measured counts as 0) on the method's own scale."""
        return self.scorer.score([signals.get(name, 0.0) for name in self.names])

    def probability(self, signals: Mapping[str, float]) -> float:
        """How likely evidence with these signals answers its question, 0..1."""
        return self.platt.probability(self.score(signals))

    def to_json(self) -> dict[str, Any]:
        """Plain values, from which ``from_json`` makes an equal model."""
        fields = asdict(self.scorer)  # type: ignore[call-overload]
        return {"method": self.method, "names": self.names, "fitted": fields, "platt": asdict(self.platt)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Model:
        """The model that was kept. Raises KeyError, TypeError or ValueError for anything else."""
        kind = _KINDS[kept["method"]]
        return cls(
            method=kept["method"],
            names=tuple(kept["names"]),
            scorer=kind(**{name: _tuples(value) for name, value in kept["fitted"].items()}),
            platt=Platt(**kept["platt"]),
        )


def fit(
    method: Method,
    names: Sequence[str],
    samples: NDArray[np.float64],
    truth: NDArray[np.float64],
    weight: NDArray[np.float64],
    *,
    prior: Model | None = None,
    ridge: float = RIDGE,
) -> Model:
    """Fits ``method`` to ``samples`` (samples, signals) whose ``truth`` is 1 where the evidence answers, else 0.

    ``weight`` counts samples in the regression and in Platt's scaling, which follows on the same samples. ``prior`` (for
    ``logistic``, over the same names) is where few samples leave the weights. For the T-methods truth is the output. T(1)
    wants its unit space in the middle of the output, where a truth of two values has no sample: the mean of both kinds'
    means stands for it. The unit space of RT are the samples that answer.
    """
    scorer: Scorer
    if method == "logistic":
        before = prior.scorer if prior is not None and isinstance(prior.scorer, Logistic) else None
        scorer = fit_logistic(samples, truth, weight, ridge=ridge, prior=before)
        return Model(method=method, names=tuple(names), scorer=scorer, platt=Platt(slope=1.0, shift=0.0))
    scorer = _FITS[method](samples, truth)
    import numpy as np

    scores = np.array([scorer.score(row) for row in samples.tolist()])
    return Model(method=method, names=tuple(names), scorer=scorer, platt=fit_platt(scores, truth, weight))


def _t1(samples: NDArray[np.float64], truth: NDArray[np.float64]) -> Scorer:
    import numpy as np

    middle = (samples[truth > 0.5].mean(axis=0) + samples[truth <= 0.5].mean(axis=0)) / 2
    return fit_t1(np.array([middle]), samples, 0.5, truth)


def _unit_space(fitted: Callable[[NDArray[np.float64]], Scorer]) -> Callable[..., Scorer]:
    def fit_one(samples: NDArray[np.float64], truth: NDArray[np.float64]) -> Scorer:
        return fitted(samples[truth > 0.5])

    return fit_one


_FITS: Mapping[str, Callable[..., Scorer]] = MappingProxyType(
    {
        "t-method": _t1,
        "ta-method": fit_ta,
        "tb-method": fit_tb,
        "rt-method": _unit_space(fit_rt),
    }
)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list | tuple) else value
