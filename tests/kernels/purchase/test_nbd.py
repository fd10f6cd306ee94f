"""The NBD model against its published optimum, 50-digit arithmetic and its own laws."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.kernels.inference.newton import Likelihood, maximise
from crmmodels.kernels.purchase.histories import PurchaseTable, distinct_rows
from crmmodels.kernels.purchase.nbd import (
    NBDParameters,
    discounted_lifetime,
    discounted_purchases,
    expected_purchases,
    expected_purchases_new,
    log_likelihood,
    probability_alive,
    probability_no_purchase,
    prospects,
    purchase_distribution,
    purchase_distribution_new,
)

size = st.floats(1e-3, 1e3)
points = st.tuples(size, size).map(np.log)
parameters_of = st.builds(NBDParameters, size, size)
rows = st.lists(st.tuples(st.integers(0, 500), st.floats(1e-3, 1e6), st.integers(1, 9)), min_size=1, max_size=8)


def table_of(drawn: list[tuple[float, float, float]]) -> PurchaseTable:
    x, age, weight = np.array(drawn, np.float64).T
    return PurchaseTable(x, np.where(x > 0, 0.5 * age, 0.0), age, weight)


def exact_value(point: list[mp.mpf], x: mp.mpf, age: mp.mpf) -> mp.mpf:
    r, alpha = mp.exp(point[0]), mp.exp(point[1])
    return mp.loggamma(r + x) - mp.loggamma(r) + r * point[1] - (r + x) * mp.log(alpha + age)


def exact_gradient(point: list[mp.mpf], x: mp.mpf, age: mp.mpf) -> list[mp.mpf]:
    r, alpha = mp.exp(point[0]), mp.exp(point[1])
    by_r = r * (mp.digamma(r + x) - mp.digamma(r) + mp.log(alpha / (alpha + age)))
    return [by_r, r - (r + x) * alpha / (alpha + age)]


def summary() -> PurchaseTable:
    """The CDNOW sample as lifetimes ships it, with ages rounded to two decimals."""
    from lifetimes.datasets import load_cdnow_summary

    frame = load_cdnow_summary()
    return distinct_rows(*(frame[name].to_numpy(np.float64) for name in ("frequency", "recency", "T"))).table


def order_log() -> PurchaseTable:
    orders = crm.Orders(crm.datasets.load_cdnow(), customer="customer_id", time="date", amount="spend")
    customers = orders.customers(as_of="1997-09-30", unit="W")
    return distinct_rows(*(customers[name].to_numpy(np.float64) for name in ("frequency", "age_at_last", "age"))).table


def test_the_optimum_of_the_summary_data() -> None:
    table = summary()
    optimum = maximise(lambda log_parameters: log_likelihood(log_parameters, table), np.zeros(2), 2357.0)
    parameters = np.exp(optimum.log_parameters)
    errors = parameters * np.sqrt(np.diag(np.linalg.inv(-optimum.likelihood.hessian)))
    assert optimum.converged
    np.testing.assert_allclose(parameters, [0.384767674, 12.0720850], rtol=5e-9)
    assert optimum.likelihood.value == pytest.approx(-9763.66022, abs=5e-6)
    np.testing.assert_allclose(errors, [0.02099, 0.80873], rtol=0, atol=5e-6)


def test_the_optimum_and_the_holdout_of_the_order_log() -> None:
    table = order_log()
    optimum = maximise(lambda log_parameters: log_likelihood(log_parameters, table), np.zeros(2), 2357.0)
    np.testing.assert_allclose(np.exp(optimum.log_parameters), [0.3847661358, 12.07202284], rtol=5e-10)
    assert optimum.likelihood.value == pytest.approx(-9763.65761467, abs=5e-9)
    found = expected_purchases(
        table.frequency, table.age_at_last, table.age, 39.0, NBDParameters(*np.exp(optimum.log_parameters).tolist())
    )
    assert table.weight @ found == pytest.approx(2929.82029255, rel=1e-9)


def test_value_and_gradient_agree_with_fifty_digits_over_the_domain() -> None:
    rng = np.random.default_rng(1959)
    with mp.workdps(50):
        for _ in range(400):
            point = rng.uniform(np.log(1e-3), np.log(1e3), 2)
            x = np.floor(np.exp(rng.uniform(0.0, np.log(10_001.0)))) - 1.0
            age = float(np.exp(rng.uniform(np.log(1e-3), np.log(1e6))))
            found = log_likelihood(point, table_of([(x, age, 1.0)]))
            at = [mp.mpf(float(number)) for number in point]
            exact = exact_gradient(at, mp.mpf(x), mp.mpf(age))
            assert abs(found.value - exact_value(at, mp.mpf(x), mp.mpf(age))) < 1e-10 * abs(found.value)
            for computed, true in zip(found.gradient, exact, strict=True):
                assert abs(computed - true) < 1e-10 * abs(true)


def test_the_hessian_is_the_derivative_of_the_exact_gradient() -> None:
    rng = np.random.default_rng(3)
    with mp.workdps(50):
        for _ in range(40):
            point = rng.uniform(np.log(1e-3), np.log(1e3), 2)
            x, age = float(rng.integers(0, 200)), float(np.exp(rng.uniform(-3.0, 10.0)))
            hessian = log_likelihood(point, table_of([(x, age, 1.0)])).hessian
            at = tuple(mp.mpf(float(number)) for number in point)
            for row in range(2):
                for column in range(2):
                    order = (int(column == 0), int(column == 1))
                    by = mp.diff(
                        lambda *p, row=row, x=x, age=age: exact_gradient(list(p), mp.mpf(x), mp.mpf(age))[row], at, order
                    )
                    assert abs(hessian[row, column] - by) < 1e-8 * abs(by)


def close(one: Likelihood, other: Likelihood) -> None:
    for name in ("value", "gradient", "hessian"):
        scale = 1e-11 * (1.0 + np.abs(other.hessian).max())
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-11, atol=scale)


@given(points, rows)
def test_a_weight_is_a_repetition(point: np.ndarray, drawn: list[tuple[float, float, float]]) -> None:
    repeated = [(x, age, 1.0) for x, age, weight in drawn for _ in range(int(weight))]
    close(log_likelihood(point, table_of(repeated)), log_likelihood(point, table_of(drawn)))


@given(points, rows, st.floats(1e-3, 1e3))
def test_another_unit_of_time_shifts_the_likelihood_and_nothing_else(
    point: np.ndarray, drawn: list[tuple[float, float, float]], unit: float
) -> None:
    table = table_of(drawn)
    rescaled = PurchaseTable(table.frequency, table.age_at_last * unit, table.age * unit, table.weight)
    before, after = log_likelihood(point, table), log_likelihood(point + np.array([0.0, np.log(unit)]), rescaled)
    shift = float(table.weight @ table.frequency) * np.log(unit)
    assert after.value == pytest.approx(before.value - shift, rel=1e-11, abs=1e-11 * (1.0 + abs(shift)))
    np.testing.assert_allclose(after.gradient, before.gradient, rtol=1e-9, atol=1e-11 * np.abs(before.hessian).max())


@given(parameters_of, st.integers(0, 300), st.floats(1e-3, 1e4), st.floats(1e-2, 1e4))
def test_silence_ahead_is_what_the_likelihood_loses(parameters: NBDParameters, x: int, age: float, horizon: float) -> None:
    point = np.log([parameters.r, parameters.alpha])
    near, far = (log_likelihood(point, table_of([(x, age + ahead, 1.0)])).value for ahead in (0.0, horizon))
    history = np.array([float(x)]), np.array([0.0]), np.array([age])
    silent = probability_no_purchase(*history, horizon, parameters)[0]
    assert silent == pytest.approx(np.exp(far - near), rel=1e-9, abs=1e-300)
    assert 0.0 <= silent < 1.0 or parameters.r * horizon / (parameters.alpha + age) < 1e-12


def test_the_distribution_agrees_with_fifty_digits_to_any_number_of_orders() -> None:
    for r, alpha, x, age, horizon in ((0.7, 3.0, 4, 9.0, 50.0), (1e-3, 1e3, 0, 1.0, 2.0), (900.0, 20.0, 2000, 30.0, 39.0)):
        history = np.array([float(x)]), np.array([0.0]), np.array([age])
        found = purchase_distribution(*history, horizon, 2500, NBDParameters(r, alpha))[0]
        with mp.workdps(50):
            shape, rate, ahead = mp.mpf(r) + x, mp.mpf(alpha) + mp.mpf(age), mp.mpf(horizon)
            for n in (0, 1, 3, 170, 171, 1500, 2500):
                chances = mp.rf(shape, n) / mp.factorial(n)
                exact = chances * (rate / (rate + ahead)) ** shape * (ahead / (rate + ahead)) ** n
                assert found[n] == pytest.approx(float(exact), rel=1e-10, abs=1e-290), (r, n)


@given(st.floats(0.05, 20.0), st.floats(1.0, 20.0), st.integers(0, 20), st.floats(0.0, 30.0))
def test_the_distribution_adds_up_and_agrees_with_the_other_predictions(r: float, alpha: float, x: int, age: float) -> None:
    parameters, history = NBDParameters(r, alpha), (np.array([float(x), 0.0]), np.zeros(2), np.array([age, 0.0]))
    distribution = purchase_distribution(*history, 2.0, 3000, parameters)
    assert distribution.shape == (2, 3001)
    np.testing.assert_allclose(distribution.sum(axis=1), 1.0, rtol=1e-11)
    found = prospects(*history, 2.0, parameters)
    np.testing.assert_allclose(distribution @ np.arange(3001.0), found.expected_purchases, rtol=1e-9)
    np.testing.assert_allclose(distribution[:, 0], found.probability_no_purchase, rtol=1e-12)
    np.testing.assert_array_equal(found.probability_alive, probability_alive(*history, parameters, ahead=5.0))
    np.testing.assert_array_equal(found.probability_alive, 1.0)
    np.testing.assert_array_equal(distribution[1], purchase_distribution_new(2.0, 3000, parameters))
    assert found.expected_purchases[1] == pytest.approx(expected_purchases_new(np.array([2.0]), parameters)[0], rel=1e-14)


def test_discounting_is_the_integral_over_the_time_ahead() -> None:
    parameters, history = NBDParameters(2.0, 10.0), (np.array([0.0, 6.0]), np.zeros(2), np.array([30.0, 30.0]))
    for rate, horizon in ((0.1, np.inf), (0.1, 20.0), (0.0, 20.0), (1e-12, 20.0)):
        years = float(mp.quad(lambda u, rate=rate: mp.exp(-rate * u), [0, horizon]))
        found = discounted_lifetime(*history, rate, parameters, horizon=horizon)
        np.testing.assert_allclose(found, years, rtol=1e-12)
        found = discounted_purchases(*history, rate, parameters, horizon=horizon)
        np.testing.assert_allclose(found, years * expected_purchases(*history, 1.0, parameters), rtol=1e-12)
    assert np.isinf(discounted_purchases(*history, 0.0, parameters)).all()
