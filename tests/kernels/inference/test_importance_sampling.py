"""Pareto smoothing against known tails, its formulas and laws; resampling against its guarantees."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import genpareto

from crmmodels.kernels.inference.importance_sampling import fit_generalised_pareto, pareto_smoothed, resample


def quantiles_of(shape: float, scale: float, n: int) -> np.ndarray:
    """The ideal sample of n from a generalised Pareto distribution."""
    return genpareto.ppf((np.arange(n) + 0.5) / n, shape, scale=scale)


@pytest.mark.parametrize("shape", [-0.5, -0.2, 0.1, 0.3, 0.7, 1.0, 1.5])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
def test_the_fit_finds_the_shape_and_scale_of_an_ideal_sample(shape: float, scale: float) -> None:
    fitted = fit_generalised_pareto(quantiles_of(shape, scale, 3000))
    assert fitted.shape == pytest.approx(shape, abs=0.04)
    assert fitted.scale == pytest.approx(scale, rel=0.05)


def test_the_fit_is_that_of_zhang_and_stephens_in_50_digits() -> None:
    """Their estimator with the grid of Vehtari et al., written out anew in their notation, k = -shape."""
    x = [mp.mpf(value) for value in ("0.03", "0.11", "0.2", "0.41", "0.55", "0.9", "1.3", "2.2", "4.1", "9.7")]
    with mp.workdps(50):
        n, m = len(x), 30 + 3
        quartile = x[2]  # floor(10 / 4 + 0.5) = 3rd
        thetas = [1 / x[-1] + (1 - mp.sqrt(m / (mp.mpf(j) - 0.5))) / (3 * quartile) for j in range(1, m + 1)]
        ks = [-sum(mp.log(1 - t * y) for y in x) / n for t in thetas]
        profile = [n * (mp.log(t / k) + k - 1) for t, k in zip(thetas, ks, strict=True)]
        shares = [1 / sum(mp.e ** (other - this) for other in profile) for this in profile]
        theta = sum(t * w for t, w in zip(thetas, shares, strict=True))
        k = -sum(mp.log(1 - theta * y) for y in x) / n
    fitted = fit_generalised_pareto(np.array([float(value) for value in x]))
    assert fitted.shape == pytest.approx(float(-k), rel=1e-12)
    assert fitted.scale == pytest.approx(float(k / theta), rel=1e-12)


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.8, 1.2])
def test_khat_is_near_the_tail_index_of_pareto_ratios(shape: float) -> None:
    """Ratios U^-shape have exactly a Pareto tail; over 20 samples the mean of k is within three standard errors of it.

    The asymptotic standard deviation of the shape is (1 + shape) / sqrt(n_tail), and the prior draws by 10 observations.
    """
    rng = np.random.default_rng(2024)
    n, n_tail = 4000, 190
    estimates = [pareto_smoothed(-shape * np.log(rng.random(n))).pareto_k for _ in range(20)]
    expected = (n_tail * shape + 10 * 0.5) / (n_tail + 10)
    assert np.mean(estimates) == pytest.approx(expected, abs=3 * (1 + shape) / np.sqrt(n_tail * 20) + 0.02)
    assert np.std(estimates) < 2 * (1 + shape) / np.sqrt(n_tail)


def test_the_tail_holds_quantiles_of_the_fit_and_the_rest_is_untouched() -> None:
    log_ratios = np.random.default_rng(5).standard_normal(1000) * 1.5
    smoothed = pareto_smoothed(log_ratios)
    raw = np.exp(log_ratios - log_ratios.max())
    n_tail = 95  # ceil(3 sqrt(1000)) < 200
    order = np.argsort(raw)
    threshold = raw[order[-n_tail - 1]]
    fitted = fit_generalised_pareto(raw[order[-n_tail:]] - threshold)
    k = (95 * fitted.shape + 5) / 105
    assert smoothed.pareto_k == pytest.approx(k, rel=1e-12)
    tail = np.minimum(threshold + genpareto.ppf((np.arange(95) + 0.5) / 95, k, scale=fitted.scale), 1.0)
    expected = raw.copy()
    expected[order[-n_tail:]] = tail
    np.testing.assert_allclose(smoothed.weights, expected / expected.sum(), rtol=1e-12)


@given(st.integers(0, 10_000), st.sampled_from([30, 100, 1000]), st.floats(-700, 700), st.floats(0.01, 5.0))
def test_weights_are_a_distribution_that_keeps_order_and_ignores_a_constant(
    seed: int, n: int, shift: float, spread: float
) -> None:
    log_ratios = np.random.default_rng(seed).standard_normal(n) * spread
    smoothed = pareto_smoothed(log_ratios)
    assert smoothed.weights.sum() == pytest.approx(1.0, rel=1e-12)
    assert (np.diff(smoothed.weights[np.argsort(log_ratios)]) >= -1e-18).all()
    assert 1.0 <= smoothed.effective_size <= n * (1 + 1e-12)
    again = pareto_smoothed(log_ratios + shift)
    np.testing.assert_allclose(again.weights, smoothed.weights, rtol=1e-7)
    assert again.pareto_k == pytest.approx(smoothed.pareto_k, abs=1e-7)


def test_the_mean_of_a_heavy_tailed_ratio_is_nearer_with_smoothing() -> None:
    """Normal target, exponential-like proposals too narrow by a third: k is 1 - (2/3)^2, the target's variance is 1."""
    scale, n = 2 / 3, 2000
    rng = np.random.default_rng(8)
    smooth, raw = [], []
    for _ in range(200):
        x = scale * rng.standard_normal(n)
        log_ratios = -0.5 * x**2 * (1 - scale**-2)
        weights = np.exp(log_ratios)
        raw.append(weights @ x**2 / weights.sum())
        smooth.append(pareto_smoothed(log_ratios).weights @ x**2)
    assert np.mean((np.array(smooth) - 1) ** 2) < np.mean((np.array(raw) - 1) ** 2)
    assert np.mean(smooth) == pytest.approx(1.0, abs=0.1)


def test_equal_weights_have_no_tail_and_few_have_none_to_tell() -> None:
    same = pareto_smoothed(np.full(500, -3e5))
    assert same.pareto_k == -np.inf
    np.testing.assert_allclose(same.weights, 1 / 500)
    assert same.effective_size == pytest.approx(500)
    few = pareto_smoothed(np.array([0.0, np.log(3.0)]))
    assert np.isnan(few.pareto_k)
    np.testing.assert_allclose(few.weights, [0.25, 0.75])
    alone = pareto_smoothed(np.array([0.0] + [-np.inf] * 999))
    assert np.isnan(alone.pareto_k)
    assert alone.weights[0] == 1.0


def test_impossible_draws_have_no_weight() -> None:
    log_ratios = np.random.default_rng(1).standard_normal(400)
    log_ratios[::3] = -np.inf
    smoothed = pareto_smoothed(log_ratios)
    assert (smoothed.weights[::3] == 0).all()
    assert np.isfinite(smoothed.pareto_k)


@given(st.integers(0, 1000), st.integers(1, 50), st.integers(1, 300))
def test_a_position_is_drawn_as_often_as_its_weight_says_rounded_down_or_up(seed: int, n_candidates: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(n_candidates, 0.3))
    counts = np.bincount(resample(weights, n, rng), minlength=n_candidates)
    assert counts.sum() == n
    assert (counts >= np.floor(n * weights - 1e-9)).all()
    assert (counts <= np.ceil(n * weights + 1e-9)).all()


def test_resampling_is_unbiased_and_in_random_order() -> None:
    rng = np.random.default_rng(3)
    weights = np.array([0.05, 0.33, 0.02, 0.6])
    drawn = np.array([resample(weights, 3, rng) for _ in range(20_000)])
    for column in drawn.T:
        shares = np.bincount(column, minlength=4) / len(column)
        np.testing.assert_allclose(shares, weights, atol=5 * np.sqrt(0.25 / len(column)))


def test_weight_zero_is_never_drawn() -> None:
    weights = np.array([0.0, 0.5, 0.0, 0.5, 0.0])
    for seed in range(50):
        assert set(resample(weights, 101, np.random.default_rng(seed))) == {1, 3}
