"""Pareto/NBD: the likelihood against the published optimum, 50-digit arithmetic and laws."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.kernels.arrays import blocks
from crmmodels.kernels.inference.newton import Likelihood, maximise
from crmmodels.kernels.purchase.histories import PurchaseTable, distinct_rows
from crmmodels.kernels.purchase.pareto_nbd import likelihood as pareto_nbd
from crmmodels.kernels.purchase.pareto_nbd import quadrature as pareto_integral
from crmmodels.kernels.purchase.pareto_nbd.likelihood import ParetoNBDParameters, log_likelihood, log_likelihood_value
from crmmodels.kernels.purchase.pareto_nbd.quadrature import NoOrder, no_order

LAWS = settings(max_examples=60, deadline=None)

# Recomputed to convergence from the exact days of the CDNOW sample, 39 weeks; first printed in Fader, Hardie & Lee (2005), Table 2.
PUBLISHED = (0.5532770469, 10.57768346, 0.606239989, 11.66873528)
LOG_LIKELIHOOD = -9594.97617894
# The same from the summary that the package lifetimes ships, with ages rounded to two decimals.
ROUNDED = (0.553275509, 10.5776122, 0.606213569, 11.6679112)
LOG_LIKELIHOOD_ROUNDED = -9594.97393
STANDARD_ERRORS = (0.04763, 0.84272, 0.18728, 6.21103)


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


def grid_of_like_clocks(n: int, seed: int = 20141) -> list[tuple[np.ndarray, float, float, float]]:
    """The same where alpha and beta are of one size and the ages not much below, so that the series serve more often than not."""
    rng = np.random.default_rng(seed)
    points = []
    for log_parameters, x, t_x, age in grid(n, seed):
        log_parameters[3] = np.clip(log_parameters[1] + np.log(10.0) * rng.uniform(-0.5, 0.5), *np.log([1e-3, 1e3]))
        shrink = np.exp(log_parameters[1]) * 10 ** rng.uniform(-1, 2) / age
        points.append((log_parameters, x, t_x * shrink, age * shrink))
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


@pytest.mark.parametrize("number", range(60))
def test_value_and_gradient_agree_with_50_digits_where_the_clocks_are_alike(number: int) -> None:
    point = grid_of_like_clocks(60)[number]
    with mp.workdps(50):
        expected = [float(v) for v in exact(*point)]
    got = log_likelihood(point[0], one(*point[1:]))
    np.testing.assert_allclose([got.value, *got.gradient], expected, rtol=1e-10, atol=0)


def test_the_grids_go_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the points above some are done by series and some by quadrature."""
    by_quadrature = 0

    def count(n: np.ndarray, *rest: Any, **options: Any) -> NoOrder:
        nonlocal by_quadrature
        by_quadrature += len(n)
        return no_order(n, *rest, **options)

    monkeypatch.setattr(pareto_nbd, "no_order", count)
    for point in grid_of_like_clocks(60) + grid(60):
        log_likelihood(point[0], one(*point[1:]))
    assert 30 <= by_quadrature <= 90


@pytest.mark.parametrize("number", range(40))
def test_series_and_quadrature_agree(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    log_parameters = grid_of_like_clocks(40, seed=7)[number][0]
    times = np.exp(log_parameters[1]) / 100.0
    sample = many(200)
    table = PurchaseTable(sample.frequency, sample.age_at_last * times, sample.age * times, sample.weight)
    by_series = log_likelihood(log_parameters, table)
    value_by_series = log_likelihood_value(log_parameters, table)
    monkeypatch.setattr(pareto_nbd, "LARGEST_SHARE", -1.0)
    by_quadrature = log_likelihood(log_parameters, table)
    assert bits(by_series) != bits(by_quadrature)
    assert by_series.value == pytest.approx(by_quadrature.value, rel=1e-13)
    assert value_by_series == pytest.approx(by_quadrature.value, rel=1e-13)
    assert log_likelihood_value(log_parameters, table) == pytest.approx(by_quadrature.value, rel=1e-13)
    size = np.abs(by_quadrature.hessian).max()
    np.testing.assert_allclose(by_series.gradient, by_quadrature.gradient, rtol=1e-11, atol=1e-13 * size)
    np.testing.assert_allclose(by_series.hessian, by_quadrature.hessian, rtol=1e-10, atol=1e-12 * size)


@pytest.mark.parametrize("number", range(60))
def test_the_value_alone_agrees_with_50_digits(number: int) -> None:
    for points in (grid(60), grid_of_like_clocks(60)):
        point = points[number]
        with mp.workdps(50):
            expected = float(exact(*point)[0])
        assert log_likelihood_value(point[0], one(*point[1:])) == pytest.approx(expected, rel=1e-10, abs=0)


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


@pytest.mark.parametrize("points", [grid, grid_of_like_clocks])
@pytest.mark.parametrize("number", range(80))
def test_the_hessian_agrees_with_differences_of_the_gradient(
    number: int, points: Callable[..., list[tuple[np.ndarray, float, float, float]]]
) -> None:
    log_parameters, *row = points(80, seed=5)[number]
    step = 1e-3

    def gradient(i: int, times: float) -> np.ndarray:
        return log_likelihood(log_parameters + times * step * np.eye(4)[i], one(*row)).gradient

    rows = [(8 * (gradient(i, 1) - gradient(i, -1)) - (gradient(i, 2) - gradient(i, -2))) / (12 * step) for i in range(4)]
    hessian = log_likelihood(log_parameters, one(*row)).hessian
    np.testing.assert_allclose(hessian, rows, rtol=1e-6, atol=1e-8 * np.abs(rows).max())
    np.testing.assert_array_equal(hessian, hessian.T)


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


logs = st.floats(-3.0, 3.0)
moderate = st.tuples(*[st.floats(0.1, 20.0)] * 4).map(lambda values: ParetoNBDParameters(*values))


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
def test_everything_is_finite(tens: tuple[float, ...], history: tuple[float, float, float]) -> None:
    here = log_likelihood(np.log(10.0) * np.array(tens), one(*history))
    assert np.isfinite([here.value, *here.gradient, *here.hessian.ravel()]).all()


@LAWS
@given(moderate, st.lists(histories(), min_size=1, max_size=6), st.integers(1, 5))
def test_a_weight_is_a_repetition(parameters: ParetoNBDParameters, rows: list[tuple[float, float, float]], times: int) -> None:
    columns = np.array(rows).T
    log_parameters = np.log(dataclasses.astuple(parameters))
    weighted = log_likelihood(log_parameters, PurchaseTable(*columns, np.full(len(rows), float(times))))
    repeated = log_likelihood(log_parameters, PurchaseTable(*np.repeat(columns, times, axis=1), np.ones(len(rows) * times)))
    size = abs(weighted.value) + np.abs(weighted.gradient).max() + columns[0].sum() * times + 1.0
    for name in ("value", "gradient", "hessian"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-10, atol=1e-12 * size)


def many(n: int) -> PurchaseTable:
    rng = np.random.default_rng(6)
    x = np.floor(rng.gamma(0.5, 20.0, n))
    age = rng.uniform(0.1, 900.0, n)
    return distinct_rows(x, np.where(x > 0, age * rng.random(n), 0.0), age).table


def bits(likelihood: Likelihood) -> tuple[bytes, bytes, bytes]:
    return np.float64(likelihood.value).tobytes(), likelihood.gradient.tobytes(), likelihood.hessian.tobytes()


def test_the_size_of_blocks_of_nodes_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    table = many(1000)
    before = bits(log_likelihood(np.log(PUBLISHED), table))
    for values in (1, 100, 1_000_000):
        monkeypatch.setattr(pareto_integral, "_BLOCK_VALUES", values)
        assert bits(log_likelihood(np.log(PUBLISHED), table)) == before


@pytest.mark.parametrize("rows", [7, 64, 512])
def test_the_size_of_blocks_of_rows_changes_rounding_alone(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    table = many(1000)
    before = log_likelihood(np.log(PUBLISHED), table)
    monkeypatch.setattr(pareto_nbd, "_BLOCK_ROWS", rows)
    after = log_likelihood(np.log(PUBLISHED), table)
    assert after.value == pytest.approx(before.value, rel=1e-14)
    np.testing.assert_allclose(after.gradient, before.gradient, rtol=1e-13, atol=1e-14 * np.abs(before.hessian).max())
    np.testing.assert_allclose(after.hessian, before.hessian, rtol=1e-13)


def test_the_number_of_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    table = many(3000)
    monkeypatch.setattr(pareto_nbd, "_BLOCK_ROWS", 64)
    monkeypatch.setattr(blocks, "_processors", lambda: 1)
    alone = bits(log_likelihood(np.log(PUBLISHED), table)), log_likelihood_value(np.log(PUBLISHED), table)
    for threads in (2, 7):
        monkeypatch.setattr(blocks, "_processors", lambda threads=threads: threads)
        assert (bits(log_likelihood(np.log(PUBLISHED), table)), log_likelihood_value(np.log(PUBLISHED), table)) == alone


def test_the_order_of_rows_changes_rounding_alone() -> None:
    table = many(500)
    mixed = np.random.default_rng(5).permutation(500)
    other = PurchaseTable(*(column[mixed] for column in (table.frequency, table.age_at_last, table.age, table.weight)))
    here, there = log_likelihood(np.log(PUBLISHED), table), log_likelihood(np.log(PUBLISHED), other)
    assert there.value == pytest.approx(here.value, rel=1e-14)
    np.testing.assert_allclose(there.hessian, here.hessian, rtol=1e-12)


@pytest.mark.parametrize("signs", [(-1, -1, -1, -1), (1, 1, 1, 1), (1, -1, 1, -1), (-1, 1, -1, 1), (1, 1, -1, -1)])
@pytest.mark.parametrize("size", [20.0, 60.0, 800.0])
def test_far_outside_the_domain_nothing_warns(signs: tuple[int, ...], size: float) -> None:
    value = log_likelihood(size * np.array(signs, np.float64), many(50)).value
    assert not value > 1e9


def test_nobody_who_bought_again_and_a_single_customer_are_no_exception() -> None:
    for table in (PurchaseTable(np.zeros(3), np.zeros(3), array(0, 10, 39), np.ones(3)), one(2, 5, 9)):
        here = log_likelihood(np.log(PUBLISHED), table)
        assert np.isfinite([here.value, *here.gradient, *here.hessian.ravel()]).all()
