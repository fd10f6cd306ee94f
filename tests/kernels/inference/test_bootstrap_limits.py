"""Limits from draws against NumPy, scipy.stats.bootstrap and their laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.inference import bootstrap_limits as intervals
from crmmodels.kernels.inference.bootstrap_limits import acceleration, bca_limits, percentile_limits


def skewed_means(seed: int, n: int = 40, n_draws: int = 3000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = np.random.default_rng(seed).lognormal(size=n)
    rows = np.random.default_rng(seed + 1).integers(0, n, (n_draws, n))
    return values[rows].mean(axis=1), values.mean(), (values.sum() - values) / (n - 1)


@given(st.integers(0, 10**6), st.integers(1, 60), st.floats(0.01, 0.99))
def test_percentiles_are_those_of_numpy(seed: int, n: int, level: float) -> None:
    draws = np.random.default_rng(seed).normal(size=(n, 2, 3))
    found = percentile_limits(draws, level)
    assert found.lower == pytest.approx(np.quantile(draws, (1 - level) / 2, axis=0), abs=1e-12)
    assert found.upper == pytest.approx(np.quantile(draws, (1 + level) / 2, axis=0), abs=1e-12)


def test_nan_draws_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "_VALUES_AT_ONCE", 100)
    draws = np.random.default_rng(1).normal(size=(50, 5))
    draws[3:9, 1] = np.nan
    draws[:, 4] = np.nan
    found = percentile_limits(draws, 0.8)
    assert np.asarray(found.n_left_out).tolist() == [0, 6, 0, 0, 50]
    assert found.lower[:4] == pytest.approx(np.nanquantile(draws[:, :4], 0.1, axis=0))
    assert np.isnan([found.lower[4], found.upper[4]]).all()
    adjusted = bca_limits(draws, np.zeros(5), draws[:9], 0.8)
    assert np.asarray(adjusted.n_left_out).tolist() == [0, 6, 0, 0, 50]
    clean = bca_limits(np.delete(draws[:, 1], np.s_[3:9]), np.array(0.0), draws[:3, 1], 0.8)
    assert (adjusted.lower[1], adjusted.upper[1]) == (clean.lower, clean.upper)


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("statistic", ["mean", "std", "median"])
def test_scipy_has_the_same_bca_limits_from_the_same_draws(statistic: str, level: float) -> None:
    """SciPy's own implementation of Efron (1987); the median has draws equal to the estimate."""
    from scipy.stats import bootstrap

    values = np.random.default_rng(5).lognormal(size=31)
    function = getattr(np, statistic)
    expected = bootstrap(
        (values,), function, n_resamples=1999, confidence_level=level, method="BCa", rng=np.random.default_rng(6)
    )
    jackknife = np.array([function(np.delete(values, i)) for i in range(len(values))])
    found = bca_limits(expected.bootstrap_distribution, np.array(function(values)), jackknife, level)
    assert found.lower == pytest.approx(expected.confidence_interval.low, rel=1e-12)
    assert found.upper == pytest.approx(expected.confidence_interval.high, rel=1e-12)
    assert not found.is_percentile


@given(st.integers(0, 1000))
def test_bca_follows_monotone_transformations_of_the_draws(seed: int) -> None:
    """Limits of a monotone function are the function of the limits, up to interpolation, at equal acceleration."""
    draws, estimate, jackknife = skewed_means(seed)
    plain = bca_limits(draws, estimate, np.ones(5), 0.9)
    logs = bca_limits(np.log(draws), np.log(estimate), np.ones(5), 0.9)
    assert np.exp(logs.lower) == pytest.approx(plain.lower, rel=1e-3)
    assert np.exp(logs.upper) == pytest.approx(plain.upper, rel=1e-3)
    assert acceleration(jackknife) > 0
    assert bca_limits(draws, estimate, jackknife, 0.9).upper >= plain.upper


@given(st.integers(0, 1000), st.floats(-5, 5).filter(lambda slope: abs(slope) > 0.01))
def test_acceleration_changes_only_its_sign_with_the_unit(seed: int, slope: float) -> None:
    values = np.random.default_rng(seed).gamma(1.0, size=(30, 2))
    assert acceleration(slope * values + 3) == pytest.approx(np.sign(slope) * acceleration(values), rel=1e-6, abs=1e-9)


def test_acceleration_of_a_mean_is_a_sixth_of_its_skewness() -> None:
    """Efron (1987): for a mean, a = skewness / (6 sqrt(n)), the skewness that of the respondents."""
    from scipy.stats import skew

    values = np.random.default_rng(3).gamma(2.0, size=200)
    jackknife = (values.sum() - values) / 199
    assert acceleration(jackknife) == pytest.approx(skew(values) / (6 * 200**0.5), rel=1e-9)


def test_without_variation_the_limits_are_the_value() -> None:
    for value in (0.3, 1.0):
        found = bca_limits(np.full(99, value), np.array(value), np.full(9, value), 0.95)
        assert (found.lower, found.upper, bool(found.is_percentile)) == (value, value, False)
    assert acceleration(np.full((7, 1), 0.1)).tolist() == [0.0]
    assert acceleration(np.full((7, 1), np.nan)).tolist() == [0.0]


def test_percentiles_stand_where_bca_does_not_exist() -> None:
    draws = np.random.default_rng(1).normal(size=(200, 2))
    outside = bca_limits(draws, np.array([9.0, 0.0]), draws[:20], 0.9)
    assert np.asarray(outside.is_percentile).tolist() == [True, False]
    plain = percentile_limits(draws, 0.9)
    assert (outside.lower[0], outside.upper[0]) == (plain.lower[0], plain.upper[0])
    steep = np.zeros((50, 1))
    steep[0] = -1e6
    lopsided = np.concatenate([np.full(1, 5.0), np.linspace(0, 1, 9999)])[:, np.newaxis]
    found = bca_limits(lopsided, np.array([0.9999]), steep, 0.99999999)
    assert np.asarray(found.is_percentile).tolist() == [True]


def test_an_unknown_estimate_has_no_limits() -> None:
    draws = np.random.default_rng(1).normal(size=(200, 1))
    found = bca_limits(draws, np.array([np.nan]), draws[:20], 0.9)
    assert np.isnan(found.lower).all()
    assert not np.asarray(found.is_percentile).any()
