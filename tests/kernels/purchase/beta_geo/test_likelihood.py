"""BG/NBD and MBG/NBD against the published optima, 50-digit arithmetic and laws."""

from __future__ import annotations

from functools import cache
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.kernels.inference.newton import maximise
from crmmodels.kernels.purchase.beta_geo.likelihood import log_likelihood
from crmmodels.kernels.purchase.histories import PurchaseTable, distinct_rows

# Recomputed to convergence from the exact days of the CDNOW sample, 39 weeks; first printed in Fader, Hardie & Lee (2005),
# Table 2, and Batislam et al. (2007). Standard errors as printed for the rounded summary data.
PUBLISHED = {
    False: ((0.2425945224, 4.413602019, 0.7929220172, 2.425906777), -9582.42920667, (0.01256, 0.37822, 0.18572, 0.70535)),
    True: ((0.5248431591, 6.18308528, 0.8913593907, 1.61400224), -9582.13571555, (0.08326, 0.69560, 0.15479, 0.53747)),
}


@cache
def cdnow() -> PurchaseTable:
    orders = crm.Orders(crm.datasets.load_cdnow(), customer="customer_id", time="date", amount="spend")
    customers = orders.customers(as_of="1997-09-30", unit="W")
    columns = (customers[name].to_numpy(dtype=np.float64) for name in ("frequency", "age_at_last", "age"))
    return distinct_rows(*columns).table


def one(x: float, t_x: float, age: float) -> PurchaseTable:
    return PurchaseTable(np.array([x]), np.array([t_x]), np.array([age]), np.array([1.0]))


def exact(log_parameters: Any, x: int, t_x: float, age: float, modified: bool) -> Any:
    """The textbook likelihood in 50 digits."""
    r, alpha, a, b = (mp.e**p for p in log_parameters)
    x, t_x, age, m = mp.mpf(x), mp.mpf(t_x), mp.mpf(age), int(modified)
    buying = mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha)
    alive = mp.log(mp.beta(a, b + x + m) / mp.beta(a, b)) - (r + x) * mp.log(alpha + age)
    if x + m == 0:
        return buying + alive
    gone = mp.log(mp.beta(a + 1, b + x + m - 1) / mp.beta(a, b)) - (r + x) * mp.log(alpha + t_x)
    return buying + max(alive, gone) + mp.log1p(mp.exp(-abs(alive - gone)))


def grid(n: int) -> list[tuple[list[float], int, float, float]]:
    rng = np.random.default_rng(20050224)
    points = []
    for i in range(n):
        parameters = rng.uniform(np.log(1e-3), np.log(1e3), 4).tolist()
        x = [0, 1, 2, int(10 ** rng.uniform(0, 4))][i % 4]
        age = float(10 ** rng.uniform(-2, 6))
        t_x = 0.0 if x == 0 else age * [1.0, float(rng.uniform()), 1e-6][(i // 4) % 3]
        points.append((parameters, x, t_x, age))
    return points


@pytest.mark.parametrize("modified", [False, True])
def test_the_published_optimum_is_found(modified: bool) -> None:
    parameters, value, errors = PUBLISHED[modified]
    table = cdnow()
    optimum = maximise(lambda p: log_likelihood(p, table, modified=modified), np.log([1.0, 10.0, 1.0, 1.0]), 2357.0)
    assert optimum.converged
    assert np.abs(optimum.likelihood.gradient).max() < 1e-6
    np.testing.assert_allclose(np.exp(optimum.log_parameters), parameters, rtol=1e-8)
    assert optimum.likelihood.value == pytest.approx(value, abs=1e-8)
    covariance = np.linalg.inv(-optimum.likelihood.hessian)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)) * np.exp(optimum.log_parameters), errors, rtol=3e-4)


@pytest.mark.parametrize("modified", [False, True])
def test_value_and_gradient_agree_with_fifty_digits_over_the_whole_domain(modified: bool) -> None:
    with mp.workdps(50):
        for parameters, x, t_x, age in grid(72):
            found = log_likelihood(np.array(parameters), one(x, t_x, age), modified=modified)
            value = exact(parameters, x, t_x, age, modified)
            terms = max(abs(value), abs((x + 1) * mp.log(mp.e ** parameters[1] + age)), abs(mp.loggamma(x + 1)), 1e-3)
            assert abs(found.value - value) <= 1e-10 * terms, (parameters, x, t_x, age)
            for i in range(4):

                def along(p: Any, i: int = i, point: Any = (parameters, x, t_x, age)) -> Any:
                    moved = [p if j == i else mp.mpf(q) for j, q in enumerate(point[0])]
                    return exact(moved, *point[1:], modified)

                slope = mp.diff(along, mp.mpf(parameters[i]), h=mp.mpf(10) ** -15)
                assert abs(found.gradient[i] - slope) <= 1e-10 * max(abs(slope), 1e-2 * (x + 1)), (i, parameters, x, t_x, age)


@pytest.mark.parametrize("modified", [False, True])
def test_the_hessian_is_the_derivative_of_the_gradient(modified: bool) -> None:
    for parameters, x, t_x, age in grid(48):
        centre, step = np.array(parameters), 1e-5
        hessian = log_likelihood(centre, one(x, t_x, age), modified=modified).hessian
        np.testing.assert_array_equal(hessian, hessian.T)
        for i in range(4):
            ends = [
                log_likelihood(centre + sign * step * np.eye(4)[i], one(x, t_x, age), modified=modified).gradient
                for sign in (1.0, -1.0)
            ]
            np.testing.assert_allclose(hessian[i], (ends[0] - ends[1]) / (2 * step), rtol=1e-5, atol=1e-6 * (x + 1))


rows = st.lists(
    st.tuples(st.integers(0, 40), st.floats(0.01, 0.99), st.floats(0.1, 500.0)).map(
        lambda drawn: (float(drawn[0]), drawn[1] * drawn[2] if drawn[0] else 0.0, drawn[2])
    ),
    min_size=1,
    max_size=12,
)
points = st.lists(st.floats(-5.0, 5.0), min_size=4, max_size=4).map(np.array)


def table_of(drawn: list[tuple[float, float, float]], weight: float = 1.0) -> PurchaseTable:
    columns = (np.array(column) for column in zip(*drawn, strict=True))
    return PurchaseTable(*columns, np.full(len(drawn), weight))


@given(rows, points, st.floats(1e-3, 1e3), st.booleans())
def test_another_unit_of_time_shifts_the_likelihood_and_nothing_else(
    drawn: Any, point: Any, unit: float, modified: bool
) -> None:
    table = table_of(drawn)
    rescaled = PurchaseTable(table.frequency, table.age_at_last * unit, table.age * unit, table.weight)
    moved = point + np.array([0.0, np.log(unit), 0.0, 0.0])
    before, after = log_likelihood(point, table, modified=modified), log_likelihood(moved, rescaled, modified=modified)
    shift = table.frequency.sum() * np.log(unit)
    assert after.value == pytest.approx(before.value - shift, rel=1e-10, abs=1e-8)
    np.testing.assert_allclose(after.gradient, before.gradient, rtol=1e-8, atol=1e-8)


@given(rows, points, st.booleans())
def test_weights_are_repetitions_and_a_pool_is_the_sum(drawn: Any, point: Any, modified: bool) -> None:
    once, thrice = (
        log_likelihood(point, table_of(drawn), modified=modified),
        log_likelihood(point, table_of(drawn, 3.0), modified=modified),
    )
    repeated = log_likelihood(point, table_of(drawn * 3), modified=modified)
    assert thrice.value == pytest.approx(3 * once.value, rel=1e-12)
    assert repeated.value == pytest.approx(3 * once.value, rel=1e-12)
    np.testing.assert_allclose(repeated.hessian, thrice.hessian, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("modified", [False, True])
def test_the_order_of_customers_changes_no_bit(modified: bool) -> None:
    rng = np.random.default_rng(6)
    n = 30_000
    age = rng.uniform(0.1, 700.0, n)
    x = rng.geometric(0.3, n) - 1.0
    columns = (x, np.where(x > 0, age * rng.random(n), 0.0), age)
    shuffle = rng.permutation(n)
    point = np.log([0.3, 20.0, 0.9, 2.0])
    one_way, other_way = (
        log_likelihood(point, distinct_rows(*drawn).table, modified=modified)
        for drawn in (columns, tuple(column[shuffle] for column in columns))
    )
    assert one_way.value == other_way.value
    np.testing.assert_array_equal(one_way.gradient, other_way.gradient)
    np.testing.assert_array_equal(one_way.hessian, other_way.hessian)


def test_blocks_add_up_to_the_sum_of_rows() -> None:
    rng = np.random.default_rng(7)
    n = 20_000
    age = rng.uniform(0.1, 700.0, n)
    x = rng.geometric(0.3, n) - 1.0
    t_x = np.where(x > 0, age * rng.random(n), 0.0)
    point = np.log([0.3, 20.0, 0.9, 2.0])
    whole = log_likelihood(point, PurchaseTable(x, t_x, age, np.ones(n)))
    thirds = [log_likelihood(point, PurchaseTable(x[i::3], t_x[i::3], age[i::3], np.ones(len(x[i::3])))) for i in range(3)]
    assert whole.value == pytest.approx(sum(part.value for part in thirds), rel=1e-12)
    np.testing.assert_allclose(whole.gradient, sum(part.gradient for part in thirds), rtol=1e-9)
    np.testing.assert_allclose(whole.hessian, sum(part.hessian for part in thirds), rtol=1e-9)


def test_parameters_that_overflow_give_no_warning() -> None:
    found = log_likelihood(np.array([0.0, 800.0, 0.0, 0.0]), one(1.0, 1.0, 2.0))
    assert not np.isfinite(found.value)


def test_one_order_and_silence_in_the_modified_model_keeps_all_digits():
    """The likelihood is next to 1 there, so its logarithm is what is missing to 1; against 60 digits, value and gradient."""
    rng = np.random.default_rng(7)
    with mp.workdps(60):
        for _ in range(200):
            log_parameters, log_age = rng.uniform(-6.9, 6.9, 4), rng.uniform(-4.6, 13.8)
            r, alpha, a, b = (mp.exp(mp.mpf(float(value))) for value in log_parameters)
            age = mp.mpf(float(np.exp(log_age)))
            stays, quiet = b / (a + b), (alpha / (alpha + age)) ** r
            chance = 1 - stays * (1 - quiet)
            of_dropout = stays * (1 - quiet) * a / (a + b) / chance
            gradient = [
                -stays * quiet * r * mp.log1p(age / alpha) / chance,
                stays * quiet * r * age / (alpha + age) / chance,
                of_dropout,
                -of_dropout,
            ]
            table = PurchaseTable(np.zeros(1), np.zeros(1), np.array([np.exp(log_age)]), np.ones(1))
            found = log_likelihood(log_parameters, table, modified=True)
            assert abs(found.value / mp.log(chance) - 1) < 1e-10
            for ours, exact in zip(found.gradient, gradient, strict=True):
                assert abs(ours - exact) <= 1e-10 * abs(exact) + 1e-300


def test_parameters_that_overflow_raise_nothing():
    table = PurchaseTable(np.array([2.0]), np.array([3.0]), np.array([5.0]), np.ones(1))
    for modified in (False, True):
        found = log_likelihood(np.array([0.0, 0.0, 400.0, 0.0]), table, modified=modified)
        assert not found.value > 0.0
