"""MICOM's arithmetic against scores of respondents, and permutation p-values against all permutations."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.moments.moments import moments
from crmmodels.kernels.moments.permutation import grouped_moments
from crmmodels.kernels.pls.invariance import compositional_correlation, log_variance_ratio, mean_difference, permutation_p_value


def survey(seed: int, n: int = 30, p: int = 4, missing: float = 0.2, whole: bool = True) -> np.ndarray:
    rng = np.random.default_rng(seed)
    items = rng.normal(6, 2, (n, 1)) + rng.normal(size=(n, p))
    items = np.clip(np.rint(items), 1, 10) if whole else items
    items[rng.random(items.shape) < missing] = np.nan
    items[0] = 5.0
    return items


@given(st.integers(0, 10**6))
def test_statistics_are_those_of_the_scores(seed: int) -> None:
    rng = np.random.default_rng(seed)
    items, group = survey(seed, 60, 4, 0.0), np.arange(60) % 2
    one, other = rng.normal(size=(2, 4, 3))
    pooled, groups = moments(items), grouped_moments(items, group).groups
    expected = [np.corrcoef(items @ one[:, k], items @ other[:, k])[0, 1] for k in range(3)]
    assert compositional_correlation(one, other, pooled.covariance) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    scores = [items[group == code] @ one for code in range(2)]
    assert mean_difference(one, *groups) == pytest.approx(scores[1].mean(axis=0) - scores[0].mean(axis=0), abs=1e-9)
    ratio = scores[1].var(axis=0) / scores[0].var(axis=0)
    assert log_variance_ratio(one, *groups) == pytest.approx(np.log(ratio), rel=1e-8, abs=1e-9)


@given(st.integers(0, 10**6), st.floats(0.01, 100))
def test_scale_of_weights_does_not_matter_to_composition(seed: int, scale: float) -> None:
    weights = np.abs(np.random.default_rng(seed).normal(size=(5, 4, 2)))
    covariance = moments(survey(seed, missing=0.0)).covariance
    found = compositional_correlation(weights, scale * weights, covariance)
    assert found == pytest.approx(np.ones((5, 2)), rel=1e-12)
    assert (found <= 1.0).all()


def test_leading_axes_and_scores_without_variance() -> None:
    weights = np.ones((7, 2, 1))
    assert compositional_correlation(weights, weights, np.broadcast_to(np.eye(2), (7, 2, 2))).shape == (7, 1)
    assert np.isnan(compositional_correlation(weights, weights, np.zeros((2, 2)))).all()
    constant = moments(np.full((5, 2), 3.0))
    assert np.isnan(log_variance_ratio(weights[0], constant, constant)).all()


def test_p_value_of_all_dealings_is_that_of_fishers_randomisation() -> None:
    """All 70 dealings of eight respondents, but for the observed one, which the p-value counts by itself."""
    from scipy.stats import permutation_test

    values = np.array([1.0, 4.0, 2.0, 3.0, 9.0, 7.0, 6.0, 8.5])
    chosen = [set(some) for some in combinations(range(8), 4)]
    statistic = np.array([values[list(some)].mean() - values[list(set(range(8)) - some)].mean() for some in chosen])
    observed = statistic[chosen.index({0, 1, 2, 3})]
    others = np.delete(statistic, chosen.index({0, 1, 2, 3}))
    for alternative in ("less", "greater", "two-sided"):
        expected = permutation_test(
            (values[:4], values[4:]), lambda x, y: x.mean() - y.mean(), alternative=alternative, n_resamples=np.inf
        )
        assert permutation_p_value(observed, others, alternative).p_value == pytest.approx(expected.pvalue)


def test_unknown_permutations_are_left_out_and_counted() -> None:
    permuted = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    found = permutation_p_value(np.array([2.0, 1.0]), permuted, "greater")
    assert found.p_value[0] == pytest.approx(2 / 3)
    assert np.isnan(found.p_value[1])
    assert found.n_left_out.tolist() == [1, 3]
    assert np.isnan(permutation_p_value(np.array(np.nan), permuted[:, 0], "less").p_value)


def test_p_values_are_uniform_where_groups_are_alike() -> None:
    rng = np.random.default_rng(1)
    draws = rng.normal(size=(100, 4000))
    found = permutation_p_value(draws[0], draws[1:], "less").p_value
    assert np.mean(found <= 0.05) == pytest.approx(0.05, abs=0.015)
    assert found.min() > 0
