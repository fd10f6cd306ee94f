"""Referral values against the hand-checked case, a recursion over random trees and the law that nobody is counted twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crmmodels.kernels.value.referrals import ReferralValues, cycles, referral_generations, referral_values

money = st.floats(-1e4, 1e4).map(lambda value: round(value, 2))
GENERATIONS = pytest.mark.parametrize("generations", [1, "all"])


@st.composite
def graphs(draw: st.DrawFn) -> np.ndarray:
    """Anybody may have been referred by anybody, or by nobody."""
    n = draw(st.integers(1, 40))
    return draw(arrays(np.int64, n, elements=st.integers(-1, n - 1)))


@st.composite
def forests(draw: st.DrawFn) -> np.ndarray:
    """Referrers without cycles, in any order of the codes."""
    n = draw(st.integers(1, 40))
    width = draw(st.integers(1, n))
    by_age = [draw(st.integers(max(-1, k - width), k - 1)) for k in range(n)]
    code = np.array(draw(st.permutations(range(n))))
    referrer = np.full(n, -1)
    for k, parent in enumerate(by_age):
        referrer[code[k]] = code[parent] if parent >= 0 else -1
    return referrer


def money_for(data: st.DataObject, n: int) -> np.ndarray:
    return data.draw(arrays(np.float64, n, elements=money))


def way_up(referrer: np.ndarray, start: int) -> list[int]:
    """Referrers of a customer from the nearest on, up to a root or as far as there are customers."""
    found = []
    at = referrer[start]
    while at >= 0 and len(found) <= len(referrer):
        found.append(int(at))
        at = referrer[at]
    return found


def by_recursion(own, referrer, reward, relief, theta, generations) -> ReferralValues:
    n = len(own)
    brought = [[k for k in range(n) if referrer[k] == i] for i in range(n)]

    def transfer(k: int) -> float:
        below = sum(transfer(j) for j in brought[k]) if generations == "all" else 0.0
        return theta * (own[k] + below) + (1.0 - theta) * relief[k]

    moved = np.array([transfer(k) if referrer[k] >= 0 else 0.0 for k in range(n)])
    clv5 = np.array([sum(moved[k] - reward[k] for k in brought[i]) for i in range(n)])
    return ReferralValues(moved, clv5, own + clv5 - moved)


def assert_equal(found: ReferralValues, expected: ReferralValues) -> None:
    for name in ReferralValues.__slots__:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-12, atol=1e-7)


@GENERATIONS
def test_the_hand_checked_case_is_right_to_the_cent(generations) -> None:
    """A, worth 93, referred B, worth 20 and acquired for nothing instead of 15, for a reward of 3."""
    own, reward, relief = np.array([93.0, 20.0]), np.array([np.nan, 3.0]), np.array([np.nan, 15.0])
    found = referral_values(own, np.array([-1, 0]), reward, relief, 0.5, generations=generations)
    np.testing.assert_array_equal(found.transfer, [0.0, 17.5])
    np.testing.assert_array_equal(found.clv5, [14.5, 0.0])
    np.testing.assert_array_equal(own + found.clv5, [107.5, 20.0])
    np.testing.assert_array_equal(found.retained, [107.5, 2.5])
    assert found.retained.sum() == 110.0 == 93.0 + 20.0 - 3.0


def test_a_chain_of_three_over_all_generations() -> None:
    """C brings 8 and saved 4: T = .25 x 8 + .75 x 4 = 5. B: .25 x (20 + 5) + .75 x 8 = 12.25. Rewards 1 and 2."""
    own, referrer = np.array([40.0, 20.0, 8.0]), np.array([-1, 0, 1])
    found = referral_values(own, referrer, np.array([0.0, 1.0, 2.0]), np.array([0.0, 8.0, 4.0]), 0.25, generations="all")
    np.testing.assert_array_equal(found.transfer, [0.0, 12.25, 5.0])
    np.testing.assert_array_equal(found.clv5, [11.25, 3.0, 0.0])
    np.testing.assert_array_equal(found.retained, [51.25, 10.75, 3.0])
    near = referral_values(own, referrer, np.array([0.0, 1.0, 2.0]), np.array([0.0, 8.0, 4.0]), 0.25, generations=1)
    np.testing.assert_array_equal(near.transfer, [0.0, 11.0, 5.0])


@GENERATIONS
@given(forests(), st.floats(0.0, 1.0), st.data())
def test_values_agree_with_a_recursion_over_the_trees(generations, referrer, theta, data) -> None:
    own, reward, relief = (money_for(data, len(referrer)) for _ in range(3))
    found = referral_values(own, referrer, reward, relief, theta, generations=generations)
    assert_equal(found, by_recursion(own, referrer, reward, relief, theta, generations))


@GENERATIONS
@given(forests(), st.floats(0.0, 1.0), st.data())
def test_retained_values_sum_to_own_values_less_rewards(generations, referrer, theta, data) -> None:
    own, reward, relief = (money_for(data, len(referrer)) for _ in range(3))
    found = referral_values(own, referrer, reward, relief, theta, generations=generations)
    equity = own.sum() - reward[referrer >= 0].sum()
    assert found.retained.sum() == pytest.approx(equity, rel=1e-12, abs=1e-7)
    moved = found.transfer.sum() - reward[referrer >= 0].sum()
    assert found.clv5.sum() == pytest.approx(moved, rel=1e-12, abs=1e-7)


@GENERATIONS
@given(forests(), st.data())
def test_money_in_another_unit_scales_every_value(generations, referrer, data) -> None:
    own, reward, relief = (money_for(data, len(referrer)) for _ in range(3))
    found = referral_values(own, referrer, reward, relief, 0.4, generations=generations)
    scaled = referral_values(8.0 * own, referrer, 8.0 * reward, 8.0 * relief, 0.4, generations=generations)
    for name in ReferralValues.__slots__:
        np.testing.assert_array_equal(getattr(scaled, name), 8.0 * getattr(found, name))


@GENERATIONS
@given(forests(), st.integers(1, 5), st.data())
def test_each_draw_is_what_it_would_be_alone(generations, referrer, n_draws, data) -> None:
    n = len(referrer)
    own = data.draw(arrays(np.float64, (n_draws, n), elements=money))
    theta = data.draw(arrays(np.float64, n_draws, elements=st.floats(0.0, 1.0)))
    reward, relief = money_for(data, n), money_for(data, n)
    together = referral_values(own, referrer, reward, relief, theta, generations=generations)
    one_own = referral_values(own[0], referrer, reward, relief, theta, generations=generations)
    one_theta = referral_values(own, referrer, reward, relief, float(theta[0]), generations=generations)
    for draw in range(n_draws):
        pairs = (
            (together, own[draw], theta[draw]),
            (one_own, own[0], theta[draw]),
            (one_theta, own[draw], theta[0]),
        )
        for found, of_own, of_theta in pairs:
            alone = referral_values(of_own, referrer, reward, relief, float(of_theta), generations=generations)
            for name in ReferralValues.__slots__:
                assert getattr(found, name).shape == (n_draws, n)
                np.testing.assert_array_equal(getattr(found, name)[draw], getattr(alone, name))


@GENERATIONS
def test_without_referrals_everybody_retains_his_own_value(generations) -> None:
    own, nothing = np.array([5.0, -2.0, 7.0]), np.full(3, np.nan)
    found = referral_values(own, np.full(3, -1), nothing, nothing, 0.5, generations=generations)
    np.testing.assert_array_equal(found.retained, own)
    assert not np.any([found.transfer, found.clv5])


@GENERATIONS
def test_no_customers_have_no_values(generations) -> None:
    none = np.zeros(0)
    found = referral_values(none, np.zeros(0, np.int64), none, none, 0.5, generations=generations)
    assert found.retained.shape == (0,)
    assert referral_values(np.zeros((3, 0)), np.zeros(0, np.int64), none, none, 0.5, generations=generations).clv5.shape == (
        3,
        0,
    )


def test_a_chain_of_a_hundred_thousand() -> None:
    """T of the last is θ, of the one before θ(1 + θ), and so on: a geometric series; with θ = 1 it counts those below."""
    n = 100_000
    rng = np.random.default_rng(20261123)
    code = rng.permutation(n)
    referrer = np.full(n, -1)
    referrer[code[1:]] = code[:-1]
    np.testing.assert_array_equal(referral_generations(referrer)[code], np.arange(n))
    none = np.zeros(n)
    below = np.arange(n, 0, -1.0)
    for theta, expected in [(0.5, 1.0 - 0.5**below), (0.999, 999.0 * (1.0 - 0.999**below)), (1.0, below)]:
        found = referral_values(np.ones(n), referrer, none, none, theta, generations="all")
        np.testing.assert_allclose(found.transfer[code[1:]], expected[1:], rtol=1e-9)
        assert found.transfer[code[0]] == 0.0
        assert found.retained.sum() == pytest.approx(n, rel=1e-9)


@given(forests())
def test_generations_count_the_referrals_up_to_the_root(referrer) -> None:
    expected = [len(way_up(referrer, k)) for k in range(len(referrer))]
    found = referral_generations(referrer)
    assert found.dtype == np.int64
    assert found.tolist() == expected
    assert cycles(referrer).size == 0


@given(graphs())
def test_who_is_on_or_below_a_cycle_has_no_generation(referrer) -> None:
    n = len(referrer)
    ways = [way_up(referrer, k) for k in range(n)]
    before = referrer.copy()
    assert referral_generations(referrer).tolist() == [len(way) if len(way) <= n else -1 for way in ways]
    assert cycles(referrer).tolist() == [k for k in range(n) if k in ways[k]]
    np.testing.assert_array_equal(referrer, before)


def test_cycles_are_named_without_those_below_them() -> None:
    referrer = np.array([-1, 0, 3, 4, 2, 4, 6, 6, 1])
    assert cycles(referrer).tolist() == [2, 3, 4, 6]
    assert referral_generations(referrer).tolist() == [0, 1, -1, -1, -1, -1, -1, -1, 2]


def test_no_customers_have_no_generations() -> None:
    assert referral_generations(np.zeros(0, np.int64)).shape == (0,)
    assert cycles(np.zeros(0, np.int64)).shape == (0,)


def test_a_long_way_into_a_cycle_ends() -> None:
    """A cycle of three at the top of a chain, beside a tree that is sound."""
    n = 5_000
    referrer = np.arange(n) - 1
    referrer[0], referrer[3_000] = 2, -1
    assert cycles(referrer).tolist() == [0, 1, 2]
    found = referral_generations(referrer)
    assert np.all(found[:3_000] == -1)
    np.testing.assert_array_equal(found[3_000:], np.arange(n - 3_000))
