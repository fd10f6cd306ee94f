"""Values of stages: published numbers, and sums over the power series."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.hmm.stage_values import stage_values

BUYS = (0.3, 0.2, 0.15, 0.05)
RECENCY = np.array(
    [[p if to == 0 else (1 - p if to == own + 1 else 0.0) for to in range(5)] for own, p in enumerate((*BUYS, 0.0))]
)
RECENCY[4, 4] = 1.0
REWARD = np.array([40.0 - 4.0, -4.0, -4.0, -4.0, 0.0])


def test_published_values_of_four_recencies() -> None:
    """Pfeifer & Carraway (2000): p = .3, .2, .15, .05, contribution 40, marketing 4, discount rate .2."""
    finite = stage_values(RECENCY, REWARD, 0.2, n_periods=4)
    np.testing.assert_allclose(finite, [50.115, 4.220, 0.592, -1.980, 0.0], rtol=0, atol=5e-4)
    infinite = stage_values(RECENCY, REWARD, 0.2)
    np.testing.assert_allclose(infinite, [52.320, 5.554, 1.251, -1.820, 0.0], rtol=0, atol=5e-4)


@given(st.integers(1, 5), st.floats(-0.5, 3.0), st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_finite_values_are_the_discounted_sum(n: int, rate: float, n_periods: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    transition, reward = rng.dirichlet(np.full(n, 0.5), n), rng.normal(0, 10, n)
    expected = sum(np.linalg.matrix_power(transition, t) @ reward / (1 + rate) ** t for t in range(n_periods + 1))
    scale = 10 * sum((1 + rate) ** -t for t in range(n_periods + 1))
    np.testing.assert_allclose(stage_values(transition, reward, rate, n_periods), expected, rtol=0, atol=1e-11 * scale)


@given(st.integers(1, 5), st.floats(0.05, 3.0), st.integers(0, 2**32 - 1))
def test_infinite_values_are_the_limit_and_solve_their_equation(n: int, rate: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    transition, reward = rng.dirichlet(np.full(n, 0.5), n), rng.normal(0, 10, n)
    value = stage_values(transition, reward, rate)
    np.testing.assert_allclose(value, reward + transition @ value / (1 + rate), rtol=0, atol=1e-10 * (1 + 1 / rate))
    np.testing.assert_allclose(stage_values(transition, reward, rate, 2000), value, rtol=0, atol=1e-9 * (1 + 1 / rate))


def test_a_stack_of_chains_is_valued_chain_by_chain() -> None:
    rng = np.random.default_rng(2)
    transition, reward = rng.dirichlet(np.ones(4), (3, 4)), rng.normal(size=(3, 4))
    for n_periods in (None, 5):
        together = stage_values(transition, reward, 0.1, n_periods)
        alone = [stage_values(p, r, 0.1, n_periods) for p, r in zip(transition, reward, strict=True)]
        np.testing.assert_allclose(together, alone, rtol=1e-13)


def test_no_period_ahead_is_the_reward_of_the_present() -> None:
    assert stage_values(RECENCY, REWARD, 0.2, 0).tolist() == pytest.approx(REWARD.tolist())
