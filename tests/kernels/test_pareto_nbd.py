"""Pareto/NBD against the published optimum and predictions, 50-digit arithmetic and laws."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.kernels import pareto_integral, pareto_nbd
from crmmodels.kernels.likelihood import Likelihood, maximise
from crmmodels.kernels.pareto_integral import race
from crmmodels.kernels.pareto_nbd import log_likelihood
from crmmodels.kernels.pareto_nbd_discounting import discounted_lifetime, discounted_purchases
from crmmodels.kernels.pareto_nbd_purchases import (
    expected_purchases,
    expected_purchases_new,
    log_probability_alive,
    probability_alive,
    probability_no_purchase,
    purchase_distribution,
    purchase_distribution_new,
)
from crmmodels.kernels.purchases import PurchaseTable, distinct_rows

LAWS = settings(max_examples=60, deadline=None)
NAMES = ("r", "alpha", "s", "beta")

# Recomputed to convergence from the exact days of the CDNOW sample, 39 weeks; first printed in Fader, Hardie & Lee (2005), Table 2.
PUBLISHED = (0.5532770469, 10.57768346, 0.606239989, 11.66873528)
LOG_LIKELIHOOD = -9594.97617894
# The same from the summary that the package lifetimes ships, with ages rounded to two decimals.
ROUNDED = (0.553275509, 10.5776122, 0.606213569, 11.6679112)
LOG_LIKELIHOOD_ROUNDED = -9594.97393
STANDARD_ERRORS = (0.04763, 0.84272, 0.18728, 6.21103)
CDNOW = dict(zip(NAMES, PUBLISHED, strict=True))


def array(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


@cache
def customers() -> tuple[np.ndarray, ...]:
    orders = crm.Orders(crm.datasets.load_cdnow(), customer="customer_id", time="date", amount="spend")
    table = orders.customers(as_of="1997-09-30", unit="W")
    return tuple(table[name].to_numpy(dtype=np.float64) for name in ("frequency", "age_at_last", "age"))


def cdnow() -> PurchaseTable:
    return distinct_rows(*customers()).table


def cdnow_rounded() -> PurchaseTable:
    from lifetimes.datasets import load_cdnow_summary

    summary = load_cdnow_summary()
    return distinct_rows(*(summary[name].to_numpy(dtype=np.float64) for name in ("frequency", "recency", "T"))).table


def one(x: float, t_x: float, age: float) -> PurchaseTable:
    return PurchaseTable(array(x), array(t_x), array(age), array(1.0))


def grid(n: int, seed: int = 19870101) -> list[tuple[np.ndarray, float, float, float]]:
    """Log parameters, x, t_x and T over the whole domain; a tenth ordered at the very end, a third never again."""
    rng = np.random.default_rng(seed)
    points = []
    for _ in range(n):
        log_parameters = np.log(10.0) * rng.uniform(-3, 3, 4)
        x = 0.0 if rng.random() < 0.3 else float(np.floor(10 ** rng.uniform(0, 4)))
        age, kind = 10 ** rng.uniform(-3, 6), rng.random()
        share = 1.0 if kind < 0.1 else rng.random() if kind < 0.6 else 10 ** rng.uniform(-6, 0)
        points.append((log_parameters, x, age * share if x else 0.0, age))
    return points


def double_exponential(low: Any, high: Any, per_unit: int = 40) -> list[tuple[Any, Any]]:
    """Nodes and weights of the tanh-sinh rule."""
    nodes = []
    for j in range(-5 * per_unit, 5 * per_unit + 1):
        t = mp.mpf(j) / per_unit
        odds = mp.exp(mp.pi * mp.sinh(t))
        share = odds / (1 + odds)
        nodes.append((low + (high - low) * share, (high - low) * mp.pi * mp.cosh(t) * share / (1 + odds) / per_unit))
    return nodes


def exact(log_parameters: np.ndarray, x: float, t_x: float, age: float) -> list[Any]:
    """Value and gradient in 50 digits, differentiated in the parameters' own form, where cancellation does no harm."""
    r, alpha, s, beta = (mp.exp(mp.mpf(p)) for p in log_parameters)
    x, t_x, age = mp.mpf(float(x)), mp.mpf(float(t_x)), mp.mpf(float(age))
    n, a, b, silence = r + x, alpha + t_x, beta + t_x, age - t_x
    alive = mp.exp(-n * mp.log1p(silence / a) - s * mp.log1p(silence / b))
    scale, end = min(a, b), mp.log1p(silence / min(a, b))

    def decay(v: Any) -> Any:
        return n * mp.log1p(scale * mp.expm1(v) / a) + s * mp.log1p(scale * mp.expm1(v) / b)

    if decay(end) > 130:
        low = mp.mpf(0)
        for _ in range(60):
            middle = (low + end) / 2
            low, end = (middle, end) if decay(middle) < 130 else (low, middle)
    gone = [mp.mpf(0)] * 5
    for v, weight in double_exponential(mp.mpf(0), end) if silence > 0 else ():
        u = t_x + scale * mp.expm1(v)
        density = weight * scale * mp.exp(v) * s / (beta + u) * mp.exp(-decay(v))
        factors = (1, mp.log(alpha + u), 1 / (alpha + u), mp.log(beta + u), 1 / (beta + u))
        gone = [total + density * factor for total, factor in zip(gone, factors, strict=True)]
    both = alive + gone[0]
    value = (
        mp.loggamma(n) - mp.loggamma(r) + r * mp.log(alpha) + s * mp.log(beta) - n * mp.log(a) - s * mp.log(b) + mp.log(both)
    )
    return [
        value,
        r * (mp.digamma(n) - mp.digamma(r) + mp.log(alpha) - (alive * mp.log(alpha + age) + gone[1]) / both),
        r - n * alpha * (alive / (alpha + age) + gone[2]) / both,
        s * mp.log(beta) + (gone[0] - s * (alive * mp.log(beta + age) + gone[3])) / both,
        s - beta * (s * alive / (beta + age) + (s + 1) * gone[4]) / both,
    ]


def textbook(log_parameters: np.ndarray, x: float, t_x: float, age: float) -> Any:
    """The difference of Gaussian hypergeometric functions of Fader & Hardie (2005), in 50 digits after what cancels."""
    with mp.workdps(50 + 200):
        r, alpha, s, beta = (mp.exp(mp.mpf(p)) for p in log_parameters)
        x, t_x, age = mp.mpf(float(x)), mp.mpf(float(t_x)), mp.mpf(float(age))
        total, larger = r + s + x, max(alpha, beta)
        second = s + 1 if alpha >= beta else r + x

        def term(t: Any) -> Any:
            return mp.hyp2f1(total, second, total + 1, abs(alpha - beta) / (larger + t)) / (larger + t) ** total

        alive = (alpha + age) ** -(r + x) * (beta + age) ** -s
        gone = s / total * (term(t_x) - term(age))
        return mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) + s * mp.log(beta) + mp.log(alive + gone)


@pytest.mark.parametrize("number", range(60))
def test_value_and_gradient_agree_with_50_digits_over_the_whole_domain(number: int) -> None:
    point = grid(60)[number]
    with mp.workdps(50):
        expected = [float(v) for v in exact(*point)]
    got = log_likelihood(point[0], one(*point[1:]))
    np.testing.assert_allclose([got.value, *got.gradient], expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize(
    "point",
    [
        ([np.log(1e-3)] * 4, 0.0, 0.0, 1e6),
        ([np.log(1e3), np.log(1e-3), np.log(1e3), np.log(1e-3)], 10_000.0, 1.0, 1e6),
        ([np.log(1e3), np.log(1e3), np.log(1e-3), np.log(1e-3)], 10_000.0, 1e-3, 1e6),
        ([np.log(1e-3), np.log(1e3), np.log(1e3), np.log(1e-3)], 1.0, 0.5, 1e6),
        ([np.log(1e-3), np.log(1e-3), np.log(1e-3), np.log(1e3)], 1.0, 1e-6, 1e6),
        ([np.log(1e-3), np.log(1e-3), np.log(1e3), np.log(1e3)], 0.0, 0.0, 1e6),
        ([np.log(1e8), np.log(1e9), np.log(0.6), np.log(11.7)], 12.0, 20.0, 39.0),
    ],
)
def test_corners_agree_with_50_digits(point: tuple[list[float], float, float, float]) -> None:
    log_parameters = np.array(point[0])
    with mp.workdps(50):
        expected = [float(v) for v in exact(log_parameters, *point[1:])]
    got = log_likelihood(log_parameters, one(*point[1:]))
    np.testing.assert_allclose([got.value, *got.gradient], expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize(("x", "t_x", "age"), [(0, 0, 39), (2, 30.43, 38.86), (26, 30.86, 31), (4, 0.5, 1000)])
@pytest.mark.parametrize("parameters", [PUBLISHED, (0.9, 40.0, 2.5, 3.0), (20.0, 3.0, 0.1, 200.0)])
def test_the_value_is_that_of_the_textbook_in_digits_enough(
    parameters: tuple[float, ...], x: float, t_x: float, age: float
) -> None:
    log_parameters = np.log(parameters)
    expected = float(textbook(log_parameters, x, t_x, age))
    assert log_likelihood(log_parameters, one(x, t_x, age)).value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("number", range(3))
def test_the_hessian_agrees_with_differences_of_50_digit_gradients(number: int) -> None:
    log_parameters, *row = grid(3, seed=4)[number]
    with mp.workdps(50):
        step, rows = mp.mpf("1e-8"), []
        for i in range(4):
            up, down = ([mp.mpf(float(p)) + sign * step * (i == j) for j, p in enumerate(log_parameters)] for sign in (1, -1))
            pairs = zip(exact(up, *row)[1:], exact(down, *row)[1:], strict=True)
            rows.append([float((high - low) / (2 * step)) for high, low in pairs])
    hessian = log_likelihood(log_parameters, one(*row)).hessian
    np.testing.assert_allclose(hessian, rows, rtol=1e-10, atol=1e-12 * np.abs(rows).max())


@pytest.mark.parametrize("number", range(80))
def test_the_hessian_agrees_with_differences_of_the_gradient(number: int) -> None:
    log_parameters, *row = grid(80, seed=5)[number]
    step = 1e-3

    def gradient(i: int, times: float) -> np.ndarray:
        return log_likelihood(log_parameters + times * step * np.eye(4)[i], one(*row)).gradient

    rows = [(8 * (gradient(i, 1) - gradient(i, -1)) - (gradient(i, 2) - gradient(i, -2))) / (12 * step) for i in range(4)]
    hessian = log_likelihood(log_parameters, one(*row)).hessian
    np.testing.assert_allclose(hessian, rows, rtol=1e-6, atol=1e-8 * np.abs(rows).max())
    np.testing.assert_array_equal(hessian, hessian.T)


def test_order_dropout_and_neither_share_all_probability() -> None:
    """Two integrals and a closed form, computed apart, add up to 1 over the whole domain."""
    rng = np.random.default_rng(3)
    for _ in range(100):
        r, alpha, s, beta = 10 ** rng.uniform(-3, 3, 4)
        n = r + np.where(rng.random(100) < 0.3, 0, np.floor(10 ** rng.uniform(0, 4, 100)))
        start, length = 10 ** rng.uniform(-6, 6, 100), 10 ** rng.uniform(-6, 6, 100)
        stand = race(n, start, length, alpha=alpha, s=s, beta=beta)
        np.testing.assert_allclose(np.exp(-stand.hazard) + stand.dropout_first + stand.order_first, 1.0, rtol=0, atol=4e-15)


def test_the_published_optimum_is_one() -> None:
    table = cdnow()
    here = log_likelihood(np.log(PUBLISHED), table)
    assert here.value == pytest.approx(LOG_LIKELIHOOD, abs=1e-8)
    assert np.abs(here.gradient).max() < 1e-6 * table.weight.sum()
    assert (np.linalg.eigvalsh(here.hessian) < 0).all()


def test_the_published_optimum_is_found() -> None:
    table = cdnow()
    optimum = maximise(lambda p: log_likelihood(p, table), np.zeros(4), float(table.weight.sum()))
    assert optimum.converged
    assert np.abs(optimum.likelihood.gradient).max() < 1e-8 * table.weight.sum()
    np.testing.assert_allclose(np.exp(optimum.log_parameters), PUBLISHED, rtol=5e-8)


def test_the_optimum_of_the_rounded_summary_and_its_standard_errors() -> None:
    table = cdnow_rounded()
    optimum = maximise(lambda p: log_likelihood(p, table), np.zeros(4), float(table.weight.sum()))
    parameters = np.exp(optimum.log_parameters)
    np.testing.assert_allclose(parameters, ROUNDED, rtol=5e-8)
    assert optimum.likelihood.value == pytest.approx(LOG_LIKELIHOOD_ROUNDED, abs=5e-6)
    errors = parameters * np.sqrt(np.diag(np.linalg.inv(-optimum.likelihood.hessian)))
    np.testing.assert_allclose(errors, STANDARD_ERRORS, atol=6e-6)


def test_published_predictions_of_customer_1516() -> None:
    """Spec of the project, computed with mpmath from the optimum of the order log."""
    row = array(26), array(216 / 7), array(31)
    np.testing.assert_allclose(expected_purchases(*row, 52, **CDNOW), 25.4551835059134, rtol=1e-13)
    np.testing.assert_allclose(probability_alive(*row, **CDNOW), 0.997873404714994, rtol=1e-13)


def test_published_expectations_and_distribution_of_new_customers() -> None:
    expected = [0.0510063757607, 0.908914096695, 1.2134040184, 1.47343428864, 1.90986613944]
    np.testing.assert_allclose(expected_purchases_new(array(1, 26, 39, 52, 78), **CDNOW), expected, rtol=1e-11)
    chances = [0.593532383898, 0.165585364071, 0.0825042511836, 0.0490523645292]
    np.testing.assert_allclose(purchase_distribution_new(39, 3, **CDNOW), chances, rtol=1e-11)


def test_published_sum_over_the_sample() -> None:
    assert expected_purchases(*customers(), 39, **CDNOW).sum() == pytest.approx(1665.51310727, rel=1e-11)


def test_increasing_frequency_paradox() -> None:
    """Of the same silence, more orders before it tell less to expect. Published from parameters that agree to three digits."""
    x = array(10, 15, 20, 25)
    got = expected_purchases(x, np.full(4, 20.0), np.full(4, 39.0), 52, **CDNOW)
    np.testing.assert_allclose(got, [0.7062289, 0.1442396, 0.02250658, 0.00309267], rtol=1e-3)


def test_heavy_buyers() -> None:
    """Published from the parameters of a fit that agree to five digits; others return no number here."""
    x, t_x = array(200, 200, 500, 500, 1000, 1000), array(38, 39, 38, 39, 38, 39)
    got = expected_purchases(x, t_x, np.full(6, 39.0), 52, **dict(zip(NAMES, ROUNDED, strict=True)))
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


def test_published_discounted_purchases() -> None:
    """DERT at 15 per cent a year, and the example with delta = .0027."""
    end = 77 + 6 / 7
    rows = array(26, 1, 4, 7), array(216 / 7, 30, 70, 35), array(31, end, end, end)
    expected = [86.257623658, 1.4299880926555, 8.6006224446636, 0.8947767806198]
    np.testing.assert_allclose(discounted_purchases(*rows, discount_rate=np.log(1.15) / 52, **CDNOW), expected, rtol=1e-12)
    other = {"r": 0.5629966, "alpha": 12.5590370, "s": 0.4081095, "beta": 10.5148048}
    row = array(7), array(35), array(77.86)
    total = discounted_purchases(*customers(), discount_rate=np.log(1.15) / 52, **CDNOW).sum()
    assert total == pytest.approx(7205.54809077, rel=1e-11)
    assert probability_alive(*row, **other)[0] == pytest.approx(0.10075, abs=5e-6)
    assert discounted_lifetime(*row, discount_rate=0.0027, **other)[0] == pytest.approx(22.28715, abs=5e-6)
    assert discounted_purchases(*row, discount_rate=0.0027, **other)[0] == pytest.approx(1.864183, abs=5e-7)


def test_discounting_agrees_with_tricomi_and_without_discount_with_the_expectation() -> None:
    """``∫_0^∞ e^(-δ τ) (1 + τ / β)^-s dτ = β U(1, 2 - s, δ β)``, of a customer at her first order."""
    rng, none = np.random.default_rng(8), array(0)
    for _ in range(30):
        parameters = dict(zip(NAMES, (10 ** rng.uniform(-3, 3, 4)).tolist(), strict=True))
        delta, horizon = float(10 ** rng.uniform(-6, 0)), float(10 ** rng.uniform(-3, 6))
        with mp.workdps(40):
            beta = mp.mpf(parameters["beta"])
            expected = float(beta * mp.hyperu(1, 2 - mp.mpf(parameters["s"]), delta * beta))
        got = discounted_lifetime(none, none, none, discount_rate=delta, **parameters)
        np.testing.assert_allclose(got, expected, rtol=1e-10)
        got = discounted_purchases(none, none, none, discount_rate=0.0, horizon=horizon, **parameters)
        np.testing.assert_allclose(got, expected_purchases_new(array(horizon), **parameters), rtol=1e-10)


@pytest.mark.parametrize("s", [1.0, 1.0 + 1e-15, 1.0 - 1e-12, 1.0 + 1e-9, 1.0 - 1e-4])
def test_a_dropout_shape_of_one_is_no_exception(s: float) -> None:
    parameters = {"r": 0.5, "alpha": 10.0, "s": s, "beta": 12.0}
    with mp.workdps(50):
        lived = mp.quad(lambda u: (1 + u / 12) ** -mp.mpf(s), [0, 39])
    assert expected_purchases_new(array(39), **parameters)[0] == pytest.approx(float(lived) * 0.05, rel=1e-14)
    with mp.workdps(50):
        lived = mp.quad(lambda u: (1 + u / 51) ** -mp.mpf(s), [0, 52])
    got = expected_purchases(array(3), array(39), array(39), 52, **parameters)
    assert got[0] == pytest.approx(float(lived) * 3.5 / 49, rel=1e-14)


def exact_chance(k: int, horizon: float, r: float, alpha: float, s: float, beta: float) -> float:
    """P(X(t) = k) in 40 digits, the integral over the age of dropout in pieces about where it is largest."""
    with mp.workdps(40):
        r, alpha, s, beta, t = (mp.mpf(v) for v in (r, alpha, s, beta, horizon))

        def log_density(z: Any) -> Any:
            u = mp.exp(z)
            return z - r * mp.log1p(u / alpha) - k * mp.log1p(alpha / u) - (s + 1) * mp.log1p(u / beta) + mp.log(s / beta)

        middle, end = (k - s) * alpha + (1 - r) * beta, mp.log(t)
        root = mp.sqrt(middle**2 + 4 * (r + s) * (k + 1) * alpha * beta)
        peak = min(end, mp.log((middle + root) / (2 * (r + s))))
        steps = [mp.mpf(d) / 100 for d in (1, 3, 6, 12, 25, 50, 100, 200, 400, 800, 1500, 3000, 6000)]
        edges = [peak - d for d in reversed(steps)] + [peak] + [peak + d for d in steps if peak + d < end]
        edges += [end] if edges[-1] < end else []
        gone = mp.mpf(0)
        for low, high in pairwise(edges):
            gone += sum(w * mp.exp(log_density(z)) for z, w in double_exponential(low, high, 6))
        alive = -r * mp.log1p(t / alpha) - k * mp.log1p(alpha / t) - s * mp.log1p(t / beta)
        return float(mp.exp(mp.loggamma(r + k) - mp.loggamma(r) - mp.loggamma(k + 1)) * (mp.exp(alive) + gone))


@pytest.mark.parametrize("k", [0, 1, 20, 171, 200, 1000])
def test_chances_of_any_number_agree_with_40_digits(k: int) -> None:
    expected = exact_chance(k, 390.0, *PUBLISHED)
    assert purchase_distribution_new(390.0, 1000, **CDNOW)[k] == pytest.approx(expected, rel=1e-11)


def test_chances_agree_with_40_digits_over_the_domain() -> None:
    rng = np.random.default_rng(9)
    for _ in range(12):
        parameters = dict(zip(NAMES, (10 ** rng.uniform(-3, 3, 4)).tolist(), strict=True))
        k, horizon = int(rng.choice([0, 1, 5, 60, 700])), float(10 ** rng.uniform(-3, 6))
        expected = exact_chance(k, horizon, **parameters)
        assert purchase_distribution_new(horizon, k, **parameters)[k] == pytest.approx(expected, rel=1e-10, abs=1e-300)


logs = st.floats(-3.0, 3.0)
moderate = st.tuples(*[st.floats(0.1, 20.0)] * 4).map(lambda values: dict(zip(NAMES, values, strict=True)))


@st.composite
def histories(draw: st.DrawFn) -> tuple[float, float, float]:
    x = draw(st.integers(0, 10_000) | st.integers(0, 5))
    age = 10 ** draw(st.floats(-3.0, 6.0))
    return float(x), age * draw(st.floats(0.0, 1.0)) if x else 0.0, age


@LAWS
@given(st.tuples(logs, logs, logs, logs), histories(), st.sampled_from([1 / 8, 1 / 7, 7.0, 24.0, 365.25, 1024.0]))
def test_another_unit_of_time_shifts_the_value_and_nothing_else(
    tens: tuple[float, ...], history: tuple[float, float, float], unit: float
) -> None:
    x, t_x, age = history
    log_parameters = np.log(10.0) * np.array(tens)
    before = log_likelihood(log_parameters, one(x, t_x, age))
    after = log_likelihood(log_parameters + np.log(unit) * array(0, 1, 0, 1), one(x, t_x * unit, age * unit))
    size = 1.0 + x * 25.0 + np.abs(before.value)
    assert after.value == pytest.approx(before.value - x * np.log(unit), abs=1e-14 * size, rel=0)
    largest = np.abs(before.gradient).max() + x + 1.0
    np.testing.assert_allclose(after.gradient, before.gradient, rtol=1e-9, atol=1e-12 * largest)
    np.testing.assert_allclose(after.hessian, before.hessian, rtol=1e-8, atol=1e-11 * largest)


@LAWS
@given(st.tuples(logs, logs, logs, logs), histories())
def test_everything_is_finite_and_probabilities_are_some(tens: tuple[float, ...], history: tuple[float, float, float]) -> None:
    here = log_likelihood(np.log(10.0) * np.array(tens), one(*history))
    assert np.isfinite([here.value, *here.gradient, *here.hessian.ravel()]).all()
    parameters = dict(zip(NAMES, (10 ** np.array(tens)).tolist(), strict=True))
    row = tuple(map(array, history))
    log_alive = log_probability_alive(*row, **parameters)
    assert np.isfinite(log_alive).all()
    assert (log_alive <= 0).all()
    alive, idle = probability_alive(*row, **parameters), probability_no_purchase(*row, 10.0, **parameters)
    assert ((alive >= 0) & (alive <= 1) & (idle >= 0) & (idle <= 1) & (idle >= (1 - alive) * (1 - 1e-12))).all()
    assert np.isfinite(expected_purchases(*row, 10.0, **parameters)).all()


@LAWS
@given(st.tuples(logs, logs, logs, logs), histories())
def test_the_probability_to_be_alive_falls_in_silence(tens: tuple[float, ...], history: tuple[float, float, float]) -> None:
    x, t_x, age = history
    ages = t_x + (age - t_x) * np.linspace(0, 1, 9) if age > t_x else t_x + np.arange(9.0)
    parameters = dict(zip(NAMES, (10 ** np.array(tens)).tolist(), strict=True))
    alive = log_probability_alive(np.full(9, x), np.full(9, t_x), ages, **parameters)
    assert alive[0] == 0
    assert (np.diff(alive) <= 1e-13 * np.abs(alive[1:])).all()


@LAWS
@given(moderate, st.lists(histories(), min_size=1, max_size=6), st.integers(1, 5))
def test_a_weight_is_a_repetition(parameters: dict[str, float], rows: list[tuple[float, float, float]], times: int) -> None:
    columns = np.array(rows).T
    log_parameters = np.log(list(parameters.values()))
    weighted = log_likelihood(log_parameters, PurchaseTable(*columns, np.full(len(rows), float(times))))
    repeated = log_likelihood(log_parameters, PurchaseTable(*np.repeat(columns, times, axis=1), np.ones(len(rows) * times)))
    size = abs(weighted.value) + np.abs(weighted.gradient).max() + columns[0].sum() * times + 1.0
    for name in ("value", "gradient", "hessian"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-10, atol=1e-12 * size)


@LAWS
@given(moderate, st.floats(0.1, 30.0))
def test_the_distribution_of_new_customers_sums_to_one_and_has_the_expected_mean(
    parameters: dict[str, float], horizon: float
) -> None:
    assume(horizon < 3 * parameters["alpha"])
    chances = purchase_distribution_new(horizon, 600, **parameters)
    assert chances.sum() == pytest.approx(1.0, abs=1e-11)
    mean = expected_purchases_new(array(horizon), **parameters)[0]
    assert chances @ np.arange(601.0) == pytest.approx(mean, rel=1e-10)


@LAWS
@given(moderate, st.integers(0, 30), st.floats(0.0, 1.0), st.floats(0.5, 40.0), st.floats(0.1, 20.0))
def test_the_distribution_of_a_customer_has_her_expectation(
    parameters: dict[str, float], x: int, share: float, age: float, horizon: float
) -> None:
    row = array(x), array(share * age * (x > 0)), array(age)
    assume(horizon < 3 * (parameters["alpha"] + age))
    chances = purchase_distribution(*row, horizon, 800, **parameters)[0]
    assert chances.sum() == pytest.approx(1.0, abs=1e-11)
    assert chances[0] == pytest.approx(probability_no_purchase(*row, horizon, **parameters)[0], rel=1e-11)
    mean = expected_purchases(*row, horizon, **parameters)[0]
    assert chances @ np.arange(801.0) == pytest.approx(mean, rel=1e-9, abs=1e-290)


def test_being_alive_later_is_being_alive_now_and_then_surviving() -> None:
    row = array(3), array(20), array(39)
    now, later = (probability_alive(*row, ahead=ahead, **CDNOW)[0] for ahead in (0.0, 10.0))
    beta, s = CDNOW["beta"], CDNOW["s"]
    assert later == pytest.approx(now * ((beta + 39) / (beta + 49)) ** s, rel=1e-14)


def many(n: int) -> PurchaseTable:
    rng = np.random.default_rng(6)
    x = np.floor(rng.gamma(0.5, 20.0, n))
    age = rng.uniform(0.1, 900.0, n)
    return distinct_rows(x, np.where(x > 0, age * rng.random(n), 0.0), age).table


def bits(likelihood: Likelihood) -> tuple[bytes, bytes, bytes]:
    return np.float64(likelihood.value).tobytes(), likelihood.gradient.tobytes(), likelihood.hessian.tobytes()


@pytest.mark.parametrize(("rows", "values"), [(7, 100), (64, 1), (10_000, 1_000_000)])
def test_the_size_of_blocks_changes_no_bit(monkeypatch: pytest.MonkeyPatch, rows: int, values: int) -> None:
    table = many(1000)
    before = bits(log_likelihood(np.log(PUBLISHED), table))
    monkeypatch.setattr(pareto_nbd, "_BLOCK_ROWS", rows)
    monkeypatch.setattr(pareto_integral, "_BLOCK_VALUES", values)
    assert bits(log_likelihood(np.log(PUBLISHED), table)) == before


def test_one_customer_scores_as_among_others() -> None:
    table = many(300)
    rows = (table.frequency, table.age_at_last, table.age)
    for verb, options in (
        (probability_alive, {}),
        (expected_purchases, {"horizon": 52.0}),
        (probability_no_purchase, {"horizon": 52.0}),
        (purchase_distribution, {"horizon": 52.0, "n_max": 3}),
        (discounted_purchases, {"discount_rate": 0.003}),
    ):
        together = verb(*rows, **options, **CDNOW)
        alone = [verb(*(column[i : i + 1] for column in rows), **options, **CDNOW)[0] for i in range(0, 300, 17)]
        np.testing.assert_array_equal(together[::17], alone)


@pytest.mark.parametrize("signs", [(-1, -1, -1, -1), (1, 1, 1, 1), (1, -1, 1, -1), (-1, 1, -1, 1), (1, 1, -1, -1)])
@pytest.mark.parametrize("size", [20.0, 60.0, 800.0])
def test_far_outside_the_domain_nothing_warns(signs: tuple[int, ...], size: float) -> None:
    value = log_likelihood(size * np.array(signs, np.float64), many(50)).value
    assert not value > 1e9


def test_nobody_who_bought_again_and_a_single_customer_are_no_exception() -> None:
    for table in (PurchaseTable(np.zeros(3), np.zeros(3), array(0, 10, 39), np.ones(3)), one(2, 5, 9)):
        here = log_likelihood(np.log(PUBLISHED), table)
        assert np.isfinite([here.value, *here.gradient, *here.hessian.ravel()]).all()
