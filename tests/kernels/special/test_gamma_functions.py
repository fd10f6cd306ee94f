"""Gamma functions without cancellation against 50-digit arithmetic."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.special.gamma_functions import beside_stirling, log_rising


def test_what_stirling_leaves_agrees_with_fifty_digits() -> None:
    y = np.exp(np.linspace(np.log(1e-3), np.log(1e7), 301))
    found = beside_stirling(np.concatenate([y, [7.9999, 8.0]]))
    with mp.workdps(50):
        for at, number in enumerate(np.concatenate([y, [7.9999, 8.0]])):
            z = mp.mpf(float(number))
            log_gamma = mp.loggamma(z) - (z - mp.mpf("0.5")) * mp.log(z) + z - mp.log(2 * mp.pi) / 2
            digamma = mp.digamma(z) - mp.log(z) + 1 / (2 * z)
            trigamma = mp.polygamma(1, z) - 1 / z - 1 / (2 * z * z)
            # Large arguments leave next to nothing, which is asked for in its own digits; small ones in those of what it stands beside.
            leading = 1.0 if number < 8.0 else 0.0
            for computed, exact, beside in (
                (found.log_gamma[at], log_gamma, abs(mp.log(z)) + z),
                (found.digamma[at], digamma, abs(mp.log(z)) + 1 / z),
                (found.trigamma[at], trigamma, 1 / z + 1 / (z * z)),
            ):
                assert abs(mp.mpf(float(computed)) - exact) < 1e-13 * abs(exact) + leading * 1e-15 * beside


@pytest.mark.parametrize("r", [1e-3, 0.0417, 0.9999, 1.0, 1.7, 19.9, 20.1, 937.0, 1e6])
def test_rising_factorials_agree_with_fifty_digits(r: float) -> None:
    x = np.array([0.0, 1, 2, 3, 7, 30, 171, 1000, 10_000])
    found = log_rising(r, x)
    with mp.workdps(50):
        first = mp.mpf(r)
        for at, count in enumerate(x.astype(int).tolist()):
            n = first + count
            exact = (
                mp.loggamma(n) - mp.loggamma(first),
                mp.digamma(n) - mp.digamma(first),
                mp.polygamma(1, n) - mp.polygamma(1, first),
            )
            for computed, true in zip((found.value, found.slope, found.curvature), exact, strict=True):
                assert abs(mp.mpf(float(computed[at])) - true) <= 2e-13 * abs(true) + 1e-16 * (count > 0)


@given(st.floats(1e-3, 1e3), st.lists(st.integers(0, 400), max_size=30))
def test_one_more_factor_adds_its_logarithm_in_any_order(r: float, counts: list[int]) -> None:
    x = np.array(counts, np.float64)
    found, more = log_rising(r, x), log_rising(r, x + 1.0)
    np.testing.assert_allclose(
        more.value - found.value, np.log(r + x), rtol=0, atol=1e-13 * (1.0 + np.abs(more.value).max(initial=0))
    )
    assert found.value.shape == x.shape
    alone = [log_rising(r, x[k : k + 1]) for k in range(len(x))]
    assert [one.value[0] for one in alone] == found.value.tolist()
    assert [one.curvature[0] for one in alone] == found.curvature.tolist()
