"""The T-methods, the RT-method and the regression, by values reckoned by hand and by what must always hold."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qeu_rag.answer.gate.logistic import fit_logistic, fit_platt
from qeu_rag.answer.gate.model import METHODS, Method, Model, fit
from qeu_rag.answer.gate.rt_method import fit_rt
from qeu_rag.answer.gate.t_method import fit_t1, fit_ta, fit_tb

# The example of corpus/ja/t-method.md: the unit space's means, four signals less these means, and the true values.
UNIT = np.array([[20.0, 5.0, 1.0]])
SIGNALS = UNIT + np.array([[-3.8, 1.1, 0.1], [-1.9, 0.4, -0.3], [2.1, -0.6, 0.3], [4.0, -0.9, -0.1]])
TRUE = np.array([40.0, 45.0, 55.0, 60.0])
# The unit space of corpus/ja/rt-method.md.
PATTERNS = np.array([[4, 6, 8, 2], [5, 6, 8, 2], [4, 7, 8, 2], [4, 6, 9, 3], [3, 6, 7, 1], [4, 5, 8, 2]], dtype=float)


def test_t1_by_hand() -> None:
    fitted = fit_t1(UNIT, SIGNALS, 50.0, TRUE)
    assert fitted.beta == pytest.approx((0.392, -0.100, 0.004), abs=1e-9)
    # r = 250; Ve of item 1: (38.46 - 38.416) / 3; eta = (38.416 - Ve) / (250 Ve).
    assert fitted.eta == pytest.approx((10.473, 0.746, 0.0), abs=5e-4)
    assert [round(fitted.score(row), 1) for row in SIGNALS] == [40.2, 45.2, 55.4, 60.1]
    assert fitted.score([21.0, 4.6, 1.2]) == pytest.approx(52.65, abs=0.01)


def test_ta_takes_the_mean_as_its_unit_space() -> None:
    fitted = fit_ta(SIGNALS, TRUE)
    assert fitted.centre == pytest.approx(tuple(SIGNALS.mean(axis=0)))
    assert set(fitted.output) == {50.0}
    assert fitted == fit_t1(SIGNALS.mean(axis=0)[None, :], SIGNALS, float(TRUE.mean()), TRUE)


def test_tb_takes_for_each_item_the_sample_with_the_greatest_sn_ratio() -> None:
    fitted = fit_tb(SIGNALS, TRUE)
    for item in range(3):
        column = SIGNALS[:, item : item + 1]
        each = [fit_t1(column[at : at + 1], column, TRUE[at], TRUE) for at in range(4)]
        best = max(range(4), key=lambda at: (each[at].eta[0], -at))
        assert fitted.eta[item] == pytest.approx(each[best].eta[0], rel=1e-6)
        assert (fitted.centre[item], fitted.output[item]) == (column[best, 0], TRUE[best])
        assert fitted.beta[item] == pytest.approx(each[best].beta[0])


def test_rt_by_hand() -> None:
    fitted = fit_rt(PATTERNS)
    assert fitted.pattern == (4.0, 6.0, 8.0, 2.0)
    betas, shapes = zip(*(fitted.measures(row) for row in PATTERNS), strict=True)
    assert betas == pytest.approx((1.0, 1.0333, 1.05, 1.0833, 0.8833, 0.95), abs=1e-4)
    assert shapes == pytest.approx((0.0, 0.537, 0.483, 0.624, 0.675, 0.483), abs=5e-4)
    assert fitted.mean == pytest.approx((1.0, 0.467), abs=5e-4)
    found = [round(fitted.distance(row), 2) for row in PATTERNS]
    assert found == pytest.approx([2.27, 0.19, 0.29, 1.13, 1.83, 0.28], abs=0.011)
    assert fitted.distance([4, 6, 8, 3]) == pytest.approx(0.15, abs=0.01)
    assert fitted.distance([4, 2, 8, 6]) == pytest.approx(74.7, abs=0.1)
    assert fitted.distance([8, 12, 16, 4]) == pytest.approx(112.7, abs=0.1)


CASES = arrays(np.float64, (12, 3), elements=st.floats(0, 1).map(lambda v: round(v, 3)))


@given(CASES)
@settings(max_examples=50, deadline=None)
def test_the_unit_space_lies_at_one_on_average(unit: np.ndarray) -> None:
    rt = fit_rt(unit)
    mean = float(np.mean([rt.distance(row) for row in unit]))
    # No spread at all, or one that drowns in the rounding of floats: every distance is 0 or noise.
    assert mean == pytest.approx(1.0) or rt.scale < 1e-12 or rt.scale == 1.0


@given(CASES, st.integers(0, 2), st.floats(0.5, 20), st.floats(-5, 5))
@settings(max_examples=50, deadline=None)
def test_a_t_method_does_not_depend_on_an_items_unit(
    samples: np.ndarray, item: int, scale: float, shift: float
) -> None:
    truth = np.arange(12) % 2.0
    moved = samples.copy()
    moved[:, item] = moved[:, item] * scale + shift
    one, other = fit_ta(samples, truth), fit_ta(moved, truth)
    for before, after in zip(samples, moved, strict=True):
        assert other.score(after) == pytest.approx(one.score(before), rel=1e-3, abs=1e-3)


def test_an_item_that_never_changes_harms_no_method() -> None:
    samples, truth = _two_groups(40)
    samples[:, 1] = 0.5
    for method in METHODS:
        model = fit(method, ("a", "b", "c"), samples, truth, np.ones(40))
        assert 0.0 <= model.probability({"a": 0.3, "b": 0.5, "c": 0.9}) <= 1.0


@pytest.mark.parametrize("method", METHODS)
def test_a_fitted_model_tells_the_groups_apart_and_comes_back_from_json(method: Method) -> None:
    samples, truth = _two_groups(80)
    model = fit(method, ("a", "b", "c"), samples, truth, np.ones(80))
    found = [model.probability(dict(zip("abc", row, strict=True))) for row in samples.tolist()]
    right = sum((p >= 0.5) == (t > 0.5) for p, t in zip(found, truth, strict=True))
    assert right >= 68
    again = Model.from_json(json.loads(json.dumps(model.to_json())))
    assert again == model


def test_logistic_regression_by_hand() -> None:
    # One item of two values: the fitted odds are the observed ones, 1:3 at 0 and 3:1 at 1.
    x = np.array([[0.0]] * 4 + [[1.0]] * 4)
    y = np.array([1.0, 0, 0, 0, 1, 1, 1, 0])
    fitted = fit_logistic(x, y, np.ones(8), ridge=1e-9)
    assert fitted.bias == pytest.approx(-math.log(3), abs=1e-4)
    assert fitted.weights[0] == pytest.approx(2 * math.log(3), abs=1e-4)
    kept = fit_logistic(x, y, np.ones(8), ridge=1e9, prior=fitted)
    assert (kept.bias, *kept.weights) == pytest.approx((fitted.bias, *fitted.weights))


@given(st.lists(st.tuples(st.floats(-50, 50), st.booleans()), min_size=4, max_size=40))
@settings(max_examples=50, deadline=None)
def test_platt_gives_probabilities_in_the_scores_order_or_its_reverse(rows: list[tuple[float, bool]]) -> None:
    scores, truth = np.array([s for s, _ in rows]), np.array([float(t) for _, t in rows])
    platt = fit_platt(scores, truth, np.ones(len(rows)))
    found = [platt.probability(s) for s in sorted(scores)]
    assert all(0.0 <= p <= 1.0 for p in found)
    assert found in (sorted(found), sorted(found, reverse=True))


def _two_groups(count: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(3)
    truth = np.arange(count) % 2.0
    return np.clip(chance.normal(0.35, 0.1, (count, 3)) + 0.35 * truth[:, None], 0, 1), truth
