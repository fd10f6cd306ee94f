"""EM moments against the likelihood itself, a closed form and a textbook loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels.kernels.moments import missing as missing_moments
from crmmodels.kernels.moments.missing import em_moments
from crmmodels.kernels.moments.moments import moments


def survey(seed: int, n: int = 30, p: int = 4, missing: float = 0.2, whole: bool = True) -> np.ndarray:
    rng = np.random.default_rng(seed)
    items = rng.normal(6, 2, (n, 1)) + rng.normal(size=(n, p))
    items = np.clip(np.rint(items), 1, 10) if whole else items
    items[rng.random(items.shape) < missing] = np.nan
    items[0] = 5.0
    return items


def log_likelihood(items: np.ndarray, mean: np.ndarray, covariance: np.ndarray, weight: np.ndarray) -> float:
    total = 0.0
    for row, own in zip(items, weight, strict=True):
        known = ~np.isnan(row)
        if known.any():
            part, gap = covariance[np.ix_(known, known)], (row - mean)[known]
            total -= 0.5 * own * (np.linalg.slogdet(2 * np.pi * part)[1] + gap @ np.linalg.solve(part, gap))
    return total


def textbook_steps(items: np.ndarray, weight: np.ndarray, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """EM respondent by respondent (Little & Rubin, section 11.2.2)."""
    p = items.shape[1]
    mean = np.nanmean(items, axis=0)
    covariance = np.diag(np.nanvar(items, axis=0))
    for _ in range(n_steps):
        filled, left = items.copy(), np.zeros((p, p))
        for row, own in zip(filled, weight, strict=True):
            known = ~np.isnan(row)
            lost = ~known
            slope = np.linalg.solve(covariance[np.ix_(known, known)], covariance[np.ix_(known, lost)]).T
            row[lost] = mean[lost] + slope @ (row - mean)[known]
            left[np.ix_(lost, lost)] += own * (covariance[np.ix_(lost, lost)] - slope @ covariance[np.ix_(known, lost)])
        mean = weight @ filled / weight.sum()
        covariance = ((filled - mean).T @ ((filled - mean) * weight[:, np.newaxis]) + left) / weight.sum()
    return mean, covariance


@pytest.mark.parametrize("weighted", [False, True])
def test_no_moments_near_have_a_larger_likelihood(weighted: bool) -> None:
    """A general optimiser over means and Cholesky roots finds the same."""
    from scipy.optimize import minimize

    items = survey(3, 30, 3, 0.25, whole=False)
    weight = np.random.default_rng(1).uniform(0.5, 2, 30) if weighted else np.ones(30)
    lower = np.tril_indices(3)

    def unpacked(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        root = np.zeros((3, 3))
        root[lower] = vector[3:]
        return vector[:3], root @ root.T

    start = np.concatenate([np.nanmean(items, axis=0), np.diag(np.nanstd(items, axis=0))[lower]])
    best = minimize(lambda vector: -log_likelihood(items, *unpacked(vector), weight), start, tol=1e-9)
    mean, covariance = unpacked(best.x)
    found = em_moments(items, weight if weighted else None, tolerance=1e-11)
    assert found.has_converged
    assert found.moments.mean == pytest.approx(mean, rel=1e-4)
    assert found.moments.covariance * 29 / 30 == pytest.approx(covariance, rel=2e-3, abs=2e-3)
    own = log_likelihood(items, found.moments.mean, found.moments.covariance * 29 / 30, weight)
    assert own >= -best.fun - 1e-9 * abs(best.fun)


@pytest.mark.parametrize("weighted", [False, True])
def test_few_patterns_of_many_respondents(weighted: bool) -> None:
    """Patterns kept as roots of their products step as respondents do."""
    rng = np.random.default_rng(4)
    items = survey(4, 120, 4, 0.0, whole=False)
    items[10:40, 1] = np.nan
    items[40:70, [0, 3]] = np.nan
    items[70:73, 2] = np.nan
    weight = rng.uniform(0.5, 2, 120) if weighted else np.ones(120)
    mean, covariance = textbook_steps(items, weight, 200)
    found = em_moments(items, weight if weighted else None, tolerance=1e-12)
    assert found.moments.mean == pytest.approx(mean, rel=1e-9)
    assert found.moments.covariance * 119 / 120 == pytest.approx(covariance, rel=1e-8)


def test_blocks_of_patterns_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    items = survey(4, 80, 4, 0.3)
    expected = em_moments(items)
    monkeypatch.setattr(missing_moments, "_CELLS", 16 * 3)
    found = em_moments(items)
    assert found.n_iterations == expected.n_iterations
    assert found.moments.covariance == pytest.approx(expected.moments.covariance, rel=1e-10)


def test_monotone_pattern_has_a_closed_form() -> None:
    """Anderson (1957): the second item regressed on the first among those who answered both."""
    items = survey(9, 40, 2, 0.0)
    items[25:, 1] = np.nan
    first, second = items[:25].T
    slope = np.cov(first, second)[0, 1] / np.var(first, ddof=1)
    found = em_moments(items, tolerance=1e-13).moments
    assert found.mean[0] == pytest.approx(items[:, 0].mean(), rel=1e-12)
    assert found.mean[1] == pytest.approx(second.mean() + slope * (items[:, 0].mean() - first.mean()), rel=1e-9)
    assert found.covariance[0, 1] == pytest.approx(slope * items[:, 0].var(ddof=1), rel=1e-9)


@given(st.integers(0, 10**6), st.floats(0.05, 0.4))
@settings(max_examples=20)
def test_no_step_lowers_the_likelihood(seed: int, missing: float) -> None:
    items = survey(seed, 40, 3, missing, whole=False)
    values = []
    for steps in range(1, 8):
        found = em_moments(items, max_iterations=steps)
        assert found.n_iterations <= steps
        values.append(log_likelihood(items, found.moments.mean, found.moments.covariance * 39 / 40, np.ones(40)))
    assert np.diff(values).min() >= -1e-9 * abs(values[-1])


def test_without_missing_answers_nothing_is_iterated() -> None:
    items = survey(1, 30, 4, 0.0)
    found = em_moments(items)
    assert (found.n_iterations, found.has_converged) == (0, True)
    assert found.moments.covariance.tolist() == moments(items).covariance.tolist()


def test_collinear_and_constant_items() -> None:
    items = survey(1, 60, 3, 0.0)
    items = np.column_stack([items, items[:, 0] + items[:, 1], np.full(60, 3.0)])
    items[5:15, 3] = np.nan
    items[20:30, 4] = np.nan
    found = em_moments(items, tolerance=1e-10)
    assert found.has_converged
    assert found.moments.covariance[4].tolist() == [0.0] * 5
    assert found.moments.mean[3] == pytest.approx(items[:, 0].mean() + items[:, 1].mean(), rel=1e-6)


def test_a_repeated_item_foresees_as_one_of_it_does() -> None:
    items = survey(2, 60, 3, 0.0, whole=False)
    items[5:25, 2] = np.nan
    expected = em_moments(items, tolerance=1e-11).moments
    found = em_moments(np.column_stack([items, items[:, 0]]), tolerance=1e-11)
    assert found.has_converged
    assert found.moments.mean[:3] == pytest.approx(expected.mean, rel=1e-6)
    assert found.moments.covariance[:3, :3] == pytest.approx(expected.covariance, rel=1e-5)


def test_stopping_early_is_told() -> None:
    found = em_moments(survey(1, 30, 4, 0.4), max_iterations=2)
    assert (found.n_iterations, found.has_converged) == (2, False)
    assert found.last_change > 1e-8
