"""The gamma-gamma model against published optima, 50-digit arithmetic and its own laws."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.kernels.inference.newton import Likelihood, Optimum, maximise
from crmmodels.kernels.purchase.gamma_gamma import (
    GammaGammaParameters,
    SpendTable,
    expected_spend,
    log_likelihood,
    population_mean_spend,
    spend_quantile,
)

log_parameter = st.floats(np.log(1e-3), np.log(1e3))
points = st.tuples(log_parameter, log_parameter, log_parameter).map(np.array)
customers = st.lists(st.tuples(st.integers(1, 10_000), st.floats(1e-6, 1e9), st.integers(1, 20)), min_size=1, max_size=8)


def table_of(rows: list[tuple[float, float, float]]) -> SpendTable:
    return SpendTable(*np.array(rows, np.float64).T)


def fit(frequency: np.ndarray, mean_spend: np.ndarray) -> Optimum:
    table = SpendTable(frequency, mean_spend, np.ones(len(frequency)))
    start = np.log([1.0, 2.0, mean_spend.mean()])
    return maximise(lambda log_parameters: log_likelihood(log_parameters, table), start, len(frequency))


def exact_log_density(log_p: mp.mpf, log_q: mp.mpf, log_v: mp.mpf, x: mp.mpf, mean: mp.mpf) -> mp.mpf:
    p, q, v = mp.exp(log_p), mp.exp(log_q), mp.exp(log_v)
    constant = mp.loggamma(p * x + q) - mp.loggamma(p * x) - mp.loggamma(q)
    powers = q * log_v + (p * x - 1) * mp.log(mean) + p * x * mp.log(x)
    return constant + powers - (p * x + q) * mp.log(v + x * mean)


def exact_gradient(log_p: mp.mpf, log_q: mp.mpf, log_v: mp.mpf, x: mp.mpf, mean: mp.mpf) -> list[mp.mpf]:
    p, q, v = mp.exp(log_p), mp.exp(log_q), mp.exp(log_v)
    a, total = p * x, x * mean
    of_all = mp.digamma(a + q)
    by_p = a * (of_all - mp.digamma(a) + mp.log(total / (v + total)))
    by_q = q * (of_all - mp.digamma(q) + mp.log(v / (v + total)))
    return [by_p, by_q, q - (a + q) * v / (v + total)]


def exactly(numbers: np.ndarray) -> list[mp.mpf]:
    return [mp.mpf(float(number)) for number in numbers]


def relative_error(computed: float, exact: mp.mpf) -> float:
    return float(abs((mp.mpf(float(computed)) - exact) / exact))


def test_the_published_optimum_of_the_repeaters_of_cdnow() -> None:
    """Fader & Hardie (2013): 6.25, 3.74, 15.44; digits beyond from a fit to convergence on the rounded summary."""
    from lifetimes.datasets import load_cdnow_summary_data_with_monetary_value

    summary = load_cdnow_summary_data_with_monetary_value()
    repeaters = summary[summary["frequency"] > 0]
    assert len(repeaters) == 946
    optimum = fit(repeaters["frequency"].to_numpy(np.float64), repeaters["monetary_value"].to_numpy(np.float64))
    parameters = np.exp(optimum.log_parameters)
    errors = parameters * np.sqrt(np.diag(np.linalg.inv(-optimum.likelihood.hessian)))
    assert optimum.converged
    np.testing.assert_allclose(parameters, [6.24880249, 3.74458845, 15.4477480], rtol=5e-9)
    assert optimum.likelihood.value == pytest.approx(-4055.92324, abs=5e-6)
    # The error of v was handed down as 4.15994; 40 digits make it 4.15999388.
    np.testing.assert_allclose(errors, [1.18969, 0.29017, 4.15999388], rtol=0, atol=5e-6)


def test_the_optimum_on_the_order_log_of_cdnow() -> None:
    orders = crm.Orders(crm.datasets.load_cdnow(), customer="customer_id", time="date", amount="spend")
    summary = orders.customers(as_of="1997-09-30", unit="W")
    repeaters = summary[summary["frequency"] > 0]
    optimum = fit(repeaters["frequency"].to_numpy(np.float64), repeaters["mean_repeat_spend"].to_numpy(np.float64))
    assert len(repeaters) == 946
    np.testing.assert_allclose(np.exp(optimum.log_parameters), [6.249572272, 3.744224667, 15.44352096], rtol=5e-10)
    assert optimum.likelihood.value == pytest.approx(-4055.91769480, abs=5e-9)


@pytest.mark.parametrize("near_the_mode", [False, True])
def test_value_and_gradient_agree_with_fifty_digits_over_the_domain(near_the_mode: bool) -> None:
    rng = np.random.default_rng(20261123)
    with mp.workdps(50):
        for _ in range(300):
            point = rng.uniform(np.log(1e-3), np.log(1e3), 3)
            x = np.floor(np.exp(rng.uniform(0.0, np.log(10_001.0))))
            mean = np.exp(rng.uniform(np.log(1e-6), np.log(1e9)))
            if near_the_mode:
                mean = np.exp(point[0] + point[2] - point[1]) * rng.uniform(0.5, 2.0)
            found = log_likelihood(point, table_of([(x, mean, 1.0)]))
            exact = exactly(np.array([*point, x, mean]))
            assert relative_error(found.value, exact_log_density(*exact)) < 1e-10
            for computed, true in zip(found.gradient, exact_gradient(*exact), strict=True):
                assert relative_error(computed, true) < 1e-10


@pytest.mark.parametrize("p", [1.1e-3, 1.2, 970.0])
@pytest.mark.parametrize("q", [1.3e-3, 0.7, 930.0])
@pytest.mark.parametrize("v", [1.7e-3, 890.0])
def test_the_corners_of_the_domain_agree_with_fifty_digits(p: float, q: float, v: float) -> None:
    point = np.log([p, q, v])
    with mp.workdps(50):
        for x in (1.0, 10_000.0):
            for mean in (1e-6, 1.0, 1e9):
                found = log_likelihood(point, table_of([(x, mean, 1.0)]))
                exact = exactly(np.array([*point, x, mean]))
                assert relative_error(found.value, exact_log_density(*exact)) < 1e-10
                for computed, true in zip(found.gradient, exact_gradient(*exact), strict=True):
                    assert relative_error(computed, true) < 1e-10
                assert np.isfinite(found.hessian).all()


def test_the_hessian_is_the_derivative_of_the_exact_gradient() -> None:
    rng = np.random.default_rng(7)
    with mp.workdps(50):
        for _ in range(25):
            point = rng.uniform(np.log(1e-3), np.log(1e3), 3)
            x, mean = float(rng.integers(1, 10_000)), float(np.exp(rng.uniform(-5.0, 8.0)))
            hessian = log_likelihood(point, table_of([(x, mean, 1.0)])).hessian
            np.testing.assert_array_equal(hessian, hessian.T)
            log_parameters, data = exactly(point), exactly(np.array([x, mean]))
            for row in range(3):
                for column in range(3):
                    order = tuple(int(column == k) for k in range(3))
                    by = mp.diff(lambda *at, row=row, data=data: exact_gradient(*at, *data)[row], tuple(log_parameters), order)
                    assert relative_error(hessian[row, column], by) < 1e-8


@given(points, customers, st.floats(1e-3, 1e3))
def test_another_currency_shifts_the_likelihood_and_scales_spend(
    point: np.ndarray, rows: list[tuple[float, float, float]], rate: float
) -> None:
    table = table_of(rows)
    rescaled = SpendTable(table.frequency, table.mean_spend * rate, table.weight)
    there = point + np.array([0.0, 0.0, np.log(rate)])
    before, after = log_likelihood(point, table), log_likelihood(there, rescaled)
    scale = 1.0 + abs(before.value) + table.weight.sum() * (30.0 + abs(np.log(rate)))
    assert after.value == pytest.approx(before.value - table.weight.sum() * np.log(rate), abs=1e-11 * scale)
    np.testing.assert_allclose(after.gradient, before.gradient, rtol=1e-8, atol=1e-9 * np.abs(before.hessian).max())
    p, q, v = np.exp(point)
    here = expected_spend(table.frequency, table.mean_spend, GammaGammaParameters(p, q, v))
    np.testing.assert_allclose(
        expected_spend(table.frequency, rescaled.mean_spend, GammaGammaParameters(p, q, v * rate)), here * rate, rtol=1e-12
    )


def close(one: Likelihood, other: Likelihood) -> None:
    for name in ("value", "gradient", "hessian"):
        expected = getattr(other, name)
        size = 1e-11 * np.abs(other.hessian).max()
        np.testing.assert_allclose(getattr(one, name), expected, rtol=1e-11, atol=size)


@given(points, customers)
def test_a_weight_is_a_repetition(point: np.ndarray, rows: list[tuple[float, float, float]]) -> None:
    repeated = [(x, mean, 1.0) for x, mean, weight in rows for _ in range(int(weight))]
    close(log_likelihood(point, table_of(repeated)), log_likelihood(point, table_of(rows)))


@given(points, customers, customers)
def test_the_likelihood_of_all_is_the_sum_of_the_parts(
    point: np.ndarray, some: list[tuple[float, float, float]], others: list[tuple[float, float, float]]
) -> None:
    parts = [log_likelihood(point, table_of(rows)) for rows in (some, others)]
    whole = log_likelihood(point, table_of(some + others))
    for name in ("value", "gradient", "hessian"):
        summands = [getattr(part, name) for part in parts]
        size = 1e-12 * sum(np.abs(summand).max() for summand in summands)
        np.testing.assert_allclose(getattr(whole, name), sum(summands), rtol=1e-11, atol=size)


def test_many_rows_are_the_sum_of_few() -> None:
    rng = np.random.default_rng(3)
    n, point = 40_000, np.log([6.0, 3.7, 15.0])
    x, mean, weight = rng.geometric(0.2, n).astype(np.float64), rng.gamma(3.0, 12.0, n), rng.uniform(0.5, 2.0, n)
    whole = log_likelihood(point, SpendTable(x, mean, weight))
    parts = [log_likelihood(point, SpendTable(x[k::7], mean[k::7], weight[k::7])) for k in range(7)]
    assert whole.value == pytest.approx(sum(part.value for part in parts), rel=1e-13)
    np.testing.assert_allclose(whole.gradient, sum(part.gradient for part in parts), rtol=1e-10)
    np.testing.assert_allclose(whole.hessian, sum(part.hessian for part in parts), rtol=1e-12)


def test_the_density_of_the_mean_spend_integrates_to_one() -> None:
    p, q, v, x = 1.7, 2.9, 4.3, 3.0
    log_mean = np.linspace(-25.0, 25.0, 4001)
    density = [np.exp(log_likelihood(np.log([p, q, v]), table_of([(x, np.exp(m), 1.0)])).value + m) for m in log_mean]
    assert np.sum(density) * (log_mean[1] - log_mean[0]) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(("x", "mean", "expected"), [(1.0, 10.0, 17.686318), (7.0, 50.0, 49.128845)])
def test_expected_spend_as_published(x: float, mean: float, expected: float) -> None:
    found = expected_spend(np.array([x]), np.array([mean]), GammaGammaParameters(6.25, 3.74, 15.44))
    assert found[0] == pytest.approx(expected, abs=5e-7)


@given(st.floats(1e-3, 1e3), st.floats(1.001, 1e3), st.floats(1e-3, 1e3), st.integers(0, 10_000), st.floats(1e-6, 1e9))
def test_expected_spend_is_the_credibility_of_the_mean(p: float, q: float, v: float, x: int, mean: float) -> None:
    parameters = GammaGammaParameters(p, q, v)
    kappa, population = (q - 1.0) / p, population_mean_spend(parameters)
    assert population is not None
    of_mean, of_population = x / (x + kappa), kappa / (x + kappa)
    found = expected_spend(np.array([float(x)]), np.array([mean]), parameters)
    assert found[0] == pytest.approx(of_mean * mean + of_population * population, rel=1e-9)


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.integers(0, 10_000), st.floats(1e-6, 1e9))
def test_expected_spend_is_above_zero_whatever_the_parameters(p: float, q: float, v: float, x: int, mean: float) -> None:
    parameters = GammaGammaParameters(p, q, v)
    found = expected_spend(np.array([float(x)]), np.array([mean]), parameters)
    population = population_mean_spend(parameters)
    assert found[0] > 0
    assert np.isfinite(found[0]) == (p * x + q > 1.0) or abs(p * x + q - 1.0) < 1e-12
    assert (population is None) == (q <= 1.0)
    assert population is None or population > 0


def test_mean_spend_of_customers_without_repeat_orders_is_not_read() -> None:
    parameters = GammaGammaParameters(6.25, 3.74, 15.44)
    found = expected_spend(np.zeros(3), np.array([0.0, np.nan, 5.0]), parameters)
    np.testing.assert_allclose(found, population_mean_spend(parameters), rtol=1e-15)


def test_simulated_customers_give_their_parameters_back() -> None:
    rng = np.random.default_rng(11)
    n, p, q, v = 20_000, 2.5, 4.0, 30.0
    x = rng.integers(1, 12, n).astype(np.float64)
    rate = rng.gamma(q, 1.0 / v, n)
    optimum = fit(x, rng.gamma(p * x) / rate / x)
    errors = np.sqrt(np.diag(np.linalg.inv(-optimum.likelihood.hessian)))
    assert optimum.converged
    assert (np.abs(optimum.log_parameters - np.log([p, q, v])) < 4.0 * errors).all()


@pytest.mark.parametrize("q", [1e-3, 0.05, 0.3, 0.999, 1.0, 1.001, 3.74, 50.0, 930.0])
@pytest.mark.parametrize("share", [1e-9, 0.05, 0.25, 0.5, 0.9, 0.999])
def test_quantiles_of_spend_agree_with_fifty_digits(q: float, share: float) -> None:
    p, v = 6.25, 15.44
    found = float(spend_quantile(np.array([share]), GammaGammaParameters(p, q, v))[0])
    with mp.workdps(50):
        shape = mp.mpf(q)

        def below(spend: mp.mpf) -> mp.mpf:
            return mp.gammainc(shape, mp.mpf(p) * mp.mpf(v) / spend, mp.inf, regularized=True)

        if np.isinf(found):
            assert below(mp.mpf(np.finfo(np.float64).max)) < share
            return
        # One step of Newton in the logarithm of the spend from here measures the distance.
        rate = mp.mpf(p) * mp.mpf(v) / mp.mpf(found)
        slope = rate**shape * mp.exp(-rate) / mp.gamma(shape)
        assert abs((below(mp.mpf(found)) - mp.mpf(share)) / slope) < 1e-11


def test_all_and_none_of_the_customers_spend_below_the_ends() -> None:
    ends = spend_quantile(np.array([[0.0, 1.0]]), GammaGammaParameters(2.0, 0.4, 3.0))
    assert ends.tolist() == [[0.0, np.inf]]


@given(st.floats(1e-3, 1e3), st.floats(0.05, 1e3), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.floats(1e-6, 0.999))
def test_quantiles_scale_with_the_currency_and_rise_with_the_share(
    p: float, q: float, v: float, rate: float, share: float
) -> None:
    shares = np.array([0.5 * share, share])
    here, there = (spend_quantile(shares, GammaGammaParameters(p, q, scale)) for scale in (v, v * rate))
    np.testing.assert_allclose(there, here * rate, rtol=1e-13)
    assert here[0] < here[1]


def test_the_quantiles_of_simulated_customers() -> None:
    from crmmodels.kernels.simulation.purchases import simulate_gamma_gamma

    parameters, n = GammaGammaParameters(2.0, 0.8, 30.0), 100_000
    # So many orders that a customer's mean is the customer's expectation.
    means = simulate_gamma_gamma(np.full(n, 1_000_000), parameters, np.random.default_rng(8))
    for share in (0.1, 0.5, 0.9):
        below = (means <= spend_quantile(np.array([share]), parameters)[0]).mean()
        assert abs(below - share) < 5.0 * np.sqrt(share * (1.0 - share) / n)
