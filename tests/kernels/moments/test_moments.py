"""Moments against NumPy on answers with the means written in, and their laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.moments import moments as module
from crmmodels.kernels.moments.moments import centring, moments


def survey(seed: int, n: int = 30, p: int = 4, missing: float = 0.2, whole: bool = True) -> np.ndarray:
    rng = np.random.default_rng(seed)
    items = rng.normal(6, 2, (n, 1)) + rng.normal(size=(n, p))
    items = np.clip(np.rint(items), 1, 10) if whole else items
    items[rng.random(items.shape) < missing] = np.nan
    items[0] = 5.0
    return items


def imputed(items: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    filled = items.copy()
    for item in filled.T:
        known = ~np.isnan(item)
        item[~known] = np.average(item[known], weights=None if weight is None else weight[known])
    return filled


@given(st.integers(0, 10**6), st.integers(2, 50), st.floats(0, 0.9), st.booleans())
def test_writing_the_means_in_gives_the_same(seed: int, n: int, missing: float, whole: bool) -> None:
    items = survey(seed, n, missing=missing, whole=whole)
    found, filled = moments(items), imputed(items)
    assert found.mean == pytest.approx(filled.mean(axis=0), rel=1e-12)
    assert found.covariance == pytest.approx(np.cov(filled.T), rel=1e-10, abs=1e-10)
    assert found.n_observations == n


@given(st.integers(0, 10**6), st.floats(0, 0.5), st.floats(0.01, 100))
def test_weights_of_any_scale_and_of_respondents_counted_twice(seed: int, missing: float, scale: float) -> None:
    items = survey(seed, missing=missing)
    times = np.random.default_rng(seed).integers(1, 4, len(items))
    repeated, weighted = moments(np.repeat(items, times, axis=0)), moments(items, times * scale)
    n, total = len(items), times.sum()
    assert weighted.mean == pytest.approx(repeated.mean, rel=1e-12)
    assert weighted.covariance * ((n - 1) / n) == pytest.approx(
        repeated.covariance * ((total - 1) / total), rel=1e-10, abs=1e-10
    )


def test_weights_weigh_the_means_that_are_written_in() -> None:
    items, weight = survey(3), np.random.default_rng(1).uniform(0.2, 3, 30)
    filled = imputed(items, weight)
    expected = np.cov(filled.T, aweights=weight, ddof=0) * 30 / 29
    assert moments(items, weight).covariance == pytest.approx(expected, rel=1e-12)


@given(st.integers(0, 10**6), st.floats(0, 0.5))
def test_order_of_respondents_does_not_matter_to_the_last_bit(seed: int, missing: float) -> None:
    items = survey(seed, 40, missing=missing)
    shuffled = items[np.random.default_rng(seed).permutation(40)]
    found, again = moments(items), moments(shuffled)
    assert found.mean.tolist() == again.mean.tolist()
    assert found.covariance.tolist() == again.covariance.tolist()


@given(st.integers(0, 10**6), st.floats(0, 0.8))
def test_covariances_are_symmetric_and_positive_semidefinite(seed: int, missing: float) -> None:
    found = moments(survey(seed, 8, 6, missing, whole=False)).covariance
    assert (found == found.T).all()
    assert np.linalg.eigvalsh(found).min() > -1e-10


def test_blocks_of_rows_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    items, weight = survey(8, 100), np.random.default_rng(2).uniform(size=100)
    before = [moments(items), moments(items, weight)]
    monkeypatch.setattr(module.row_blocks, "__defaults__", (7,))
    for expected, found in zip(before, [moments(items), moments(items, weight)], strict=True):
        assert found.mean == pytest.approx(expected.mean, rel=1e-13)
        assert found.covariance == pytest.approx(expected.covariance, rel=1e-12)


def test_a_constant_item_has_no_variance_at_all() -> None:
    for value in (7.0, 0.1, 1e9 + 1 / 3):
        items = np.column_stack([np.full(37, value), np.random.default_rng(1).normal(size=37)])
        items[4:9, 0] = np.nan
        found = moments(items).covariance
        assert found[0].tolist() == [0.0, 0.0]
        assert found[1, 1] > 0


def test_small_differences_far_from_zero_keep_their_digits() -> None:
    items = 1e8 + np.random.default_rng(1).normal(size=(50, 2))
    assert moments(items).covariance == pytest.approx(np.cov(items.T), rel=1e-7)


def test_an_item_without_answers_has_no_mean_and_no_variance() -> None:
    items = np.array([[1.0, np.nan], [3.0, np.nan]])
    found = moments(items)
    assert found.mean[0] == 2.0
    assert np.isnan(found.mean[1])
    assert found.covariance.tolist() == [[2.0, 0.0], [0.0, 0.0]]


def test_one_respondent_has_no_covariance() -> None:
    found = moments(np.array([[1.0, 2.0]]))
    assert found.mean.tolist() == [1.0, 2.0]
    assert np.isnan(found.covariance).all()


def test_answers_keep_their_kind() -> None:
    items = np.arange(12, dtype=np.int8).reshape(4, 3)
    assert moments(items).covariance == pytest.approx(np.cov(items.T))
    assert centring(items).is_whole
    assert centring(items).reach == 5.0
    assert not centring(items + 0.5).is_whole
    assert centring(np.array([[1.0, np.nan], [np.nan, 7.0]])).partial.tolist() == [0, 1]
