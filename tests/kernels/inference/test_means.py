"""Means with intervals: against SciPy's and statsmodels-free textbook formulas, and the laws of weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crmmodels.kernels.inference.means import effective_size, mean_interval

samples = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30).map(np.array)


@given(samples, st.floats(0.5, 0.99))
def test_equal_weights_give_students_interval(values: np.ndarray, level: float) -> None:
    found = mean_interval(values, np.full(len(values), 3.0), level)
    half = stats.t.ppf((1 + level) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    scale = 1e-9 * (1 + np.abs(values).max())
    assert found.value == pytest.approx(values.mean(), abs=scale)
    assert found.lower == pytest.approx(values.mean() - half, abs=scale)
    assert found.upper == pytest.approx(values.mean() + half, abs=scale)
    assert found.n_effective == pytest.approx(len(values), rel=1e-12)


@given(samples, st.data())
def test_weights_count_only_relative_to_each_other(values: np.ndarray, data: st.DataObject) -> None:
    weight = np.array(data.draw(st.lists(st.floats(0.1, 10), min_size=len(values), max_size=len(values))))
    one, many = mean_interval(values, weight, 0.9), mean_interval(values, 1e5 * weight, 0.9)
    assert one.value == pytest.approx(np.average(values, weights=weight), abs=1e-9 * (1 + np.abs(values).max()))
    assert many.lower == pytest.approx(one.lower, rel=1e-9, abs=1e-9)
    assert 1 <= effective_size(weight) <= len(values) * (1 + 1e-12)
    assert one.lower <= one.value <= one.upper


def test_by_hand_with_weights() -> None:
    """Weights 1, 1, 2 of 0, 1, 2: mean 5/4, effective size 16/6, error from the squares about the mean."""
    found = mean_interval(np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0]), 0.95)
    n = 16 / 6
    error = np.sqrt(n / (n - 1) * (1.25**2 + 0.25**2 + 4 * 0.75**2) / 16)
    assert found.value == 1.25
    assert found.upper == pytest.approx(1.25 + stats.t.ppf(0.975, n - 1) * error, rel=1e-12)


def test_one_value_has_a_mean_and_no_interval() -> None:
    found = mean_interval(np.array([3.0, 9.0]), np.array([2.0, 0.0]), 0.95)
    assert found.value == 3.0
    assert np.isnan([found.lower, found.upper]).all()


@pytest.mark.parametrize("weight", [np.ones(10), np.arange(10.0), np.array([0.0] * 7 + [0.1, 0.2, 17.3])])
def test_no_interval_where_all_are_the_same(weight: np.ndarray) -> None:
    found = mean_interval(np.full(10, 1.7), weight, 0.95)
    assert found.lower == found.value == found.upper == 1.7
