"""Credibility against published examples, exact fractions, the gamma-gamma model and a simulation."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crmmodels.kernels.purchase.gamma_gamma import GammaGammaParameters, expected_spend
from crmmodels.kernels.value.credibility import (
    credibility,
    expected_kappa,
    population_means,
    shrunk_rates,
    variance_components,
)

whole_money = st.integers(-500, 500)
customers = st.lists(st.lists(whole_money, max_size=6), min_size=1, max_size=8)


def sums(orders: list[list[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mean = [np.mean(own) if own else np.nan for own in orders]
    squares = [np.sum((np.array(own) - np.mean(own)) ** 2) if own else np.nan for own in orders]
    return np.array([float(len(own)) for own in orders]), np.array(mean), np.array(squares)


def test_two_policyholders_of_the_society_of_actuaries() -> None:
    """SOA/CAS Exam C sample questions, 12: X 730 800 650 700, Y 655 650 625 750; the premium of Y is 687."""
    found = variance_components(*sums([[730, 800, 650, 700], [655, 650, 625, 750]]))
    assert found.mean == 695.0
    assert found.within_variance == pytest.approx(3475.0, rel=1e-14)
    assert found.between_variance == pytest.approx(381.25, rel=1e-14)
    weight = credibility(np.array([4.0, 4.0]), found.kappa)
    premium = shrunk_rates(np.array([[720.0, 670.0]]), np.array([found.mean]), weight)
    assert premium[0, 1].round() == 687.0


def test_two_groups_of_unequal_size() -> None:
    """A classic of actuarial examinations: claims 10,000 and 15,000 of 50 and 60, 16,000 and 18,000 of 100 and 90 members.

    Between groups 651.03, and group 1 has credibility .50; the digits beyond are exact fractions.
    """
    sizes = [[Fraction(50), Fraction(60)], [Fraction(100), Fraction(90)]]
    ratios = [[Fraction(200), Fraction(250)], [Fraction(160), Fraction(200)]]
    exposure = [sum(size) for size in sizes]
    mean = [sum(w * y for w, y in zip(*group, strict=True)) / sum(group[0]) for group in zip(sizes, ratios, strict=True)]
    squares = [
        sum(w * (y - m) ** 2 for w, y in zip(size, ratio, strict=True))
        for size, ratio, m in zip(sizes, ratios, mean, strict=True)
    ]
    within, overall = sum(squares) / 2, Fraction(59_000, 300)
    spread = sum(w * (m - overall) ** 2 for w, m in zip(exposure, mean, strict=True)) - within
    between = spread / (300 - sum(w**2 for w in exposure) / 300)
    columns = (np.array([float(value) for value in column]) for column in (mean, squares, exposure))
    own, deviation, size = columns
    found = variance_components(np.array([2.0, 2.0]), own, deviation, exposure=size)
    assert found.mean == pytest.approx(float(overall), rel=1e-14)
    assert found.within_variance == pytest.approx(float(within), rel=1e-13)
    assert found.between_variance == pytest.approx(float(between), rel=1e-12)
    assert round(found.between_variance, 2) == 651.03
    assert round(float(credibility(size, found.kappa)[0]), 2) == 0.5


@given(customers)
def test_variances_agree_with_exact_fractions(orders) -> None:
    found = variance_components(*sums(orders))
    exact = [[Fraction(value) for value in own] for own in orders if own]
    freedom = sum(len(own) - 1 for own in exact)
    if freedom == 0:
        assert math.isnan(found.within_variance)
        assert math.isnan(found.between_variance)
        assert math.isnan(found.kappa)
        return
    means = [sum(own) / len(own) for own in exact]
    n = sum(len(own) for own in exact)
    overall = sum(map(sum, exact)) / Fraction(n)
    within = sum((value - m) ** 2 for own, m in zip(exact, means, strict=True) for value in own) / Fraction(freedom)
    room = n - sum(Fraction(len(own)) ** 2 for own in exact) / n
    between = Fraction(0)
    if room:
        spread = sum(len(own) * (m - overall) ** 2 for own, m in zip(exact, means, strict=True))
        between = max(Fraction(0), (spread - (len(exact) - 1) * within) / room)
    assert found.mean == pytest.approx(float(overall), rel=1e-11, abs=1e-9)
    assert found.within_variance == pytest.approx(float(within), rel=1e-11, abs=1e-9)
    assert found.between_variance == pytest.approx(float(between), rel=1e-9, abs=1e-6)
    assert found.kappa >= 0


@given(st.lists(st.tuples(st.lists(whole_money, max_size=4), st.integers(1, 4)), min_size=1, max_size=6))
def test_a_row_with_a_weight_is_that_many_customers(rows) -> None:
    by_row = variance_components(*sums([own for own, _ in rows]), np.array([float(count) for _, count in rows]))
    by_customer = variance_components(*sums([own for own, count in rows for _ in range(count)]))
    for name in ("mean", "within_variance", "between_variance"):
        expected = getattr(by_customer, name)
        assert getattr(by_row, name) == pytest.approx(expected, rel=1e-9, abs=1e-6, nan_ok=True)


@given(customers, st.sampled_from([0.01, 3.0, 100.0]))
def test_kappa_does_not_depend_on_the_currency(orders, factor) -> None:
    n_orders, mean, squares = sums(orders)
    found = variance_components(n_orders, mean, squares)
    scaled = variance_components(n_orders, factor * mean, factor**2 * squares)
    assert scaled.within_variance == pytest.approx(factor**2 * found.within_variance, rel=1e-12, nan_ok=True)
    assert scaled.between_variance == pytest.approx(factor**2 * found.between_variance, rel=1e-9, abs=1e-6, nan_ok=True)


def test_alike_customers_have_no_credibility_of_their_own() -> None:
    found = variance_components(*sums([[1, 3], [1, 3], [3, 1]]))
    assert found.between_variance == 0.0
    assert found.kappa == math.inf
    np.testing.assert_array_equal(credibility(np.array([0.0, 1.0, 1e6]), found.kappa), 0.0)


def test_customers_who_never_vary_are_wholly_credible() -> None:
    found = variance_components(*sums([[2, 2], [5, 5, 5], [9]]))
    assert found.within_variance == 0.0
    assert found.kappa == 0.0
    np.testing.assert_array_equal(credibility(np.array([0.0, 1.0, 7.0]), found.kappa), [0.0, 1.0, 1.0])


@pytest.mark.parametrize("orders", [[[]], [[], [4]], [[3], [5], [9]]])
def test_without_a_second_order_of_anybody_variances_are_not_known(orders) -> None:
    found = variance_components(*sums(orders))
    assert math.isnan(found.within_variance)
    assert math.isnan(found.between_variance)
    assert math.isnan(found.kappa)


def test_kappa_of_given_variances() -> None:
    assert expected_kappa(6.0, 2.0) == 3.0
    assert expected_kappa(0.0, 2.0) == 0.0
    assert expected_kappa(6.0, 0.0) == math.inf
    assert math.isnan(expected_kappa(math.nan, 0.0))
    assert math.isnan(expected_kappa(1.0, math.nan))


def test_variances_are_unbiased_on_simulated_customers() -> None:
    """Within 9, between 4: means of 400 estimates within five standard errors, from unequal numbers of orders."""
    rng = np.random.default_rng(20261123)
    n_orders = rng.integers(1, 12, 200)
    customer = np.repeat(np.arange(200), n_orders)
    estimates = []
    for _ in range(400):
        spend = rng.normal(50.0, 2.0, 200)[customer] + rng.normal(0.0, 3.0, len(customer))
        mean = np.bincount(customer, spend) / n_orders
        squares = np.bincount(customer, (spend - mean[customer]) ** 2)
        found = variance_components(n_orders.astype(np.float64), mean, squares)
        estimates.append([found.within_variance, found.between_variance])
    error = np.std(estimates, axis=0) / np.sqrt(400.0)
    assert np.all(np.abs(np.mean(estimates, axis=0) - [9.0, 4.0]) < 5.0 * error)
    assert np.all(error < [0.05, 0.05])


@given(
    st.floats(0.01, 100.0),
    st.floats(1.01, 50.0),
    st.floats(0.1, 1e3),
    arrays(np.float64, 5, elements=st.integers(0, 1000).map(float)),
    arrays(np.float64, 5, elements=st.floats(0.01, 1e4)),
)
def test_the_gamma_gamma_model_is_of_this_form(p, q, v, frequency, mean_spend) -> None:
    """To the rounding of the larger of the two means: near 1 a weight has no more digits for the other."""
    weight, population = credibility(frequency, expected_kappa(q - 1.0, p)), p * v / (q - 1.0)
    found = shrunk_rates(mean_spend[np.newaxis], np.array([population]), weight)
    expected = expected_spend(frequency, mean_spend, GammaGammaParameters(p, q, v))
    assert np.all(np.abs(found[0] - expected) <= 2e-15 * np.maximum(mean_spend, population))


def test_the_published_expectations_of_the_gamma_gamma_model() -> None:
    """p = 6.25, q = 3.74, v = 15.44: 17.686318 after one order of 10, 49.128845 after seven of 50 (Fader & Hardie's model)."""
    weight = credibility(np.array([1.0, 7.0]), expected_kappa(3.74 - 1.0, 6.25))
    found = shrunk_rates(np.array([[10.0, 50.0]]), np.array([6.25 * 15.44 / 2.74]), weight)
    np.testing.assert_allclose(found[0], [17.686318, 49.128845], rtol=0, atol=5e-7)


rates = arrays(np.float64, (4, 6), elements=st.floats(-1e3, 1e3))
means = arrays(np.float64, 4, elements=st.floats(-1e3, 1e3))
counts = arrays(np.float64, 6, elements=st.integers(0, 20).map(float))


@given(rates, means, counts, st.floats(0.0, 50.0))
def test_shrunk_components_add_up_to_the_shrunk_sum(own, population, n_orders, kappa) -> None:
    weight = credibility(n_orders, kappa)
    parts = shrunk_rates(own, population, weight)
    whole = shrunk_rates(own.sum(axis=0, keepdims=True), population.sum(keepdims=True), weight)
    np.testing.assert_allclose(parts.sum(axis=0), whole[0], rtol=1e-12, atol=1e-10)
    np.testing.assert_array_equal(parts[:, n_orders == 0], np.tile(population[:, np.newaxis], (n_orders == 0).sum()))


@given(
    rates, arrays(np.float64, (3, 4), elements=st.floats(-1e3, 1e3)), counts, arrays(np.float64, 3, elements=st.floats(0, 9))
)
def test_each_draw_is_what_it_would_be_alone(own, population, n_orders, kappa) -> None:
    own = np.where(n_orders > 0, own, np.nan)
    weight = credibility(n_orders, kappa)
    assert weight.shape == (3, 6)
    found = shrunk_rates(own, population, weight)
    assert found.shape == (3, 4, 6)
    for draw in range(3):
        alone = credibility(n_orders, float(kappa[draw]))
        np.testing.assert_array_equal(weight[draw], alone)
        np.testing.assert_array_equal(found[draw], shrunk_rates(own, population[draw], alone))
        np.testing.assert_array_equal(shrunk_rates(own, population[draw], weight)[draw], found[draw])
    assert np.isfinite(found).all()


@given(counts, st.floats(1e-3, 1e3))
def test_credibility_grows_with_orders_and_halves_at_kappa(n_orders, kappa) -> None:
    weight = credibility(n_orders, kappa)
    assert np.all((weight >= 0) & (weight < 1))
    np.testing.assert_array_equal(np.argsort(weight, kind="stable"), np.argsort(n_orders, kind="stable"))
    assert credibility(np.array([kappa]), kappa)[0] == 0.5


def test_population_means_lie_between_the_mean_over_orders_and_that_over_customers() -> None:
    n_orders, own = np.array([1.0, 3.0, 0.0]), np.array([[10.0, 20.0, np.nan], [4.0, 0.0, np.nan]])
    np.testing.assert_allclose(population_means(n_orders, own, math.inf), [17.5, 1.0], rtol=1e-14)
    np.testing.assert_allclose(population_means(n_orders, own, 1.0), [16.0, 1.6], rtol=1e-14)
    np.testing.assert_allclose(population_means(n_orders, own, 0.0), [15.0, 2.0], rtol=1e-14)
    np.testing.assert_allclose(population_means(n_orders, own, 1e12), [17.5, 1.0], rtol=1e-10)
    doubled = population_means(n_orders, own, 0.0, np.array([2.0, 1.0, 5.0]))
    np.testing.assert_allclose(doubled, [40.0 / 3.0, 8.0 / 3.0], rtol=1e-14)


def test_the_order_of_customers_does_not_matter_to_the_last_bit() -> None:
    rng = np.random.default_rng(5)
    n = 3_000
    n_orders = rng.integers(0, 9, n).astype(np.float64)
    own, squares, weight = rng.lognormal(3.0, 1.0, (2, n)), rng.gamma(2.0, 50.0, n), rng.uniform(0.5, 2.0, n)
    rows = rng.permutation(n)
    here = variance_components(n_orders, own[0], squares, weight, exposure=n_orders * weight)
    there = variance_components(n_orders[rows], own[0][rows], squares[rows], weight[rows], exposure=(n_orders * weight)[rows])
    assert here == there
    for kappa in (0.0, 4.2, math.inf):
        np.testing.assert_array_equal(
            population_means(n_orders, own, kappa, weight), population_means(n_orders[rows], own[:, rows], kappa, weight[rows])
        )
