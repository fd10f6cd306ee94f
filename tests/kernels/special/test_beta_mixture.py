"""Means over a beta-distributed dropout probability against 60-digit arithmetic."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from crmmodels.kernels.special.beta_mixture import mean_orders_until_dropout, mean_share_staying


def exact(shape: float, scale: float, a: float, b: float) -> float:
    """The textbook form with a Gaussian hypergeometric function."""
    with mp.workdps(60):
        s, t, a, b = (mp.mpf(value) for value in (shape, scale, a, b))
        return float((a + b - 1) / (a - 1) * (1 - (1 + t) ** (-s) * mp.hyp2f1(s, b, a + b - 1, t / (1 + t))))


def grid(n: int) -> np.ndarray:
    rng = np.random.default_rng(2014)
    shape, a, b = 10 ** rng.uniform(-3, 3, (3, n))
    orders = np.where(np.arange(n) % 3 == 0, np.floor(10 ** rng.uniform(0, 4, n)), 0.0)
    return np.stack([shape + orders, 10 ** rng.uniform(-6, 6, n), a, b + orders])


def test_the_mean_agrees_with_the_textbook_form_over_the_whole_domain() -> None:
    points = grid(60)
    found = mean_orders_until_dropout(*points)
    np.testing.assert_allclose(found, [exact(*point) for point in points.T], rtol=1e-11)


def test_a_row_is_the_same_alone_and_among_others() -> None:
    points = grid(40)
    together = mean_orders_until_dropout(*points)
    alone = [mean_orders_until_dropout(*point[:, None])[0] for point in points.T]
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("shape", [0.3, 1.0, 20.0])
def test_the_removable_singularity_has_its_limit(shape: float) -> None:
    at, above = (mean_orders_until_dropout(*np.array([[shape], [3.0], [a], [2.5]]))[0] for a in (1.0, 1.0 + 1e-9))
    assert at == pytest.approx(above, rel=1e-8)
    with mp.workdps(30):
        density = lambda p: (1 - (1 + 3 * p) ** -shape) / p * mp.mpf(2.5) * (1 - p) ** 1.5  # noqa: E731
        assert at == pytest.approx(float(mp.quad(density, [0, 1])), rel=1e-12)


def test_a_short_horizon_loses_no_digit() -> None:
    found = mean_orders_until_dropout(np.array([2.0]), np.array([1e-12]), np.array([0.5]), np.array([3.0]))
    assert found[0] == pytest.approx(2e-12, rel=1e-11)


def test_rare_dropout_counts_to_the_last_digit_over_long_horizons() -> None:
    # The mean of 1 / p still has digits where the beta density itself has long decayed.
    for a in (1.5, 2.0, 3.0):
        found = mean_orders_until_dropout(*np.array([[50.0], [1e12], [a], [2.5]]))[0]
        assert found == pytest.approx(exact(50.0, 1e12, a, 2.5), rel=1e-11)


def test_the_share_staying_agrees_with_fifty_digits() -> None:
    points = grid(40)
    points[1] = np.minimum(points[1], 1e2)
    found = mean_share_staying(*points)
    with mp.workdps(60):
        for share, point in zip(found, points.T, strict=True):
            s, z, a, b = (mp.mpf(value) for value in point)
            expected = (1 + z) ** -s * mp.hyp2f1(s, b, a + b, z / (1 + z))
            assert share == pytest.approx(float(expected), rel=1e-10, abs=1e-16)
