"""`crmmodels.kernels.concentration.lorenz`, and the bootstrap of `crmmodels.kernels.concentration.shares`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmmodels.kernels.concentration.lorenz import LorenzCurve, place_on_curve, thin_curve, whale_curve
from crmmodels.kernels.concentration.shares import bootstrap_concentration, concentration

LAWS = settings(max_examples=80, deadline=None)

whole = st.lists(st.integers(1, 30) | st.integers(1, 10**6), min_size=1, max_size=60)
NOWHERE = np.array([np.inf, np.inf])
queries = st.lists(st.integers(-5, 40) | st.integers(-5, 10**6 + 5), min_size=1, max_size=20)


def placed(values: np.ndarray, curve: LorenzCurve) -> tuple[np.ndarray, np.ndarray]:
    places = place_on_curve(values, curve)
    return places.rank, places.share


def place_by_count(values: Sequence[int], query: int) -> tuple[int, float]:
    larger = [value for value in values if value > query]
    money = sum(larger) + query * list(values).count(query)
    return 1 + len(larger), float(Fraction(money, sum(values)))


@LAWS
@given(whole, queries)
def test_all_knots_place_every_value_exactly(values: list[int], asked: list[int]) -> None:
    curve = thin_curve(concentration(np.array(values, dtype=np.float64)), 10**9, NOWHERE)
    rank, share = placed(np.array(asked, dtype=np.float64), curve)
    expected = [place_by_count(values, query) for query in asked]
    assert rank.tolist() == [r for r, _ in expected]
    np.testing.assert_allclose(share, [s for _, s in expected], atol=1e-12)


@LAWS
@given(whole, st.integers(4, 20))
def test_a_thinned_curve_is_a_bounded_part_with_both_ends(values: list[int], n_knots: int) -> None:
    distribution = concentration(np.array(values, dtype=np.float64))
    full, thin = thin_curve(distribution, 10**9, NOWHERE), thin_curve(distribution, n_knots, NOWHERE)
    assert len(thin.value) <= n_knots
    assert (thin.value[0], thin.value[-1]) == (full.value[0], full.value[-1])
    where = np.searchsorted(-full.value, -thin.value)
    for name in ("value", "customers", "share"):
        np.testing.assert_array_equal(getattr(thin, name), getattr(full, name)[..., where])
    if len(full.value) <= n_knots:
        assert len(thin.value) == len(full.value)


@LAWS
@given(whole, st.integers(4, 12), st.data())
def test_a_thinned_curve_keeps_the_boundaries(values: list[int], n_knots: int, data: st.DataObject) -> None:
    distribution = concentration(np.array(values, dtype=np.float64))
    boundary = float(data.draw(st.sampled_from(values)))
    curve = thin_curve(distribution, n_knots, np.array([boundary, np.inf]))
    assert boundary in curve.value
    assert len(curve.value) <= n_knots + 1
    rank, _ = placed(np.array([boundary]), curve)
    assert rank[0] == 1 + sum(value > boundary for value in values)


@LAWS
@given(whole, queries, st.integers(4, 16))
def test_a_thinned_curve_is_off_by_at_most_what_lies_between_two_knots(
    values: list[int], asked: list[int], n_knots: int
) -> None:
    distribution = concentration(np.array(values, dtype=np.float64))
    at = np.sort(np.array(asked + values, dtype=np.float64))
    exact_rank, exact_share = placed(at, thin_curve(distribution, 10**9, NOWHERE))
    rank, share = placed(at, thin_curve(distribution, n_knots, NOWHERE))
    grid = n_knots // 2
    assert (np.abs(rank - exact_rank) <= 2 * len(values) / grid).all()
    assert (np.abs(share - exact_share) <= 1 / grid + 1e-12).all()
    assert (np.diff(rank) <= 0).all()
    assert (np.diff(share) <= 1e-12).all()
    assert rank.min() >= 1
    assert rank.max() <= len(values) + 1
    assert share.min() >= 0
    assert share.max() <= 1


def test_a_value_between_two_knots_is_interpolated() -> None:
    """By hand: of 100, 99, ..., 1 the largest, the one at half of the total and the smallest are kept."""
    distribution = concentration(np.arange(1.0, 101.0))
    curve = thin_curve(distribution, 5, NOWHERE)
    assert curve.value.tolist() == [100.0, 71.0, 1.0]
    rank, share = placed(np.array([36.0]), curve)
    # 71 and more are 30 customers, more than 1 are 99; 36 is half way between.
    assert rank.tolist() == [1.0 + 64.0]
    assert share[0] == pytest.approx((sum(range(71, 101)) / 5050 + 5049 / 5050) / 2)


@pytest.mark.parametrize("values", [[1e308, 1.0], [1e308], [5e-324], [1e-300, 1e300]])
def test_extreme_values_are_placed_without_a_warning(values: list[float]) -> None:
    curve = thin_curve(concentration(np.array(values)), 10**9, NOWHERE)
    rank, share = placed(np.array([-1.7e308, 0.0, 1.7e308, *values]), curve)
    assert rank[:3].tolist() == [len(values) + 1, len(values) + 1, 1]
    assert share[:3].tolist() == [1.0, 1.0, 0.0]
    assert rank[3:].tolist() == [1 + sum(other > value for other in values) for value in values]


def test_the_whale_curve_of_a_hand_case_rises_above_one_and_falls_back() -> None:
    """The shape of Kaplan & Narayanan (2001): the best make 120 % of the profit, and the last one costs 20 %."""
    curve = whale_curve(np.array([-20.0, 60.0, 40.0, 0.0, 20.0]))
    np.testing.assert_allclose(curve.customers, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0], rtol=1e-15)
    assert (curve.value.tolist(), curve.total, curve.peak) == ([0.0, 60.0, 100.0, 120.0, 120.0, 100.0], 100.0, 3)


@LAWS
@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=40))
def test_the_whale_curve_is_the_best_that_so_many_customers_make(values: list[int]) -> None:
    curve = whale_curve(np.array(values, dtype=np.float64))
    assert curve.value.tolist() == [sum(sorted(values, reverse=True)[:k]) for k in range(len(values) + 1)]
    assert curve.value[curve.peak] == curve.value.max()
    np.testing.assert_allclose(curve.customers, np.arange(len(values) + 1) / len(values), rtol=1e-15)


SAMPLE = np.round(np.random.default_rng(3).lognormal(3.0, 1.0, 60), 0) + 1.0


def figures(drawn: np.ndarray) -> list[float]:
    """Corrected Gini coefficient, share of the top fifth, share of customers for 80 %, by their definitions."""
    ordered = np.sort(drawn)[::-1]
    n = len(drawn)
    double_sum = np.abs(drawn[:, None] - drawn[None, :]).sum() / (2 * n * drawn.sum())
    needed = 1 + int(np.argmax(np.cumsum(ordered) >= (0.8 - 1e-12) * drawn.sum()))
    return [double_sum * n / (n - 1), ordered[: n // 5].sum() / drawn.sum(), needed / n]


def test_every_resample_has_the_figures_of_its_customers() -> None:
    found = bootstrap_concentration(concentration(SAMPLE), 25, 0.8, 0.2, np.random.default_rng(7))
    rng, ordered = np.random.default_rng(7), np.sort(SAMPLE)[::-1]
    expected = [figures(ordered[rng.integers(len(ordered), size=len(ordered))]) for _ in range(25)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_bootstrap_repeats_with_its_seed_only() -> None:
    distribution = concentration(SAMPLE)
    first, again, other = (
        bootstrap_concentration(distribution, 10, 0.8, 0.2, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert first.tobytes() == again.tobytes()
    assert (first != other).any(axis=0).all()


def test_bootstrap_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """Exponential values: Gini 1/2; the top fifth makes 0.2 (1 + ln 5). Of 60 intervals at 90 %, 54 are expected."""
    truth = np.array([0.5, 0.2 * (1 + np.log(5))])
    covered = np.zeros(2)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        draws = bootstrap_concentration(concentration(rng.exponential(50.0, 200)), 200, 0.8, 0.2, rng)
        low, high = np.quantile(draws[:, :2], [0.05, 0.95], axis=0)
        covered += (low <= truth) & (truth <= high)
    assert (covered >= 47).all()
    assert (covered < 60).any()


@pytest.mark.parametrize("values", [[4.0], [4.0] * 8])
def test_resamples_of_equal_customers_are_equal(values: list[float]) -> None:
    draws = bootstrap_concentration(concentration(np.array(values)), 5, 0.8, 0.2, np.random.default_rng(0))
    np.testing.assert_allclose(draws, [[0.0, 0.2, -(-8 * len(values) // 10) / len(values)]] * 5, atol=1e-15)
