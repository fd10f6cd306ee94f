"""Pareto/NBD: predictions against published ones, 40-digit arithmetic and laws."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.kernels.arrays import blocks
from crmmodels.kernels.purchase.pareto_nbd import predictions as pareto_nbd_purchases
from crmmodels.kernels.purchase.pareto_nbd import quadrature as pareto_integral
from crmmodels.kernels.purchase.pareto_nbd.discounting import discounted_lifetime, discounted_purchases
from crmmodels.kernels.purchase.pareto_nbd.distribution import purchase_distribution
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters
from crmmodels.kernels.purchase.pareto_nbd.predictions import (
    expected_purchases,
    expected_purchases_new,
    log_probability_alive,
    probability_alive,
    probability_gone,
    probability_no_purchase,
    prospects,
)

LAWS = settings(max_examples=60, deadline=None)

# Recomputed to convergence from the exact days of the CDNOW sample, 39 weeks; first printed in Fader, Hardie & Lee (2005), Table 2.
PUBLISHED = (0.5532770469, 10.57768346, 0.606239989, 11.66873528)
# The same from the summary that the package lifetimes ships, with ages rounded to two decimals.
ROUNDED = (0.553275509, 10.5776122, 0.606213569, 11.6679112)
CDNOW = ParetoNBDParameters(*PUBLISHED)


def array(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


@cache
def customers() -> tuple[np.ndarray, ...]:
    orders = crm.Orders(crm.datasets.load_cdnow(), customer="customer_id", time="date", amount="spend")
    table = orders.customers(as_of="1997-09-30", unit="W")
    return tuple(table[name].to_numpy(dtype=np.float64) for name in ("frequency", "age_at_last", "age"))


def test_published_predictions_of_customer_1516() -> None:
    """Spec of the project, computed with mpmath from the optimum of the order log."""
    row = array(26), array(216 / 7), array(31)
    np.testing.assert_allclose(expected_purchases(*row, 52, CDNOW), 25.4551835059134, rtol=1e-13)
    np.testing.assert_allclose(probability_alive(*row, CDNOW), 0.997873404714994, rtol=1e-13)
    np.testing.assert_allclose(probability_gone(*row, CDNOW), 1 - 0.997873404714994, rtol=1e-12)


def test_published_expectations_of_new_customers() -> None:
    expected = [0.0510063757607, 0.908914096695, 1.2134040184, 1.47343428864, 1.90986613944]
    np.testing.assert_allclose(expected_purchases_new(array(1, 26, 39, 52, 78), CDNOW), expected, rtol=1e-11)


def test_published_sum_over_the_sample() -> None:
    assert expected_purchases(*customers(), 39, CDNOW).sum() == pytest.approx(1665.51310727, rel=1e-11)


def test_increasing_frequency_paradox() -> None:
    """Of the same silence, more orders before it tell less to expect. Published from parameters that agree to three digits."""
    x = array(10, 15, 20, 25)
    got = expected_purchases(x, np.full(4, 20.0), np.full(4, 39.0), 52, CDNOW)
    np.testing.assert_allclose(got, [0.7062289, 0.1442396, 0.02250658, 0.00309267], rtol=1e-3)


def test_heavy_buyers() -> None:
    """Published from the parameters of a fit that agree to five digits; others return no number here."""
    x, t_x = array(200, 200, 500, 500, 1000, 1000), array(38, 39, 38, 39, 38, 39)
    got = expected_purchases(x, t_x, np.full(6, 39.0), 52, ParetoNBDParameters(*ROUNDED))
    expected = [142.059251318, 166.87619918, 12.5445258675, 416.499942966, 0.00194240272974, 832.539515942]
    np.testing.assert_allclose(got, expected, rtol=5e-5)
    # From the rounded optimum itself, by adaptive quadrature of the definition in 40 digits.
    expected = [
        142.0592670284339,
        166.8764696817356,
        12.54424342521127,
        416.5006195614222,
        0.001942315849034876,
        832.5408693608998,
    ]
    np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize("s", [1.0, 1.0 + 1e-15, 1.0 - 1e-12, 1.0 + 1e-9, 1.0 - 1e-4])
def test_a_dropout_shape_of_one_is_no_exception(s: float) -> None:
    parameters = ParetoNBDParameters(r=0.5, alpha=10.0, s=s, beta=12.0)
    with mp.workdps(50):
        lived = mp.quad(lambda u: (1 + u / 12) ** -mp.mpf(s), [0, 39])
    assert expected_purchases_new(array(39), parameters)[0] == pytest.approx(float(lived) * 0.05, rel=1e-14)
    with mp.workdps(50):
        lived = mp.quad(lambda u: (1 + u / 51) ** -mp.mpf(s), [0, 52])
    got = expected_purchases(array(3), array(39), array(39), 52, parameters)
    assert got[0] == pytest.approx(float(lived) * 3.5 / 49, rel=1e-14)


def exact_standing(x: float, t_x: float, age: float, horizon: float, parameters: ParetoNBDParameters) -> tuple[float, float]:
    """Probabilities to be alive and of no order within the horizon in 40 digits, by quadrature on log(1 + w / min(a, b))."""
    with mp.workdps(40):
        r, alpha, s, beta = (mp.mpf(v) for v in dataclasses.astuple(parameters))
        n = r + x

        def odds(start: float, length: float) -> tuple[Any, Any]:
            a, b = alpha + start, beta + start
            near = min(a, b)

            def survival(w: Any) -> Any:
                return (1 + w / a) ** -n * (1 + w / b) ** -s

            def density(v: Any) -> Any:
                w = near * mp.expm1(v)
                return survival(w) * s / (b + w) * near * mp.exp(v)

            end = mp.log1p(length / near)
            fall = min(end, 1 / (n + s))
            edges = [mp.mpf(0), *(fall * 3**k for k in range(40) if fall * 3**k < end), end]
            return survival(mp.mpf(length)), mp.quad(density, edges)

        neither, dropped = odds(t_x, age - t_x)
        alive = neither / (neither + dropped)
        return float(alive), float(1 - alive + alive * sum(odds(age, horizon)))


@pytest.mark.parametrize("number", range(40))
def test_probabilities_agree_with_40_digits(number: int) -> None:
    """Half of the points where the clocks are alike and series serve, half where they are not."""
    rng = np.random.default_rng(number)
    alpha, spread = 10 ** rng.uniform(-2, 3), 0.4 if number % 2 else 3.0
    beta = float(np.clip(alpha * 10 ** rng.uniform(-spread, spread), 1e-3, 1e3))
    parameters = ParetoNBDParameters(10 ** rng.uniform(-2, 2), alpha, 10 ** rng.uniform(-2, 2), beta)
    x = float(rng.integers(0, 30))
    age = alpha * 10 ** rng.uniform(-1, 2)
    t_x = age * (1 - 10 ** rng.uniform(-3, 0)) if x else 0.0
    horizon = age * 10 ** rng.uniform(-2, 1)
    alive, none = exact_standing(x, t_x, age, horizon, parameters)
    row = array(x), array(t_x), array(age)
    assert probability_alive(*row, parameters)[0] == pytest.approx(alive, rel=1e-11, abs=1e-290)
    assert np.exp(log_probability_alive(*row, parameters))[0] == pytest.approx(alive, rel=1e-11, abs=1e-290)
    assert probability_gone(*row, parameters)[0] == pytest.approx(1 - alive, rel=1e-11, abs=4e-16)
    assert probability_no_purchase(*row, horizon, parameters)[0] == pytest.approx(none, rel=1e-11)


def test_published_discounted_purchases() -> None:
    """DERT at 15 per cent a year, and the example with delta = .0027."""
    end = 77 + 6 / 7
    rows = array(26, 1, 4, 7), array(216 / 7, 30, 70, 35), array(31, end, end, end)
    expected = [86.257623658, 1.4299880926555, 8.6006224446636, 0.8947767806198]
    np.testing.assert_allclose(discounted_purchases(*rows, np.log(1.15) / 52, CDNOW), expected, rtol=1e-12)
    other = ParetoNBDParameters(r=0.5629966, alpha=12.5590370, s=0.4081095, beta=10.5148048)
    row = array(7), array(35), array(77.86)
    total = discounted_purchases(*customers(), np.log(1.15) / 52, CDNOW).sum()
    assert total == pytest.approx(7205.54809077, rel=1e-11)
    assert probability_alive(*row, other)[0] == pytest.approx(0.10075, abs=5e-6)
    assert discounted_lifetime(*row, 0.0027, other)[0] == pytest.approx(22.28715, abs=5e-6)
    assert discounted_purchases(*row, 0.0027, other)[0] == pytest.approx(1.864183, abs=5e-7)


def test_discounting_agrees_with_tricomi_and_without_discount_with_the_expectation() -> None:
    """``∫_0^∞ e^(-δ τ) (1 + τ / β)^-s dτ = β U(1, 2 - s, δ β)``, of a customer at her first order."""
    rng, none = np.random.default_rng(8), array(0)
    for _ in range(30):
        parameters = ParetoNBDParameters(*(10 ** rng.uniform(-3, 3, 4)).tolist())
        delta, horizon = float(10 ** rng.uniform(-6, 0)), float(10 ** rng.uniform(-3, 6))
        with mp.workdps(40):
            beta = mp.mpf(parameters.beta)
            expected = float(beta * mp.hyperu(1, 2 - mp.mpf(parameters.s), delta * beta))
        got = discounted_lifetime(none, none, none, delta, parameters)
        np.testing.assert_allclose(got, expected, rtol=1e-10)
        got = discounted_purchases(none, none, none, 0.0, parameters, horizon=horizon)
        np.testing.assert_allclose(got, expected_purchases_new(array(horizon), parameters), rtol=1e-10)


@pytest.mark.parametrize("s", [0.05, 0.6, 1.0, 3.0, 40.0])
@pytest.mark.parametrize("horizon", [0.5, 52.0, 1000.0])
@pytest.mark.parametrize("discount_rate", [0.0, 1e-9, 0.0027, 0.3])
def test_discounted_lifetimes_within_a_horizon_agree_with_40_digits(s: float, horizon: float, discount_rate: float) -> None:
    parameters = ParetoNBDParameters(0.5, 10.0, s, 12.0)
    with mp.workdps(40):
        edges = [0, *(horizon * mp.mpf(2) ** -k for k in range(20, -1, -1))]
        lived = float(mp.quad(lambda u: mp.exp(-mp.mpf(discount_rate) * u) * (1 + u / 51) ** -mp.mpf(s), edges))
    row = array(3), array(39), array(39)
    assert discounted_lifetime(*row, discount_rate, parameters, horizon=horizon)[0] == pytest.approx(lived, rel=1e-12)
    expected = lived * 3.5 / 49
    assert discounted_purchases(*row, discount_rate, parameters, horizon=horizon)[0] == pytest.approx(expected, rel=1e-12)


def test_discounted_lifetimes_agree_with_40_digits_over_the_domain() -> None:
    rng = np.random.default_rng(10)
    for _ in range(20):
        s, beta = (float(v) for v in 10 ** rng.uniform(-3, 3, 2))
        discount_rate, horizon, age = (float(v) for v in 10 ** rng.uniform([-6, -3, -3], [0, 6, 6]))
        b = beta + age
        with mp.workdps(40):
            # Where the integrand has not decayed by e^-90.
            end = min(mp.mpf(horizon), 90 / mp.mpf(discount_rate), b * mp.expm1(90 / mp.mpf(s)))
            edges = [0, *(end * mp.mpf(2) ** -k for k in range(40, -1, -1))]
            lived = float(mp.quad(lambda u, s=s, b=b, d=discount_rate: mp.exp(-d * u) * (1 + u / b) ** -s, edges))
        row = array(2), array(age), array(age)
        got = discounted_lifetime(*row, discount_rate, ParetoNBDParameters(0.5, 10.0, s, beta), horizon=horizon)
        assert got[0] == pytest.approx(lived, rel=1e-11)


logs = st.floats(-3.0, 3.0)
moderate = st.tuples(*[st.floats(0.1, 20.0)] * 4).map(lambda values: ParetoNBDParameters(*values))


@st.composite
def histories(draw: st.DrawFn) -> tuple[float, float, float]:
    x = draw(st.integers(0, 10_000) | st.integers(0, 5))
    age = 10 ** draw(st.floats(-3.0, 6.0))
    return float(x), age * draw(st.floats(0.0, 1.0)) if x else 0.0, age


@LAWS
@given(
    st.tuples(logs, logs, logs, logs).map(lambda tens: ParetoNBDParameters(*(10 ** np.array(tens)).tolist())), histories(), logs
)
def test_without_discount_orders_are_the_expected_ones(
    parameters: ParetoNBDParameters, history: tuple[float, float, float], tens: float
) -> None:
    row = tuple(map(array, history))
    got = discounted_purchases(*row, 0.0, parameters, horizon=10**tens)
    np.testing.assert_array_equal(got, expected_purchases(*row, 10**tens, parameters))


@LAWS
@given(moderate, histories())
def test_a_discount_takes_and_a_longer_horizon_adds(
    parameters: ParetoNBDParameters, history: tuple[float, float, float]
) -> None:
    row = tuple(map(array, history))
    alive = probability_alive(*row, parameters)[0]
    grid = [[discounted_lifetime(*row, d, parameters, horizon=h)[0] for h in (1.0, 10.0, 100.0)] for d in (0.0, 0.01, 0.1, 1.0)]
    assert (np.diff(grid, axis=0) <= 1e-12 * alive).all()
    assert (np.diff(grid, axis=1) >= -1e-12 * alive).all()
    assert (np.array(grid) <= alive * np.array([1.0, 10.0, 100.0]) * (1 + 1e-12)).all()


@LAWS
@given(st.tuples(logs, logs, logs, logs), histories())
def test_expectations_are_finite_and_probabilities_are_some(
    tens: tuple[float, ...], history: tuple[float, float, float]
) -> None:
    parameters = ParetoNBDParameters(*(10 ** np.array(tens)).tolist())
    row = tuple(map(array, history))
    log_alive = log_probability_alive(*row, parameters)
    assert np.isfinite(log_alive).all()
    assert (log_alive <= 0).all()
    alive, idle = probability_alive(*row, parameters), probability_no_purchase(*row, 10.0, parameters)
    assert ((alive >= 0) & (alive <= 1) & (idle >= 0) & (idle <= 1) & (idle >= (1 - alive) * (1 - 1e-12))).all()
    assert np.isfinite(expected_purchases(*row, 10.0, parameters)).all()


@LAWS
@given(moderate, histories(), st.floats(0.01, 100.0))
def test_prospects_go_with_the_horizon(
    parameters: ParetoNBDParameters, history: tuple[float, float, float], horizon: float
) -> None:
    """More time, more orders and less chance of none; and no fewer orders are expected than the chance of any."""
    row = tuple(map(array, history))
    sooner, later = prospects(*row, horizon, parameters), prospects(*row, 2 * horizon, parameters)
    assert sooner.probability_alive == later.probability_alive
    assert later.expected_purchases >= sooner.expected_purchases * (1 - 1e-14)
    assert later.probability_no_purchase <= sooner.probability_no_purchase + 1e-14
    assert sooner.expected_purchases * (1 + 1e-12) + 1e-14 >= 1 - sooner.probability_no_purchase
    gone = probability_gone(*row, parameters)
    np.testing.assert_allclose(gone + sooner.probability_alive, 1.0, rtol=4e-16)


@LAWS
@given(st.tuples(logs, logs, logs, logs), histories())
def test_the_probability_to_be_alive_falls_in_silence(tens: tuple[float, ...], history: tuple[float, float, float]) -> None:
    x, t_x, age = history
    ages = t_x + (age - t_x) * np.linspace(0, 1, 9) if age > t_x else t_x + np.arange(9.0)
    parameters = ParetoNBDParameters(*(10 ** np.array(tens)).tolist())
    alive = log_probability_alive(np.full(9, x), np.full(9, t_x), ages, parameters)
    assert alive[0] == 0
    assert (np.diff(alive) <= 1e-13 * np.abs(alive[1:])).all()


def test_being_alive_later_is_being_alive_now_and_then_surviving() -> None:
    row = array(3), array(20), array(39)
    now, later = (probability_alive(*row, CDNOW, ahead=ahead)[0] for ahead in (0.0, 10.0))
    beta, s = CDNOW.beta, CDNOW.s
    assert later == pytest.approx(now * ((beta + 39) / (beta + 49)) ** s, rel=1e-14)


def many(n: int) -> tuple[np.ndarray, ...]:
    """Rows as they come; some short silences, some none."""
    rng = np.random.default_rng(6)
    x = np.floor(rng.gamma(0.5, 20.0, n))
    age = rng.uniform(0.1, 900.0, n)
    share = np.where(rng.random(n) < 0.3, 1.0 - 10 ** rng.uniform(-6, 0, n), np.minimum(1.2 * rng.random(n), 1.0))
    return x, np.where(x > 0, age * share, 0.0), age


ANY = [
    CDNOW,
    ParetoNBDParameters(0.5, 2.0, 0.6, 800.0),
    ParetoNBDParameters(0.5, 800.0, 0.6, 2.0),
    ParetoNBDParameters(1, 9, 1, 9),
]


@pytest.mark.parametrize("parameters", ANY)
def test_prospects_are_the_single_functions(parameters: ParetoNBDParameters) -> None:
    rows = many(20_000)
    got = prospects(*rows, 52.0, parameters)
    np.testing.assert_array_equal(got.probability_alive, probability_alive(*rows, parameters))
    np.testing.assert_array_equal(got.expected_purchases, expected_purchases(*rows, 52.0, parameters))
    np.testing.assert_array_equal(got.probability_no_purchase, probability_no_purchase(*rows, 52.0, parameters))


@pytest.mark.parametrize("parameters", ANY)
def test_neither_blocks_nor_threads_change_a_bit(monkeypatch: pytest.MonkeyPatch, parameters: ParetoNBDParameters) -> None:
    rows = many(2000)
    before = prospects(*rows, 52.0, parameters)
    for block_rows, values, threads in ((7, 100, 1), (64, 1, 5), (10_000, 1_000_000, 2)):
        monkeypatch.setattr(pareto_nbd_purchases, "_BLOCK_ROWS", block_rows)
        monkeypatch.setattr(pareto_integral, "_BLOCK_VALUES", values)
        monkeypatch.setattr(blocks, "_processors", lambda threads=threads: threads)
        after = prospects(*rows, 52.0, parameters)
        for name in ("probability_alive", "expected_purchases", "probability_no_purchase"):
            np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


@pytest.mark.parametrize("parameters", ANY)
def test_one_customer_scores_as_among_others(parameters: ParetoNBDParameters) -> None:
    rows = many(300)
    for verb, options in (
        (probability_alive, ()),
        (expected_purchases, (52.0,)),
        (probability_no_purchase, (52.0,)),
        (purchase_distribution, (52.0, 3)),
        (log_probability_alive, ()),
        (discounted_purchases, (0.003,)),
    ):
        together = verb(*rows, *options, parameters)
        alone = [verb(*(column[i : i + 1] for column in rows), *options, parameters)[0] for i in range(0, 300, 17)]
        np.testing.assert_array_equal(together[::17], alone)


def test_nobody_at_all() -> None:
    none = array()
    assert prospects(none, none, none, 52.0, CDNOW).expected_purchases.shape == (0,)
    assert discounted_purchases(none, none, none, 0.1, CDNOW).shape == (0,)
    assert purchase_distribution(none, none, none, 52.0, 3, CDNOW).shape == (0, 4)


def test_parameters_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        CDNOW.r = 1.0  # type: ignore[misc]
