"""The BG/BB model against published numbers, 50-digit arithmetic and its own laws."""

from __future__ import annotations

import functools
import itertools

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.inference.newton import Likelihood, Optimum, maximise
from crmmodels.kernels.purchase.beta_geo_beta_binom.likelihood import BetaGeoBetaBinomParameters, log_likelihood
from crmmodels.kernels.purchase.beta_geo_beta_binom.predictions import (
    discounted_lifetime,
    discounted_purchases,
    expected_purchases,
    expected_purchases_new,
    probability_alive,
    probability_no_purchase,
    prospects,
    purchase_distribution,
    purchase_distribution_new,
)
from crmmodels.kernels.purchase.histories import PurchaseTable

shape = st.floats(1e-3, 1e3)
parameters_of = st.builds(BetaGeoBetaBinomParameters, shape, shape, shape, shape)
points = st.tuples(shape, shape, shape, shape).map(np.log)
customers = st.integers(0, 40).flatmap(
    lambda n: st.integers(0, n).flatmap(lambda t_x: st.tuples(st.integers(min(t_x, 1), t_x), st.just(t_x), st.just(n)))
)
weighted = st.lists(st.tuples(customers, st.integers(1, 9)).map(lambda pair: (*pair[0], pair[1])), min_size=1, max_size=8)


def table_of(rows: list[tuple[float, float, float, float]]) -> PurchaseTable:
    return PurchaseTable(*np.array(rows, np.float64).T)


def columns(*rows: tuple[int, int, int]) -> tuple[np.ndarray, ...]:
    return tuple(np.array(rows, np.int64).T)


@functools.cache
def donations() -> Optimum:
    from lifetimes.datasets import load_donations

    frame = load_donations()
    table = table_of(frame[["frequency", "recency", "periods", "weights"]].to_numpy())
    assert table.weight.sum() == 11_104
    found = maximise(lambda log_parameters: log_likelihood(log_parameters, table), np.zeros(4), 11_104.0)
    # Along the flattest direction a gradient of 1e-9 per customer leaves an error of 2e-8; one more step of Newton ends it.
    point = found.log_parameters - np.linalg.solve(found.likelihood.hessian, found.likelihood.gradient)
    return Optimum(point, log_likelihood(point, table), found.n_evaluations + 1, found.converged)


def fitted() -> BetaGeoBetaBinomParameters:
    return BetaGeoBetaBinomParameters(*np.exp(donations().log_parameters).tolist())


def exact_terms(point: list[mp.mpf], x: int, t_x: int, n: int) -> list[tuple[mp.mpf, list[mp.mpf]]]:
    """Terms of the textbook likelihood with the slopes of their logarithms, by beta and digamma functions."""
    alpha, beta, gamma, delta = (mp.exp(number) for number in point)
    psi, log_gamma = mp.digamma, mp.loggamma

    def log_beta(a: mp.mpf, b: mp.mpf) -> mp.mpf:
        return log_gamma(a) + log_gamma(b) - log_gamma(a + b)

    orders_before, dropout_before = log_beta(alpha, beta), log_beta(gamma, delta)
    fixed = [psi(alpha) - psi(alpha + beta), psi(beta) - psi(alpha + beta)]
    fixed += [psi(gamma) - psi(gamma + delta), psi(delta) - psi(gamma + delta)]
    terms = []
    for j in range(t_x, n + 1):
        lost = int(j < n)
        of_orders, of_dropout = psi(alpha + beta + j), psi(gamma + delta + j + lost)
        log = log_beta(alpha + x, beta + j - x) - orders_before + log_beta(gamma + lost, delta + j) - dropout_before
        slopes = [psi(alpha + x) - of_orders, psi(beta + j - x) - of_orders, psi(gamma + lost) - of_dropout]
        slopes.append(psi(delta + j) - of_dropout)
        shapes = (alpha, beta, gamma, delta)
        terms.append((mp.exp(log), [size * (now - was) for size, now, was in zip(shapes, slopes, fixed, strict=True)]))
    return terms


def exact_value(point: list[mp.mpf], x: int, t_x: int, n: int) -> mp.mpf:
    return mp.log(mp.fsum(term for term, _ in exact_terms(point, x, t_x, n)))


def exact_gradient(point: list[mp.mpf], x: int, t_x: int, n: int) -> list[mp.mpf]:
    terms = exact_terms(point, x, t_x, n)
    total = mp.fsum(term for term, _ in terms)
    return [mp.fsum(term * slopes[k] for term, slopes in terms) / total for k in range(4)]


def relative_error(computed: float, exact: mp.mpf) -> float:
    return float(abs((mp.mpf(float(computed)) - exact) / exact)) if exact else abs(float(computed))


def assert_exact(point: np.ndarray, x: int, t_x: int, n: int) -> None:
    found = log_likelihood(point, table_of([(x, t_x, n, 1)]))
    exact = [mp.mpf(float(number)) for number in point]
    assert relative_error(found.value, exact_value(exact, x, t_x, n)) < 1e-10
    for computed, true in zip(found.gradient, exact_gradient(exact, x, t_x, n), strict=True):
        assert relative_error(computed, true) < 1e-10
    assert np.isfinite(found.hessian).all()


def test_the_published_optimum_of_the_donations() -> None:
    """Fader, Hardie & Shang (2010), table 3: 1.204, 0.750, 0.657, 2.783, -33,225.6; digits beyond from a fit to convergence."""
    optimum = donations()
    parameters = np.exp(optimum.log_parameters)
    errors = parameters * np.sqrt(np.diag(np.linalg.inv(-optimum.likelihood.hessian)))
    assert optimum.converged
    np.testing.assert_allclose(parameters, [1.20352235, 0.749716358, 0.656718209, 2.78344223], rtol=3e-9)
    assert optimum.likelihood.value == pytest.approx(-33225.58127, abs=5e-6)
    # The error of beta was handed down as 0.02995; 40 digits make it 0.0294477167.
    np.testing.assert_allclose(errors, [0.06939, 0.0294477167, 0.05101, 0.32082], rtol=0, atol=5e-6)


def test_published_predictions_of_the_donations() -> None:
    """Computed with many digits by the formulas of Fader, Hardie & Shang (2010)."""
    donors = fitted()
    assert expected_purchases_new(np.array([10]), donors)[0] == pytest.approx(3.17982902869, rel=1e-9)
    assert expected_purchases(*columns((4, 5, 6)), 10, donors)[0] == pytest.approx(3.6279676562, rel=1e-9)
    alive = probability_alive(*columns((0, 0, 6), (2, 4, 6), (3, 6, 6), (6, 6, 6)), donors)
    np.testing.assert_allclose(alive, [0.1081332818086, 0.5896571847473, 0.9304335755129, 0.9304335755129], rtol=1e-9)
    assert discounted_purchases(*columns((6, 6, 6)), 0.1, donors)[0] == pytest.approx(5.90989424561, rel=1e-9)


@pytest.mark.parametrize(("n_points", "longest"), [(150, 12), (12, 120), (4, 365)])
def test_value_and_gradient_agree_with_fifty_digits_over_the_domain(n_points: int, longest: int) -> None:
    rng = np.random.default_rng(longest)
    with mp.workdps(50):
        for _ in range(n_points):
            n = int(rng.integers(1, longest + 1))
            t_x = int(rng.integers(0, n + 1))
            x = int(rng.integers(min(1, t_x), t_x + 1))
            assert_exact(rng.uniform(np.log(1e-3), np.log(1e3), 4), x, t_x, n)


@pytest.mark.parametrize(
    "shapes", list(itertools.product([1.1e-3, 0.93e3], [1.3e-3, 0.89e3], [1.7e-3, 0.97e3], [1.9e-3, 0.83e3]))
)
def test_the_corners_of_the_domain_agree_with_fifty_digits(shapes: tuple[float, ...]) -> None:
    with mp.workdps(50):
        for x, t_x, n in ((0, 0, 1), (1, 1, 1), (0, 0, 9), (2, 5, 9), (5, 5, 9), (9, 9, 9), (1, 1, 30)):
            assert_exact(np.log(shapes), x, t_x, n)


@pytest.mark.parametrize(("x", "t_x"), [(0, 0), (1, 1), (40, 200), (365, 365)])
def test_a_year_of_days_agrees_with_fifty_digits(x: int, t_x: int) -> None:
    with mp.workdps(50):
        assert_exact(np.log([1.2, 0.75, 0.66, 2.8]), x, t_x, 365)


def test_the_hessian_is_the_derivative_of_the_exact_gradient() -> None:
    rng = np.random.default_rng(17)
    with mp.workdps(50):
        for x, t_x, n in ((0, 0, 4), (1, 1, 4), (2, 3, 5), (3, 3, 6), (4, 4, 4)):
            point = rng.uniform(np.log(0.02), np.log(50.0), 4)
            hessian = log_likelihood(point, table_of([(x, t_x, n, 1)])).hessian
            np.testing.assert_array_equal(hessian, hessian.T)
            at = tuple(mp.mpf(float(number)) for number in point)
            for column in range(4):
                step = [mp.mpf(10) ** -15 * int(column == k) for k in range(4)]
                up, down = (
                    exact_gradient([a + sign * h for a, h in zip(at, step, strict=True)], x, t_x, n) for sign in (1, -1)
                )
                slopes = np.array([float((u - d) / (2 * mp.mpf(10) ** -15)) for u, d in zip(up, down, strict=True)])
                np.testing.assert_allclose(hessian[:, column], slopes, rtol=1e-9, atol=1e-13)


def close(found: Likelihood, expected: Likelihood) -> None:
    size = 1e-11 * (1.0 + np.abs(expected.hessian).max())
    assert found.value == pytest.approx(expected.value, rel=1e-12)
    np.testing.assert_allclose(found.gradient, expected.gradient, rtol=1e-10, atol=size)
    np.testing.assert_allclose(found.hessian, expected.hessian, rtol=1e-10, atol=size)


@given(points, weighted)
def test_a_weight_is_a_repetition_and_all_are_the_sum_of_each(
    point: np.ndarray, rows: list[tuple[float, float, float, float]]
) -> None:
    whole = log_likelihood(point, table_of(rows))
    close(log_likelihood(point, table_of([(*row[:3], 1.0) for row in rows for _ in range(int(row[3]))])), whole)
    parts = [log_likelihood(point, table_of([row])) for row in rows]
    pooled = [np.sum([getattr(part, name) for part in parts], axis=0) for name in ("value", "gradient", "hessian")]
    close(Likelihood(float(pooled[0]), pooled[1], pooled[2]), whole)


@given(points, st.integers(1, 4))
def test_the_likelihoods_of_all_histories_sum_to_one(point: np.ndarray, n: int) -> None:
    total = 0.0
    for history in itertools.product([0, 1], repeat=n):
        t_x = max((place for place, ordered in enumerate(history, 1) if ordered), default=0)
        total += np.exp(log_likelihood(point, table_of([(sum(history), t_x, n, 1)])).value)
    assert total == pytest.approx(1.0, rel=1e-12)


@given(parameters_of, st.integers(0, 60))
def test_the_distribution_sums_to_one_and_its_mean_is_the_expectation(parameters: BetaGeoBetaBinomParameters, n: int) -> None:
    distribution = purchase_distribution_new(n, n, parameters)
    assert (distribution >= 0.0).all()
    assert distribution.sum() == pytest.approx(1.0, rel=1e-11)
    expected = expected_purchases_new(np.array([n]), parameters)[0]
    assert distribution @ np.arange(n + 1.0) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(parameters_of, st.lists(customers, min_size=1, max_size=6), st.integers(0, 30))
def test_conditional_predictions_agree_with_each_other(
    parameters: BetaGeoBetaBinomParameters, rows: list[tuple[int, int, int]], horizon: int
) -> None:
    data = columns(*rows)
    distribution = purchase_distribution(*data, horizon, horizon, parameters)
    expected = expected_purchases(*data, horizon, parameters)
    alive = [probability_alive(*data, parameters, ahead=ahead) for ahead in range(4)]
    np.testing.assert_allclose(distribution.sum(axis=1), 1.0, rtol=1e-11)
    np.testing.assert_allclose(distribution @ np.arange(horizon + 1.0), expected, rtol=1e-9, atol=1e-12)
    assert (expected <= horizon).all()
    for sooner, later in itertools.pairwise(alive):
        assert ((later >= 0.0) & (later <= sooner) & (sooner <= 1.0)).all()
    np.testing.assert_array_equal(alive[0][data[1] == data[2]], 1.0)


@given(points, customers)
def test_expectation_is_the_chance_that_an_order_is_added_to_the_history(point: np.ndarray, row: tuple[int, int, int]) -> None:
    x, _, n = row
    before = log_likelihood(point, table_of([(*row, 1)])).value
    after = log_likelihood(point, table_of([(x + 1, n + 1, n + 1, 1)])).value
    parameters = BetaGeoBetaBinomParameters(*np.exp(point).tolist())
    assert expected_purchases(*columns(row), 1, parameters)[0] == pytest.approx(np.exp(after - before), rel=1e-10)


@given(parameters_of, customers, st.floats(0.5, 3.0))
def test_discounted_purchases_are_the_sum_of_expected_ones(
    parameters: BetaGeoBetaBinomParameters, row: tuple[int, int, int], rate: float
) -> None:
    data = columns(row)
    expected = np.array([expected_purchases(*data, horizon, parameters)[0] for horizon in range(100)])
    by_hand = np.diff(expected) @ (1.0 + rate) ** -np.arange(1.0, 100.0)
    assert discounted_purchases(*data, rate, parameters)[0] == pytest.approx(by_hand, rel=1e-9, abs=1e-14)


def test_without_discount_all_orders_to_come_count_or_are_without_end() -> None:
    data = columns((2, 4, 6))
    finite, heavy = BetaGeoBetaBinomParameters(1.0, 2.0, 8.0, 1.0), BetaGeoBetaBinomParameters(1.0, 2.0, 1.0, 1.0)
    assert discounted_purchases(*data, 0.0, finite)[0] == pytest.approx(expected_purchases(*data, 100_000, finite)[0], rel=1e-9)
    assert np.isinf(discounted_purchases(*data, 0.0, heavy)[0])


def test_expectations_agree_with_the_closed_form_of_the_paper() -> None:
    donors, n = fitted(), np.array([1, 6, 50])
    p, log_gamma = donors, np.vectorize(lambda y: float(mp.loggamma(y)))
    left = log_gamma(p.gamma + p.delta) - log_gamma(p.gamma + p.delta + n) + log_gamma(1 + p.delta + n) - log_gamma(1 + p.delta)
    closed = p.alpha / (p.alpha + p.beta) * p.delta / (p.gamma - 1.0) * (1.0 - np.exp(left))
    np.testing.assert_allclose(expected_purchases_new(n, donors), closed, rtol=1e-12)


def test_every_history_of_a_year_of_days_in_one_table() -> None:
    x, t_x = np.array([(0, 0)] + [(x, t) for t in range(1, 366, 3) for x in range(1, t + 1, 3)], np.float64).T
    year = np.full(len(x), 365.0)
    found = log_likelihood(np.log([1.2, 0.75, 0.66, 2.8]), PurchaseTable(x, t_x, year, np.ones(len(x))))
    assert np.isfinite(found.value)
    assert np.isfinite(found.gradient).all()
    assert np.isfinite(found.hessian).all()


@pytest.mark.parametrize(
    "shapes",
    [(1.2, 0.75, 0.66, 2.8), (0.3, 5.0, 0.4, 20.0), (1e-3, 1e3, 1e-3, 1e3), (1e3, 1e-3, 1e3, 1e-3), (900.0, 800.0, 1e-3, 0.5)],
)
def test_cohorts_of_every_age_up_to_a_year_in_one_table_are_the_sum_of_each_alone(shapes: tuple[float, ...]) -> None:
    rng = np.random.default_rng(365)
    point, n = np.log(shapes), np.arange(1, 366)
    t_x = rng.integers(0, n + 1) * (rng.random(365) < 0.8)
    x = np.where(t_x > 0, rng.integers(1, np.maximum(np.minimum(t_x, 12), 1) + 1), 0)
    rows = np.stack([x, t_x, n, rng.integers(1, 5, 365)], axis=1).tolist()
    whole = log_likelihood(point, table_of(rows))
    parts = [log_likelihood(point, table_of([row])) for row in rows]
    assert whole.value == pytest.approx(sum(part.value for part in parts), rel=1e-12)
    gradients, hessians = np.array([part.gradient for part in parts]), np.array([part.hessian for part in parts])
    np.testing.assert_array_less(np.abs(whole.gradient - gradients.sum(axis=0)), 1e-11 * np.abs(gradients).sum(axis=0))
    # Mixed derivatives on the scale of those of their two parameters.
    curvature = np.sqrt(np.abs(hessians).sum(axis=0).diagonal())
    np.testing.assert_array_less(np.abs(whole.hessian - hessians.sum(axis=0)), 1e-12 * np.outer(curvature, curvature))


def test_more_terms_than_a_block_holds_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from crmmodels.kernels.purchase.beta_geo_beta_binom import terms as beta_geo_beta_binom_terms

    rows = [(x, t_x, n, 1.0 + x) for n in (3, 20, 40) for t_x in range(n + 1) for x in range(min(1, t_x), t_x + 1)]
    point, data = np.log([1.2, 0.75, 0.66, 2.8]), columns(*((x, t_x, n) for x, t_x, n, _ in rows))
    donors = BetaGeoBetaBinomParameters(1.2, 0.75, 0.66, 2.8)
    whole, outlook = log_likelihood(point, table_of(rows)), prospects(*data, 4, donors)
    monkeypatch.setattr(beta_geo_beta_binom_terms, "_BLOCK_TERMS", 100)
    close(log_likelihood(point, table_of(rows)), whole)
    np.testing.assert_array_equal(prospects(*data, 4, donors).probability_no_purchase, outlook.probability_no_purchase)


@pytest.mark.parametrize("n", [1, 7, 90, 365])
def test_the_distribution_agrees_with_fifty_digits_of_the_sum_in_the_paper(n: int) -> None:
    alpha, beta, gamma, delta = (mp.mpf(shape) for shape in (0.6, 1.7, 0.4, 25.0))
    found = purchase_distribution_new(n, n + 3, BetaGeoBetaBinomParameters(0.6, 1.7, 0.4, 25.0))
    assert found.shape == (n + 4,)
    np.testing.assert_array_equal(found[n + 1 :], 0.0)
    with mp.workdps(50):
        for x in {0, 1, n // 2, n}:
            lost = (mp.binomial(j, x) * mp.beta(alpha + x, beta + j - x) * mp.beta(gamma + 1, delta + j) for j in range(x, n))
            there = mp.binomial(n, x) * mp.beta(alpha + x, beta + n - x) * mp.beta(gamma, delta + n)
            exact = (there + mp.fsum(lost)) / mp.beta(alpha, beta) / mp.beta(gamma, delta)
            assert found[x] == pytest.approx(float(exact), rel=1e-11)


@given(parameters_of, st.lists(customers, min_size=1, max_size=6), st.integers(0, 20), st.integers(0, 30))
def test_a_distribution_is_cut_or_padded_to_the_numbers_asked_for(
    parameters: BetaGeoBetaBinomParameters, rows: list[tuple[int, int, int]], horizon: int, n_max: int
) -> None:
    data = columns(*rows)
    whole, asked = (purchase_distribution(*data, horizon, most, parameters) for most in (50, n_max))
    assert asked.shape == (len(rows), n_max + 1)
    np.testing.assert_array_equal(asked, whole[:, : n_max + 1])
    np.testing.assert_array_equal(whole[:, horizon + 1 :], 0.0)
    np.testing.assert_array_equal(
        purchase_distribution_new(horizon, n_max, parameters), purchase_distribution_new(horizon, 50, parameters)[: n_max + 1]
    )


@given(parameters_of, st.lists(customers, min_size=1, max_size=6), st.integers(0, 30))
def test_silence_ahead_is_what_dropout_and_refusals_leave(
    parameters: BetaGeoBetaBinomParameters, rows: list[tuple[int, int, int]], horizon: int
) -> None:
    data = columns(*rows)
    alive, silent = probability_alive(*data, parameters, ahead=0), probability_no_purchase(*data, horizon, parameters)
    later = [
        BetaGeoBetaBinomParameters(parameters.alpha + x, parameters.beta + n - x, parameters.gamma, parameters.delta + n)
        for x, _, n in rows
    ]
    refused = np.array([purchase_distribution_new(horizon, 0, of_alive)[0] for of_alive in later])
    np.testing.assert_allclose(silent, 1.0 - alive + alive * refused, rtol=1e-10)
    found = prospects(*(column.astype(np.float64) for column in data), float(horizon), parameters)
    np.testing.assert_array_equal(found.probability_no_purchase, silent)
    # The table is longer by the horizon, which rounds sums over all of it in another order.
    np.testing.assert_allclose(found.probability_alive, alive, rtol=1e-12)
    np.testing.assert_allclose(found.expected_purchases, expected_purchases(*data, horizon, parameters), rtol=1e-12)


@given(parameters_of, customers, st.floats(0.0, 3.0), st.integers(0, 40))
def test_discounting_within_a_horizon_is_the_sum_over_its_opportunities(
    parameters: BetaGeoBetaBinomParameters, row: tuple[int, int, int], rate: float, horizon: int
) -> None:
    data = columns(row)
    alive = [probability_alive(*data, parameters, ahead=k)[0] / (1.0 + rate) ** k for k in range(1, horizon + 1)]
    lifetime = discounted_lifetime(*data, rate, parameters, horizon=horizon)[0]
    assert lifetime == pytest.approx(sum(alive), rel=1e-10)
    x, _, n = row
    chance = (parameters.alpha + x) / (parameters.alpha + parameters.beta + n)
    assert discounted_purchases(*data, rate, parameters, horizon=horizon)[0] == pytest.approx(lifetime * chance, rel=1e-14)
    if rate >= 0.5:
        assert discounted_lifetime(*data, rate, parameters, horizon=200)[0] == pytest.approx(
            discounted_lifetime(*data, rate, parameters)[0], rel=1e-9
        )


def test_a_table_without_customers_has_no_prospects() -> None:
    donors, none = BetaGeoBetaBinomParameters(1.2, 0.75, 0.66, 2.8), np.zeros(0)
    assert purchase_distribution(none, none, none, 3, 4, donors).shape == (0, 5)
    assert prospects(none, none, none, 3, donors).expected_purchases.shape == (0,)
    assert discounted_purchases(none, none, none, 0.1, donors).shape == (0,)
