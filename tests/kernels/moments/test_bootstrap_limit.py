"""Draws from the normal limit against the derivative of the moments and against the bootstrap itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels.kernels.moments.bootstrap import resampled_moments
from crmmodels.kernels.moments.bootstrap_limit import _InfluenceLaw, moment_limit_draws
from crmmodels.kernels.moments.moments import Moments, centring, moments, moments_of_sums, product_sums


def survey(seed: int, n: int = 30, p: int = 4, missing: float = 0.2, whole: bool = True) -> np.ndarray:
    rng = np.random.default_rng(seed)
    items = rng.normal(6, 2, (n, 1)) + rng.normal(size=(n, p))
    items = np.clip(np.rint(items), 1, 10) if whole else items
    items[rng.random(items.shape) < missing] = np.nan
    items[0] = 5.0
    return items


def joined(batches) -> Moments:
    parts = list(batches)
    fields = ("mean", "covariance", "n_observations")
    return Moments(*(np.concatenate([getattr(part, field) for part in parts]) for field in fields))


def law(items: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    found = centring(items)
    sums = product_sums(items, found, weight)
    centre = moments_of_sums(sums, found.centre, float(len(items)))
    return _InfluenceLaw.of(items, found, sums, centre, weight).covariance


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_influences_are_the_derivative_of_the_moments_by_each_respondents_count(missing: float, weighted: bool) -> None:
    n, step, upper = 25, 1e-5, np.triu_indices(3)
    items = survey(3, n, 3, missing)
    weight = np.random.default_rng(1).uniform(0.5, 2, n) if weighted else np.ones(n)

    def vector(counts: np.ndarray) -> np.ndarray:
        found = moments(items, weight * counts)
        return np.concatenate([found.mean, found.covariance[upper]])

    moved = np.eye(n) * step
    influence = np.array([vector(1 + own) - vector(1 - own) for own in moved]) * (n / (2 * step))
    expected = influence.T @ influence / n
    assert law(items, weight if weighted else None) == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_draws_have_the_spread_of_the_bootstrap(missing: float) -> None:
    items = survey(5, 2000, 3, missing)
    weight = np.random.default_rng(1).uniform(0.5, 2, 2000)
    limit = joined(moment_limit_draws(items, 8000, np.random.default_rng(2), weight=weight))
    exact = joined(resampled_moments(items, 8000, np.random.default_rng(3), weight=weight))
    upper = np.triu_indices(3)
    one, other = (np.cov(np.column_stack([draws.mean, draws.covariance[:, *upper]]).T) for draws in (limit, exact))
    scale = np.sqrt(np.outer(np.diagonal(other), np.diagonal(other)))
    assert (one / scale) == pytest.approx(other / scale, abs=0.07)
    error = np.sqrt(np.diagonal(other) / 8000)
    assert np.abs(limit.mean.mean(axis=0) - exact.mean.mean(axis=0)).max() < 6 * error.max()
    assert limit.covariance.mean(axis=0) == pytest.approx(exact.covariance.mean(axis=0), rel=0.01)


@given(st.integers(0, 10**6), st.integers(4, 30), st.floats(0, 0.5))
@settings(max_examples=25)
def test_every_draw_is_symmetric_and_positive_semidefinite(seed: int, n: int, missing: float) -> None:
    items = survey(seed, n, 5, missing)
    found = joined(moment_limit_draws(items, 20, np.random.default_rng(seed)))
    assert (found.covariance == np.swapaxes(found.covariance, 1, 2)).all()
    roots = np.linalg.eigvalsh(found.covariance)
    assert (roots.min(axis=1) >= -1e-12 * roots.max(axis=1)).all()


def test_a_constant_and_a_repeated_item_stay_so() -> None:
    items = survey(1, 50, 3, 0.0)
    items = np.column_stack([items, items[:, 0], np.full(50, 4.0)])
    found = joined(moment_limit_draws(items, 30, np.random.default_rng(1)))
    assert (found.covariance[:, 4] == 0.0).all()
    assert (found.mean[:, 4] == 4.0).all()
    assert found.covariance[:, 3, 3] == pytest.approx(found.covariance[:, 0, 0], rel=1e-6)
    assert found.covariance[:, 0, 3] == pytest.approx(found.covariance[:, 0, 0], rel=1e-6)


def test_draws_do_not_depend_on_how_many_are_handed_over_at_once() -> None:
    items = survey(1, 60, 3)
    one, other = (joined(moment_limit_draws(items, 30, np.random.default_rng(1), batch=size)) for size in (7, 500))
    assert one.mean == pytest.approx(other.mean, rel=1e-12)
    assert one.covariance == pytest.approx(other.covariance, rel=1e-10)
    assert one.n_observations.tolist() == [60.0] * 30
