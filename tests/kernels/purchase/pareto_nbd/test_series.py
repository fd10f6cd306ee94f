"""The series of Pareto/NBD against Gauss's hypergeometric function in 40 digits."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest

from crmmodels.kernels.purchase.pareto_nbd.series import (
    LARGEST_SHARE,
    coefficients,
    dropout_first_ever,
    n_terms,
    powers,
    value_coefficients,
)


def far_first(near_shape: Any, far_shape: Any, share: Any) -> Any:
    both = near_shape + far_shape
    return far_shape / both * (1 - share) * mp.hyp2f1(far_shape + 1, 1, both + 1, share)


@pytest.mark.parametrize("number", range(60))
def test_the_chance_that_the_dropout_comes_first_agrees_with_40_digits(number: int) -> None:
    rng = np.random.default_rng(number)
    n, s, near = (float(v) for v in 10 ** rng.uniform([-3, -3, -3], [4, 3, 3]))
    start = near * float(10 ** rng.uniform(-2, 3))
    share = LARGEST_SHARE * float(rng.random())
    far = near + (near + start) * share / (1 - share)
    alpha, beta = (near, far) if number % 2 else (far, near)
    with mp.workdps(40):
        a, b, n_, s_ = (mp.mpf(v) for v in (alpha, beta, n, s))
        a, b = a + start, b + start
        expected = far_first(n_, s_, (b - a) / b) if a <= b else 1 - far_first(s_, n_, (a - b) / a)
    got = dropout_first_ever(np.array([n]), np.array([start]), alpha=alpha, s=s, beta=beta)
    assert got[0] == pytest.approx(float(expected), rel=5e-14)


def test_beyond_the_largest_share_there_is_no_number() -> None:
    start = np.array([0.0, 1.0, 100.0])
    got = dropout_first_ever(np.ones(3), start, alpha=1.0, s=0.5, beta=10.0)
    np.testing.assert_array_equal(np.isnan(got), [True, True, False])


def test_equal_clocks_share_by_their_shapes() -> None:
    n = np.array([0.5, 3.0, 1e4])
    np.testing.assert_allclose(dropout_first_ever(n, np.zeros(3), alpha=7.0, s=0.6, beta=7.0), 0.6 / (n + 0.6), rtol=1e-15)


def test_rows_that_need_more_terms_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    n, start = 10 ** rng.uniform(-2, 3, 300), 10 ** rng.uniform(-1, 4, 300)
    for alpha, beta in ((20.0, 60.0), (60.0, 20.0)):
        together = dropout_first_ever(n, start, alpha=alpha, s=0.6, beta=beta)
        alone = [dropout_first_ever(n[i : i + 1], start[i : i + 1], alpha=alpha, s=0.6, beta=beta)[0] for i in range(300)]
        np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("share", [0.0, 1e-9, 0.02, 0.3, LARGEST_SHARE])
@pytest.mark.parametrize("shapes", [(0.5, 0.6), (30.0, 0.01), (0.01, 30.0), (1000.0, 900.0)])
def test_sums_are_the_derivatives(shapes: tuple[float, float], share: float) -> None:
    terms = n_terms(share)
    near_shape, far_shape = (np.array([[shape]]) for shape in shapes)
    by_power = powers(np.array([share]), terms)
    got = (coefficients(near_shape, far_shape, terms)[0] @ by_power)[:, 0]
    with mp.workdps(40):
        point = tuple(mp.mpf(v) for v in (*shapes, share))
        rest = 1 - point[2]
        divided = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (2, 0, 0), (1, 1, 0), (0, 2, 0)]
        expected = [mp.diff(far_first, point, orders) / rest if any(orders) else far_first(*point) / rest for orders in divided]
        expected.insert(1, 1 - far_first(*point))
        expected += [mp.diff(far_first, point, orders) for orders in ((0, 0, 1), (1, 0, 1), (0, 1, 1), (0, 0, 2))]
    expected = np.array([float(v) for v in expected])
    firsts = [0, 1, 2, 3, 7]
    np.testing.assert_allclose(got[firsts], expected[firsts], rtol=1e-13)
    np.testing.assert_allclose(got, expected, rtol=1e-10)
    values = (value_coefficients(near_shape, far_shape, terms)[0] @ by_power)[:, 0]
    np.testing.assert_allclose(values, expected[:2], rtol=1e-14)


def test_powers() -> None:
    share = np.array([0.0, 0.3, 0.7])
    for terms in (2, 3, 7, 8, 33):
        np.testing.assert_allclose(powers(share, terms), share ** np.arange(terms)[:, None], rtol=1e-14)
