"""Bootstrap and jackknife moments against samples written out one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels.kernels.moments import bootstrap as resampling
from crmmodels.kernels.moments import products as moment_products
from crmmodels.kernels.moments.bootstrap import jackknife_moments, resampled_moments, uniform_counts
from crmmodels.kernels.moments.moments import Moments, moments


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


def joined(batches) -> Moments:
    parts = list(batches)
    fields = ("mean", "covariance", "n_observations")
    return Moments(*(np.concatenate([getattr(part, field) for part in parts]) for field in fields))


def with_flags(items: np.ndarray) -> np.ndarray:
    """One more item for each respondent, 1 for that one only: its mean in a sample tells how often the respondent is in it."""
    return np.column_stack([items, np.eye(len(items))])


def times_drawn(found: Moments, p: int) -> np.ndarray:
    n = found.mean.shape[1] - p
    return np.rint(found.mean[:, p:] * n).astype(int)


@pytest.fixture(params=[None, 5], ids=["one block", "blocks of five"])
def rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int | None:
    if request.param:
        monkeypatch.setattr(moment_products, "_MOST_ROWS", request.param)
        monkeypatch.setattr(moment_products, "_FEWEST_ROWS", request.param)
        monkeypatch.setattr(resampling, "_COUNTS_AT_ONCE", 40)
        monkeypatch.setattr(resampling, "_DRAWS_AT_ONCE", 17)
    return request.param


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_every_sample_is_the_sample_written_out_with_its_means_written_in(rows, missing: float, whole: bool) -> None:
    items = survey(1, 16, 3, missing, whole)
    found = joined(resampled_moments(with_flags(items), 60, np.random.default_rng(2), batch=25))
    counts = times_drawn(found, 3)
    assert counts.sum(axis=1).tolist() == [16] * 60
    assert len({tuple(row) for row in counts}) == 60
    for times, mean, covariance in zip(counts, found.mean, found.covariance, strict=True):
        sample = np.repeat(items, times, axis=0)
        filled = imputed(sample)
        assert mean[:3] == pytest.approx(filled.mean(axis=0), rel=1e-12)
        assert covariance[:3, :3] == pytest.approx(np.cov(filled.T), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_weights_count_within_each_sample(rows, missing: float) -> None:
    items, weight = survey(4, 16, 3, missing), np.random.default_rng(5).uniform(0.5, 2, 16)
    flagged = with_flags(items)
    found = joined(resampled_moments(flagged, 40, np.random.default_rng(2), weight=weight))
    same = joined(resampled_moments(flagged, 40, np.random.default_rng(2), weight=np.ones(16)))
    counts = times_drawn(same, 3)
    assert counts.sum(axis=1).tolist() == [16] * 40
    for times, mean, covariance in zip(counts, found.mean, found.covariance, strict=True):
        share = times * weight / (times @ weight)
        assert mean[3:] == pytest.approx(share, rel=1e-12)
        own = np.repeat(weight, times)
        filled = imputed(np.repeat(items, times, axis=0), own)
        assert mean[:3] == pytest.approx(own @ filled / own.sum(), rel=1e-12)
        assert covariance[:3, :3] == pytest.approx(np.cov(filled.T, aweights=own, ddof=0) * 16 / 15, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_whole_answers_give_the_same_in_single_and_double_precision(monkeypatch: pytest.MonkeyPatch, missing: float) -> None:
    items = survey(6, 3000, 5, missing)
    single = joined(resampled_moments(items, 30, np.random.default_rng(1)))
    monkeypatch.setattr(resampling, "EXACT_IN_SINGLE", 0.0)
    double = joined(resampled_moments(items, 30, np.random.default_rng(1)))
    assert (single.mean == double.mean).all()
    assert (single.covariance == double.covariance).all()


@given(st.integers(1, 40), st.integers(1, 50))
@settings(max_examples=20)
def test_samples_do_not_depend_on_how_many_are_handed_over_at_once(batch: int, n_replicates: int) -> None:
    items = survey(6, 30, 3)
    expected = joined(resampled_moments(items, n_replicates, np.random.default_rng(1)))
    batches = list(resampled_moments(items, n_replicates, np.random.default_rng(1), batch=batch))
    assert max(len(part.mean) for part in batches) <= batch
    found = joined(batches)
    assert found.mean.tolist() == expected.mean.tolist()
    assert found.covariance.tolist() == expected.covariance.tolist()
    assert found.n_observations.tolist() == [30.0] * n_replicates


def test_samples_beyond_what_fits_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "_SUMS_AT_ONCE", 1500)
    items = survey(1, 16, 3, 0.0)
    counts = times_drawn(joined(resampled_moments(with_flags(items), 45, np.random.default_rng(2), batch=4)), 3)
    assert counts.shape == (45, 16)
    assert counts.sum(axis=1).tolist() == [16] * 45


def test_counts_over_blocks_are_multinomial(monkeypatch: pytest.MonkeyPatch) -> None:
    """Means 1, variances 1 - 1/n, covariances -1/n, and the law of a count is Binomial(n, 1/n)."""
    from scipy.stats import binom, chisquare

    monkeypatch.setattr(moment_products, "_MOST_ROWS", 5)
    monkeypatch.setattr(moment_products, "_FEWEST_ROWS", 5)
    n, n_samples = 12, 20_000
    flags = np.eye(n)
    counts = times_drawn(joined(resampled_moments(flags, n_samples, np.random.default_rng(3))), 0)
    assert (counts.sum(axis=1) == n).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(n), abs=5 / n_samples**0.5)
    assert np.cov(counts.T) == pytest.approx(np.eye(n) - 1 / n, abs=6 / n_samples**0.5)
    seen = np.bincount(np.minimum(counts[:, 7], 5), minlength=6)
    law = np.append(binom.pmf(np.arange(5), n, 1 / n), binom.sf(4, n, 1 / n))
    assert chisquare(seen, law * n_samples).pvalue > 0.001


def test_uniform_counts_have_the_totals_asked_for() -> None:
    totals = np.array([0, 3, 500, 1])
    counts = uniform_counts(totals, 7, np.random.default_rng(1), np.float32)
    assert counts.dtype == np.float32
    assert counts.sum(axis=1).tolist() == totals.tolist()
    assert counts[2] == pytest.approx(np.full(7, 500 / 7), abs=40)


@pytest.mark.parametrize(("low", "high"), [(2.0, 9.0), (0.1, 0.7)])
def test_an_item_constant_within_a_sample_has_no_variance_there(low: float, high: float) -> None:
    """To the last bit, although sums of answers that are not whole are rounded."""
    items = np.column_stack([np.where(np.arange(12) == 3, low, high), np.arange(12.0)])
    found = joined(resampled_moments(items, 200, np.random.default_rng(1)))
    constant = np.isclose(found.mean[:, 0], low, atol=1e-9) | np.isclose(found.mean[:, 0], high, atol=1e-9)
    assert 0 < constant.sum() < 200
    assert ((found.covariance[:, 0, 0] == 0.0) == constant).all()
    assert (found.covariance[constant, 0, 1] == 0.0).all()


def test_an_item_unanswered_within_a_sample_has_no_mean_there() -> None:
    items = np.column_stack([np.where(np.arange(12) < 2, np.arange(12.0), np.nan), np.arange(12.0)])
    found = joined(resampled_moments(items, 200, np.random.default_rng(1)))
    unanswered = np.isnan(found.mean[:, 0])
    assert 0 < unanswered.sum() < 200
    assert not np.isnan(found.covariance).any()
    assert (found.covariance[unanswered, 0] == 0.0).all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n_groups", "n"), [(None, 16), (5, 16), (16, 16), (40, 16)])
def test_jackknife_is_the_moments_without_each_group(n_groups: int | None, n: int, weighted: bool) -> None:
    items = survey(1, n, 3, 0.3)
    weight = np.random.default_rng(1).uniform(0.5, 2, n) if weighted else None
    found = joined(jackknife_moments(items, weight=weight, n_groups=n_groups, batch=6))
    groups = min(n_groups or n, n)
    assert len(found.mean) == groups
    for group in range(groups):
        kept = np.arange(n) % groups != group
        expected = moments(items[kept], None if weight is None else weight[kept])
        assert found.n_observations[group] == kept.sum()
        assert found.mean[group] == pytest.approx(expected.mean, rel=1e-11)
        assert found.covariance[group] == pytest.approx(expected.covariance, rel=1e-10, abs=1e-10)


def test_many_respondents_are_left_out_by_groups() -> None:
    items = survey(1, 2001, 2, 0.0)
    assert len(joined(jackknife_moments(items[:2000])).mean) == 2000
    found = joined(jackknife_moments(items))
    assert len(found.mean) == 500
    assert set(found.n_observations) == {1996.0, 1997.0}
