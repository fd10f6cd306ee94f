"""Sweeps against NumPy's own solvers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.arrays.sweeping import swept


def matrices(size, count, seed):
    factors = np.random.default_rng(seed).standard_normal((count, size, size + 3))
    return np.moveaxis(factors @ np.swapaxes(factors, 1, 2), 0, -1)


@given(st.integers(1, 6), st.integers(0, 6), st.integers(0, 1000))
def test_a_sweep_inverts_and_regresses(size, n_swept, seed):
    n_swept = min(n_swept, size)
    stack = matrices(size, 4, seed)
    before = stack.copy()
    found = swept(stack, n_swept)
    assert (stack == before).all()
    for k in range(4):
        whole, rest = stack[:n_swept, :n_swept, k], stack[:n_swept, n_swept:, k]
        inverse = np.linalg.inv(whole)
        assert found.inverse[..., k] == pytest.approx(inverse, rel=1e-7, abs=1e-9)
        assert found.coefficients[..., k] == pytest.approx(inverse @ rest, rel=1e-7, abs=1e-9)
        left = stack[n_swept:, n_swept:, k] - rest.T @ inverse @ rest
        assert found.residual[..., k] == pytest.approx(left, rel=1e-7, abs=1e-9)


def test_the_least_pivot_is_the_share_of_variance_that_others_leave():
    stack = np.array([[4.0, 3.0], [3.0, 9.0]])[..., np.newaxis]
    assert swept(stack, 2).least_pivot[0] == pytest.approx(1 - 9 / 36)


def test_collinear_variables_leave_no_pivot():
    factors = np.random.default_rng(1).standard_normal((3, 40))
    factors[2] = factors[0] - 2 * factors[1]
    assert swept(np.cov(factors)[..., np.newaxis], 3).least_pivot[0] < 1e-12
