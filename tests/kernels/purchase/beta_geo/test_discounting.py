"""Discounted orders and lifetimes of BG/NBD and MBG/NBD against 30-digit arithmetic and laws."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.purchase.beta_geo.discounting import discounted_lifetime, discounted_purchases
from crmmodels.kernels.purchase.beta_geo.likelihood import BetaGeoParameters
from crmmodels.kernels.purchase.beta_geo.predictions import expected_purchases, probability_alive

DAILY = float(np.log(1.1) / 365)


def exact(parameters: Any, x: float, age: float, rate: float, end: float, *, lifetime: bool, modified: bool) -> float:
    """Of a customer who is alive: the mean over dropout probabilities in closed form, then the integral over log time."""
    with mp.workdps(30):
        r, alpha, a, b = (mp.mpf(value) for value in parameters)
        rate, big, b = mp.mpf(rate), alpha + mp.mpf(age), b + x + int(modified)
        shape = r + x + (0 if lifetime else 1)
        end = min(mp.mpf(end), 60 / rate) if rate else mp.mpf(end)
        unit = min(big / (shape + 1), 1 / rate) if rate else big / (shape + 1)

        def moment(y: Any) -> Any:
            time = unit * mp.expm1(y)
            z = time / big
            stays = (1 + z) ** -shape * mp.hyp2f1(shape, b, a + b, z / (1 + z))
            return mp.exp(-rate * time) * stays * (time + unit)

        length = mp.log1p(end / unit)
        integral = mp.quad(moment, mp.linspace(0, length, int(length / 4) + 2))
        return float(integral if lifetime else (r + x) / big * integral)


def grid(n: int) -> list[tuple[tuple[float, ...], float, float, float, float]]:
    rng = np.random.default_rng(20050225)
    points = []
    for i in range(n):
        parameters = tuple((10 ** rng.uniform(-3, 3, 4)).tolist())
        x = [0.0, 1.0, 4.0, float(int(10 ** rng.uniform(0, 2.5)))][i % 4]
        age, horizon, rate = (10 ** rng.uniform(low, high) for low, high in ((-1, 4), (-2, 4), (-5, 0)))
        rate, horizon = [(0.0, horizon), (rate, horizon), (rate, np.inf)][i % 3]
        points.append((parameters, x, age, rate, horizon))
    return points


# The removable singularity, typical customers in days, and the whole domain.
POINTS = [
    ((0.25, 30.0, 1.0, 2.4), 3.0, 400.0, DAILY, np.inf),
    ((0.25, 30.0, 0.8, 2.4), 0.0, 20.0, DAILY, 1095.0),
    ((0.25, 30.0, 0.8, 2.4), 160.0, 730.0, DAILY, 1095.0),
    *grid(12),
]


@pytest.mark.parametrize("modified", [False, True])
@pytest.mark.parametrize("point", POINTS)
def test_discounted_orders_and_lifetimes_agree_with_thirty_digits(point: Any, modified: bool) -> None:
    numbers, x, age, rate, horizon = point
    customer = (np.array([x]), np.array([age if x else 0.0]), np.array([age]))
    parameters = BetaGeoParameters(*numbers)
    alive = probability_alive(*customer, parameters, modified=modified)
    for function, lifetime in ((discounted_purchases, False), (discounted_lifetime, True)):
        found = function(*customer, rate, parameters, horizon=horizon, modified=modified) / alive
        expected = exact(numbers, x, age, rate, horizon, lifetime=lifetime, modified=modified)
        np.testing.assert_allclose(found, expected, rtol=1e-10)


logs = st.floats(-5.0, 5.0)
parameters_of = st.tuples(logs, logs, logs, logs).map(lambda drawn: BetaGeoParameters(*np.exp(drawn).tolist()))
customers = st.lists(
    st.tuples(st.integers(0, 60), st.floats(0.01, 1.0), st.floats(0.1, 500.0)).map(
        lambda drawn: (float(drawn[0]), drawn[1] * drawn[2] if drawn[0] else 0.0, drawn[2])
    ),
    min_size=1,
    max_size=8,
).map(lambda drawn: tuple(np.array(column) for column in zip(*drawn, strict=True)))


@given(customers, parameters_of, st.floats(0.01, 1e4), st.booleans())
def test_orders_that_are_not_discounted_are_the_expected_ones(
    drawn: Any, parameters: Any, horizon: float, modified: bool
) -> None:
    found = discounted_purchases(*drawn, 0.0, parameters, horizon=horizon, modified=modified)
    np.testing.assert_allclose(found, expected_purchases(*drawn, horizon, parameters, modified=modified), rtol=1e-10)


@given(customers, parameters_of, st.floats(1e-4, 1.0), st.floats(1e-2, 1e2), st.booleans())
def test_another_unit_of_time_changes_lifetimes_alone(
    drawn: Any, parameters: Any, rate: float, unit: float, modified: bool
) -> None:
    x, t_x, age = drawn
    moved = BetaGeoParameters(parameters.r, parameters.alpha * unit, parameters.a, parameters.b)
    for function, scale in ((discounted_purchases, 1.0), (discounted_lifetime, unit)):
        before = function(*drawn, rate, parameters, horizon=100.0, modified=modified)
        after = function(x, t_x * unit, age * unit, rate / unit, moved, horizon=100.0 * unit, modified=modified)
        np.testing.assert_allclose(after, scale * before, rtol=1e-10)


@given(customers, parameters_of, st.floats(1e-3, 1.0), st.booleans())
def test_discounting_and_a_nearer_horizon_leave_less(drawn: Any, parameters: Any, rate: float, modified: bool) -> None:
    for function in (discounted_purchases, discounted_lifetime):
        whole = function(*drawn, rate, parameters, modified=modified)
        more_discounted = function(*drawn, 2.0 * rate, parameters, modified=modified)
        nearer = function(*drawn, rate, parameters, horizon=50.0, modified=modified)
        assert (whole >= 0.0).all()
        assert (more_discounted <= whole * (1.0 + 1e-11)).all()
        assert (nearer <= whole * (1.0 + 1e-11)).all()
    # Nobody stays longer than for ever.
    assert (whole <= (1.0 + 1e-11) / rate).all()


def test_for_ever_without_discounting_is_the_limit_where_there_is_one() -> None:
    x, t_x, age = np.array([0.0, 5.0]), np.array([0.0, 30.0]), np.array([10.0, 40.0])
    some = BetaGeoParameters(1.5, 10.0, 6.0, 4.0)
    for function in (discounted_purchases, discounted_lifetime):
        ever = function(x[1:], t_x[1:], age[1:], 0.0, some)
        np.testing.assert_allclose(ever, function(x[1:], t_x[1:], age[1:], 0.0, some, horizon=1e9), rtol=1e-6)
    few, many = BetaGeoParameters(0.5, 10.0, 3.0, 4.0), BetaGeoParameters(0.5, 10.0, 1.0, 4.0)
    assert np.isfinite(discounted_purchases(x, t_x, age, 0.0, few)).all()
    np.testing.assert_array_equal(np.isfinite(discounted_lifetime(x, t_x, age, 0.0, few)), [False, True])
    assert np.isposinf(discounted_purchases(x, t_x, age, 0.0, many)).all()
    # An hour after which nothing is alive to the last digit, and yet the mean is infinite.
    assert np.isposinf(discounted_lifetime(np.array([1e4]), np.zeros(1), np.array([1e6]), 0.0, many)).all()


def test_a_customer_is_discounted_alike_alone_and_among_others() -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(0, 30, 200).astype(np.float64)
    age = rng.integers(1, 700, 200).astype(np.float64)
    t_x = np.where(x > 0, age * rng.random(200), 0.0)
    parameters = BetaGeoParameters(0.25, 30.0, 0.8, 2.4)
    for function in (discounted_purchases, discounted_lifetime):
        together = function(x, t_x, age, DAILY, parameters, horizon=1095.0)
        alone = [function(x[[i]], t_x[[i]], age[[i]], DAILY, parameters, horizon=1095.0)[0] for i in range(0, 200, 7)]
        np.testing.assert_array_equal(together[::7], alone)
